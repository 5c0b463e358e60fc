/* network/egress.c: whatever is given as an egress rule, what it is taken for fits into an nftables rule and dnsmasq's
 * configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "network/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct egress_rule *r)
{
    struct prefix network = prefix_network(&r->to);

    require(ip_is_set(&r->to.ip) != (r->name[0] != '\0'));
    require(r->to.len <= 8 * ip_size(&r->to.ip) && ip_equal(&network.ip, &r->to.ip));
    require(r->protocol == 0 || r->protocol == IPPROTO_TCP || r->protocol == IPPROTO_UDP ||
            r->protocol == IPPROTO_SCTP);
    require(strlen(r->name) <= EGRESS_NAME_MAX);
    require(strspn(r->name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == strlen(r->name));
    require(r->name[0] != '.' && !strstr(r->name, ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct egress_rule rule;
    struct err e = ERR_INIT;

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (egress_rule_parse(text, &rule, &e) == 0)
        check(&rule);
    else
        require(e.kind == ERR_INVALID);
    free(text);
    return 0;
}
