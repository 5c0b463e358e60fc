/*
 * The process that holds a user's base open: `sampan _base`.
 *
 * It stays outside, with the user's own rights: it can start pasta there, and dies without harm. Inside is a child that only
 * sleeps, and ends with it. What runs in the base (shims, containers, dnsmasq) keeps the namespaces alive by itself; the
 * child is for those who join.
 *
 * Should: end when no command runs and no container is left; until then answer at once.
 * Mustn't: end while a command that was promised a base is about to join it (base.users).
 */
#include "engine/rootless_base.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "engine/paths.h"
#include "engine/rootless.h"
#include "kernel/netlink.h"
#include "kernel/pidfd.h"
#include "kernel/syscalls.h"
#include "network/pasta.h"
#include "shim/shim.h"

enum { IDLE_CHECK_MS = 5000, BACKLOG = 64, REQUEST_TIMEOUT_S = 5, RIVAL_MS = 20000, RIVAL_POLL_MS = 5 };

struct answer {
    struct err error; /* ERR_NONE: done */
};

union fd_control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* ---- the command's side */

static struct sockaddr_un socket_address(int run_fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/" BASE_SOCKET_NAME, fd_path(run_fd).path);
    return a;
}

static int receive_answer(int sock, int *ret_fd, struct err *e)
{
    struct answer answer;
    union fd_control control;
    struct iovec iov = {&answer, sizeof(answer)};
    struct msghdr h = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
    if (n != (ssize_t)sizeof(answer))
        return err_set(e, ERR_INTERNAL, EPIPE, "the process that holds the user namespace for containers is gone");
    answer.error.text[sizeof(answer.error.text) - 1] = '\0';
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    int fd = -1;
    if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(c), sizeof(int));
    if (answer.error.kind == ERR_NONE && (!ret_fd || fd >= 0)) {
        if (ret_fd)
            *ret_fd = TAKE_FD(fd);
        fd_close(&fd);
        return 0;
    }
    fd_close(&fd);
    return err_set(e, answer.error.kind, answer.error.code, "%s", answer.error.text);
}

int base_ask(int run_fd, enum base_request request, int *ret_fd, struct err *e)
{
    _cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = socket_address(run_fd);
    unsigned char byte = (unsigned char)request;
    if (sock < 0)
        return err_sys(e, "make a socket");
    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
        return errno == ENOENT || errno == ECONNREFUSED ? -errno : err_sys(e, "connect to " BASE_SOCKET_NAME);
    if (send(sock, &byte, 1, MSG_NOSIGNAL) != 1)
        return err_sys(e, "ask " BASE_SOCKET_NAME);
    return receive_answer(sock, ret_fd, e);
}

/* ---- the child inside */

struct holder {
    pid_t pid;
    int pidfd;
    int word; /* a byte on it: the ids are mapped */
};

struct base {
    int run_fd, users_fd, listener;
    struct holder holder;
    struct pasta pasta;
};

/* New mounts of the host's still reach the base: a disk that is plugged in later can be bound into a container. */
static int settle_inside(struct err *e)
{
    if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        return err_sys(e, "separate the mounts");
    return netlink_loopback_up(e);
}

static _Noreturn void hold_inside(int word, int done)
{
    struct err e = ERR_INIT;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "sampan-base", 0, 0, 0);
    if (read(word, &byte, 1) != 1)
        _exit(1);
    /* A change of ids clears the wish for a signal. */
    if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        err_sys(&e, "become root of the new user namespace");
    else
        settle_inside(&e);
    if (write(done, &e, sizeof(e)) != (ssize_t)sizeof(e) || err_is_set(&e))
        _exit(1);
    close(done);
    for (;;)
        pause();
}

static int no_namespaces(struct err *e)
{
    err_sys(e, "make a user namespace");
    return err_advice(e, "see the sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone and "
                         "kernel.apparmor_restrict_unprivileged_userns, or run it as root");
}

static int read_word(int fd, struct err *e)
{
    struct err theirs;
    if (read(fd, &theirs, sizeof(theirs)) != (ssize_t)sizeof(theirs))
        return err_set(e, ERR_INTERNAL, EPIPE, "the new user namespace's first process is gone");
    return theirs.kind == ERR_NONE ? 0 : err_set(e, theirs.kind, theirs.code, "%s", theirs.text);
}

static int make_base(struct holder *h, struct err *e)
{
    int word[2], done[2];
    if (pipe2(word, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_PIDFD,
                              .pidfd = (uint64_t)(uintptr_t)&h->pidfd,
                              .exit_signal = SIGCHLD};
    h->pid = sys_clone3(&args);
    if (h->pid == 0) {
        close(word[1]);
        close(done[0]);
        hold_inside(word[0], done[1]);
    }
    close(word[0]);
    close(done[1]);
    _cleanup_close_ int tell = word[1], hear = done[0];
    if (h->pid < 0)
        return no_namespaces(e);
    int r = rootless_map_ids(h->pid, e);
    if (r == 0 && write(tell, "", 1) != 1)
        r = err_sys(e, "start the user namespace's first process");
    return r == 0 ? read_word(hear, e) : r;
}

/* ---- after our predecessor was killed */

/* A shim of the user's is in the base, and holds it as well as a child of ours would. */
static bool adopt_shim(struct base *b, const char *id)
{
    _cleanup_json_ json_object *state = NULL;
    char path[sizeof(CONTAINERS_DIR) + CONTAINER_ID_LEN + sizeof(SHIM_STATE_NAME) + 2], program[64];
    int64_t pid = 0;
    snprintf(path, sizeof(path), CONTAINERS_DIR "/%.*s/" SHIM_STATE_NAME, CONTAINER_ID_LEN, id);
    if (json_parse_file(b->run_fd, path, &state, NULL) < 0 || json_get_int64(state, "shimPid", 0, &pid, NULL) < 0 ||
        pid <= 0)
        return false;
    _cleanup_close_ int fd = pidfd_open_pid((pid_t)pid, NULL);
    _cleanup_free_ char *name = NULL;
    snprintf(program, sizeof(program), "/proc/%d/comm", (int)pid);
    if (fd < 0 || file_read(AT_FDCWD, program, sizeof(program), &name, NULL, NULL) < 0 ||
        strcmp(name, "sampan-shim\n") != 0 || pidfd_has_exited(fd, 0))
        return false;
    b->holder = (struct holder){.pid = (pid_t)pid, .pidfd = TAKE_FD(fd)};
    return true;
}

/* Who joins the base that is there sees the containers that run in it. Their network was connected by a pasta that ended
 * with our predecessor. */
static bool adopt_base(struct base *b)
{
    struct err e = ERR_INIT;
    _cleanup_strv_ char **ids = NULL;
    bool found = false;
    if (dir_list(b->run_fd, CONTAINERS_DIR, &ids, NULL) < 0)
        return false;
    for (char **id = ids; !found && id && *id; id++)
        found = adopt_shim(b, *id);
    if (found && file_exists(b->run_fd, PASTA_PID_NAME) && pasta_ensure(&b->pasta, b->holder.pid, b->run_fd, &e) < 0)
        log_warning("%s", e.text);
    return found;
}

/* ---- requests */

static bool is_owner(int sock)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == getuid();
}

static void answer(int sock, const struct err *error, int fd)
{
    struct answer a = {.error = *error};
    union fd_control control = {{0}};
    struct iovec iov = {&a, sizeof(a)};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        h.msg_control = control.bytes;
        h.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    sendmsg(sock, &h, MSG_NOSIGNAL); /* who went away needs no answer */
}

static void serve(struct base *b)
{
    const struct timeval patience = {.tv_sec = REQUEST_TIMEOUT_S};
    struct err e = ERR_INIT;
    unsigned char request;
    _cleanup_close_ int sock = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
    if (sock < 0 || !is_owner(sock))
        return;
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (recv(sock, &request, 1, 0) != 1)
        return;
    if (request == BASE_CONNECT)
        pasta_ensure(&b->pasta, b->holder.pid, b->run_fd, &e);
    else if (request != BASE_JOIN)
        err_set(&e, ERR_INTERNAL, EBADMSG, "the request %u is not known", request);
    answer(sock, &e, request == BASE_JOIN ? b->holder.pidfd : -1);
}

/* ---- the end */

static bool has_containers(const struct base *b)
{
    _cleanup_strv_ char **locks = NULL;
    return dir_list(b->run_fd, LOCKS_DIR, &locks, NULL) == 0 && strv_len(locks) > 0;
}

/* With the lock of users in hand nobody is about to join; it is let go by this process's end, after the socket is gone. */
static bool may_end(const struct base *b)
{
    if (flock(b->users_fd, LOCK_EX | LOCK_NB) < 0)
        return false;
    if (!has_containers(b)) {
        unlinkat(b->run_fd, BASE_SOCKET_NAME, 0);
        return true;
    }
    flock(b->users_fd, LOCK_UN);
    return false;
}

/* ---- the whole */

static bool somebody_else_serves(const struct base *b)
{
    int fd = -1;
    int r = base_ask(b->run_fd, BASE_JOIN, &fd, NULL);
    fd_close(&fd);
    return r == 0;
}

/* The lock says who may have the socket, and is held till this process's end; a socket that a killed predecessor left is
 * replaced. 1 when another one, which has the lock, serves already. */
static int become_the_one(struct base *b, struct err *e)
{
    int lock = openat(b->run_fd, BASE_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return err_sys(e, "open " BASE_LOCK_NAME);
    for (int waited = 0; waited < RIVAL_MS; waited += RIVAL_POLL_MS) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (somebody_else_serves(b))
            return 1;
        usleep(RIVAL_POLL_MS * 1000);
    }
    return err_set(e, ERR_SYS, EBUSY,
                   "another process is making the user namespace for containers, and does not finish");
}

static int open_files(struct base *b, const char *run_root, struct err *e)
{
    int r = dir_make_all(AT_FDCWD, run_root, 0700, &b->run_fd, e);
    if (r < 0)
        return r;
    b->users_fd = openat(b->run_fd, BASE_USERS_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return b->users_fd < 0 ? err_sys(e, "open " BASE_USERS_NAME) : become_the_one(b, e);
}

static int listen_for_commands(struct base *b, struct err *e)
{
    struct sockaddr_un address = socket_address(b->run_fd);
    b->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlinkat(b->run_fd, BASE_SOCKET_NAME, 0);
    if (b->listener < 0 || bind(b->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        fchmodat(b->run_fd, BASE_SOCKET_NAME, 0600, 0) < 0 || listen(b->listener, BACKLOG) < 0)
        return err_sys(e, "listen on " BASE_SOCKET_NAME);
    return 0;
}

static void tell_starter(const struct err *e)
{
    ssize_t n = err_is_set(e) ? write(STDOUT_FILENO, e, sizeof(*e)) : write(STDOUT_FILENO, "", 1);
    (void)n; /* a starter that went away */
    close(STDOUT_FILENO);
}

static int open_base(struct base *b, const char *run_root, struct err *e)
{
    int r = open_files(b, run_root, e);
    if (r == 0 && !adopt_base(b))
        r = make_base(&b->holder, e);
    return r == 0 ? listen_for_commands(b, e) : r;
}

int rootless_hold(const char *run_root, struct err *e)
{
    struct base b = {.run_fd = -1, .users_fd = -1, .listener = -1, .holder = {.pidfd = -1}, .pasta = PASTA_INIT};
    signal(SIGPIPE, SIG_IGN);
    int r = open_base(&b, run_root, e);
    tell_starter(e);
    if (r != 0)
        return r < 0 ? r : 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = b.listener, .events = POLLIN}, {.fd = b.holder.pidfd, .events = POLLIN}};
        int n = poll(fds, ARRAY_SIZE(fds), IDLE_CHECK_MS);
        if (n > 0 && fds[1].revents)
            break;
        if (n > 0 && fds[0].revents)
            serve(&b);
        else if (may_end(&b))
            break;
    }
    pasta_end(&b.pasta);
    return 0; /* with us the child ends (PR_SET_PDEATHSIG); a shim that was adopted does not */
}
