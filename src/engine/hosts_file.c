#include "engine/hosts_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/strv.h"

enum { HOST_FILE_MAX = 256 * 1024, SERVERS_MAX = 3 };

#define HOST_HOSTS "/etc/hosts"
#define HOST_RESOLV_CONF "/etc/resolv.conf"
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf"

static const char hosts_default[] = "127.0.0.1\tlocalhost\n"
                                    "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                    "fe00::0\tip6-localnet\n"
                                    "ff00::0\tip6-mcastprefix\n"
                                    "ff02::1\tip6-allnodes\n"
                                    "ff02::2\tip6-allrouters\n";

/* The host's file, empty when there is none. */
static void add_host_file(struct strbuf *sb, const char *path)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(AT_FDCWD, path, HOST_FILE_MAX, &text, NULL, NULL) == 0)
        strbuf_adds(sb, text);
}

/* ---- hosts ---- */

/* "IP name.domain name", for a hostname with a dot in it "IP a.b a". */
static void add_own(struct strbuf *sb, const struct ip *ip, const struct container_config *g)
{
    char text[IP_TEXT_MAX];
    const char *host = g->hostname;
    if (!ip_is_set(ip) || !host || !*host)
        return;
    strbuf_addf(sb, "%s\t", ip_format(ip, text));
    if (g->domainname && *g->domainname)
        strbuf_addf(sb, "%s.%s %s\n", host, g->domainname, host);
    else if (strchr(host, '.'))
        strbuf_addf(sb, "%s %.*s\n", host, (int)strcspn(host, "."), host);
    else
        strbuf_addf(sb, "%s\n", host);
}

/* The host as the container reaches it: the gateway of its first network with a bridge. 1 when there is one. */
static int add_gateways(struct strbuf *sb, const struct hosts_source *s, const char *name, int name_len)
{
    for (size_t i = 0; s->plan && i < s->plan->n_interfaces; i++) {
        const struct network *n = s->networks[i];
        const struct ip *gateways[] = {&n->v4.gateway, &n->v6.gateway};
        char text[IP_TEXT_MAX];
        if (!network_has_bridge(n))
            continue;
        for (size_t k = 0; k < ARRAY_SIZE(gateways); k++)
            if (ip_is_set(gateways[k]))
                strbuf_addf(sb, "%s\t%.*s\n", ip_format(gateways[k], text), name_len, name);
        return 1;
    }
    if (s->is_host)
        strbuf_addf(sb, "127.0.0.1\t%.*s\n", name_len, name);
    return s->is_host;
}

/* --add-host NAME:IP, or NAME=IP. */
static int add_extra(struct strbuf *sb, const struct hosts_source *s, const char *host, struct err *e)
{
    size_t n = strcspn(host, "=:");
    const char *address = host[n] ? host + n + 1 : host + n;
    if (strcmp(address, HOST_GATEWAY) != 0) {
        strbuf_addf(sb, "%s\t%.*s\n", address, (int)n, host);
        return 0;
    }
    if (add_gateways(sb, s, host, (int)n))
        return 0;
    err_set(e, ERR_UNSUPPORTED, 0, "--add-host %s: the container is on no network through which it reaches the host",
            host);
    return err_advice(e, "connect it to a bridge network");
}

int hosts_file_write(const struct hosts_source *s, struct strbuf *sb, struct err *e)
{
    int r = 0;
    if (s->is_host)
        add_host_file(sb, HOST_HOSTS);
    else
        strbuf_adds(sb, hosts_default);
    STRV_FOREACH (host, s->c->host.extra_hosts)
        if (r == 0)
            r = add_extra(sb, s, *host, e);
    for (size_t i = 0; r == 0 && s->plan && i < s->plan->n_interfaces; i++) {
        add_own(sb, &s->plan->interfaces[i].address4.ip, &s->c->config);
        add_own(sb, &s->plan->interfaces[i].address6.ip, &s->c->config);
    }
    return r < 0 ? r : strbuf_check(sb, HOST_HOSTS, e);
}

/* ---- resolv.conf: the host's ---- */

struct resolver {
    char **servers, **search, **options;
};

static void resolver_release(struct resolver *r)
{
    strv_free(r->servers);
    strv_free(r->search);
    strv_free(r->options);
}
#define _cleanup_resolver_ _cleanup_(resolver_release)

static int take_words(const char *line, char ***ret, struct err *e)
{
    for (const char *at = line; *(at += strspn(at, " \t"));) {
        size_t n = strcspn(at, " \t");
        int r = strv_addf(ret, e, "%.*s", (int)n, at);
        if (r < 0)
            return r;
        at += n;
    }
    return 0;
}

/* resolv.conf(5): several servers, the last search or domain counts, options add up. */
static int take_line(const char *line, struct resolver *to, struct err *e)
{
    const struct {
        const char *word;
        char ***list;
        bool is_replaced;
    } words[] = {{"nameserver", &to->servers, false},
                 {"search", &to->search, true},
                 {"domain", &to->search, true},
                 {"options", &to->options, false}};
    line += strspn(line, " \t");
    size_t n = strcspn(line, " \t");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strlen(words[i].word) != n || strncmp(line, words[i].word, n) != 0)
            continue;
        if (words[i].is_replaced)
            strv_free(TAKE_PTR(*words[i].list));
        return take_words(line + n, words[i].list, e);
    }
    return 0;
}

static int read_resolver(const char *path, struct resolver *ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(HOST_FILE_MAX);
    _cleanup_strv_ char **lines = NULL;
    add_host_file(&sb, path);
    int r = strv_split(strbuf_str(&sb), '\n', &lines, e);
    STRV_FOREACH (line, lines)
        if (r == 0)
            r = take_line(*line, ret, e);
    return r;
}

static bool is_loopback(const char *server)
{
    struct ip ip;
    return ip_parse(server, "name server", &ip, NULL) == 0 && ip_is_loopback(&ip);
}

/* Where all servers are a local stub, those behind it (systemd-resolved writes them down). */
static int read_host_resolver(const struct hosts_source *s, struct resolver *ret, struct err *e)
{
    int r = read_resolver(s->host_resolv_conf ? s->host_resolv_conf : HOST_RESOLV_CONF, ret, e);
    STRV_FOREACH (server, ret->servers)
        if (!is_loopback(*server))
            return r;
    _cleanup_resolver_ struct resolver behind = {0};
    if (r == 0 && strv_len(ret->servers) > 0)
        r = read_resolver(s->resolved_conf ? s->resolved_conf : RESOLVED_CONF, &behind, e);
    if (strv_len(behind.servers) > 0) {
        strv_free(ret->servers);
        ret->servers = TAKE_PTR(behind.servers);
    }
    return r;
}

/* ---- resolv.conf: the container's ---- */

static bool can_reach(const struct hosts_source *s, const char *server)
{
    struct ip ip;
    if (ip_parse(server, "name server", &ip, NULL) < 0 || ip_is_loopback(&ip)) /* "fe80::1%eth0" is no address here */
        return false;
    return ip.family == AF_INET || !s->plan || net_plan_has_ipv6(s->plan);
}

static int add_gateway_servers(const struct hosts_source *s, bool internal, char ***servers, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && s->plan && i < s->plan->n_interfaces; i++) {
        const struct network *n = s->networks[i];
        const struct ip *gateways[] = {&n->v4.gateway, &n->v6.gateway};
        char text[IP_TEXT_MAX];
        if (!network_has_names(n) || n->internal != internal)
            continue;
        for (size_t k = 0; r == 0 && k < ARRAY_SIZE(gateways); k++)
            if (ip_is_set(gateways[k]))
                r = strv_add(servers, ip_format(gateways[k], text), e);
    }
    return r;
}

/* Whether packets get out of the container at all, to servers that are not a network's own. A container without a network
 * of ours is given the host's as ever. */
static bool has_way_out(const struct hosts_source *s)
{
    for (size_t i = 0; s->plan && i < s->plan->n_interfaces; i++)
        if (!s->networks[i]->internal)
            return true;
    return !s->plan;
}

static int add_reachable(const struct hosts_source *s, char *const *from, char ***servers, struct err *e)
{
    int r = 0;
    STRV_FOREACH (server, from)
        if (r == 0 && can_reach(s, *server))
            r = strv_add(servers, *server, e);
    return r;
}

static int choose_servers(const struct hosts_source *s, const struct resolver *host, char ***ret, struct err *e)
{
    int r = add_gateway_servers(s, false, ret, e);
    bool has_forwarder = strv_len(*ret) > 0;
    if (r == 0)
        r = add_gateway_servers(s, true, ret, e);
    STRV_FOREACH (server, s->c->host.dns)
        if (r == 0)
            r = strv_add(ret, *server, e);
    if (r < 0 || has_forwarder || s->c->host.dns || !has_way_out(s))
        return r;
    if (s->config && strv_len(s->config->dns) > 0)
        return add_reachable(s, s->config->dns, ret, e);
    return add_reachable(s, host->servers, ret, e);
}

/* The user's, else the configuration's, else the host's. */
static char *const *choose_list(char *const *own, char *const *configured, char *const *host)
{
    return strv_len(own) > 0 ? own : strv_len(configured) > 0 ? configured : host;
}

static void add_list(struct strbuf *sb, const char *word, char *const *v)
{
    if (strv_len(v) == 0)
        return;
    strbuf_adds(sb, word);
    STRV_FOREACH (item, v)
        strbuf_addf(sb, " %s", *item);
    strbuf_addc(sb, '\n');
}

/* A container's name has no dot in it: it is to be asked for as it is, before the search list and not behind it. */
static bool wants_ndots(const struct hosts_source *s, char *const *options)
{
    STRV_FOREACH (option, options)
        if (strncmp(*option, "ndots:", 6) == 0)
            return false;
    for (size_t i = 0; s->plan && i < s->plan->n_interfaces; i++)
        if (network_has_names(s->networks[i]))
            return true;
    return false;
}

/* "--dns-search ." is Docker's word for none. */
static void add_search_and_options(const struct hosts_source *s, const struct resolver *host, struct strbuf *sb)
{
    const struct host_config *h = &s->c->host;
    char *const *search = choose_list(h->dns_search, s->config ? s->config->dns_search : NULL, host->search);
    char *const *options = choose_list(h->dns_options, s->config ? s->config->dns_opts : NULL, host->options);
    if (!strv_contains(search, "."))
        add_list(sb, "search", search);
    add_list(sb, "options", options);
    if (wants_ndots(s, options))
        strbuf_adds(sb, "options ndots:0\n");
}

int resolv_conf_write(const struct hosts_source *s, struct strbuf *sb, struct err *e)
{
    _cleanup_resolver_ struct resolver host = {0};
    _cleanup_strv_ char **servers = NULL;
    const struct host_config *h = &s->c->host;
    if (s->is_host && !h->dns && !h->dns_search && !h->dns_options) {
        add_host_file(sb, s->host_resolv_conf ? s->host_resolv_conf : HOST_RESOLV_CONF);
        return strbuf_check(sb, HOST_RESOLV_CONF, e);
    }
    int r = read_host_resolver(s, &host, e);
    if (r == 0)
        r = choose_servers(s, &host, &servers, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < SERVERS_MAX && servers && servers[i]; i++)
        strbuf_addf(sb, "nameserver %s\n", servers[i]);
    add_search_and_options(s, &host, sb);
    return strbuf_check(sb, HOST_RESOLV_CONF, e);
}
