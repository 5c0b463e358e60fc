/* What commands print on standard output: gathered first, checked, and written at once. */
#ifndef SAMPAN_CLI_OUTPUT_H
#define SAMPAN_CLI_OUTPUT_H

#include "base/strbuf.h"

#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

int output_write(const struct strbuf *sb, struct err *e);

/* Lines of cells that end with tabs (cli/table.h), aligned. */
int output_table(const struct strbuf *lines, struct err *e);

/* Appends text that may hold anything as part of one cell: tabs and newlines become spaces. */
void output_cell(struct strbuf *lines, const char *text);

#endif
