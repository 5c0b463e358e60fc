/*
 * Route netlink, enough to make and configure links, addresses and routes: several requests go out in one batch,
 * their acknowledgements come back in order, and the first failure is reported with the kernel's extended ack text.
 * Own code because the shim is static and libmnl has no static library in Debian; the builder follows libmnl's shape.
 * Source: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef SAMPAN_KERNEL_NETLINK_H
#define SAMPAN_KERNEL_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { NETLINK_BATCH_MAX = 16 * 1024, NETLINK_REQUESTS_MAX = 32 };

/* A batch of requests, on the stack of the caller. */
struct netlink_batch {
    size_t len;
    size_t n_requests;
    const char *what[NETLINK_REQUESTS_MAX]; /* "bring up lo": the error's subject; borrowed, outlives the batch */
    int error;                              /* sticky: EMSGSIZE */
    char buf[NETLINK_BATCH_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* A NETLINK_ROUTE socket in the calling thread's network namespace. */
int netlink_open(struct err *e);

void netlink_batch_init(struct netlink_batch *b);
/* Starts a request; the fixed header that follows (ifinfomsg, ifaddrmsg, rtmsg) is copied in. Flags: NLM_F_REQUEST and
 * NLM_F_ACK are added. */
void netlink_request(struct netlink_batch *b, const char *what, uint16_t type, uint16_t flags, const void *header,
                     size_t header_len);
void netlink_attr(struct netlink_batch *b, uint16_t type, const void *data, size_t len);
void netlink_attr_u32(struct netlink_batch *b, uint16_t type, uint32_t v);
void netlink_attr_str(struct netlink_batch *b, uint16_t type, const char *s);
struct nlattr *netlink_nest(struct netlink_batch *b, uint16_t type);
void netlink_nest_end(struct netlink_batch *b, struct nlattr *nest);

/* Sends all and waits for every acknowledgement. */
int netlink_run(int sock, struct netlink_batch *b, struct err *e);

/* Brings the loopback interface of the calling thread's network namespace up. */
int netlink_loopback_up(struct err *e);

#endif
