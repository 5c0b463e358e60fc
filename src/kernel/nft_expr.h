/*
 * Expressions of nf_tables, as values: a rule is an array of them, and the macros below read like nft's language.
 *
 *     iifname @bridges ct state established accept
 *     { NFT_IIFNAME_IN("bridges"), NFT_CT_STATE_HAS(NFT_CT_ESTABLISHED), NFT_ACCEPT, NFT_END }
 *
 * The kernel's machine has sixteen 32-bit registers. An expression loads some, or compares or looks up what is there, and the
 * rule ends at the first that says no. Macros with a word of nft's language load from NFT_REG_A on and test that at once;
 * loads one behind the other (NFT_REG_AFTER) make the key of a lookup by several fields.
 *
 * Source: linux/netfilter/nf_tables.h; `nft --debug=netlink` shows a rule's expressions.
 */
#ifndef SAMPAN_KERNEL_NFT_EXPR_H
#define SAMPAN_KERNEL_NFT_EXPR_H

#include <netinet/in.h> /* first: linux/in.h, which linux/netfilter.h includes, gives way to it */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdint.h>

struct netlink_batch;

enum nft_attr_kind { NFT_ATTR_END, NFT_ATTR_U32, NFT_ATTR_U8, NFT_ATTR_STR, NFT_ATTR_VALUE, NFT_ATTR_VERDICT };
enum { NFT_ATTRS_MAX = 6 };

struct nft_expr {
    const char *name; /* "meta", "cmp"; NULL: the end of the rule */
    struct nft_attr {
        uint16_t type; /* NFTA_META_KEY */
        enum nft_attr_kind kind;
        uint32_t number;  /* the value, the length of a value, or a verdict's code */
        const void *data; /* a string, a value, a verdict's chain: borrowed until the rule was added */
        union {           /* a short value, where data is NULL */
            uint8_t bytes[4];
            uint32_t u32;
        } own;
    } attrs[NFT_ATTRS_MAX];
};

/* Adds them to the request being built, as attribute `type`. */
void nft_put_expressions(struct netlink_batch *nl, uint16_t type, const struct nft_expr *expressions);
/* NFTA_DATA_VALUE or NFTA_DATA_VERDICT inside attribute `type`. */
void nft_put_value(struct netlink_batch *nl, uint16_t type, const void *data, size_t len);
void nft_put_verdict(struct netlink_batch *nl, uint16_t type, int32_t code, const char *chain);

/* clang-format off */
#define NFT_END                      {.name = NULL}

/* ---- attributes */
#define NFT_U32(type_, v_)           {.type = (type_), .kind = NFT_ATTR_U32, .number = (uint32_t)(v_)}
#define NFT_U8(type_, v_)            {.type = (type_), .kind = NFT_ATTR_U8, .number = (v_)}
#define NFT_STR(type_, s_)           {.type = (type_), .kind = NFT_ATTR_STR, .data = (s_)}
#define NFT_VALUE(type_, p_, len_)   {.type = (type_), .kind = NFT_ATTR_VALUE, .data = (p_), .number = (len_)}
#define NFT_OWN_BYTES(type_, len_, ...) {.type = (type_), .kind = NFT_ATTR_VALUE, .number = (len_), .own = {.bytes = {__VA_ARGS__}}}
#define NFT_OWN_U32(type_, v_)       {.type = (type_), .kind = NFT_ATTR_VALUE, .number = 4, .own = {.u32 = (uint32_t)(v_)}}
#define NFT_VERDICT(code_, chain_)   {.type = NFTA_IMMEDIATE_DATA, .kind = NFT_ATTR_VERDICT, .number = (uint32_t)(code_), .data = (chain_)}

/* ---- registers: A is where what is looked at begins; behind so many bytes comes the next field of a key */
#define NFT_REG_A                    NFT_REG32_00
#define NFT_REG_AFTER(bytes_)        (NFT_REG32_00 + (bytes_) / 4)

/* ---- loads */
#define NFT_META(key_, reg_)         {"meta", {NFT_U32(NFTA_META_KEY, key_), NFT_U32(NFTA_META_DREG, reg_)}}
#define NFT_CT(key_, reg_)           {"ct", {NFT_U32(NFTA_CT_KEY, key_), NFT_U32(NFTA_CT_DREG, reg_)}}
#define NFT_CT_ORIGINAL(key_, reg_)  {"ct", {NFT_U32(NFTA_CT_KEY, key_), NFT_U32(NFTA_CT_DREG, reg_), NFT_U8(NFTA_CT_DIRECTION, IP_CT_DIR_ORIGINAL)}}
#define NFT_PAYLOAD(base_, at_, len_, reg_)                                                                            \
    {"payload", {NFT_U32(NFTA_PAYLOAD_BASE, base_), NFT_U32(NFTA_PAYLOAD_OFFSET, at_), NFT_U32(NFTA_PAYLOAD_LEN, len_), NFT_U32(NFTA_PAYLOAD_DREG, reg_)}}
#define NFT_FIB_DADDR_TYPE(reg_)                                                                                       \
    {"fib", {NFT_U32(NFTA_FIB_DREG, reg_), NFT_U32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE), NFT_U32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR)}}
#define NFT_SET_REG(reg_, p_, len_)  {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, reg_), NFT_VALUE(NFTA_IMMEDIATE_DATA, p_, len_)}}

/* ---- tests of NFT_REG_A */
#define NFT_CMP(op_, p_, len_)       {"cmp", {NFT_U32(NFTA_CMP_SREG, NFT_REG_A), NFT_U32(NFTA_CMP_OP, op_), NFT_VALUE(NFTA_CMP_DATA, p_, len_)}}
#define NFT_EQ(p_, len_)             NFT_CMP(NFT_CMP_EQ, p_, len_)
#define NFT_NE(p_, len_)             NFT_CMP(NFT_CMP_NEQ, p_, len_)
#define NFT_CMP_OWN(op_, value_)     {"cmp", {NFT_U32(NFTA_CMP_SREG, NFT_REG_A), NFT_U32(NFTA_CMP_OP, op_), value_}}
#define NFT_EQ_U8(v_)                NFT_CMP_OWN(NFT_CMP_EQ, NFT_OWN_BYTES(NFTA_CMP_DATA, 1, (v_)))
#define NFT_EQ_BE16(v_)              NFT_CMP_OWN(NFT_CMP_EQ, NFT_OWN_BYTES(NFTA_CMP_DATA, 2, (v_) >> 8 & 0xff, (v_) & 0xff))
#define NFT_EQ_BE24(v_)              NFT_CMP_OWN(NFT_CMP_EQ, NFT_OWN_BYTES(NFTA_CMP_DATA, 3, (v_) >> 16 & 0xff, (v_) >> 8 & 0xff, (v_) & 0xff))
#define NFT_EQ_U32(v_)               NFT_CMP_OWN(NFT_CMP_EQ, NFT_OWN_U32(NFTA_CMP_DATA, v_))
#define NFT_NE_U32(v_)               NFT_CMP_OWN(NFT_CMP_NEQ, NFT_OWN_U32(NFTA_CMP_DATA, v_))
#define NFT_MASK(mask_, zero_, len_)                                                                                   \
    {"bitwise", {NFT_U32(NFTA_BITWISE_SREG, NFT_REG_A), NFT_U32(NFTA_BITWISE_DREG, NFT_REG_A), NFT_U32(NFTA_BITWISE_LEN, len_), \
                 NFT_VALUE(NFTA_BITWISE_MASK, mask_, len_), NFT_VALUE(NFTA_BITWISE_XOR, zero_, len_)}}
#define NFT_BITS(v_)                                                                                                   \
    {"bitwise", {NFT_U32(NFTA_BITWISE_SREG, NFT_REG_A), NFT_U32(NFTA_BITWISE_DREG, NFT_REG_A), NFT_U32(NFTA_BITWISE_LEN, 4), \
                 NFT_OWN_U32(NFTA_BITWISE_MASK, v_), NFT_OWN_U32(NFTA_BITWISE_XOR, 0)}}
#define NFT_HAS_BITS(v_)             NFT_BITS(v_), NFT_NE_U32(0)
#define NFT_HAS_NO_BITS(v_)          NFT_BITS(v_), NFT_EQ_U32(0)
#define NFT_IN(set_)                 {"lookup", {NFT_U32(NFTA_LOOKUP_SREG, NFT_REG_A), NFT_STR(NFTA_LOOKUP_SET, set_)}}
#define NFT_NOT_IN(set_)             {"lookup", {NFT_U32(NFTA_LOOKUP_SREG, NFT_REG_A), NFT_STR(NFTA_LOOKUP_SET, set_), NFT_U32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV)}}
#define NFT_MAP(map_, reg_)          {"lookup", {NFT_U32(NFTA_LOOKUP_SREG, NFT_REG_A), NFT_STR(NFTA_LOOKUP_SET, map_), NFT_U32(NFTA_LOOKUP_DREG, reg_)}}
#define NFT_VMAP(map_)               NFT_MAP(map_, NFT_REG_VERDICT)

/* ---- what is done */
#define NFT_ACCEPT                   {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT), NFT_VERDICT(NF_ACCEPT, NULL)}}
#define NFT_DROP                     {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT), NFT_VERDICT(NF_DROP, NULL)}}
#define NFT_DO_RETURN                {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT), NFT_VERDICT(NFT_RETURN, NULL)}}
#define NFT_JUMP_TO(chain_)          {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT), NFT_VERDICT(NFT_JUMP, chain_)}}
#define NFT_REJECT_AS_PROHIBITED     {"reject", {NFT_U32(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH), NFT_U8(NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED)}}
#define NFT_COUNTER                  {"counter", {{0}}}
#define NFT_GOTO_TO(chain_)          {"immediate", {NFT_U32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT), NFT_VERDICT(NFT_GOTO, chain_)}}
#define NFT_MASQUERADE               {"masq", {{0}}}
#define NFT_REDIRECT(port_reg_)      {"redir", {NFT_U32(NFTA_REDIR_REG_PROTO_MIN, port_reg_)}}
/* Address and port are in registers. */
#define NFT_DNAT(family_, addr_reg_, port_reg_)                                                                        \
    {"nat", {NFT_U32(NFTA_NAT_TYPE, NFT_NAT_DNAT), NFT_U32(NFTA_NAT_FAMILY, family_),                                  \
             NFT_U32(NFTA_NAT_REG_ADDR_MIN, addr_reg_), NFT_U32(NFTA_NAT_REG_PROTO_MIN, port_reg_)}}
#define NFT_DUP(addr_reg_)           {"dup", {NFT_U32(NFTA_DUP_SREG_ADDR, addr_reg_)}}
/* The header's checksum follows. */
#define NFT_SET_IP_FRAG_OFF(reg_)                                                                                      \
    {"payload", {NFT_U32(NFTA_PAYLOAD_SREG, reg_), NFT_U32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER), NFT_U32(NFTA_PAYLOAD_OFFSET, 6), \
                 NFT_U32(NFTA_PAYLOAD_LEN, 2), NFT_U32(NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET), NFT_U32(NFTA_PAYLOAD_CSUM_OFFSET, 10)}}

/* ---- nft's words */
#define NFT_IIFNAME                  NFT_META(NFT_META_IIFNAME, NFT_REG_A)
#define NFT_OIFNAME                  NFT_META(NFT_META_OIFNAME, NFT_REG_A)
#define NFT_IIFNAME_IN(set_)         NFT_IIFNAME, NFT_IN(set_)
#define NFT_IIFNAME_NOT_IN(set_)     NFT_IIFNAME, NFT_NOT_IN(set_)
#define NFT_OIFNAME_IN(set_)         NFT_OIFNAME, NFT_IN(set_)
#define NFT_OIFNAME_NOT_IN(set_)     NFT_OIFNAME, NFT_NOT_IN(set_)
/* name: an array of IFNAMSIZ bytes, the rest of which is zero */
#define NFT_IIFNAME_IS(name_)        NFT_IIFNAME, NFT_EQ(name_, IFNAMSIZ)
#define NFT_IIFNAME_IS_NOT(name_)    NFT_IIFNAME, NFT_NE(name_, IFNAMSIZ)
#define NFT_OIFNAME_IS_NOT(name_)    NFT_OIFNAME, NFT_NE(name_, IFNAMSIZ)
#define NFT_CT_STATE_HAS(bits_)       NFT_CT(NFT_CT_STATE, NFT_REG_A), NFT_HAS_BITS(bits_)
#define NFT_CT_STATUS_DNAT           NFT_CT(NFT_CT_STATUS, NFT_REG_A), NFT_HAS_BITS(IPS_DST_NAT)
#define NFT_CT_STATUS_NOT_DNAT       NFT_CT(NFT_CT_STATUS, NFT_REG_A), NFT_HAS_NO_BITS(IPS_DST_NAT)
#define NFT_NFPROTO_IS(family_)      NFT_META(NFT_META_NFPROTO, NFT_REG_A), NFT_EQ_U8(family_)
#define NFT_L4PROTO_IS(protocol_)    NFT_META(NFT_META_L4PROTO, NFT_REG_A), NFT_EQ_U8(protocol_)
#define NFT_IP_SADDR                 NFT_NFPROTO_IS(NFPROTO_IPV4), NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_A)
#define NFT_IP6_SADDR                NFT_NFPROTO_IS(NFPROTO_IPV6), NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 8, 16, NFT_REG_A)
#define NFT_TH_DPORT(reg_)           NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg_)
#define NFT_L4PROTO_AND_PORT(reg_)   NFT_META(NFT_META_L4PROTO, reg_), NFT_TH_DPORT((reg_) + 1)
#define NFT_TH_DPORT_IS(port_)       NFT_TH_DPORT(NFT_REG_A), NFT_EQ_BE16(port_)
#define NFT_DADDR_IS_NOT_LOCAL       NFT_FIB_DADDR_TYPE(NFT_REG_A), NFT_NE_U32(NFT_ADDRESS_LOCAL)
#define NFT_DADDR_IS_LOCAL           NFT_FIB_DADDR_TYPE(NFT_REG_A), NFT_EQ_U32(NFT_ADDRESS_LOCAL)
/* clang-format on */

enum { NFT_ADDRESS_LOCAL = 2 }; /* RTN_LOCAL */

/* The bits of `ct state`, as the kernel gives them to nf_tables. */
enum {
    NFT_CT_INVALID = NF_CT_STATE_INVALID_BIT,
    NFT_CT_ESTABLISHED = NF_CT_STATE_BIT(IP_CT_ESTABLISHED),
    NFT_CT_RELATED = NF_CT_STATE_BIT(IP_CT_RELATED),
    NFT_CT_NEW = NF_CT_STATE_BIT(IP_CT_NEW),
    NFT_CT_UNTRACKED = NF_CT_STATE_UNTRACKED_BIT,
};

#endif
