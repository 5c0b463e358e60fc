#include "cli/port_spec.h"

#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "engine/ports.h"

/* The words of a specification, still text. NULL: not there. */
struct parts {
    const char *ip, *host, *port, *protocol;
};

/* ---- what the words mean */

static int set_host_ip(struct port_spec *s, const char *text, struct err *e)
{
    struct ip ip;

    if (ip_parse(text, "", &ip, NULL) < 0)
        return err_invalid(e, "\"%s\" is no address of this host; write 127.0.0.1 or [::1]", text);
    ip_format(&ip, s->host_ip);
    return 0;
}

/* "127.0.0.1:80" names an address and the container's port, and forgets the host's. */
static int check_host(const struct parts *p, struct err *e)
{
    if (p->ip || !p->host || !strpbrk(p->host, ".["))
        return 0;
    return err_invalid(e, "the host's port is missing; write %s:%s:%s, or %s::%s for any free port", p->host, p->port,
                       p->port, p->host, p->port);
}

/* No range at all (first 0) means any free port. */
static int parse_host_range(const char *text, struct port_range *ret, struct err *e)
{
    *ret = (struct port_range){0};
    return !text || !*text || strcmp(text, "0") == 0 ? 0 : port_range_parse(text, ret, e);
}

static int set_ports(struct port_spec *s, const struct port_range *port, const struct port_range *host, struct err *e)
{
    unsigned n = port->last - port->first + 1U, n_host = host->last - host->first + 1U;

    if (host->first != 0 && n != 1 && n != n_host)
        return err_invalid(e, "%u port%s of the host for %u of the container; give two ranges of one length", n_host,
                           n_host == 1 ? "" : "s", n);
    s->port = port->first;
    s->count = n;
    s->host_port = host->first;
    s->host_end = n == 1 && n_host > 1 ? host->last : 0;
    s->protocol = port->protocol;
    return 0;
}

static int fill(struct port_spec *s, const struct parts *p, struct err *e)
{
    struct port_range port = {0}, host = {0};
    int r = check_host(p, e);

    if (r == 0 && p->ip)
        r = set_host_ip(s, p->ip, e);
    if (r == 0)
        r = port_range_parse(p->port, &port, e);
    if (r == 0 && p->protocol)
        r = net_protocol_parse(p->protocol, &port.protocol, e);
    if (r == 0)
        r = parse_host_range(p->host, &host, e);
    return r < 0 ? r : set_ports(s, &port, &host, e);
}

/* ---- [[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL] */

/* Cuts at colons; those between brackets belong to an IPv6 address. */
static int split_short(char *text, struct parts *ret, struct err *e)
{
    char *words[3], *word = text, *end;
    size_t n = 0;

    do {
        if (n == ARRAY_SIZE(words))
            return err_invalid(e, "it is [[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL], for example 8080:80; an IPv6 address "
                                  "is in brackets: [::1]:8080:80");
        end = word + (*word == '[' ? strcspn(word, "]") : 0);
        end = strchr(end, ':');
        if (end)
            *end++ = '\0';
        words[n++] = word;
        word = end;
    } while (word);
    *ret = (struct parts){.ip = n == 3 ? words[0] : NULL, .host = n >= 2 ? words[n - 2] : NULL, .port = words[n - 1]};
    return 0;
}

/* ---- target=80,published=8080,protocol=udp */

static int apply_word(struct parts *p, char *word, struct err *e)
{
    const char *ignored = NULL;
    const struct {
        const char *key, **part;
    } keys[] = {{"target", &p->port},
                {"published", &p->host},
                {"host_ip", &p->ip},
                {"protocol", &p->protocol},
                {"mode", &ignored}}; /* Swarm's: host or ingress */
    char *value = strchr(word, '=');

    if (value)
        *value++ = '\0';
    for (size_t i = 0; value && i < ARRAY_SIZE(keys); i++) {
        if (strcasecmp(word, keys[i].key) == 0) {
            *keys[i].part = value;
            return 0;
        }
    }
    return err_invalid(e, "unknown word \"%s\"; known are target=, published=, host_ip= and protocol=", word);
}

static int split_long(char **words, struct parts *ret, struct err *e)
{
    struct parts p = {0};
    int r = 0;

    for (char **word = words; r == 0 && *word; word++)
        r = apply_word(&p, *word, e);
    if (r == 0 && !p.port)
        r = err_invalid(e, "target=PORT is missing");
    if (r == 0)
        *ret = p;
    return r;
}

/* ---- */

int port_spec_parse(const char *text, const char *what, struct port_spec *ret, struct err *e)
{
    _cleanup_strv_ char **words = NULL;
    struct port_spec s = {0};
    struct parts p = {0};
    int r = strv_split(text, ',', &words, e);

    if (r < 0)
        return r;
    if (strchr(text, '='))
        r = split_long(words, &p, e);
    else if (strv_len(words) == 1)
        r = split_short(words[0], &p, e);
    else
        r = err_invalid(e, "one port or range at a time; give the option several times");
    if (r == 0)
        r = fill(&s, &p, e);
    if (r < 0)
        return err_context(e, "%s \"%.200s\"", what, text);
    *ret = s;
    return 0;
}

struct port_binding port_spec_binding(struct port_spec *s, uint32_t i)
{
    return (struct port_binding){
        .host_ip = *s->host_ip ? s->host_ip : NULL,
        .host_port = (uint16_t)(s->host_port ? s->host_port + i : 0),
        .host_end = s->host_end,
        .port = (uint16_t)(s->port + i),
        .protocol = s->protocol,
    };
}
