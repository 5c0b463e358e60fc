#include "keeper/overlay_crypt.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/log.h"
#include "keeper/etcd_base64.h"
#include "keeper/overlay_internal.h"
#include "kernel/netlink.h"
#include "network/ipsec.h"
#include "network/vxlan.h"

enum { ROTATE_MS = 8 * 3600 * 1000, SPI_MIN = 256 };

struct overlay_crypt_peer {
    char *node;
    char *session; /* the life of it that `in` is for */
    struct ip address;
    struct ipsec_key in; /* what it sends to us */
    uint32_t old_in;     /* SPIs; 0: none */
    uint32_t out;
    bool is_seen;
    struct overlay_crypt_peer *next;
};

static void complain(const struct overlay_crypt_peer *p, const struct err *e)
{
    log_warning("encryption with host %s: %s", p->node, e->text);
}

/* ---- what they send to us */

static int new_key(struct ipsec_key *ret, struct err *e)
{
    do {
        if (getrandom(ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret))
            return err_sys(e, "getrandom");
    } while (ret->spi < SPI_MIN);
    return 0;
}

/* Our side is in place before they learn of it. */
static void tell(struct overlay *o, const struct overlay_crypt_peer *p)
{
    _cleanup_json_ json_object *value = json_object_new_object();
    _cleanup_free_ char *key = base64_encode(p->in.key, sizeof(p->in.key));

    if (!key)
        abort();
    json_add_str(value, "for", p->session);
    json_add_uint(value, "spi", p->in.spi);
    json_add_str(value, "key", key);
    overlay_records_want(&o->crypt.records, p->node, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

static void change_key(struct overlay *o, struct overlay_crypt_peer *p)
{
    struct ipsec_key key;
    struct err e = ERR_INIT;
    int r = new_key(&key, &e);

    if (r == 0)
        r = ipsec_add_key(o->crypt.sock, &p->address, &o->address, &key, &e);
    if (r < 0) {
        complain(p, &e);
        return;
    }
    if (p->old_in)
        (void)ipsec_remove_key(o->crypt.sock, &o->address, p->old_in, NULL);
    p->old_in = p->in.spi;
    p->in = key;
    tell(o, p);
}

/* ---- what we send to them */

static struct overlay_crypt_peer *peer_find(const struct overlay_crypt *c, const char *node, size_t len)
{
    for (struct overlay_crypt_peer *p = c->peers; p; p = p->next)
        if (strlen(p->node) == len && strncmp(p->node, node, len) == 0)
            return p;
    return NULL;
}

static int key_parse(const char *text, const char *session, struct ipsec_key *ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_free_ char *data = NULL;
    const char *intended = "", *encoded = "";
    uint64_t spi = 0;
    size_t len;
    int r = json_parse(text, strlen(text), "a key", &o, e);

    if (r == 0)
        r = json_get_str(o, "for", "", &intended, e);
    if (r == 0 && strcmp(intended, session) != 0)
        return -ESTALE; /* of an earlier life of ours: another one will come */
    if (r == 0)
        r = json_get_str(o, "key", "", &encoded, e);
    if (r == 0)
        r = json_get_uint64(o, "spi", 0, &spi, e);
    if (r == 0)
        r = base64_decode(encoded, &data, &len, e);
    if (r == 0 && (len != IPSEC_KEY_LEN || spi < SPI_MIN || spi > UINT32_MAX))
        r = err_invalid(e, "no key");
    if (r < 0)
        return r;
    ret->spi = (uint32_t)spi;
    memcpy(ret->key, data, IPSEC_KEY_LEN);
    explicit_bzero(data, len);
    return 0;
}

static void use_key(struct overlay *o, struct overlay_crypt_peer *p, const char *text)
{
    struct ipsec_key key;
    struct err e = ERR_INIT;
    int r = key_parse(text, o->session, &key, &e);

    if (r == -ESTALE || (r == 0 && key.spi == p->out))
        return;
    if (r == 0)
        r = ipsec_add_key(o->crypt.sock, &o->address, &p->address, &key, &e);
    explicit_bzero(key.key, sizeof(key.key));
    if (r < 0) {
        complain(p, &e);
        return;
    }
    if (p->out)
        (void)ipsec_remove_key(o->crypt.sock, &p->address, p->out, NULL);
    p->out = key.spi;
}

/* "PREFIX/keys/TO/FROM": those to be used by us end with our name, those we gave out begin with it. */
static void key_put(void *owner, const char *key, const char *value)
{
    struct overlay *o = owner;
    const char *to = key + strlen(o->crypt.keys_prefix);
    const char *slash = strchr(to, '/');
    struct overlay_crypt_peer *p;

    if (!slash)
        return;
    if (strncmp(key, o->crypt.own_prefix, strlen(o->crypt.own_prefix)) == 0) {
        overlay_records_found(&o->crypt.records, slash + 1, value);
        return;
    }
    p = peer_find(&o->crypt, to, (size_t)(slash - to));
    if (p && strcmp(slash + 1, o->node) == 0)
        use_key(o, p, value);
}

static void key_gone(void *owner, const char *key)
{
    struct overlay *o = owner;

    if (strncmp(key, o->crypt.own_prefix, strlen(o->crypt.own_prefix)) == 0)
        overlay_records_lost(&o->crypt.records, key + strlen(o->crypt.own_prefix));
}

static void nothing(void *owner)
{
    (void)owner;
}

static const struct etcd_watch_handlers key_handlers = {nothing, key_put, key_gone, nothing};

/* A watch tells a key once; a peer that became known later needs it again. */
static int watch_keys(struct overlay *o, struct err *e)
{
    if (o->crypt.watch)
        etcd_watch_free(o->crypt.watch);
    o->crypt.watch = NULL;
    return etcd_watch_new(o->etcd, o->crypt.keys_prefix, &key_handlers, o, &o->crypt.watch, e);
}

/* ---- peers */

static void peer_free(struct overlay_crypt_peer *p)
{
    explicit_bzero(p->in.key, sizeof(p->in.key));
    free(p->node);
    free(p->session);
    free(p);
}

static void peer_remove(struct overlay *o, struct overlay_crypt_peer *p)
{
    const int sock = o->crypt.sock;
    struct err e = ERR_INIT;

    if (ipsec_remove_peer(sock, &o->address, &p->address, VXLAN_PORT_ENCRYPTED, &e) < 0)
        complain(p, &e);
    (void)ipsec_remove_key(sock, &o->address, p->in.spi, NULL);
    (void)ipsec_remove_key(sock, &o->address, p->old_in, NULL);
    (void)ipsec_remove_key(sock, &p->address, p->out, NULL);
    overlay_records_want(&o->crypt.records, p->node, NULL);
    peer_free(p);
}

static struct overlay_crypt_peer *peer_add(struct overlay *o, const struct overlay_member *m)
{
    struct overlay_crypt_peer *p = calloc(1, sizeof(*p));
    struct err e = ERR_INIT;

    if (!p)
        abort();
    p->node = strdup(m->node);
    p->session = strdup(m->session);
    if (!p->node || !p->session)
        abort();
    p->address = m->station.remote;
    p->next = o->crypt.peers;
    o->crypt.peers = p;
    change_key(o, p);
    if (ipsec_add_peer(o->crypt.sock, &o->address, &p->address, VXLAN_PORT_ENCRYPTED, &e) < 0)
        complain(p, &e);
    return p;
}

/* True where there was one. */
static bool forget_unseen(struct overlay *o)
{
    bool any = false;

    for (struct overlay_crypt_peer **at = &o->crypt.peers; *at;) {
        struct overlay_crypt_peer *p = *at;

        if (p->is_seen) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        peer_remove(o, p);
        any = true;
    }
    return any;
}

/* True for one that is new. */
static bool see(struct overlay *o, const struct overlay_member *m)
{
    struct overlay_crypt_peer *p = peer_find(&o->crypt, m->node, strlen(m->node));
    bool is_new = !p;

    if (p && !ip_equal(&p->address, &m->station.remote))
        return false; /* not seen: forgotten with its old address, then seen anew */
    if (is_new)
        p = peer_add(o, m);
    p->is_seen = true;
    if (strcmp(p->session, m->session) != 0) {
        free(p->session);
        p->session = strdup(m->session);
        if (!p->session)
            abort();
        change_key(o, p);
    }
    return is_new;
}

static bool see_all(struct overlay *o)
{
    bool any_new = false;

    for (struct overlay_crypt_peer *p = o->crypt.peers; p; p = p->next)
        p->is_seen = false;
    for (const struct overlay_network *n = o->networks; n; n = n->next)
        for (size_t i = 0; n->definition && n->definition->encrypted && i < n->members.n; i++)
            if (overlay_member_is_host(n->members.v[i]))
                any_new = see(o, n->members.v[i]) || any_new;
    return any_new;
}

void overlay_crypt_update(struct overlay *o)
{
    struct err e = ERR_INIT;
    bool any_new;

    if (o->crypt.sock < 0)
        return;
    any_new = see_all(o);
    if (forget_unseen(o))
        any_new = see_all(o) || any_new;
    overlay_records_sync(&o->crypt.records);
    if (any_new && watch_keys(o, &e) < 0)
        log_warning("encryption: %s", e.text);
}

static void rotate_is_due(struct event_timer *t)
{
    struct overlay *o = t->owner;

    for (struct overlay_crypt_peer *p = o->crypt.peers; p; p = p->next)
        change_key(o, p);
    overlay_records_sync(&o->crypt.records);
    timer_set(&o->loop, t, ROTATE_MS);
}

/* ---- its life */

int overlay_crypt_start(struct overlay *o, struct err *e)
{
    struct overlay_crypt *c = &o->crypt;
    int r;

    if (c->sock >= 0)
        return 0;
    c->sock = netlink_open_protocol(NETLINK_XFRM, e);
    if (c->sock < 0)
        return c->sock;
    r = ipsec_check(c->sock, e);
    if (r == 0)
        r = ipsec_guard(c->sock, VXLAN_PORT_ENCRYPTED, e);
    if (r == 0)
        r = ipsec_remove_all_keys(c->sock, e); /* those of an earlier life are used by nobody */
    if (r < 0) {
        fd_close(&c->sock);
        return r;
    }
    c->keys_prefix = overlay_key(o, "keys/");
    c->own_prefix = overlay_key(o, "keys/%s/", o->node);
    overlay_records_start(&c->records, o->etcd, o->config->lease, c->own_prefix);
    c->rotate = (struct event_timer){.fire = rotate_is_due, .owner = o};
    timer_set(&o->loop, &c->rotate, ROTATE_MS);
    return 0;
}

void overlay_crypt_stop(struct overlay *o)
{
    struct overlay_crypt *c = &o->crypt;
    struct err e = ERR_INIT;

    if (c->sock < 0)
        return;
    if (c->watch)
        etcd_watch_free(c->watch);
    timer_clear(&o->loop, &c->rotate);
    for (struct overlay_crypt_peer *p = c->peers; p; p = p->next)
        p->is_seen = false;
    (void)forget_unseen(o);
    overlay_records_stop(&c->records);
    if (ipsec_remove_all_keys(c->sock, &e) < 0 || ipsec_unguard(c->sock, VXLAN_PORT_ENCRYPTED, &e) < 0)
        log_warning("encryption: %s", e.text);
    fd_close(&c->sock);
    free(c->keys_prefix);
    free(c->own_prefix);
    *c = (struct overlay_crypt){.sock = -1};
}
