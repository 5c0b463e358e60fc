#include "unit.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <sys/stat.h>

#include "base/file.h"
#include "shim/json_log.h"
#include "shim/utf8.h"

struct fixture {
    char dir[64];
    char path[80];
    struct json_log log;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/sampan-unit-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/log", f->dir);
    f->log.fd = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    json_log_close(&f->log);
    int r = dir_remove_all(AT_FDCWD, f->dir, NULL);
    free(f);
    return r;
}

static void open_log(struct fixture *f, int64_t max_size, int max_files)
{
    struct err e = ERR_INIT;
    assert_works(json_log_open(&f->log, f->path, max_size, max_files, &e), &e);
}

static char *read_log(const char *path)
{
    struct err e = ERR_INIT;
    char *text = NULL;
    assert_works(file_read(AT_FDCWD, path, 10 << 20, &text, NULL, &e), &e);
    return text;
}

/* The nth line of the log, parsed by somebody else's parser. */
static json_object *entry(const char *text, int n)
{
    for (; n > 0; n--)
        text = strchr(text, '\n') + 1;
    char *line = strndup(text, strcspn(text, "\n"));
    json_object *o = json_tokener_parse(line);
    if (!o)
        fail_msg("no JSON: %s", line);
    free(line);
    return o;
}

static void assert_entry(const char *text, int n, const char *stream, const char *log)
{
    json_object *o = entry(text, n);
    assert_string_equal(json_object_get_string(json_object_object_get(o, "stream")), stream);
    assert_string_equal(json_object_get_string(json_object_object_get(o, "log")), log);
    json_object_put(o);
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void test_lines(void **state)
{
    struct fixture *f = *state;
    open_log(f, 0, 0);
    const char *text = "one\n\ntwo\r\nunfinished";
    assert_int_equal(json_log_lines(&f->log, "stdout", text, strlen(text), false), 10);
    assert_int_equal(json_log_lines(&f->log, "stderr", "x", 1, false), 0);
    assert_int_equal(json_log_lines(&f->log, "stderr", "end", 3, true), 3);
    _cleanup_free_ char *log = read_log(f->path);
    assert_int_equal(count_lines(log), 4);
    assert_entry(log, 0, "stdout", "one\n");
    assert_entry(log, 1, "stdout", "\n");
    assert_entry(log, 2, "stdout", "two\r\n");
    assert_entry(log, 3, "stderr", "end");
}

/* The exact bytes, as Docker's encoder has them. */
static void test_escapes(void **state)
{
    struct fixture *f = *state;
    open_log(f, 0, 0);
    const char text[] = "\"\\\t\x1b[0m\x7f<&>\0\xc3\xa4\xff\xe2\x82\xac\xe2\x82\xed\xa0\x80\xf0\x9f\x98\x80\n";
    json_log_lines(&f->log, "stdout", text, sizeof(text) - 1, false);
    _cleanup_free_ char *log = read_log(f->path);
    const char *expected =
        "{\"log\":\"\\\"\\\\\\u0009\\u001b[0m\x7f\\u003c\\u0026\\u003e\\u0000\xc3\xa4\\ufffd\xe2\x82\xac"
        "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\xf0\x9f\x98\x80\\n\",\"stream\":\"stdout\",\"time\":\"";
    assert_memory_equal(log, expected, strlen(expected));
}

/* Against the system's calendar. */
static void test_time(void **state)
{
    struct fixture *f = *state;
    open_log(f, 0, 0);
    time_t before = time(NULL);
    json_log_lines(&f->log, "stdout", "x\n", 2, false);
    time_t after = time(NULL);
    _cleanup_free_ char *log = read_log(f->path);
    json_object *o = entry(log, 0);
    const char *text = json_object_get_string(json_object_object_get(o, "time"));
    assert_int_equal(strlen(text), strlen("2024-01-02T03:04:05.123456789Z"));
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(rest);
    assert_int_equal(*rest, '.');
    time_t t = timegm(&tm);
    assert_true(t >= before && t <= after);
    json_object_put(o);
}

static void test_appends(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        open_log(f, 0, 0);
        json_log_lines(&f->log, "stdout", "x\n", 2, false);
        json_log_close(&f->log);
    }
    _cleanup_free_ char *log = read_log(f->path);
    assert_int_equal(count_lines(log), 2);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777 & ~0640, 0);
}

/* An entry larger than the log's own buffer: each byte becomes six. */
static void test_long_entry(void **state)
{
    struct fixture *f = *state;
    open_log(f, 0, 0);
    char text[16 * 1024];
    memset(text, 1, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\n';
    json_log_lines(&f->log, "stdout", text, sizeof(text), false);
    _cleanup_free_ char *log = read_log(f->path);
    json_object *o = entry(log, 0);
    assert_int_equal(json_object_get_string_len(json_object_object_get(o, "log")), sizeof(text));
    json_object_put(o);
    assert_int_equal(count_lines(log), 1);
}

static void test_rotation(void **state)
{
    struct fixture *f = *state;
    open_log(f, 300, 3);
    for (int c = 'a'; c <= 'z'; c++) {
        const char line[] = {(char)c, '\n'};
        json_log_lines(&f->log, "stdout", line, 2, false);
    }
    char path[100];
    int n = 0;
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), i ? "%s.%d" : "%s%.0d", f->path, i);
        _cleanup_free_ char *log = read_log(path);
        assert_true(strlen(log) < 300 + 80);
        n += count_lines(log);
    }
    assert_true(n >= 8);
    _cleanup_free_ char *last = read_log(f->path);
    assert_entry(last, count_lines(last) - 1, "stdout", "z\n");
    snprintf(path, sizeof(path), "%s.3", f->path);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_single_file_is_emptied(void **state)
{
    struct fixture *f = *state;
    open_log(f, 200, 1);
    for (int i = 0; i < 20; i++)
        json_log_lines(&f->log, "stdout", "line\n", 5, false);
    _cleanup_free_ char *log = read_log(f->path);
    assert_true(strlen(log) < 300);
    assert_entry(log, 0, "stdout", "line\n");
}

static void test_no_log(void **state)
{
    struct fixture *f = *state;
    struct err e = ERR_INIT;
    assert_works(json_log_open(&f->log, NULL, 0, 0, &e), &e);
    assert_int_equal(json_log_lines(&f->log, "stdout", "abc", 3, false), 3);
    snprintf(f->path, sizeof(f->path), "%s/no/such/dir", f->dir);
    assert_int_equal(json_log_open(&f->log, f->path, 0, 0, &e), -ENOENT);
    assert_says(&e, "/no/such/dir");
}

static void test_full_disk(void **state)
{
    struct fixture *f = *state;
    snprintf(f->path, sizeof(f->path), "/dev/full");
    open_log(f, 0, 0);
    assert_int_equal(json_log_lines(&f->log, "stdout", "lost\n", 5, false), 5);
    f->log.path = f->path;
    fd_close(&f->log.fd);
    snprintf(f->path, sizeof(f->path), "%s/log", f->dir);
    f->log.fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    json_log_lines(&f->log, "stdout", "kept\n", 5, false);
    _cleanup_free_ char *log = read_log(f->path);
    assert_entry(log, 1, "stdout", "kept\n"); /* on a line of its own, whatever the torn one was */
}

static void test_utf8_unfinished(void **state)
{
    (void)state;
    assert_int_equal(utf8_unfinished("a\xc3", 2), 1);
    assert_int_equal(utf8_unfinished("a\xe2\x82", 3), 2);
    assert_int_equal(utf8_unfinished("\xf0\x9f\x98", 3), 3);
    assert_int_equal(utf8_unfinished("\xc3\xa4", 2), 0);
    assert_int_equal(utf8_unfinished("\xe0\x80", 2), 0); /* overlong: never a character */
    assert_int_equal(utf8_unfinished("\x80\x80\x80\x80", 4), 0);
    assert_int_equal(utf8_unfinished("", 0), 0);
    assert_int_equal(utf8_length("\xf4\x90\x80\x80", 4), 0); /* above U+10FFFF */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_appends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_single_file_is_emptied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
        cmocka_unit_test(test_utf8_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
