#include "keeper/overlay_probe.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Not netinet/ip.h: it has a struct ip of its own. linux/icmp.h wants net/if.h in front of it. */
#include <linux/icmp.h>
#include <linux/ip.h>

#include "base/fd.h"
#include "base/log.h"
#include "keeper/clock.h"
#include "keeper/overlay_internal.h"

enum {
    TICK_MS = 200,       /* between two tries */
    TRIES_MAX = 10,      /* then a host is said to be silent */
    AGAIN_OK_MS = 30000, /* the next test of a host that answers */
    AGAIN_BAD_MS = 5000, /* and of one that does not */
    SMALL_PAYLOAD = 56,  /* as ping(8) sends */
    PACKET_MAX = 65536,
    HEADERS = sizeof(struct iphdr) + sizeof(struct icmphdr),
};

static struct overlay_network *network_of(struct overlay_probe *p)
{
    return (struct overlay_network *)((char *)p - offsetof(struct overlay_network, probe));
}

/* ---- echoes */

static uint16_t checksum(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    if (len % 2)
        sum += (uint32_t)at[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* Without an answer, whatever the reason: that none comes is what is found out. */
static void send_echo(const struct overlay_probe *p, const struct ip *to, uint16_t sequence, size_t payload)
{
    char packet[PACKET_MAX] __attribute__((aligned(4)));
    struct icmphdr header = {.type = ICMP_ECHO};
    struct sockaddr_in address = {.sin_family = AF_INET};
    const size_t len = sizeof(header) + payload;

    memset(packet, 0, len);
    header.un.echo.id = htons(p->id);
    header.un.echo.sequence = htons(sequence);
    memcpy(packet, &header, sizeof(header));
    header.checksum = checksum(packet, len);
    memcpy(packet, &header, sizeof(header));
    memcpy(&address.sin_addr, to->bytes, sizeof(address.sin_addr));
    (void)sendto(p->source.fd, packet, len, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address));
}

static size_t full_payload(const struct overlay_network *n)
{
    const size_t mtu = n->definition->mtu;

    return mtu > HEADERS + SMALL_PAYLOAD && mtu < PACKET_MAX ? mtu - HEADERS : SMALL_PAYLOAD;
}

static void ask(struct overlay_network *n, struct overlay_member *m)
{
    if (m->n_sent == 0) {
        m->sequence = ++n->probe.sequence;
        m->small_came = m->full_came = false;
    }
    m->n_sent++;
    m->due = clock_ms() + TICK_MS;
    send_echo(&n->probe, &m->station.ip4, m->sequence, SMALL_PAYLOAD);
    send_echo(&n->probe, &m->station.ip4, m->sequence, full_payload(n));
}

/* ---- answers */

static void settle(struct overlay_network *n, struct overlay_member *m)
{
    const enum probe_state before = m->state;
    char reason[256];

    m->state = !m->small_came ? PROBE_SILENT : m->full_came ? PROBE_OK : PROBE_TOO_LARGE;
    m->n_sent = 0;
    m->due = clock_ms() + (m->state == PROBE_OK ? AGAIN_OK_MS : AGAIN_BAD_MS);
    if (m->state == before || m->state == PROBE_OK)
        return;
    overlay_probe_reason(n, m, reason, sizeof(reason));
    log_warning("network %s: host %s: %s", n->definition->name, m->node, reason);
}

static void answered(struct overlay_network *n, const struct ip *from, uint16_t sequence, size_t payload)
{
    for (size_t i = 0; i < n->members.n; i++) {
        struct overlay_member *m = n->members.v[i];

        if (!overlay_member_is_host(m) || m->n_sent == 0 || m->sequence != sequence || !ip_equal(&m->station.ip4, from))
            continue;
        if (payload == full_payload(n))
            m->full_came = true;
        m->small_came = true;
        if (m->full_came)
            settle(n, m);
        return;
    }
}

/* An IPv4 packet, as raw sockets give it. */
static void packet_came(struct overlay_network *n, const char *packet, size_t len)
{
    struct iphdr ip;
    struct icmphdr icmp;
    struct ip from = {.family = AF_INET};
    size_t header_len;

    if (len < sizeof(ip))
        return;
    memcpy(&ip, packet, sizeof(ip));
    header_len = ip.ihl * 4UL;
    if (header_len < sizeof(ip) || len < header_len + sizeof(icmp))
        return;
    memcpy(&icmp, packet + header_len, sizeof(icmp));
    if (icmp.type != ICMP_ECHOREPLY || icmp.un.echo.id != htons(n->probe.id))
        return;
    memcpy(from.bytes, &ip.saddr, sizeof(ip.saddr));
    answered(n, &from, ntohs(icmp.un.echo.sequence), len - header_len - sizeof(icmp));
}

static void socket_ready(struct event_source *s, uint32_t events)
{
    char packet[PACKET_MAX];
    ssize_t got;

    (void)events;
    while ((got = recv(s->fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
        packet_came(s->owner, packet, (size_t)got);
}

/* ---- when */

/* Those whose turn it is get a try, or after the last one their verdict. */
static void tick(struct event_timer *t)
{
    struct overlay_network *n = t->owner;
    const int64_t now = clock_ms();
    int64_t next = now + AGAIN_OK_MS;

    for (size_t i = 0; i < n->members.n; i++) {
        struct overlay_member *m = n->members.v[i];

        if (!overlay_member_is_host(m))
            continue;
        if (m->due <= now && m->n_sent == TRIES_MAX)
            settle(n, m);
        else if (m->due <= now)
            ask(n, m);
        next = m->due < next ? m->due : next;
    }
    timer_set(&n->overlay->loop, &n->probe.timer, next - now);
}

void overlay_probe_wake(struct overlay_probe *p)
{
    timer_set(&network_of(p)->overlay->loop, &p->timer, 0);
}

bool overlay_probe_is_testing(const struct overlay_network *n)
{
    for (size_t i = 0; i < n->members.n; i++)
        if (overlay_member_is_host(n->members.v[i]) && n->members.v[i]->state == PROBE_TESTING)
            return true;
    return false;
}

static const char *const state_names[] = {
    [PROBE_TESTING] = "testing",
    [PROBE_OK] = "ok",
    [PROBE_SILENT] = "unreachable",
    [PROBE_TOO_LARGE] = "unreachable",
};

const char *overlay_probe_state(const struct overlay_member *m)
{
    return state_names[m->state];
}

void overlay_probe_reason(const struct overlay_network *n, const struct overlay_member *m, char *buf, size_t size)
{
    char address[IP_TEXT_MAX];

    ip_format(&m->station.remote, address);
    buf[0] = '\0';
    if (m->state == PROBE_SILENT)
        snprintf(buf, size, "no answer from %s through the overlay: open %s between the hosts, both ways", address,
                 n->definition->encrypted ? "ESP (IP protocol 50)" : "UDP port 4789");
    else if (m->state == PROBE_TOO_LARGE)
        snprintf(buf, size,
                 "packets of %u bytes do not pass to %s: the underlay's MTU between the hosts is smaller than this "
                 "host's; create the network with -o com.docker.network.driver.mtu=SIZE",
                 n->definition->mtu, address);
}

/* ---- its life */

static int open_socket(const struct overlay_network *n, struct err *e)
{
    const struct icmp_filter filter = {.data = ~(1U << ICMP_ECHOREPLY)};
    const int dont_fragment = IP_PMTUDISC_PROBE;
    const char *bridge = n->definition->link;
    _cleanup_close_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);

    if (fd < 0)
        return err_sys(e, "open a raw socket to test the data path");
    if (setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont_fragment, sizeof(dont_fragment)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bridge, (socklen_t)strlen(bridge) + 1) < 0)
        return err_sys(e, "bind a raw socket to %s", bridge);
    return TAKE_FD(fd);
}

int overlay_probe_start(struct overlay_network *n, struct err *e)
{
    struct overlay_probe *p = &n->probe;
    _cleanup_close_ int fd = open_socket(n, e);
    int r;

    if (fd < 0)
        return fd;
    *p = (struct overlay_probe){.source = {.fd = -1, .ready = socket_ready, .owner = n},
                                .timer = {.fire = tick, .owner = n}};
    if (getrandom(&p->id, sizeof(p->id), 0) != sizeof(p->id))
        return err_sys(e, "getrandom");
    r = events_watch(&n->overlay->loop, &p->source, fd, EPOLLIN, e);
    if (r == 0)
        (void)TAKE_FD(fd); /* the source's */
    return r;
}

void overlay_probe_stop(struct overlay_network *n)
{
    struct overlay_probe *p = &n->probe;
    int fd = p->source.fd;

    if (!p->source.ready)
        return; /* never started */
    timer_clear(&n->overlay->loop, &p->timer);
    events_forget(&n->overlay->loop, &p->source);
    fd_close(&fd);
}
