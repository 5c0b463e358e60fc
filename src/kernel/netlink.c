#include "kernel/netlink.h"

#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

/* Sequence numbers of a batch: the first request is 1, so that an acknowledgement names its request. */
enum { FIRST_SEQ = 1, REPLY_MAX = 8192 };

static int set_option(int fd, int option)
{
    const int on = 1;

    return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

int netlink_open(struct err *e)
{
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return err_sys(e, "open a route netlink socket");
    /* Extended acks carry the kernel's reason; capped ones do not repeat the request. Both only serve messages. */
    (void)set_option(fd, NETLINK_EXT_ACK);
    (void)set_option(fd, NETLINK_CAP_ACK);
    return TAKE_FD(fd);
}

/* ---- building ---- */

void netlink_batch_init(struct netlink_batch *b)
{
    b->len = 0;
    b->n_requests = 0;
    b->error = 0;
}

/* Room for len bytes at the end, padded with zeroes to the alignment; NULL once the batch is full. */
static void *batch_reserve(struct netlink_batch *b, size_t len)
{
    size_t aligned = NLMSG_ALIGN(len);
    void *p;

    if (b->error != 0 || aligned > sizeof(b->buf) - b->len) {
        b->error = EMSGSIZE;
        return NULL;
    }
    p = b->buf + b->len;
    memset(p, 0, aligned);
    b->len += aligned;
    return p;
}

/* The request being built: its header knows where it begins, the batch where it ends. */
static struct nlmsghdr *last_request(struct netlink_batch *b)
{
    struct nlmsghdr *h = (struct nlmsghdr *)b->buf;

    for (size_t i = 1; i < b->n_requests; i++)
        h = (struct nlmsghdr *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));
    return h;
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

    if (b->n_requests == NETLINK_REQUESTS_MAX) {
        b->error = EMSGSIZE;
        return;
    }
    h = batch_reserve(b, NLMSG_HDRLEN + header_len);
    if (!h)
        return;
    h->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(header_len));
    h->nlmsg_type = type;
    h->nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK;
    h->nlmsg_seq = FIRST_SEQ + (uint32_t)b->n_requests;
    memcpy(NLMSG_DATA(h), header, header_len);
    b->what[b->n_requests++] = what;
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

void netlink_attr_u32(struct netlink_batch *b, uint16_t type, uint32_t v)
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

/* ---- running ---- */

static int batch_send(int sock, const struct netlink_batch *b, struct err *e)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct iovec iov = {.iov_base = (void *)b->buf, .iov_len = b->len};
    struct msghdr msg = {.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &iov, .msg_iovlen = 1};

    return sendmsg(sock, &msg, 0) < 0 ? err_sys(e, "%s: send to route netlink", b->what[0]) : 0;
}

/* The kernel's own words in an acknowledgement, or NULL. With capped acks the attributes follow the error at once;
 * otherwise after the whole request, which is echoed. The payload was written by the kernel and still is bounded. */
static const char *ack_text(const struct nlmsghdr *h)
{
    const struct nlmsgerr *ack = NLMSG_DATA(h);
    size_t at = NLMSG_HDRLEN + sizeof(*ack);

    if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
        return NULL;
    if (!(h->nlmsg_flags & NLM_F_CAPPED))
        at += NLMSG_ALIGN(ack->msg.nlmsg_len) - NLMSG_HDRLEN;
    while (at + NLA_HDRLEN <= h->nlmsg_len) {
        const struct nlattr *a = (const struct nlattr *)((const char *)h + at);
        const char *text = (const char *)a + NLA_HDRLEN;

        if (a->nla_len < NLA_HDRLEN || a->nla_len > h->nlmsg_len - at)
            return NULL;
        if ((a->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG && memchr(text, '\0', a->nla_len - NLA_HDRLEN))
            return text;
        at += NLA_ALIGN(a->nla_len);
    }
    return NULL;
}

static int ack_check(const struct netlink_batch *b, const struct nlmsghdr *h, struct err *e)
{
    const struct nlmsgerr *ack = NLMSG_DATA(h);
    size_t request = h->nlmsg_seq - FIRST_SEQ;
    const char *what = request < b->n_requests ? b->what[request] : "route netlink";
    const char *text;
    int r;

    if (ack->error == 0)
        return 0;
    r = err_set(e, ERR_SYS, -ack->error, "%s", what);
    text = ack_text(h);
    return text ? err_advice(e, "the kernel says: %s", text) : r;
}

/* Reads one datagram of acknowledgements, counts them in *n_acks, and keeps the first failure in *result. */
static int read_acks(int sock, const struct netlink_batch *b, size_t *n_acks, int *result, struct err *e)
{
    char buf[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    ssize_t got;

    do
        got = recv(sock, buf, sizeof(buf), 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_sys(e, "%s: read the acknowledgement", b->what[0]);

    for (size_t at = 0, len = (size_t)got; at + NLMSG_HDRLEN <= len;) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(buf + at);

        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len - at)
            return err_set(e, ERR_INTERNAL, EPROTO, "%s: a broken acknowledgement", b->what[0]);
        at += NLMSG_ALIGN(h->nlmsg_len);
        if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
            continue;
        (*n_acks)++;
        if (*result == 0)
            *result = ack_check(b, h, e);
    }
    return 0;
}

/* The kernel goes on after a failed request, so all are waited for: none is left in a socket that is used again. */
int netlink_run(int sock, struct netlink_batch *b, struct err *e)
{
    size_t n_acks = 0;
    int result = 0;
    int r;

    if (b->error != 0)
        return err_set(e, ERR_INTERNAL, b->error, "a batch of netlink requests is larger than %d bytes",
                       NETLINK_BATCH_MAX);
    if (b->n_requests == 0)
        return 0;
    r = batch_send(sock, b, e);
    while (r == 0 && n_acks < b->n_requests)
        r = read_acks(sock, b, &n_acks, &result, e);
    return r < 0 ? r : result;
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
