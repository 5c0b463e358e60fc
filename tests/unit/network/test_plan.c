/* The ledger: its file, and the files that it lists. */
#include "base/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "network/plan.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_ID "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct net_plan *plan_here(void)
{
    struct net_plan *p = net_plan_new();

    memcpy(p->container, ID, sizeof(ID));
    snprintf(p->table, sizeof(p->table), "sampan");
    p->directory = getcwd(NULL, 0);
    return p;
}

static void add_all(struct net_plan *p)
{
    struct net_interface *i = net_plan_add_interface(p);
    struct net_port *port = net_plan_add_port(p);

    *i = (struct net_interface){
        .kind = NET_MACVLAN,
        .network = OTHER_ID,
        .network_name = strdup("sea"),
        .name = "eth0",
        .host_name = "sv0123456789a0",
        .master = "br-0123456789ab",
        .mac = {2, 0x42, 0xac, 0x11, 0, 5},
        .mtu = 9000,
        .mode = MACVLAN_VEPA,
        .isolated = true,
        .rate = UINT64_C(5000000000),
    };
    assert_int_equal(prefix_parse("172.17.0.5/20", "", &i->address4, NULL), 0);
    assert_int_equal(prefix_parse("fd00::5/64", "", &i->address6, NULL), 0);
    assert_int_equal(ip_parse("172.17.0.1", "", &i->gateway4, NULL), 0);
    assert_int_equal(ip_parse("fd00::1", "", &i->gateway6, NULL), 0);
    assert_int_equal(strv_add(&i->names, "web", NULL), 0);
    *port = (struct net_port){.protocol = IPPROTO_UDP, .host_port = 65535, .port = 53};
    assert_int_equal(ip_parse("0.0.0.0", "", &port->host, NULL), 0);
    assert_int_equal(ip_parse("172.17.0.5", "", &port->to, NULL), 0);
    p->egress.deny = true;
    assert_int_equal(strv_add(&p->egress.allow, "10.0.0.0/8", NULL), 0);
    assert_int_equal(strv_add(&p->files, "ID/leases/172.17.0.5", NULL), 0);
}

static struct net_plan *load(void)
{
    struct net_plan *p = NULL;
    struct err e = ERR_INIT;

    if (net_plan_load(AT_FDCWD, &p, &e) < 0)
        fail_msg("%s", e.text);
    return p;
}

/* ---- its file ---- */

static void all_of_it_comes_back(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here(), *q = NULL;

    (void)state;
    add_all(p);
    assert_int_equal(net_plan_save(p, AT_FDCWD, NULL), 0);
    q = load();
    assert_string_equal(q->container, p->container);
    assert_string_equal(q->table, p->table);
    assert_string_equal(q->directory, p->directory);
    assert_int_equal(q->n_interfaces, 1);
    assert_string_equal(q->interfaces[0].network_name, "sea");
    assert_string_equal(q->interfaces[0].names[0], "web");
    /* What is left has no pointers. */
    free(q->interfaces[0].network_name);
    strv_free(q->interfaces[0].names);
    q->interfaces[0].network_name = p->interfaces[0].network_name;
    q->interfaces[0].names = p->interfaces[0].names;
    assert_memory_equal(&q->interfaces[0], &p->interfaces[0], sizeof(struct net_interface));
    q->interfaces[0].network_name = NULL;
    q->interfaces[0].names = NULL;
    assert_int_equal(q->n_ports, 1);
    assert_memory_equal(&q->ports[0], &p->ports[0], sizeof(struct net_port));
    assert_true(q->egress.deny);
    assert_string_equal(q->egress.allow[0], "10.0.0.0/8");
    assert_string_equal(q->files[0], "ID/leases/172.17.0.5");
    assert_int_equal(unlink(NET_PLAN_NAME), 0);
}

static void an_empty_plan_comes_back(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here(), *q = NULL;

    (void)state;
    assert_int_equal(net_plan_save(p, AT_FDCWD, NULL), 0);
    q = load();
    assert_int_equal(q->n_interfaces + q->n_ports + strv_len(q->files), 0);
    assert_false(net_plan_has_ipv6(q));
    assert_int_equal(unlink(NET_PLAN_NAME), 0);
}

static void without_a_file_the_error_is_untouched(void **state)
{
    struct net_plan *p = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(net_plan_load(AT_FDCWD, &p, &e), -ENOENT);
    assert_false(err_is_set(&e));
    assert_null(p);
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"{", "network.json: line 1"},
        {"{\"files\":[]}", "\"directory\" is missing"},
        {"{\"directory\":\"/x\",\"interfaces\":[{\"name\":\"abcdefghijklmnop\"}]}", "has more than 15 bytes"},
        {"{\"directory\":\"/x\",\"interfaces\":[{\"kind\":\"pigeon\"}]}", "kind: \"pigeon\" is not known"},
        {"{\"directory\":\"/x\",\"interfaces\":[{\"mac\":\"02:42\"}]}", "mac: "},
        {"{\"directory\":\"/x\",\"interfaces\":[{\"mtu\":4294967296}]}", "mtu: "},
        {"{\"directory\":\"/x\",\"interfaces\":[{\"address4\":\"10.0.0.1/40\"}]}", "address4: "},
        {"{\"directory\":\"/x\",\"ports\":[{\"port\":65536}]}", "port: "},
        {"{\"directory\":\"/x\",\"ports\":[{\"protocol\":\"icmp\"}]}", "tcp, udp or sctp"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct net_plan *p = NULL;
        struct err e = ERR_INIT;

        assert_int_equal(file_write(AT_FDCWD, NET_PLAN_NAME, wrong[i].text, strlen(wrong[i].text), 0600, NULL), 0);
        if (net_plan_load(AT_FDCWD, &p, &e) == 0)
            fail_msg("%s was read", wrong[i].text);
        assert_says(&e, wrong[i].says);
        assert_null(p);
    }
    assert_int_equal(unlink(NET_PLAN_NAME), 0);
}

static void protocols_have_names(void **state)
{
    struct err e = ERR_INIT;
    uint8_t n;

    (void)state;
    assert_string_equal(net_protocol_name(IPPROTO_SCTP), "sctp");
    assert_null(net_protocol_name(IPPROTO_ICMP));
    assert_int_equal(net_protocol_parse("UDP", &n, &e), 0);
    assert_int_equal(n, IPPROTO_UDP);
    assert_int_equal(net_protocol_parse("icmp", &n, &e), -EINVAL);
}

/* ---- down: the files ---- */

static void make_dirs(void)
{
    assert_int_equal(mkdir("net", 0700), 0);
    assert_int_equal(mkdir("net/leases", 0700), 0);
}

static void remove_dirs(void)
{
    assert_int_equal(rmdir("net/leases"), 0);
    assert_int_equal(rmdir("net"), 0);
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void files_go_any_number_of_times(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here();
    struct err e = ERR_INIT;

    (void)state;
    make_dirs();
    assert_int_equal(symlink(ID, "net/leases/10.0.0.2"), 0);
    assert_int_equal(file_write(AT_FDCWD, "net/" ID, "", 0, 0600, NULL), 0);
    strv_add(&p->files, "net/leases/10.0.0.2", NULL);
    strv_add(&p->files, "net/" ID, NULL);
    strv_add(&p->files, "net/leases/10.0.0.3", NULL); /* never made */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(net_plan_down(p, &e), 0);
        assert_false(is_there("net/leases/10.0.0.2"));
        assert_false(is_there("net/" ID));
    }
    remove_dirs();
    assert_int_equal(net_plan_down(p, &e), 0); /* with the network itself */
    assert_false(err_is_set(&e));
}

static void lease_of_another_stays(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here();

    (void)state;
    make_dirs();
    assert_int_equal(symlink(OTHER_ID, "net/leases/10.0.0.2"), 0);
    strv_add(&p->files, "net/leases/10.0.0.2", NULL);
    assert_int_equal(net_plan_down(p, NULL), 0);
    assert_true(is_there("net/leases/10.0.0.2"));
    assert_int_equal(unlink("net/leases/10.0.0.2"), 0);
    remove_dirs();
}

/* A directory that became a link does not lead to somebody else's files; the rest is removed all the same. */
static void links_are_not_followed(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here();
    struct err e = ERR_INIT;

    (void)state;
    make_dirs();
    assert_int_equal(mkdir("home", 0700), 0);
    assert_int_equal(file_write(AT_FDCWD, "home/precious", "", 0, 0600, NULL), 0);
    assert_int_equal(symlink("home", "away"), 0);
    assert_int_equal(symlink(ID, "net/leases/10.0.0.2"), 0);
    strv_add(&p->files, "away/precious", NULL);
    strv_add(&p->files, "net/leases/10.0.0.2", NULL);
    assert_true(net_plan_down(p, &e) < 0);
    assert_says(&e, "symbolic link");
    assert_true(is_there("home/precious"));
    assert_false(is_there("net/leases/10.0.0.2"));
    assert_int_equal(unlink("home/precious") + rmdir("home") + unlink("away"), 0);
    remove_dirs();
}

static void paths_stay_below_the_directory(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_here();

    (void)state;
    make_dirs();
    assert_int_equal(file_write(AT_FDCWD, "precious", "", 0, 0600, NULL), 0);
    free(p->directory);
    p->directory = realpath("net", NULL);
    strv_add(&p->files, "../precious", NULL);
    (void)net_plan_down(p, NULL);
    assert_true(is_there("precious"));
    assert_int_equal(unlink("precious"), 0);
    remove_dirs();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_temporary_dir(all_of_it_comes_back),
        in_temporary_dir(an_empty_plan_comes_back),
        in_temporary_dir(without_a_file_the_error_is_untouched),
        in_temporary_dir(what_does_not_fit_is_refused),
        cmocka_unit_test(protocols_have_names),
        in_temporary_dir(files_go_any_number_of_times),
        in_temporary_dir(lease_of_another_stays),
        in_temporary_dir(links_are_not_followed),
        in_temporary_dir(paths_stay_below_the_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
