#include "kernel/nft_expr.h"

#include <arpa/inet.h>

#include "kernel/netlink.h"

/* nf_tables' numbers are big-endian. */
static void put_u32(struct netlink_batch *nl, uint16_t type, uint32_t v)
{
    netlink_attr_u32(nl, type, htonl(v));
}

void nft_put_value(struct netlink_batch *nl, uint16_t type, const void *data, size_t len)
{
    struct nlattr *nest = netlink_nest(nl, type);

    netlink_attr(nl, NFTA_DATA_VALUE, data, len);
    netlink_nest_end(nl, nest);
}

void nft_put_verdict(struct netlink_batch *nl, uint16_t type, int32_t code, const char *chain)
{
    struct nlattr *data = netlink_nest(nl, type);
    struct nlattr *verdict = netlink_nest(nl, NFTA_DATA_VERDICT);

    put_u32(nl, NFTA_VERDICT_CODE, (uint32_t)code);
    if (chain)
        netlink_attr_str(nl, NFTA_VERDICT_CHAIN, chain);
    netlink_nest_end(nl, verdict);
    netlink_nest_end(nl, data);
}

static void put_attr(struct netlink_batch *nl, const struct nft_attr *a)
{
    switch (a->kind) {
    case NFT_ATTR_U32:
        put_u32(nl, a->type, a->number);
        break;
    case NFT_ATTR_U8:
        netlink_attr_u8(nl, a->type, (uint8_t)a->number);
        break;
    case NFT_ATTR_STR:
        netlink_attr_str(nl, a->type, a->data);
        break;
    case NFT_ATTR_VALUE:
        nft_put_value(nl, a->type, a->data ? a->data : a->own.bytes, a->number);
        break;
    case NFT_ATTR_VERDICT:
        nft_put_verdict(nl, a->type, (int32_t)a->number, a->data);
        break;
    case NFT_ATTR_END:
        break;
    }
}

void nft_put_expressions(struct netlink_batch *nl, uint16_t type, const struct nft_expr *expressions)
{
    struct nlattr *list = netlink_nest(nl, type);

    for (const struct nft_expr *x = expressions; x->name; x++) {
        struct nlattr *element = netlink_nest(nl, NFTA_LIST_ELEM);
        struct nlattr *data;

        netlink_attr_str(nl, NFTA_EXPR_NAME, x->name);
        data = netlink_nest(nl, NFTA_EXPR_DATA);
        for (size_t i = 0; i < NFT_ATTRS_MAX && x->attrs[i].kind != NFT_ATTR_END; i++)
            put_attr(nl, &x->attrs[i]);
        netlink_nest_end(nl, data);
        netlink_nest_end(nl, element);
    }
    netlink_nest_end(nl, list);
}
