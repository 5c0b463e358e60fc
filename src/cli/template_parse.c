/* From text to a tree, by recursive descent: text and actions, pipelines, commands, operands. */
#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "cli/template_tree.h"

struct parser {
    struct template *t;
    const char *text, *at;
    int depth;
    bool trim_left; /* the action before ended with "-}}" */
    struct err *e;
};

/* What ended a list of nodes. */
enum ending { END_OF_TEXT, END_OF_BLOCK, END_ELSE };

static const char space[] = " \t\r\n";

/* ---- memory ---- */

struct template_chunk {
    struct template_chunk *next;
    max_align_t data[];
};

void *template_alloc(struct template *t, size_t size)
{
    struct template_chunk *c = calloc(1, sizeof(*c) + size);

    if (!c)
        abort();
    c->next = t->chunks;
    t->chunks = c;
    return c->data;
}

void template_free(struct template *t)
{
    while (t->chunks) {
        struct template_chunk *next = t->chunks->next;

        free(t->chunks);
        t->chunks = next;
    }
    json_object_put(t->literals);
    free(t);
}

static const char *copy(struct parser *p, const char *text, size_t len)
{
    char *s = template_alloc(p->t, len + 1);

    memcpy(s, text, len);
    return s;
}

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

/* ---- scanning ---- */

#define fail(p, ...) (err_invalid((p)->e, __VA_ARGS__), fail_at(p))

static int fail_at(struct parser *p)
{
    return err_context(p->e, "template: column %zu", (size_t)(p->at - p->text) + 1);
}

static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, space);
}

static size_t name_length(const char *s)
{
    size_t len = 0;

    while (isalnum((unsigned char)s[len]) || s[len] == '_')
        len++;
    return len;
}

static bool at_close(struct parser *p)
{
    skip_space(p);
    return strncmp(p->at, "}}", 2) == 0 || strncmp(p->at, "-}}", 3) == 0;
}

static int expect_close(struct parser *p)
{
    if (!at_close(p))
        return *p->at ? fail(p, "unexpected \"%.10s\"", p->at) : fail(p, "\"}}\" is missing");
    p->trim_left = *p->at == '-';
    p->at += p->trim_left ? 3 : 2;
    return 0;
}

/* Skips the keyword if it is next. */
static bool accept_word(struct parser *p, const char *word)
{
    skip_space(p);
    if (strncmp(p->at, word, strlen(word)) != 0 || name_length(p->at) != strlen(word))
        return false;
    p->at += strlen(word);
    return true;
}

static bool accept_sign(struct parser *p, const char *sign)
{
    skip_space(p);
    if (strncmp(p->at, sign, strlen(sign)) != 0)
        return false;
    p->at += strlen(sign);
    return true;
}

/* ---- operands ---- */

static int parse_pipeline(struct parser *p, struct expr **ret);

static int parse_raw_string(struct parser *p, struct expr **ret)
{
    const char *end = strchr(p->at + 1, '`');

    if (!end)
        return fail(p, "a closing ` is missing");
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
        return fail(p, "a closing \" is missing");
    if (json_parse(p->at, (size_t)(end + 1 - p->at), "the string", &value, p->e) < 0)
        return fail_at(p);
    *ret = new_literal(p, value);
    p->at = end + 1;
    return 0;
}

static int parse_number(struct parser *p, struct expr **ret)
{
    size_t len = strspn(p->at, "-0123456789");
    const char *digits = copy(p, p->at, len);
    int64_t value = 0;

    if (parse_int64(digits, "number", &value, p->e) < 0)
        return fail_at(p);
    *ret = new_literal(p, json_object_new_int64(value));
    p->at += len;
    return 0;
}

static int parse_parenthesis(struct parser *p, struct expr **ret)
{
    p->at++;
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return fail(p, "nested too deeply");
    if (parse_pipeline(p, ret) < 0)
        return -EINVAL;
    p->depth--;
    return accept_sign(p, ")") ? 0 : fail(p, "a closing ) is missing");
}

static int parse_variable(struct parser *p, struct expr **ret)
{
    size_t len = name_length(p->at + 1);

    *ret = new_expr(p, EXPR_VARIABLE);
    (*ret)->variable = copy(p, p->at + 1, len);
    p->at += 1 + len;
    return 0;
}

static int unknown_function(struct parser *p, size_t len)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT(1024);

    template_function_names(&names);
    return fail(p, "unknown function \"%.*s\": known are %s", (int)len, p->at, strbuf_str(&names));
}

/* true, false, nil, or a function that its caller gives arguments to. */
static int parse_word(struct parser *p, struct expr **ret)
{
    size_t len = name_length(p->at);
    const struct template_function *f = template_function_find(p->at, len);

    if (accept_word(p, "true"))
        *ret = new_literal(p, json_object_new_boolean(true));
    else if (accept_word(p, "false"))
        *ret = new_literal(p, json_object_new_boolean(false));
    else if (accept_word(p, "nil"))
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

    while (*p->at == '.' && (len = name_length(p->at + 1)) > 0) {
        if (x->n_fields == TEMPLATE_FIELDS_MAX)
            return fail(p, "too many members in a row");
        x->fields[x->n_fields++] = copy(p, p->at + 1, len);
        p->at += 1 + len;
    }
    return 0;
}

static int parse_dot(struct parser *p, struct expr **ret)
{
    *ret = new_expr(p, EXPR_DOT);
    if (name_length(p->at + 1) == 0)
        p->at++;
    return 0;
}

static int parse_operand(struct parser *p, struct expr **ret)
{
    int r;

    skip_space(p);
    if (*p->at == '.')
        r = parse_dot(p, ret);
    else if (*p->at == '$')
        r = parse_variable(p, ret);
    else if (*p->at == '"')
        r = parse_string(p, ret);
    else if (*p->at == '`')
        r = parse_raw_string(p, ret);
    else if (*p->at == '(')
        r = parse_parenthesis(p, ret);
    else if (isdigit((unsigned char)*p->at) || *p->at == '-')
        r = parse_number(p, ret);
    else if (name_length(p->at))
        r = parse_word(p, ret);
    else
        r = *p->at ? fail(p, "unexpected \"%.10s\"", p->at) : fail(p, "\"}}\" is missing");
    return r < 0 ? r : parse_fields(p, *ret);
}

/* ---- commands and pipelines ---- */

static int add_arg(struct parser *p, struct expr *call, struct expr *arg)
{
    if (call->n_args == TEMPLATE_ARGS_MAX)
        return fail(p, "too many arguments");
    call->args[call->n_args++] = arg;
    return 0;
}

static bool at_end_of_command(struct parser *p)
{
    return at_close(p) || *p->at == '|' || *p->at == ')' || *p->at == '\0';
}

static int check_arguments(struct parser *p, const struct expr *x)
{
    const struct template_function *f = x->function;

    if (x->kind != EXPR_CALL || (x->n_args >= f->min_args && x->n_args <= f->max_args))
        return 0;
    if (f->min_args == f->max_args)
        return fail(p, "%s takes %zu argument%s, got %zu", f->name, f->min_args, f->min_args == 1 ? "" : "s", x->n_args);
    return fail(p, "%s takes %zu to %zu arguments, got %zu", f->name, f->min_args, f->max_args, x->n_args);
}

/* An operand, or a function and its arguments. A function in parentheses has its own and takes no more. */
static int parse_command(struct parser *p, struct expr **ret)
{
    bool is_word = (skip_space(p), name_length(p->at) && !isdigit((unsigned char)*p->at));
    int r = parse_operand(p, ret);

    while (r == 0 && !at_end_of_command(p)) {
        struct expr *arg = NULL;

        if (!is_word || (*ret)->kind != EXPR_CALL)
            return fail(p, "a value takes no arguments: \"%.10s\" is too much", p->at);
        r = parse_operand(p, &arg);
        if (r == 0)
            r = check_arguments(p, arg);
        if (r == 0)
            r = add_arg(p, *ret, arg);
    }
    return r;
}

/* `a | f b` is `f b a`. */
static int parse_pipeline(struct parser *p, struct expr **ret)
{
    int r = parse_command(p, ret);

    if (r == 0)
        r = check_arguments(p, *ret);
    while (r == 0 && accept_sign(p, "|")) {
        struct expr *before = *ret;

        r = parse_command(p, ret);
        if (r == 0 && (*ret)->kind != EXPR_CALL)
            return fail(p, "a value can be piped into a function only");
        if (r == 0)
            r = add_arg(p, *ret, before);
        if (r == 0)
            r = check_arguments(p, *ret);
    }
    return r;
}

/* ---- actions and text ---- */

static int parse_nodes(struct parser *p, struct node **ret, enum ending *ret_ending);

static struct node *new_node(struct parser *p, enum node_kind kind)
{
    struct node *n = template_alloc(p->t, sizeof(*n));

    n->kind = kind;
    return n;
}

/* `$v :=`, `$i, $v :=`; nothing where the text goes on otherwise. */
static int parse_assignment(struct parser *p, struct node *n)
{
    const char *start = (skip_space(p), p->at);
    struct expr *first = NULL, *second = NULL;

    if (*p->at != '$' || name_length(p->at + 1) == 0)
        return 0;
    parse_variable(p, &first);
    if (n->kind == NODE_RANGE && accept_sign(p, ",")) {
        skip_space(p);
        if (*p->at != '$')
            return fail(p, "a second variable is missing");
        parse_variable(p, &second);
    }
    if (!accept_sign(p, ":=")) {
        p->at = start;
        return 0;
    }
    n->variables[0] = second ? first->variable : NULL;
    n->variables[1] = second ? second->variable : first->variable;
    return 0;
}

static int parse_block(struct parser *p, struct node *n);

/* After {{else}}: the rest of the block, or with {{else if}} a block of its own that ends with it. */
static int parse_else(struct parser *p, struct node *n)
{
    enum ending ending;

    if (n->kind != NODE_RANGE && accept_word(p, n->kind == NODE_IF ? "if" : "with")) {
        n->otherwise = new_node(p, n->kind);
        return parse_block(p, n->otherwise);
    }
    if (expect_close(p) < 0 || parse_nodes(p, &n->otherwise, &ending) < 0)
        return -EINVAL;
    return ending == END_OF_BLOCK ? 0 : fail(p, "{{end}} is missing");
}

static int parse_block(struct parser *p, struct node *n)
{
    enum ending ending;
    int r = ++p->depth > TEMPLATE_DEPTH_MAX ? fail(p, "nested too deeply") : parse_assignment(p, n);

    if (r == 0)
        r = parse_pipeline(p, &n->expr);
    if (r == 0)
        r = expect_close(p);
    if (r == 0)
        r = parse_nodes(p, &n->body, &ending);
    if (r == 0 && ending == END_OF_TEXT)
        return fail(p, "{{end}} is missing");
    if (r == 0 && ending == END_ELSE)
        r = parse_else(p, n);
    p->depth--;
    return r;
}

static int parse_print(struct parser *p, struct node *n)
{
    int r = parse_assignment(p, n);

    if (n->variables[1])
        n->kind = NODE_SET;
    if (r == 0)
        r = parse_pipeline(p, &n->expr);
    return r < 0 ? r : expect_close(p);
}

static const struct {
    const char *word;
    enum node_kind kind;
} blocks[] = {{"if", NODE_IF}, {"with", NODE_WITH}, {"range", NODE_RANGE}};

static int parse_action(struct parser *p, struct node **ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
        if (accept_word(p, blocks[i].word)) {
            *ret = new_node(p, blocks[i].kind);
            return parse_block(p, *ret);
        }
    *ret = new_node(p, NODE_PRINT);
    return parse_print(p, *ret);
}

/* Copies text, with \t and \n made what they stand for. */
static struct node *new_text(struct parser *p, const char *text, size_t len)
{
    struct node *n = new_node(p, NODE_TEXT);
    char *to = template_alloc(p->t, len + 1);

    n->text = to;
    for (size_t i = 0; i < len; i++) {
        bool is_escape = text[i] == '\\' && i + 1 < len && (text[i + 1] == 't' || text[i + 1] == 'n');

        *to++ = !is_escape ? text[i] : text[++i] == 't' ? '\t' : '\n';
    }
    n->len = (size_t)(to - n->text);
    return n;
}

/* The text up to the next action, trimmed where an action beside it says so. */
static struct node *parse_text(struct parser *p)
{
    const char *end = strstr(p->at, "{{");
    const char *from = p->at + (p->trim_left ? strspn(p->at, space) : 0);

    if (!end)
        end = p->at + strlen(p->at);
    p->at = end;
    p->trim_left = false;
    if (strncmp(end, "{{-", 3) == 0 && end[3] && strchr(space, end[3]))
        while (end > from && strchr(space, end[-1]))
            end--;
    return end > from ? new_text(p, from, (size_t)(end - from)) : NULL;
}

static void skip_open(struct parser *p)
{
    p->at += 2;
    if (*p->at == '-' && p->at[1] && strchr(space, p->at[1]))
        p->at++;
}

/* 1 when it was one. */
static int skip_comment(struct parser *p)
{
    const char *end;

    if (!accept_sign(p, "/*"))
        return 0;
    end = strstr(p->at, "*/");
    if (!end)
        return fail(p, "a closing */ is missing");
    p->at = end + 2;
    return expect_close(p) < 0 ? -EINVAL : 1;
}

/* {{end}} and {{else}} belong to the block outside: 1, and what it was. */
static int parse_ending(struct parser *p, enum ending *ret)
{
    bool is_end = accept_word(p, "end");

    if (!is_end && !accept_word(p, "else"))
        return 0;
    if (p->depth == 0)
        return fail(p, "{{%s}} without a block", is_end ? "end" : "else");
    *ret = is_end ? END_OF_BLOCK : END_ELSE;
    return is_end && expect_close(p) < 0 ? -EINVAL : 1;
}

static int parse_nodes(struct parser *p, struct node **tail, enum ending *ret_ending)
{
    *ret_ending = END_OF_TEXT;
    for (;;) {
        int r;

        if ((*tail = parse_text(p)))
            tail = &(*tail)->next;
        if (!*p->at)
            return 0;
        skip_open(p);
        r = skip_comment(p);
        if (r == 0) {
            r = parse_ending(p, ret_ending);
            if (r != 0)
                return r < 0 ? r : 0;
            r = parse_action(p, tail);
            tail = &(*tail)->next;
        }
        if (r < 0)
            return r;
    }
}

int template_parse(const char *text, struct template **ret, struct err *e)
{
    struct parser p = {.text = text, .at = text, .e = e};
    enum ending ending;
    int r;

    p.t = calloc(1, sizeof(*p.t));
    if (!p.t)
        return err_set(e, ERR_SYS, ENOMEM, "template");
    p.t->literals = json_object_new_array();
    r = parse_nodes(&p, &p.t->nodes, &ending);
    if (r < 0) {
        template_free(p.t);
        return r;
    }
    *ret = p.t;
    return 0;
}
