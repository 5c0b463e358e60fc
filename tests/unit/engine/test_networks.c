/* Networks as the engine has them: rows, bridges in a network namespace of the test's own, and who is on them. Starts of
 * real containers are in tests/integration. */
#include "storage/unit.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/engine.h"
#include "engine/netenv.h"
#include "engine/network_settings.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "kernel/netlink.h"
#include "network/bridge.h"
#include "network/leases.h"
#include "network/names.h"
#include "network/plan.h"
#include "storage/db.h"
#include "storage/networks.h"

static char *dir;
static char root[64], run_root[64];
static struct engine en;

static void open_engine(struct engine *ret, bool read_only)
{
    const struct engine_options o = {.root = root, .run_root = run_root, .read_only = read_only};
    assert_ok(engine_open(&o, ret, e));
}

/* Each test has a network namespace of its own: what it makes there goes with it. */
static int setup(void **state)
{
    (void)state;
    setenv("SAMPAN_CONFIG", "/nonexistent/config.json", 1);
    dir = scratch_make();
    snprintf(root, sizeof(root), "%s/root", dir);
    snprintf(run_root, sizeof(run_root), "%s/run", dir);
    if (unshare(CLONE_NEWNET) < 0 || netlink_loopback_up(NULL) < 0)
        return -1;
    open_engine(&en, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    engine_close(&en);
    scratch_remove(dir);
    return 0;
}

static struct network *wanted(const char *name)
{
    struct network *n = network_new();
    n->name = strdup(name);
    return n;
}

static struct network *create(const char *name)
{
    struct network *n = wanted(name);
    assert_ok(engine_network_create(&en, n, e));
    return n;
}

static struct network *for_start(struct engine *engine, const char *name)
{
    _cleanup_transaction_ struct db *tx = NULL;
    struct network *n = NULL;
    assert_ok(db_begin_scoped(engine->db, &tx, e));
    assert_ok(engine_network_for_start(engine, name, "", &n, e));
    assert_ok(db_commit(engine->db, e));
    return n;
}

static bool is_there(const char *name)
{
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    return networks_get(en.db, name, &row, NULL) == 1;
}

/* A container on a network, as its row says; its id in ret. */
static void insert_container(struct engine *engine, const char *name, const char *network, enum container_status status,
                             char ret[static CONTAINER_ID_LEN + 1])
{
    _cleanup_container_ struct container *c = container_new();
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    assert_ok(container_new_id(ret, e));
    memcpy(c->id, ret, CONTAINER_ID_LEN + 1);
    c->name = strdup(name);
    c->created = timestamp_now();
    c->state.status = status;
    c->host.network_mode = strdup(network);
    container_add_endpoint(c)->network = strdup(network);
    assert_ok(record_from_container(c, &row, e));
    assert_ok(containers_insert(engine->db, &row, e));
}

static char *names_of_all(struct engine *engine)
{
    struct network **v = NULL;
    _cleanup_strv_ char **names = NULL;
    assert_ok(engine_networks_list(engine, &v, e));
    for (struct network **n = v; *n; n++)
        assert_ok(strv_add(&names, (*n)->name, e));
    engine_networks_free(v);
    return strv_join(names, " ");
}

/* ---- predefined ---- */

static void a_fresh_machine_shows_the_predefined_ones(void **state)
{
    (void)state;
    struct engine looking = ENGINE_INIT;
    _cleanup_network_ struct network *n = NULL;
    struct network *none = NULL;
    snprintf(root, sizeof(root), "%s/nothing", dir);
    snprintf(run_root, sizeof(run_root), "%s/nowhere", dir);
    open_engine(&looking, true);
    assert_null(looking.db);
    _cleanup_free_ char *names = names_of_all(&looking);
    assert_string_equal(names, "bridge host none");
    assert_ok(engine_network_find(&looking, "host", &n, e));
    assert_int_equal(n->driver, NETWORK_HOST);
    assert_err(engine_network_find(&looking, "web", &none, e), ERR_NOT_FOUND, "network web not found");
    _cleanup_json_ json_object *o = NULL;
    assert_ok(engine_network_inspect(&looking, n, &o, e));
    assert_int_equal(json_object_object_length(json_get(o, "Containers")), 0);
    engine_close(&looking);
    assert_false(file_exists(AT_FDCWD, root));
    assert_false(file_exists(AT_FDCWD, run_root));
}

static void the_default_network_is_settled_once(void **state)
{
    (void)state;
    _cleanup_network_ struct network *before = NULL, *first = NULL, *second = NULL, *host = NULL;
    assert_ok(engine_network_find(&en, "bridge", &before, e));
    assert_false(ip_is_set(&before->v4.subnet.ip));
    first = for_start(&en, "bridge");
    assert_int_equal(first->v4.subnet.len, 20);
    assert_true(ip_is_set(&first->v4.gateway));
    assert_string_equal(first->id, before->id);
    assert_string_not_equal(first->link, "");
    assert_int_equal(if_nametoindex(first->link), 0); /* who starts on it makes it */
    second = for_start(&en, "bridge");
    assert_memory_equal(&first->v4.subnet, &second->v4.subnet, sizeof(first->v4.subnet));
    host = for_start(&en, "host");
    assert_int_equal(host->driver, NETWORK_HOST);
    assert_false(ip_is_set(&host->v4.subnet.ip));
}

static void others_keep_clear_of_it(void **state)
{
    (void)state;
    _cleanup_network_ struct network *dflt = for_start(&en, "bridge"), *web = create("web"), *clash = wanted("db");
    assert_false(prefix_overlaps(&dflt->v4.subnet, &web->v4.subnet));
    clash->v4.subnet = dflt->v4.subnet;
    assert_err(engine_network_create(&en, clash, e), ERR_CONFLICT, "of network bridge");
}

/* As another command, which reads the configuration anew. */
static struct network *for_start_configured(const char *config, const char *container)
{
    struct engine own = ENGINE_INIT;
    char path[80];
    snprintf(path, sizeof(path), "%s/config.json", dir);
    assert_ok(file_write(AT_FDCWD, path, config, strlen(config), 0600, e));
    setenv("SAMPAN_CONFIG", path, 1);
    open_engine(&own, false);
    _cleanup_transaction_ struct db *tx = NULL;
    struct network *n = NULL;
    assert_ok(db_begin_scoped(own.db, &tx, e));
    assert_ok(engine_network_for_start(&own, "bridge", container, &n, e));
    assert_ok(db_commit(own.db, e));
    tx = NULL;
    engine_close(&own);
    return n;
}

static void a_changed_configuration_changes_it_once_it_is_idle(void **state)
{
    (void)state;
    char own[CONTAINER_ID_LEN + 1], other[CONTAINER_ID_LEN + 1];
    char text[IP_TEXT_MAX];
    _cleanup_network_ struct network *first = for_start(&en, "bridge"), *used = NULL, *idle = NULL, *again = NULL,
                                     *wider = NULL;
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    insert_container(&en, "own", "bridge", CONTAINER_RUNNING, own);
    insert_container(&en, "other", "bridge", CONTAINER_RUNNING, other);
    used = for_start_configured("{\"bip\":\"10.9.0.1/22\"}", own);
    assert_memory_equal(&used->v4.subnet, &first->v4.subnet, sizeof(first->v4.subnet));
    assert_int_equal(containers_get(en.db, other, &row, NULL), 1);
    row.status = CONTAINER_EXITED;
    assert_ok(containers_set_state(en.db, &row, e));
    idle = for_start_configured("{\"bip\":\"10.9.0.1/22\",\"mtu\":1400,\"ipv6\":true}", own);
    assert_string_equal(ip_format(&idle->v4.gateway, text), "10.9.0.1");
    assert_int_equal(idle->mtu, 1400);
    assert_true(idle->ipv6 && ip_is_set(&idle->v6.subnet.ip));
    assert_string_equal(idle->id, first->id);
    again = for_start_configured("{\"mtu\":1400,\"ipv6\":true}", own); /* no wish is no other wish */
    assert_string_equal(ip_format(&again->v4.gateway, text), "10.9.0.1");
    assert_int_equal(again->v4.subnet.len, 22);
    wider = for_start_configured("{\"bip\":\"10.9.0.1/21\",\"mtu\":1400,\"ipv6\":true}", own);
    assert_int_equal(wider->v4.subnet.len, 21); /* its own old subnet is not in the way */
}

/* The run root and everything of the network namespace are gone; so is the engine's handle on them. */
static void reboot(void)
{
    engine_close(&en);
    assert_ok(dir_remove_all(AT_FDCWD, run_root, e));
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_ok(netlink_loopback_up(e));
    open_engine(&en, false);
}

/* "ip route add SUBNET dev lo" */
static void route_to(const struct prefix *subnet)
{
    const struct rtmsg route = {.rtm_family = subnet->ip.family,
                                .rtm_dst_len = subnet->len,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = RT_SCOPE_LINK,
                                .rtm_type = RTN_UNICAST};
    struct netlink_batch b;
    int sock = netlink_open(NULL);
    netlink_batch_init(&b);
    netlink_request(&b, "add a route", RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
    netlink_attr(&b, RTA_DST, subnet->ip.bytes, ip_size(&subnet->ip));
    netlink_attr_u32(&b, RTA_OIF, 1);
    assert_ok(netlink_run(sock, &b, e));
    close(sock);
}

static int bring_up(const struct network *n, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = engine_net(&en, &in, &config, e);
    return r == 0 ? network_up(in, config, n, e) : r;
}

static void after_a_reboot_all_is_made_again(void **state)
{
    (void)state;
    _cleanup_network_ struct network *before = for_start(&en, "bridge"), *web = create("web"), *after = NULL;
    reboot();
    assert_int_equal(if_nametoindex(web->link), 0);
    after = for_start(&en, "bridge");
    assert_memory_equal(&before->v4.subnet, &after->v4.subnet, sizeof(after->v4.subnet));
    assert_ok(bring_up(after, e));
    assert_ok(bring_up(web, e));
    assert_true(if_nametoindex(web->link) != 0);
}

static void the_host_may_be_elsewhere(void **state)
{
    (void)state;
    _cleanup_network_ struct network *before = for_start(&en, "bridge"), *web = create("web"), *after = NULL,
                                     *up = NULL;
    reboot();
    route_to(&before->v4.subnet);
    route_to(&web->v4.subnet);
    assert_err(bring_up(web, e), ERR_CONFLICT, "by lo, which would then be out of reach (make the network anew");
    assert_int_equal(if_nametoindex(web->link), 0);
    after = for_start(&en, "bridge");
    assert_false(prefix_overlaps(&after->v4.subnet, &before->v4.subnet));
    assert_ok(bring_up(after, e));
    route_to(&after->v4.subnet); /* once it is up, it stays */
    up = for_start(&en, "bridge");
    assert_memory_equal(&up->v4.subnet, &after->v4.subnet, sizeof(after->v4.subnet));
}

/* ---- create ---- */

static void created_found_listed(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web"), *db = create("db"), *by_name = NULL, *by_id = NULL,
                                     *by_prefix = NULL;
    char prefix[9] = "";
    assert_true(if_nametoindex(web->link) != 0);
    assert_false(prefix_overlaps(&web->v4.subnet, &db->v4.subnet));
    assert_ok(engine_network_find(&en, "web", &by_name, e));
    assert_ok(engine_network_find(&en, web->id, &by_id, e));
    memcpy(prefix, web->id, 8);
    assert_ok(engine_network_find(&en, prefix, &by_prefix, e));
    assert_string_equal(by_name->id, web->id);
    assert_string_equal(by_id->name, "web");
    assert_string_equal(by_prefix->link, web->link);
    _cleanup_free_ char *names = names_of_all(&en);
    assert_string_equal(names, "bridge host none db web");
}

static void what_cannot_be_created(void **state)
{
    (void)state;
    _cleanup_network_ struct network *again = wanted("web"), *bridge = wanted("bridge"), *dflt = wanted("default"),
                                     *host = wanted("h"), *overlay = wanted("o"), *odd = wanted("container:x");
    network_free(create("web"));
    assert_err(engine_network_create(&en, again, e), ERR_CONFLICT, "network with name web already exists");
    assert_err(engine_network_create(&en, bridge, e), ERR_INVALID, "predefined bridge network");
    assert_err(engine_network_create(&en, dflt, e), ERR_INVALID, "predefined default network");
    host->driver = NETWORK_HOST;
    assert_err(engine_network_create(&en, host, e), ERR_INVALID, "only one instance of \"host\" network is allowed");
    overlay->driver = NETWORK_OVERLAY;
    assert_err(engine_network_create(&en, overlay, e), ERR_UNSUPPORTED, "add \"overlay\": {\"etcd\"");
    assert_err(engine_network_create(&en, odd, e), ERR_INVALID, "invalid network name");
    assert_false(is_there("h") || is_there("o"));
}

static void a_bridge_has_one_network(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = wanted("web"), *db = wanted("db");
    assert_ok(strv_add(&web->options, "bridge_name=lan0", e));
    assert_ok(strv_add(&db->options, "bridge_name=lan0", e));
    assert_ok(engine_network_create(&en, web, e));
    assert_err(engine_network_create(&en, db, e), ERR_CONFLICT, "bridge lan0 is that of network web");
    assert_ok(engine_network_remove(&en, "web", e));
    assert_ok(engine_network_create(&en, db, e));
}

/* Its name is that of something that is no bridge: the kernel's answer takes the row back. */
static void a_bridge_that_cannot_be_leaves_no_row(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = wanted("web");
    assert_ok(strv_add(&n->options, "bridge_name=lo", e));
    struct err e = ERR_INIT;
    assert_true(engine_network_create(&en, n, &e) < 0);
    assert_non_null(strstr(e.text, "lo"));
    assert_false(is_there("web"));
    assert_true(if_nametoindex("lo") != 0);
    char path[sizeof(NETWORKS_DIR) + 1 + NETWORK_ID_LEN];
    snprintf(path, sizeof(path), NETWORKS_DIR "/%s", n->id);
    assert_false(file_exists(en.run_fd, path));
}

enum { COMMANDS = 4, EACH = 4 };

static void create_many(int which)
{
    struct engine own = ENGINE_INIT;
    open_engine(&own, false);
    for (int i = 0; i < EACH; i++) {
        char name[16];
        struct err e = ERR_INIT;
        snprintf(name, sizeof(name), "n%d-%d", which, i);
        _cleanup_network_ struct network *n = wanted(name);
        n->ipv6 = true;
        if (engine_network_create(&own, n, &e) < 0) {
            fprintf(stderr, "%s: %s\n", name, e.text);
            _exit(1);
        }
    }
    _exit(0);
}

static void commands_at_once_never_choose_the_same_subnet(void **state)
{
    (void)state;
    struct network **v = NULL;
    size_t n = 0;
    for (int i = 0; i < COMMANDS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            create_many(i);
    }
    for (int i = 0, status; i < COMMANDS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_ok(engine_networks_list(&en, &v, e));
    for (struct network **a = v + 3; *a; a++, n++)
        for (struct network **b = a + 1; *b; b++) {
            assert_false(prefix_overlaps(&(*a)->v4.subnet, &(*b)->v4.subnet));
            assert_false(prefix_overlaps(&(*a)->v6.subnet, &(*b)->v6.subnet));
        }
    assert_int_equal(n, COMMANDS * EACH);
    engine_networks_free(v);
}

/* ---- remove ---- */

static void removed_without_a_trace(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web");
    char path[sizeof(NETWORKS_DIR) + 1 + NETWORK_ID_LEN];
    snprintf(path, sizeof(path), NETWORKS_DIR "/%s", web->id);
    assert_true(file_exists(en.run_fd, path));
    assert_ok(engine_network_remove(&en, "web", e));
    assert_int_equal(if_nametoindex(web->link), 0);
    assert_false(file_exists(en.run_fd, path));
    assert_err(engine_network_remove(&en, "web", e), ERR_NOT_FOUND, "network web not found");
    assert_err(engine_network_remove(&en, "host", e), ERR_CONFLICT, "host is a pre-defined network");
}

static void in_use_while_somebody_runs_on_it(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web");
    char id[CONTAINER_ID_LEN + 1];
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    insert_container(&en, "resting", "web", CONTAINER_EXITED, id);
    insert_container(&en, "elsewhere", "web2", CONTAINER_RUNNING, id);
    insert_container(&en, "first", "web", CONTAINER_RUNNING, id);
    assert_err(engine_network_remove(&en, "web", e), ERR_CONFLICT,
               "network web has active endpoints: first (stop them, or sampan network disconnect web first)");
    assert_true(if_nametoindex(web->link) != 0);
    assert_int_equal(containers_get(en.db, id, &row, NULL), 1);
    row.status = CONTAINER_EXITED;
    assert_ok(containers_set_state(en.db, &row, e));
    assert_ok(engine_network_remove(&en, "web", e));
}

/* The child's start holds the database while it looks its network up; the removal waits for it, and sees it. */
static void a_removal_never_overtakes_a_start(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web");
    int pipe_fds[2], status;
    char byte;
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct engine own = ENGINE_INIT;
        struct network *n = NULL;
        char id[CONTAINER_ID_LEN + 1];
        open_engine(&own, false);
        assert_ok(db_begin(own.db, e));
        insert_container(&own, "first", "web", CONTAINER_RUNNING, id);
        assert_ok(engine_network_for_start(&own, "web", id, &n, e));
        assert_int_equal(write(pipe_fds[1], "x", 1), 1);
        usleep(200000);
        assert_ok(db_commit(own.db, e));
        _exit(0);
    }
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    assert_err(engine_network_remove(&en, "web", e), ERR_CONFLICT, "has active endpoints: first");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(if_nametoindex(web->link) != 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void a_start_after_the_removal_finds_nothing(void **state)
{
    (void)state;
    struct network *n = NULL;
    network_free(create("web"));
    assert_ok(engine_network_remove(&en, "web", e));
    assert_ok(db_begin(en.db, e));
    assert_err(engine_network_for_start(&en, "web", "", &n, e), ERR_NOT_FOUND, "network web");
    db_rollback(en.db);
}

/* ---- recovery ---- */

static void a_killed_removal_is_finished(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web"), *kept = create("kept");
    char path[sizeof(NETWORKS_DIR) + 1 + NETWORK_ID_LEN];
    assert_ok(networks_delete(en.db, web->id, e)); /* and no further */
    engine_recover(&en);
    assert_int_equal(if_nametoindex(web->link), 0);
    snprintf(path, sizeof(path), NETWORKS_DIR "/%s", web->id);
    assert_false(file_exists(en.run_fd, path));
    assert_true(if_nametoindex(kept->link) != 0);
}

/* It may belong to an engine with another root, whose container is on it. */
static void what_is_in_use_is_not_swept(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web");
    struct net_instance in = NET_INSTANCE_INIT;
    struct ip ip;
    char id[CONTAINER_ID_LEN + 1];
    assert_ok(container_new_id(id, e));
    assert_ok(net_instance_open(run_root, &in, e));
    int network_dir = network_dir_open(&in, web->id, NULL);
    assert_ok(lease_take(network_dir, &web->v4, id, &ip, e));
    assert_ok(networks_delete(en.db, web->id, e));
    engine_recover(&en);
    assert_true(if_nametoindex(web->link) != 0);
    assert_ok(leases_sweep(&in, id, e));
    engine_recover(&en);
    assert_int_equal(if_nametoindex(web->link), 0);
    close(network_dir);
    net_instance_close(&in);
}

/* ---- inspect ---- */

static void write_plan(const char *id, const struct network *n)
{
    _cleanup_net_plan_ struct net_plan *plan = net_plan_new();
    struct net_interface *i = net_plan_add_interface(plan);
    memcpy(plan->container, id, CONTAINER_ID_LEN + 1);
    plan->directory = strdup("/nowhere");
    memcpy(i->network, n->id, sizeof(i->network));
    i->network_name = strdup(n->name);
    assert_ok(prefix_parse("172.24.0.5/24", "a", &i->address4, e));
    assert_ok(mac_parse("02:42:ac:18:00:05", "m", i->mac, e));
    assert_int_equal(mkdirat(en.run_fd, container_path(id).path, 0700), 0);
    int run_dir = run_dir_open(&en, id, NULL);
    assert_ok(net_plan_save(plan, run_dir, e));
    close(run_dir);
}

static void write_endpoint(const char *id, const struct network *n)
{
    struct net_instance in = NET_INSTANCE_INIT;
    struct net_interface i = {.isolated = false};
    assert_ok(net_instance_open(run_root, &in, e));
    int network_dir = network_dir_open(&in, n->id, NULL);
    assert_ok(endpoint_write(network_dir, id, &i, e));
    close(network_dir);
    net_instance_close(&in);
}

static void inspect_shows_who_is_on_it(void **state)
{
    (void)state;
    _cleanup_network_ struct network *web = create("web");
    _cleanup_json_ json_object *o = NULL;
    char first[CONTAINER_ID_LEN + 1], coming[CONTAINER_ID_LEN + 1];
    const char *name, *ip, *ip6, *mac, *endpoint;
    insert_container(&en, "first", "web", CONTAINER_RUNNING, first);
    write_plan(first, web);
    write_endpoint(first, web);
    insert_container(&en, "coming", "web", CONTAINER_RUNNING, coming); /* without a plan yet */
    write_endpoint(coming, web);
    assert_ok(engine_network_inspect(&en, web, &o, e));
    json_object *containers = json_get(o, "Containers"), *c = json_get(containers, first);
    assert_int_equal(json_object_object_length(containers), 1);
    assert_ok(json_get_str(c, "Name", "", &name, e));
    assert_ok(json_get_str(c, "IPv4Address", "", &ip, e));
    assert_ok(json_get_str(c, "IPv6Address", "-", &ip6, e));
    assert_ok(json_get_str(c, "MacAddress", "", &mac, e));
    assert_ok(json_get_str(c, "EndpointID", "", &endpoint, e));
    assert_string_equal(name, "first");
    assert_string_equal(ip, "172.24.0.5/24");
    assert_string_equal(ip6, "");
    assert_string_equal(mac, "02:42:ac:18:00:05");
    assert_string_equal(endpoint, endpoint_id(first, web->id).text);
}

/* ---- prune ---- */

static char *prune(char *const *filters)
{
    _cleanup_strv_ char **names = NULL;
    assert_ok(engine_network_prune(&en, filters, &names, e));
    return strv_join(names, " ");
}

static void pruned_are_those_that_nobody_refers_to(void **state)
{
    (void)state;
    char id[CONTAINER_ID_LEN + 1];
    network_free(create("used"));
    network_free(create("idle"));
    network_free(create("lone"));
    insert_container(&en, "resting", "used", CONTAINER_EXITED, id);
    _cleanup_free_ char *names = prune(NULL), *again = prune(NULL);
    assert_string_equal(names, "idle lone");
    assert_string_equal(again, "");
    _cleanup_free_ char *left = names_of_all(&en);
    assert_string_equal(left, "bridge host none used");
}

static void filters_choose_among_them(void **state)
{
    (void)state;
    _cleanup_network_ struct network *a = wanted("a"), *b = wanted("b");
    assert_ok(strv_add(&a->labels, "env=test", e));
    assert_ok(strv_add(&b->labels, "env=live", e));
    assert_ok(engine_network_create(&en, a, e));
    assert_ok(engine_network_create(&en, b, e));
    char **names = NULL;
    char *none[] = {"label=env=te", NULL}, *young[] = {"until=1h", NULL}, *bad[] = {"name=a", NULL},
         *test[] = {"label=env", "label!=env=live", NULL}, *all[] = {"until=2100-01-01T00:00:00Z", NULL};
    _cleanup_free_ char *by_part = prune(none), *by_age = prune(young), *by_label = prune(test), *by_date = prune(all);
    assert_string_equal(by_part, "");
    assert_string_equal(by_age, "");
    assert_string_equal(by_label, "a");
    assert_string_equal(by_date, "b");
    assert_err(engine_network_prune(&en, bad, &names, e), ERR_INVALID, "invalid filter 'name=a'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_machine_shows_the_predefined_ones),
        TEST(the_default_network_is_settled_once),
        TEST(others_keep_clear_of_it),
        TEST(a_changed_configuration_changes_it_once_it_is_idle),
        TEST(after_a_reboot_all_is_made_again),
        TEST(the_host_may_be_elsewhere),
        TEST(created_found_listed),
        TEST(what_cannot_be_created),
        TEST(a_bridge_has_one_network),
        TEST(a_bridge_that_cannot_be_leaves_no_row),
        TEST(commands_at_once_never_choose_the_same_subnet),
        TEST(removed_without_a_trace),
        TEST(in_use_while_somebody_runs_on_it),
        TEST(a_removal_never_overtakes_a_start),
        TEST(a_start_after_the_removal_finds_nothing),
        TEST(a_killed_removal_is_finished),
        TEST(what_is_in_use_is_not_swept),
        TEST(inspect_shows_who_is_on_it),
        TEST(pruned_are_those_that_nobody_refers_to),
        TEST(filters_choose_among_them),
    };
    if (geteuid() != 0) {
        puts("1..0 # SKIP needs root");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
