#include "network/ipsec.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/xfrm.h>

#include "kernel/netlink.h"

/* Marks what is ours among the host's other associations; a lower priority value wins. */
enum {
    REQID = 0x5a6d70,
    PRIORITY_PEER = 1000,
    PRIORITY_GUARD = 2000,
    ICV_BITS = 128,
    REPLAY_WINDOW = 1024, /* packets */
};

static void set_address(xfrm_address_t *a, const struct ip *ip)
{
    memcpy(a, ip->bytes, ip_size(ip));
}

static void set_no_limits(struct xfrm_lifetime_cfg *l)
{
    l->soft_byte_limit = l->hard_byte_limit = XFRM_INF;
    l->soft_packet_limit = l->hard_packet_limit = XFRM_INF;
}

/* Gone already says nothing against a removal. */
static int run_removal(int sock, struct netlink_batch *b, struct err *e)
{
    struct err e2 = ERR_INIT;
    int r = netlink_run(sock, b, &e2);

    if (r == 0 || r == -ESRCH || r == -ENOENT)
        return 0;
    if (e)
        *e = e2;
    return r;
}

/* ---- security associations */

/* What follows the fixed part of each, the key and the window's bits, is of variable size to the kernel. */
static void add_algorithm(struct netlink_batch *b, const struct ipsec_key *key)
{
    const struct xfrm_algo_aead algorithm = {
        .alg_name = "rfc4106(gcm(aes))", .alg_key_len = IPSEC_KEY_LEN * 8, .alg_icv_len = ICV_BITS};
    uint8_t aead[sizeof(algorithm) + IPSEC_KEY_LEN];

    memcpy(aead, &algorithm, sizeof(algorithm));
    memcpy(aead + sizeof(algorithm), key->key, IPSEC_KEY_LEN);
    netlink_attr(b, XFRMA_ALG_AEAD, aead, sizeof(aead));
    explicit_bzero(aead, sizeof(aead));
}

static void add_replay_window(struct netlink_batch *b)
{
    const struct xfrm_replay_state_esn state = {.bmp_len = REPLAY_WINDOW / 32, .replay_window = REPLAY_WINDOW};
    uint8_t replay[sizeof(state) + REPLAY_WINDOW / 8] = {0};

    memcpy(replay, &state, sizeof(state));
    netlink_attr(b, XFRMA_REPLAY_ESN_VAL, replay, sizeof(replay));
}

int ipsec_add_key(int sock, const struct ip *from, const struct ip *to, const struct ipsec_key *key, struct err *e)
{
    struct xfrm_usersa_info sa = {.id = {.spi = htonl(key->spi), .proto = IPPROTO_ESP},
                                  .reqid = REQID,
                                  .family = to->family,
                                  .mode = XFRM_MODE_TRANSPORT,
                                  .flags = XFRM_STATE_ESN,
                                  .sel = {.family = to->family}};
    struct netlink_batch b;
    int r;

    set_address(&sa.saddr, from);
    set_address(&sa.id.daddr, to);
    set_no_limits(&sa.lft);
    netlink_batch_init(&b);
    netlink_request(&b, "install an IPsec key", XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, &sa, sizeof(sa));
    add_algorithm(&b, key);
    add_replay_window(&b);
    r = netlink_run(sock, &b, e);
    explicit_bzero(b.buf, b.len);
    return r;
}

int ipsec_remove_key(int sock, const struct ip *to, uint32_t spi, struct err *e)
{
    struct xfrm_usersa_id id = {.spi = htonl(spi), .family = to->family, .proto = IPPROTO_ESP};
    struct netlink_batch b;

    set_address(&id.daddr, to);
    netlink_batch_init(&b);
    netlink_request(&b, "remove an IPsec key", XFRM_MSG_DELSA, 0, &id, sizeof(id));
    return run_removal(sock, &b, e);
}

enum { LIST_MAX = 256 };

struct key_list {
    size_t n;
    struct {
        struct ip to;
        uint32_t spi;
    } v[LIST_MAX];
};

static int take_key(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct key_list *l = arg;
    const struct xfrm_usersa_info *sa = NLMSG_DATA(h);

    (void)e;
    if (h->nlmsg_type != XFRM_MSG_NEWSA || h->nlmsg_len < NLMSG_LENGTH(sizeof(*sa)) || sa->reqid != REQID ||
        l->n == LIST_MAX)
        return 0;
    l->v[l->n].to = (struct ip){.family = (uint8_t)sa->family};
    memcpy(l->v[l->n].to.bytes, &sa->id.daddr, ip_size(&l->v[l->n].to));
    l->v[l->n++].spi = ntohl(sa->id.spi);
    return 0;
}

int ipsec_remove_all_keys(int sock, struct err *e)
{
    const struct xfrm_usersa_id any = {.family = AF_UNSPEC};
    struct key_list l;
    struct netlink_batch b;
    int r;

    do {
        l.n = 0;
        netlink_batch_init(&b);
        netlink_request(&b, "list IPsec keys", XFRM_MSG_GETSA, NLM_F_DUMP, &any, sizeof(any));
        r = netlink_query(sock, &b, take_key, &l, e);
        for (size_t i = 0; r == 0 && i < l.n; i++)
            r = ipsec_remove_key(sock, &l.v[i].to, l.v[i].spi, e);
    } while (r == 0 && l.n == LIST_MAX);
    return r;
}

int ipsec_check(int sock, struct err *e)
{
    const struct ip nobody = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
    const struct ipsec_key key = {.spi = 0x5a6d70};
    struct err why = ERR_INIT;

    if (ipsec_add_key(sock, &nobody, &nobody, &key, &why) < 0) {
        err_set(e, ERR_UNSUPPORTED, EPROTONOSUPPORT, "this kernel cannot encrypt: %s", why.text);
        return err_advice(e, "it needs IPsec's ESP with AES-GCM: modules esp4, esp6 and gcm");
    }
    return ipsec_remove_key(sock, &nobody, key.spi, e);
}

/* ---- policies */

/* local and remote NULL: everybody. The port is the destination's in both directions, as VXLAN has it. */
static struct xfrm_selector selector(uint8_t family, const struct ip *from, const struct ip *to, uint16_t port)
{
    struct xfrm_selector s = {
        .family = family, .proto = IPPROTO_UDP, .dport = htons(port), .dport_mask = htons(UINT16_MAX)};

    if (from) {
        set_address(&s.saddr, from);
        s.prefixlen_s = (uint8_t)(ip_size(from) * 8);
    }
    if (to) {
        set_address(&s.daddr, to);
        s.prefixlen_d = (uint8_t)(ip_size(to) * 8);
    }
    return s;
}

static void request_policy(struct netlink_batch *b, const struct xfrm_selector *s, uint8_t dir, uint8_t action)
{
    struct xfrm_userpolicy_info p = {.sel = *s,
                                     .dir = dir,
                                     .action = action,
                                     .priority = action == XFRM_POLICY_BLOCK ? PRIORITY_GUARD : PRIORITY_PEER};

    set_no_limits(&p.lft);
    netlink_request(b, "set an IPsec policy", XFRM_MSG_UPDPOLICY, 0, &p, sizeof(p));
}

static int remove_policy(int sock, const struct xfrm_selector *s, uint8_t dir, struct err *e)
{
    const struct xfrm_userpolicy_id id = {.sel = *s, .dir = dir};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "remove an IPsec policy", XFRM_MSG_DELPOLICY, 0, &id, sizeof(id));
    return run_removal(sock, &b, e);
}

static const uint8_t families[] = {AF_INET, AF_INET6};
static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT};

int ipsec_guard(int sock, uint16_t port, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        const struct xfrm_selector s = selector(families[i], NULL, NULL, port);

        for (size_t k = 0; k < ARRAY_SIZE(directions); k++)
            request_policy(&b, &s, directions[k], XFRM_POLICY_BLOCK);
    }
    return netlink_run(sock, &b, e);
}

int ipsec_unguard(int sock, uint16_t port, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        const struct xfrm_selector s = selector(families[i], NULL, NULL, port);

        for (size_t k = 0; r == 0 && k < ARRAY_SIZE(directions); k++)
            r = remove_policy(sock, &s, directions[k], e);
    }
    return r;
}

/* Only inside ESP, with a key of ours between these two. */
static void request_peer_policy(struct netlink_batch *b, const struct ip *from, const struct ip *to, uint16_t port,
                                uint8_t dir)
{
    const struct xfrm_selector s = selector(to->family, from, to, port);
    struct xfrm_user_tmpl esp = {.id = {.proto = IPPROTO_ESP},
                                 .family = to->family,
                                 .reqid = REQID,
                                 .mode = XFRM_MODE_TRANSPORT,
                                 .aalgos = UINT32_MAX,
                                 .ealgos = UINT32_MAX,
                                 .calgos = UINT32_MAX};

    set_address(&esp.saddr, from);
    set_address(&esp.id.daddr, to);
    request_policy(b, &s, dir, XFRM_POLICY_ALLOW);
    netlink_attr(b, XFRMA_TMPL, &esp, sizeof(esp));
}

int ipsec_add_peer(int sock, const struct ip *local, const struct ip *remote, uint16_t port, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_peer_policy(&b, remote, local, port, XFRM_POLICY_IN);
    request_peer_policy(&b, local, remote, port, XFRM_POLICY_OUT);
    return netlink_run(sock, &b, e);
}

int ipsec_remove_peer(int sock, const struct ip *local, const struct ip *remote, uint16_t port, struct err *e)
{
    const struct xfrm_selector in = selector(local->family, remote, local, port);
    const struct xfrm_selector out = selector(local->family, local, remote, port);
    int r = remove_policy(sock, &in, XFRM_POLICY_IN, e);

    return r < 0 ? r : remove_policy(sock, &out, XFRM_POLICY_OUT, e);
}
