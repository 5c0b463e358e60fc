#include "keeper/overlay_allot.h"

#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "network/vxlan.h"

/* ---- parts */

/* How many bits of the subnet number its parts: many hosts for large ones, enough addresses each for small ones. */
static const struct {
    uint8_t family, len_max, bits;
} part_rules[] = {
    {AF_INET, 16, 8}, {AF_INET, 22, 6}, {AF_INET, 25, 4}, {AF_INET, 27, 2}, {AF_INET6, 96, 16},
};

/* 0: the subnet is too small. */
static uint8_t part_bits(const struct prefix *subnet)
{
    for (size_t i = 0; i < ARRAY_SIZE(part_rules); i++)
        if (part_rules[i].family == subnet->ip.family && subnet->len <= part_rules[i].len_max)
            return part_rules[i].bits;
    return 0;
}

int overlay_count_parts(const struct network *n, unsigned *ret, struct err *e)
{
    const uint8_t bits4 = part_bits(&n->v4.subnet);
    char text[PREFIX_TEXT_MAX];

    if (bits4 == 0) {
        err_invalid(e, "subnet %s is too small for an overlay network", prefix_format(&n->v4.subnet, text));
        return err_advice(e, "each host gets a part of it; use a /27 or larger");
    }
    if (ip_is_set(&n->v6.subnet.ip) && part_bits(&n->v6.subnet) == 0) {
        err_invalid(e, "subnet %s is too small for an overlay network", prefix_format(&n->v6.subnet, text));
        return err_advice(e, "each host gets a part of it; use a /64");
    }
    *ret = 1U << bits4; /* never more than IPv6 has */
    return 0;
}

/* The part's number becomes the last bits of its prefix. */
static void set_part(struct network_subnet *s, unsigned part)
{
    const uint8_t bits = part_bits(&s->subnet);

    if (!ip_is_set(&s->subnet.ip))
        return;
    s->range = prefix_network(&s->subnet);
    s->range.len += bits;
    for (unsigned i = 0; i < bits; i++) {
        const unsigned at = s->range.len - 1U - i;

        if (part >> i & 1)
            s->range.ip.bytes[at / 8] |= (uint8_t)(0x80 >> at % 8);
    }
    s->gateway = prefix_nth(&s->range, 1);
}

void overlay_set_part(struct network *n, unsigned part)
{
    set_part(&n->v4, part);
    set_part(&n->v6, part);
}

static void clear_part(struct network_subnet *s)
{
    s->range = (struct prefix){0};
    s->gateway = (struct ip){0};
}

void overlay_clear_part(struct network *n)
{
    clear_part(&n->v4);
    clear_part(&n->v6);
}

/* ---- networks */

static const struct network *overlapping(const struct overlay_taken *t, const struct prefix *p)
{
    for (size_t i = 0; i < t->n_networks; i++)
        if (prefix_overlaps(&t->networks[i]->v4.subnet, p) || prefix_overlaps(&t->networks[i]->v6.subnet, p))
            return t->networks[i];
    return NULL;
}

static bool is_routed(const struct overlay_taken *t, const struct prefix *p)
{
    for (size_t i = 0; i < t->routes->n; i++)
        if (prefix_overlaps(&t->routes->v[i].to, p))
            return true;
    return false;
}

static int check_given(const struct prefix *p, const struct overlay_taken *t, struct err *e)
{
    const struct network *other = overlapping(t, p);
    char text[PREFIX_TEXT_MAX];

    if (other)
        return err_conflict(e, "subnet %s overlaps that of overlay network %s", prefix_format(p, text), other->name);
    return 0;
}

static int choose_v4(const struct overlay_taken *t, struct prefix *ret, struct err *e)
{
    struct prefix pool;
    int r = prefix_parse(OVERLAY_POOL, "the pool of overlay networks", &pool, e);

    if (r < 0)
        return r;
    for (uint64_t at = 0; at < prefix_size(&pool); at += UINT64_C(1) << (32 - OVERLAY_POOL_SIZE)) {
        const struct prefix p = {.ip = prefix_nth(&pool, at), .len = OVERLAY_POOL_SIZE};

        if (!overlapping(t, &p) && !is_routed(t, &p)) {
            *ret = p;
            return 0;
        }
    }
    err_set(e, ERR_UNSUPPORTED, ENOSPC, "no free subnet is left in " OVERLAY_POOL);
    return err_advice(e, "choose one with --subnet");
}

/* Unique local (RFC 4193): 56 random bits, so nobody has it. */
static int choose_v6(struct prefix *ret, struct err *e)
{
    struct prefix p = {.ip = {.family = AF_INET6}, .len = 64};

    if (getrandom(p.ip.bytes + 1, 7, 0) != 7)
        return err_sys(e, "getrandom");
    p.ip.bytes[0] = 0xfd;
    *ret = p;
    return 0;
}

static bool has_vni(const struct overlay_taken *t, uint32_t vni)
{
    for (size_t i = 0; i < t->n_networks; i++)
        if (t->networks[i]->vni == vni)
            return true;
    return false;
}

/* The one behind the highest, so that one that was just freed is not taken again at once; going around at the end. */
static uint32_t choose_vni(const struct overlay_taken *t)
{
    uint32_t vni = OVERLAY_VNI_FIRST;

    for (size_t i = 0; i < t->n_networks; i++)
        if (t->networks[i]->vni >= vni)
            vni = t->networks[i]->vni + 1;
    while (vni > VXLAN_VNI_MAX || has_vni(t, vni))
        vni = vni >= VXLAN_VNI_MAX ? OVERLAY_VNI_FIRST : vni + 1;
    return vni;
}

int overlay_allot(struct network *n, const struct overlay_taken *taken, struct err *e)
{
    unsigned parts;
    int r = ip_is_set(&n->v4.subnet.ip) ? check_given(&n->v4.subnet, taken, e) : choose_v4(taken, &n->v4.subnet, e);

    if (r == 0 && ip_is_set(&n->v6.subnet.ip))
        r = check_given(&n->v6.subnet, taken, e);
    else if (r == 0 && n->ipv6)
        r = choose_v6(&n->v6.subnet, e);
    if (r == 0)
        r = overlay_count_parts(n, &parts, e);
    if (r == 0)
        n->vni = choose_vni(taken);
    return r;
}
