#include "network/egress.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "network/plan.h"

enum { TEXT_MAX = 512 };

static int refuse(const char *text, struct err *e)
{
    return err_invalid(e, "\"%.200s\" is no egress rule: ADDRESS, PREFIX or NAME, and then [:PORT][/PROTOCOL]", text);
}

/* "/tcp" at the end; "/8" is none. */
static void cut_protocol(char *text, uint8_t *ret)
{
    char *slash = strrchr(text, '/');

    if (slash && net_protocol_parse(slash + 1, ret, NULL) == 0)
        *slash = '\0';
}

static int parse_port(const char *text, uint16_t *ret, struct err *e)
{
    uint64_t port;
    int r = parse_uint64(text, "port", &port, e);

    if (r == 0 && (port == 0 || port > UINT16_MAX))
        r = err_invalid(e, "port %s is not in 1…65535", text);
    if (r == 0)
        *ret = (uint16_t)port;
    return r;
}

/* The port's text, cut off, or NULL. An IPv6 address has colons of its own, and a port only behind brackets. */
static char *cut_port(char *text)
{
    char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    char *colon = strchr(bracket ? bracket : text, ':');

    if (!colon || (!bracket && strchr(colon + 1, ':')))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* "[fd00::]/8" is "fd00::/8" to prefix_parse(). */
static void remove_brackets(char *text)
{
    char *end = text[0] == '[' ? strchr(text, ']') : NULL;

    if (!end)
        return;
    memmove(end, end + 1, strlen(end));
    memmove(text, text + 1, strlen(text));
}

static bool is_label_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Letters, digits, '-' and '_', in labels with dots between; one at least that is not all digits, or it is a broken
 * address. */
static bool is_name(const char *s)
{
    bool has_letter = false;

    for (const char *p = s; *p != '\0'; p++) {
        bool is_dot_between = *p == '.' && p > s && p[-1] != '.' && p[1] != '\0';

        if (!is_label_char(*p) && !is_dot_between)
            return false;
        has_letter = has_letter || isalpha((unsigned char)*p);
    }
    return has_letter && strlen(s) <= EGRESS_NAME_MAX;
}

static int parse_name(const char *text, const char *whole, struct egress_rule *ret, struct err *e)
{
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

    if (!is_name(name))
        return refuse(whole, e);
    for (size_t i = 0; i <= strlen(name); i++)
        ret->name[i] = (char)tolower((unsigned char)name[i]);
    return 0;
}

int egress_rule_parse(const char *text, struct egress_rule *ret, struct err *e)
{
    struct egress_rule rule = {.port = 0};
    char copy[TEXT_MAX];
    char *port;
    int r;

    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return refuse(text, e);
    cut_protocol(copy, &rule.protocol);
    port = cut_port(copy);
    remove_brackets(copy);
    r = port ? parse_port(port, &rule.port, e) : 0;
    if (r < 0)
        return err_context(e, "egress rule \"%.200s\"", text);
    if (prefix_parse(copy, "egress", &rule.to, NULL) == 0)
        rule.to = prefix_network(&rule.to);
    else
        r = parse_name(copy, text, &rule, e);
    if (r == 0)
        *ret = rule;
    return r;
}
