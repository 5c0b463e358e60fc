#include "runtime/security/seccomp_policy.h"

#include <errno.h>

#include "base/cleanup.h"
#include "runtime/security/capabilities.h"

#define INT_MASK UINT32_MAX /* the kernel reads an int: what a caller puts in the high half does not count */

#define NEEDS(cap) .guard.caps = CAP_BIT(cap)

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: what a process may not make anew. CLONE_NEWTIME is
 * not among the flags of clone(2): its bit belongs to the exit signal. */
#define CLONE_NEW_MASK 0x7E020000

const struct seccomp_group seccomp_policy[] = {
    {
        .why = "Files by path: the file system's own permissions and the mount flags decide",
        .names =
            "access chdir chmod chown chown32 creat faccessat faccessat2 fchmodat fchmodat2 fchownat fstatat64 "
            "futimesat getcwd inotify_add_watch lchown lchown32 link linkat lstat lstat64 mkdir mkdirat mknod mknodat "
            "name_to_handle_at newfstatat open openat openat2 readlink readlinkat rename renameat renameat2 rmdir "
            "stat stat64 statfs statfs64 statx symlink symlinkat truncate truncate64 umask unlink unlinkat utime "
            "utimensat utimensat_time64 utimes",
    },
    {
        .why = "Extended attributes: permissions as for the file",
        .names = "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat "
                 "llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat",
    },
    {
        .why = "Open files: whoever has the descriptor may use it",
        .names =
            "_llseek close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate fanotify_mark "
            "fchdir fchmod fchown fchown32 fcntl fcntl64 fdatasync flock fstat fstat64 fstatfs fstatfs64 fsync "
            "ftruncate ftruncate64 getdents getdents64 inotify_init inotify_init1 inotify_rm_watch ioctl lseek "
            "pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 "
            "splice sync sync_file_range syncfs tee vmsplice write writev",
    },
    {
        .why = "Waiting for events, and asynchronous files of the old kind",
        .names = "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
                 "epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
                 "io_setup io_submit poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4",
    },
    {
        .why = "A process's own memory",
        .names =
            "brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall "
            "mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect "
            "remap_file_pages",
    },
    {
        .why = "Processes and threads: signals and waiting reach no further than the pid namespace and the uid",
        .names =
            "execve execveat exit exit_group fork getpgid getpgrp getpid getppid getpriority getsid gettid kill "
            "pause pidfd_open pidfd_send_signal prctl process_mrelease restart_syscall rseq rt_sigaction "
            "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
            "rt_sigtimedwait_time64 rt_tgsigqueueinfo set_robust_list get_robust_list set_tid_address setpgid "
            "setpriority setsid sigaltstack sigprocmask sigreturn tgkill tkill uretprobe vfork wait4 waitid waitpid",
    },
    {
        .why = "Locks between threads",
        .names = "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake",
    },
    {
        .why = "Scheduling: the kernel asks for CAP_SYS_NICE where it matters",
        .names = "getcpu ioprio_get ioprio_set sched_get_priority_max sched_get_priority_min sched_getaffinity "
                 "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
                 "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield",
    },
    {
        .why = "Identity: bounded by the user namespace's maps and by CAP_SETUID, CAP_SETGID, CAP_SETPCAP",
        .names =
            "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid "
            "getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid "
            "setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid "
            "setreuid32 setuid setuid32",
    },
    {
        .why = "Limits and what the system says of itself",
        .names = "getrandom getrlimit getrusage prlimit64 setrlimit sysinfo times ugetrlimit uname",
    },
    {
        .why = "Reading clocks, sleeping and timers; adjusting a clock asks for CAP_SYS_TIME in the kernel",
        .names =
            "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
            "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time "
            "timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
            "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64",
    },
    {
        .why = "System V and POSIX IPC: bounded by the ipc namespace",
        .names = "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
                 "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
                 "semtimedop_time64 shmat shmctl shmdt shmget",
    },
    {
        .why = "Sockets that exist: bounded by the network namespace",
        .names = "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
                 "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketpair",
    },
    {
        .why = "A new socket, but AF_ALG (38): a way into kernel code that has let containers write shared page cache "
               "(CVE-2026-31431); and AF_VSOCK (40): it reaches the hypervisor, past every network namespace",
        .guard = {.n_conds = 2,
                  .conds = {{.arg = 0, .op = SECCOMP_NE, .mask = INT_MASK, .value = 38},
                            {.arg = 0, .op = SECCOMP_NE, .mask = INT_MASK, .value = 40}}},
        .names = "socket",
    },
    {
        .why = "The 32-bit multiplexer, but SYS_SOCKET (1): its arguments lie in memory, where no filter can read the "
               "family. A 32-bit libc that makes sockets by it alone gets none",
        .guard = {.n_conds = 1, .conds = {{.arg = 0, .op = SECCOMP_NE, .mask = INT_MASK, .value = 1}}},
        .names = "socketcall",
    },
    {
        .why = "Confining oneself further",
        .names = "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
    },
    {
        .why = "What a namespace's own mounts are: readable in /proc/self/mountinfo too",
        .names = "listmount statmount",
    },
    {
        .why = "The processor's own settings for a thread",
        .names =
            "arch_prctl arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush get_thread_area get_tls modify_ldt "
            "set_thread_area set_tls",
    },
    {
        .why =
            "Debugging: since Linux 4.8 a tracer cannot change a call behind the filter's back; whom one may trace the "
            "kernel decides by uid, capabilities and user namespace",
        .names = "process_vm_readv process_vm_writev ptrace",
    },
    {
        .why = "Execution domains that only change what uname or the stack look like: PER_LINUX, PER_LINUX32 (8), "
               "UNAME26 (0x20000) and both; others bring back old bugs (READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE)",
        .guard = {.n_conds = 1, .conds = {{.arg = 0, .op = SECCOMP_EQ, .mask = INT_MASK & ~0x20008u, .value = 0}}},
        .names = "personality",
    },
    {
        .why = "Asking for the present execution domain",
        .guard = {.n_conds = 1, .conds = {{.arg = 0, .op = SECCOMP_EQ, .mask = INT_MASK, .value = 0xFFFFFFFF}}},
        .names = "personality",
    },
    {
        .why = "A new process or thread, but no new namespaces: a user namespace opens the whole kernel to its root "
               "(CVE-2022-0185)",
        .guard = {.n_conds = 1, .conds = {{.arg = 0, .op = SECCOMP_EQ, .mask = CLONE_NEW_MASK, .value = 0}}},
        .names = "clone",
    },
    {
        .why = "The flags of clone3 lie in memory, where no filter can read them: ENOSYS makes libc use clone",
        NEEDS(CAP_SYS_ADMIN),
        .guard.refuse = ENOSYS,
        .names = "clone3",
    },
    {
        .why = "Mounts, namespaces, names of the machine, quotas",
        NEEDS(CAP_SYS_ADMIN),
        .names = "bpf clone fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr "
                 "lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr "
                 "perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
    },
    {
        .why = "Opening files by handle passes by the directories' permissions (the shocker exploit, 2014)",
        NEEDS(CAP_DAC_READ_SEARCH),
        .names = "open_by_handle_at",
    },
    {.why = "Restarting the machine", NEEDS(CAP_SYS_BOOT), .names = "reboot"},
    {.why = "Another root directory", NEEDS(CAP_SYS_CHROOT), .names = "chroot"},
    {.why = "Kernel modules", NEEDS(CAP_SYS_MODULE), .names = "delete_module finit_module init_module"},
    {.why = "Process accounting for the whole machine", NEEDS(CAP_SYS_PACCT), .names = "acct"},
    {
        .why = "Reaching into other processes",
        NEEDS(CAP_SYS_PTRACE),
        .names = "kcmp pidfd_getfd process_madvise",
    },
    {.why = "I/O ports", NEEDS(CAP_SYS_RAWIO), .names = "ioperm iopl"},
    {
        .why = "Setting the clock",
        NEEDS(CAP_SYS_TIME),
        .names = "clock_settime clock_settime64 settimeofday stime",
    },
    {.why = "Hanging up the terminal", NEEDS(CAP_SYS_TTY_CONFIG), .names = "vhangup"},
    {
        .why = "Which memory nodes are used: costs others",
        NEEDS(CAP_SYS_NICE),
        .names = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    },
    {.why = "The kernel's log", NEEDS(CAP_SYSLOG), .names = "syslog"},
    {.why = "BPF programs", NEEDS(CAP_BPF), .names = "bpf"},
    {.why = "Performance counters", NEEDS(CAP_PERFMON), .names = "perf_event_open"},
    {
        .why =
            "Keyrings belong to uids, not to namespaces; io_uring and userfaultfd have carried many an exploit; kexec "
            "and swap are the machine's; the engine has pivoted already",
        .guard.never = 1,
        .names =
            "add_key io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load keyctl migrate_pages "
            "move_pages pivot_root request_key swapoff swapon uprobe userfaultfd",
    },
    {
        .why = "Obsolete, or never there on most kernels: refused rather than unknown, as Docker has it",
        .guard.never = 1,
        .names =
            "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock mpx "
            "nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname pciconfig_iobase pciconfig_read "
            "pciconfig_write prof profil putpmsg query_module readdir security sgetmask sigaction signal sigpending "
            "sigsuspend ssetmask stty sysfs tuxcall ulimit uselib usr26 usr32 ustat vm86 vm86old vserver",
    },
};

const size_t seccomp_policy_len = ARRAY_SIZE(seccomp_policy);
