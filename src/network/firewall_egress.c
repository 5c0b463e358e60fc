#include "network/firewall_egress.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strv.h"

enum { NAME_SECONDS = 24 * 60 * 60, NAME_ADDRESSES_MAX = 65535, ANSWER_SECONDS = 60 };

/* ---- names of things ---- */

/* "names4-0123456789ab-deb.example.org" */
static void name_set(char buf[static NFT_NAME_MAXLEN], int family, const char *owner, const char *name)
{
    (void)snprintf(buf, NFT_NAME_MAXLEN, "names%d-%.12s-%s", family, owner, name);
}

int egress_chain_init(const char *owner, const struct egress *egress, struct egress_chain *ret, struct err *e)
{
    size_t n = strv_len(egress->allow);
    struct egress_chain c = {
        .owner = owner, .rules = calloc(n + 1, sizeof(*c.rules)), .sets = calloc(2 * n + 1, sizeof(*c.sets))};
    int r = 0;

    if (!c.rules || !c.sets)
        abort();
    (void)snprintf(c.name, sizeof(c.name), "egress-%.12s", owner);
    for (; c.n_rules < n && r == 0; c.n_rules++) {
        struct egress_rule *rule = &c.rules[c.n_rules];

        r = egress_rule_parse(egress->allow[c.n_rules], rule, e);
        if (r == 0 && rule->name[0] != '\0') {
            name_set(c.sets[2 * c.n_rules], 4, owner, rule->name);
            name_set(c.sets[2 * c.n_rules + 1], 6, owner, rule->name);
        }
    }
    if (r < 0)
        egress_chain_release(&c);
    else
        *ret = c;
    return r;
}

void egress_chain_release(struct egress_chain *c)
{
    free(c->rules);
    free(c->sets);
    *c = (struct egress_chain){.n_rules = 0};
}

/* ---- one rule ---- */

/* Expressions one behind the other, as many as a rule of ours has. */
struct expressions {
    size_t n;
    struct nft_expr x[12];
};

static void add(struct expressions *to, const struct nft_expr *what)
{
    for (; what->name; what++)
        to->x[to->n++] = *what;
    to->x[to->n] = (struct nft_expr)NFT_END;
}
#define ADD(to_, ...) add(to_, (const struct nft_expr[]){__VA_ARGS__, NFT_END})

static void add_address(struct expressions *to, uint8_t family)
{
    if (family == AF_INET)
        ADD(to, NFT_CT_ORIGINAL(NFT_CT_DST_IP, NFT_REG_A));
    else
        ADD(to, NFT_CT_ORIGINAL(NFT_CT_DST_IP6, NFT_REG_A));
}

/* A prefix's mask and network, which outlive the building of the rule. */
struct masked {
    uint8_t mask[16], zero[16];
};

static void add_prefix(struct expressions *to, const struct prefix *p, struct masked *m)
{
    unsigned size = ip_size(&p->ip);

    if (p->len == 0) { /* all of the family */
        ADD(to, NFT_NFPROTO_IS(p->ip.family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6));
        return;
    }
    for (unsigned i = 0; i < p->len; i++)
        m->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    add_address(to, p->ip.family);
    if (p->len < size * 8)
        ADD(to, NFT_MASK(m->mask, m->zero, size));
    ADD(to, NFT_EQ(p->ip.bytes, size));
}

/* protocol 0: any */
static void put_rule(struct nft_batch *b, const struct egress_chain *c, size_t i, uint8_t family, uint8_t protocol)
{
    const struct egress_rule *rule = &c->rules[i];
    struct expressions x = {.n = 0};
    struct masked masked = {.mask = {0}};

    if (rule->name[0] == '\0') {
        add_prefix(&x, &rule->to, &masked);
    } else {
        add_address(&x, family);
        ADD(&x, NFT_IN(c->sets[2 * i + (family == AF_INET6)]));
    }
    if (protocol != 0)
        ADD(&x, NFT_L4PROTO_IS(protocol));
    if (rule->port != 0)
        ADD(&x, NFT_CT_ORIGINAL(NFT_CT_PROTO_DST, NFT_REG_A), NFT_EQ_BE16(rule->port));
    ADD(&x, NFT_DO_RETURN);
    nft_add_rule(b, c->name, c->name, x.x);
}

static void put_family(struct nft_batch *b, const struct egress_chain *c, size_t i, uint8_t family)
{
    const struct egress_rule *rule = &c->rules[i];

    if (rule->port != 0 && rule->protocol == 0) {
        put_rule(b, c, i, family, IPPROTO_TCP);
        put_rule(b, c, i, family, IPPROTO_UDP);
    } else {
        put_rule(b, c, i, family, rule->protocol);
    }
}

/* ---- the chain ---- */

static void put_name_sets(struct nft_batch *b, const struct egress_chain *c)
{
    for (size_t i = 0; i < 2 * c->n_rules; i++) {
        const struct nft_set s = {.name = c->sets[i],
                                  .key = {i % 2 == 0 ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6},
                                  .timeout = NAME_SECONDS,
                                  .size = NAME_ADDRESSES_MAX};

        if (*s.name != '\0')
            nft_add_set(b, &s);
    }
}

static void put_reject(struct nft_batch *b, const struct egress_chain *c)
{
    const struct nft_expr rest[] = {NFT_REJECT_AS_PROHIBITED, NFT_END};

    nft_add_rule(b, c->name, c->name, rest);
}

static void put_empty_chain(struct nft_batch *b, const struct egress_chain *c)
{
    const struct nft_chain chain = {.name = c->name};

    nft_add_chain(b, &chain);
    nft_flush_chain(b, c->name);
}

void egress_chain_put(struct nft_batch *b, const struct egress_chain *c)
{
    put_name_sets(b, c);
    put_empty_chain(b, c);
    for (size_t i = 0; i < c->n_rules; i++) {
        if (ip_is_set(&c->rules[i].to.ip)) {
            put_family(b, c, i, c->rules[i].to.ip.family);
        } else {
            put_family(b, c, i, AF_INET);
            put_family(b, c, i, AF_INET6);
        }
    }
    put_reject(b, c);
}

/* Two rules may have one name, whose set goes once. */
static bool is_first_of_its_name(const struct egress_chain *c, size_t i)
{
    for (size_t k = i % 2; k < i; k += 2) {
        if (strcmp(c->sets[k], c->sets[i]) == 0)
            return false;
    }
    return true;
}

void egress_chain_put_removal(struct nft_batch *b, const struct egress_chain *c)
{
    put_name_sets(b, c);
    put_empty_chain(b, c);
    nft_delete_chain(b, c->name);
    for (size_t i = 0; i < 2 * c->n_rules; i++) {
        if (c->sets[i][0] != '\0' && is_first_of_its_name(c, i))
            nft_delete_set(b, c->sets[i]);
    }
}

/* ---- for dnsmasq ---- */

int firewall_dnsmasq_lines(const char *table, const char *owner, const struct egress *egress, struct strbuf *ret,
                           struct err *e)
{
    _cleanup_egress_chain_ struct egress_chain c = {.n_rules = 0};
    int r = egress->deny ? egress_chain_init(owner, egress, &c, e) : 0;
    bool has_names = false;

    for (size_t i = 0; i < c.n_rules && r == 0; i++) {
        if (c.rules[i].name[0] == '\0' || !is_first_of_its_name(&c, 2 * i))
            continue;
        strbuf_addf(ret, "nftset=/%s/4#inet#%s#%s,6#inet#%s#%s\n", c.rules[i].name, table, c.sets[2 * i], table,
                    c.sets[2 * i + 1]);
        has_names = true;
    }
    if (has_names)
        strbuf_addf(ret, "max-cache-ttl=%d\nmax-ttl=%d\n", ANSWER_SECONDS, ANSWER_SECONDS);
    return r < 0 ? r : strbuf_check(ret, "dnsmasq's configuration", e);
}
