#include "unit.h"

#include "base/options.h"
#include "base/parse.h"
#include "base/strv.h"

/* What the tests' table sets. */
struct settings {
    bool interactive;
    bool tty;
    bool rm;
    char *name;
    char **env;
    char *pull;
    int64_t memory;
    int n_ups;
    char *last_up;
};

static int set_memory(const char *value, void *target, struct err *e)
{
    return parse_bytes(value, "memory", target, e);
}

static int count_up(const char *value, void *target, struct err *e)
{
    struct settings *s = target;

    (void)e;
    s->n_ups++;
    free(s->last_up);
    s->last_up = value ? strdup(value) : NULL;
    return 0;
}

static void settings_release(struct settings *s)
{
    free(s->name);
    free(s->pull);
    free(s->last_up);
    strv_free(s->env);
}

enum { MAX_WORDS = 16 };

struct run {
    struct settings s;
    char *argv[MAX_WORDS + 1];
    int argc;
    int args;
    bool help;
    struct err e;
    int result;
};

/* Parses the words, NULL-terminated, behind a program name. */
static void run_options(struct run *run, unsigned flags, const char *const *words)
{
    struct settings *s = &run->s;
    const struct option_def defs[] = {
        {.name = "interactive",
         .short_name = 'i',
         .type = OPT_BOOL,
         .target = &s->interactive,
         .help = "Keep STDIN open"},
        {.name = "tty", .short_name = 't', .type = OPT_BOOL, .target = &s->tty, .help = "Allocate a pseudo-TTY"},
        {.name = "rm", .type = OPT_BOOL, .target = &s->rm, .help = "Remove afterwards"},
        {.name = "name", .type = OPT_STRING, .target = &s->name, .arg = "string", .help = "Assign a name"},
        {.name = "env", .short_name = 'e', .type = OPT_STRV, .target = &s->env, .arg = "list", .help = "Set variables"},
        {.name = "pull",
         .short_name = 'p',
         .type = OPT_STRING,
         .target = &s->pull,
         .help = "Pull",
         .optional_value = true},
        {.name = "memory",
         .short_name = 'm',
         .type = OPT_CALL,
         .target = &s->memory,
         .arg = "bytes",
         .help = "Limit",
         .call = set_memory},
        {.name = "up",
         .short_name = 'u',
         .type = OPT_CALL,
         .target = s,
         .call = count_up,
         .help = "Up",
         .optional_value = true},
        {.name = "secret-thing", .type = OPT_BOOL, .target = &s->tty},
        {.name = NULL},
    };

    *run = (struct run){.e = ERR_INIT, .args = -77, .argc = 1, .argv = {(char[]){"program"}}};
    for (; *words; words++)
        run->argv[run->argc++] = strdup(*words);
    run->result = options_parse(defs, run->argc, run->argv, flags, &run->args, &run->help, &run->e);
}

static void run_release(struct run *run)
{
    settings_release(&run->s);
    for (int i = 1; i < run->argc; i++)
        free(run->argv[i]);
}

#define _cleanup_run_ _cleanup_(run_release)
#define RUN(run, flags, ...) run_options((run), (flags), (const char *const[]){__VA_ARGS__, NULL})

static void assert_parsed(const struct run *run)
{
    if (run->result != 0)
        fail_msg("refused: %s", run->e.text);
    assert_false(err_is_set(&run->e));
}

/* The plain arguments, joined by a blank. */
static void assert_args(struct run *run, const char *wanted)
{
    _cleanup_free_ char *joined = strv_join(run->argv + run->args, " ");

    assert_parsed(run);
    assert_string_equal(joined, wanted);
}

static void values_come_with_equals_or_as_the_next_word(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    RUN(&run, 0, "--name", "a", "--env=A=1", "-e", "B=2", "-eC=3", "-e=D=4", "--memory=64k", "image");
    assert_args(&run, "image");
    assert_string_equal(run.s.name, "a");
    assert_int_equal(strv_len(run.s.env), 4);
    assert_string_equal(run.s.env[0], "A=1");
    assert_string_equal(run.s.env[1], "B=2");
    assert_string_equal(run.s.env[2], "C=3");
    assert_string_equal(run.s.env[3], "D=4");
    assert_int_equal(run.s.memory, 65536);
}

static void last_string_wins_and_may_be_empty(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    RUN(&run, 0, "--name=a", "--name=b", "--name=");
    assert_parsed(&run);
    assert_string_equal(run.s.name, "");
}

static void value_may_look_like_an_option(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    RUN(&run, 0, "--name", "--rm", "-e", "--");
    assert_parsed(&run);
    assert_string_equal(run.s.name, "--rm");
    assert_string_equal(run.s.env[0], "--");
    assert_false(run.s.rm);
}

static void short_options_cluster(void **state)
{
    _cleanup_run_ struct run both;
    _cleanup_run_ struct run with_value;
    _cleanup_run_ struct run with_word;

    (void)state;
    RUN(&both, 0, "-it");
    assert_parsed(&both);
    assert_true(both.s.interactive && both.s.tty);
    RUN(&with_value, 0, "-iteA=1");
    assert_parsed(&with_value);
    assert_true(with_value.s.interactive && with_value.s.tty);
    assert_string_equal(with_value.s.env[0], "A=1");
    RUN(&with_word, 0, "-te", "A=1", "x");
    assert_args(&with_word, "x");
    assert_string_equal(with_word.s.env[0], "A=1");
}

static void booleans_take_a_value_with_equals_only(void **state)
{
    _cleanup_run_ struct run off;
    _cleanup_run_ struct run word;
    _cleanup_run_ struct run cluster;
    _cleanup_run_ struct run wrong;

    (void)state;
    RUN(&off, 0, "--rm", "--rm=false", "--tty=1");
    assert_parsed(&off);
    assert_true(!off.s.rm && off.s.tty);
    RUN(&word, 0, "--rm", "false");
    assert_args(&word, "false");
    assert_true(word.s.rm);
    RUN(&cluster, 0, "-it=false");
    assert_parsed(&cluster);
    assert_true(cluster.s.interactive && !cluster.s.tty);
    RUN(&wrong, 0, "--rm=maybe");
    assert_int_equal(wrong.result, -EINVAL);
    assert_string_equal(wrong.e.text, "invalid argument \"maybe\" for --rm: use true or false");
}

static void optional_values_come_with_equals_only(void **state)
{
    _cleanup_run_ struct run without;
    _cleanup_run_ struct run with;
    _cleanup_run_ struct run cluster;

    (void)state;
    RUN(&without, 0, "--pull", "always", "--up", "x");
    assert_args(&without, "always x");
    assert_string_equal(without.s.pull, "");
    assert_int_equal(without.s.n_ups, 1);
    assert_null(without.s.last_up);
    RUN(&with, 0, "--pull=always", "--up=3");
    assert_parsed(&with);
    assert_string_equal(with.s.pull, "always");
    assert_string_equal(with.s.last_up, "3");
    RUN(&cluster, 0, "-uui");
    assert_parsed(&cluster);
    assert_int_equal(cluster.s.n_ups, 2);
    assert_true(cluster.s.interactive);
}

static void options_between_arguments_are_moved_before_them(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    RUN(&run, 0, "a", "--rm", "b", "--name", "n", "c", "-it", "-", "d");
    assert_args(&run, "a b c - d");
    assert_true(run.s.rm && run.s.interactive && run.s.tty);
    assert_string_equal(run.s.name, "n");
}

static void first_argument_may_end_the_options(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    RUN(&run, OPTIONS_STOP_AT_ARG, "--rm", "image", "ls", "-la", "--tty");
    assert_args(&run, "image ls -la --tty");
    assert_true(run.s.rm);
    assert_false(run.s.tty);
}

static void double_dash_ends_the_options(void **state)
{
    _cleanup_run_ struct run moved;
    _cleanup_run_ struct run stopped;

    (void)state;
    RUN(&moved, 0, "a", "--rm", "--", "--tty", "--", "b");
    assert_args(&moved, "a --tty -- b");
    assert_false(moved.s.tty);
    RUN(&stopped, OPTIONS_STOP_AT_ARG, "--", "--tty");
    assert_args(&stopped, "--tty");
}

static void no_words_are_no_arguments(void **state)
{
    _cleanup_run_ struct run run;

    (void)state;
    run_options(&run, 0, (const char *const[]){NULL});
    assert_args(&run, "");
    assert_int_equal(run.args, 1);
}

static void help_ends_the_parse(void **state)
{
    _cleanup_run_ struct run run;
    _cleanup_run_ struct run brief;
    _cleanup_run_ struct run behind;

    (void)state;
    RUN(&run, 0, "--rm", "--help", "--nonsense");
    assert_parsed(&run);
    assert_true(run.help && run.s.rm);
    RUN(&brief, 0, "-ih");
    assert_parsed(&brief);
    assert_true(brief.help);
    RUN(&behind, OPTIONS_STOP_AT_ARG, "image", "--help");
    assert_parsed(&behind);
    assert_false(behind.help);
}

static void table_may_give_h_another_meaning(void **state)
{
    _cleanup_free_ char *hostname = NULL;
    const struct option_def defs[] = {
        {.name = "hostname",
         .short_name = 'h',
         .type = OPT_STRING,
         .target = &hostname,
         .arg = "string",
         .help = "Name"},
        {.name = NULL},
    };
    char *argv[] = {(char[]){"program"}, (char[]){"-h"}, (char[]){"web"}, NULL};
    struct err e = ERR_INIT;
    bool help = true;
    int args;

    (void)state;
    assert_int_equal(options_parse(defs, 3, argv, 0, &args, &help, &e), 0);
    assert_false(help);
    assert_string_equal(hostname, "web");
}

static void mistakes_are_explained(void **state)
{
    static const struct {
        const char *words[3];
        const char *message;
    } cases[] = {
        {{"--nmae=x"}, "unknown flag: --nmae (did you mean --name? See --help)"},
        {{"--entirely-new"}, "unknown flag: --entirely-new (see --help)"},
        {{"--secret-thin"}, "unknown flag: --secret-thin (see --help)"}, /* a hidden option is not suggested */
        {{"--=x"}, "unknown flag: -- (see --help)"},
        {{"--nam"}, "unknown flag: --nam (did you mean --name? See --help)"},
        {{"-x"}, "unknown shorthand flag: 'x' in -x (see --help)"},
        {{"-rm"}, "unknown shorthand flag: 'r' in -rm (did you mean --rm? See --help)"},
        {{"-ix"}, "unknown shorthand flag: 'x' in -ix (see --help)"},
        {{"--name"}, "flag needs an argument: --name (--name string; see --help)"},
        {{"-te"}, "flag needs an argument: -te (--env list; see --help)"},
        {{"-m", "12x"},
         "invalid memory \"12x\": use a number with an optional unit b, k, m, g, t, p (for example 512m)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_run_ struct run run;

        run_options(&run, 0, cases[i].words);
        assert_int_equal(run.result, -EINVAL);
        assert_int_equal(run.e.kind, ERR_INVALID);
        assert_string_equal(run.e.text, cases[i].message);
        assert_int_equal(run.args, -77);
    }
}

static void table_is_described_as_docker_does(void **state)
{
    const struct option_def defs[] = {
        {.name = "rm", .type = OPT_BOOL, .help = "Remove the container"},
        {.name = "env", .short_name = 'e', .type = OPT_STRV, .arg = "list", .help = "Set environment variables"},
        {.name = "hidden", .type = OPT_BOOL},
        {.name = "cidfile", .type = OPT_STRING, .arg = "string", .help = "Write the ID to a file"},
        {.name = NULL},
    };
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(1000);

    (void)state;
    options_describe(defs, &out);
    assert_string_equal(strbuf_str(&out), "      --cidfile string   Write the ID to a file\n"
                                          "  -e, --env list         Set environment variables\n"
                                          "      --rm               Remove the container\n");
}

static void nearest_name_needs_most_letters_right(void **state)
{
    static const char *const names[] = {"run", "create", "restart", "start", "stop", "ps", "rm", "rmi", NULL};
    static const struct {
        const char *word;
        const char *nearest;
    } cases[] = {
        {"rnu", "run"},
        {"runn", "run"},
        {"craete", "create"},
        {"strat", "start"},
        {"restrat", "restart"},
        {"sotp", "stop"},
        {"srart", "start"},
        {"rmm", "rm"},
        {"crate", "create"},
        {"run", "run"},
        {"", NULL},
        {"x", NULL},
        {"qq", NULL},
        {"xyz", NULL},
        {"build", NULL},
        {"s", NULL},
        {"a-word-that-is-longer-than-any-option-name-ever-was", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *nearest = options_nearest(cases[i].word, names);

        if (cases[i].nearest ? !nearest || strcmp(nearest, cases[i].nearest) != 0 : nearest != NULL)
            fail_msg("\"%s\" is nearest to %s", cases[i].word, nearest ? nearest : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_equals_or_as_the_next_word),
        cmocka_unit_test(last_string_wins_and_may_be_empty),
        cmocka_unit_test(value_may_look_like_an_option),
        cmocka_unit_test(short_options_cluster),
        cmocka_unit_test(booleans_take_a_value_with_equals_only),
        cmocka_unit_test(optional_values_come_with_equals_only),
        cmocka_unit_test(options_between_arguments_are_moved_before_them),
        cmocka_unit_test(first_argument_may_end_the_options),
        cmocka_unit_test(double_dash_ends_the_options),
        cmocka_unit_test(no_words_are_no_arguments),
        cmocka_unit_test(help_ends_the_parse),
        cmocka_unit_test(table_may_give_h_another_meaning),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(table_is_described_as_docker_does),
        cmocka_unit_test(nearest_name_needs_most_letters_right),
    };

    return cmocka_run_group_tests_name("base/options", tests, NULL, NULL);
}
