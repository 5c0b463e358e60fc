/* runtime_cli/instance.c and record.c: state directories, their locks, and how a status is found without a container. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "kernel/pidfd.h"
#include "runtime_cli/instance.h"
#include "runtime_cli/start_socket.h"

static int make_root(void **state)
{
    char *path = strdup("/tmp/sampan-unit-XXXXXX");

    *state = path;
    return path && mkdtemp(path) ? 0 : -1;
}

static int remove_root(void **state)
{
    int r = dir_remove_all(AT_FDCWD, *state, NULL);

    free(*state);
    return r;
}

#define in_root(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

/* A container whose init is this process. */
static void create_with_us(const char *root, const char *id, struct instance *i)
{
    assert_int_equal(instance_create(root, id, i, NULL), 0);
    i->record.pid = getpid();
    i->record.cgroup = strdup("/sampan-unit-no-such-cgroup");
    assert_int_equal(pid_start_time(getpid(), &i->record.start_time, NULL), 0);
    assert_int_equal(record_save(&i->record, i->dir_fd, NULL), 0);
}

static void test_ids(void **state)
{
    const char *const good[] = {"a", "web-1", "A.b_c+d", "0", "..."};
    const char *const bad[] = {"", ".", "..", "a/b", "a b", "\xc3\xa9", "a\n"};
    char too_long[300];

    (void)state;
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(instance_check_id(good[i], NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_true(instance_check_id(bad[i], NULL) < 0);
    assert_true(instance_check_id(too_long, NULL) < 0);
}

static void test_record_comes_back(void **state)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT, again = INSTANCE_INIT;

    assert_int_equal(instance_create(*state, "c", &i, NULL), 0);
    i.record = (struct record){.pid = 12,
                               .start_time = UINT64_MAX,
                               .has_pid_ns = true,
                               .bundle = strdup("/b"),
                               .rootfs = strdup("/b/r"),
                               .created = strdup("now"),
                               .cgroup = strdup("/x/c"),
                               .annotations = json_object_new_object()};
    json_add_str(i.record.annotations, "k", "v");
    assert_int_equal(record_save(&i.record, i.dir_fd, NULL), 0);

    assert_int_equal(instance_open(*state, "c", false, &again, NULL), 0);
    assert_int_equal(again.record.pid, 12);
    assert_true(again.record.start_time == UINT64_MAX);
    assert_true(again.record.has_pid_ns);
    assert_string_equal(again.record.bundle, "/b");
    assert_string_equal(again.record.rootfs, "/b/r");
    assert_string_equal(again.record.created, "now");
    assert_string_equal(again.record.cgroup, "/x/c");
    assert_true(json_object_equal(again.record.annotations, i.record.annotations));
}

static void test_second_creation(void **state)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT, other = INSTANCE_INIT;
    struct err e = ERR_INIT;

    /* While the first goes on, and after it. */
    assert_int_equal(instance_create(*state, "c", &i, NULL), 0);
    assert_true(instance_create(*state, "c", &other, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    instance_release(&i);
    create_with_us(*state, "c", &i);
    instance_release(&i);
    e = ERR_INIT;
    assert_true(instance_create(*state, "c", &other, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
}

static void test_removal(void **state)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT, other = INSTANCE_INIT;
    struct err e = ERR_INIT;

    create_with_us(*state, "c", &i);
    assert_int_equal(instance_remove(&i, NULL), 0);
    assert_true(instance_open(*state, "c", true, &other, &e) < 0);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    /* The old lock is still held, on a directory that has no name any more. */
    assert_int_equal(instance_create(*state, "c", &other, NULL), 0);
}

static void test_list(void **state)
{
    _cleanup_instance_ struct instance b = INSTANCE_INIT, a = INSTANCE_INIT;
    _cleanup_strv_ char **ids = NULL, **none = NULL;
    _cleanup_free_ char *joined = NULL;

    create_with_us(*state, "b", &b);
    create_with_us(*state, "a", &a);
    assert_int_equal(instance_list(*state, &ids, NULL), 0);
    joined = strv_join(ids, " ");
    assert_string_equal(joined, "a b");
    assert_int_equal(instance_list("/no/such/root", &none, NULL), 0);
    assert_int_equal(strv_len(none), 0);
}

static void test_status_of_creation(void **state)
{
    _cleanup_instance_ struct instance creator = INSTANCE_INIT, i = INSTANCE_INIT;

    assert_int_equal(instance_create(*state, "c", &creator, NULL), 0);
    creator.record.cgroup = strdup("/sampan-unit-no-such-cgroup");
    assert_int_equal(record_save(&creator.record, creator.dir_fd, NULL), 0);
    assert_int_equal(instance_open(*state, "c", false, &i, NULL), 0);
    assert_int_equal(instance_status(&i), INSTANCE_CREATING);
    instance_release(&creator); /* as a crash does */
    assert_int_equal(instance_status(&i), INSTANCE_STOPPED);
    instance_release(&i);
    assert_int_equal(instance_create(*state, "c", &i, NULL), 0);
}

static void test_status_of_process(void **state)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_close_ int listen_fd = -1;

    create_with_us(*state, "c", &i);
    assert_int_equal(instance_status(&i), INSTANCE_RUNNING);
    listen_fd = start_socket_listen(i.dir_fd, NULL);
    assert_true(listen_fd >= 0);
    assert_int_equal(instance_status(&i), INSTANCE_CREATED);
    /* Also when it accepts nobody, as if it were frozen. */
    for (int n = 0; n < 40; n++)
        assert_int_equal(instance_status(&i), INSTANCE_CREATED);
    fd_close(&listen_fd);
    assert_int_equal(instance_status(&i), INSTANCE_RUNNING);
    /* Another process with the same pid. */
    i.record.start_time++;
    assert_int_equal(instance_status(&i), INSTANCE_STOPPED);
}

static void test_status_of_zombie(void **state)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    siginfo_t info;
    pid_t pid;

    create_with_us(*state, "c", &i);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    i.record.pid = pid;
    assert_int_equal(pid_start_time(pid, &i.record.start_time, NULL), 0);
    assert_int_equal(instance_status(&i), INSTANCE_STOPPED);
    assert_int_equal(instance_pidfd(&i, NULL), -ESRCH);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        in_root(test_record_comes_back),
        in_root(test_second_creation),
        in_root(test_removal),
        in_root(test_list),
        in_root(test_status_of_creation),
        in_root(test_status_of_process),
        in_root(test_status_of_zombie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
