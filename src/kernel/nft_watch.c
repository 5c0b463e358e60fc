#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/netlink.h"
#include "kernel/nft.h"

/* A transaction's changes come in datagrams of at most this size (NLMSG_GOODSIZE, a page less its overhead, or one
 * message). */
enum { EVENTS_MAX = 64 * 1024, BACKLOG_BYTES = 1024 * 1024 };

int nft_watch_open(struct err *e)
{
    /* Bound, which gives it a number: changes made by whoever wants no report of them are kept from sockets that have
     * none. */
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1U << (NFNLGRP_NFTABLES - 1)};
    const int backlog = BACKLOG_BYTES;
    _cleanup_close_ int sock = netlink_open_protocol(NETLINK_NETFILTER, e);

    if (sock < 0)
        return sock;
    if (bind(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return err_sys(e, "listen for changes of nftables");
    /* A smaller backlog only means that more is looked at again. */
    (void)setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &backlog, sizeof(backlog));
    if (fd_set_nonblock(sock, 1) < 0)
        return err_sys(e, "make the nftables socket non-blocking");
    return TAKE_FD(sock);
}

static bool is_deletion_of(const struct nlmsghdr *h, const char *table)
{
    if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE))
        return false;
    return strcmp(netlink_get_str(netlink_find(h, sizeof(struct nfgenmsg), NFTA_TABLE_NAME)), table) == 0;
}

static bool has_deletion_of(const char *buf, size_t len, const char *table)
{
    for (size_t at = 0; at + NLMSG_HDRLEN <= len;) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(buf + at);

        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len - at)
            break;
        if (is_deletion_of(h, table))
            return true;
        at += NLMSG_ALIGN(h->nlmsg_len);
    }
    return false;
}

int nft_watch_read(int sock, const char *table, bool *ret_deleted, struct err *e)
{
    char buf[EVENTS_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    bool deleted = false;

    for (;;) {
        ssize_t got = recv(sock, buf, sizeof(buf), 0);

        if (got >= 0)
            deleted = deleted || has_deletion_of(buf, (size_t)got, table);
        else if (errno == ENOBUFS) /* more came than the backlog holds: it may have been among it */
            deleted = true;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return err_sys(e, "read changes of nftables");
    }
    *ret_deleted = deleted;
    return 0;
}
