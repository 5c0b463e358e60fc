#include "unit.h"

#include <sys/stat.h>

static const struct member three[] = {
    {.name = "dir", .kind = 'd'},
    {.name = "dir/first", .data = "one"},
    {.name = "./second", .data = "two"},
    {.name = "empty", .data = ""},
    {0},
};

static void assert_member(const struct tar_source *s, const char *name, const char *expected)
{
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;
    size_t len = 0;

    assert_works(tar_source_read(s, name, 1000, &text, &len, &e), &e);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
}

static void assert_no_member(const struct tar_source *s, const char *name, enum err_kind kind, const char *says)
{
    struct tar_member *m = NULL;
    struct err e = ERR_INIT;

    assert_true(tar_member_open(s, name, &m, &e) < 0);
    assert_int_equal(e.kind, kind);
    assert_says(&e, says);
    assert_null(m);
}

/* ---- names ---- */

static void members_are_found_in_any_order(void **state)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(three);

    (void)state;
    assert_member(&s, "second", "two");
    assert_member(&s, "dir/first", "one");
    assert_member(&s, "./dir/first", "one");
    assert_member(&s, "empty", "");
    assert_member(&s, "second", "two");
}

static void what_is_missing_or_no_file_is_said(void **state)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(three);

    (void)state;
    assert_no_member(&s, "third", ERR_NOT_FOUND, "no member \"third\"");
    assert_no_member(&s, "first", ERR_NOT_FOUND, "no member \"first\"");
    assert_no_member(&s, "", ERR_NOT_FOUND, "no member");
    assert_no_member(&s, "../second", ERR_NOT_FOUND, "no member");
    assert_no_member(&s, "dir/", ERR_INVALID, "not a file");
}

static void a_member_too_large_is_refused(void **state)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(three);
    struct err e = ERR_INIT;
    char *text = NULL;

    (void)state;
    assert_true(tar_source_read(&s, "second", 2, &text, NULL, &e) < 0);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_says(&e, "larger than 2 bytes");
    assert_null(text);
}

/* Readers of one file have positions of their own. */
static void two_members_are_read_side_by_side(void **state)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(three);
    _cleanup_tar_member_ struct tar_member *one = NULL, *two = NULL;
    struct err e = ERR_INIT;
    const void *data;

    (void)state;
    assert_works(tar_member_open(&s, "dir/first", &one, &e), &e);
    assert_works(tar_member_open(&s, "second", &two, &e), &e);
    assert_int_equal(tar_member_next(one, &data, &e), 3);
    assert_memory_equal(data, "one", 3);
    assert_int_equal(tar_member_next(two, &data, &e), 3);
    assert_memory_equal(data, "two", 3);
    assert_int_equal(tar_member_next(one, &data, &e), 0);
    assert_int_equal(tar_member_next(one, &data, &e), 0);
}

/* ---- links ---- */

static const struct member links[] = {
    {.name = "cd/layer.tar", .data = "layer"},
    {.name = "ab/layer.tar", .link = "../cd/layer.tar", .kind = 's'},
    {.name = "cd/beside", .link = "layer.tar", .kind = 's'},
    {.name = "cd/here", .link = "./layer.tar", .kind = 's'},
    {.name = "x/y/deep", .link = "../../cd/layer.tar", .kind = 's'},
    {.name = "above", .link = "../../../cd/layer.tar", .kind = 's'},
    {.name = "x/hard", .link = "cd/layer.tar", .kind = 'h'},
    {.name = "twice", .link = "ab/layer.tar", .kind = 's'},
    {.name = "itself", .link = "itself", .kind = 's'},
    {.name = "host", .link = "/etc/passwd", .kind = 's'},
    {.name = "dangling", .link = "nowhere", .kind = 's'},
    {0},
};

static void a_link_is_followed_inside_the_archive(void **state)
{
    static const char *const names[] = {"ab/layer.tar", "cd/beside", "cd/here", "x/y/deep", "above", "x/hard"};
    _cleanup_tar_source_ struct tar_source s = open_tar(links);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_member(&s, names[i], "layer");
}

static void a_link_is_followed_once_and_never_to_the_host(void **state)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(links);

    (void)state;
    assert_no_member(&s, "twice", ERR_INVALID, "link to a link");
    assert_no_member(&s, "itself", ERR_INVALID, "link to a link");
    assert_no_member(&s, "host", ERR_NOT_FOUND, "no member");
    assert_no_member(&s, "dangling", ERR_NOT_FOUND, "no member \"nowhere\"");
}

/* ---- forms of input ---- */

static void a_compressed_tar_is_spooled(void **state)
{
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_BZIP2};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        _cleanup_tar_source_ struct tar_source s = TAR_SOURCE_INIT;
        _cleanup_close_ int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct err e = ERR_INIT;
        struct stat st;

        assert_works(tar_source_open(make_tar(three, filters[i]), tmp, &s, &e), &e);
        assert_member(&s, "second", "two");
        assert_member(&s, "dir/first", "one");
        assert_int_equal(fstat(s.fd, &st), 0);
        assert_int_equal(st.st_nlink, 0); /* the spooled copy has no name */
    }
}

static void a_pipe_is_spooled(void **state)
{
    _cleanup_tar_source_ struct tar_source s = TAR_SOURCE_INIT;
    _cleanup_close_ int plain = make_tar(three, ARCHIVE_FILTER_NONE);
    struct err e = ERR_INIT;
    char data[16 * 1024];
    ssize_t len = fd_read_full(plain, data, sizeof(data));
    int pipe_fds[2];

    (void)state;
    assert_in_range(len, 1, sizeof(data) - 1);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(fd_write_all(pipe_fds[1], data, (size_t)len), 0);
    close(pipe_fds[1]);
    assert_works(tar_source_open(pipe_fds[0], AT_FDCWD, &s, &e), &e);
    assert_member(&s, "second", "two");
}

static int file_with(const void *data, size_t len)
{
    int fd = memfd_create("input", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, data, len), 0);
    return fd;
}

/* The fd is taken over on failure too: a second close would fail. */
static void what_is_no_tar_is_refused(void **state)
{
    static const char *const inputs[] = {"", "hello", "\x1f\x8b\x08 damaged", "\x28\xb5\x2f\xfd damaged"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        struct tar_source s = TAR_SOURCE_INIT;
        struct err e = ERR_INIT;
        int fd = file_with(inputs[i], strlen(inputs[i]));

        assert_true(tar_source_open(fd, AT_FDCWD, &s, &e) < 0);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_int_equal(s.fd, -1);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
    }
}

static void a_tar_that_is_cut_off_is_an_error(void **state)
{
    static const struct member large[] = {
        {.name = "a", .data = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, {0}};
    _cleanup_tar_source_ struct tar_source s = open_tar(large);
    struct err e = ERR_INIT;
    char *text = NULL;

    (void)state;
    assert_int_equal(ftruncate(s.fd, 512 + 10), 0);
    assert_true(tar_source_read(&s, "a", 1000, &text, NULL, &e) < 0);
    assert_says(&e, "runcated");
    assert_null(text);
}

static void too_many_members_end_the_search(void **state)
{
    _cleanup_tar_source_ struct tar_source s = TAR_SOURCE_INIT;
    struct archive *a = archive_write_new();
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct err e = ERR_INIT;

    (void)state;
    archive_write_set_format_ustar(a);
    assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
    for (int i = 0; i <= TAR_SOURCE_MEMBERS_MAX; i++)
        add_member(a, &(struct member){.name = "same", .data = ""});
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    assert_works(tar_source_open(fd, AT_FDCWD, &s, &e), &e);
    assert_no_member(&s, "other", ERR_INVALID, "more than 100000 members");
    assert_member(&s, "same", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_in_any_order),
        cmocka_unit_test(what_is_missing_or_no_file_is_said),
        cmocka_unit_test(a_member_too_large_is_refused),
        cmocka_unit_test(two_members_are_read_side_by_side),
        cmocka_unit_test(a_link_is_followed_inside_the_archive),
        cmocka_unit_test(a_link_is_followed_once_and_never_to_the_host),
        cmocka_unit_test(a_compressed_tar_is_spooled),
        cmocka_unit_test(a_pipe_is_spooled),
        cmocka_unit_test(what_is_no_tar_is_refused),
        cmocka_unit_test(a_tar_that_is_cut_off_is_an_error),
        cmocka_unit_test(too_many_members_end_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
