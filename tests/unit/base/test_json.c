#include "unit.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/strv.h"

static json_object *parsed(const char *text)
{
    json_object *o = NULL;
    struct err e = ERR_INIT;

    if (json_parse(text, strlen(text), "test", &o, &e) < 0)
        fail_msg("%s", e.text);
    return o;
}

/* ---- parsing ---- */

static void any_value_is_parsed(void **state)
{
    static const struct {
        const char *text;
        json_type type;
    } cases[] = {
        {"{}", json_type_object},
        {"[]", json_type_array},
        {"\"s\"", json_type_string},
        {"12", json_type_int},
        {"1.5", json_type_double},
        {"true", json_type_boolean},
        {" \n{\"a\": [1]}\t\r\n ", json_type_object},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_object *o = parsed(cases[i].text);

        assert_int_equal(json_object_get_type(o), cases[i].type);
    }
}

static void only_len_bytes_are_looked_at(void **state)
{
    _cleanup_json_ json_object *o = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(json_parse("123456", 3, "test", &o, &e), 0);
    assert_int_equal(json_object_get_int64(o), 123);
}

static void null_is_a_value(void **state)
{
    json_object *o = (json_object *)state;
    struct err e = ERR_INIT;

    assert_int_equal(json_parse("null", 4, "test", &o, &e), 0);
    assert_null(o);
}

static void malformed_text_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *place;
    } cases[] = {
#define TEXT(s) s, sizeof(s) - 1
        {TEXT(""), "line 1, column 1:"},
        {TEXT("   "), "line 1, column 4:"},
        {TEXT("{"), "line 1, column 2:"},
        {TEXT("{\"a\": 1,\n \"b\": x}"), "line 2, column 7:"},
        {TEXT("{} {}"), "line 1, column 4:"},
        {TEXT("{}x"), "line 1, column 3:"},
        {TEXT("{}\0x"), "line 1, column 3: NUL byte"},
        {TEXT("[1,]"), "line 1, column 4:"},
        {TEXT("{\"a\": 'b'}"), "line 1, column 7:"},
        {TEXT("// c\n1"), "line 1, column 1:"},
        {TEXT("nul"), "line 1, column 4:"},
        {TEXT("\"open"), "line 1, column 6:"},
        {TEXT("01"), "line 1"},
#undef TEXT
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_object *o = NULL;
        struct err e = ERR_INIT;

        if (json_parse(cases[i].text, cases[i].len, "config.json", &o, &e) != -EINVAL)
            fail_msg("<%s> is taken", cases[i].text);
        assert_null(o);
        assert_says(&e, "config.json: ");
        assert_says(&e, cases[i].place);
    }
}

static char *nested(int depth)
{
    char *text = malloc((size_t)depth * 2 + 1);

    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    text[depth * 2] = '\0';
    return text;
}

static void nesting_has_a_limit(void **state)
{
    _cleanup_free_ char *deep = nested(JSON_DEPTH_MAX - 1);
    _cleanup_free_ char *deeper = nested(JSON_DEPTH_MAX + 1);
    _cleanup_free_ char *hostile = nested(1000000);
    _cleanup_json_ json_object *o = parsed(deep);
    json_object *none = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(json_object_array_length(o), 1);
    assert_int_equal(json_parse(deeper, strlen(deeper), "test", &none, &e), -EINVAL);
    assert_int_equal(json_parse(hostile, strlen(hostile), "test", &none, &e), -EINVAL);
    assert_says(&e, "nesting");
}

static void size_has_a_limit(void **state)
{
    size_t len = (size_t)JSON_BYTES_MAX + 1;
    _cleanup_free_ char *text = malloc(len);
    json_object *o = NULL;
    struct err e = ERR_INIT;

    (void)state;
    memset(text, ' ', len);
    text[0] = '1';
    assert_int_equal(json_parse(text, len, "test", &o, &e), -EFBIG);
    assert_null(o);
}

static void file_is_named_in_the_error(void **state)
{
    _cleanup_json_ json_object *o = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(json_parse_file(AT_FDCWD, "f.json", &o, &e), -ENOENT);
    file_write(AT_FDCWD, "f.json", "{\"a\":]", 6, 0600, &e);
    assert_int_equal(json_parse_file(AT_FDCWD, "f.json", &o, &e), -EINVAL);
    assert_says(&e, "f.json: line 1, column 6: ");
    file_write(AT_FDCWD, "f.json", "{\"a\":1}", 7, 0600, &e);
    assert_int_equal(json_parse_file(AT_FDCWD, "f.json", &o, &e), 0);
    assert_non_null(json_get(o, "a"));
    unlink("f.json");
}

/* ---- reading ---- */

static void members_are_found_by_key_and_path(void **state)
{
    _cleanup_json_ json_object *o = parsed("{\"a\": {\"b\": {\"c\": 7}}, \"n\": null, \"l\": [1]}");

    (void)state;
    assert_int_equal(json_object_get_int64(json_path(o, "a", "b", "c", NULL)), 7);
    assert_ptr_equal(json_path(o, NULL), o);
    assert_null(json_path(o, "a", "x", "c", NULL));
    assert_null(json_path(o, "l", "0", NULL));
    assert_null(json_get(o, "n"));
    assert_null(json_get(o, "none"));
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(json_get(o, "l"), "a"));
    assert_null(json_path(NULL, "a", NULL));
}

static void absent_and_null_members_take_the_default(void **state)
{
    _cleanup_json_ json_object *o = parsed("{\"n\": null}");
    struct err e = ERR_INIT;
    const char *s;
    int64_t i;
    uint64_t u;
    bool b;
    char **v = (char **)state;

    assert_int_equal(json_get_str(o, "n", "dflt", &s, &e), 0);
    assert_string_equal(s, "dflt");
    assert_int_equal(json_get_int64(o, "none", -5, &i, &e), 0);
    assert_int_equal(i, -5);
    assert_int_equal(json_get_uint64(o, "none", 5, &u, &e), 0);
    assert_int_equal(u, 5);
    assert_int_equal(json_get_bool(NULL, "none", true, &b, &e), 0);
    assert_true(b);
    assert_int_equal(json_get_strv(o, "n", &v, &e), 0);
    assert_null(v);
    assert_false(err_is_set(&e));
}

static void wrong_types_are_errors_that_name_the_key(void **state)
{
    _cleanup_json_ json_object *o = parsed("{\"s\": \"1\", \"i\": 1, \"d\": 1.0, \"l\": [\"a\", 1], \"ln\": [null]}");
    struct err e = ERR_INIT;
    const char *s = "kept";
    int64_t i = 77;
    uint64_t u = 77;
    bool b = true;
    char **v = (char **)state;

    assert_int_equal(json_get_str(o, "i", NULL, &s, &e), -EINVAL);
    assert_string_equal(e.text, "\"i\" must be a string, not int");
    assert_int_equal(json_get_int64(o, "s", 0, &i, &e), -EINVAL);
    assert_int_equal(json_get_int64(o, "d", 0, &i, &e), -EINVAL);
    assert_int_equal(json_get_uint64(o, "l", 0, &u, &e), -EINVAL);
    assert_int_equal(json_get_bool(o, "i", false, &b, &e), -EINVAL);
    assert_int_equal(json_get_strv(o, "s", &v, &e), -EINVAL);
    assert_int_equal(json_get_strv(o, "l", &v, &e), -EINVAL);
    assert_int_equal(json_get_strv(o, "ln", &v, &e), -EINVAL);
    assert_says(&e, "\"ln\"");
    /* no result was touched */
    assert_string_equal(s, "kept");
    assert_true(i == 77 && u == 77 && b && v == (char **)state);
}

static void string_with_a_nul_byte_is_refused(void **state)
{
    _cleanup_json_ json_object *o = parsed("{\"s\": \"a\\u0000b\", \"l\": [\"a\\u0000b\"]}");
    struct err e = ERR_INIT;
    const char *s = NULL;
    char **v = NULL;

    (void)state;
    assert_int_equal(json_get_str(o, "s", NULL, &s, &e), -EINVAL);
    assert_says(&e, "NUL");
    assert_int_equal(json_get_strv(o, "l", &v, &e), -EINVAL);
    assert_null(v);
}

static void whole_range_of_integers_is_kept(void **state)
{
    _cleanup_json_ json_object *o = parsed("{\"min\": -9223372036854775808, \"max\": 9223372036854775807,"
                                           " \"above\": 9223372036854775808, \"umax\": 18446744073709551615}");
    struct err e = ERR_INIT;
    int64_t i;
    uint64_t u;

    (void)state;
    assert_int_equal(json_get_int64(o, "min", 0, &i, &e), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(json_get_int64(o, "max", 0, &i, &e), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(json_get_uint64(o, "umax", 0, &u, &e), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(json_get_uint64(o, "above", 0, &u, &e), 0);
    assert_true(u == (uint64_t)INT64_MAX + 1);

    assert_int_equal(json_get_int64(o, "above", 0, &i, &e), -ERANGE);
    assert_int_equal(json_get_int64(o, "umax", 0, &i, &e), -ERANGE);
    assert_says(&e, "18446744073709551615 is out of range");
    assert_int_equal(json_get_uint64(o, "min", 0, &u, &e), -ERANGE);
}

static void string_vectors_are_copied(void **state)
{
    _cleanup_strv_ char **v = NULL;
    _cleanup_strv_ char **empty = NULL;
    struct err e = ERR_INIT;
    json_object *o = parsed("{\"l\": [\"a\", \"\", \"c\"], \"e\": []}");

    (void)state;
    assert_int_equal(json_get_strv(o, "l", &v, &e), 0);
    assert_int_equal(json_get_strv(o, "e", &empty, &e), 0);
    json_object_put(o);
    assert_int_equal(strv_len(v), 3);
    assert_string_equal(v[0], "a");
    assert_string_equal(v[1], "");
    assert_string_equal(v[2], "c");
    assert_non_null(empty);
    assert_null(empty[0]);
}

/* ---- building ---- */

static void built_object_reads_as_written(void **state)
{
    _cleanup_json_ json_object *o = json_object_new_object();
    char *values[] = {(char[]){"a"}, (char[]){"b\"c"}, NULL};

    (void)state;
    json_add_str(o, "s", "text");
    json_add_str(o, "none", NULL);
    json_add_int(o, "i", INT64_MIN);
    json_add_uint(o, "u", UINT64_MAX);
    json_add_bool(o, "b", false);
    json_add_strv(o, "v", values);
    json_add_strv(o, "e", NULL);
    json_add_int(json_add_object(o, "o"), "x", 1);
    json_add_array(o, "l");
    json_add_str(o, "s", "replaced");
    assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                        "{\"s\":\"replaced\",\"i\":-9223372036854775808,\"u\":18446744073709551615,\"b\":false,"
                        "\"v\":[\"a\",\"b\\\"c\"],\"e\":[],\"o\":{\"x\":1},\"l\":[]}");
}

static void maps_are_vectors_of_pairs(void **state)
{
    _cleanup_json_ json_object *o =
        parsed("{\"m\":{\"a\":\"1\",\"b\":\"x=y\",\"c\":\"\"},\"e\":{},\"l\":[],\"n\":{\"k\":7},"
               "\"z\":{\"k\":null}}");
    _cleanup_json_ json_object *copy = json_object_new_object();
    _cleanup_strv_ char **v = NULL;
    _cleanup_strv_ char **none = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(json_get_map(o, "m", &v, &e), 0);
    assert_int_equal(strv_len(v), 3);
    assert_string_equal(v[0], "a=1");
    assert_string_equal(v[1], "b=x=y");
    assert_string_equal(v[2], "c=");
    assert_int_equal(json_get_map(o, "e", &none, &e), 0);
    assert_null(none);
    assert_int_equal(json_get_map(o, "absent", &none, &e), 0);
    assert_null(none);
    assert_int_equal(json_get_map(o, "l", &none, &e), -EINVAL);
    assert_says(&e, "\"l\" must be an object of strings");
    assert_int_equal(json_get_map(o, "n", &none, &e), -EINVAL);
    assert_says(&e, "n: \"k\" must be a string");
    assert_int_equal(json_get_map(o, "z", &none, &e), -EINVAL);

    json_add_map(copy, "m", v);
    json_add_map(copy, "e", NULL);
    json_add_map(copy, "b", (char *[]){"bare", NULL});
    assert_string_equal(json_object_to_json_string_ext(copy, JSON_C_TO_STRING_PLAIN),
                        "{\"m\":{\"a\":\"1\",\"b\":\"x=y\",\"c\":\"\"},\"e\":{},\"b\":{\"bare\":\"\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_value_is_parsed),
        cmocka_unit_test(only_len_bytes_are_looked_at),
        cmocka_unit_test(null_is_a_value),
        cmocka_unit_test(malformed_text_is_refused_with_its_place),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(size_has_a_limit),
        in_temporary_dir(file_is_named_in_the_error),
        cmocka_unit_test(members_are_found_by_key_and_path),
        cmocka_unit_test(absent_and_null_members_take_the_default),
        cmocka_unit_test(wrong_types_are_errors_that_name_the_key),
        cmocka_unit_test(string_with_a_nul_byte_is_refused),
        cmocka_unit_test(whole_range_of_integers_is_kept),
        cmocka_unit_test(string_vectors_are_copied),
        cmocka_unit_test(built_object_reads_as_written),
        cmocka_unit_test(maps_are_vectors_of_pairs),
    };

    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
