/* From text to a tree, by recursive descent: text, actions, blocks. What is inside an action is in template_expr.c. */
#include <string.h>

#include "cli/template_scan.h"

/* What ended a list of nodes. */
enum ending { END_OF_TEXT, END_OF_BLOCK, END_ELSE };

/* ---- memory ---- */

struct template_chunk {
    struct template_chunk *next;
    max_align_t data[];
};

void *template_alloc(struct text_template *t, size_t size)
{
    struct template_chunk *c = calloc(1, sizeof(*c) + size);

    if (!c)
        abort();
    c->next = t->chunks;
    t->chunks = c;
    return c->data;
}

void template_free(struct text_template *t)
{
    while (t->chunks) {
        struct template_chunk *next = t->chunks->next;

        free(t->chunks);
        t->chunks = next;
    }
    json_object_put(t->literals);
    free(t);
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
    const char *start = (scan_skip_space(p), p->at);
    const struct expr *first, *second = NULL;

    if (*p->at != '$' || scan_name_length(p->at + 1) == 0)
        return 0;
    first = template_parse_variable(p);
    if (n->kind == NODE_RANGE && scan_accept_sign(p, ",")) {
        scan_skip_space(p);
        if (*p->at != '$')
            return scan_fail(p, "a second variable is missing");
        second = template_parse_variable(p);
    }
    if (!scan_accept_sign(p, ":=")) {
        p->at = start;
        return 0;
    }
    n->variables[0] = second ? first->variable : NULL;
    n->variables[1] = second ? second->variable : first->variable;
    return 0;
}

static int parse_expr(struct parser *p, struct node *n)
{
    n->expr = template_parse_pipeline(p);
    return n->expr ? scan_expect_close(p) : err_to_errno(p->e);
}

static int parse_block(struct parser *p, struct node *n);

/* After {{else}}: the rest of the block, or with {{else if}} a block of its own that ends with it. */
static int parse_else(struct parser *p, struct node *n)
{
    enum ending ending;

    if (n->kind != NODE_RANGE && scan_accept_word(p, n->kind == NODE_IF ? "if" : "with")) {
        n->otherwise = new_node(p, n->kind);
        return parse_block(p, n->otherwise);
    }
    if (scan_expect_close(p) < 0 || parse_nodes(p, &n->otherwise, &ending) < 0)
        return -EINVAL;
    return ending == END_OF_BLOCK ? 0 : scan_fail(p, "{{end}} is missing");
}

static int parse_block(struct parser *p, struct node *n)
{
    enum ending ending;
    int r = ++p->depth > TEMPLATE_DEPTH_MAX ? scan_fail(p, "nested too deeply") : parse_assignment(p, n);

    if (r == 0)
        r = parse_expr(p, n);
    if (r == 0)
        r = parse_nodes(p, &n->body, &ending);
    if (r == 0 && ending == END_OF_TEXT)
        return scan_fail(p, "{{end}} is missing");
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
    return r < 0 ? r : parse_expr(p, n);
}

static const struct {
    const char *word;
    enum node_kind kind;
} blocks[] = {{"if", NODE_IF}, {"with", NODE_WITH}, {"range", NODE_RANGE}};

static int parse_action(struct parser *p, struct node **ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
        if (scan_accept_word(p, blocks[i].word)) {
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
    const char *from = p->at + (p->trim_left ? strspn(p->at, scan_space) : 0);

    if (!end)
        end = p->at + strlen(p->at);
    p->at = end;
    p->trim_left = false;
    if (strncmp(end, "{{-", 3) == 0 && end[3] && strchr(scan_space, end[3]))
        while (end > from && strchr(scan_space, end[-1]))
            end--;
    return end > from ? new_text(p, from, (size_t)(end - from)) : NULL;
}

static void skip_open(struct parser *p)
{
    p->at += 2;
    if (*p->at == '-' && p->at[1] && strchr(scan_space, p->at[1]))
        p->at++;
}

/* 1 when it was one. */
static int skip_comment(struct parser *p)
{
    const char *end;

    if (!scan_accept_sign(p, "/*"))
        return 0;
    end = strstr(p->at, "*/");
    if (!end)
        return scan_fail(p, "a closing */ is missing");
    p->at = end + 2;
    return scan_expect_close(p) < 0 ? -EINVAL : 1;
}

/* {{end}} and {{else}} belong to the block outside: 1, and what it was. */
static int parse_ending(struct parser *p, enum ending *ret)
{
    bool is_end = scan_accept_word(p, "end");

    if (!is_end && !scan_accept_word(p, "else"))
        return 0;
    if (p->depth == 0)
        return scan_fail(p, "{{%s}} without a block", is_end ? "end" : "else");
    *ret = is_end ? END_OF_BLOCK : END_ELSE;
    return is_end && scan_expect_close(p) < 0 ? -EINVAL : 1;
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

int template_parse(const char *text, struct text_template **ret, struct err *e)
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
