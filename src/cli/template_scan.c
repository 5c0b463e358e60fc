#include "cli/template_scan.h"

#include <ctype.h>
#include <string.h>

const char scan_space[] = " \t\r\n";

int(scan_fail_at)(struct parser *p)
{
    return err_context(p->e, "template: column %zu", (size_t)(p->at - p->text) + 1);
}

void scan_skip_space(struct parser *p)
{
    p->at += strspn(p->at, scan_space);
}

size_t scan_name_length(const char *s)
{
    size_t len = 0;

    while (isalnum((unsigned char)s[len]) || s[len] == '_')
        len++;
    return len;
}

bool scan_is_at_close(struct parser *p)
{
    scan_skip_space(p);
    return strncmp(p->at, "}}", 2) == 0 || strncmp(p->at, "-}}", 3) == 0;
}

int scan_expect_close(struct parser *p)
{
    if (!scan_is_at_close(p))
        return *p->at ? scan_fail(p, "unexpected \"%.10s\"", p->at) : scan_fail(p, "\"}}\" is missing");
    p->trim_left = *p->at == '-';
    p->at += p->trim_left ? 3 : 2;
    return 0;
}

/* Skips the keyword if it is next. */
bool scan_accept_word(struct parser *p, const char *word)
{
    scan_skip_space(p);
    if (strncmp(p->at, word, strlen(word)) != 0 || scan_name_length(p->at) != strlen(word))
        return false;
    p->at += strlen(word);
    return true;
}

bool scan_accept_sign(struct parser *p, const char *sign)
{
    scan_skip_space(p);
    if (strncmp(p->at, sign, strlen(sign)) != 0)
        return false;
    p->at += strlen(sign);
    return true;
}

const char *scan_copy(struct parser *p, const char *text, size_t len)
{
    char *s = template_alloc(p->t, len + 1);

    memcpy(s, text, len);
    return s;
}
