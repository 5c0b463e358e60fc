#include "runtime/hooks.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "kernel/pidfd.h"

static int write_state(int fd, const struct spec *spec, pid_t pid, const char *status)
{
    _cleanup_json_ json_object *state = json_object_new_object();
    const char *text;

    json_add_str(state, "ociVersion", SPEC_OCI_VERSION);
    json_add_str(state, "id", spec->id);
    json_add_str(state, "status", status);
    json_add_int(state, "pid", pid);
    json_add_str(state, "bundle", spec->bundle);
    if (spec->annotations)
        json_object_object_add(state, "annotations", json_object_get(spec->annotations));
    text = json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN);
    return fd_write_all(fd, text, strlen(text));
}

/* The state in a file of its own: a hook that never reads its stdin blocks nobody. */
static int open_state(const struct spec *spec, pid_t pid, const char *status, struct err *e)
{
    _cleanup_close_ int fd = memfd_create("state.json", MFD_CLOEXEC);
    int r;

    if (fd < 0)
        return err_sys(e, "make the state for hooks");
    r = write_state(fd, spec, pid, status);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    return r < 0 ? err_set(e, ERR_SYS, -r, "write the state for hooks") : TAKE_FD(fd);
}

/* Waits for the hook, and ends it when its time is over. */
static int wait_hook(struct process *p, const struct spec_hook *hook, struct err *e)
{
    bool in_time = pidfd_has_exited(p->pidfd, hook->timeout > 0 ? hook->timeout * 1000 : -1);
    int status;
    int r;

    if (!in_time)
        (void)pidfd_kill(p->pidfd, SIGKILL, NULL);
    r = process_wait(p, &status, e);
    if (r < 0)
        return r;
    if (!in_time)
        return err_set(e, ERR_SYS, ETIMEDOUT, "ended after %d s", hook->timeout);
    return status == 0 ? 0 : err_set(e, ERR_INVALID, 0, "exit status %d", status);
}

static int run_hook(const struct spec *spec, const struct spec_hook *hook, pid_t pid, const char *status, struct err *e)
{
    const char *const only_path[] = {hook->path, NULL};
    bool has_args = hook->args && hook->args[0];
    _cleanup_close_ int state = open_state(spec, pid, status, e);
    struct process p = {
        .path = hook->path,
        .argv = has_args ? (const char *const *)hook->args : only_path,
        .env = hook->env,
        .fds = {state, STDOUT_FILENO, STDERR_FILENO},
        .n_fds = 3,
    };
    int r;

    if (state < 0)
        return state;
    r = process_start(&p, e);
    if (r < 0)
        return r;
    r = wait_hook(&p, hook, e);
    fd_close(&p.pidfd);
    return r;
}

static bool is_only_logged(enum spec_hook_kind kind)
{
    return kind == SPEC_HOOK_POSTSTART || kind == SPEC_HOOK_POSTSTOP;
}

int hooks_run(const struct spec *spec, enum spec_hook_kind kind, pid_t pid, const char *status, struct err *e)
{
    const struct spec_hooks *hooks = &spec->hooks[kind];

    for (size_t i = 0; i < hooks->n; i++) {
        struct err failure = ERR_INIT;

        if (run_hook(spec, &hooks->v[i], pid, status, &failure) == 0)
            continue;
        (void)err_context(&failure, "hook %s", hooks->v[i].path);
        if (!is_only_logged(kind)) {
            *e = failure;
            return err_to_errno(e);
        }
        log_warning("%s", failure.text);
    }
    return 0;
}
