/* The other hosts: whom the firewall lets in, and what `network inspect` says of them. */
#include "keeper/clock.h"
#include "keeper/overlay_internal.h"
#include "network/firewall.h"

enum { VERDICT_MS = 2500 };

/* ---- the firewall */

struct peers {
    uint32_t *vnis;
    size_t n_vnis;
    struct ip *addresses;
    size_t n_addresses;
};

static void peers_release(struct peers *p)
{
    free(p->vnis);
    free(p->addresses);
}

static void add_address(struct peers *p, const struct ip *ip)
{
    for (size_t i = 0; i < p->n_addresses; i++)
        if (ip_equal(&p->addresses[i], ip))
            return;
    p->addresses[p->n_addresses++] = *ip;
}

/* Of encrypted networks, nothing comes in that is not inside ESP (network/ipsec.h). */
static void add_network(struct peers *p, const struct overlay_network *n)
{
    if (!n->definition || n->definition->encrypted)
        return;
    p->vnis[p->n_vnis++] = n->definition->vni;
    for (size_t i = 0; i < n->members.n; i++)
        if (overlay_member_is_host(n->members.v[i]))
            add_address(p, &n->members.v[i]->station.remote);
}

int overlay_update_firewall(struct overlay *o, struct err *e)
{
    _cleanup_(peers_release) struct peers p = {0};
    size_t n_networks = 0, n_members = 0;
    int r;

    for (const struct overlay_network *n = o->networks; n; n = n->next) {
        n_networks++;
        n_members += n->members.n;
    }
    p.vnis = calloc(n_networks + 1, sizeof(*p.vnis));
    p.addresses = calloc(n_members + 1, sizeof(*p.addresses));
    if (!p.vnis || !p.addresses)
        return err_set(e, ERR_SYS, ENOMEM, "the overlay's peers");
    for (const struct overlay_network *n = o->networks; n; n = n->next)
        add_network(&p, n);
    if (p.n_vnis == 0 && !o->is_filtered)
        return 0;
    r = firewall_overlay_peers(o->in, p.vnis, p.n_vnis, p.addresses, p.n_addresses, e);
    if (r == 0)
        o->is_filtered = p.n_vnis > 0;
    return r;
}

/* ---- what is seen */

static void add_peer(json_object *peers, const struct overlay_network *n, const struct overlay_member *m)
{
    json_object *o = json_object_new_object();
    char address[IP_TEXT_MAX], reason[256];

    overlay_probe_reason(n, m, reason, sizeof(reason));
    json_add_str(o, "Name", m->node);
    json_add_str(o, "IP", ip_format(&m->station.remote, address));
    json_add_str(o, "State", overlay_probe_state(m));
    json_add_str(o, "Reason", reason);
    json_object_array_add(peers, o);
}

int overlay_peers(struct overlay *o, const char *network_id, json_object **ret, struct err *e)
{
    struct overlay_network *n = overlay_network_find(o, network_id);
    json_object *peers;
    const int64_t deadline = clock_ms() + VERDICT_MS;
    int r = 0;

    /* Who has just come gets the time for the test. */
    while (r == 0 && n && overlay_probe_is_testing(n) && clock_ms() < deadline)
        r = events_turn(&o->loop, (int)(deadline - clock_ms()) + 1, e);
    if (r < 0)
        return r;
    peers = json_object_new_array();
    for (size_t i = 0; n && i < n->members.n; i++)
        if (overlay_member_is_host(n->members.v[i]))
            add_peer(peers, n, n->members.v[i]);
    *ret = peers;
    return 0;
}
