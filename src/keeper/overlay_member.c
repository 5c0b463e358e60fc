#include "keeper/overlay_member.h"

#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "keeper/overlay_internal.h"
#include "keeper/overlay_names.h"

/* ---- one member */

bool overlay_member_is_host(const struct overlay_member *m)
{
    return strncmp(m->key, OVERLAY_HOSTS, strlen(OVERLAY_HOSTS)) == 0;
}

static void member_free(struct overlay_member *m)
{
    free(m->key);
    free(m->node);
    free(m->session);
    strv_free(m->names);
    free(m);
}
DEFINE_CLEANUP_PTR(member, struct overlay_member *, member_free)

static void add_ip(json_object *o, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];

    if (ip_is_set(ip))
        json_add_str(o, key, ip_format(ip, text));
}

static json_object *station_to_json(const char *node, const struct vxlan_station *s)
{
    json_object *o = json_object_new_object();
    char mac[MAC_TEXT_MAX];

    json_add_str(o, "node", node);
    add_ip(o, "address", &s->remote);
    json_add_str(o, "mac", mac_format(s->mac, mac));
    add_ip(o, "ip4", &s->ip4);
    add_ip(o, "ip6", &s->ip6);
    return o;
}

static char *to_text(json_object *o)
{
    char *text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));

    if (!text)
        abort();
    return text;
}

char *overlay_host_value(const char *node, const struct vxlan_station *s, const char *session)
{
    _cleanup_json_ json_object *o = station_to_json(node, s);

    json_add_str(o, "session", session);
    return to_text(o);
}

char *overlay_endpoint_value(const char *node, const struct vxlan_station *s, char *const *names)
{
    _cleanup_json_ json_object *o = station_to_json(node, s);

    json_add_strv(o, "names", names);
    return to_text(o);
}

/* What other hosts wrote is checked: it becomes kernel entries and lines of a file. */
static int parse_ip(json_object *o, const char *key, const struct prefix *within, struct ip *ret, struct err *e)
{
    const char *text = NULL;
    int r = json_get_str(o, key, NULL, &text, e);

    if (r < 0 || !text)
        return r;
    r = ip_parse(text, key, ret, e);
    if (r == 0 && within && !prefix_contains(within, ret))
        return err_invalid(e, "%s is not in the network's subnet", text);
    return r;
}

static int parse_station(json_object *o, const struct network *n, struct vxlan_station *ret, struct err *e)
{
    const char *mac = "";
    int r = json_get_str(o, "mac", "", &mac, e);

    if (r == 0)
        r = mac_parse(mac, "mac", ret->mac, e);
    if (r == 0)
        r = parse_ip(o, "address", NULL, &ret->remote, e);
    if (r == 0 && !ip_is_set(&ret->remote))
        r = err_invalid(e, "no address");
    if (r == 0)
        r = parse_ip(o, "ip4", &n->v4.subnet, &ret->ip4, e);
    return r == 0 ? parse_ip(o, "ip6", &n->v6.subnet, &ret->ip6, e) : r;
}

static int parse_names(json_object *o, char ***ret, struct err *e)
{
    int r = json_get_strv(o, "names", ret, e);

    STRV_FOREACH (name, r == 0 ? *ret : NULL) {
        if (!name_is_valid(*name, 1))
            return err_invalid(e, "a name is not valid");
    }
    return r;
}

static int member_parse(const struct network *n, const char *key, const char *value, struct overlay_member **ret,
                        struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_(cleanup_member) struct overlay_member *m = calloc(1, sizeof(*m));
    const char *node = "", *session = "";
    int r = json_parse(value, strlen(value), key, &o, e);

    if (!m)
        abort();
    if (r == 0)
        r = json_get_str(o, "node", "", &node, e);
    if (r == 0)
        r = json_get_str(o, "session", "", &session, e);
    if (r == 0)
        r = parse_station(o, n, &m->station, e);
    if (r == 0)
        r = parse_names(o, &m->names, e);
    if (r < 0)
        return r;
    m->key = strdup(key);
    m->node = strdup(node);
    m->session = strdup(session);
    if (!m->key || !m->node || !m->session)
        abort();
    *ret = TAKE_PTR(m);
    return 0;
}

/* ---- the table */

/* Where key is, or belongs. */
static size_t members_position(const struct overlay_members *t, const char *key)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(t->v[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool members_has(const struct overlay_members *t, size_t at, const char *key)
{
    return at < t->n && strcmp(t->v[at]->key, key) == 0;
}

static void members_insert(struct overlay_members *t, size_t at, struct overlay_member *m)
{
    if (t->n == t->room) {
        t->room = t->room ? t->room * 2 : 16;
        t->v = reallocarray(t->v, t->room, sizeof(t->v[0]));
        if (!t->v)
            abort();
    }
    memmove(&t->v[at + 1], &t->v[at], (t->n - at) * sizeof(t->v[0]));
    t->v[at] = m;
    t->n++;
}

static void members_remove(struct overlay_members *t, size_t at)
{
    member_free(t->v[at]);
    t->n--;
    memmove(&t->v[at], &t->v[at + 1], (t->n - at) * sizeof(t->v[0]));
}

void overlay_members_release(struct overlay_members *t)
{
    for (size_t i = 0; i < t->n; i++)
        member_free(t->v[i]);
    free(t->v);
    free(t->rival);
    *t = (struct overlay_members){0};
}

/* ---- what the watch tells */

static void member_program(struct overlay_network *n, const struct overlay_member *m)
{
    struct err e = ERR_INIT;
    int r = vxlan_add_station(n->overlay->sock, n->ifindex, &m->station, &e);

    if (r == 0)
        r = overlay_names_write(n->dir, m, &e);
    if (r < 0)
        log_warning("network %s: %s: %s", n->definition->name, m->key, e.text);
}

static void member_unprogram(struct overlay_network *n, const struct overlay_member *m)
{
    struct err e = ERR_INIT;

    if (vxlan_remove_station(n->overlay->sock, n->ifindex, &m->station, &e) < 0)
        log_warning("network %s: %s: %s", n->definition->name, m->key, e.text);
    overlay_names_remove(n->dir, m);
}

/* Hosts are who VXLAN may come from, and who the data path is tested to. */
static void hosts_changed(struct overlay_network *n)
{
    struct err e = ERR_INIT;

    if (!n->members.is_told)
        return; /* once, at the end of the list */
    if (overlay_update_firewall(n->overlay, &e) < 0)
        log_warning("network %s: %s", n->definition->name, e.text);
    overlay_crypt_update(n->overlay);
    overlay_probe_wake(&n->probe);
}

static bool is_same_station(const struct vxlan_station *a, const struct vxlan_station *b)
{
    return memcmp(a->mac, b->mac, NET_MAC_LEN) == 0 && ip_equal(&a->remote, &b->remote) && ip_equal(&a->ip4, &b->ip4) &&
           ip_equal(&a->ip6, &b->ip6);
}

static bool shares_address(const struct vxlan_station *a, const struct vxlan_station *b)
{
    return memcmp(a->mac, b->mac, NET_MAC_LEN) == 0 || (ip_is_set(&a->ip4) && ip_equal(&a->ip4, &b->ip4)) ||
           (ip_is_set(&a->ip6) && ip_equal(&a->ip6, &b->ip6));
}

/* A record under our own node's name: of ours, now or before a crash, or of another host that calls itself so. */
static void own_record(struct overlay_network *n, const char *key, const char *value, const struct overlay_member *m)
{
    char address[IP_TEXT_MAX];

    if (ip_equal(&m->station.remote, &n->gateway.remote)) {
        overlay_records_found(&n->publisher.records, key, value);
        return;
    }
    free(n->members.rival);
    n->members.rival = strdup(ip_format(&m->station.remote, address));
    log_warning("network %s: the host %s calls itself %s too", n->definition->name, address, n->overlay->node);
}

/* In place of what there was under its key, if anything. */
static void member_replace(struct overlay_network *n, struct overlay_member *m)
{
    struct overlay_members *t = &n->members;
    const size_t at = members_position(t, m->key);

    m->is_seen = true;
    if (!members_has(t, at, m->key)) {
        members_insert(t, at, m);
    } else {
        struct overlay_member *old = t->v[at];

        if (is_same_station(&old->station, &m->station)) {
            m->state = old->state; /* and tested again */
        } else {
            member_unprogram(n, old);
        }
        member_free(old);
        t->v[at] = m;
    }
    member_program(n, m);
    if (overlay_member_is_host(m))
        hosts_changed(n);
}

static bool is_member_key(const char *key)
{
    return strncmp(key, OVERLAY_HOSTS, strlen(OVERLAY_HOSTS)) == 0 ||
           strncmp(key, OVERLAY_ENDPOINTS, strlen(OVERLAY_ENDPOINTS)) == 0;
}

static void put(void *owner, const char *key, const char *value)
{
    struct overlay_network *n = owner;
    const char *own = key + strlen(n->prefix);
    _cleanup_(cleanup_member) struct overlay_member *m = NULL;
    struct err e = ERR_INIT;

    if (!is_member_key(own))
        return;
    if (member_parse(n->definition, own, value, &m, &e) < 0)
        log_warning("network %s: %s: %s", n->definition->name, own, e.text);
    else if (strcmp(m->node, n->overlay->node) == 0)
        own_record(n, own, value, m);
    else
        member_replace(n, TAKE_PTR(m));
}

/* Others may have got its addresses already: theirs stay. */
static void remove_at(struct overlay_network *n, size_t at)
{
    struct overlay_members *t = &n->members;
    const struct vxlan_station station = t->v[at]->station;

    member_unprogram(n, t->v[at]);
    members_remove(t, at);
    for (size_t i = 0; i < t->n; i++)
        if (shares_address(&t->v[i]->station, &station))
            member_program(n, t->v[i]);
}

static void gone(void *owner, const char *key)
{
    struct overlay_network *n = owner;
    const char *own = key + strlen(n->prefix);
    const size_t at = members_position(&n->members, own);
    bool is_host;

    overlay_records_lost(&n->publisher.records, own);
    if (!members_has(&n->members, at, own))
        return;
    is_host = overlay_member_is_host(n->members.v[at]);
    remove_at(n, at);
    if (is_host)
        hosts_changed(n);
}

static void begin(void *owner)
{
    struct overlay_network *n = owner;

    for (size_t i = 0; i < n->members.n; i++)
        n->members.v[i]->is_seen = false;
}

static bool is_wanted(const uint8_t mac[NET_MAC_LEN], void *arg)
{
    const struct overlay_network *n = arg;

    for (size_t i = 0; i < n->members.n; i++)
        if (memcmp(n->members.v[i]->station.mac, mac, NET_MAC_LEN) == 0)
            return true;
    return false;
}

static bool is_named(const char *container, void *arg)
{
    const struct overlay_network *n = arg;
    char key[sizeof(OVERLAY_ENDPOINTS) + ID_LEN];

    snprintf(key, sizeof(key), "%s%.*s", OVERLAY_ENDPOINTS, ID_LEN, container);
    return members_has(&n->members, members_position(&n->members, key), key);
}

static void end(void *owner)
{
    struct overlay_network *n = owner;
    struct err e = ERR_INIT;

    for (size_t i = n->members.n; i-- > 0;)
        if (!n->members.v[i]->is_seen)
            remove_at(n, i);
    if (!n->members.is_told) {
        if (vxlan_sweep(n->overlay->sock, n->ifindex, is_wanted, n, &e) < 0)
            log_warning("network %s: %s", n->definition->name, e.text);
        overlay_names_sweep(n->dir, is_named, n);
    }
    n->members.is_told = true;
    hosts_changed(n);
}

const struct etcd_watch_handlers overlay_member_handlers = {begin, put, gone, end};
