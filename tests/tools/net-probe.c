/*
 * What the network tests run inside containers and in the network namespaces that stand for other machines: a server that
 * tells who asked, and clients that tell whom they reached. Static, so that it runs in any rootfs.
 *
 *   net-probe serve NAME SERVICE...     answers "NAME PEER-ADDRESS"; prints "ready" when all are bound
 *   net-probe reach MS TARGET...        asks all at once; a line each: "TARGET yes NAME PEER", or "TARGET no REASON"
 *   net-probe send TARGET BYTES         sends so much; "NAME PEER whole" when the server got it as it was
 *   net-probe fetch TARGET BYTES        receives so much; "whole" when it came as it was
 *
 *   SERVICE   PROTOCOL/PORT (all addresses of both families), PROTOCOL/ADDRESS/PORT
 *   TARGET    PROTOCOL/ADDRESS/PORT, ping/ADDRESS (no names: a static program has no resolver)
 *   PROTOCOL  tcp, udp, sctp
 *
 * On a stream the client says "who", "take BYTES" or "give BYTES" and a newline; a client that says nothing and closes its
 * half (nc </dev/null) is answered as by "who". Datagrams are always "who".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 128, LINE_MAX_LEN = 256, CHUNK = 16384, RESEND_MS = 300, PATIENCE_S = 20 };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "net-probe: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: net-probe serve NAME SERVICE... | reach MS TARGET... | send TARGET BYTES | fetch TARGET BYTES\n");
    exit(2);
}

/* ---- services and targets, from text to a socket and its address */

struct endpoint {
    const char *text;
    int type, protocol; /* of socket(2) */
    struct sockaddr_storage address;
    socklen_t address_len;
    int fd;
    bool asked, answered;
    char answer[LINE_MAX_LEN];
};

static const struct {
    const char *name;
    int type, protocol;
} protocols[] = {
    {"tcp", SOCK_STREAM, IPPROTO_TCP},
    {"udp", SOCK_DGRAM, IPPROTO_UDP},
    {"sctp", SOCK_STREAM, IPPROTO_SCTP},
    {"ping", SOCK_RAW, IPPROTO_ICMP},
};

static bool parse_protocol(const char *word, struct endpoint *ret)
{
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (strcmp(protocols[i].name, word) == 0) {
            ret->type = protocols[i].type;
            ret->protocol = protocols[i].protocol;
            return true;
        }
    }
    return false;
}

static bool set_address(struct endpoint *t, const char *text, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&t->address, &v4, t->address_len = sizeof(v4));
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&t->address, &v6, t->address_len = sizeof(v6));
        if (t->type == SOCK_RAW)
            t->protocol = IPPROTO_ICMPV6;
    } else {
        return false;
    }
    return true;
}

/* any: the address of a service that names none; NULL for targets. */
static void parse_endpoint(const char *text, const char *any, struct endpoint *ret)
{
    char copy[LINE_MAX_LEN], *words[3] = {0}, *rest = copy;
    const char *address, *port;
    int n = 0;

    *ret = (struct endpoint){.text = text, .fd = -1};
    snprintf(copy, sizeof(copy), "%s", text);
    while (rest && n < 3)
        words[n++] = strsep(&rest, "/");
    if (rest || !parse_protocol(words[0], ret))
        usage();
    address = n == 2 && any ? any : words[1];
    port = ret->type == SOCK_RAW ? "0" : words[n - 1];
    if (n < 2 || !set_address(ret, address, (uint16_t)strtoul(port, NULL, 10)))
        usage();
}

static const char *describe_peer(const struct sockaddr_storage *peer, char buf[static INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *v6 = (const void *)peer;
    const struct sockaddr_in *v4 = (const void *)peer;

    if (peer->ss_family == AF_INET)
        return inet_ntop(AF_INET, &v4->sin_addr, buf, INET6_ADDRSTRLEN);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], buf, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, &v6->sin6_addr, buf, INET6_ADDRSTRLEN);
}

/* ---- bytes whose place is known, so that what is lost, doubled or changed shows */

static uint8_t pattern(size_t at)
{
    return (uint8_t)((at * 2654435761U) >> 24);
}

static bool send_pattern(int fd, size_t bytes)
{
    uint8_t chunk[CHUNK];

    for (size_t at = 0; at < bytes;) {
        size_t n = bytes - at < CHUNK ? bytes - at : CHUNK;
        ssize_t sent;

        for (size_t i = 0; i < n; i++)
            chunk[i] = pattern(at + i);
        if ((sent = send(fd, chunk, n, MSG_NOSIGNAL)) <= 0)
            return false;
        at += (size_t)sent;
    }
    return true;
}

static bool receive_pattern(int fd, size_t bytes)
{
    uint8_t chunk[CHUNK] = {0};

    for (size_t at = 0; at < bytes;) {
        size_t want = bytes - at < CHUNK ? bytes - at : CHUNK;
        ssize_t n = recv(fd, chunk, want, 0);

        if (n <= 0)
            return false;
        for (ssize_t i = 0; i < n; i++, at++)
            if (chunk[i] != pattern(at))
                return false;
    }
    return true;
}

/* Byte by byte, since what follows the line is not ours. */
static void read_line(int fd, char line[static LINE_MAX_LEN])
{
    size_t len = 0;

    while (len < LINE_MAX_LEN - 1 && recv(fd, line + len, 1, 0) == 1 && line[len] != '\n')
        len++;
    line[len] = '\0';
}

/* ---- server */

static void serve_stream(int fd, const char *name)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_storage peer = {0};
    socklen_t peer_len = sizeof(peer);
    char line[LINE_MAX_LEN], host[INET6_ADDRSTRLEN];
    size_t bytes;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (getpeername(fd, (void *)&peer, &peer_len) < 0)
        return;
    read_line(fd, line);
    if (sscanf(line, "give %zu", &bytes) == 1) {
        send_pattern(fd, bytes);
        return;
    }
    if (sscanf(line, "take %zu", &bytes) == 1)
        dprintf(fd, "%s %s %s\n", name, describe_peer(&peer, host), receive_pattern(fd, bytes) ? "whole" : "broken");
    else
        dprintf(fd, "%s %s\n", name, describe_peer(&peer, host));
}

static void accept_stream(int listener, const char *name)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        return;
    if (fork() == 0) {
        serve_stream(fd, name);
        _exit(0);
    }
    close(fd);
}

/* The answer leaves from the very address that was asked, also on a machine with many: the control message that told where
 * the question arrived is handed back. */
static void answer_datagram(int fd, const char *name)
{
    char data[LINE_MAX_LEN], control[256], host[INET6_ADDRSTRLEN];
    struct sockaddr_storage peer = {0};
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr m = {.msg_name = &peer,
                       .msg_namelen = sizeof(peer),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};

    if (recvmsg(fd, &m, 0) < 0)
        return;
    iov.iov_len = (size_t)snprintf(data, sizeof(data), "%s %s\n", name, describe_peer(&peer, host));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
            ((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_ifindex = 0;
    sendmsg(fd, &m, 0);
}

/* [::] takes both families, also where IPv6 is off for all interfaces. */
static void bind_service(struct endpoint *s)
{
    int off = 0, on = 1;

    s->fd = socket(s->address.ss_family, s->type, s->protocol);
    if (s->fd < 0)
        die(s->text);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (s->address.ss_family == AF_INET6) {
        setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    }
    if (bind(s->fd, (const void *)&s->address, s->address_len) < 0)
        die(s->text);
    if (s->type == SOCK_STREAM && listen(s->fd, 128) < 0)
        die(s->text);
}

static _Noreturn void end(int signum)
{
    (void)signum;
    _exit(0);
}

static int serve(const char *name, char **texts, int count)
{
    struct endpoint services[MAX_SOCKETS];
    struct pollfd polled[MAX_SOCKETS];

    signal(SIGCHLD, SIG_IGN);
    signal(SIGTERM, end);
    for (int i = 0; i < count; i++) {
        parse_endpoint(texts[i], "::", &services[i]);
        bind_service(&services[i]);
        polled[i] = (struct pollfd){.fd = services[i].fd, .events = POLLIN};
    }
    puts("ready");
    fflush(stdout);
    while (poll(polled, (nfds_t)count, -1) >= 0 || errno == EINTR) {
        for (int i = 0; i < count; i++) {
            if (!(polled[i].revents & POLLIN))
                continue;
            if (services[i].type == SOCK_STREAM)
                accept_stream(polled[i].fd, name);
            else
                answer_datagram(polled[i].fd, name);
        }
    }
    die("poll");
}

/* ---- echo requests */

static uint16_t checksum(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static uint16_t echo_id(int fd)
{
    return (uint16_t)(getpid() * 131 + fd);
}

static bool send_echo(const struct endpoint *t)
{
    bool is_v6 = t->protocol == IPPROTO_ICMPV6;
    struct icmphdr h = {0};

    h.type = is_v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    h.un.echo.id = htons(echo_id(t->fd));
    if (!is_v6) /* of ICMPv6 the kernel does it */
        h.checksum = checksum(&h, sizeof(h));
    return send(t->fd, &h, sizeof(h), 0) >= 0 || errno == EAGAIN;
}

/* The socket is connected, so what comes is from the target; a raw one of IPv4 shows the IP header too. */
static bool is_echo_reply(const struct endpoint *t, const char *data, ssize_t len)
{
    bool is_v6 = t->protocol == IPPROTO_ICMPV6;
    size_t skip = is_v6 ? 0 : (size_t)(data[0] & 0xf) * 4;
    struct icmphdr h;

    if ((size_t)len < skip + sizeof(h))
        return false;
    memcpy(&h, data + skip, sizeof(h));
    return h.type == (is_v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) && ntohs(h.un.echo.id) == echo_id(t->fd);
}

/* ---- reach */

static void conclude(struct endpoint *t, const char *verdict, const char *detail)
{
    snprintf(t->answer, sizeof(t->answer), "%s%s%.200s", verdict, *detail ? " " : "", detail);
    t->answered = true;
}

static void begin(struct endpoint *t)
{
    t->fd = socket(t->address.ss_family, t->type | SOCK_NONBLOCK, t->protocol);
    if (t->fd < 0 || (connect(t->fd, (const void *)&t->address, t->address_len) < 0 && errno != EINPROGRESS))
        conclude(t, "no", strerrorname_np(errno));
}

/* Datagrams may get lost (the first one to a new neighbour often is): they are sent again. */
static void ask(struct endpoint *t)
{
    bool ok = true;

    if (t->answered || (t->type == SOCK_STREAM && t->asked))
        return;
    if (t->type == SOCK_RAW)
        ok = send_echo(t);
    else
        ok = send(t->fd, "who\n", 4, MSG_NOSIGNAL) == 4;
    t->asked = true;
    if (!ok && errno != EAGAIN)
        conclude(t, "no", strerrorname_np(errno));
}

static void hear(struct endpoint *t)
{
    char data[2048] = {0};
    ssize_t n = recv(t->fd, data, sizeof(data) - 1, 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        conclude(t, "no", n == 0 ? "EOF" : strerrorname_np(errno));
        return;
    }
    if (t->type == SOCK_RAW) {
        if (is_echo_reply(t, data, n))
            conclude(t, "yes", "");
        return;
    }
    data[n] = '\0';
    data[strcspn(data, "\n")] = '\0';
    conclude(t, "yes", data);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One wait for whatever may happen to those without an answer; false when all have one. */
static bool wait_for_some(struct endpoint *targets, int count, long timeout)
{
    struct pollfd polled[MAX_SOCKETS];
    bool some = false;

    for (int i = 0; i < count; i++) {
        bool is_connecting = targets[i].type == SOCK_STREAM && !targets[i].asked;

        polled[i] =
            (struct pollfd){.fd = targets[i].answered ? -1 : targets[i].fd, .events = is_connecting ? POLLOUT : POLLIN};
        some |= !targets[i].answered;
    }
    if (!some)
        return false;
    poll(polled, (nfds_t)count, (int)timeout);
    for (int i = 0; i < count; i++) {
        if (polled[i].revents & POLLOUT)
            ask(&targets[i]);
        else if (polled[i].revents)
            hear(&targets[i]);
    }
    return true;
}

static int reach(long patience_ms, char **texts, int count)
{
    struct endpoint targets[MAX_SOCKETS];
    long deadline = now_ms() + patience_ms, now, next_round = 0;

    for (int i = 0; i < count; i++) {
        parse_endpoint(texts[i], NULL, &targets[i]);
        begin(&targets[i]);
    }
    while ((now = now_ms()) < deadline) {
        if (now >= next_round) {
            for (int i = 0; i < count; i++)
                if (targets[i].type != SOCK_STREAM)
                    ask(&targets[i]);
            next_round = now + RESEND_MS;
        }
        if (!wait_for_some(targets, count, (deadline < next_round ? deadline : next_round) - now))
            break;
    }
    for (int i = 0; i < count; i++)
        printf("%s %s\n", texts[i], targets[i].answered ? targets[i].answer : "no ETIMEDOUT");
    return 0;
}

/* ---- a payload, one way or the other */

static int transfer(const char *text, const char *verb, size_t bytes)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct endpoint t;
    char line[LINE_MAX_LEN];
    bool ok;

    parse_endpoint(text, NULL, &t);
    t.fd = socket(t.address.ss_family, t.type, t.protocol);
    if (t.fd < 0)
        die(text);
    setsockopt(t.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(t.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(t.fd, (const void *)&t.address, t.address_len) < 0)
        die(text);
    dprintf(t.fd, "%s %zu\n", verb, bytes);
    if (strcmp(verb, "give") == 0) {
        ok = receive_pattern(t.fd, bytes);
        puts(ok ? "whole" : "broken");
        return ok ? 0 : 1;
    }
    ok = send_pattern(t.fd, bytes);
    read_line(t.fd, line);
    puts(line);
    return ok && strstr(line, " whole") ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *verb = argc >= 4 ? argv[1] : "";
    int count = argc - 3;

    if (count > MAX_SOCKETS)
        usage();
    if (strcmp(verb, "serve") == 0)
        return serve(argv[2], argv + 3, count);
    if (strcmp(verb, "reach") == 0)
        return reach(strtol(argv[2], NULL, 10), argv + 3, count);
    if (strcmp(verb, "send") == 0)
        return transfer(argv[2], "take", strtoull(argv[3], NULL, 10));
    if (strcmp(verb, "fetch") == 0)
        return transfer(argv[2], "give", strtoull(argv[3], NULL, 10));
    usage();
}
