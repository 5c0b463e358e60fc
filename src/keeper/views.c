#include "keeper/views.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "keeper/endpoints.h"
#include "network/firewall.h"
#include "network/plan.h"

enum {
    PORT_FIRST = 15300,
    CLIENTS_MAX = 4 * SCOPE_NETWORKS_MAX, /* addresses of a container */
    FILE_BYTES_MAX = 64 * 1024,
};

struct member {
    struct member *next;
    char container[NETWORK_ID_LEN + 1];
    char key[SCOPE_KEY_MAX];
    uint16_t port;
    struct ip clients[CLIENTS_MAX];
    size_t n_clients;
};

void views_init(struct views *v, const struct net_instance *in, struct resolvers *rs)
{
    *v = (struct views){.in = in, .resolvers = rs};
    (void)views_apply(v, NULL); /* where there is no table yet, there is nothing to take back */
}

void views_release(struct views *v)
{
    for (struct member *next, *m = v->first; m; m = next) {
        next = m->next;
        free(m);
    }
    v->first = NULL;
}

/* ---- what the endpoint files say ---- */

/* Each line begins with an address. */
static int add_clients(struct member *m, char *text, struct err *e)
{
    char *at_line, *at_word;
    for (char *line = strtok_r(text, "\n", &at_line); line; line = strtok_r(NULL, "\n", &at_line)) {
        const char *address = strtok_r(line, " \t", &at_word);
        if (!address || m->n_clients == CLIENTS_MAX)
            continue;
        int r = ip_parse(address, "an endpoint's address", &m->clients[m->n_clients], e);
        if (r < 0)
            return r;
        m->n_clients++;
    }
    return 0;
}

/* Adds a network to the scope, and the container's addresses there, when the container is on it and it has names. */
static int look_at_network(const struct views *v, const char *id, struct member *m, struct scope *s, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    _cleanup_free_ char *text = NULL;
    char path[2 * NETWORK_ID_LEN + sizeof("/endpoints/")];
    snprintf(path, sizeof(path), "%s/endpoints/%s", id, m->container);
    if (!file_exists(v->in->dir_fd, path))
        return 0;
    int r = network_load(v->in, id, &n, e);
    if (r < 0 || !network_has_names(n))
        return r;
    r = file_read(v->in->dir_fd, path, FILE_BYTES_MAX, &text, NULL, e);
    if (r == 0)
        r = add_clients(m, text, e);
    return r < 0 ? r : scope_add(s, TAKE_PTR(n), e);
}

/* Its own egress rules, when they have names. */
static int look_at_egress(const struct views *v, const char *container, struct scope *s, struct err *e)
{
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(FILE_BYTES_MAX);
    char path[NETWORK_ID_LEN + sizeof("../containers/")];
    snprintf(path, sizeof(path), "../containers/%s", container);
    _cleanup_close_ int run_dir = openat(v->in->dir_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = run_dir < 0 ? -ENOENT : net_plan_load(run_dir, &plan, e);
    if (r == 0)
        r = firewall_dnsmasq_lines(v->in->table, container, &plan->egress, &lines, e);
    if (r == 0 && lines.len > 0)
        scope_set_owner(s, container, &plan->egress);
    return r == -ENOENT ? 0 : r; /* not written yet, or going away */
}

/* *ret: NULL when it needs no view. */
static int look_at_container(const struct views *v, const char *container, struct scope *s, struct member **ret,
                             struct err *e)
{
    _cleanup_strv_ char **ids = NULL;
    _cleanup_free_ struct member *m = calloc(1, sizeof(*m));
    *ret = NULL;
    if (!m)
        return err_set(e, ERR_SYS, ENOMEM, "container %.12s", container);
    snprintf(m->container, sizeof(m->container), "%s", container);
    int r = endpoints_networks(v->in, &ids, e);
    STRV_FOREACH (id, ids) {
        if (r == 0)
            r = look_at_network(v, *id, m, s, e);
    }
    if (r == 0 && s->n_networks > 0)
        r = look_at_egress(v, container, s, e);
    if (r < 0 || (s->n_networks < 2 && !s->owner[0]))
        return r;
    memcpy(m->key, s->key, sizeof(m->key));
    *ret = TAKE_PTR(m);
    return 0;
}

/* ---- the members ---- */

static struct member *take_member(struct views *v, const char *container)
{
    for (struct member **at = &v->first; *at; at = &(*at)->next) {
        struct member *m = *at;
        if (strcmp(m->container, container) == 0) {
            *at = m->next;
            return m;
        }
    }
    return NULL;
}

static const struct member *find_view(const struct views *v, const char *key)
{
    const struct member *m = v->first;
    while (m && strcmp(m->key, key) != 0)
        m = m->next;
    return m;
}

bool views_has(const struct views *v, const char *key)
{
    return find_view(v, key) != NULL;
}

static bool is_same(const struct member *a, const struct member *b)
{
    if (!a || !b)
        return a == b;
    if (strcmp(a->key, b->key) != 0 || a->n_clients != b->n_clients)
        return false;
    for (size_t i = 0; i < a->n_clients; i++)
        if (!ip_equal(&a->clients[i], &b->clients[i]))
            return false;
    return true;
}

/* That of its view, or the first that no view has. */
static uint16_t choose_port(const struct views *v, const char *key)
{
    const struct member *same = find_view(v, key);
    if (same)
        return same->port;
    uint16_t port = PORT_FIRST;
    for (const struct member *m = v->first; m;) {
        bool is_taken = m->port == port;
        m = is_taken ? v->first : m->next;
        port += is_taken;
    }
    return port;
}

/* Takes both over. As resolvers_serve. */
static int join(struct views *v, struct member *m, struct scope *s, char ret_key[static SCOPE_KEY_MAX], struct err *e)
{
    memcpy(ret_key, m->key, sizeof(m->key));
    m->port = s->port = choose_port(v, m->key);
    m->next = v->first;
    v->first = m;
    return resolvers_serve(v->resolvers, s, e);
}

int views_update(struct views *v, const char *container, char ret_key[static SCOPE_KEY_MAX], struct err *e)
{
    _cleanup_free_ struct member *old = take_member(v, container);
    _cleanup_scope_ struct scope *s = scope_new();
    struct member *now;
    int r = look_at_container(v, container, s, &now, e);
    if (r == 0)
        r = now ? join(v, now, TAKE_PTR(s), ret_key, e) : 1;
    if (old && !views_has(v, old->key))
        resolvers_forget(v->resolvers, old->key);
    int applied = is_same(old, now) ? 0 : views_apply(v, r < 0 ? NULL : e);
    return applied < 0 && r >= 0 ? applied : r;
}

int views_apply(const struct views *v, struct err *e)
{
    size_t n = 0;
    for (const struct member *m = v->first; m; m = m->next)
        n += m->n_clients;
    _cleanup_free_ struct net_names *names = calloc(n + 1, sizeof(*names));
    if (!names)
        return err_set(e, ERR_SYS, ENOMEM, "names of containers on several networks");
    n = 0;
    for (const struct member *m = v->first; m; m = m->next) {
        for (size_t i = 0; resolvers_is_ready(v->resolvers, m->key) && i < m->n_clients; i++)
            names[n++] = (struct net_names){.client = m->clients[i], .port = m->port};
    }
    return firewall_set_names(v->in, names, n, e);
}
