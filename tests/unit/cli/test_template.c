#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/template.h"

static const char data_text[] =
    "{\"Id\": \"3f2a\", \"Count\": 3, \"Big\": 18446744073709551615, \"Zero\": 0, \"Yes\": true, \"No\": false,"
    " \"Null\": null, \"Empty\": \"\", \"State\": {\"Pid\": 42, \"Status\": \"running\"},"
    " \"Args\": [\"sh\", \"-c\", \"echo <&>/\"], \"None\": [],"
    " \"Labels\": {\"com.example.a\": \"1\", \"b\": \"2\"},"
    " \"Mounts\": [{\"Source\": \"/a\", \"RW\": true}, {\"Source\": \"/b\", \"RW\": false}]}";

static int set_up(void **state)
{
    struct err e = ERR_INIT;
    json_object *data = NULL;
    int r = json_parse(data_text, strlen(data_text), "data", &data, &e);

    *state = data;
    return r;
}

static int tear_down(void **state)
{
    json_object_put(*state);
    return 0;
}

static void check(json_object *data, const char *text, const char *expected)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(65536);
    _cleanup_template_ struct text_template *t = NULL;
    struct err e = ERR_INIT;

    if (template_parse(text, &t, &e) < 0 || template_execute(t, data, &out, &e) < 0)
        fail_msg("%s: %s", text, e.text);
    if (strcmp(strbuf_str(&out), expected) != 0)
        fail_msg("%s gives \"%s\", not \"%s\"", text, strbuf_str(&out), expected);
}

/* The template fails when it is parsed or executed, and says this. */
static void check_error(json_object *data, const char *text, const char *says)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(65536);
    _cleanup_template_ struct text_template *t = NULL;
    struct err e = ERR_INIT;

    if (template_parse(text, &t, &e) == 0 && template_execute(t, data, &out, &e) == 0)
        fail_msg("%s gives \"%s\" and no error", text, strbuf_str(&out));
    assert_int_equal(e.kind, ERR_INVALID);
    if (!strstr(e.text, says) || strncmp(e.text, "template: ", strlen("template: ")) != 0)
        fail_msg("%s: the error \"%s\" does not say \"%s\"", text, e.text, says);
}

struct example {
    const char *text, *expected;
};

#define CHECK_ALL(data, examples)                                                                                      \
    for (size_t i_ = 0; i_ < ARRAY_SIZE(examples); i_++)                                                               \
    check(data, (examples)[i_].text, (examples)[i_].expected)

static void values(void **state)
{
    static const struct example examples[] = {
        {"", ""},
        {"plain {text}", "plain {text}"},
        {"{{.Id}}", "3f2a"},
        {"<{{ .State.Pid }}>", "<42>"},
        {"{{.Count}} {{.Yes}} {{.Null}} {{.Big}}", "3 true <nil> 18446744073709551615"},
        {"{{.Args}}", "[sh -c echo <&>/]"},
        {"{{.Labels}}", "map[b:2 com.example.a:1]"},
        {"{{\"a\\tb\"}}{{`raw\\`}}{{12}}{{-3}}{{true}}", "a\tbraw\\12-3true"},
        {"{{(index .Mounts 1).Source}}", "/b"},
        {"{{$.Id}}{{$x := .Count}}{{$x}}", "3f2a3"},
        {"a\\tb\\nc\\d", "a\tb\nc\\d"},
        {"a {{- .Count -}} b", "a3b"},
        {"a {{.Count}} b", "a 3 b"},
        {"x{{/* nothing */}}y", "xy"},
    };

    CHECK_ALL(*state, examples);
}

static void functions(void **state)
{
    static const struct example examples[] = {
        {"{{json .State}}", "{\"Pid\":42,\"Status\":\"running\"}"},
        {"{{json .Args}}", "[\"sh\",\"-c\",\"echo <&>/\"]"},
        {"{{json .Null}}", "null"},
        {"{{.Args | json | len}}", "23"},
        {"{{index .Labels \"com.example.a\"}}", "1"},
        {"[{{index .Labels \"absent\"}}]", "[]"},
        {"{{index .Args 0}} {{index .Mounts 0 \"Source\"}}", "sh /a"},
        {"{{len .Args}} {{len .Id}} {{len .Labels}} {{len .Null}}", "3 4 2 0"},
        {"{{join .Args \",\"}}", "sh,-c,echo <&>/"},
        {"{{join .None \",\"}}{{join .Null \",\"}}", ""},
        {"{{index (split \"a:b:\" \":\") 1}} {{len (split \"a:b:\" \":\")}}", "b 3"},
        {"{{upper .Id}} {{lower \"ABC\"}} {{.Id | upper | lower}}", "3F2A abc 3f2a"},
        {"{{truncate .Id 2}} {{truncate .Id 99}}", "3f 3f2a"},
        {"{{println .Id 1 2}}", "3f2a 1 2\n"},
        {"{{print 1 2 \"a\" 3}}", "1 2a3"},
        {"{{printf \"%s-%d %v%% %q\" .Id .Count .Yes .Id}}", "3f2a-3 true% \"3f2a\""},
        {"{{eq .Count 3}} {{eq .Id \"x\" \"3f2a\"}} {{ne .Count 3}} {{eq .Null nil}}", "true true false true"},
        {"{{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}", "true true true false"},
        {"{{and 1 0 2}} {{or 0 \"\" 5}} {{not .Zero}}", "0 5 true"},
        {"{{and .Yes (not .No)}}", "true"},
    };

    CHECK_ALL(*state, examples);
}

static void blocks(void **state)
{
    static const struct example examples[] = {
        {"{{if .Yes}}y{{else}}n{{end}}{{if .No}}y{{else}}n{{end}}{{if .Null}}y{{end}}", "yn"},
        {"{{if .Zero}}0{{else if .Empty}}e{{else if .Count}}c{{else}}x{{end}}!", "c!"},
        {"{{if .None}}y{{else}}n{{end}}{{if .Labels}}y{{end}}", "ny"},
        {"{{range .Args}}<{{.}}>{{end}}", "<sh><-c><echo <&>/>"},
        {"{{range .None}}x{{else}}none{{end}}", "none"},
        {"{{range $i, $v := .Args}}{{if $i}},{{end}}{{$i}}={{$v}}{{end}}", "0=sh,1=-c,2=echo <&>/"},
        {"{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "com.example.a=1;b=2;"},
        {"{{range $v := .Mounts}}{{$v.Source}}{{$.Id}}{{end}}", "/a3f2a/b3f2a"},
        {"{{range .Mounts}}{{if .RW}}{{.Source}}{{end}}{{end}}", "/a"},
        {"{{with .State}}{{.Pid}}{{end}}{{with .Null}}x{{else}}{{.Id}}{{end}}", "423f2a"},
        {"{{with $s := .State}}{{$s.Status}}{{end}}", "running"},
        {"{{$x := 1}}{{if .Yes}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
        {"{{range .Mounts}}\\t{{.Source}}\\n{{end}}", "\t/a\n\t/b\n"},
    };

    CHECK_ALL(*state, examples);
}

static void mistakes(void **state)
{
    static const struct example examples[] = {
        {"{{.Id", "\"}}\" is missing"},
        {"{{", "\"}}\" is missing"},
        {"{{}}", "unexpected"},
        {"{{.Idd}}", "there is no .Idd, did you mean .Id? {{json .}} shows"},
        {"{{.Id.X}}", "can't take .X of a value that has no members"},
        {"{{.Null.X}}", "can't take .X of what is null"},
        {"{{nothing .Id}}", "unknown function \"nothing\": known are and, eq"},
        {"{{json}}", "json takes 1 argument, got 0"},
        {"{{index .Args json}}", "json takes 1 argument, got 0"},
        {"{{join .Args}}", "join takes 2 arguments, got 1"},
        {"{{join .Id \",\"}}", "join: a list is needed, not a text"},
        {"{{index .Args 3}}", "index 3 is out of range: the list has 3"},
        {"{{index .Args \"a\"}}", "a list is indexed by a number"},
        {"{{upper 1}}", "upper: a text is needed, not a number"},
        {"{{len 1}}", "a number has no length"},
        {"{{printf \"%x\" 1}}", "%x is not known"},
        {"{{printf \"%d\"}}", "more verbs than values"},
        {"{{printf \"\" 1}}", "more values than verbs"},
        {"{{lt 1 \"a\"}}", "can't be compared"},
        {"{{.Id .Count}}", "takes no arguments"},
        {"{{.Id | .Count}}", "piped into a function only"},
        {"{{(json .Id}}", "a closing ) is missing"},
        {"{{\"abc}}", "a closing \" is missing"},
        {"{{`abc}}", "a closing ` is missing"},
        {"{{/* abc}}", "a closing */ is missing"},
        {"{{if .Yes}}", "{{end}} is missing"},
        {"{{if .Yes}}{{else}}", "{{end}} is missing"},
        {"{{if .Yes}}{{else}}{{else}}{{end}}", "{{end}} is missing"},
        {"{{end}}", "{{end}} without a block"},
        {"{{else}}", "{{else}} without a block"},
        {"{{$x}}", "there is no variable $x"},
        {"{{if .Yes}}{{$x := 1}}{{end}}{{$x}}", "there is no variable $x"},
        {"{{range .Id}}{{end}}", "range needs a list or an object"},
        {"{{template \"x\"}}", "unknown function \"template\""},
        {"{{99999999999999999999}}", "number"},
        {"ab{{ .Idd }}", "column 6"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
        check_error(*state, examples[i].text, examples[i].expected);
}

/* Depth is bounded, so that no format runs the stack over. */
static void depth_is_bounded(void **state)
{
    _cleanup_strbuf_ struct strbuf parentheses = STRBUF_INIT(65536), blocks_text = STRBUF_INIT(65536);
    _cleanup_strbuf_ struct strbuf pipeline = STRBUF_INIT(65536);

    strbuf_adds(&parentheses, "{{");
    strbuf_adds(&pipeline, "{{.");
    for (int i = 0; i < 5000; i++) {
        strbuf_adds(&pipeline, "|not");
        strbuf_addc(&parentheses, '(');
        strbuf_adds(&blocks_text, "{{if 1}}");
    }
    check_error(*state, strbuf_str(&parentheses), "nested too deeply");
    check_error(*state, strbuf_str(&blocks_text), "nested too deeply");
    check_error(*state, strbuf_str(&pipeline), "too many functions in a row");
    check(*state, "{{if 1}}{{if 1}}{{((json (.Id)))}}{{end}}{{end}}{{((1))}}", "\"3f2a\"1");
}

static void headers_pass_through_functions_of_text(void **state)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(4096);
    _cleanup_template_ struct text_template *t = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(
        template_parse("{{json .Id}}\\t{{.Id | lower}}\\t{{truncate .Id 1}}{{if eq .Id \"3f2a\"}}!{{end}}", &t, &e), 0);
    assert_int_equal(template_execute_header(t, *state, &out, &e), 0);
    assert_string_equal(strbuf_str(&out), "3f2a\t3f2a\t3f2a!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),           cmocka_unit_test(functions),
        cmocka_unit_test(blocks),           cmocka_unit_test(mistakes),
        cmocka_unit_test(depth_is_bounded), cmocka_unit_test(headers_pass_through_functions_of_text),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
