#include "keeper/dnsmasq.h"

#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/strv.h"
#include "keeper/confine.h"
#include "network/firewall.h"

enum { EGRESS_BYTES_MAX = 64 * 1024 };

/* The same for every network. Its log goes to the keeper, by stderr. */
static const char *const common_options[] = {
    "dnsmasq",
    "--keep-in-foreground",
    "--log-facility=-",
    "--pid-file",
    "--conf-file",
    "--no-hosts",
    "--bind-dynamic", /* and not --bind-interfaces: it looks at the interface that a query came in by */
    "--except-interface=lo",
    "--domain-needed", /* these two: a name without a dot stays here, whatever is asked about it */
    "--local=//",
    "--expand-hosts", /* NAME.NETWORK too */
    "--cache-size=1000",
    "--dns-forward-max=1000",
    NULL,
};

int dnsmasq_find(const char **ret, struct err *e)
{
    static const char *const places[] = {"/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/usr/bin/dnsmasq",
                                         "/sbin/dnsmasq"};
    const char *chosen = getenv("SAMPAN_DNSMASQ");
    for (size_t i = 0; !chosen && i < ARRAY_SIZE(places); i++)
        if (access(places[i], X_OK) == 0)
            chosen = places[i];
    if (chosen && access(chosen, X_OK) == 0) {
        *ret = chosen;
        return 0;
    }
    err_not_found(e, "%s is not installed: it answers for the names on user-defined networks",
                  chosen ? chosen : "dnsmasq");
    return err_advice(e, "apt install dnsmasq-base, or create the network with --disable-dns");
}

/* NAME.NETWORK of a container that is gone must not be asked for outside. But a network called "dev" must not cut its
 * containers off from a top-level domain of that name, and those are letters only, or punycode. */
static bool is_local_domain(const char *name)
{
    bool is_letters = true;
    for (const char *c = name; *c; c++)
        is_letters = is_letters && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
    return !is_letters && !strchr(name, '.') && strncasecmp(name, "xn--", 4) != 0;
}

/* Addresses of the subnet have names in the network's own domain, and backwards no others. */
static int add_subnet(char ***v, const struct network *n, const struct network_subnet *s, struct err *e)
{
    if (!ip_is_set(&s->subnet.ip))
        return 0;
    struct prefix subnet = prefix_network(&s->subnet);
    char text[PREFIX_TEXT_MAX];
    prefix_format(&subnet, text);
    int r = strv_addf(v, e, "--domain=%s,%s", n->name, text);
    return r < 0 ? r : strv_addf(v, e, "--rev-server=%s", text);
}

static int add_network(char ***v, const struct network *n, struct err *e)
{
    int r = strv_addf(v, e, "--interface=%s", n->link);
    if (r == 0)
        r = add_subnet(v, n, &n->v4, e);
    if (r == 0)
        r = add_subnet(v, n, &n->v6, e);
    if (r == 0 && is_local_domain(n->name))
        r = strv_addf(v, e, "--local=/%s/", n->name);
    return r;
}

static bool is_internal(const struct scope *s)
{
    for (size_t i = 0; i < s->n_networks; i++)
        if (!s->networks[i]->internal)
            return false;
    return true;
}

static int add_upstream(char ***v, const struct scope *s, const struct net_config *config, struct err *e)
{
    if (is_internal(s)) {
        int r = strv_add(v, "--no-resolv", e);
        return r < 0 ? r : strv_add(v, "--local=/#/", e);
    }
    if (strv_len(config->dns) == 0)
        return strv_add(v, "--resolv-file=/etc/resolv.conf", e);
    int r = strv_add(v, "--no-resolv", e);
    for (size_t i = 0; r == 0 && config->dns[i]; i++)
        r = strv_addf(v, e, "--server=%s", config->dns[i]);
    return r;
}

/* The sets of names in egress rules: "key=value" lines become options. */
static int add_egress(char ***v, const struct scope *s, const char *table, bool *ret_fills_sets, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(EGRESS_BYTES_MAX);
    _cleanup_strv_ char **lines = NULL;
    int r = s->owner[0] ? firewall_dnsmasq_lines(table, s->owner, &s->egress, &text, e) : 0;
    for (size_t i = 0; r == 0 && i < s->n_networks; i++)
        r = firewall_dnsmasq_lines(table, s->networks[i]->id, &s->networks[i]->egress, &text, e);
    if (r == 0)
        r = strv_split(strbuf_str(&text), '\n', &lines, e);
    STRV_FOREACH (line, lines) {
        if (r == 0 && **line)
            r = strv_addf(v, e, "--%s", *line);
    }
    *ret_fills_sets = text.len > 0;
    return r;
}

int dnsmasq_arguments(const struct scope *s, const struct net_config *config, const char *table, size_t n_dirs,
                      char ***ret, bool *ret_fills_sets, struct err *e)
{
    _cleanup_strv_ char **v = NULL;
    int r = strv_copy((char *const *)common_options, &v, e);
    if (r == 0)
        r = strv_addf(&v, e, "--port=%u", s->port);
    for (size_t i = 0; r == 0 && i < n_dirs; i++)
        r = strv_addf(&v, e, "--hostsdir=" CONFINE_DIR "/%zu", i);
    for (size_t i = 0; r == 0 && i < s->n_networks; i++)
        r = add_network(&v, s->networks[i], e);
    if (r == 0)
        r = add_upstream(&v, s, config, e);
    if (r == 0)
        r = add_egress(&v, s, table, ret_fills_sets, e);
    if (r == 0)
        *ret = TAKE_PTR(v);
    return r;
}

bool dnsmasq_line_is_ready(const char *line)
{
    return strstr(line, ": started, version ") != NULL;
}

bool dnsmasq_line_tells(const char *line)
{
    return *line != '\0' && !strstr(line, ": FAILED to start up");
}

int dnsmasq_explain(const char *line, struct err *e)
{
    static const struct {
        const char *sign, *advice;
    } known[] = {
        {"Address already in use",
         "another DNS server of this host listens on all addresses: let it listen on its own only "
         "(dnsmasq: bind-interfaces, bind: listen-on, unbound: interface), or create the network "
         "with --disable-dns"},
        {"unknown interface", "the network's bridge is gone: start a container on it, which makes it again"},
    };
    if (*line == '\0')
        return err_set(e, ERR_INTERNAL, 0, "dnsmasq ended without a word");
    int r = err_set(e, ERR_UNSUPPORTED, 0, "%s", line);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strstr(line, known[i].sign))
            r = err_advice(e, "%s", known[i].advice);
    return r;
}
