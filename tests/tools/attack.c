/*
 * What the tests of tests/escape run inside containers: the attacks that a shell cannot make. Static, so that it runs in
 * any rootfs. Each prints what it got hold of, one a line, and nothing when all was refused.
 *
 *   attack watch SECONDS     reaches for the processes of ours that appear in its pid namespace
 *   attack seize-exe         opens the exe of such a process, and tries for long to write to that file: "written"
 *   attack sockets           the address families AF_ALG and AF_VSOCK, by every way into the kernel
 *   attack write-all DIR     opens every writable file below DIR, but those of processes
 *   attack swap A B          exchanges the two names until it is killed
 *   attack self              securebits, keep-capabilities, dumpability: what should be as in a fresh process
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- our processes, on their way into the container */

static bool is_ours(int pid)
{
    char path[64], name[16] = "";
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    if (read(fd, name, sizeof(name) - 1) < 0)
        name[0] = '\0';
    close(fd);
    return strncmp(name, "sampan", strlen("sampan")) == 0;
}

/* Calls reach() for each of ours until it says true, or for so long. */
static bool watch_until(double seconds, bool (*reach)(int pid))
{
    struct timespec now, start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        DIR *proc = opendir("/proc");

        for (struct dirent *d; proc && (d = readdir(proc));) {
            int pid = (int)strtol(d->d_name, NULL, 10);

            if (pid > 1 && pid != getpid() && is_ours(pid) && reach(pid))
                return true;
        }
        if (proc)
            closedir(proc);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
    return false;
}

static int n_met;

/* Whether the same is seen of the watcher: the container's root, directory or namespace. And pipes are nobody's. */
static bool is_own(const char *link, const char *target, ssize_t n)
{
    char path[64], own[256];
    ssize_t own_n;

    snprintf(path, sizeof(path), "/proc/self/%s", link);
    own_n = readlink(path, own, sizeof(own));
    return (own_n == n && memcmp(own, target, (size_t)n) == 0) || (link[0] == 'f' && target[0] != '/');
}

/* What was read says whose it was: between is_ours and here the process may have become the payload, which is the
 * container's own. An exe of ours is the one that counts. */
static bool reach_everything(int pid)
{
    static const char *const links[] = {"exe", "cwd", "root", "fd/3", "fd/4", "fd/5", "ns/mnt"};

    n_met++;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        char path[64], target[256];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/%s", pid, links[i]);
        n = readlink(path, target, sizeof(target) - 1);
        if (n > 0 && !is_own(links[i], target, n) && is_ours(pid))
            printf("%s -> %.*s\n", links[i], (int)n, target);
    }
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
        if (is_ours(pid))
            puts("traced");
        ptrace(PTRACE_INTERRUPT, pid, 0, 0);
        waitpid(pid, NULL, __WALL);
        ptrace(PTRACE_DETACH, pid, 0, 0);
    }
    return false;
}

static int watch(const char *seconds)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_until(strtod(seconds, NULL), reach_everything);
    printf("met %s\n", n_met > 0 ? "some" : "none");
    return 0;
}

/* A file that is being executed cannot be written to (ETXTBSY), so one waits until it is not. */
static bool write_to_exe(int pid)
{
    char path[64];
    int exe, fd = -1;

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    exe = open(path, O_PATH);
    if (exe < 0)
        return false;
    puts("opened");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
    for (int i = 0; fd < 0 && i < 2000; i++) {
        fd = open(path, O_WRONLY);
        usleep(1000);
        if (fd < 0 && errno != ETXTBSY)
            break;
    }
    puts(fd >= 0 && pwrite(fd, "x", 1, 0) == 1 ? "written" : "refused");
    return true;
}

static int seize_exe(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_until(10, write_to_exe);
    return 0;
}

/* ---- sockets */

#ifdef __x86_64__
static long call_i386(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

/* socketcall takes its arguments from memory, where no filter can look. */
static long socketcall(int domain, uint32_t *args)
{
    enum { I386_SOCKETCALL = 102, SYS_SOCKET_CALL = 1 };

    args[0] = (uint32_t)domain;
    args[1] = SOCK_SEQPACKET;
    args[2] = 0;
    return call_i386(I386_SOCKETCALL, SYS_SOCKET_CALL, (long)args, 0);
}

static void try_other_abis(int domain)
{
    enum { I386_SOCKET = 359, X32_BIT = 0x40000000 };
    uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    if (args != MAP_FAILED && socketcall(domain, args) >= 0)
        printf("%d by i386's socketcall\n", domain);
    if (call_i386(I386_SOCKET, domain, SOCK_SEQPACKET, 0) >= 0)
        printf("%d by i386\n", domain);
    if (syscall(SYS_socket | X32_BIT, domain, SOCK_SEQPACKET, 0) >= 0)
        printf("%d by x32\n", domain);
}
#else
static void try_other_abis(int domain)
{
    (void)domain;
}
#endif

static int sockets(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    static const int domains[] = {AF_ALG, AF_VSOCK};

    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
            if (socket(domains[i], types[t], 0) >= 0 || errno != EPERM)
                printf("%d natively\n", domains[i]);
        try_other_abis(domains[i]);
    }
    return 0;
}

/* ---- files */

static bool is_null_device(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static int try_to_open(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    int fd;

    if (type == FTW_D && ftw->level == 1 && path[ftw->base] >= '0' && path[ftw->base] <= '9')
        return FTW_SKIP_SUBTREE;                /* a process */
    if (type != FTW_F || !(st->st_mode & 0222)) /* root may open the others too, but nothing takes what it writes */
        return FTW_CONTINUE;
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return FTW_CONTINUE;
    if (!is_null_device(fd))
        puts(path);
    close(fd);
    return FTW_CONTINUE;
}

static int write_all(const char *dir)
{
    return nftw(dir, try_to_open, 64, FTW_PHYS | FTW_ACTIONRETVAL) < 0;
}

static _Noreturn void swap(const char *a, const char *b)
{
    for (;;)
        renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

/* ---- itself */

static int self(void)
{
    printf("securebits %d keepcaps %d dumpable %d\n", prctl(PR_GET_SECUREBITS), prctl(PR_GET_KEEPCAPS),
           prctl(PR_GET_DUMPABLE));
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "watch") == 0 && argc == 3)
        return watch(argv[2]);
    if (strcmp(verb, "seize-exe") == 0 && argc == 2)
        return seize_exe();
    if (strcmp(verb, "sockets") == 0 && argc == 2)
        return sockets();
    if (strcmp(verb, "write-all") == 0 && argc == 3)
        return write_all(argv[2]);
    if (strcmp(verb, "swap") == 0 && argc == 4)
        swap(argv[2], argv[3]);
    if (strcmp(verb, "self") == 0 && argc == 2)
        return self();
    fprintf(stderr, "usage: attack watch SECONDS | seize-exe | sockets | write-all DIR | swap A B | self\n");
    return 2;
}
