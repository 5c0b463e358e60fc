/*
 * sampan-network: the keeper of a run root's networks. Started by whoever needs it first (client.c), with the run root
 * as its argument and KEEPER_FD_STARTER to say how that went. It leaves a child behind that serves; a second one that
 * is started meanwhile finds the first and ends well.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "keeper/clock.h"
#include "keeper/keeper.h"
#include "keeper/protocol.h"

enum {
    LINGER_MS = 5000,
    LOCK_TIMEOUT_MS = 5000, /* for one that is ending */
    LOCK_STEP_MS = 2,
    LOG_BYTES_MAX = 1024 * 1024,
};

static struct keeper keeper; /* its tables cost memory only as far as they are used */

/* How long it stays: tests have no patience. */
static int read_linger(int64_t *ret, struct err *e)
{
    const char *s = getenv("SAMPAN_KEEPER_LINGER_MS");
    *ret = LINGER_MS;
    int r = s ? parse_int64(s, "SAMPAN_KEEPER_LINGER_MS", ret, e) : 0;
    if (r == 0 && (*ret < 0 || *ret > INT32_MAX))
        return err_invalid(e, "SAMPAN_KEEPER_LINGER_MS: %s is no number of milliseconds", s);
    return r;
}

static bool other_serves(const struct net_instance *in)
{
    int sock = keeper_connect(in, NULL);
    bool is_there = sock >= 0;
    fd_close(&sock);
    return is_there;
}

/* The lock, as an fd; -EALREADY when another keeper has it and serves. One that has it and doesn't is starting, or
 * ending: either is soon over. */
static int take_lock(const struct net_instance *in, struct err *e)
{
    _cleanup_close_ int fd = openat(in->dir_fd, KEEPER_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(e, "open %s/networks/" KEEPER_LOCK_NAME, in->run_root);
    for (int64_t end = clock_ms() + LOCK_TIMEOUT_MS; clock_ms() < end;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return TAKE_FD(fd);
        if (other_serves(in))
            return -EALREADY;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000}, NULL);
    }
    return err_set(e, ERR_CONFLICT, EBUSY,
                   "another sampan-network holds %s/networks/" KEEPER_LOCK_NAME " and does not answer", in->run_root);
}

/* Nobody reads the standard streams of what serves: it writes to a log, whose size the kernel limits. What the one
 * before wrote stays as long as there is room. */
static int open_log(const struct net_instance *in, struct err *e)
{
    const struct rlimit limit = {LOG_BYTES_MAX, LOG_BYTES_MAX};
    struct stat st;
    _cleanup_close_ int fd =
        openat(in->dir_fd, KEEPER_LOG_NAME, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return err_sys(e, "open %s/networks/" KEEPER_LOG_NAME, in->run_root);
    if (fstat(fd, &st) < 0 || (st.st_size > LOG_BYTES_MAX / 2 && ftruncate(fd, 0) < 0))
        return err_sys(e, "empty %s/networks/" KEEPER_LOG_NAME, in->run_root);
    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) < 0 ? err_sys(e, "limit the size of " KEEPER_LOG_NAME) : 0;
}

static int serve(struct keeper *k, struct err *e)
{
    _cleanup_close_ int lock = take_lock(&k->in, e);
    if (lock < 0)
        return lock == -EALREADY ? 0 : lock;
    int r = open_log(&k->in, e);
    if (r < 0)
        return r;
    int listener = keeper_listen(&k->in, e);
    if (listener < 0)
        return listener;
    r = keeper_run(k, listener, e);
    unlinkat(k->in.dir_fd, KEEPER_SOCKET_NAME, 0);
    return r;
}

/* By the starter's pipe while that one waits, later by the log. */
static void report(struct keeper *k, const struct err *e)
{
    if (k->starter_fd < 0 || fd_write_all(k->starter_fd, e, sizeof(*e)) < 0)
        log_print(LOG_LEVEL_ERROR, "%s", e->text);
}

int main(int argc, char **argv)
{
    log_init("sampan-network", LOG_LEVEL_WARNING);
    if (argc != 2 || fcntl(KEEPER_FD_STARTER, F_GETFD) < 0) {
        log_print(LOG_LEVEL_ERROR, "usage: sampan-network RUN-ROOT (started by sampan, which hands over file 3)");
        return 125;
    }
    pid_t child = fork();
    if (child != 0)
        return child < 0;

    struct err e = ERR_INIT;
    fd_cloexec_from(KEEPER_FD_STARTER, NULL, 0);
    umask(022);
    keeper.in = NET_INSTANCE_INIT;
    keeper.starter_fd = KEEPER_FD_STARTER;
    int r = chdir("/") < 0 ? err_sys(&e, "enter /") : read_linger(&keeper.linger_ms, &e);
    if (r == 0)
        r = net_instance_open(argv[1], &keeper.in, &e);
    if (r == 0)
        r = serve(&keeper, &e);
    if (r < 0)
        report(&keeper, &e);
    net_instance_close(&keeper.in);
    return r < 0;
}
