/* A tree walked over data. Values are reference counted: every evaluation gives an owned one. */
#include <string.h>

#include "base/options.h"
#include "cli/json_print.h"
#include "cli/template_tree.h"

enum { VARIABLES_MAX = 64, NAMES_MAX = 128 };

struct variable {
    const char *name;
    json_object *value;
};

struct run {
    struct strbuf *out;
    struct err *e;
    bool is_header;
    struct variable variables[VARIABLES_MAX]; /* the first is $; inner ones hide outer ones */
    size_t n_variables;
};

/* ---- variables ---- */

static void drop_variables(struct run *run, size_t down_to)
{
    while (run->n_variables > down_to)
        json_object_put(run->variables[--run->n_variables].value);
}

/* Takes the value. */
static int set_variable(struct run *run, const char *name, json_object *value)
{
    if (run->n_variables == VARIABLES_MAX) {
        json_object_put(value);
        return err_invalid(run->e, "template: too many variables");
    }
    run->variables[run->n_variables++] = (struct variable){name, value};
    return 0;
}

static int get_variable(struct run *run, const struct expr *x, json_object **ret)
{
    for (size_t i = run->n_variables; i-- > 0;)
        if (strcmp(run->variables[i].name, x->variable) == 0) {
            *ret = json_object_get(run->variables[i].value);
            return 0;
        }
    return err_invalid(run->e, "template: column %zu: there is no variable $%s", x->column, x->variable);
}

/* ---- expressions ---- */

static int evaluate(struct run *run, const struct expr *x, json_object *dot, json_object **ret);

static int no_member(struct run *run, const struct expr *x, json_object *o, const char *name)
{
    const char *names[NAMES_MAX] = {NULL};
    const char *near;
    size_t n = 0;

    if (!json_object_is_type(o, json_type_object))
        return err_invalid(run->e, "template: column %zu: can't take .%s of %s", x->column, name,
                           o ? "a value that has no members" : "what is null");
    json_object_object_foreach(o, key, value)
    {
        (void)value;
        if (n + 1 < NAMES_MAX)
            names[n++] = key;
    }
    near = options_nearest(name, names);
    return err_invalid(run->e, "template: column %zu: there is no .%s%s%s%s {{json .}} shows what there is", x->column,
                       name, near ? ", did you mean ." : ";", near ? near : "", near ? "?" : "");
}

static int take_fields(struct run *run, const struct expr *x, json_object **value)
{
    for (size_t i = 0; i < x->n_fields; i++) {
        json_object *member = NULL;

        if (!json_object_is_type(*value, json_type_object) || !json_object_object_get_ex(*value, x->fields[i], &member))
            return no_member(run, x, *value, x->fields[i]);
        json_object_get(member);
        json_object_put(*value);
        *value = member;
    }
    return 0;
}

static int call(struct run *run, const struct expr *x, json_object *dot, json_object **ret)
{
    json_object *args[TEMPLATE_ARGS_MAX] = {NULL};
    size_t n = 0;
    int r = 0;

    for (; r == 0 && n < x->n_args; n++)
        r = evaluate(run, x->args[n], dot, &args[n]);
    if (r == 0 && run->is_header && x->function->is_shape)
        *ret = json_object_get(args[0]);
    else if (r == 0 && x->function->call(args, n, ret, run->e) < 0)
        r = err_context(run->e, "template: column %zu: %s", x->column, x->function->name);
    while (n-- > 0)
        json_object_put(args[n]);
    return r;
}

static int evaluate(struct run *run, const struct expr *x, json_object *dot, json_object **ret)
{
    _cleanup_json_ json_object *value = NULL;
    int r = 0;

    switch (x->kind) {
    case EXPR_DOT:
        value = json_object_get(dot);
        break;
    case EXPR_LITERAL:
        value = json_object_get(x->literal);
        break;
    case EXPR_VARIABLE:
        r = get_variable(run, x, &value);
        break;
    case EXPR_CALL:
        r = call(run, x, dot, &value);
        break;
    }
    if (r == 0)
        r = take_fields(run, x, &value);
    if (r == 0)
        *ret = TAKE_PTR(value);
    return r;
}

/* ---- nodes ---- */

static int walk(struct run *run, const struct node *nodes, json_object *dot);

/* One turn of a range: the key is borrowed and its own. */
static int turn(struct run *run, const struct node *n, json_object *key, json_object *item)
{
    size_t scope = run->n_variables;
    int r = 0;

    if (n->variables[0])
        r = set_variable(run, n->variables[0], json_object_get(key));
    if (r == 0 && n->variables[1])
        r = set_variable(run, n->variables[1], json_object_get(item));
    if (r == 0)
        r = walk(run, n->body, item);
    drop_variables(run, scope);
    return r;
}

static int range_array(struct run *run, const struct node *n, json_object *array)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_object_array_length(array); i++) {
        _cleanup_json_ json_object *key = json_object_new_uint64(i);

        r = turn(run, n, key, json_object_array_get_idx(array, i));
    }
    return r;
}

static int range_object(struct run *run, const struct node *n, json_object *o)
{
    int r = 0;

    json_object_object_foreach(o, name, item)
    {
        _cleanup_json_ json_object *key = json_object_new_string(name);

        r = turn(run, n, key, item);
        if (r < 0)
            break;
    }
    return r;
}

static int range(struct run *run, const struct node *n, json_object *over, json_object *dot)
{
    if (!template_is_true(over))
        return walk(run, n->otherwise, dot);
    if (json_object_is_type(over, json_type_array))
        return range_array(run, n, over);
    if (json_object_is_type(over, json_type_object))
        return range_object(run, n, over);
    return err_invalid(run->e, "template: column %zu: range needs a list or an object", n->expr->column);
}

static int choose(struct run *run, const struct node *n, json_object *value, json_object *dot)
{
    size_t scope = run->n_variables;
    bool is_true = template_is_true(value);
    int r = n->variables[1] ? set_variable(run, n->variables[1], json_object_get(value)) : 0;

    if (r == 0)
        r = walk(run, is_true ? n->body : n->otherwise, is_true && n->kind == NODE_WITH ? value : dot);
    drop_variables(run, scope);
    return r;
}

static int step(struct run *run, const struct node *n, json_object *dot)
{
    _cleanup_json_ json_object *value = NULL;
    int r;

    if (n->kind == NODE_TEXT) {
        strbuf_add(run->out, n->text, n->len);
        return 0;
    }
    r = evaluate(run, n->expr, dot, &value);
    if (r < 0)
        return r;
    switch (n->kind) {
    case NODE_PRINT:
        json_print_plain(value, run->out);
        return 0;
    case NODE_SET:
        return set_variable(run, n->variables[1], TAKE_PTR(value));
    case NODE_IF:
    case NODE_WITH:
        return choose(run, n, value, dot);
    case NODE_RANGE:
        return range(run, n, value, dot);
    case NODE_TEXT:
        break;
    }
    return 0;
}

static int walk(struct run *run, const struct node *nodes, json_object *dot)
{
    int r = 0;

    for (; r == 0 && nodes; nodes = nodes->next)
        r = step(run, nodes, dot);
    return r;
}

static int execute(const struct text_template *t, json_object *data, bool is_header, struct strbuf *out, struct err *e)
{
    struct run run = {.out = out, .e = e, .is_header = is_header};
    int r = set_variable(&run, "", json_object_get(data));

    if (r == 0)
        r = walk(&run, t->nodes, data);
    drop_variables(&run, 0);
    return r;
}

int template_execute(const struct text_template *t, json_object *data, struct strbuf *out, struct err *e)
{
    return execute(t, data, false, out, e);
}

int template_execute_header(const struct text_template *t, json_object *titles, struct strbuf *out, struct err *e)
{
    return execute(t, titles, true, out, e);
}
