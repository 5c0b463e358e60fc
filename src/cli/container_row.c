#include "cli/container_row.h"

#include <string.h>

#include "base/strv.h"
#include "cli/human.h"
#include "cli/json_print.h"
#include "cli/port_view.h"
#include "engine/nsmode.h"

enum { CELL_MAX = 64 * 1024, COMMAND_WIDTH = 20, MOUNT_WIDTH = 15 };

/* ---- isolation ---- */

static void add_host_namespaces(const struct container *c, struct strbuf *out)
{
    const char *separator = "host: ";
    struct ns_plan plan;

    if (nsmode_plan(c, &plan, NULL) < 0)
        return;
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        if (kind == NS_TIME || plan.ns[kind].how != NS_HOST) /* the host's clocks are what everybody expects */
            continue;
        strbuf_addf(out, "%s%s", separator, ns_kinds[kind].proc_name);
        separator = " ";
    }
}

static void add_comma(struct strbuf *out)
{
    strbuf_adds(out, out->len ? ", " : "");
}

void container_isolation(const struct container *c, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf shared = STRBUF_INIT(CELL_MAX);

    add_host_namespaces(c, &shared);
    if (c->host.privileged)
        strbuf_adds(out, "privileged");
    if (shared.len) {
        add_comma(out);
        strbuf_adds(out, strbuf_str(&shared));
    }
    if (!c->host.privileged && strv_contains(c->host.security_opt, "seccomp=unconfined")) {
        add_comma(out);
        strbuf_adds(out, "no seccomp");
    }
}

/* ---- cells ---- */

/* At most `width` characters, the last of them "…" when some were cut. */
static void add_cut(const char *text, size_t width, struct strbuf *out)
{
    const char *fits = text;
    size_t n = 0;

    for (const char *c = text; *c; c++) {
        n += ((unsigned char)*c & 0xc0) != 0x80;
        if (n == width && fits == text)
            fits = c;
        if (n > width) {
            strbuf_add(out, text, (size_t)(fits - text));
            strbuf_adds(out, "…");
            return;
        }
    }
    strbuf_adds(out, text);
}

static void add_words(char *const *words, struct strbuf *out)
{
    STRV_FOREACH (word, words) {
        strbuf_adds(out, out->len ? " " : "");
        strbuf_adds(out, *word);
    }
}

/* Quoted, since it may hold anything. */
static void add_command(json_object *row, const struct container *c, bool no_trunc)
{
    _cleanup_strbuf_ struct strbuf words = STRBUF_INIT(CELL_MAX), shown = STRBUF_INIT(CELL_MAX),
                                   quoted = STRBUF_INIT(2 * CELL_MAX);
    _cleanup_json_ json_object *text = NULL;

    add_words(c->config.entrypoint, &words);
    add_words(c->config.cmd, &words);
    add_cut(strbuf_str(&words), no_trunc ? SIZE_MAX : COMMAND_WIDTH, &shown);
    text = json_object_new_string(strbuf_str(&shown));
    json_print_line(text, &quoted);
    json_add_str(row, "Command", strbuf_str(&quoted));
}

static void add_status(json_object *row, const struct container *c, int64_t now)
{
    _cleanup_strbuf_ struct strbuf isolation = STRBUF_INIT(CELL_MAX), status = STRBUF_INIT(CELL_MAX);

    container_isolation(c, &isolation);
    strbuf_adds(&status, human_status(&c->state, now).text);
    if (isolation.len)
        strbuf_addf(&status, " (%s)", strbuf_str(&isolation));
    json_add_str(row, "Status", strbuf_str(&status));
    json_add_str(row, "State", container_status_name(c->state.status));
    json_add_str(row, "Isolation", strbuf_str(&isolation));
}

static void add_mounts(json_object *row, const struct container *c, bool no_trunc)
{
    _cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT(CELL_MAX);
    int64_t n_volumes = 0;

    for (size_t i = 0; i < c->n_mounts; i++) {
        const struct mount_point *m = &c->mounts[i];
        const char *name = m->name ? m->name : m->source ? m->source : m->destination;

        strbuf_adds(&mounts, i ? "," : "");
        add_cut(name, no_trunc ? SIZE_MAX : MOUNT_WIDTH, &mounts);
        n_volumes += m->name != NULL;
    }
    json_add_str(row, "Mounts", strbuf_str(&mounts));
    json_add_int(row, "LocalVolumes", n_volumes);
}

static void add_labels(json_object *row, const struct container *c)
{
    _cleanup_free_ char *labels = strv_join(c->config.labels, ",");

    json_add_str(row, "Labels", labels ? labels : "");
}

/* An image by the name that it was asked for; a directory with --rootfs. */
static const char *image_of(const struct container *c)
{
    if (c->config.image && *c->config.image)
        return c->config.image;
    return c->host.runtime_rootfs ? c->host.runtime_rootfs : "<none>";
}

/* Those of a container, "bridge,back"; the mode where that is no network ("host"). */
static void add_networks(json_object *row, const struct container *c)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT(CELL_MAX);

    for (size_t i = 0; i < c->n_endpoints; i++)
        strbuf_addf(&names, "%s%s", i ? "," : "", c->endpoints[i].network);
    if (c->n_endpoints == 0 && c->host.network_mode)
        strbuf_adds(&names, c->host.network_mode);
    json_add_str(row, "Networks", strbuf_str(&names));
}

static void add_ports(json_object *row, const struct container *c)
{
    _cleanup_strbuf_ struct strbuf ports = STRBUF_INIT(CELL_MAX);

    port_view_cell(c, &ports);
    json_add_str(row, "Ports", strbuf_str(&ports));
}

static void add_id(json_object *row, const char *id, bool no_trunc)
{
    char shown[CONTAINER_ID_LEN + 1];

    snprintf(shown, sizeof(shown), "%.*s", no_trunc ? CONTAINER_ID_LEN : CONTAINER_SHORT_ID_LEN, id);
    json_add_str(row, "ID", shown);
}

json_object *container_row(const struct container *c, const struct row_options *o)
{
    json_object *row = json_object_new_object();

    add_command(row, c, o->no_trunc);
    json_add_str(row, "CreatedAt", human_time(c->created).text);
    add_id(row, c->id, o->no_trunc);
    json_add_str(row, "Image", image_of(c));
    add_labels(row, c);
    add_mounts(row, c, o->no_trunc);
    json_add_str(row, "Names", c->name ? c->name : "");
    add_networks(row, c);
    add_ports(row, c);
    json_add_str(row, "RunningFor", human_ago(c->created, o->now).text);
    add_status(row, c, o->now);
    return row;
}
