/* images, load, rmi. */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "cli/command.h"
#include "cli/image_view.h"
#include "cli/listing.h"

/* ---- images ---- */

struct images {
    bool all, no_trunc, quiet, digests;
    char *format;
    char **filters;
    const char *name; /* the argument; NULL: all */
};

static const struct listing_title titles[] = {
    {"Repository", "REPOSITORY"},
    {"Tag", "TAG"},
    {"ID", "IMAGE ID"},
    {"CreatedSince", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"Size", "SIZE"},
    {"Digest", "DIGEST"},
    {"Containers", "CONTAINERS"},
    {NULL, NULL},
};

static const struct listing plain = {titles, "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"};
static const struct listing with_digests = {
    titles, "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"};

/* A pattern means the whole "name:tag", or the name alone, as Docker has it: "busybox", "busy*:latest". */
static bool tag_matches(const char *tag, const char *pattern)
{
    _cleanup_free_ char *name = strndup(tag, image_view_name_length(tag));

    return fnmatch(pattern, tag, FNM_PATHNAME) == 0 || (name && fnmatch(pattern, name, FNM_PATHNAME) == 0);
}

static bool filter_reference(const struct image *i, const char *tag, const char *value)
{
    (void)i;
    return tag && tag_matches(tag, value);
}

static bool filter_dangling(const struct image *i, const char *tag, const char *value)
{
    bool is_dangling = !tag;

    (void)i;
    return is_dangling == (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool filter_label(const struct image *i, const char *tag, const char *value)
{
    const char *equals = strchrnul(value, '=');
    _cleanup_free_ char *key = strndup(value, (size_t)(equals - value));
    json_object *label = json_get(json_path(i->config, "config", "Labels", NULL), key ? key : "");

    (void)tag;
    return label && (!*equals || strcmp(json_object_get_string(label), equals + 1) == 0);
}

static const struct {
    const char *key;
    bool (*matches)(const struct image *i, const char *tag, const char *value);
} filters[] = {{"reference=", filter_reference}, {"dangling=", filter_dangling}, {"label=", filter_label}};

static int matches(const struct images *o, const struct image *i, const char *tag, bool *ret, struct err *e)
{
    *ret = !o->name || (tag && tag_matches(tag, o->name));
    STRV_FOREACH (filter, o->filters) {
        size_t f = 0;

        while (f < ARRAY_SIZE(filters) && strncmp(*filter, filters[f].key, strlen(filters[f].key)) != 0)
            f++;
        if (f == ARRAY_SIZE(filters))
            return err_invalid(e, "invalid filter \"%s\": it is reference=PATTERN, dangling=true or label=KEY[=VALUE]",
                               *filter);
        *ret = *ret && filters[f].matches(i, tag, *filter + strlen(filters[f].key));
    }
    return 0;
}

static int add_row(const struct images *o, const struct image *i, const char *tag, json_object *rows, struct err *e)
{
    bool is_wanted = false;
    int r = matches(o, i, tag, &is_wanted, e);

    if (r == 0 && is_wanted)
        json_object_array_add(rows, image_view_row(i, tag, o->no_trunc, timestamp_now()));
    return r;
}

/* A row for each name; one for an image that has none. */
static int add_rows(const struct images *o, const struct image *i, json_object *rows, struct err *e)
{
    int r = strv_len(i->tags) == 0 ? add_row(o, i, NULL, rows, e) : 0;

    STRV_FOREACH (tag, i->tags) {
        if (r == 0)
            r = add_row(o, i, *tag, rows, e);
    }
    return r;
}

static int list(struct cli *cli, const struct images *o, struct err *e)
{
    _cleanup_json_ json_object *rows = json_object_new_array();
    _cleanup_(image_list_release) struct image_list l = {0};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = engine_images(&engine, &l, e);
    for (size_t i = 0; r == 0 && i < l.n; i++)
        r = add_rows(o, l.v[i], rows, e);
    if (r < 0)
        return r;
    return listing_print(o->digests ? &with_digests : &plain, rows, o->quiet ? "{{.ID}}" : o->format, e);
}

static void release(struct images *o)
{
    free(o->format);
    strv_free(o->filters);
}

int cmd_images(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(release) struct images o = {0};
    const struct option_def options[] = {
        {"all", 'a', OPT_BOOL, &o.all, NULL, "Show all (there are no hidden ones: for Docker's habits)", NULL, false},
        {"digests", 0, OPT_BOOL, &o.digests, NULL, "Show digests", NULL, false},
        {"filter", 'f', OPT_STRV, &o.filters, "filter", "Show those that match (reference=, dangling=, label=)", NULL,
         false},
        {"format", 0, OPT_STRING, &o.format, "string", "Print by a template, as a \"table TEMPLATE\", or as json", NULL,
         false},
        {"no-trunc", 0, OPT_BOOL, &o.no_trunc, NULL, "Don't shorten", NULL, false},
        {"quiet", 'q', OPT_BOOL, &o.quiet, NULL, "Only ids", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("images", options, argc, argv, 0, 0, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    o.name = argv[args];
    cli->engine.read_only = true;
    return list(cli, &o, e);
}

/* ---- load ---- */

/* Standard input without -i, as long as somebody has something to say there. */
static int open_archive(const char *input, struct err *e)
{
    int fd;

    if (!input && isatty(STDIN_FILENO))
        return err_invalid(e, "an image tar is expected on standard input; or name one with -i FILE");
    fd = input ? open(input, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    return fd < 0 ? err_sys(e, "open %s", input ? input : "standard input") : fd;
}

static int load(struct cli *cli, const char *input, bool quiet, struct err *e)
{
    _cleanup_close_ int fd = open_archive(input, e);
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_strv_ char **refs = NULL;
    int r = fd < 0 ? fd : cli_engine(cli, &engine, e);

    if (r == 0)
        r = engine_image_load(&engine, fd, &refs, e);
    if (r < 0)
        return r;
    STRV_FOREACH (ref, refs) {
        if (quiet)
            dprintf(STDOUT_FILENO, "%s\n", *ref);
        else
            dprintf(STDOUT_FILENO, "Loaded image%s: %s\n", strncmp(*ref, "sha256:", 7) == 0 ? " ID" : "", *ref);
    }
    return 0;
}

int cmd_load(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_free_ char *input = NULL;
    bool quiet = false;
    const struct option_def options[] = {
        {"input", 'i', OPT_STRING, &input, "file", "Read this file in place of standard input", NULL, false},
        {"quiet", 'q', OPT_BOOL, &quiet, NULL, "Print only the names", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("load", options, argc, argv, 0, 0, 0, &args, e);

    return r != 0 ? (r < 0 ? r : 0) : load(cli, input, quiet, e);
}

/* ---- rmi ---- */

struct rmi {
    struct engine *engine;
    bool force;
};

static const struct image *by_id(const struct image_list *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i]->id, id) == 0)
            return l->v[i];
    return NULL;
}

static bool has_layer(const struct image_list *l, const char *digest)
{
    for (size_t i = 0; i < l->n; i++)
        if (strv_contains(l->v[i]->layers, digest))
            return true;
    return false;
}

/* What was there before and is no longer, in Docker's words. */
static void print_difference(const struct image *before, const struct image_list *now)
{
    const struct image *after = by_id(now, before->id);

    STRV_FOREACH (tag, before->tags) {
        if (!after || !strv_contains(after->tags, *tag))
            dprintf(STDOUT_FILENO, "Untagged: %s\n", *tag);
    }
    if (after)
        return;
    dprintf(STDOUT_FILENO, "Deleted: %s\n", before->id);
    STRV_FOREACH (layer, before->layers) {
        if (!has_layer(now, *layer))
            dprintf(STDOUT_FILENO, "Deleted: %s\n", *layer);
    }
}

static int remove_one(const char *ref, void *data, struct err *e)
{
    _cleanup_(image_list_release) struct image_list before = {0}, now = {0};
    const struct image *image = NULL;
    struct rmi *rmi = data;
    int r = engine_images(rmi->engine, &before, e);

    if (r == 0)
        r = image_view_find(&before, ref, &image, e);
    if (r == 0 && !image)
        return rmi->force ? 0 : err_not_found(e, "no such image: %s", ref);
    if (r == 0)
        r = engine_image_remove(rmi->engine, ref, rmi->force, e);
    if (r == 0)
        r = engine_images(rmi->engine, &now, e);
    if (r == 0)
        print_difference(image, &now);
    return r;
}

int cmd_rmi(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct rmi rmi = {.engine = &engine};
    const struct option_def options[] = {
        {"force", 'f', OPT_BOOL, &rmi.force, NULL, "Remove it with all its names; one that is not there is no mistake",
         NULL, false},
        {"no-prune", 0, OPT_BOOL, &(bool){false}, NULL, NULL, NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("rmi", options, argc, argv, 0, 1, -1, &args, e);

    if (r == 0)
        r = cli_engine(cli, &engine, e);
    else if (r > 0)
        return 0;
    return r < 0 ? r : cli_for_each(argv + args, remove_one, &rmi);
}
