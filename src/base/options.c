#include "base/options.h"

#include <limits.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"

/* A walk over argv. `next` is the word looked at; the plain arguments met so far lie in [args, next). */
struct scan {
    const struct option_def *defs;
    int argc;
    char **argv;
    int args;
    int next;
    bool help;
};

/* ---- nearest names ---- */

enum { WORD_MAX = 40, DISTANCE_MAX = 2 };

static unsigned min_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/*
 * The number of letters to insert, drop, replace or swap with their neighbour to turn a into b: the optimal string
 * alignment distance, by rows of the classic table. Both are at most WORD_MAX long.
 */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0];
    unsigned *above = rows[1];
    unsigned *row = rows[2];
    size_t len = strlen(b);

    for (unsigned j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; i <= strlen(a); i++) {
        unsigned *oldest = before;

        before = above;
        above = row;
        row = oldest;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= len; j++) {
            row[j] = min_of(min_of(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min_of(row[j], before[j - 2] + 1);
        }
    }
    return row[len];
}

/* The distance when `name` may be what was meant by `word`, else UINT_MAX. Of a short word more letters must be right:
 * any two letters are within two steps of each other. */
static unsigned nearness(const char *word, const char *name)
{
    size_t len = strlen(word);
    unsigned allowed = len < 2 * DISTANCE_MAX ? (unsigned)len / 2 : DISTANCE_MAX;
    unsigned distance;

    if (len > WORD_MAX || strlen(name) > WORD_MAX)
        return UINT_MAX;
    distance = edit_distance(word, name);
    return distance <= allowed ? distance : UINT_MAX;
}

/* The best of the names considered so far. */
struct candidate {
    const char *name;
    unsigned distance;
};

static void consider(struct candidate *best, const char *word, const char *name)
{
    unsigned distance = nearness(word, name);

    if (distance < best->distance)
        *best = (struct candidate){.name = name, .distance = distance};
}

const char *options_nearest(const char *word, const char *const *names)
{
    struct candidate best = {.distance = UINT_MAX};

    for (; *names; names++)
        consider(&best, word, *names);
    return best.name;
}

/* Options that --help hides are not suggested either. */
static const char *nearest_option(const struct option_def *defs, const char *word)
{
    struct candidate best = {.distance = UINT_MAX};

    for (; defs->name; defs++) {
        if (defs->help)
            consider(&best, word, defs->name);
    }
    return best.name;
}

/* ---- mistakes ---- */

static int advise(const struct option_def *defs, const char *word, struct err *e)
{
    const char *name = nearest_option(defs, word);

    return name ? err_advice(e, "did you mean --%s? See --help", name) : err_advice(e, "see --help");
}

static int unknown_long(const struct scan *s, const char *name, size_t len, struct err *e)
{
    char word[WORD_MAX + 1];

    err_invalid(e, "unknown flag: --%.*s", (int)len, name);
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    return advise(s->defs, word, e);
}

/* "-rm" is read as a cluster, as Docker does, but may well be meant as "--rm". */
static int unknown_short(const struct scan *s, char c, const char *word, struct err *e)
{
    err_invalid(e, "unknown shorthand flag: '%c' in %s", c, word);
    return advise(s->defs, word + 1, e);
}

static int missing_value(const struct option_def *def, const char *word, struct err *e)
{
    err_invalid(e, "flag needs an argument: %s", word);
    return err_advice(e, "--%s %s; see --help", def->name, def->arg ? def->arg : "value");
}

/* ---- values ---- */

static int apply_bool(const struct option_def *def, const char *value, struct err *e)
{
    if (!value)
        value = "true";
    if (parse_bool(value, def->name, def->target, NULL) < 0)
        return err_invalid(e, "invalid argument \"%s\" for --%s: use true or false", value, def->name);
    return 0;
}

static int apply_string(const struct option_def *def, const char *value, struct err *e)
{
    char **target = def->target;
    char *copy = strdup(value ? value : "");

    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "keep the value of --%s", def->name);
    free(*target);
    *target = copy;
    return 0;
}

static int apply(const struct option_def *def, const char *value, struct err *e)
{
    switch (def->type) {
    case OPT_BOOL:
        return apply_bool(def, value, e);
    case OPT_STRING:
        return apply_string(def, value, e);
    case OPT_STRV:
        return strv_add(def->target, value ? value : "", e);
    case OPT_CALL:
        return def->call(value, def->target, e);
    }
    return err_set(e, ERR_INTERNAL, 0, "--%s is of no known type", def->name);
}

/* True for options whose value, if any, comes with "=" only. */
static bool is_value_optional(const struct option_def *def)
{
    return def->type == OPT_BOOL || def->optional_value;
}

/* Applies the next word as def's value. Returns the number of words used: the option and its value. */
static int apply_next_word(struct scan *s, const struct option_def *def, struct err *e)
{
    int r;

    if (s->next + 1 >= s->argc)
        return missing_value(def, s->argv[s->next], e);
    r = apply(def, s->argv[s->next + 1], e);
    return r < 0 ? r : 2;
}

/* ---- words ---- */

static const struct option_def *find_long(const struct option_def *defs, const char *name, size_t len)
{
    for (; defs->name; defs++) {
        if (strncmp(defs->name, name, len) == 0 && defs->name[len] == '\0')
            return defs;
    }
    return NULL;
}

static const struct option_def *find_short(const struct option_def *defs, char c)
{
    for (; defs->name; defs++) {
        if (defs->short_name == c)
            return defs;
    }
    return NULL;
}

/* "--name", "--name=value", "--name value". Returns the number of words used. */
static int scan_long(struct scan *s, struct err *e)
{
    const char *name = s->argv[s->next] + 2;
    const char *end = strchrnul(name, '=');
    size_t len = (size_t)(end - name);
    const struct option_def *def = find_long(s->defs, name, len);
    int r;

    if (!def && len == 4 && strncmp(name, "help", len) == 0) {
        s->help = true;
        return 1;
    }
    if (!def)
        return unknown_long(s, name, len, e);
    if (*end != '=' && !is_value_optional(def))
        return apply_next_word(s, def, e);
    r = apply(def, *end == '=' ? end + 1 : NULL, e);
    return r < 0 ? r : 1;
}

/* "-it", "-e value", "-evalue", "-e=value", "-ite value". Returns the number of words used. */
static int scan_cluster(struct scan *s, struct err *e)
{
    const char *word = s->argv[s->next];
    int r = 0;

    for (const char *c = word + 1; *c; c++) {
        const struct option_def *def = find_short(s->defs, *c);

        if (!def && *c == 'h') {
            s->help = true;
            return 1;
        }
        if (!def)
            return unknown_short(s, *c, word, e);
        if (is_value_optional(def) && c[1] != '=') {
            r = apply(def, NULL, e);
            if (r < 0)
                return r;
            continue;
        }
        if (c[1] == '\0')
            return apply_next_word(s, def, e);
        r = apply(def, c[1] == '=' ? c + 2 : c + 1, e);
        return r < 0 ? r : 1;
    }
    return 1;
}

/* Moves the n words that were used in front of the arguments met so far, and the walk behind them. */
static void skip_words(struct scan *s, int n)
{
    for (int i = 0; i < n; i++) {
        char *word = s->argv[s->next];

        memmove(&s->argv[s->args + 1], &s->argv[s->args], (size_t)(s->next - s->args) * sizeof(word));
        s->argv[s->args++] = word;
        s->next++;
    }
}

/* "-" alone is an argument: it names stdin. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

int options_parse(const struct option_def *defs, int argc, char **argv, unsigned flags, int *ret_args, bool *ret_help,
                  struct err *e)
{
    struct scan s = {.defs = defs, .argc = argc, .argv = argv, .args = 1, .next = 1};

    while (s.next < argc && !s.help) {
        const char *word = argv[s.next];
        int n;

        if (!is_option(word)) {
            if (flags & OPTIONS_STOP_AT_ARG)
                break;
            s.next++;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            skip_words(&s, 1);
            break;
        }
        n = word[1] == '-' ? scan_long(&s, e) : scan_cluster(&s, e);
        if (n < 0)
            return n;
        skip_words(&s, n);
    }
    *ret_args = s.args;
    *ret_help = s.help;
    return 0;
}

/* ---- help ---- */

/* The first shown option whose name sorts behind `name`: to walk a constant table in order without copying it. */
static const struct option_def *next_shown(const struct option_def *defs, const char *name)
{
    const struct option_def *first = NULL;

    for (; defs->name; defs++) {
        if (defs->help && strcmp(defs->name, name) > 0 && (!first || strcmp(defs->name, first->name) < 0))
            first = defs;
    }
    return first;
}

static int left_width(const struct option_def *def)
{
    return (int)(strlen("  -x, --") + strlen(def->name) + (def->arg ? 1 + strlen(def->arg) : 0));
}

static void describe_one(const struct option_def *def, int column, struct strbuf *out)
{
    if (def->short_name)
        strbuf_addf(out, "  -%c, --%s", def->short_name, def->name);
    else
        strbuf_addf(out, "      --%s", def->name);
    if (def->arg)
        strbuf_addf(out, " %s", def->arg);
    strbuf_addf(out, "%*s%s\n", column - left_width(def), "", def->help);
}

void options_describe(const struct option_def *defs, struct strbuf *out)
{
    const int gap = 3;
    int widest = 0;

    for (const struct option_def *def = defs; def->name; def++) {
        if (def->help && left_width(def) > widest)
            widest = left_width(def);
    }
    for (const struct option_def *def = next_shown(defs, ""); def; def = next_shown(defs, def->name))
        describe_one(def, widest + gap, out);
}
