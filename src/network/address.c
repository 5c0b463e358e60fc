#include "network/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

enum { V4_SIZE = 4, V6_SIZE = 16, V4_BITS = 32, V6_BITS = 128 };

/* ---- one address ---- */

unsigned ip_size(const struct ip *ip)
{
    return ip->family == AF_INET ? V4_SIZE : ip->family == AF_INET6 ? V6_SIZE : 0;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
    /* AF_INET is the smaller number, and bytes that a family does not use are zero. */
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return ip_compare(a, b) == 0;
}

bool ip_is_any(const struct ip *ip)
{
    static const struct ip zero;

    return ip_is_set(ip) && memcmp(ip->bytes, zero.bytes, sizeof(zero.bytes)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const uint8_t v6[V6_SIZE] = {[V6_SIZE - 1] = 1};

    if (ip->family == AF_INET)
        return ip->bytes[0] == IN_LOOPBACKNET;
    return ip->family == AF_INET6 && memcmp(ip->bytes, v6, sizeof(v6)) == 0;
}

bool ip_is_multicast(const struct ip *ip)
{
    return (ip->family == AF_INET && (ip->bytes[0] & 0xf0) == 0xe0) || (ip->family == AF_INET6 && ip->bytes[0] == 0xff);
}

/* The address without brackets, which only IPv6 may have; false when it cannot be one. */
static bool unbracket(const char *text, char buf[static IP_TEXT_MAX], bool *ret_had_brackets)
{
    size_t len = strlen(text);
    bool has_brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

    if (has_brackets) {
        text++;
        len -= 2;
    }
    if (len >= IP_TEXT_MAX)
        return false;
    memcpy(buf, text, len);
    buf[len] = '\0';
    *ret_had_brackets = has_brackets;
    return true;
}

int ip_parse(const char *text, const char *what, struct ip *ret, struct err *e)
{
    struct ip ip = {.family = 0};
    char buf[IP_TEXT_MAX];
    bool is_v6_only;

    if (!unbracket(text, buf, &is_v6_only))
        return err_invalid(e, "%s: \"%s\" is not an IP address", what, text);
    if (!is_v6_only && inet_pton(AF_INET, buf, ip.bytes) == 1)
        ip.family = AF_INET;
    else if (inet_pton(AF_INET6, buf, ip.bytes) == 1)
        ip.family = AF_INET6;
    else
        return err_invalid(e, "%s: \"%s\" is not an IP address", what, text);
    *ret = ip;
    return 0;
}

const char *ip_format(const struct ip *ip, char buf[static IP_TEXT_MAX])
{
    if (!ip_is_set(ip) || !inet_ntop(ip->family, ip->bytes, buf, IP_TEXT_MAX))
        buf[0] = '\0';
    return buf;
}

/* ---- prefixes ---- */

static unsigned prefix_bits(const struct prefix *p)
{
    return ip_size(&p->ip) * 8;
}

static int parse_length(const char *text, const char *what, struct prefix *p, struct err *e)
{
    uint64_t len;

    if (parse_uint64(text, what, &len, NULL) < 0 || len > prefix_bits(p))
        return err_invalid(e, "%s: \"/%s\" is not a prefix length from 0 to %u", what, text, prefix_bits(p));
    p->len = (uint8_t)len;
    return 0;
}

int prefix_parse(const char *text, const char *what, struct prefix *ret, struct err *e)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char address[PREFIX_TEXT_MAX];
    struct prefix p = {.len = 0};
    int r;

    if (len >= sizeof(address))
        return err_invalid(e, "%s: \"%s\" is not an IP prefix", what, text);
    memcpy(address, text, len);
    address[len] = '\0';
    r = ip_parse(address, what, &p.ip, e);
    if (r < 0)
        return r;
    p.len = (uint8_t)prefix_bits(&p);
    if (slash)
        r = parse_length(slash + 1, what, &p, e);
    if (r == 0)
        *ret = p;
    return r;
}

const char *prefix_format(const struct prefix *p, char buf[static PREFIX_TEXT_MAX])
{
    char address[IP_TEXT_MAX];

    if (ip_is_set(&p->ip))
        (void)snprintf(buf, PREFIX_TEXT_MAX, "%s/%u", ip_format(&p->ip, address), p->len);
    else
        buf[0] = '\0';
    return buf;
}

/* The bits of byte i that belong to the host's part. */
static uint8_t host_mask(const struct prefix *p, unsigned i)
{
    unsigned first = i * 8;

    if (p->len <= first)
        return 0xff;
    return p->len >= first + 8 ? 0 : (uint8_t)(0xff >> (p->len - first));
}

struct prefix prefix_network(const struct prefix *p)
{
    struct prefix n = *p;

    for (unsigned i = 0; i < ip_size(&n.ip); i++)
        n.ip.bytes[i] &= (uint8_t)~host_mask(p, i);
    return n;
}

struct ip prefix_last(const struct prefix *p)
{
    struct ip last = p->ip;

    for (unsigned i = 0; i < ip_size(&last); i++)
        last.bytes[i] |= host_mask(p, i);
    return last;
}

bool prefix_contains(const struct prefix *p, const struct ip *ip)
{
    if (!ip_is_set(ip) || ip->family != p->ip.family)
        return false;
    for (unsigned i = 0; i < ip_size(ip); i++) {
        if ((p->ip.bytes[i] ^ ip->bytes[i]) & ~host_mask(p, i))
            return false;
    }
    return true;
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
    return a->len <= b->len ? prefix_contains(a, &b->ip) : prefix_contains(b, &a->ip);
}

uint64_t prefix_size(const struct prefix *p)
{
    unsigned host_bits = prefix_bits(p) - p->len;

    return host_bits < 64 ? UINT64_C(1) << host_bits : UINT64_MAX;
}

struct ip prefix_nth(const struct prefix *p, uint64_t n)
{
    struct ip ip = prefix_network(p).ip;

    /* n is below the size, so it fills host bits only, which are zero: no carry. */
    for (unsigned i = ip_size(&ip); i-- > 0 && n > 0; n >>= 8)
        ip.bytes[i] |= (uint8_t)n;
    return ip;
}

uint64_t prefix_index(const struct prefix *p, const struct ip *ip)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < ip_size(ip); i++)
        n = n << 8 | (ip->bytes[i] & host_mask(p, i));
    return n;
}

/* ---- hardware addresses ---- */

static bool mac_is_unicast(const uint8_t mac[static NET_MAC_LEN])
{
    static const uint8_t zero[NET_MAC_LEN];

    return (mac[0] & 1) == 0 && memcmp(mac, zero, NET_MAC_LEN) != 0;
}

int mac_parse(const char *text, const char *what, uint8_t ret[static NET_MAC_LEN], struct err *e)
{
    uint8_t mac[NET_MAC_LEN];
    int end = 0;
    int n = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
                   &end);

    if (n != NET_MAC_LEN || end != MAC_TEXT_MAX - 1 || text[end] != '\0' || strpbrk(text, " +-xX"))
        return err_invalid(e, "%s: \"%s\" is not a hardware address such as 02:42:ac:11:00:05", what, text);
    if (!mac_is_unicast(mac))
        return err_invalid(e, "%s: %s is the hardware address of a group, or of nobody", what, text);
    memcpy(ret, mac, NET_MAC_LEN);
    return 0;
}

const char *mac_format(const uint8_t mac[static NET_MAC_LEN], char buf[static MAC_TEXT_MAX])
{
    (void)snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return buf;
}
