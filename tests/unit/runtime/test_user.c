/* Users are looked up in "/etc/passwd" of the caller's root: each look-up runs in a child inside a root of the test's.
 * */
#include "base/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "runtime/process/process.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "# a comment\n"
                             "\n"
                             "short:x:5\n"
                             "wrap:x:4294967296:0::/:/bin/sh\n"
                             "minus:x:-1:0::/:/bin/sh\n"
                             "blank:x: 0:0::/:/bin/sh\n"
                             "hex:x:0x0:0::/:/bin/sh\n"
                             "1000:x:7:7:a number for a name:/seven:/bin/sh\n"
                             "alice:x:1000:100:Alice:/home/alice:/bin/sh\n"
                             "homeless:x:1001:100:::/bin/sh\n"
                             "last:x:1002:100::/home/last:/bin/sh";
static const char group[] = "root:x:0:\n"
                            "users:x:100:alice\n"
                            "wheel:x:10:root,alice\n"
                            "lookalike:x:11:alicea,xalice\n"
                            "wrapped:x:4294967296:alice\n"
                            "audio:x:29:bob,alice\n";

struct result {
    int r;
    struct err e;
    uid_t uid;
    gid_t gid;
    gid_t groups[16];
    size_t n_groups;
    char home[64];
};

static struct result *result; /* shared with the child */

static int make_root(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests change their root and need root\n");
        exit(77); /* skipped, to Meson */
    }
    result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return result == MAP_FAILED ? -1 : 0;
}

static void put(const char *path, const char *text)
{
    struct err e = ERR_INIT;

    if (file_write(AT_FDCWD, path, text, strlen(text), 0644, &e) < 0)
        fail_msg("%s", e.text);
}

static int enter_with_files(void **state)
{
    int r = enter_temporary_dir(state);

    if (r < 0 || mkdir("etc", 0755) < 0)
        return -1;
    put("etc/passwd", passwd);
    put("etc/group", group);
    return 0;
}

static int leave_files(void **state)
{
    unlink("etc/passwd");
    unlink("etc/group");
    rmdir("etc");
    return leave_temporary_dir(state);
}

static _Noreturn void resolve_in_child(const struct spec_user *user)
{
    struct identity id;

    alarm(10);
    if (chroot(".") < 0 || chdir("/") < 0)
        _exit(1);
    result->r = user_resolve(user, &id, &result->e);
    if (result->r == 0) {
        result->uid = id.uid;
        result->gid = id.gid;
        result->n_groups = id.n_groups;
        memcpy(result->groups, id.groups, sizeof(*id.groups) * (id.n_groups > 16 ? 16 : id.n_groups));
        snprintf(result->home, sizeof(result->home), "%s", id.home);
        identity_release(&id);
    }
    _exit(0);
}

static void resolve_user_of(const struct spec_user *user)
{
    int status;
    pid_t pid;

    memset(result, 0, sizeof(*result));
    pid = fork();
    if (pid == 0)
        resolve_in_child(user);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void resolve(const char *name)
{
    struct spec_user user = {.name = (char *)name};

    resolve_user_of(&user);
}

static void assert_identity(uid_t uid, gid_t gid, const char *home)
{
    if (result->r < 0)
        fail_msg("%s", result->e.text);
    assert_int_equal(result->uid, uid);
    assert_int_equal(result->gid, gid);
    assert_string_equal(result->home, home);
}

/* `text` is "100,10,29": all of them, in this order. */
static void assert_groups(const char *text)
{
    char found[128] = "";
    size_t at = 0;

    for (size_t i = 0; i < result->n_groups; i++)
        at += (size_t)snprintf(found + at, sizeof(found) - at, "%s%u", i ? "," : "", result->groups[i]);
    assert_string_equal(found, text);
}

static void assert_refused(const char *name, const char *text)
{
    resolve(name);
    assert_true(result->r < 0);
    assert_int_equal(result->e.kind, ERR_INVALID);
    assert_says(&result->e, text);
}

/* ---- Docker's rules ---- */

static void a_name_brings_group_home_and_memberships(void **state)
{
    (void)state;
    resolve("alice");
    assert_identity(1000, 100, "/home/alice");
    assert_groups("100,10,29");
}

static void a_number_is_an_id_even_where_it_is_a_name(void **state)
{
    (void)state;
    resolve("1000");
    assert_identity(1000, 100, "/home/alice");
    assert_groups("100,10,29");
    resolve("7");
    assert_identity(7, 7, "/seven");
}

static void an_explicit_group_is_the_only_one(void **state)
{
    (void)state;
    resolve("alice:audio");
    assert_identity(1000, 29, "/home/alice");
    assert_groups("29");
    resolve("alice:4000");
    assert_identity(1000, 4000, "/home/alice");
    assert_groups("4000");
}

static void an_unknown_number_is_nobody_of_group_0(void **state)
{
    (void)state;
    resolve("4711");
    assert_identity(4711, 0, "/");
    assert_groups("0");
    resolve("2147483647:5");
    assert_identity(2147483647, 5, "/");
}

static void an_empty_user_is_root(void **state)
{
    (void)state;
    resolve(":audio");
    assert_identity(0, 29, "/root");
    assert_groups("29");
    resolve("alice:");
    assert_groups("100,10,29");
}

static void a_user_without_home_gets_the_root(void **state)
{
    (void)state;
    resolve("homeless");
    assert_identity(1001, 100, "/");
}

static void the_last_line_needs_no_newline(void **state)
{
    (void)state;
    resolve("last");
    assert_identity(1002, 100, "/home/last");
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    assert_refused("bob", "unable to find user bob: no matching entries in passwd file");
    assert_refused("alice:ghosts", "unable to find group ghosts: no matching entries in group file");
}

/* ---- what must not become root ---- */

static void numbers_beyond_the_range_are_refused(void **state)
{
    (void)state;
    assert_refused("4294967296", "ids go from 0 to 2147483647");
    assert_refused("2147483648", "ids go from 0 to 2147483647");
    assert_refused("18446744073709551616", "ids go from 0 to 2147483647");
    assert_refused("0:4294967296", "ids go from 0 to 2147483647");
}

static void near_numbers_are_refused(void **state)
{
    static const char *const texts[] = {"-1", "+0", "0x0", " 0", "0 ", "1e3", "0:+1", "0:0x5"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        resolve(texts[i]);
        if (result->r == 0)
            fail_msg("\"%s\" became uid %u gid %u", texts[i], result->uid, result->gid);
    }
}

static void entries_with_ids_that_are_none_are_no_entries(void **state)
{
    static const char *const names[] = {"wrap", "minus", "blank", "hex", "short", "# a comment"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        resolve(names[i]);
        if (result->r == 0)
            fail_msg("\"%s\" became uid %u", names[i], result->uid);
    }
    assert_refused("alice:wrapped", "unable to find group wrapped");
}

/* ---- files that are not as they should be ---- */

static void missing_files_leave_the_numbers(void **state)
{
    (void)state;
    unlink("etc/passwd");
    unlink("etc/group");
    resolve("5:6");
    assert_identity(5, 6, "/");
    assert_refused("root", "unable to find user root");
}

static void a_fifo_does_not_block(void **state)
{
    (void)state;
    unlink("etc/passwd");
    assert_int_equal(mkfifo("etc/passwd", 0644), 0);
    resolve("alice");
    assert_true(result->r < 0);
}

static void a_file_without_end_is_refused(void **state)
{
    (void)state;
    assert_int_equal(truncate("etc/passwd", 1024 * 1024 + 1), 0);
    resolve("alice");
    assert_int_equal(result->r, -EFBIG);
}

/* ---- an OCI process ---- */

static void oci_numbers_hold_as_they_are(void **state)
{
    gid_t groups[] = {50, 100, 50};
    struct spec_user user = {.uid = 1000, .gid = 5, .groups = groups, .n_groups = 3};

    (void)state;
    resolve_user_of(&user);
    assert_identity(1000, 5, "/home/alice");
    assert_groups("5,50,100");
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, enter_with_files, leave_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_files(a_name_brings_group_home_and_memberships),
        with_files(a_number_is_an_id_even_where_it_is_a_name),
        with_files(an_explicit_group_is_the_only_one),
        with_files(an_unknown_number_is_nobody_of_group_0),
        with_files(an_empty_user_is_root),
        with_files(a_user_without_home_gets_the_root),
        with_files(the_last_line_needs_no_newline),
        with_files(unknown_names_are_refused),
        with_files(numbers_beyond_the_range_are_refused),
        with_files(near_numbers_are_refused),
        with_files(entries_with_ids_that_are_none_are_no_entries),
        with_files(missing_files_leave_the_numbers),
        with_files(a_fifo_does_not_block),
        with_files(a_file_without_end_is_refused),
        with_files(oci_numbers_hold_as_they_are),
    };

    return cmocka_run_group_tests(tests, make_root, NULL);
}
