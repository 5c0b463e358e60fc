#include "base/unit.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kernel/features.h"
#include "kernel/namespaces.h"

static void every_kind_is_what_procfs_has_by_its_name(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        _cleanup_close_ int fd = ns_open(getpid(), kind, &e);

        if (fd < 0)
            fail_msg("%s", e.text);
        assert_int_equal(ioctl(fd, NS_GET_NSTYPE), ns_kinds[kind].clone_flag);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
}

static void inodes_agree_however_they_are_asked_for(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = ns_open(0, NS_NET, &e);
    uint64_t by_pid;
    uint64_t own;
    uint64_t by_fd;

    (void)state;
    assert_int_equal(ns_inode(getpid(), NS_NET, &by_pid, &e), 0);
    assert_int_equal(ns_inode(0, NS_NET, &own, &e), 0);
    assert_int_equal(ns_fd_inode(fd, &by_fd, &e), 0);
    assert_int_equal(by_pid, own);
    assert_int_equal(by_pid, by_fd);
}

static void owner_of_a_namespace_is_found(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int net = ns_open(0, NS_NET, &e);
    _cleanup_close_ int user = ns_owner_userns(net, &e);
    uid_t uid = 12345;

    (void)state;
    assert_true(user >= 0);
    assert_int_equal(ioctl(user, NS_GET_NSTYPE), ns_kinds[NS_USER].clone_flag);
    assert_int_equal(ns_owner_uid(user, &uid, &e), 0);
    assert_int_not_equal(uid, 12345);
    assert_int_equal(ns_owner_uid(net, &uid, &e), -EINVAL); /* has none: it is no user namespace */
}

static void a_process_that_is_not_there_is_named(void **state)
{
    struct err e = ERR_INIT;
    uint64_t inode;

    (void)state;
    assert_int_equal(ns_open(0x7fffffff, NS_IPC, &e), -ENOENT);
    assert_says(&e, "/proc/2147483647/ns/ipc");
    assert_int_equal(ns_inode(0x7fffffff, NS_MOUNT, &inode, &e), -ENOENT);
    assert_says(&e, "/ns/mnt");
}

/* What the kernel shows elsewhere has to agree with the probes. */
static void features_are_what_procfs_shows(void **state)
{
    (void)state;
    assert_int_equal(kernel_has(FEATURE_TIME_NS), access("/proc/self/ns/time", F_OK) == 0);
    assert_int_equal(kernel_has(FEATURE_USER_NS), access("/proc/self/ns/user", F_OK) == 0);
    assert_int_equal(kernel_has(FEATURE_SECCOMP_FILTER), access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0);
    for (enum kernel_feature f = 0; f < FEATURE_COUNT; f++)
        assert_true(strlen(kernel_feature_name(f)) > 0);
}

static uint64_t effective_caps(void)
{
    char line[256];
    unsigned long long caps = 0;
    FILE *f = fopen("/proc/self/status", "re");

    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        sscanf(line, "CapEff: %llx", &caps);
    fclose(f);
    return caps;
}

static void capabilities_are_the_effective_ones(void **state)
{
    uint64_t caps = effective_caps();

    (void)state;
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        assert_int_equal(process_has_cap(cap), (caps >> cap) & 1);
    assert_false(process_has_cap(-1));
    assert_false(process_has_cap(64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_what_procfs_has_by_its_name),
        cmocka_unit_test(inodes_agree_however_they_are_asked_for),
        cmocka_unit_test(owner_of_a_namespace_is_found),
        cmocka_unit_test(a_process_that_is_not_there_is_named),
        cmocka_unit_test(features_are_what_procfs_shows),
        cmocka_unit_test(capabilities_are_the_effective_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
