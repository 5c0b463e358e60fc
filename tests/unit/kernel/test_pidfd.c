#include "base/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "kernel/pidfd.h"

/* A child that does nothing until it is ended. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

static void a_child_is_killed_and_reaped_by_its_fd(void **state)
{
    struct err e = ERR_INIT;
    siginfo_t info;
    pid_t pid = start_child();
    _cleanup_close_ int fd = pidfd_open_pid(pid, &e);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(pidfd_to_pid(fd), pid);
    assert_false(pidfd_has_exited(fd, 0));
    assert_int_equal(pidfd_kill(fd, SIGTERM, &e), 0);
    assert_true(pidfd_has_exited(fd, 5000));
    assert_int_equal(pidfd_wait(fd, &info, &e), 0);
    assert_int_equal(info.si_pid, pid);
    assert_int_equal(info.si_code, CLD_KILLED);
    assert_int_equal(info.si_status, SIGTERM);
}

static void a_reaped_process_is_nobody(void **state)
{
    struct err e = ERR_INIT;
    siginfo_t info;
    pid_t pid = start_child();
    _cleanup_close_ int fd = pidfd_open_pid(pid, &e);

    (void)state;
    assert_int_equal(pidfd_kill(fd, SIGKILL, &e), 0);
    assert_int_equal(pidfd_wait(fd, &info, &e), 0);
    assert_int_equal(pidfd_to_pid(fd), -ESRCH);
    assert_true(pidfd_has_exited(fd, 0));
    assert_int_equal(pidfd_kill(fd, SIGKILL, &e), -ESRCH);
    assert_int_equal(pidfd_wait(fd, &info, &e), -ECHILD);
}

static void a_pid_that_is_none_is_refused(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(pidfd_open_pid(-1, &e), -EINVAL);
    assert_says(&e, "open process -1");
    assert_true(pidfd_to_pid(STDIN_FILENO) < 0);
}

/* The name stands in brackets before the field, and may itself look like fields. */
static void start_time_is_not_fooled_by_a_name(void **state)
{
    struct err e = ERR_INIT;
    uint64_t before;
    uint64_t after;

    (void)state;
    assert_int_equal(pid_start_time(getpid(), &before, &e), 0);
    assert_true(before > 0);
    assert_int_equal(prctl(PR_SET_NAME, "a) b 7 (c) 9"), 0);
    assert_int_equal(pid_start_time(getpid(), &after, &e), 0);
    assert_int_equal(before, after);
}

static void start_times_grow(void **state)
{
    struct err e = ERR_INIT;
    uint64_t parent;
    uint64_t child;
    pid_t pid = start_child();

    (void)state;
    assert_int_equal(pid_start_time(getpid(), &parent, &e), 0);
    assert_int_equal(pid_start_time(pid, &child, &e), 0);
    assert_true(child >= parent);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(pid_start_time(pid, &child, &e), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_is_killed_and_reaped_by_its_fd),
        cmocka_unit_test(a_reaped_process_is_nobody),
        cmocka_unit_test(a_pid_that_is_none_is_refused),
        cmocka_unit_test(start_time_is_not_fooled_by_a_name),
        cmocka_unit_test(start_times_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
