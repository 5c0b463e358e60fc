/*
 * A host with networks, in network namespaces of the test's own:
 *
 *   client --- eth0 [host] --- br0 --- A, B        an ordinary network
 *   192.0.2.9   192.0.2.1  --- br1 --- C           another one
 *   2001:db8::9 2001:db8::1--- br2 --- D           an internal one
 *
 * The bridges are 172.30.N.1 and fd00:30:N::1, the containers .2, .3 and so on. Their servers answer on port 80.
 */
#ifndef SAMPAN_TESTS_UNIT_NETWORK_FIREWALL_LAB_H
#define SAMPAN_TESTS_UNIT_NETWORK_FIREWALL_LAB_H

#include "network/net_box.h"

#include <poll.h>

#include "base/shell.h"
#include "network/firewall.h"

enum { CLIENT, A, B, C, D, N_BOXES, HOST = -1 };
enum { N_BRIDGES = 3, SERVER_PORT = 80, PATIENCE_MS = 1000, IMPATIENCE_MS = 150 };

struct lab {
    char run_root[64];
    struct net_instance in;
    struct net_config config;
    int netns[N_BOXES];
    struct network *networks[N_BRIDGES];
    struct net_plan *plan; /* A's */
};

static struct lab lab;

/* A shell's command in a box; shell() is for the host. */
static inline void box_shell(int box, const char *command)
{
    int host = box_enter(lab.netns[box]);
    int r = shell("%s", command);

    box_leave(host);
    assert_int_equal(r, 0);
}

static inline int new_netns(void)
{
    int host = box_enter(-1);
    int fd = ns_open(0, NS_NET, NULL);

    assert_int_equal(netlink_loopback_up(NULL), 0);
    box_leave(host);
    return fd;
}

static inline void plug(int box, const char *master, const char *host_name)
{
    lab.netns[box] = new_netns();
    assert_shell("ip link add %s %s %s type veth peer name eth0 netns /proc/%d/fd/%d && ip link set %s up", host_name,
                 master ? "master" : "", master ? master : "", (int)getpid(), lab.netns[box], host_name);
}

static inline void plug_container(int box, unsigned bridge, unsigned number)
{
    char master[16], host_name[16], command[512];

    snprintf(master, sizeof(master), "br%u", bridge);
    snprintf(host_name, sizeof(host_name), "sv%d", box);
    plug(box, master, host_name);
    snprintf(
        command, sizeof(command),
        "ip addr add 172.30.%u.%u/24 dev eth0 && ip addr add fd00:30:%u::%u/64 dev eth0 nodad && ip link set eth0 up &&"
        " ip route add default via 172.30.%u.1 && ip -6 route add default via fd00:30:%u::1",
        bridge, number, bridge, number, bridge, bridge);
    box_shell(box, command);
}

static inline struct network *lab_network(unsigned number)
{
    struct network *n = network_new();
    char text[64];

    memset(n->id, 'a' + (int)number, NETWORK_ID_LEN);
    snprintf(text, sizeof(text), "net%u", number);
    n->name = strdup(text);
    snprintf(n->link, sizeof(n->link), "br%u", number);
    snprintf(text, sizeof(text), "172.30.%u.0/24", number);
    n->v4.subnet = prefix_of(text);
    snprintf(text, sizeof(text), "172.30.%u.1", number);
    n->v4.gateway = ip_of(text);
    snprintf(text, sizeof(text), "fd00:30:%u::/64", number);
    n->v6.subnet = prefix_of(text);
    snprintf(text, sizeof(text), "fd00:30:%u::1", number);
    n->v6.gateway = ip_of(text);
    n->ipv6 = true;
    n->internal = number == 2;
    return n;
}

static inline void make_bridges(void)
{
    for (unsigned i = 0; i < N_BRIDGES; i++) {
        assert_shell("ip link add br%u type bridge && ip addr add 172.30.%u.1/24 dev br%u &&"
                     " ip addr add fd00:30:%u::1/64 dev br%u nodad && ip link set br%u up",
                     i, i, i, i, i, i);
        assert_shell("echo 1 >/proc/sys/net/ipv4/conf/br%u/route_localnet &&"
                     " ip -6 route append local ::1 dev br%u table local metric 2048",
                     i, i);
        lab.networks[i] = lab_network(i);
    }
}

static inline void make_boxes(void)
{
    plug(CLIENT, NULL, "eth0");
    assert_shell("ip addr add 192.0.2.1/24 dev eth0 && ip addr add 2001:db8::1/64 dev eth0 nodad");
    box_shell(CLIENT, "ip addr add 192.0.2.9/24 dev eth0 && ip addr add 2001:db8::9/64 dev eth0 nodad &&"
                      " ip link set eth0 up && ip route add default via 192.0.2.1 &&"
                      " ip -6 route add default via 2001:db8::1");
    plug_container(A, 0, 2);
    plug_container(B, 0, 3);
    plug_container(C, 1, 2);
    plug_container(D, 2, 2);
}

/* ---- the firewall of one test ---- */

static inline void add_port(struct net_plan *p, uint8_t protocol, const char *host, uint16_t host_port, const char *to)
{
    struct net_port *port = net_plan_add_port(p);

    port->protocol = protocol;
    port->host = ip_of(host);
    port->host_port = host_port;
    port->to = ip_of(to);
    port->port = SERVER_PORT;
}

static inline int firewall_up(void **state)
{
    struct err e = ERR_INIT;
    bool made = false;

    (void)state;
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
    for (unsigned i = 0; i < N_BRIDGES; i++)
        assert_works(firewall_add_network(&lab.in, lab.networks[i], &e), &e);
    lab.plan = net_plan_new();
    memset(lab.plan->container, 'c', NETWORK_ID_LEN);
    return 0;
}

static inline int firewall_down(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    net_plan_free(lab.plan);
    lab.config.ports_open = false;
    assert_works(firewall_remove(&lab.in, &e), &e);
    assert_shell("nft flush ruleset && test -z \"$(nft list ruleset)\"");
    return 0;
}

/* ---- who reaches whom ---- */

enum { TCP = IPPROTO_TCP, UDP = IPPROTO_UDP };

static inline int box_socket(int box, int family, int protocol)
{
    int host = box == HOST ? -1 : box_enter(lab.netns[box]);
    int fd = socket(family, (protocol == TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;

    if (box != HOST)
        box_leave(host);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    return fd;
}

static inline int serve(int box, int protocol, const char *address, uint16_t port)
{
    struct sockaddr_storage a;
    socklen_t len = socket_address(address, port, &a);
    int fd = box_socket(box, a.ss_family, protocol);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    if (protocol == TCP)
        assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static inline bool is_ready(int fd, short events, int ms)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, ms) == 1 && (p.revents & (events | POLLERR)) == events;
}

static inline const char *name_of(const struct sockaddr_storage *a)
{
    static char text[INET6_ADDRSTRLEN];
    const void *in = a->ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                                             : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;

    return inet_ntop(a->ss_family, in, text, sizeof(text));
}

/* The server's view: who came, "" for nobody. Its answer goes back. */
static inline const char *take_visitor(int server, int protocol, int ms)
{
    struct sockaddr_storage from = {.ss_family = 0};
    socklen_t len = sizeof(from);
    char byte[4096];

    if (!is_ready(server, POLLIN, ms))
        return "";
    if (protocol == TCP) {
        _cleanup_close_ int fd = accept4(server, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "a", 1), 1);
        return name_of(&from);
    }
    assert_true(recvfrom(server, byte, sizeof(byte), 0, (struct sockaddr *)&from, &len) >= 0);
    assert_int_equal(sendto(server, "a", 1, 0, (struct sockaddr *)&from, len), 1);
    return name_of(&from);
}

/* A question from the box to the address and its answer: the address that the server saw, "" where it did not get
 * there, and UNANSWERED where no answer came back from whom it was asked of (sockets are connected). */
#define UNANSWERED "(but its answer was lost)"
static inline const char *visit(int box, int protocol, const char *address, uint16_t port, int server)
{
    struct sockaddr_storage a;
    socklen_t len = socket_address(address, port, &a);
    _cleanup_close_ int fd = box_socket(box, a.ss_family, protocol);
    const char *seen;
    char answer;

    if (connect(fd, (struct sockaddr *)&a, len) < 0 && errno != EINPROGRESS)
        return "";
    if (protocol == UDP && send(fd, "q", 1, 0) != 1)
        return "";
    seen = take_visitor(server, protocol, IMPATIENCE_MS);
    if (*seen == '\0')
        return "";
    return is_ready(fd, POLLIN, PATIENCE_MS) && read(fd, &answer, 1) == 1 ? seen : UNANSWERED;
}

/* New links carry IPv6 after some time only. */
static inline void wait_for_links(void)
{
    static const char *const addresses[N_BOXES][2] = {
        [CLIENT] = {"192.0.2.9", "2001:db8::9"}, [A] = {"172.30.0.2", "fd00:30::2"},
        [B] = {"172.30.0.3", "fd00:30::3"},      [C] = {"172.30.1.2", "fd00:30:1::2"},
        [D] = {"172.30.2.2", "fd00:30:2::2"},
    };

    for (int box = 0; box < N_BOXES; box++) {
        for (size_t family = 0; family < 2; family++) {
            const char *address = addresses[box][family];
            _cleanup_close_ int server = serve(box, UDP, address, SERVER_PORT);
            int tries = 100;

            while (*visit(HOST, UDP, address, SERVER_PORT, server) == '\0' && tries > 0)
                tries--;
            if (tries == 0)
                fail_msg("%s is not reached from the host", address);
        }
    }
}

static inline int lab_make(void **state)
{
    if (enter_host(state) < 0)
        return -1;
    /* No process of the machine's is seen or disturbed: all is in the namespaces of this one. */
    assert_shell("echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    (void)shell("echo 0 2>&- >/proc/sys/net/bridge/bridge-nf-call-iptables;"
                " echo 0 2>&- >/proc/sys/net/bridge/bridge-nf-call-ip6tables");
    snprintf(lab.run_root, sizeof(lab.run_root), "/tmp/sampan-firewall-XXXXXX");
    assert_non_null(mkdtemp(lab.run_root));
    lab.in = NET_INSTANCE_INIT;
    assert_int_equal(net_instance_open(lab.run_root, &lab.in, NULL), 0);
    make_bridges();
    make_boxes();
    wait_for_links();
    return 0;
}

static inline int lab_remove(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_BRIDGES; i++)
        network_free(lab.networks[i]);
    net_instance_close(&lab.in);
    return dir_remove_all(AT_FDCWD, lab.run_root, NULL);
}

#endif
