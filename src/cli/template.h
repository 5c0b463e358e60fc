/*
 * Go's text/template, as far as --format needs it, over JSON values.
 *
 *     {{.A.B}} {{.}} {{$}} {{$x}} "text" 12 true nil (pipeline).A    values
 *     {{f x y}} {{x | f y}}                                          functions: the table in template_functions.c
 *     {{if x}} … {{else if y}} … {{else}} … {{end}}  {{with x}} … {{end}}
 *     {{range x}} … {{else}} … {{end}}  {{range $i, $v := x}} … {{end}}  {{$x := y}}
 *     {{- x -}} trims the white space around it; comments are as in C
 *
 * Outside the braces \t and \n stand for a tab and a newline, as Docker reads them. A member that does not exist is an
 * error that names the nearest one; null prints as <nil>. Anything else of Go's language is refused with its place.
 * Source: https://pkg.go.dev/text/template, and Docker's "Format command and log output".
 */
#ifndef SAMPAN_CLI_TEMPLATE_H
#define SAMPAN_CLI_TEMPLATE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

struct text_template;

/* All errors are ERR_INVALID; they start with "template: column N". The text is not needed afterwards. */
int template_parse(const char *text, struct text_template **ret, struct err *e);
void template_free(struct text_template *t);
DEFINE_CLEANUP_PTR(template, struct text_template *, template_free)
#define _cleanup_template_ _cleanup_(cleanup_template)

/* Appends to out; what was appended before an error stays. Any number of times with any data. */
int template_execute(const struct text_template *t, json_object *data, struct strbuf *out, struct err *e);

/* The same for a table's header: functions that shape text give their argument back unchanged. */
int template_execute_header(const struct text_template *t, json_object *titles, struct strbuf *out, struct err *e);

#endif
