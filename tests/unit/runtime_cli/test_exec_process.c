/* runtime_cli/exec_process.c: the container's process, changed by the options of exec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"
#include "runtime_cli/exec_process.h"

static const char base_text[] =
    "{\"args\": [\"sleep\"], \"cwd\": \"/home\", \"env\": [\"A=1\"], \"terminal\": true, \"consoleSize\": {\"height\": 3},"
    " \"user\": {\"uid\": 7, \"gid\": 8, \"additionalGids\": [9]},"
    " \"capabilities\": {\"bounding\": [\"CAP_CHOWN\"], \"effective\": [\"CAP_CHOWN\"]}}";

static char *const args[] = {"echo", "hi", NULL};

static json_object *parse_base(void)
{
    json_object *base = NULL;

    assert_int_equal(json_parse(base_text, strlen(base_text), "base", &base, NULL), 0);
    return base;
}

/* The process for these changes; the base must not change under it. */
static json_object *make(const struct exec_changes *c)
{
    _cleanup_json_ json_object *base = parse_base();
    _cleanup_json_ json_object *again = parse_base();
    json_object *process = NULL;

    assert_int_equal(exec_process_make(base, c, args, &process, NULL), 0);
    assert_true(json_object_equal(base, again));
    return process;
}

static const char *text_of(json_object *o, const char *key)
{
    return json_object_to_json_string_ext(json_get(o, key), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void test_unchanged(void **state)
{
    const struct exec_changes none = {0};
    _cleanup_json_ json_object *p = make(&none);

    (void)state;
    assert_string_equal(text_of(p, "args"), "[\"echo\",\"hi\"]");
    assert_string_equal(text_of(p, "cwd"), "\"/home\"");
    assert_string_equal(text_of(p, "env"), "[\"A=1\"]");
    assert_string_equal(text_of(p, "terminal"), "false");
    assert_null(json_get(p, "consoleSize"));
    assert_null(json_get(p, "noNewPrivileges"));
    assert_string_equal(text_of(p, "user"), "{\"uid\":7,\"gid\":8,\"additionalGids\":[9]}");
}

static void test_words(void **state)
{
    char *env[] = {"B=2", "A=3", NULL};
    const struct exec_changes c = {
        .cwd = "/tmp", .apparmor = "profile", .selinux_label = "label", .env = env, .tty = true, .no_new_privs = true};
    _cleanup_json_ json_object *p = make(&c);

    (void)state;
    assert_string_equal(text_of(p, "cwd"), "\"/tmp\"");
    assert_string_equal(text_of(p, "env"), "[\"A=1\",\"B=2\",\"A=3\"]");
    assert_string_equal(text_of(p, "terminal"), "true");
    assert_string_equal(text_of(p, "noNewPrivileges"), "true");
    assert_string_equal(text_of(p, "apparmorProfile"), "\"profile\"");
    assert_string_equal(text_of(p, "selinuxLabel"), "\"label\"");
}

static void test_user(void **state)
{
    char *gids[] = {"5", "6", NULL};
    const struct exec_changes uid = {.user = "1"};
    const struct exec_changes both = {.user = "1:2", .gids = gids};
    const struct exec_changes only_gids = {.gids = gids};
    _cleanup_json_ json_object *a = make(&uid);
    _cleanup_json_ json_object *b = make(&both);
    _cleanup_json_ json_object *c = make(&only_gids);

    (void)state;
    assert_string_equal(text_of(a, "user"), "{\"uid\":1,\"gid\":8,\"additionalGids\":[]}");
    assert_string_equal(text_of(b, "user"), "{\"uid\":1,\"gid\":2,\"additionalGids\":[5,6]}");
    assert_string_equal(text_of(c, "user"), "{\"uid\":7,\"gid\":8,\"additionalGids\":[9,5,6]}");
}

static void test_caps(void **state)
{
    char *caps[] = {"net_admin", "CAP_CHOWN", NULL};
    const struct exec_changes c = {.caps = caps};
    _cleanup_json_ json_object *p = make(&c);

    (void)state;
    assert_string_equal(
        text_of(p, "capabilities"),
        "{\"bounding\":[\"CAP_CHOWN\",\"CAP_NET_ADMIN\"],\"effective\":[\"CAP_CHOWN\",\"CAP_NET_ADMIN\"],"
        "\"permitted\":[\"CAP_NET_ADMIN\",\"CAP_CHOWN\"]}");
}

static void test_mistakes(void **state)
{
    char *bad_gids[] = {"-1", NULL};
    char *bad_caps[] = {"NET_ADMYN", NULL};
    const struct {
        struct exec_changes changes;
        const char *says;
    } mistakes[] = {
        {{.user = "root"}, "--user"},      {{.user = "1:2:3"}, "--user"},
        {{.user = ""}, "--user"},          {{.gids = bad_gids}, "--additional-gids"},
        {{.caps = bad_caps}, "NET_ADMYN"},
    };
    _cleanup_json_ json_object *base = parse_base();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        json_object *process = NULL;
        struct err e = ERR_INIT;

        assert_true(exec_process_make(base, &mistakes[i].changes, args, &process, &e) < 0);
        assert_non_null(strstr(e.text, mistakes[i].says));
        assert_null(process);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged), cmocka_unit_test(test_words),    cmocka_unit_test(test_user),
        cmocka_unit_test(test_caps),      cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
