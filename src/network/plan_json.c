/* A plan's file. Each struct is a table of its members, which both directions go by. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "network/plan.h"

enum { PLAN_FILE_MODE = 0600 };

struct field;

/* One kind of member: `at` is where it is in the struct. A member that says nothing (0, NULL, none) is not written. */
struct field_kind {
    int (*read)(json_object *o, const struct field *f, void *at, struct err *e);
    void (*write)(json_object *o, const struct field *f, const void *at);
};

struct field {
    const char *key;
    const struct field_kind *kind;
    size_t offset;
    uint64_t limit;           /* texts: bytes of the buffer; numbers: the greatest */
    const char *const *names; /* of an enumeration's values, `limit` of them */
};

/* ---- kinds of members ---- */

static int read_string(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *s;
    int r = json_get_str(o, f->key, NULL, &s, e);

    if (r < 0 || !s)
        return r;
    *(char **)at = strdup(s);
    return *(char **)at ? 0 : err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", f->key);
}

static void write_string(json_object *o, const struct field *f, const void *at)
{
    json_add_str(o, f->key, *(char *const *)at);
}

static int read_text(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *s;
    int r = json_get_str(o, f->key, "", &s, e);

    if (r < 0)
        return r;
    if (strlen(s) >= f->limit)
        return err_invalid(e, "%s: \"%s\" has more than %lu bytes", f->key, s, (unsigned long)f->limit - 1);
    memcpy(at, s, strlen(s) + 1);
    return 0;
}

static void write_text(json_object *o, const struct field *f, const void *at)
{
    if (*(const char *)at != '\0')
        json_add_str(o, f->key, at);
}

static int read_number(json_object *o, const struct field *f, uint64_t *ret, struct err *e)
{
    int r = json_get_uint64(o, f->key, 0, ret, e);

    return r == 0 && *ret > f->limit ? err_invalid(e, "%s: %lu is too large", f->key, (unsigned long)*ret) : r;
}

static void write_number(json_object *o, const struct field *f, uint64_t v)
{
    if (v != 0)
        json_add_uint(o, f->key, v);
}

/* The same for each width of an unsigned number. */
#define DEFINE_NUMBER(type)                                                                                            \
    static int read_##type(json_object *o, const struct field *f, void *at, struct err *e)                             \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        int r = read_number(o, f, &v, e);                                                                              \
                                                                                                                       \
        if (r == 0)                                                                                                    \
            *(type *)at = (type)v;                                                                                     \
        return r;                                                                                                      \
    }                                                                                                                  \
    static void write_##type(json_object *o, const struct field *f, const void *at)                                    \
    {                                                                                                                  \
        write_number(o, f, *(const type *)at);                                                                         \
    }                                                                                                                  \
    static const struct field_kind kind_##type = {read_##type, write_##type};
DEFINE_NUMBER(uint16_t)
DEFINE_NUMBER(uint32_t)
DEFINE_NUMBER(uint64_t)

static int read_bool(json_object *o, const struct field *f, void *at, struct err *e)
{
    return json_get_bool(o, f->key, false, at, e);
}

static void write_bool(json_object *o, const struct field *f, const void *at)
{
    if (*(const bool *)at)
        json_add_bool(o, f->key, true);
}

static int read_strings(json_object *o, const struct field *f, void *at, struct err *e)
{
    return json_get_strv(o, f->key, at, e);
}

static void write_strings(json_object *o, const struct field *f, const void *at)
{
    char *const *v = *(char **const *)at;

    if (v)
        json_add_strv(o, f->key, v);
}

static int read_enum(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *name;
    int r = json_get_str(o, f->key, f->names[0], &name, e);

    if (r < 0)
        return r;
    for (unsigned i = 0; i < f->limit; i++) {
        if (strcmp(f->names[i], name) == 0) {
            *(unsigned *)at = i;
            return 0;
        }
    }
    return err_invalid(e, "%s: \"%s\" is not known", f->key, name);
}

static void write_enum(json_object *o, const struct field *f, const void *at)
{
    json_add_str(o, f->key, f->names[*(const unsigned *)at]);
}

static int read_protocol(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *name;
    int r = json_get_str(o, f->key, "tcp", &name, e);

    return r < 0 ? r : net_protocol_parse(name, at, e);
}

static void write_protocol(json_object *o, const struct field *f, const void *at)
{
    json_add_str(o, f->key, net_protocol_name(*(const uint8_t *)at));
}

static int read_mac(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *text;
    int r = json_get_str(o, f->key, NULL, &text, e);

    return r < 0 || !text ? r : mac_parse(text, f->key, at, e);
}

static void write_mac(json_object *o, const struct field *f, const void *at)
{
    static const uint8_t none[NET_MAC_LEN];
    char text[MAC_TEXT_MAX];

    if (memcmp(at, none, NET_MAC_LEN) != 0)
        json_add_str(o, f->key, mac_format(at, text));
}

static int read_ip(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *text;
    int r = json_get_str(o, f->key, NULL, &text, e);

    return r < 0 || !text ? r : ip_parse(text, f->key, at, e);
}

static void write_ip(json_object *o, const struct field *f, const void *at)
{
    char text[IP_TEXT_MAX];

    if (ip_is_set(at))
        json_add_str(o, f->key, ip_format(at, text));
}

static int read_prefix(json_object *o, const struct field *f, void *at, struct err *e)
{
    const char *text;
    int r = json_get_str(o, f->key, NULL, &text, e);

    return r < 0 || !text ? r : prefix_parse(text, f->key, at, e);
}

static void write_prefix(json_object *o, const struct field *f, const void *at)
{
    const struct prefix *p = at;
    char text[PREFIX_TEXT_MAX];

    if (ip_is_set(&p->ip))
        json_add_str(o, f->key, prefix_format(p, text));
}

static const struct field_kind kind_string = {read_string, write_string};
static const struct field_kind kind_text = {read_text, write_text};
static const struct field_kind kind_bool = {read_bool, write_bool};
static const struct field_kind kind_strings = {read_strings, write_strings};
static const struct field_kind kind_enum = {read_enum, write_enum};
static const struct field_kind kind_protocol = {read_protocol, write_protocol};
static const struct field_kind kind_mac = {read_mac, write_mac};
static const struct field_kind kind_ip = {read_ip, write_ip};
static const struct field_kind kind_prefix = {read_prefix, write_prefix};

/* ---- the structs ---- */

static const char *const link_kinds[] = {[NET_VETH] = "veth", [NET_MACVLAN] = "macvlan", [NET_IPVLAN] = "ipvlan"};

static const char *const link_modes[] = {
    [LINK_MODE_DEFAULT] = "default",
    [MACVLAN_BRIDGE] = "macvlan-bridge",
    [MACVLAN_PRIVATE] = "macvlan-private",
    [MACVLAN_VEPA] = "macvlan-vepa",
    [MACVLAN_PASSTHRU] = "macvlan-passthru",
    [IPVLAN_L2] = "ipvlan-l2",
    [IPVLAN_L3] = "ipvlan-l3",
    [IPVLAN_L3S] = "ipvlan-l3s",
};

/* clang-format off */
#define AT(type, member) offsetof(struct type, member)
#define ROOM(type, member) sizeof(((struct type *)NULL)->member)

static const struct field interface_fields[] = {
    {"kind",        &kind_enum,     AT(net_interface, kind), ARRAY_SIZE(link_kinds), link_kinds},
    {"network",     &kind_text,     AT(net_interface, network), ROOM(net_interface, network), NULL},
    {"networkName", &kind_string,   AT(net_interface, network_name), 0, NULL},
    {"name",        &kind_text,     AT(net_interface, name), ROOM(net_interface, name), NULL},
    {"hostName",    &kind_text,     AT(net_interface, host_name), ROOM(net_interface, host_name), NULL},
    {"master",      &kind_text,     AT(net_interface, master), ROOM(net_interface, master), NULL},
    {"mac",         &kind_mac,      AT(net_interface, mac), 0, NULL},
    {"mtu",         &kind_uint32_t, AT(net_interface, mtu), UINT32_MAX, NULL},
    {"mode",        &kind_enum,     AT(net_interface, mode), ARRAY_SIZE(link_modes), link_modes},
    {"address4",    &kind_prefix,   AT(net_interface, address4), 0, NULL},
    {"address6",    &kind_prefix,   AT(net_interface, address6), 0, NULL},
    {"gateway4",    &kind_ip,       AT(net_interface, gateway4), 0, NULL},
    {"gateway6",    &kind_ip,       AT(net_interface, gateway6), 0, NULL},
    {"isolated",    &kind_bool,     AT(net_interface, isolated), 0, NULL},
    {"rate",        &kind_uint64_t, AT(net_interface, rate), UINT64_MAX, NULL},
    {"names",       &kind_strings,  AT(net_interface, names), 0, NULL},
};

static const struct field port_fields[] = {
    {"protocol", &kind_protocol, AT(net_port, protocol), 0, NULL},
    {"host",     &kind_ip,       AT(net_port, host), 0, NULL},
    {"hostPort", &kind_uint16_t, AT(net_port, host_port), UINT16_MAX, NULL},
    {"to",       &kind_ip,       AT(net_port, to), 0, NULL},
    {"port",     &kind_uint16_t, AT(net_port, port), UINT16_MAX, NULL},
};

static const struct field plan_fields[] = {
    {"container",   &kind_text,    AT(net_plan, container), ROOM(net_plan, container), NULL},
    {"table",       &kind_text,    AT(net_plan, table), ROOM(net_plan, table), NULL},
    {"directory",   &kind_string,  AT(net_plan, directory), 0, NULL},
    {"egressDeny",  &kind_bool,    AT(net_plan, egress.deny), 0, NULL},
    {"egressAllow", &kind_strings, AT(net_plan, egress.allow), 0, NULL},
    {"files",       &kind_strings, AT(net_plan, files), 0, NULL},
};
/* clang-format on */

static int read_fields(json_object *o, const struct field *fields, size_t n, void *target, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = fields[i].kind->read(o, &fields[i], (char *)target + fields[i].offset, e);
    return r;
}

static void write_fields(json_object *o, const struct field *fields, size_t n, const void *source)
{
    for (size_t i = 0; i < n; i++)
        fields[i].kind->write(o, &fields[i], (const char *)source + fields[i].offset);
}

/* ---- reading ---- */

static size_t array_length(json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static int read_interfaces(json_object *array, struct net_plan *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < array_length(array) && r == 0; i++)
        r = read_fields(json_object_array_get_idx(array, i), interface_fields, ARRAY_SIZE(interface_fields),
                        net_plan_add_interface(p), e);
    return r;
}

static int read_ports(json_object *array, struct net_plan *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < array_length(array) && r == 0; i++)
        r = read_fields(json_object_array_get_idx(array, i), port_fields, ARRAY_SIZE(port_fields), net_plan_add_port(p),
                        e);
    return r;
}

static int read_plan(json_object *o, struct net_plan *p, struct err *e)
{
    int r = read_fields(o, plan_fields, ARRAY_SIZE(plan_fields), p, e);

    if (r == 0)
        r = read_interfaces(json_get(o, "interfaces"), p, e);
    if (r == 0)
        r = read_ports(json_get(o, "ports"), p, e);
    if (r == 0 && !p->directory)
        r = err_invalid(e, "\"directory\" is missing");
    return r < 0 ? err_context(e, NET_PLAN_NAME) : 0;
}

int net_plan_load(int run_dir_fd, struct net_plan **ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_net_plan_ struct net_plan *p = NULL;
    struct err why = ERR_INIT;
    int r = json_parse_file(run_dir_fd, NET_PLAN_NAME, &o, &why);

    if (r == -ENOENT)
        return r;
    if (r < 0) {
        if (e)
            *e = why;
        return r;
    }
    p = net_plan_new();
    r = read_plan(o, p, e);
    if (r == 0)
        *ret = TAKE_PTR(p);
    return r;
}

/* ---- writing ---- */

static void write_element(json_object *array, const struct field *fields, size_t n, const void *source)
{
    json_object *o = json_object_new_object();

    if (!o || json_object_array_add(array, o) < 0)
        abort();
    write_fields(o, fields, n, source);
}

static void write_plan(json_object *o, const struct net_plan *p)
{
    json_object *interfaces = json_add_array(o, "interfaces");
    json_object *ports = json_add_array(o, "ports");

    write_fields(o, plan_fields, ARRAY_SIZE(plan_fields), p);
    for (size_t i = 0; i < p->n_interfaces; i++)
        write_element(interfaces, interface_fields, ARRAY_SIZE(interface_fields), &p->interfaces[i]);
    for (size_t i = 0; i < p->n_ports; i++)
        write_element(ports, port_fields, ARRAY_SIZE(port_fields), &p->ports[i]);
}

int net_plan_save(const struct net_plan *p, int run_dir_fd, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_new_object();
    const char *text;

    if (!o)
        abort();
    write_plan(o, p);
    text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
    if (!text)
        return err_set(e, ERR_SYS, ENOMEM, "write " NET_PLAN_NAME);
    return file_write_atomic(run_dir_fd, NET_PLAN_NAME, text, strlen(text), PLAN_FILE_MODE, e);
}
