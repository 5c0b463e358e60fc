#include "cli/network_values.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "cli/container_values.h"
#include "cli/port_spec.h"
#include "engine/hosts_file.h"
#include "engine/ports.h"

/* ---- ports */

int value_expose(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    struct port_range unused;
    int r = port_range_parse(value, &unused, e);

    return r < 0 ? err_context(e, "--expose") : strv_add(&c->config.exposed_ports, value, e);
}

static int publish(struct container *c, const struct port_binding *p, struct err *e)
{
    struct port_binding *copy = container_add_port(c);

    *copy = *p;
    copy->host_ip = NULL;
    return p->host_ip ? value_copy(&copy->host_ip, p->host_ip, e) : 0;
}

int publish_parse(struct container *c, const char *option, const char *value, struct err *e)
{
    struct port_spec s = {0};
    int r = port_spec_parse(value, option, &s, e);

    for (uint32_t i = 0; r == 0 && i < s.count; i++) {
        struct port_binding p = port_spec_binding(&s, i);

        r = publish(c, &p, e);
    }
    if (r < 0)
        return r;
    /* What is published is exposed too, as Docker has it. */
    return strv_addf(&c->config.exposed_ports, e, "%u-%u/%s", s.port, s.port + s.count - 1,
                     net_protocol_name(s.protocol));
}

int value_publish(const char *value, void *container, struct err *e)
{
    return publish_parse(container, "--publish", value, e);
}

/* ---- names */

/* It becomes a line of hosts(5): nothing that would make it two. */
static int check_host_name(const char *name, struct err *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strlen(name);

    if (n >= 1 && n <= 253 && strspn(name, allowed) == n && name[0] != '-' && name[0] != '.')
        return 0;
    return err_invalid(e, "\"%.300s\" is no host name; it has letters, digits, hyphens and dots", name);
}

static int check_host_address(const char *address, char ret[static IP_TEXT_MAX], struct err *e)
{
    struct ip ip;

    if (strcmp(address, HOST_GATEWAY) == 0) {
        (void)snprintf(ret, IP_TEXT_MAX, "%s", HOST_GATEWAY);
        return 0;
    }
    if (ip_parse(address, "--add-host", &ip, NULL) < 0)
        return err_invalid(e, "\"%s\" is no IP address, nor " HOST_GATEWAY, address);
    ip_format(&ip, ret);
    return 0;
}

/* Kept as NAME:ADDRESS, as Docker does. */
int value_add_host(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    size_t n = strcspn(value, "=:");
    _cleanup_free_ char *name = strndup(value, n);
    char address[IP_TEXT_MAX];
    int r;

    if (!name)
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    if (n == 0 || value[n] == '\0')
        return err_invalid(
            e, "invalid --add-host \"%s\": it is NAME:ADDRESS, for example db:10.0.0.5 or host:host-gateway", value);
    r = check_host_name(name, e);
    if (r == 0)
        r = check_host_address(value + n + 1, address, e);
    if (r < 0)
        return err_context(e, "--add-host \"%s\"", value);
    return strv_addf(&c->host.extra_hosts, e, "%s:%s", name, address);
}

int value_dns(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    char text[IP_TEXT_MAX];
    struct ip ip;
    int r = ip_parse(value, "--dns", &ip, e);

    return r < 0 ? r : strv_add(&c->host.dns, ip_format(&ip, text), e);
}

int value_link(const char *value, void *unused, struct err *e)
{
    const char *name_end = strchrnul(value, ':');

    (void)unused;
    err_set(e, ERR_UNSUPPORTED, 0, "--link %s: there are no links; containers of one network find each other by name",
            value);
    return err_advice(e,
                      "sampan network create NET, then run both with --network NET; another name for %.*s is its "
                      "--network-alias",
                      (int)(name_end - value), value);
}

/* ---- --network-rate */

/* Units of bits a second as tc(8) has them; "bit" last, since the others end with it. */
static const struct {
    const char *suffix;
    uint64_t bits;
} bit_units[] = {{"kbit", 1000}, {"mbit", 1000 * 1000}, {"gbit", 1000 * 1000 * 1000}, {"bit", 1}};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcasecmp(text + n - m, end) == 0;
}

static int parse_bits(const char *value, size_t unit, int64_t *ret)
{
    _cleanup_free_ char *number = strndup(value, strlen(value) - strlen(bit_units[unit].suffix));
    int64_t billionths = 0;
    int r = number ? parse_nano(number, "", &billionths, NULL) : -ENOMEM;

    if (r < 0)
        return r;
    *ret = (int64_t)((unsigned __int128)billionths * bit_units[unit].bits / 8 / 1000000000); /* below 2^60 */
    return 0;
}

/* Without a unit of bits: bytes, powers of 1024. */
static int parse_rate(const char *value, int64_t *ret_bytes, struct err *e)
{
    size_t unit = 0;
    int r;

    while (unit < ARRAY_SIZE(bit_units) && !ends_with(value, bit_units[unit].suffix))
        unit++;
    r = unit < ARRAY_SIZE(bit_units) ? parse_bits(value, unit, ret_bytes) : parse_bytes(value, "", ret_bytes, NULL);
    if (r < 0)
        return err_invalid(e, "invalid rate \"%s\": it is bytes a second (500k, 10m, 1g) or bits (100mbit, 1gbit)",
                           value);
    return 0;
}

int value_network_rate(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    int r = parse_rate(value, &c->host.network_rate, e);

    return r < 0 ? err_context(e, "--network-rate") : 0;
}
