/* create, start, run. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime_cli/command.h"
#include "runtime_cli/foreground.h"
#include "runtime_cli/lifecycle.h"

struct words {
    struct create_options create;
    bool no_pivot, detach, keep, ignored;
};

static void words_release(struct words *w)
{
    free(w->create.bundle);
    handover_release(&w->create.handover);
}

/* pivot_root is what makes the host's tree unreachable; a chroot over a moved mount can be left again. */
static int refuse_no_pivot(const struct words *w, struct err *e)
{
    if (!w->no_pivot)
        return 0;
    return err_set(e, ERR_UNSUPPORTED, 0,
                   "--no-pivot is not supported: on a root that cannot be pivoted (an initramfs), "
                   "mount another file system and switch to it first");
}

enum { COMMON_OPTIONS = HANDOVER_OPTIONS + 4 };

static void common_options(struct words *w, struct option_def *table)
{
    const struct option_def options[COMMON_OPTIONS - HANDOVER_OPTIONS] = {
        {"bundle", 'b', OPT_STRING, &w->create.bundle, "dir", "The bundle (default: the working directory)", NULL,
         false},
        {"no-pivot", 0, OPT_BOOL, &w->no_pivot, NULL, NULL, NULL, false},
        /* The payload gets a session keyring of its own all the same: the caller's is none of its business. */
        {"no-new-keyring", 0, OPT_BOOL, &w->ignored, NULL, NULL, NULL, false},
        {"preserve-fds", 0, OPT_CALL, &w->create.n_preserved, "n", "Pass the n fds from 3 on to the container",
         option_preserve_fds, false},
    };

    handover_options(&w->create.handover, table);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        table[HANDOVER_OPTIONS + i] = options[i];
}

/* ---- create */

int cmd_create(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_(words_release) struct words w = {.create.is_detached = true};
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_created_ struct created created = CREATED_INIT;
    struct option_def options[COMMON_OPTIONS + 1] = {0};
    int args = 0, r;

    common_options(&w, options);
    r = command_parse(options, argc, argv, 0, 1, 1, &args, e);
    if (r == 0)
        r = refuse_no_pivot(&w, e);
    if (r != 0)
        return r < 0 ? r : 0;
    return lifecycle_create(root, argv[args], &w.create, &i, &created, e);
}

/* ---- start */

int cmd_start(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    const char *id = NULL;
    int r = command_parse_id(argc, argv, &id, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = instance_open(root, id, true, &i, e);
    return r < 0 ? r : lifecycle_start(&i, e);
}

/* ---- run */

/* Other commands may take the lock while the container runs, and one of them may have deleted it. */
static int delete_ended(const char *root, const char *id, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    int r = instance_open(root, id, true, &i, e);

    if (r < 0)
        return e->kind == ERR_NOT_FOUND ? 0 : r;
    return lifecycle_delete(&i, true, e);
}

static int start_created(const char *root, const char *id, struct words *w, struct created *created, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    int r = lifecycle_create(root, id, &w->create, &i, created, e);

    if (r < 0)
        return r;
    r = lifecycle_start(&i, e);
    if (r < 0)
        lifecycle_delete(&i, true, NULL);
    return r;
}

static int run(const char *root, const char *id, struct words *w, struct err *e)
{
    _cleanup_created_ struct created created = CREATED_INIT;
    int status = 0;
    int r = start_created(root, id, w, &created, e);

    if (r < 0 || w->detach)
        return r;
    r = foreground_wait(TAKE_FD(created.pidfd), TAKE_FD(created.master), &status, e);
    if (r == 0 && !w->keep)
        r = delete_ended(root, id, e);
    return r < 0 ? r : status;
}

int cmd_run(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_(words_release) struct words w = {0};
    struct option_def options[COMMON_OPTIONS + 4] = {
        [COMMON_OPTIONS] = {"detach", 'd', OPT_BOOL, &w.detach, NULL, "Do not wait for the container's end", NULL,
                            false},
        {"keep", 0, OPT_BOOL, &w.keep, NULL, "Do not delete the container after its end", NULL, false},
        {"no-subreaper", 0, OPT_BOOL, &w.ignored, NULL, NULL, NULL, false},
    };
    int args = 0, r;

    common_options(&w, options);
    r = command_parse(options, argc, argv, 0, 1, 1, &args, e);
    if (r == 0)
        r = refuse_no_pivot(&w, e);
    if (r != 0)
        return r < 0 ? r : 0;
    w.create.is_detached = w.detach;
    return run(root, argv[args], &w, e);
}
