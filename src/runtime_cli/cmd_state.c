/* state, list. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/strv.h"
#include "runtime/spec.h"
#include "runtime_cli/command.h"
#include "runtime_cli/instance.h"

/* Source: runtime-spec runtime.md, "State"; rootfs, created and owner are runc's. */
static json_object *describe(const struct instance *i)
{
    json_object *o = json_object_new_object();
    enum instance_status status = instance_status(i);

    json_add_str(o, "ociVersion", SPEC_OCI_VERSION);
    json_add_str(o, "id", i->id);
    json_add_int(o, "pid", status == INSTANCE_STOPPED ? 0 : i->record.pid);
    json_add_str(o, "status", instance_status_name(status));
    json_add_str(o, "bundle", i->record.bundle);
    json_add_str(o, "rootfs", i->record.rootfs);
    json_add_str(o, "created", i->record.created);
    if (i->record.annotations)
        json_object_object_add(o, "annotations", json_object_get(i->record.annotations));
    json_add_str(o, "owner", "");
    return o;
}

int cmd_state(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_json_ json_object *state = NULL;
    const char *id = NULL;
    int r = command_parse_id(argc, argv, &id, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = instance_open(root, id, false, &i, e);
    if (r < 0)
        return r;
    state = describe(&i);
    print_json(state, true);
    return 0;
}

/* ---- list */

/* The owner of the state directory. By number: looking names up needs more than a static program has. */
static void add_owner(json_object *o, int dir_fd)
{
    struct stat st;
    char uid[16];

    if (fstat(dir_fd, &st) < 0)
        return;
    snprintf(uid, sizeof(uid), "%u", (unsigned)st.st_uid);
    json_add_str(o, "owner", st.st_uid == 0 ? "root" : uid);
}

/* One that vanished between the listing and now is left out. */
static int collect(const char *root, json_object *ret, struct err *e)
{
    _cleanup_strv_ char **ids = NULL;
    int r = instance_list(root, &ids, e);

    STRV_FOREACH (id, ids) {
        _cleanup_instance_ struct instance i = INSTANCE_INIT;
        json_object *o;

        if (instance_open(root, *id, false, &i, NULL) < 0)
            continue;
        o = describe(&i);
        add_owner(o, i.dir_fd);
        json_object_array_add(ret, o);
    }
    return r;
}

static const struct {
    const char *title, *key;
} columns[] = {
    {"ID", "id"},         {"PID", "pid"},         {"STATUS", "status"},
    {"BUNDLE", "bundle"}, {"CREATED", "created"}, {"OWNER", "owner"},
};

static const char *cell(json_object *row, size_t column)
{
    return row ? json_object_get_string(json_get(row, columns[column].key)) : columns[column].title;
}

static int width_of(json_object *rows, size_t column)
{
    const int narrowest = 12;
    int width = narrowest;

    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        int len = (int)strlen(cell(json_object_array_get_idx(rows, i), column));

        width = len > width ? len : width;
    }
    return width;
}

/* row NULL: the titles. */
static void print_row(json_object *row, const int *widths)
{
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        printf("%-*s%s", i + 1 < ARRAY_SIZE(columns) ? widths[i] : 0, cell(row, i),
               i + 1 < ARRAY_SIZE(columns) ? " " : "\n");
}

static void print_table(json_object *rows)
{
    int widths[ARRAY_SIZE(columns)];

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        widths[i] = width_of(rows, i);
    print_row(NULL, widths);
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        print_row(json_object_array_get_idx(rows, i), widths);
    fflush(stdout);
}

static void print_ids(json_object *rows)
{
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        puts(cell(json_object_array_get_idx(rows, i), 0));
    fflush(stdout);
}

/* No containers are `null` in JSON, as Go's encoder has it. */
static int print_list(json_object *rows, const char *format, bool quiet, struct err *e)
{
    if (quiet)
        print_ids(rows);
    else if (strcmp(format, "table") == 0)
        print_table(rows);
    else if (strcmp(format, "json") == 0)
        print_json(json_object_array_length(rows) ? rows : NULL, false);
    else
        return err_invalid(e, "--format: \"%s\" is not table or json", format);
    return 0;
}

int cmd_list(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_json_ json_object *rows = json_object_new_array();
    _cleanup_free_ char *format = NULL;
    bool quiet = false;
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &format, "format", "table or json", NULL, false},
        {"quiet", 'q', OPT_BOOL, &quiet, NULL, "Only ids", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse(options, argc, argv, 0, 0, 0, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = collect(root, rows, e);
    return r < 0 ? r : print_list(rows, format ? format : "table", quiet, e);
}
