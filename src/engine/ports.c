#include "engine/ports.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/parse.h"
#include "base/strv.h"
#include "network/firewall.h"

enum { PORT_MAX = 65535, RANDOM_ATTEMPTS = 64 };

/* ---- words ---- */

static int parse_port(const char *text, size_t len, const char *whole, uint16_t *ret, struct err *e)
{
    char digits[8];
    uint64_t n;
    if (len < sizeof(digits)) {
        memcpy(digits, text, len);
        digits[len] = '\0';
        if (parse_uint64(digits, "port", &n, NULL) == 0 && n > 0 && n <= PORT_MAX) {
            *ret = (uint16_t)n;
            return 0;
        }
    }
    return err_invalid(e, "invalid port: %.100s (ports are 1 to 65535, and may be a range: 8000-8010/udp)", whole);
}

int port_range_parse(const char *text, struct port_range *ret, struct err *e)
{
    size_t all = strcspn(text, "/"), first = strcspn(text, "-/");
    struct port_range p = {.protocol = IPPROTO_TCP};
    int r = parse_port(text, first, text, &p.first, e);
    if (r == 0 && first < all)
        r = parse_port(text + first + 1, all - first - 1, text, &p.last, e);
    else
        p.last = p.first;
    if (r == 0 && text[all])
        r = net_protocol_parse(text + all + 1, &p.protocol, e);
    if (r == 0 && p.last < p.first)
        return err_invalid(e, "invalid port range: %.100s", text);
    if (r == 0)
        *ret = p;
    return r;
}

static bool is_among(char *const *v, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], s) == 0)
            return true;
    return false;
}

/* Doubles can only be of what was there before: 65,535 ports at once are not to be compared with each other. */
int ports_expose(char ***exposed, const char *text, struct err *e)
{
    const size_t n_before = strv_len(*exposed);
    struct port_range p = {0};
    int r = port_range_parse(text, &p, e);
    for (unsigned port = p.first; r == 0 && port <= p.last; port++) {
        char word[24];
        snprintf(word, sizeof(word), "%u/%s", port, net_protocol_name(p.protocol));
        if (!is_among(*exposed, n_before, word))
            r = strv_add(exposed, word, e);
    }
    return r;
}

/* ---- which addresses ---- */

static const struct ip all4 = {.family = AF_INET}, all6 = {.family = AF_INET6};

/* That of -p, or the network's, or the configuration's; family 0: all addresses. */
static int host_address(const struct net_config *config, const struct ip *publish_ip, const struct port_binding *b,
                        struct ip *ret, struct err *e)
{
    *ret = ip_is_set(publish_ip) ? *publish_ip : config->publish_ip;
    return b->host_ip && *b->host_ip ? ip_parse(b->host_ip, "the host's address of -p", ret, e) : 0;
}

static int check_host_address(const struct net_config *config, const struct port_binding *b, const struct ip *ip,
                              struct err *e)
{
    if (config->publish_to_all || (ip_is_set(ip) && !ip_is_any(ip)))
        return 0;
    err_set(e, ERR_DENIED, 0,
            "publishing port %u to all addresses is turned off by \"publish-to-all\" in the configuration", b->port);
    return err_advice(e, "name an address: -p 127.0.0.1:%u:%u", b->host_port ? b->host_port : b->port, b->port);
}

int port_check(const struct net_config *config, const struct port_binding *b, struct err *e)
{
    struct ip ip;
    if (!b->host_ip || !*b->host_ip) /* the network may have an address for it */
        return 0;
    int r = host_address(config, &(struct ip){0}, b, &ip, e);
    return r == 0 ? check_host_address(config, b, &ip, e) : r;
}

/* Whether packets to the address find their way to the container, and back. */
static int check_reachable(const struct ports *p, const struct port_binding *b, const struct ip *ip, struct err *e)
{
    bool is_v4 = ip->family == AF_INET;
    char text[IP_TEXT_MAX];
    if (!ip_is_set(is_v4 ? &p->to4 : &p->to6)) {
        err_set(e, ERR_UNSUPPORTED, 0, "cannot publish port %u at %s: the container has no IPv%d address", b->port,
                ip_format(ip, text), is_v4 ? 4 : 6);
        return err_advice(e, "connect it to a network that has: network create%s", is_v4 ? "" : " --ipv6");
    }
    if (is_v4 || !ip_is_loopback(ip) || firewall_has_localhost6())
        return 0;
    err_set(
        e, ERR_UNSUPPORTED, 0,
        "cannot publish port %u at ::1: on this host bridges hand IPv6 packets to the firewall, which loses the answers",
        b->port);
    return err_advice(e, "sysctl net.bridge.bridge-nf-call-ip6tables=0, or publish it at 127.0.0.1");
}

/* The addresses that this binding takes, IPv4 first: where none was asked for, all of each family that the container has. */
static int choose_addresses(const struct ports *p, const struct port_binding *b, struct ip ret[2], size_t *ret_n,
                            struct err *e)
{
    struct ip ip;
    int r = host_address(p->config, &p->publish_ip, b, &ip, e);
    if (r == 0)
        r = check_host_address(p->config, b, &ip, e);
    if (r < 0)
        return r;
    *ret_n = 0;
    if (ip_is_set(&ip)) {
        ret[(*ret_n)++] = ip;
        return check_reachable(p, b, &ip, e);
    }
    if (ip_is_set(&p->to4))
        ret[(*ret_n)++] = all4;
    if (ip_is_set(&p->to6))
        ret[(*ret_n)++] = all6;
    return 0;
}

/* ---- sockets ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t address_set(union address *a, const struct ip *ip, uint16_t port)
{
    memset(a, 0, sizeof(*a));
    a->any.sa_family = ip->family;
    if (ip->family == AF_INET) {
        memcpy(&a->v4.sin_addr, ip->bytes, sizeof(a->v4.sin_addr));
        a->v4.sin_port = htons(port);
        return sizeof(a->v4);
    }
    memcpy(&a->v6.sin6_addr, ip->bytes, sizeof(a->v6.sin6_addr));
    a->v6.sin6_port = htons(port);
    return sizeof(a->v6);
}

static int bound_port(int fd, uint16_t *ret, struct err *e)
{
    union address a = {.v6 = {0}};
    socklen_t len = sizeof(a);
    if (getsockname(fd, &a.any, &len) < 0)
        return err_sys(e, "ask for the port");
    *ret = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    return 0;
}

/* What comes to the host itself in spite of the translation (nothing, unless the firewall is flushed) is not to be kept
 * in memory: the smallest buffer. */
static void refuse_data(int fd)
{
    const int least = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}

static int bind_error(const struct ip *ip, uint16_t port, int error, struct err *e)
{
    char text[IP_TEXT_MAX];
    const char *open = ip->family == AF_INET6 ? "[" : "", *close = ip->family == AF_INET6 ? "]" : "";
    ip_format(ip, text);
    if (error == EADDRINUSE)
        return err_set(e, ERR_CONFLICT, error, "bind for %s%s%s:%u failed: port is already allocated", open, text,
                       close, port);
    if (error == EADDRNOTAVAIL) {
        err_set(e, ERR_INVALID, error, "bind for %s%s%s:%u failed: the host does not have this address", open, text,
                close, port);
        return err_advice(e, "see: ip addr");
    }
    return err_set(e, ERR_SYS, error, "bind %s%s%s:%u", open, text, close, port);
}

/* The socket, or -EPROTONOSUPPORT without touching e where the kernel has none of the protocol. *port 0: any, and then
 * the one that it became. */
static int hold_one(const struct ip *ip, uint8_t protocol, bool listens, uint16_t *port, struct err *e)
{
    union address a;
    const int on = 1, type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
    _cleanup_close_ int fd = socket(ip->family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT ? -EPROTONOSUPPORT
                                                                    : err_sys(e, "make a socket for port %u", *port);
    if (ip->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    refuse_data(fd);
    socklen_t len = address_set(&a, ip, *port);
    if (bind(fd, &a.any, len) < 0)
        return bind_error(ip, *port, errno, e);
    if (listens && protocol == IPPROTO_TCP && listen(fd, 1) < 0)
        return bind_error(ip, *port, errno, e);
    int r = *port ? 0 : bound_port(fd, port, e);
    return r < 0 ? r : TAKE_FD(fd);
}

static int add_fd(struct ports *p, int fd, struct err *e)
{
    int *grown = reallocarray(p->fds, p->n_fds + 1, sizeof(*grown));
    if (!grown) {
        fd_close(&fd);
        return err_set(e, ERR_SYS, ENOMEM, "hold a port");
    }
    p->fds = grown;
    p->fds[p->n_fds++] = fd;
    return 0;
}

void ports_drop(struct ports *p, size_t keep)
{
    while (p->n_fds > keep)
        fd_close(&p->fds[--p->n_fds]);
}

void ports_release(struct ports *p)
{
    ports_drop(p, 0);
    free(TAKE_PTR(p->fds));
}

/* ---- holding ---- */

/* The same port at every address, or none. */
static int hold_all(struct ports *p, const struct ip *ips, size_t n, uint8_t protocol, uint16_t *port, struct err *e)
{
    size_t before = p->n_fds;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        int fd = hold_one(&ips[i], protocol, p->is_rootless, port, e);
        if (fd == -EPROTONOSUPPORT && *port)
            continue;
        if (fd == -EPROTONOSUPPORT) {
            err_set(e, ERR_UNSUPPORTED, 0, "this kernel has no %s sockets to find a free port with",
                    net_protocol_name(protocol));
            r = err_advice(e, "name the host's port: -p 8000:80/%s", net_protocol_name(protocol));
            break;
        }
        r = fd < 0 ? fd : add_fd(p, fd, e);
    }
    if (r < 0)
        ports_drop(p, before);
    return r;
}

/* Any free port: what the kernel gives for the first address may be taken at the second. */
static int hold_random(struct ports *p, const struct ip *ips, size_t n, uint8_t protocol, uint16_t *port, struct err *e)
{
    int r = -EADDRINUSE;
    for (unsigned i = 0; r == -EADDRINUSE && i < RANDOM_ATTEMPTS; i++) {
        *port = 0;
        r = hold_all(p, ips, n, protocol, port, e);
    }
    return r;
}

static int hold_first_of(struct ports *p, const struct ip *ips, size_t n, const struct port_binding *b, uint16_t *port,
                         struct err *e)
{
    unsigned last = b->host_end > b->host_port ? b->host_end : b->host_port;
    int r = -EADDRINUSE;
    for (unsigned at = b->host_port; r == -EADDRINUSE && at <= last; at++) {
        *port = (uint16_t)at;
        r = hold_all(p, ips, n, b->protocol, port, e);
    }
    return r;
}

int ports_hold(struct ports *p, const struct port_binding *b, struct err *e)
{
    struct ip ips[2];
    size_t n;
    uint16_t port = 0;
    struct err own = ERR_INIT; /* a failed attempt that another one made good is no error */
    int r = choose_addresses(p, b, ips, &n, &own);
    if (r == 0)
        r = b->host_port ? hold_first_of(p, ips, n, b, &port, &own) : hold_random(p, ips, n, b->protocol, &port, &own);
    if (r < 0) {
        if (e)
            *e = own;
        return r;
    }
    for (size_t i = 0; i < n; i++)
        *net_plan_add_port(p->plan) = (struct net_port){.protocol = b->protocol,
                                                        .host = ips[i],
                                                        .host_port = port,
                                                        .to = ips[i].family == AF_INET ? p->to4 : p->to6,
                                                        .port = b->port};
    return 0;
}
