/* inspect: containers first, then images, then networks, as one JSON array or one template each. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/image_view.h"
#include "cli/listing.h"
#include "engine/networks.h"
#include "engine/query.h"

struct inspect {
    struct engine engine;
    struct image_list images;
    char *format, *type;
    json_object *found; /* array */
    bool size;
};

static void release(struct inspect *in)
{
    image_list_release(&in->images);
    engine_close(&in->engine);
    json_object_put(in->found);
    free(in->format);
    free(in->type);
}

/* Finders give -ENOENT with e untouched when there is no such object. */
static int find_container(struct inspect *in, const char *ref, json_object **ret, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(&in->engine, ref, &c, e);

    if (r < 0 && e->kind == ERR_NOT_FOUND) {
        *e = ERR_INIT;
        return -ENOENT;
    }
    return r < 0 ? r : container_to_json(c, ret, e);
}

static int find_image(struct inspect *in, const char *ref, json_object **ret, struct err *e)
{
    const struct image *image = NULL;
    int r = image_view_find(&in->images, ref, &image, e);

    if (r < 0)
        return r;
    if (!image)
        return -ENOENT;
    *ret = image_view_inspect(image);
    return 0;
}

static int find_network(struct inspect *in, const char *ref, json_object **ret, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    int r = engine_network_find(&in->engine, ref, &n, e);

    if (r < 0 && e->kind == ERR_NOT_FOUND) {
        *e = ERR_INIT;
        return -ENOENT;
    }
    return r < 0 ? r : engine_network_inspect(&in->engine, n, ret, e);
}

static const struct {
    const char *type;
    int (*find)(struct inspect *in, const char *ref, json_object **ret, struct err *e);
} finders[] = {{"container", find_container}, {"image", find_image}, {"network", find_network}};

static int find_one(const char *ref, void *data, struct err *e)
{
    struct inspect *in = data;
    json_object *o = NULL;
    int r = -ENOENT;

    for (size_t i = 0; r == -ENOENT && !err_is_set(e) && i < ARRAY_SIZE(finders); i++)
        if (!in->type || strcmp(in->type, finders[i].type) == 0)
            r = finders[i].find(in, ref, &o, e);
    if (r == -ENOENT && !err_is_set(e))
        return err_not_found(e, "no such %s: %s", in->type ? in->type : "object", ref);
    if (r == 0)
        json_object_array_add(in->found, o);
    return r;
}

static int check_type(const char *type, struct err *e)
{
    for (size_t i = 0; type && i < ARRAY_SIZE(finders); i++)
        if (strcmp(type, finders[i].type) == 0)
            return 0;
    return type ? err_invalid(e, "unknown --type \"%s\": it is container, image or network", type) : 0;
}

/* What was found is printed whole whatever else was not: a pipe gets valid JSON in any case. */
static int inspect(struct cli *cli, struct inspect *in, char **refs, struct err *e)
{
    int status, r = check_type(in->type, e);

    if (r == 0)
        r = cli_engine(cli, &in->engine, e);
    if (r == 0)
        r = engine_images(&in->engine, &in->images, e);
    if (r < 0)
        return r;
    status = cli_for_each(refs, find_one, in);
    r = listing_print_objects(in->found, in->format, e);
    return r < 0 ? r : status;
}

int cmd_inspect(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(release) struct inspect in = {.engine = ENGINE_INIT, .found = json_object_new_array()};
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &in.format, "string", "Print by a template, or as json on one line", NULL, false},
        {"size", 's', OPT_BOOL, &in.size, NULL, NULL, NULL, false},
        {"type", 0, OPT_STRING, &in.type, "string", "Look among containers only, or images, or networks", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("inspect", options, argc, argv, 0, 1, -1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    return inspect(cli, &in, argv + args, e);
}
