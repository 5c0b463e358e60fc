/*
 * Columns. Input is lines of text whose cells end with a tab, but for the last; output has the cells aligned as Docker's
 * lists are: each column as wide as its widest cell and three spaces, at least ten.
 *
 * Cells come from outside (names, labels, command lines): control bytes other than tab and newline are shown as "?",
 * so that no container can write escape sequences to its owner's terminal. Width counts UTF-8 characters.
 */
#ifndef SAMPAN_CLI_TABLE_H
#define SAMPAN_CLI_TABLE_H

#include "base/strbuf.h"

/* Appends the aligned lines to out. Columns beyond the 32nd are left as they are. */
void table_align(const char *text, struct strbuf *out);

#endif
