#include "kernel/netlink.h"

#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

/* Sequence numbers of a batch: the first request is 1, so that an acknowledgement names its request. */
enum { FIRST_SEQ = 1, REPLY_MAX = 32 * 1024 };

static int set_option(int fd, int option)
{
    const int on = 1;

    return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

int netlink_open(struct err *e)
{
    return netlink_open_protocol(NETLINK_ROUTE, e);
}

int netlink_open_protocol(int protocol, struct err *e)
{
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return err_sys(e, "open a netlink socket of protocol %d", protocol);
    /* Extended acks carry the kernel's reason; capped ones do not repeat the request. Both only serve messages. */
    (void)set_option(fd, NETLINK_EXT_ACK);
    (void)set_option(fd, NETLINK_CAP_ACK);
    return TAKE_FD(fd);
}

int netlink_namespace(int sock, struct err *e)
{
    int fd = ioctl(sock, SIOCGSKNS);

    return fd < 0 ? err_sys(e, "open the network namespace of a socket") : fd;
}

int netlink_link_index(int sock, const char *name, struct err *e)
{
    struct ifreq request = {.ifr_ifindex = 0};

    if (strlen(name) >= sizeof(request.ifr_name))
        return err_set(e, ERR_SYS, ENODEV, "interface %s", name);
    memcpy(request.ifr_name, name, strlen(name) + 1);
    if (ioctl(sock, SIOCGIFINDEX, &request) < 0)
        return err_sys(e, "interface %s", name);
    return request.ifr_ifindex;
}

/* ---- building ---- */

void netlink_batch_init(struct netlink_batch *b)
{
    netlink_batch_init_with(b, b->space, sizeof(b->space), b->what_space, ARRAY_SIZE(b->what_space));
}

void netlink_batch_init_with(struct netlink_batch *b, char *buf, size_t size, const char **what, size_t max_requests)
{
    b->buf = buf;
    b->size = size;
    b->len = 0;
    b->last = 0;
    b->n_requests = 0;
    b->max_requests = max_requests;
    b->n_acks = 0;
    b->failed = 0;
    b->is_transaction = false;
    b->error = 0;
    b->what = what;
}

/* Room for len bytes at the end, padded with zeroes to the alignment; NULL once the batch is full. */
static void *batch_reserve(struct netlink_batch *b, size_t len)
{
    size_t aligned = NLMSG_ALIGN(len);
    void *p;

    if (b->error != 0 || aligned > b->size - b->len) {
        b->error = EMSGSIZE;
        return NULL;
    }
    p = b->buf + b->len;
    memset(p, 0, aligned);
    b->len += aligned;
    return p;
}

/* The request being built. */
static struct nlmsghdr *last_request(struct netlink_batch *b)
{
    return (struct nlmsghdr *)(b->buf + b->last);
}

static void request_extend(struct netlink_batch *b)
{
    struct nlmsghdr *h = last_request(b);

    h->nlmsg_len = (uint32_t)(b->buf + b->len - (char *)h);
}

void netlink_request(struct netlink_batch *b, const char *what, uint16_t type, uint16_t flags, const void *header,
                     size_t header_len)
{
    struct nlmsghdr *h;
    size_t begin = b->len;

    if (b->n_requests == b->max_requests) {
        b->error = EMSGSIZE;
        return;
    }
    h = batch_reserve(b, NLMSG_HDRLEN + header_len);
    if (!h)
        return;
    h->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(header_len));
    h->nlmsg_type = type;
    h->nlmsg_flags = flags | NLM_F_REQUEST;
    h->nlmsg_seq = FIRST_SEQ + (uint32_t)b->n_requests;
    memcpy(NLMSG_DATA(h), header, header_len);
    b->what[b->n_requests++] = what;
    b->last = begin;
    if (!b->is_transaction)
        netlink_request_ack(b);
}

void netlink_request_ack(struct netlink_batch *b)
{
    if (b->n_requests > 0)
        last_request(b)->nlmsg_flags |= NLM_F_ACK;
    b->n_acks++;
}

static struct nlattr *attr_begin(struct netlink_batch *b, uint16_t type, size_t len)
{
    struct nlattr *a;

    /* Without a request there is nothing to add to; nla_len has 16 bits. */
    if (b->n_requests == 0 || len > UINT16_MAX - NLA_HDRLEN) {
        b->error = EMSGSIZE;
        return NULL;
    }
    a = batch_reserve(b, NLA_HDRLEN + len);
    if (!a)
        return NULL;
    a->nla_type = type;
    a->nla_len = (uint16_t)(NLA_HDRLEN + len);
    request_extend(b);
    return a;
}

void netlink_attr(struct netlink_batch *b, uint16_t type, const void *data, size_t len)
{
    struct nlattr *a = attr_begin(b, type, len);

    if (a && len > 0)
        memcpy((char *)a + NLA_HDRLEN, data, len);
}

void netlink_attr_u8(struct netlink_batch *b, uint16_t type, uint8_t v)
{
    netlink_attr(b, type, &v, sizeof(v));
}

void netlink_attr_u16(struct netlink_batch *b, uint16_t type, uint16_t v)
{
    netlink_attr(b, type, &v, sizeof(v));
}

void netlink_attr_u32(struct netlink_batch *b, uint16_t type, uint32_t v)
{
    netlink_attr(b, type, &v, sizeof(v));
}

void netlink_attr_u64(struct netlink_batch *b, uint16_t type, uint64_t v)
{
    netlink_attr(b, type, &v, sizeof(v));
}

void netlink_attr_str(struct netlink_batch *b, uint16_t type, const char *s)
{
    netlink_attr(b, type, s, strlen(s) + 1);
}

struct nlattr *netlink_nest(struct netlink_batch *b, uint16_t type)
{
    return attr_begin(b, type | NLA_F_NESTED, 0);
}

struct nlattr *netlink_nest_with_header(struct netlink_batch *b, uint16_t type, const void *header, size_t header_len)
{
    struct nlattr *nest = attr_begin(b, type | NLA_F_NESTED, header_len);

    if (nest)
        memcpy((char *)nest + NLA_HDRLEN, header, header_len);
    return nest;
}

void netlink_nest_end(struct netlink_batch *b, struct nlattr *nest)
{
    size_t len;

    if (!nest || b->error != 0)
        return;
    len = (size_t)(b->buf + b->len - (char *)nest);
    if (len > UINT16_MAX)
        b->error = EMSGSIZE;
    else
        nest->nla_len = (uint16_t)len;
}

/* ---- reading ---- */

/* The next attribute at *at, which moves on behind it; NULL at the end, or where one does not fit. */
static const struct nlattr *next_attr(const char **at, const char *end)
{
    const struct nlattr *a = (const struct nlattr *)*at;
    size_t left = end > *at ? (size_t)(end - *at) : 0;

    if (left < NLA_HDRLEN || a->nla_len < NLA_HDRLEN || a->nla_len > left)
        return NULL;
    *at += NLA_ALIGN(a->nla_len);
    return a;
}

static const struct nlattr *find(const char *at, const char *end, uint16_t type)
{
    const struct nlattr *a;

    while ((a = next_attr(&at, end))) {
        if ((a->nla_type & NLA_TYPE_MASK) == type)
            return a;
    }
    return NULL;
}

const struct nlattr *netlink_find(const struct nlmsghdr *h, size_t header_len, uint16_t type)
{
    const char *begin = (const char *)h;

    return find(begin + NLMSG_HDRLEN + NLMSG_ALIGN(header_len), begin + h->nlmsg_len, type);
}

const struct nlattr *netlink_find_nested(const struct nlattr *nest, uint16_t type)
{
    const char *begin = netlink_data(nest);

    return find(begin, begin + netlink_data_len(nest), type);
}

uint32_t netlink_get_u32(const struct nlattr *a)
{
    uint32_t v = 0;

    if (a && netlink_data_len(a) == sizeof(v))
        memcpy(&v, netlink_data(a), sizeof(v));
    return v;
}

const char *netlink_get_str(const struct nlattr *a)
{
    return a && memchr(netlink_data(a), '\0', netlink_data_len(a)) ? netlink_data(a) : "";
}

/* ---- running ---- */

static int batch_send(int sock, const struct netlink_batch *b, struct err *e)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct iovec iov = {.iov_base = (void *)b->buf, .iov_len = b->len};
    struct msghdr msg = {.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &iov, .msg_iovlen = 1};

    return sendmsg(sock, &msg, 0) < 0 ? err_sys(e, "%s: send to netlink", b->what[0]) : 0;
}

/* The kernel's own words in an acknowledgement, or NULL. With capped acks the attributes follow the error at once;
 * otherwise after the whole request, which is echoed. The payload was written by the kernel and still is bounded. */
static const char *ack_text(const struct nlmsghdr *h)
{
    const struct nlmsgerr *ack = NLMSG_DATA(h);
    size_t at = NLMSG_HDRLEN + sizeof(*ack);
    const char *text;

    if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
        return NULL;
    if (!(h->nlmsg_flags & NLM_F_CAPPED))
        at += NLMSG_ALIGN(ack->msg.nlmsg_len) - NLMSG_HDRLEN;
    text = netlink_get_str(find((const char *)h + at, (const char *)h + h->nlmsg_len, NLMSGERR_ATTR_MSG));
    return *text != '\0' ? text : NULL;
}

static int ack_check(struct netlink_batch *b, const struct nlmsghdr *h, struct err *e)
{
    const struct nlmsgerr *ack = NLMSG_DATA(h);
    size_t request = h->nlmsg_seq - FIRST_SEQ;
    const char *what = request < b->n_requests ? b->what[request] : "netlink";
    const char *text;
    int r;

    if (ack->error == 0)
        return 0;
    b->failed = request;
    r = err_set(e, ERR_SYS, -ack->error, "%s", what);
    text = ack_text(h);
    return text ? err_advice(e, "the kernel says: %s", text) : r;
}

/* The end of a dump tells how that went. */
static int done_check(const struct netlink_batch *b, const struct nlmsghdr *h, struct err *e)
{
    int error = 0;

    if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
        memcpy(&error, NLMSG_DATA(h), sizeof(error));
    return error < 0 ? err_set(e, ERR_SYS, -error, "%s", b->what[0]) : 0;
}

/* What is known of an answer while it arrives, datagram by datagram. */
struct answer {
    struct netlink_batch *b;
    netlink_take take; /* NULL: messages are passed over */
    void *arg;
    size_t n_ends; /* acknowledgements, and a dump's end */
    int result;    /* the first failure */
};

static void take_message(struct answer *a, const struct nlmsghdr *h, struct err *e)
{
    bool is_ack = h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr));

    if (is_ack || h->nlmsg_type == NLMSG_DONE)
        a->n_ends++;
    if (a->result < 0)
        return;
    if (is_ack)
        a->result = ack_check(a->b, h, e);
    else if (h->nlmsg_type == NLMSG_DONE)
        a->result = done_check(a->b, h, e);
    else if (h->nlmsg_type >= NLMSG_MIN_TYPE && a->take)
        a->result = a->take(h, a->arg, e);
}

static int read_datagram(int sock, struct answer *a, struct err *e)
{
    char buf[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    ssize_t got;

    do
        got = recv(sock, buf, sizeof(buf), MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_sys(e, "%s: read the answer", a->b->what[0]);
    if (got > (ssize_t)sizeof(buf))
        return err_set(e, ERR_INTERNAL, EMSGSIZE, "%s: an answer of %zd bytes", a->b->what[0], got);

    for (size_t at = 0, len = (size_t)got; at + NLMSG_HDRLEN <= len;) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(buf + at);

        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len - at)
            return err_set(e, ERR_INTERNAL, EPROTO, "%s: a broken answer", a->b->what[0]);
        at += NLMSG_ALIGN(h->nlmsg_len);
        take_message(a, h, e);
    }
    return 0;
}

/* The kernel goes on after a failed request, so all answers are waited for: none is left in a socket that is used
 * again. */
static int run(int sock, struct answer *a, struct err *e)
{
    int r;

    if (a->b->error != 0)
        return err_set(e, ERR_INTERNAL, a->b->error, "a batch of netlink requests is larger than %zu bytes",
                       a->b->size);
    if (a->b->n_requests == 0)
        return 0;
    r = batch_send(sock, a->b, e);
    while (r == 0 && a->n_ends < a->b->n_acks && !(a->b->is_transaction && a->result < 0))
        r = read_datagram(sock, a, e);
    return r < 0 ? r : a->result;
}

int netlink_run(int sock, struct netlink_batch *b, struct err *e)
{
    struct answer a = {.b = b};

    return run(sock, &a, e);
}

int netlink_query(int sock, struct netlink_batch *b, netlink_take take, void *arg, struct err *e)
{
    struct answer a = {.b = b, .take = take, .arg = arg};

    if (b->n_requests > 1)
        return err_set(e, ERR_INTERNAL, EINVAL, "%s: one question at a time", b->what[0]);
    return run(sock, &a, e);
}

int netlink_loopback_up(struct err *e)
{
    /* Every network namespace is born with lo, and lo is its first interface. */
    const struct ifinfomsg lo = {.ifi_family = AF_UNSPEC, .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    _cleanup_close_ int sock = netlink_open(e);
    struct netlink_batch b;

    if (sock < 0)
        return sock;
    netlink_batch_init(&b);
    netlink_request(&b, "bring the loopback interface up", RTM_NEWLINK, 0, &lo, sizeof(lo));
    return netlink_run(sock, &b, e);
}
