#include "cli/output.h"

#include <unistd.h>

#include "base/fd.h"
#include "cli/table.h"

int output_write(const struct strbuf *sb, struct err *e)
{
    int r = strbuf_check(sb, "the output", e);

    if (r < 0)
        return r;
    r = fd_write_all(STDOUT_FILENO, strbuf_str(sb), sb->len);
    return r < 0 ? err_set(e, ERR_SYS, -r, "write to standard output") : 0;
}

int output_table(const struct strbuf *lines, struct err *e)
{
    _cleanup_strbuf_ struct strbuf aligned = STRBUF_INIT(OUTPUT_MAX);
    int r = strbuf_check(lines, "the table", e);

    if (r < 0)
        return r;
    table_align(strbuf_str(lines), &aligned);
    return output_write(&aligned, e);
}

void output_cell(struct strbuf *lines, const char *text)
{
    for (; *text; text++)
        strbuf_addc(lines, *text == '\t' || *text == '\n' ? ' ' : *text);
}
