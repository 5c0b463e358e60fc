/* The text of a template as its parser walks over it, and what its two halves share: words, signs, and mistakes. */
#ifndef SAMPAN_CLI_TEMPLATE_SCAN_H
#define SAMPAN_CLI_TEMPLATE_SCAN_H

#include "cli/template_tree.h"

struct parser {
    struct text_template *t;
    const char *text, *at;
    int depth;      /* of blocks and parentheses */
    bool trim_left; /* the action before ended with "-}}" */
    struct err *e;
};

/* Sets the error and names the column; always negative. */
#define scan_fail(p, ...) (err_invalid((p)->e, __VA_ARGS__), scan_fail_at(p))
int scan_fail_at(struct parser *p);
#define scan_fail_at(p) err_negative((scan_fail_at)(p)) /* as in base/err.h */

extern const char scan_space[];
void scan_skip_space(struct parser *p);
size_t scan_name_length(const char *s); /* letters, digits and _; 0: no name */

/* Skips the keyword, the sign, if it is next behind white space. */
bool scan_accept_word(struct parser *p, const char *word);
bool scan_accept_sign(struct parser *p, const char *sign);

/* The end of an action. */
bool scan_is_at_close(struct parser *p);
int scan_expect_close(struct parser *p);

/* A copy that lives as long as the template. */
const char *scan_copy(struct parser *p, const char *text, size_t len);

/* What comes next, in template_expr.c; NULL after a mistake, with the error set. */
struct expr *template_parse_pipeline(struct parser *p); /* up to the end of the action or parenthesis */
struct expr *template_parse_variable(struct parser *p); /* "$name"; never fails */

#endif
