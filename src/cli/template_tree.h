/*
 * A parsed template: a list of nodes, each with an expression. Everything is allocated from the template and freed with
 * it; out of memory ends the program, as for JSON values (base/json.h).
 */
#ifndef SAMPAN_CLI_TEMPLATE_TREE_H
#define SAMPAN_CLI_TEMPLATE_TREE_H

#include "cli/template.h"
#include "cli/template_functions.h"

enum { TEMPLATE_DEPTH_MAX = 32, TEMPLATE_ARGS_MAX = 16, TEMPLATE_FIELDS_MAX = 16 };

enum expr_kind { EXPR_DOT, EXPR_VARIABLE, EXPR_LITERAL, EXPR_CALL };

/* A value, and the members taken from it one after the other: `.A.B` is EXPR_DOT with the fields A and B. */
struct expr {
    enum expr_kind kind;
    size_t column;
    const char *variable; /* "" is $, the data itself */
    json_object *literal;
    const struct template_function *function;
    struct expr *args[TEMPLATE_ARGS_MAX];
    size_t n_args;
    const char *fields[TEMPLATE_FIELDS_MAX];
    size_t n_fields;
};

enum node_kind { NODE_TEXT, NODE_PRINT, NODE_SET, NODE_IF, NODE_WITH, NODE_RANGE };

struct node {
    enum node_kind kind;
    struct node *next;
    const char *text; /* NODE_TEXT */
    size_t len;
    struct expr *expr;
    const char *variables[2]; /* NODE_SET: [1]; NODE_RANGE: key and value; NULL: not asked for */
    struct node *body, *otherwise;
};

struct text_template {
    struct node *nodes;
    json_object *literals; /* array: owns them */
    struct template_chunk *chunks;
};

void *template_alloc(struct text_template *t, size_t size); /* zeroed */

#endif
