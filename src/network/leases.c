#include "network/leases.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/id.h"
#include "base/strv.h"

#define ENDPOINTS_DIR "endpoints"

enum { HOLDER_MAX = 128 };

/* ---- directories ---- */

/* Modes are not subject to the umask: dnsmasq, which is not root, passes through ID and reads endpoints/. leases/ is made
 * last, so where it is, all is. */
static const struct {
    const char *name;
    mode_t mode;
} subdirs[] = {{".", 0711}, {ENDPOINTS_DIR, 0755}, {LEASES_DIR, 0700}};

static int make_subdirs(int dir, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(subdirs); i++) {
        const char *name = subdirs[i].name;

        if ((mkdirat(dir, name, subdirs[i].mode) < 0 && errno != EEXIST) || fchmodat(dir, name, subdirs[i].mode, 0) < 0)
            return err_sys(e, "make directory %s", name);
    }
    return 0;
}

int network_dir_open(const struct net_instance *in, const char *network_id, struct err *e)
{
    _cleanup_close_ int dir = openat(in->dir_fd, network_id, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = 0;

    if (dir < 0 && errno == ENOENT)
        r = dir_make_all(in->dir_fd, network_id, 0711, &dir, e);
    else if (dir < 0)
        r = err_sys(e, "open %s/networks/%s", in->run_root, network_id);
    if (r == 0 && !file_exists(dir, LEASES_DIR))
        r = make_subdirs(dir, e);
    return r < 0 ? r : TAKE_FD(dir);
}

int network_dir_remove(const struct net_instance *in, const char *network_id, struct err *e)
{
    return dir_remove_all(in->dir_fd, network_id, e);
}

/* ---- one lease ---- */

struct lease_file {
    char path[sizeof(LEASES_DIR) + 1 + IP_TEXT_MAX];
};

static struct lease_file lease_file(const struct ip *address)
{
    struct lease_file f;
    char text[IP_TEXT_MAX];

    (void)snprintf(f.path, sizeof(f.path), LEASES_DIR "/%s", ip_format(address, text));
    return f;
}

int lease_path(const char *network_id, const struct ip *address, char **ret, struct err *e)
{
    if (asprintf(ret, "%s/%s", network_id, lease_file(address).path) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "name a lease");
    return 0;
}

/* What a symbolic link reads; -errno. */
static int read_link(int dir, const char *path, char *buf, size_t size)
{
    ssize_t n = readlinkat(dir, path, buf, size - 1);

    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return 0;
}

/* 0, or -EEXIST when somebody has it, without setting e. */
static int try_lease(int dir, const struct ip *address, const char *holder, struct err *e)
{
    char text[IP_TEXT_MAX];

    if (symlinkat(holder, dir, lease_file(address).path) == 0)
        return 0;
    if (errno == EEXIST)
        return -EEXIST;
    return err_sys(e, "lease %s", ip_format(address, text));
}

/* ---- what is never leased ---- */

static bool is_ipv4(const struct network_subnet *s)
{
    return s->subnet.ip.family == AF_INET;
}

/* The subnet's first address is the network's (IPv4) or that of all its routers (RFC 4291, 2.6.1), IPv4's last is the
 * broadcast address; but where there are only two, both are hosts' (RFC 3021, RFC 6164). */
static const char *reserved_for(const struct network_subnet *s, const struct ip *address)
{
    struct prefix network = prefix_network(&s->subnet);
    struct ip last = prefix_last(&s->subnet);
    bool is_small = prefix_size(&s->subnet) <= 2;

    if (ip_equal(address, &s->gateway))
        return "the gateway";
    if (!is_small && ip_equal(address, &network.ip))
        return "the network itself";
    if (!is_small && is_ipv4(s) && ip_equal(address, &last))
        return "broadcasts";
    for (size_t i = 0; i < s->n_aux; i++) {
        if (ip_equal(address, &s->aux[i]))
            return s->aux_names[i];
    }
    return NULL;
}

/* ---- the next free one ---- */

static const char *cursor_name(const struct network_subnet *s)
{
    return is_ipv4(s) ? "cursor4" : "cursor6";
}

/* The index in the range after the last that was given; 0 where nothing was, or where the range is another now. */
static uint64_t first_to_try(int dir, const struct network_subnet *s)
{
    char text[IP_TEXT_MAX];
    struct ip last;

    if (read_link(dir, cursor_name(s), text, sizeof(text)) < 0 || ip_parse(text, "cursor", &last, NULL) < 0 ||
        !prefix_contains(&s->range, &last))
        return 0;
    return prefix_index(&s->range, &last) + 1;
}

/* The link's temporary name has the address in it, which nobody else holds. Two who do this at a time may leave the older
 * of their addresses: that costs the next one a try more. A cursor that cannot be written costs tries only, too. */
static void move_cursor(int dir, const struct network_subnet *s, const struct ip *address)
{
    char text[IP_TEXT_MAX], temporary[IP_TEXT_MAX + 16];

    ip_format(address, text);
    (void)snprintf(temporary, sizeof(temporary), ".%s.%s", cursor_name(s), text);
    (void)unlinkat(dir, temporary, 0); /* of somebody who was killed here */
    if (symlinkat(text, dir, temporary) == 0)
        (void)renameat(dir, temporary, dir, cursor_name(s));
}

static int all_taken(const struct network_subnet *s, struct err *e)
{
    char range[PREFIX_TEXT_MAX];

    err_set(e, ERR_UNSUPPORTED, 0, "all addresses of %s are taken", prefix_format(&s->range, range));
    return err_advice(e, "end containers that use it, or make a network with a larger --subnet or --ip-range");
}

int lease_take(int network_dir, const struct network_subnet *s, const char *holder, struct ip *ret, struct err *e)
{
    uint64_t size = prefix_size(&s->range);
    uint64_t first = first_to_try(network_dir, s);

    for (uint64_t i = 0; i < size; i++) {
        struct ip address = prefix_nth(&s->range, (first + i) % size);
        int r = reserved_for(s, &address) ? -EEXIST : try_lease(network_dir, &address, holder, e);

        if (r == -EEXIST)
            continue;
        if (r == 0) {
            move_cursor(network_dir, s, &address);
            *ret = address;
        }
        return r;
    }
    return all_taken(s, e);
}

/* ---- this very address ---- */

static int address_is_held(const char *text, const char *by, struct err *e)
{
    int shown = id_is_valid(by) ? SHORT_ID_LEN : (int)strlen(by);

    return err_conflict(e, "address %s is already in use by %.*s", text, shown, by);
}

static int check_address(const struct network_subnet *s, const struct ip *address, struct err *e)
{
    char text[IP_TEXT_MAX], subnet[PREFIX_TEXT_MAX];
    const char *reserved;

    ip_format(address, text);
    if (!prefix_contains(&s->subnet, address))
        return err_invalid(e, "address %s is not in the network's subnet %s", text, prefix_format(&s->subnet, subnet));
    reserved = reserved_for(s, address);
    return reserved ? err_conflict(e, "address %s is reserved for %s", text, reserved) : 0;
}

int lease_take_address(int network_dir, const struct network_subnet *s, const struct ip *address, const char *holder,
                       struct err *e)
{
    char other[HOLDER_MAX], text[IP_TEXT_MAX];
    int r = check_address(s, address, e);

    if (r < 0)
        return r;
    do { /* again where the holder let go between the two calls */
        r = try_lease(network_dir, address, holder, e);
        if (r != -EEXIST)
            return r;
        r = read_link(network_dir, lease_file(address).path, other, sizeof(other));
    } while (r == -ENOENT);
    ip_format(address, text);
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "read the lease of %s", text);
    return strcmp(other, holder) == 0 ? 0 : address_is_held(text, other, e);
}

/* ---- recovery ---- */

static int sweep_leases(int leases, const char *holder, struct err *e)
{
    _cleanup_strv_ char **addresses = NULL;
    char by[HOLDER_MAX];
    int r = dir_list(leases, ".", &addresses, e);

    STRV_FOREACH (address, addresses) {
        if (read_link(leases, *address, by, sizeof(by)) < 0 || strcmp(by, holder) != 0)
            continue;
        if (unlinkat(leases, *address, 0) < 0 && errno != ENOENT)
            return err_sys(e, "give back %s", *address);
    }
    return r;
}

static int sweep_network(const struct net_instance *in, const char *id, const char *holder, struct err *e)
{
    static const char *const endpoints[] = {ENDPOINTS_DIR "/", ENDPOINTS_DIR "/."}; /* and one half written (names.c) */
    char path[ID_LEN + sizeof("/" ENDPOINTS_DIR "/.") + HOLDER_MAX];
    _cleanup_close_ int leases = -1;

    for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s%.*s", id, endpoints[i], HOLDER_MAX, holder);
        if (unlinkat(in->dir_fd, path, 0) < 0 && errno != ENOENT)
            return err_sys(e, "remove %s", path);
    }
    (void)snprintf(path, sizeof(path), "%s/" LEASES_DIR, id);
    leases = openat(in->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (leases < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
    return sweep_leases(leases, holder, e);
}

int leases_sweep(const struct net_instance *in, const char *holder, struct err *e)
{
    _cleanup_strv_ char **networks = NULL;
    int r = dir_list(in->dir_fd, ".", &networks, e);

    STRV_FOREACH (id, networks) {
        r = id_is_valid(*id) ? sweep_network(in, *id, holder, e) : 0;
        if (r < 0)
            return r;
    }
    return r;
}
