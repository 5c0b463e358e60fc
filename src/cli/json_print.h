/* JSON as Docker prints it: four spaces a level, or one line; and Go's plain form of a value, as templates print it. */
#ifndef SAMPAN_CLI_JSON_PRINT_H
#define SAMPAN_CLI_JSON_PRINT_H

#include "base/json.h"
#include "base/strbuf.h"

void json_print_pretty(json_object *o, struct strbuf *out);
void json_print_line(json_object *o, struct strbuf *out); /* without a newline */

/* Strings bare, lists as [a b], objects as map[key:value …] in the order of their keys, null as <nil>. */
void json_print_plain(json_object *o, struct strbuf *out);

#endif
