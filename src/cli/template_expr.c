/* Expressions: operands, the members taken of them, functions with arguments, pipelines. */
#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "cli/template_scan.h"

static struct expr *new_expr(struct parser *p, enum expr_kind kind)
{
    struct expr *x = template_alloc(p->t, sizeof(*x));

    x->kind = kind;
    x->column = (size_t)(p->at - p->text) + 1;
    return x;
}

static struct expr *new_literal(struct parser *p, json_object *value)
{
    struct expr *x = new_expr(p, EXPR_LITERAL);

    json_object_array_add(p->t->literals, value);
    x->literal = value;
    return x;
}

/* ---- operands: each parser gives NULL after a mistake, with the error set ---- */

#define fail(p, ...) (scan_fail((p), __VA_ARGS__), NULL)

static struct expr *parse_raw_string(struct parser *p)
{
    const char *text = p->at + 1, *end = strchr(text, '`');

    if (!end)
        return fail(p, "a closing ` is missing");
    p->at = end + 1;
    return new_literal(p, json_object_new_string_len(text, (int)(end - text)));
}

/* Go's and JSON's escapes are the same where it matters. */
static struct expr *parse_string(struct parser *p)
{
    const char *text = p->at, *end = text + 1;
    json_object *value = NULL;

    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    if (!*end)
        return fail(p, "a closing \" is missing");
    if (json_parse(text, (size_t)(end + 1 - text), "the string", &value, p->e) < 0) {
        scan_fail_at(p);
        return NULL;
    }
    p->at = end + 1;
    return new_literal(p, value);
}

static struct expr *parse_number(struct parser *p)
{
    size_t len = strspn(p->at, "-0123456789");
    const char *digits = scan_copy(p, p->at, len);
    int64_t value = 0;

    if (parse_int64(digits, "number", &value, p->e) < 0) {
        scan_fail_at(p);
        return NULL;
    }
    p->at += len;
    return new_literal(p, json_object_new_int64(value));
}

static struct expr *parse_parenthesis(struct parser *p)
{
    struct expr *x;

    p->at++;
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return fail(p, "nested too deeply");
    x = template_parse_pipeline(p);
    p->depth--;
    if (x && !scan_accept_sign(p, ")"))
        return fail(p, "a closing ) is missing");
    return x;
}

struct expr *template_parse_variable(struct parser *p)
{
    struct expr *x = new_expr(p, EXPR_VARIABLE);
    size_t len = scan_name_length(p->at + 1);

    x->variable = scan_copy(p, p->at + 1, len);
    p->at += 1 + len;
    return x;
}

static struct expr *unknown_function(struct parser *p, size_t len)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT(1024);

    template_function_names(&names);
    return fail(p, "unknown function \"%.*s\": known are %s", (int)len, p->at, strbuf_str(&names));
}

/* A function, to which the caller gives its arguments. */
static struct expr *parse_function(struct parser *p)
{
    size_t len = scan_name_length(p->at);
    const struct template_function *f = template_function_find(p->at, len);
    struct expr *x;

    if (!f)
        return unknown_function(p, len);
    x = new_expr(p, EXPR_CALL);
    x->function = f;
    p->at += len;
    return x;
}

static struct expr *parse_word(struct parser *p)
{
    if (scan_accept_word(p, "true"))
        return new_literal(p, json_object_new_boolean(true));
    if (scan_accept_word(p, "false"))
        return new_literal(p, json_object_new_boolean(false));
    if (scan_accept_word(p, "nil"))
        return new_literal(p, NULL);
    return parse_function(p);
}

/* "." alone; of ".A" only what the A is taken of. */
static struct expr *parse_dot(struct parser *p)
{
    struct expr *x = new_expr(p, EXPR_DOT);

    if (scan_name_length(p->at + 1) == 0)
        p->at++;
    return x;
}

static struct expr *parse_fields(struct parser *p, struct expr *x)
{
    size_t len;

    while (*p->at == '.' && (len = scan_name_length(p->at + 1)) > 0) {
        if (x->n_fields == TEMPLATE_FIELDS_MAX)
            return fail(p, "too many members in a row");
        x->fields[x->n_fields++] = scan_copy(p, p->at + 1, len);
        p->at += 1 + len;
    }
    return x;
}

/* By the first character. */
static const struct {
    const char *first;
    struct expr *(*parse)(struct parser *p);
} operands[] = {
    {".", parse_dot},        {"$", template_parse_variable}, {"\"", parse_string},
    {"`", parse_raw_string}, {"(", parse_parenthesis},       {"-0123456789", parse_number},
};

static struct expr *parse_operand(struct parser *p)
{
    struct expr *x = NULL;
    size_t i = 0;

    scan_skip_space(p);
    if (!*p->at)
        return fail(p, "\"}}\" is missing");
    while (i < ARRAY_SIZE(operands) && !strchr(operands[i].first, *p->at))
        i++;
    if (i < ARRAY_SIZE(operands))
        x = operands[i].parse(p);
    else if (scan_name_length(p->at))
        x = parse_word(p);
    else
        return fail(p, "unexpected \"%.10s\"", p->at);
    return x ? parse_fields(p, x) : NULL;
}

/* ---- commands and pipelines ---- */

static struct expr *add_arg(struct parser *p, struct expr *call, struct expr *arg)
{
    if (call->n_args == TEMPLATE_ARGS_MAX)
        return fail(p, "too many arguments");
    call->args[call->n_args++] = arg;
    return call;
}

/* x itself when it is no call or has as many arguments as it needs. */
static struct expr *check_arguments(struct parser *p, struct expr *x)
{
    const struct template_function *f = x->function;

    if (x->kind != EXPR_CALL || (x->n_args >= f->min_args && x->n_args <= f->max_args))
        return x;
    if (f->min_args == f->max_args)
        return fail(p, "%s takes %zu argument%s, got %zu", f->name, f->min_args, f->min_args == 1 ? "" : "s",
                    x->n_args);
    return fail(p, "%s takes %zu to %zu arguments, got %zu", f->name, f->min_args, f->max_args, x->n_args);
}

static bool is_at_end_of_command(struct parser *p)
{
    return scan_is_at_close(p) || *p->at == '|' || *p->at == ')' || *p->at == '\0';
}

/* An operand, or a function and its arguments. A function in parentheses has its own and takes no more. */
static struct expr *parse_command(struct parser *p)
{
    bool is_in_parentheses = (scan_skip_space(p), *p->at == '(');
    struct expr *x = parse_operand(p);

    while (x && !is_at_end_of_command(p)) {
        struct expr *arg;

        if (is_in_parentheses || x->kind != EXPR_CALL)
            return fail(p, "a value takes no arguments: \"%.10s\" is too much", p->at);
        arg = parse_operand(p);
        if (!arg || !check_arguments(p, arg))
            return NULL;
        x = add_arg(p, x, arg);
    }
    return x;
}

/* `a | f b` is `f b a`. */
struct expr *template_parse_pipeline(struct parser *p)
{
    struct expr *x = parse_command(p);

    if (x)
        x = check_arguments(p, x);
    for (int depth = 0; x && scan_accept_sign(p, "|"); depth++) {
        struct expr *call;

        if (depth == TEMPLATE_DEPTH_MAX) /* each call has the one before as an argument */
            return fail(p, "too many functions in a row");
        call = parse_command(p);
        if (call && call->kind != EXPR_CALL)
            return fail(p, "a value can be piped into a function only");
        x = call && add_arg(p, call, x) ? check_arguments(p, call) : NULL;
    }
    return x;
}
