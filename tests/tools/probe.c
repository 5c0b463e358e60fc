/*
 * What the integration tests run inside containers where busybox has no applet: IPC objects of a known name, made and
 * looked for; limits and forbidden calls, tried. Static, so that it runs in any rootfs.
 *
 *   probe KIND create|find|remove        find prints "found" or "absent"
 *   probe allocate BYTES                 touches memory; prints "ok" when it got all
 *   probe fork COUNT                     prints how many children could be made
 *   probe socket DOMAIN                  prints "ok" or the errno's name
 *   probe domainname NAME                sets the NIS domain name
 *   probe tiocsti                        tries to type into its own terminal
 *   probe fds                            prints its open fds, one a line
 *   probe euid                           prints its effective user id, as a set-user-id program
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY = 0x53414d50 }; /* "SAMP" */
#define NAME "/sampan-probe"

static int fail(const char *what)
{
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    return 1;
}

/* ---- IPC objects: one row a kind; each function returns -1 with errno, as the system calls do */

static int shm(int flags)
{
    return shmget(KEY, 4096, flags);
}

static int sem(int flags)
{
    return semget(KEY, 1, flags);
}

static int msg(int flags)
{
    return msgget(KEY, flags);
}

static int mq(int flags)
{
    mqd_t q = mq_open(NAME, O_RDWR | (flags & IPC_CREAT ? O_CREAT : 0), 0666, NULL);

    return q == (mqd_t)-1 ? -1 : mq_close(q);
}

static int posix_shm(int flags)
{
    int fd = shm_open(NAME, O_RDWR | (flags & IPC_CREAT ? O_CREAT : 0), 0666);

    return fd < 0 ? -1 : close(fd);
}

static int remove_shm(void)
{
    return shmctl(shm(0), IPC_RMID, NULL);
}

static int remove_sem(void)
{
    return semctl(sem(0), 0, IPC_RMID);
}

static int remove_msg(void)
{
    return msgctl(msg(0), IPC_RMID, NULL);
}

static int remove_mq(void)
{
    return mq_unlink(NAME);
}

static int remove_posix_shm(void)
{
    return shm_unlink(NAME);
}

static const struct {
    const char *name;
    int (*get)(int flags);
    int (*remove)(void);
} kinds[] = {
    {"sysv-shm", shm, remove_shm},
    {"sysv-sem", sem, remove_sem},
    {"sysv-msg", msg, remove_msg},
    {"posix-mq", mq, remove_mq},
    {"posix-shm", posix_shm, remove_posix_shm},
};

static int ipc(size_t kind, const char *verb)
{
    if (strcmp(verb, "create") == 0)
        return kinds[kind].get(IPC_CREAT | 0666) < 0 ? fail("create") : 0;
    if (strcmp(verb, "remove") == 0)
        return kinds[kind].remove() < 0 ? fail("remove") : 0;
    puts(kinds[kind].get(0) < 0 ? "absent" : "found");
    return 0;
}

/* ---- limits */

static int allocate(size_t bytes)
{
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return fail("mmap");
    for (size_t i = 0; i < bytes; i += 4096)
        p[i] = 1;
    puts("ok");
    return 0;
}

static int fork_many(int count)
{
    int made = 0;

    for (; made < count; made++) {
        pid_t pid = fork();

        if (pid < 0)
            break;
        if (pid == 0) {
            pause();
            _exit(0);
        }
    }
    printf("%d\n", made);
    fflush(stdout);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    return 0;
}

/* ---- what should be refused */

static int try_socket(int domain)
{
    int fd = socket(domain, SOCK_DGRAM, 0);

    if (fd < 0)
        fd = errno == EPERM || errno == EACCES ? -1 : socket(domain, SOCK_SEQPACKET, 0);
    puts(fd >= 0 ? "ok" : strerrorname_np(errno));
    return 0;
}

static int try_tiocsti(void)
{
    char c = 'x';

    puts(ioctl(STDIN_FILENO, TIOCSTI, &c) == 0 ? "ok" : strerrorname_np(errno));
    return 0;
}

static int list_fds(void)
{
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d\n", fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "tiocsti") == 0)
        return try_tiocsti();
    if (argc == 2 && strcmp(argv[1], "fds") == 0)
        return list_fds();
    if (argc == 2 && strcmp(argv[1], "euid") == 0)
        return printf("%u\n", (unsigned)geteuid()) < 0;
    if (argc == 3) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            if (strcmp(argv[1], kinds[i].name) == 0)
                return ipc(i, argv[2]);
        if (strcmp(argv[1], "allocate") == 0)
            return allocate((size_t)strtoull(argv[2], NULL, 10));
        if (strcmp(argv[1], "fork") == 0)
            return fork_many((int)strtol(argv[2], NULL, 10));
        if (strcmp(argv[1], "domainname") == 0)
            return setdomainname(argv[2], strlen(argv[2])) < 0 ? fail("setdomainname") : 0;
        if (strcmp(argv[1], "socket") == 0)
            return try_socket((int)strtol(argv[2], NULL, 10));
    }
    fprintf(stderr, "usage: probe KIND create|find|remove | allocate N | fork N | socket N | tiocsti | fds | euid\n");
    return 2;
}
