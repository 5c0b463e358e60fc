/*
 * From a name to a running program. execve itself decides what can be executed, directory by directory: nothing is
 * looked at first and used later. When it fails, the file is looked at for a better sentence than the errno gives.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/process/process.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum { SIGNALS_MAX = 64 };

/* Ignored signals too: execve would hand them on. Those that libc keeps to itself answer EINVAL. */
void signals_reset(void)
{
    const struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int signo = 1; signo <= SIGNALS_MAX; signo++)
        (void)sigaction(signo, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- why it failed ---- */

/* The interpreter that a script's first line names; false when it is no script. */
static bool script_interpreter(const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
    char *p;

    if (n < 2 || memcmp(buf, "#!", 2) != 0)
        return false;
    buf[n] = '\0';
    p = buf + 2 + strspn(buf + 2, " \t");
    p[strcspn(p, " \t\r\n")] = '\0';
    memmove(buf, p, strlen(p) + 1);
    return true;
}

/* ENOENT for a file that is there: the kernel means another file that this one needs. */
static int missing_part(const char *path, struct err *e)
{
    char interpreter[256];

    if (script_interpreter(path, interpreter, sizeof(interpreter)))
        return err_set(e, ERR_NO_COMMAND, ENOENT, "exec %s: its interpreter \"%s\" does not exist in the container",
                       path, interpreter);
    return err_set(e, ERR_NO_COMMAND, ENOENT,
                   "exec %s: the program's loader does not exist in the container (another libc, or another machine?)",
                   path);
}

static int not_found(const char *name, const char *path, struct err *e)
{
    if (!path)
        return err_set(e, ERR_NO_COMMAND, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
    if (access(path, F_OK) == 0)
        return missing_part(path, e);
    return err_set(e, ERR_NO_COMMAND, ENOENT, "exec: \"%s\": stat %s: no such file or directory", name, path);
}

static int not_executable(const char *name, const char *path, int code, struct err *e)
{
    struct stat st;

    if (code == EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return err_set(e, ERR_NOT_EXECUTABLE, EISDIR, "exec: \"%s\": is a directory", name);
    if (code == EACCES)
        return err_set(e, ERR_NOT_EXECUTABLE, code, "exec: \"%s\": permission denied", name);
    if (code == ENOEXEC)
        return err_set(e, ERR_NOT_EXECUTABLE, code,
                       "exec %s: exec format error (made for another machine, or a script without \"#!\"?)", path);
    return err_set(e, ERR_NOT_EXECUTABLE, code, "exec: \"%s\": %s", name, strerrordesc_np(code));
}

/* ---- the attempts ---- */

/* What is done with each candidate. 0: found, and a real execve does not even return; else an errno. */
typedef int (*attempt)(const char *path, char *const *args, char *const *env);

static int attempt_execve(const char *path, char *const *args, char *const *env)
{
    execve(path, args, env);
    return errno;
}

static int attempt_look(const char *path, char *const *args, char *const *env)
{
    struct stat st;

    (void)args;
    (void)env;
    if (stat(path, &st) < 0)
        return errno;
    return S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : EACCES;
}

/* The directory goes on being searched for these, as a shell does. */
static bool is_absent(int code)
{
    return code == ENOENT || code == ENOTDIR;
}

static int try_directory(attempt try, const char *dir, size_t dir_len, char *const *args, char *const *env,
                         char path[PATH_MAX])
{
    /* An empty part of PATH means the working directory. */
    int n = dir_len == 0 ? snprintf(path, PATH_MAX, "./%s", args[0])
                         : snprintf(path, PATH_MAX, "%.*s/%s", (int)dir_len, dir, args[0]);

    if (n < 0 || n >= PATH_MAX)
        return ENOENT;
    return try(path, args, env);
}

/* A script whose interpreter is missing ends the search too: the file that was meant has been found. */
static int search(attempt try, char *const *args, char *const *env, struct err *e)
{
    const char *dirs = env_get(env, "PATH");
    char path[PATH_MAX];
    char denied[PATH_MAX];
    bool is_denied = false;

    for (const char *dir = dirs ? dirs : default_path;; dir++) {
        size_t len = strcspn(dir, ":");
        int code = try_directory(try, dir, len, args, env, path);

        if (code == 0)
            return 0;
        if (code == EACCES && !is_denied) {
            is_denied = true;
            snprintf(denied, sizeof(denied), "%s", path);
        } else if (is_absent(code)) {
            if (access(path, F_OK) == 0)
                return missing_part(path, e);
        } else if (code != EACCES) {
            return not_executable(args[0], path, code, e);
        }
        dir += len;
        if (*dir == '\0')
            break;
    }
    return is_denied ? not_executable(args[0], denied, EACCES, e) : not_found(args[0], NULL, e);
}

static int find(attempt try, char *const *args, char *const *env, struct err *e)
{
    const char *name = args[0];
    int code;

    if (*name == '\0')
        return err_set(e, ERR_NO_COMMAND, ENOENT, "exec: \"\": executable file not found in $PATH");
    if (!strchr(name, '/'))
        return search(try, args, env, e);
    code = try(name, args, env);
    if (code == 0)
        return 0;
    return is_absent(code) ? not_found(name, name, e) : not_executable(name, name, code, e);
}

int execute(char *const *args, char *const *env, struct err *e)
{
    return find(attempt_execve, args, env, e);
}

int execute_look(char *const *args, char *const *env, struct err *e)
{
    return find(attempt_look, args, env, e);
}
