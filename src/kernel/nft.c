#include "kernel/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/netlink.h"

/* Room for some ten thousand elements; pages that are not used cost nothing. */
enum { BATCH_BYTES_MAX = 4 * 1024 * 1024, BATCH_REQUESTS_MAX = 64 * 1024 };

struct nft_batch {
    struct netlink_batch nl;
    uint8_t family;
    const char *table;
    uint32_t n_sets; /* a set's number within the transaction */
    const char *what[BATCH_REQUESTS_MAX];
    char bytes[BATCH_BYTES_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static void put_u32(struct nft_batch *b, uint16_t type, uint32_t v)
{
    netlink_attr_u32(&b->nl, type, htonl(v));
}

int nft_open(struct err *e)
{
    const int on = 1;
    int sock = netlink_open_protocol(NETLINK_NETFILTER, e);

    /* Of thousands of refusals only the first is wanted; that the rest found no room is no error. */
    if (sock >= 0)
        (void)setsockopt(sock, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
    return sock;
}

/* ---- the transaction ---- */

static void put_boundary(struct nft_batch *b, uint16_t type)
{
    const struct nfgenmsg header = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

    netlink_request(&b->nl, "nf_tables", type, 0, &header, sizeof(header));
}

struct nft_batch *nft_batch_new(void)
{
    struct nft_batch *b = malloc(sizeof(*b));

    if (!b)
        abort();
    netlink_batch_init_with(&b->nl, b->bytes, sizeof(b->bytes), b->what, ARRAY_SIZE(b->what));
    b->nl.is_transaction = true;
    b->n_sets = 0;
    put_boundary(b, NFNL_MSG_BATCH_BEGIN);
    return b;
}

void nft_batch_free(struct nft_batch *b)
{
    free(b);
}

/* Request 0 begins the transaction. */
size_t nft_count(const struct nft_batch *b)
{
    return b->nl.n_requests - 1;
}

size_t nft_failed(const struct nft_batch *b)
{
    return b->nl.failed > 0 ? b->nl.failed - 1 : 0;
}

/* The kernel takes a transaction from one message only, so the socket must hold it whole. Where the limit may not be
 * lifted, sending says so. */
static void make_room(int sock, size_t len)
{
    int size = (int)len + 4096;

    if (len > 128 * 1024)
        (void)setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
}

/* By a socket of its own: after a failure there are answers in it that nobody asked for. */
int nft_commit(struct nft_batch *b, struct err *e)
{
    _cleanup_close_ int sock = nft_count(b) > 0 ? nft_open(e) : -1;
    int r;

    if (sock < 0)
        return nft_count(b) > 0 ? sock : 0;
    netlink_request_ack(&b->nl);
    put_boundary(b, NFNL_MSG_BATCH_END);
    make_room(sock, b->nl.len);
    r = netlink_run(sock, &b->nl, e);
    return r < 0 ? err_context(e, "nftables") : 0;
}

static void put_request(struct nft_batch *b, const char *what, uint16_t type, uint16_t flags)
{
    const struct nfgenmsg header = {.nfgen_family = b->family, .version = NFNETLINK_V0};

    netlink_request(&b->nl, what, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof(header));
}

/* ---- tables and chains ---- */

/* A table's user data are types, lengths and values; nft(8) passes over types that it does not know. */
struct table_mark {
    uint8_t type;
    uint8_t len;
    uint8_t value[sizeof(uint32_t)];
};

static struct table_mark table_mark(uint32_t value)
{
    struct table_mark m = {.type = 's', .len = sizeof(m.value)};

    memcpy(m.value, &value, sizeof(value));
    return m;
}

struct table_question {
    struct table_mark mark;
    bool is_marked;
};

static int take_table(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct nlattr *data = netlink_find(h, sizeof(struct nfgenmsg), NFTA_TABLE_USERDATA);
    struct table_question *q = arg;

    (void)e;
    q->is_marked =
        data && netlink_data_len(data) == sizeof(q->mark) && memcmp(netlink_data(data), &q->mark, sizeof(q->mark)) == 0;
    return 0;
}

int nft_has_table(int sock, uint8_t family, const char *name, uint32_t mark, bool *ret, struct err *e)
{
    const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};
    struct table_question q = {.mark = table_mark(mark)};
    struct err why = ERR_INIT;
    struct netlink_batch nl;
    int r;

    netlink_batch_init(&nl);
    netlink_request(&nl, name, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0, &header, sizeof(header));
    netlink_attr_str(&nl, NFTA_TABLE_NAME, name);
    r = netlink_query(sock, &nl, take_table, &q, &why);
    if (r < 0 && r != -ENOENT) {
        *e = why;
        return err_context(e, "nftables: look for table");
    }
    *ret = q.is_marked;
    return 0;
}

void nft_use(struct nft_batch *b, uint8_t family, const char *table)
{
    b->family = family;
    b->table = table;
}

static void put_table(struct nft_batch *b, uint16_t type, uint16_t flags)
{
    put_request(b, b->table, type, flags);
    netlink_attr_str(&b->nl, NFTA_TABLE_NAME, b->table);
}

void nft_add_table(struct nft_batch *b)
{
    put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

void nft_add_marked_table(struct nft_batch *b, uint32_t mark)
{
    const struct table_mark m = table_mark(mark);

    put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    netlink_attr(&b->nl, NFTA_TABLE_USERDATA, &m, sizeof(m));
}

void nft_delete_table(struct nft_batch *b)
{
    put_table(b, NFT_MSG_DELTABLE, 0);
}

static void put_chain(struct nft_batch *b, const char *chain, uint16_t type, uint16_t flags)
{
    put_request(b, chain, type, flags);
    netlink_attr_str(&b->nl, NFTA_CHAIN_TABLE, b->table);
    netlink_attr_str(&b->nl, NFTA_CHAIN_NAME, chain);
}

void nft_add_chain(struct nft_batch *b, const struct nft_chain *c)
{
    struct nlattr *hook;

    put_chain(b, c->name, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    if (!c->type)
        return;
    netlink_attr_str(&b->nl, NFTA_CHAIN_TYPE, c->type);
    hook = netlink_nest(&b->nl, NFTA_CHAIN_HOOK);
    put_u32(b, NFTA_HOOK_HOOKNUM, c->hook);
    put_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
    netlink_nest_end(&b->nl, hook);
    put_u32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
}

/* Without a handle all rules of the chain are meant. */
void nft_flush_chain(struct nft_batch *b, const char *chain)
{
    put_request(b, chain, NFT_MSG_DELRULE, 0);
    netlink_attr_str(&b->nl, NFTA_RULE_TABLE, b->table);
    netlink_attr_str(&b->nl, NFTA_RULE_CHAIN, chain);
}

void nft_delete_chain(struct nft_batch *b, const char *chain)
{
    put_chain(b, chain, NFT_MSG_DELCHAIN, 0);
}

void nft_add_rule(struct nft_batch *b, const char *chain, const char *text, const struct nft_expr *expressions)
{
    put_request(b, text, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    netlink_attr_str(&b->nl, NFTA_RULE_TABLE, b->table);
    netlink_attr_str(&b->nl, NFTA_RULE_CHAIN, chain);
    nft_put_expressions(&b->nl, NFTA_RULE_EXPRESSIONS, expressions);
}

/* ---- sets and maps ---- */

/* What nft(8) calls the type, so that it can list the set: the kernel knows lengths only. Source: nftables'
 * include/datatype.h, whose numbers are part of its interface with the kernel. */
static const struct {
    uint32_t number;
    uint32_t len;
} types[] = {
    [NFT_TYPE_IPV4] = {7, 4},  [NFT_TYPE_IPV6] = {8, 16},          [NFT_TYPE_L4PROTO] = {12, 1},
    [NFT_TYPE_PORT] = {13, 2}, [NFT_TYPE_IFNAME] = {41, IFNAMSIZ}, [NFT_TYPE_VERDICT] = {NFT_DATA_VERDICT, 0},
};

/* A field of several is padded. */
static uint32_t padded(uint32_t len)
{
    return (len + 3) & ~3u;
}

/* Several types behind one another are one number, six bits each. */
static void put_type(struct nft_batch *b, const enum nft_type fields[NFT_FIELDS_MAX], uint16_t type_attr,
                     uint16_t len_attr)
{
    enum { BITS = 6 };
    uint32_t number = types[fields[0]].number;
    uint32_t len = types[fields[0]].len;

    for (size_t i = 1; i < NFT_FIELDS_MAX && fields[i] != NFT_TYPE_NONE; i++) {
        number = number << BITS | types[fields[i]].number;
        len = padded(len) + padded(types[fields[i]].len);
    }
    put_u32(b, type_attr, number);
    put_u32(b, len_attr, len);
}

static void put_set(struct nft_batch *b, const char *set, uint16_t type, uint16_t flags)
{
    put_request(b, set, type, flags);
    netlink_attr_str(&b->nl, NFTA_SET_TABLE, b->table);
    netlink_attr_str(&b->nl, NFTA_SET_NAME, set);
}

/* For nft(8): a name is in the host's byte order, and is shown reversed without this. */
static void put_set_byte_order(struct nft_batch *b)
{
    enum { KEY_BYTE_ORDER = 0, HOST_ENDIAN = 1 };
    const struct {
        uint8_t type, len;
        uint32_t value;
    } __attribute__((packed)) user_data = {KEY_BYTE_ORDER, sizeof(uint32_t), HOST_ENDIAN};

    netlink_attr(&b->nl, NFTA_SET_USERDATA, &user_data, sizeof(user_data));
}

/* How many elements there may be, and for intervals how long each field is. */
static void put_set_description(struct nft_batch *b, const struct nft_set *s)
{
    struct nlattr *description = netlink_nest(&b->nl, NFTA_SET_DESC);
    struct nlattr *fields = s->is_interval ? netlink_nest(&b->nl, NFTA_SET_DESC_CONCAT) : NULL;

    for (size_t i = 0; s->is_interval && i < NFT_FIELDS_MAX && s->key[i] != NFT_TYPE_NONE; i++) {
        struct nlattr *field = netlink_nest(&b->nl, NFTA_LIST_ELEM);

        put_u32(b, NFTA_SET_FIELD_LEN, types[s->key[i]].len);
        netlink_nest_end(&b->nl, field);
    }
    netlink_nest_end(&b->nl, fields);
    if (s->size > 0)
        put_u32(b, NFTA_SET_DESC_SIZE, s->size);
    netlink_nest_end(&b->nl, description);
}

static uint32_t set_flags(const struct nft_set *s)
{
    return (s->data[0] != NFT_TYPE_NONE ? NFT_SET_MAP : 0) | (s->timeout > 0 ? NFT_SET_TIMEOUT : 0) |
           (s->is_interval ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0);
}

void nft_add_set(struct nft_batch *b, const struct nft_set *s)
{
    put_set(b, s->name, NFT_MSG_NEWSET, NLM_F_CREATE);
    put_u32(b, NFTA_SET_FLAGS, set_flags(s));
    put_type(b, s->key, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN);
    if (s->data[0] != NFT_TYPE_NONE)
        put_type(b, s->data, NFTA_SET_DATA_TYPE, NFTA_SET_DATA_LEN);
    put_u32(b, NFTA_SET_ID, ++b->n_sets);
    if (s->key[0] == NFT_TYPE_IFNAME && s->key[1] == NFT_TYPE_NONE)
        put_set_byte_order(b);
    if (s->timeout > 0)
        netlink_attr_u64(&b->nl, NFTA_SET_TIMEOUT, htobe64((uint64_t)s->timeout * 1000));
    if (s->size > 0 || s->is_interval)
        put_set_description(b, s);
}

static void put_elements(struct nft_batch *b, const char *set, uint16_t type, uint16_t flags)
{
    put_request(b, set, type, flags);
    netlink_attr_str(&b->nl, NFTA_SET_ELEM_LIST_TABLE, b->table);
    netlink_attr_str(&b->nl, NFTA_SET_ELEM_LIST_SET, set);
}

/* Without elements all are meant. */
void nft_flush_set(struct nft_batch *b, const char *set)
{
    put_elements(b, set, NFT_MSG_DELSETELEM, 0);
}

void nft_delete_set(struct nft_batch *b, const char *set)
{
    put_set(b, set, NFT_MSG_DELSET, 0);
}

void nft_value_add(struct nft_value *v, const void *field, size_t len)
{
    size_t at = padded((uint32_t)v->len);

    if (at + padded((uint32_t)len) > sizeof(v->bytes))
        abort(); /* more fields than any set has */
    memset(v->bytes + v->len, 0, at - v->len);
    memset(v->bytes + at, 0, padded((uint32_t)len));
    memcpy(v->bytes + at, field, len);
    v->len = at > 0 ? at + padded((uint32_t)len) : len;
}

void nft_value_add_port(struct nft_value *v, uint16_t port)
{
    uint16_t be = htons(port);

    nft_value_add(v, &be, sizeof(be));
}

void nft_value_add_ifname(struct nft_value *v, const char *name)
{
    char whole[IFNAMSIZ] = "";

    (void)snprintf(whole, sizeof(whole), "%s", name);
    nft_value_add(v, whole, sizeof(whole));
}

static void put_element(struct nft_batch *b, const struct nft_element *el, bool has_data)
{
    struct nlattr *list = netlink_nest(&b->nl, NFTA_SET_ELEM_LIST_ELEMENTS);
    struct nlattr *element = netlink_nest(&b->nl, NFTA_LIST_ELEM);

    nft_put_value(&b->nl, NFTA_SET_ELEM_KEY, el->key.bytes, el->key.len);
    if (el->key_end.len > 0)
        nft_put_value(&b->nl, NFTA_SET_ELEM_KEY_END, el->key_end.bytes, el->key_end.len);
    if (has_data && el->jump)
        nft_put_verdict(&b->nl, NFTA_SET_ELEM_DATA, NFT_JUMP, el->jump);
    else if (has_data && el->data.len > 0)
        nft_put_value(&b->nl, NFTA_SET_ELEM_DATA, el->data.bytes, el->data.len);
    netlink_nest_end(&b->nl, element);
    netlink_nest_end(&b->nl, list);
}

void nft_add_element(struct nft_batch *b, const char *set, const struct nft_element *el)
{
    put_elements(b, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
    put_element(b, el, true);
}

void nft_delete_element(struct nft_batch *b, const char *set, const struct nft_element *el)
{
    put_elements(b, set, NFT_MSG_DELSETELEM, 0);
    put_element(b, el, false);
}
