/*
 * Netlink, enough to make and configure links, addresses and routes, and to ask for them: several requests go out in
 * one batch, their acknowledgements come back in order, and the first failure is reported with the kernel's extended
 * ack text. Own code because the shim is static and libmnl has no static library in Debian; the builder follows
 * libmnl's shape.
 * Source: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef SAMPAN_KERNEL_NETLINK_H
#define SAMPAN_KERNEL_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { NETLINK_BATCH_MAX = 16 * 1024, NETLINK_REQUESTS_MAX = 32 };

/* A batch of requests, on the stack of the caller; or with room of the caller's, where that is not enough. */
struct netlink_batch {
    char *buf; /* `space`, or the caller's; so a batch is not copied */
    size_t size;
    size_t len;
    size_t last; /* where the request begins that is being built */
    size_t n_requests;
    size_t max_requests;
    size_t n_acks;       /* that will come */
    size_t failed;       /* after a failure: the first request that failed */
    bool is_transaction; /* all or nothing: requests have no acknowledgements of their own (netlink_request_ack) */
    int error;           /* sticky: EMSGSIZE */
    const char **what;   /* "bring up lo": the error's subject; borrowed, outlives the batch */
    const char *what_space[NETLINK_REQUESTS_MAX];
    char space[NETLINK_BATCH_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* A NETLINK_ROUTE socket in the calling thread's network namespace. */
int netlink_open(struct err *e);
/* The same for another protocol: NETLINK_NETFILTER, NETLINK_XFRM. */
int netlink_open_protocol(int protocol, struct err *e);

/* The network namespace that a socket belongs to (SIOCGSKNS), owned by the caller, and the number of an interface
 * there: a positive index, or -ENODEV. Neither disturbs the socket. */
int netlink_namespace(int sock, struct err *e);
int netlink_link_index(int sock, const char *name, struct err *e);

void netlink_batch_init(struct netlink_batch *b);
/* With other room: `what` has max_requests places. Both are borrowed. */
void netlink_batch_init_with(struct netlink_batch *b, char *buf, size_t size, const char **what, size_t max_requests);
/* Starts a request; the fixed header that follows (ifinfomsg, ifaddrmsg, rtmsg) is copied in. Flags: NLM_F_REQUEST and
 * NLM_F_ACK are added (in a transaction not the latter). */
void netlink_request(struct netlink_batch *b, const char *what, uint16_t type, uint16_t flags, const void *header,
                     size_t header_len);
/* Asks for an acknowledgement of the request being built: a transaction's last one. */
void netlink_request_ack(struct netlink_batch *b);
void netlink_attr(struct netlink_batch *b, uint16_t type, const void *data, size_t len);
void netlink_attr_u8(struct netlink_batch *b, uint16_t type, uint8_t v);
void netlink_attr_u16(struct netlink_batch *b, uint16_t type, uint16_t v);
void netlink_attr_u32(struct netlink_batch *b, uint16_t type, uint32_t v);
void netlink_attr_u64(struct netlink_batch *b, uint16_t type, uint64_t v);
void netlink_attr_str(struct netlink_batch *b, uint16_t type, const char *s);
struct nlattr *netlink_nest(struct netlink_batch *b, uint16_t type);
void netlink_nest_end(struct netlink_batch *b, struct nlattr *nest);
/* A nest whose attributes stand behind a fixed header (VETH_INFO_PEER and its ifinfomsg). */
struct nlattr *netlink_nest_with_header(struct netlink_batch *b, uint16_t type, const void *header, size_t header_len);

/* Sends all and waits for every acknowledgement; a transaction's first failure ends the waiting, and the socket is
 * good for nothing more then. */
int netlink_run(int sock, struct netlink_batch *b, struct err *e);

/* ---- asking */

/* One message of an answer. Negative ends the reading with that; e is then set. */
typedef int (*netlink_take)(const struct nlmsghdr *h, void *arg, struct err *e);

/* Sends the batch's one request, and hands each message of its answer to `take`: one message, or with the flag
 * NLM_F_DUMP all entries of a table. What changes while it is dumped may be missed, or come twice. The answer is
 * read to its end in any case. */
int netlink_query(int sock, struct netlink_batch *b, netlink_take take, void *arg, struct err *e);

/* The attribute of a message behind its fixed header, or of a nest; NULL when it is not there. Bounds are checked. */
const struct nlattr *netlink_find(const struct nlmsghdr *h, size_t header_len, uint16_t type);
const struct nlattr *netlink_find_nested(const struct nlattr *nest, uint16_t type);

static inline const void *netlink_data(const struct nlattr *a)
{
    return (const char *)a + NLA_HDRLEN;
}

static inline size_t netlink_data_len(const struct nlattr *a)
{
    return (size_t)a->nla_len - NLA_HDRLEN;
}

/* 0 when it is NULL or of another size; "" when it is NULL or no string. */
uint32_t netlink_get_u32(const struct nlattr *a);
const char *netlink_get_str(const struct nlattr *a);

/* Brings the loopback interface of the calling thread's network namespace up. */
int netlink_loopback_up(struct err *e);

#endif
