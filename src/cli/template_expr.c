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

/* ---- operands ---- */

static int parse_raw_string(struct parser *p, struct expr **ret)
{
    const char *end = strchr(p->at + 1, '`');

    if (!end)
        return scan_fail(p, "a closing ` is missing");
    *ret = new_literal(p, json_object_new_string_len(p->at + 1, (int)(end - p->at - 1)));
    p->at = end + 1;
    return 0;
}

/* Go's and JSON's escapes are the same where it matters. */
static int parse_string(struct parser *p, struct expr **ret)
{
    const char *end = p->at + 1;
    json_object *value = NULL;

    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    if (!*end)
        return scan_fail(p, "a closing \" is missing");
    if (json_parse(p->at, (size_t)(end + 1 - p->at), "the string", &value, p->e) < 0)
        return scan_fail_at(p);
    *ret = new_literal(p, value);
    p->at = end + 1;
    return 0;
}

static int parse_number(struct parser *p, struct expr **ret)
{
    size_t len = strspn(p->at, "-0123456789");
    const char *digits = scan_copy(p, p->at, len);
    int64_t value = 0;

    if (parse_int64(digits, "number", &value, p->e) < 0)
        return scan_fail_at(p);
    *ret = new_literal(p, json_object_new_int64(value));
    p->at += len;
    return 0;
}

static int parse_parenthesis(struct parser *p, struct expr **ret)
{
    p->at++;
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return scan_fail(p, "nested too deeply");
    if (template_parse_pipeline(p, ret) < 0)
        return -EINVAL;
    p->depth--;
    return scan_accept_sign(p, ")") ? 0 : scan_fail(p, "a closing ) is missing");
}

int template_parse_variable(struct parser *p, struct expr **ret)
{
    size_t len = scan_name_length(p->at + 1);

    *ret = new_expr(p, EXPR_VARIABLE);
    (*ret)->variable = scan_copy(p, p->at + 1, len);
    p->at += 1 + len;
    return 0;
}

static int unknown_function(struct parser *p, size_t len)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT(1024);

    template_function_names(&names);
    return scan_fail(p, "unknown function \"%.*s\": known are %s", (int)len, p->at, strbuf_str(&names));
}

/* true, false, nil, or a function that its caller gives arguments to. */
static int parse_word(struct parser *p, struct expr **ret)
{
    size_t len = scan_name_length(p->at);
    const struct template_function *f = template_function_find(p->at, len);

    if (scan_accept_word(p, "true"))
        *ret = new_literal(p, json_object_new_boolean(true));
    else if (scan_accept_word(p, "false"))
        *ret = new_literal(p, json_object_new_boolean(false));
    else if (scan_accept_word(p, "nil"))
        *ret = new_literal(p, NULL);
    else if (!f)
        return unknown_function(p, len);
    else {
        *ret = new_expr(p, EXPR_CALL);
        (*ret)->function = f;
        p->at += len;
    }
    return 0;
}

static int parse_fields(struct parser *p, struct expr *x)
{
    size_t len;

    while (*p->at == '.' && (len = scan_name_length(p->at + 1)) > 0) {
        if (x->n_fields == TEMPLATE_FIELDS_MAX)
            return scan_fail(p, "too many members in a row");
        x->fields[x->n_fields++] = scan_copy(p, p->at + 1, len);
        p->at += 1 + len;
    }
    return 0;
}

static int parse_dot(struct parser *p, struct expr **ret)
{
    *ret = new_expr(p, EXPR_DOT);
    if (scan_name_length(p->at + 1) == 0)
        p->at++;
    return 0;
}

static int parse_operand(struct parser *p, struct expr **ret)
{
    int r;

    scan_skip_space(p);
    if (*p->at == '.')
        r = parse_dot(p, ret);
    else if (*p->at == '$')
        r = template_parse_variable(p, ret);
    else if (*p->at == '"')
        r = parse_string(p, ret);
    else if (*p->at == '`')
        r = parse_raw_string(p, ret);
    else if (*p->at == '(')
        r = parse_parenthesis(p, ret);
    else if (isdigit((unsigned char)*p->at) || *p->at == '-')
        r = parse_number(p, ret);
    else if (scan_name_length(p->at))
        r = parse_word(p, ret);
    else
        r = *p->at ? scan_fail(p, "unexpected \"%.10s\"", p->at) : scan_fail(p, "\"}}\" is missing");
    return r < 0 ? r : parse_fields(p, *ret);
}

/* ---- commands and pipelines ---- */

static int add_arg(struct parser *p, struct expr *call, struct expr *arg)
{
    if (call->n_args == TEMPLATE_ARGS_MAX)
        return scan_fail(p, "too many arguments");
    call->args[call->n_args++] = arg;
    return 0;
}

static bool at_end_of_command(struct parser *p)
{
    return scan_is_at_close(p) || *p->at == '|' || *p->at == ')' || *p->at == '\0';
}

static int check_arguments(struct parser *p, const struct expr *x)
{
    const struct template_function *f = x->function;

    if (x->kind != EXPR_CALL || (x->n_args >= f->min_args && x->n_args <= f->max_args))
        return 0;
    if (f->min_args == f->max_args)
        return scan_fail(p, "%s takes %zu argument%s, got %zu", f->name, f->min_args, f->min_args == 1 ? "" : "s",
                         x->n_args);
    return scan_fail(p, "%s takes %zu to %zu arguments, got %zu", f->name, f->min_args, f->max_args, x->n_args);
}

/* An operand, or a function and its arguments. A function in parentheses has its own and takes no more. */
static int parse_command(struct parser *p, struct expr **ret)
{
    bool is_word = (scan_skip_space(p), scan_name_length(p->at) && !isdigit((unsigned char)*p->at));
    int r = parse_operand(p, ret);

    while (r == 0 && !at_end_of_command(p)) {
        struct expr *arg = NULL;

        if (!is_word || (*ret)->kind != EXPR_CALL)
            return scan_fail(p, "a value takes no arguments: \"%.10s\" is too much", p->at);
        r = parse_operand(p, &arg);
        if (r == 0)
            r = check_arguments(p, arg);
        if (r == 0)
            r = add_arg(p, *ret, arg);
    }
    return r;
}

/* `a | f b` is `f b a`. */
int template_parse_pipeline(struct parser *p, struct expr **ret)
{
    int depth = 0; /* each call has the one before as an argument */
    int r = parse_command(p, ret);

    if (r == 0)
        r = check_arguments(p, *ret);
    while (r == 0 && scan_accept_sign(p, "|")) {
        struct expr *before = *ret;

        if (++depth > TEMPLATE_DEPTH_MAX)
            return scan_fail(p, "too many functions in a row");
        r = parse_command(p, ret);
        if (r == 0 && (*ret)->kind != EXPR_CALL)
            return scan_fail(p, "a value can be piped into a function only");
        if (r == 0)
            r = add_arg(p, *ret, before);
        if (r == 0)
            r = check_arguments(p, *ret);
    }
    return r;
}
