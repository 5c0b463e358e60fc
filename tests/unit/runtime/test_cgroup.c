/*
 * Control groups for real: each test makes one below /sampan in every hierarchy of this machine, looks at it from
 * outside or puts a child into it, and removes it. Runs alike on version 1, hybrid and version 2 (tests/vm/cgroups).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/syscalls.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/driver.h"
#include "runtime/spec.h"

#define MIB (INT64_C(1) << 20)

/* ---- helpers */

struct fixture {
    struct spec spec;
    struct cgroup cgroup;
    struct err e;
    char path[64];
};

static void assert_ok(int r, const struct err *e)
{
    if (r < 0)
        fail_msg("%s", e->text);
}

static int setup(void **state)
{
    static unsigned serial;
    struct fixture *f = calloc(1, sizeof(*f));
    f->cgroup = CGROUP_INIT;
    snprintf(f->path, sizeof(f->path), "/sampan/test-%d-%u", (int)getpid(), serial++);
    f->spec.cgroup_path = f->path;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    cgroup_kill(f->path, NULL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    int r = cgroup_remove(f->path, &f->e);
    cgroup_release(&f->cgroup);
    if (r < 0)
        print_error("%s\n", f->e.text);
    free(f);
    return r;
}

static void create(struct fixture *f)
{
    assert_ok(cgroup_create(&f->spec, &f->cgroup, &f->e), &f->e);
}

static bool is_v1(const struct fixture *f, enum cgroup_controller c)
{
    return f->cgroup.v1_fd[c] >= 0;
}

/* The file of the version in use, without its newline. */
static const char *read_limit(const struct fixture *f, enum cgroup_controller c, const char *v1, const char *v2)
{
    static char text[4096];
    _cleanup_free_ char *content = NULL;
    struct err e = ERR_INIT;
    int dir_fd = is_v1(f, c) ? f->cgroup.v1_fd[c] : f->cgroup.v2_fd;
    assert_ok(file_read(dir_fd, is_v1(f, c) ? v1 : v2, sizeof(text) - 1, &content, NULL, &e), &e);
    snprintf(text, sizeof(text), "%s", content);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool has_controller(enum cgroup_controller c)
{
    const struct cgroup_layout *l = cgroup_layout();
    return l->v1_fd[c] >= 0 || (l->v2_controllers & 1u << c) || (c == CGROUP_DEVICES && l->v2_fd >= 0);
}

/* Runs body() in a child that has joined; its exit status, or 128 + the signal that ended it. */
static int run_inside(struct fixture *f, int (*body)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct err e = ERR_INIT;
        if (cgroup_join_self(&f->cgroup, false, &e) < 0) {
            fprintf(stderr, "%s\n", e.text);
            _exit(99);
        }
        _exit(body());
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Starts body() in a child that has joined and returns when it has. */
static pid_t start_inside(struct fixture *f, void (*body)(void))
{
    int ready[2];
    char c;
    assert_return_code(pipe2(ready, O_CLOEXEC), errno);
    pid_t pid = fork();
    if (pid == 0) {
        if (cgroup_join_self(&f->cgroup, false, NULL) < 0 || write(ready[1], "x", 1) != 1)
            _exit(99);
        body();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

static void body_sleep(void)
{
    for (;;)
        pause();
}

static bool exists_anywhere(const char *path)
{
    const struct cgroup_layout *l = cgroup_layout();
    for (int i = -1; i < CGROUP_CONTROLLER_COUNT; i++) {
        int fd = i < 0 ? l->v2_fd : l->v1_fd[i];
        if (fd >= 0 && faccessat(fd, path + 1, F_OK, 0) == 0)
            return true;
    }
    return false;
}

/* "/sampan" without a container in it, in any hierarchy. Removing it is the way to know without a race. */
static bool parent_is_left_empty(void)
{
    const struct cgroup_layout *l = cgroup_layout();
    bool found = l->v2_fd >= 0 && unlinkat(l->v2_fd, "sampan", AT_REMOVEDIR) == 0;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        found |= l->v1_fd[i] >= 0 && unlinkat(l->v1_fd[i], "sampan", AT_REMOVEDIR) == 0;
    return found;
}

/* ---- tests */

static void test_layout_agrees_with_the_kernel(void **state)
{
    (void)state;
    const struct cgroup_layout *l = cgroup_layout();
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[512];
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        char *names = strchr(line, ':') + 1;
        *strchr(names, ':') = '\0';
        if (*names == '\0')
            continue; /* version 2 is listed even where it is not mounted */
        for (char *name; (name = strsep(&names, ","));)
            for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
                if (strcmp(name, cgroup_drivers[i]->v1_name) == 0)
                    assert_true(l->v1_fd[i] >= 0);
    }
    fclose(f);
    assert_ptr_equal(l, cgroup_layout());
}

static void test_create_and_remove_leave_nothing(void **state)
{
    struct fixture *f = *state;
    create(f);
    assert_true(exists_anywhere(f->path));
    assert_ok(cgroup_remove(f->path, &f->e), &f->e);
    assert_false(exists_anywhere(f->path));
    assert_false(parent_is_left_empty());
    assert_ok(cgroup_remove(f->path, &f->e), &f->e); /* again is success */
}

static void test_limits_are_written(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = 64 * MIB;
    f->spec.resources.memory_reservation = 32 * MIB;
    f->spec.resources.cpu_shares = 512;
    f->spec.resources.cpu_quota = 50000;
    f->spec.resources.cpu_period = 200000;
    f->spec.resources.pids_limit = 7;
    create(f);
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864");
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low"), "33554432");
    assert_string_equal(read_limit(f, CGROUP_PIDS, "pids.max", "pids.max"), "7");
    if (is_v1(f, CGROUP_CPU)) {
        assert_string_equal(read_limit(f, CGROUP_CPU, "cpu.shares", NULL), "512");
        assert_string_equal(read_limit(f, CGROUP_CPU, "cpu.cfs_quota_us", NULL), "50000");
        assert_string_equal(read_limit(f, CGROUP_CPU, "cpu.cfs_period_us", NULL), "200000");
    } else {
        assert_string_equal(read_limit(f, CGROUP_CPU, NULL, "cpu.weight"), "20"); /* 1 + 510 * 9999 / 262142 */
        assert_string_equal(read_limit(f, CGROUP_CPU, NULL, "cpu.max"), "50000 200000");
    }
}

static void test_swap_is_memory_and_swap_together(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = 64 * MIB;
    f->spec.resources.memory_swap = 96 * MIB;
    if (cgroup_create(&f->spec, &f->cgroup, &f->e) == -ENOENT)
        skip(); /* a kernel without swap accounting: told as an error */
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max"),
                        is_v1(f, CGROUP_MEMORY) ? "100663296" : "33554432");
}

static void test_swap_below_memory_is_refused(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = 64 * MIB;
    f->spec.resources.memory_swap = 32 * MIB;
    assert_true(cgroup_create(&f->spec, &f->cgroup, &f->e) < 0);
    assert_non_null(strstr(f->e.text, "--memory-swap"));
    assert_false(exists_anywhere(f->path));
}

static void test_update_raises_and_lowers(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = 64 * MIB;
    create(f);
    const struct spec_resources more = {.memory_limit = 128 * MIB, .pids_limit = 9};
    assert_ok(cgroup_update(&f->cgroup, &more, &f->e), &f->e);
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"), "134217728");
    assert_string_equal(read_limit(f, CGROUP_PIDS, "pids.max", "pids.max"), "9");
    const struct spec_resources less = {.memory_limit = 32 * MIB, .pids_limit = -1};
    assert_ok(cgroup_update(&f->cgroup, &less, &f->e), &f->e);
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"), "33554432");
    assert_string_equal(read_limit(f, CGROUP_PIDS, "pids.max", "pids.max"), "max");
}

static void test_update_with_memsw(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = f->spec.resources.memory_swap = 64 * MIB;
    if (cgroup_create(&f->spec, &f->cgroup, &f->e) == -ENOENT)
        skip();
    const struct spec_resources more = {.memory_limit = 128 * MIB, .memory_swap = 128 * MIB};
    assert_ok(cgroup_update(&f->cgroup, &more, &f->e), &f->e);
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"), "134217728");
    assert_ok(cgroup_update(&f->cgroup, &f->spec.resources, &f->e), &f->e);
    assert_string_equal(read_limit(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"), "67108864");
}

static int fork_eight(void)
{
    int n = 0;
    while (n < 8) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            for (;;)
                pause();
        n++;
    }
    return n == 4 && errno == EAGAIN ? 0 : 1 + n; /* it counts itself; teardown ends the four */
}

static void test_pids_limit_holds(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.pids_limit = 5;
    create(f);
    assert_int_equal(run_inside(f, fork_eight), 0);
}

static int eat_memory(void)
{
    enum { BYTES = 64 << 20 };
    char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    memset(p, 1, BYTES);
    return 0;
}

static void test_memory_limit_holds_and_the_oom_killer_is_seen(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.memory_limit = 16 * MIB;
    create(f);
    assert_false(cgroup_oom_killed(&f->cgroup));
    assert_int_equal(run_inside(f, eat_memory), 128 + SIGKILL);
    assert_true(cgroup_oom_killed(&f->cgroup));
}

/* A bit for each way in which /dev/null (1:3), /dev/zero (1:5) and /dev/full (1:7) open. */
static int open_devices(void)
{
    static const struct {
        const char *path;
        int flags;
    } ways[] = {
        {"/dev/null", O_RDONLY}, {"/dev/null", O_WRONLY}, {"/dev/zero", O_RDONLY},
        {"/dev/zero", O_RDWR},   {"/dev/full", O_RDONLY},
    };
    int opened = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        int fd = open(ways[i].path, ways[i].flags);
        if (fd >= 0)
            opened |= 1 << i;
        else if (errno != EPERM)
            return 64;
    }
    return opened;
}

static void test_device_rules_hold(void **state)
{
    struct fixture *f = *state;
    static struct spec_device_rule rules[] = {
        {.allow = false, .type = 'a', .major = -1, .minor = -1, .access = "rwm"},
        {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rwm"},
        {.allow = true, .type = 'c', .major = 1, .minor = 5, .access = "rw"},
        {.allow = false, .type = 'c', .major = 1, .minor = 5, .access = "w"},
    };
    f->spec.resources.devices = rules;
    f->spec.resources.n_devices = ARRAY_SIZE(rules);
    create(f);
    assert_int_equal(run_inside(f, open_devices), 0x7);
}

static void test_device_rules_are_replaced_by_an_update(void **state)
{
    struct fixture *f = *state;
    static struct spec_device_rule none = {.allow = false, .type = 'a', .major = -1, .minor = -1, .access = "rwm"};
    static struct spec_device_rule all = {.allow = true, .type = 'a', .major = -1, .minor = -1, .access = "rwm"};
    f->spec.resources.devices = &none;
    f->spec.resources.n_devices = 1;
    create(f);
    assert_int_equal(run_inside(f, open_devices), 0);
    f->spec.resources.devices = &all;
    assert_ok(cgroup_update(&f->cgroup, &f->spec.resources, &f->e), &f->e);
    assert_int_equal(run_inside(f, open_devices), 0x1f);
}

static int count_cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) < 0 ? 98 : CPU_COUNT(&set);
}

static void test_cpuset_holds(void **state)
{
    struct fixture *f = *state;
    if (!has_controller(CGROUP_CPUSET))
        skip();
    f->spec.resources.cpuset_cpus = (char[]){"0"};
    create(f);
    assert_int_equal(run_inside(f, count_cpus), 1);
}

static void test_a_value_that_the_kernel_refuses_names_the_flag(void **state)
{
    struct fixture *f = *state;
    if (!has_controller(CGROUP_CPUSET))
        skip();
    f->spec.resources.cpuset_cpus = (char[]){"4000"};
    assert_true(cgroup_create(&f->spec, &f->cgroup, &f->e) < 0);
    assert_non_null(strstr(f->e.text, "--cpuset-cpus"));
    assert_false(exists_anywhere(f->path));
}

static void test_members_are_listed(void **state)
{
    struct fixture *f = *state;
    _cleanup_free_ pid_t *pids = NULL;
    size_t n;
    create(f);
    pid_t pid = start_inside(f, body_sleep);
    assert_ok(cgroup_pids(f->path, &pids, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(pids[0], pid);
}

static void body_fork_bomb(void)
{
    for (;;)
        fork();
}

static void test_kill_ends_a_fork_bomb(void **state)
{
    struct fixture *f = *state;
    pid_t *pids = NULL;
    size_t n;
    f->spec.resources.pids_limit = 60;
    create(f);
    start_inside(f, body_fork_bomb);
    usleep(50000);
    assert_ok(cgroup_kill(f->path, &f->e), &f->e);
    assert_ok(cgroup_pids(f->path, &pids, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    free(pids);
    assert_ok(cgroup_remove(f->path, &f->e), &f->e);
}

static volatile unsigned *counter;

static void body_count(void)
{
    for (;;)
        (*counter)++;
}

static void test_freeze_stops_and_thaw_goes_on(void **state)
{
    struct fixture *f = *state;
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    create(f);
    start_inside(f, body_count);
    assert_ok(cgroup_freeze(f->path, true, &f->e), &f->e);
    unsigned frozen = *counter;
    usleep(20000);
    assert_int_equal(*counter, frozen);
    assert_ok(cgroup_freeze(f->path, false, &f->e), &f->e);
    for (int i = 0; i < 200 && *counter == frozen; i++)
        usleep(10000);
    assert_true(*counter != frozen);
    munmap((void *)counter, 4096);
}

static void test_one_in_use_is_a_conflict_and_stays(void **state)
{
    struct fixture *f = *state;
    struct cgroup other = CGROUP_INIT;
    create(f);
    start_inside(f, body_sleep);
    assert_true(cgroup_create(&f->spec, &other, &f->e) < 0);
    assert_int_equal(f->e.kind, ERR_CONFLICT);
    assert_true(exists_anywhere(f->path));
}

static void test_an_empty_leftover_is_made_anew(void **state)
{
    struct fixture *f = *state;
    f->spec.resources.pids_limit = 3;
    create(f);
    cgroup_release(&f->cgroup);
    f->spec.resources.pids_limit = 0;
    create(f);
    assert_string_equal(read_limit(f, CGROUP_PIDS, "pids.max", "pids.max"), "max");
}

static void test_remove_takes_nested_ones(void **state)
{
    struct fixture *f = *state;
    create(f);
    int dir_fd = is_v1(f, CGROUP_PIDS) ? f->cgroup.v1_fd[CGROUP_PIDS] : f->cgroup.v2_fd;
    assert_return_code(mkdirat(dir_fd, "a", 0755), errno);
    assert_return_code(mkdirat(dir_fd, "a/b", 0755), errno);
    assert_return_code(mkdirat(dir_fd, "a/c", 0755), errno);
    assert_return_code(mkdirat(dir_fd, "d", 0755), errno);
    assert_ok(cgroup_remove(f->path, &f->e), &f->e);
    assert_false(exists_anywhere(f->path));
}

static void test_remove_of_one_in_use_is_busy(void **state)
{
    struct fixture *f = *state;
    create(f);
    start_inside(f, body_sleep);
    assert_int_equal(cgroup_remove(f->path, &f->e), -EBUSY);
}

/* The parent "/sampan" comes and goes under the feet of the others. */
static void test_parallel_making_and_removing(void **state)
{
    (void)state;
    enum { WORKERS = 4, ROUNDS = 60 };
    pid_t workers[WORKERS];
    for (int w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        if (workers[w] != 0)
            continue;
        for (int i = 0; i < ROUNDS; i++) {
            void *own;
            setup(&own);
            struct fixture *f = own;
            if (cgroup_create(&f->spec, &f->cgroup, &f->e) < 0 || cgroup_remove(f->path, &f->e) < 0) {
                fprintf(stderr, "%s\n", f->e.text);
                _exit(1);
            }
            cgroup_release(&f->cgroup);
            free(f);
        }
        _exit(0);
    }
    for (int w = 0; w < WORKERS; w++) {
        int status;
        assert_int_equal(waitpid(workers[w], &status, 0), workers[w]);
        assert_int_equal(status, 0);
    }
}

static int burn(void)
{
    struct timespec t;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    while (t.tv_sec == 0 && t.tv_nsec < 50000000);
    return 0;
}

static void body_hold_memory(void)
{
    enum { BYTES = 8 << 20, PAGE = 4096 };
    volatile char *p = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i += PAGE)
        p[i] = 1;
    raise(SIGSTOP);
}

static void test_usage_counts(void **state)
{
    struct fixture *f = *state;
    struct cgroup_usage u;
    f->spec.resources.memory_limit = 64 * MIB;
    f->spec.resources.pids_limit = 11;
    create(f);
    assert_int_equal(run_inside(f, burn), 0);
    pid_t pid = start_inside(f, body_hold_memory);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    assert_ok(cgroup_read_usage(f->path, &u, &f->e), &f->e);
    assert_int_equal(u.memory_limit, 64 * MIB);
    assert_in_range(u.memory_bytes, 8 * MIB, 64 * MIB);
    assert_int_equal(u.pids, 1);
    assert_int_equal(u.pids_limit, 11);
    assert_in_range(u.cpu_ns, 20000000, UINT64_C(10000000000)); /* a machine may count whole ticks only */
}

static void test_usage_of_none_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct cgroup_usage u;
    assert_true(cgroup_read_usage("/sampan/no-such", &u, &f->e) < 0);
    assert_int_equal(f->e.kind, ERR_NOT_FOUND);
}

static void test_open_joins_an_existing_one(void **state)
{
    struct fixture *f = *state;
    create(f);
    cgroup_release(&f->cgroup);
    assert_ok(cgroup_open(f->path, &f->cgroup, &f->e), &f->e);
    pid_t pid = start_inside(f, body_sleep);
    _cleanup_free_ pid_t *pids = NULL;
    size_t n;
    assert_ok(cgroup_pids(f->path, &pids, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(pids[0], pid);
}

static void test_joining_works_after_the_uid_is_gone(void **state)
{
    struct fixture *f = *state;
    create(f);
    pid_t pid = fork();
    if (pid == 0) {
        if (sys_setresuid(12345, 12345, 12345) < 0)
            _exit(1);
        _exit(cgroup_join_self(&f->cgroup, false, NULL) < 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_clone_into_v2(void **state)
{
    struct fixture *f = *state;
    create(f);
    int fd = cgroup_clone_fd(&f->cgroup);
    if (fd < 0)
        skip();
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd};
    pid_t pid = sys_clone3(&args);
    assert_return_code(pid, errno);
    if (pid == 0)
        body_sleep();
    _cleanup_free_ pid_t *pids = NULL;
    size_t n;
    assert_ok(cgroup_pids(f->path, &pids, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(pids[0], pid);
}

static void test_unified_settings(void **state)
{
    struct fixture *f = *state;
    char *settings[] = {(char[]){"cgroup.max.depth=3"}, NULL};
    f->spec.resources.unified = settings;
    if (cgroup_layout()->v2_fd < 0) {
        assert_true(cgroup_create(&f->spec, &f->cgroup, &f->e) < 0);
        return;
    }
    create(f);
    _cleanup_free_ char *text = NULL;
    assert_ok(file_read(f->cgroup.v2_fd, "cgroup.max.depth", 16, &text, NULL, &f->e), &f->e);
    assert_string_equal(text, "3\n");
}

static void test_unified_setting_of_a_controller(void **state)
{
    struct fixture *f = *state;
    char *settings[] = {(char[]){"memory.high=1048576"}, NULL};
    f->spec.resources.unified = settings;
    int r = cgroup_create(&f->spec, &f->cgroup, &f->e);
    if (cgroup_layout()->v2_controllers & 1u << CGROUP_MEMORY) {
        assert_ok(r, &f->e);
        assert_string_equal(read_limit(f, CGROUP_MEMORY, NULL, "memory.high"), "1048576");
    } else {
        assert_true(r < 0); /* version 1 has the controller: told, not dropped */
        assert_non_null(strstr(f->e.text, "unified"));
    }
}

static void test_unified_setting_that_is_not_there(void **state)
{
    struct fixture *f = *state;
    char *settings[] = {(char[]){"cgroup.nonsense=3"}, NULL};
    f->spec.resources.unified = settings;
    assert_true(cgroup_create(&f->spec, &f->cgroup, &f->e) < 0);
    assert_non_null(strstr(f->e.text, "unified"));
    assert_false(exists_anywhere(f->path));
}

/* What is done to the root's processes is done to the machine: no path may lead there. */
static void test_paths_below_the_root(void **state)
{
    const char *const below[] = {"/a", "a", "//a/b", "/..a", "/a..", "/.a"};
    const char *const not_below[] = {"", "/", "//", "/.", "./", "/./.", "..", "/..", "/a/..", "/a/../b", "/a/./b"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(not_below); i++) {
        assert_false(cgroup_path_is_below_root(not_below[i]));
        if (cgroup_layout()->v2_fd >= 0)
            assert_int_equal(cgroup_tree_open(cgroup_layout()->v2_fd, not_below[i]), -EINVAL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(below); i++)
        assert_true(cgroup_path_is_below_root(below[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_agrees_with_the_kernel),
        cmocka_unit_test(test_paths_below_the_root),
        TEST(test_create_and_remove_leave_nothing),
        TEST(test_limits_are_written),
        TEST(test_swap_is_memory_and_swap_together),
        TEST(test_swap_below_memory_is_refused),
        TEST(test_update_raises_and_lowers),
        TEST(test_update_with_memsw),
        TEST(test_pids_limit_holds),
        TEST(test_memory_limit_holds_and_the_oom_killer_is_seen),
        TEST(test_device_rules_hold),
        TEST(test_device_rules_are_replaced_by_an_update),
        TEST(test_cpuset_holds),
        TEST(test_a_value_that_the_kernel_refuses_names_the_flag),
        TEST(test_members_are_listed),
        TEST(test_kill_ends_a_fork_bomb),
        TEST(test_freeze_stops_and_thaw_goes_on),
        TEST(test_one_in_use_is_a_conflict_and_stays),
        TEST(test_an_empty_leftover_is_made_anew),
        TEST(test_remove_takes_nested_ones),
        TEST(test_remove_of_one_in_use_is_busy),
        cmocka_unit_test(test_parallel_making_and_removing),
        TEST(test_usage_counts),
        TEST(test_usage_of_none_is_not_found),
        TEST(test_open_joins_an_existing_one),
        TEST(test_joining_works_after_the_uid_is_gone),
        TEST(test_clone_into_v2),
        TEST(test_unified_settings),
        TEST(test_unified_setting_of_a_controller),
        TEST(test_unified_setting_that_is_not_there),
    };
    /* Needs what a container needs: without it there is nothing to test, and a machine that runs all tests has it. */
    if (geteuid() != 0 || !has_controller(CGROUP_PIDS) || !has_controller(CGROUP_MEMORY)) {
        printf("1..0 # SKIP needs root and writable cgroups with memory and pids\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
