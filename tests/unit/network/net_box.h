/*
 * Network namespaces for tests: the test's own, which stands for the host, and others that stand for containers. All
 * end with the program. Sockets stay in the namespace that they were made in.
 */
#ifndef SAMPAN_TESTS_UNIT_NETWORK_NET_BOX_H
#define SAMPAN_TESTS_UNIT_NETWORK_NET_BOX_H

#include "base/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/namespaces.h"
#include "kernel/netlink.h"
#include "network/plan.h"

#define assert_works(r, e)                                                                                             \
    do {                                                                                                               \
        if ((r) < 0)                                                                                                   \
            fail_msg("%s: %s", #r, (e)->text);                                                                         \
    } while (0)

static inline int enter_host(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests make network namespaces and need root\n");
        exit(77); /* skipped, to Meson */
    }
    return unshare(CLONE_NEWNET) < 0 ? -1 : netlink_loopback_up(NULL);
}

/* The caller is in it until box_leave(). */
static inline int box_enter(int netns)
{
    int host = ns_open(0, NS_NET, NULL);

    assert_int_equal(netns < 0 ? unshare(CLONE_NEWNET) : setns(netns, CLONE_NEWNET), 0);
    return host;
}

static inline void box_leave(int host)
{
    assert_int_equal(setns(host, CLONE_NEWNET), 0);
    close(host);
}

/* A container's namespace as its init leaves it, and the way into it. */
struct box {
    int netns;
    struct net_target target;
};

static inline struct box box_new(const struct net_plan *p)
{
    struct err e = ERR_INIT;
    struct box b;
    int host = box_enter(-1);
    _cleanup_close_ int procfs = -1;

    b.netns = ns_open(0, NS_NET, &e);
    assert_works(net_prepare_namespace(p, &procfs, &e), &e);
    box_leave(host);
    assert_works(net_target_open(b.netns, &b.target, &e), &e);
    return b;
}

static inline void box_release(struct box *b)
{
    net_target_close(&b->target);
    fd_close(&b->netns);
}
#define _cleanup_box_ _cleanup_(box_release)

/* A file below /proc/sys/net or /proc/net as the namespace (-1: the host's) sees it; "" when there is none. */
static inline const char *box_read(int netns, const char *path)
{
    static char text[4096];
    int host = netns >= 0 ? box_enter(netns) : -1;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : fd_read_full(fd, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    if (netns >= 0)
        box_leave(host);
    return text;
}

static inline struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(text, "test", &ip, NULL), 0);
    return ip;
}

static inline struct prefix prefix_of(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(text, "test", &p, NULL), 0);
    return p;
}

static inline socklen_t socket_address(const char *address, uint16_t port, struct sockaddr_storage *ret)
{
    struct ip ip = ip_of(address);
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

    memset(ret, 0, sizeof(*ret));
    ret->ss_family = ip.family;
    memcpy(ip.family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr, ip.bytes, ip_size(&ip));
    *(ip.family == AF_INET ? &v4->sin_port : &v6->sin6_port) = htons(port);
    return ip.family == AF_INET ? sizeof(*v4) : sizeof(*v6);
}

/* A datagram socket in the namespace (-1: the host's), bound to the address. */
static inline int box_listen(int netns, const char *address, uint16_t port)
{
    struct timeval patience = {.tv_sec = 2};
    struct sockaddr_storage a;
    socklen_t len = socket_address(address, port, &a);
    int host = netns >= 0 ? box_enter(netns) : -1;
    int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (netns >= 0)
        box_leave(host);
    return fd;
}

/* Whether a datagram from the namespace to the address arrives at the listening socket. */
static inline bool box_reaches(int netns, const char *address, uint16_t port, int listener)
{
    struct sockaddr_storage a;
    socklen_t len = socket_address(address, port, &a);
    int host = netns >= 0 ? box_enter(netns) : -1;
    _cleanup_close_ int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char byte;
    ssize_t n = sendto(fd, "x", 1, 0, (struct sockaddr *)&a, len);

    if (netns >= 0)
        box_leave(host);
    return n == 1 && recv(listener, &byte, 1, 0) == 1;
}

/* ip link add NAME type KIND */
static inline void make_link(const char *name, const char *kind)
{
    const struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;
    struct netlink_batch b;
    struct nlattr *info;

    netlink_batch_init(&b);
    netlink_request(&b, "make a link for a test", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(&b, IFLA_IFNAME, name);
    info = netlink_nest(&b, IFLA_LINKINFO);
    netlink_attr_str(&b, IFLA_INFO_KIND, kind);
    netlink_nest_end(&b, info);
    assert_works(netlink_run(sock, &b, &e), &e);
}

/* ip link del NAME */
static inline void delete_link(const char *name)
{
    const struct ifinfomsg link = {.ifi_index = (int)if_nametoindex(name)};
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "delete a link of a test", RTM_DELLINK, 0, &link, sizeof(link));
    assert_works(netlink_run(sock, &b, &e), &e);
}

/* ip address add PREFIX dev NAME */
static inline void give_address(const char *name, const char *prefix)
{
    struct prefix p = prefix_of(prefix);
    const struct ifaddrmsg header = {
        .ifa_family = p.ip.family,
        .ifa_prefixlen = p.len,
        .ifa_flags = p.ip.family == AF_INET6 ? IFA_F_NODAD : 0,
        .ifa_index = if_nametoindex(name),
    };
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "give an address for a test", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    netlink_attr(&b, IFA_LOCAL, p.ip.bytes, ip_size(&p.ip));
    netlink_attr(&b, IFA_ADDRESS, p.ip.bytes, ip_size(&p.ip));
    assert_works(netlink_run(sock, &b, &e), &e);
}

#endif
