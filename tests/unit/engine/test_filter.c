#include "storage/unit.h"

#include <netinet/in.h>

#include "base/strv.h"
#include "engine/filter.h"
#include "engine/image_ref.h"
#include "network/plan.h"

static struct container *sample(void)
{
    struct container *c = container_new();
    memset(c->id, 'a', CONTAINER_ID_LEN);
    c->name = strdup("web1");
    c->image_id = strdup("sha256:0123456789");
    c->config.image = strdup("busybox");
    strv_add(&c->config.labels, "tier=front", NULL);
    c->state.status = CONTAINER_EXITED;
    c->state.exit_code = 3;
    container_add_endpoint(c)->network = strdup("front");
    *container_add_port(c) = (struct port_binding){.host_port = 8080, .port = 80, .protocol = IPPROTO_TCP};
    strv_add(&c->config.exposed_ports, "80/tcp", NULL);
    strv_add(&c->config.exposed_ports, "53/udp", NULL);
    return c;
}

static bool matches(const char *list)
{
    _cleanup_container_ struct container *c = sample();
    _cleanup_strv_ char **filters = NULL;
    struct filter_set set;
    strv_split(list, ' ', &filters, NULL);
    assert_ok(filter_parse(filters, &set, e));
    return filter_matches(&set, c);
}

static void one_kind_is_alternatives_and_kinds_add_up(void **state)
{
    (void)state;
    assert_true(matches("name=we"));
    assert_false(matches("name=db"));
    assert_true(matches("name=db name=web"));
    assert_true(matches("name=web status=exited"));
    assert_false(matches("name=web status=running"));
    assert_true(matches("label=tier"));
    assert_true(matches("label=tier=front"));
    assert_false(matches("label=tier=back"));
    assert_false(matches("label=tie"));
    assert_true(matches("id=aaa"));
    assert_false(matches("id=b"));
    assert_true(matches("exited=3"));
    assert_false(matches("exited=0"));
    assert_true(matches("ancestor=busybox"));
    assert_true(matches("ancestor=docker.io/library/busybox:latest"));
    assert_true(matches("ancestor=012345"));
    assert_false(matches("ancestor=busybox:1"));
}

static void networks_and_ports(void **state)
{
    (void)state;
    assert_true(matches("network=front"));
    assert_false(matches("network=fron"));
    assert_false(matches("network=back"));
    assert_true(matches("publish=8080"));
    assert_true(matches("publish=8000-8100/tcp"));
    assert_false(matches("publish=80"));
    assert_false(matches("publish=8080/udp"));
    assert_true(matches("expose=80"));
    assert_true(matches("expose=53/udp"));
    assert_true(matches("expose=1-100/udp"));
    assert_false(matches("expose=53"));
    assert_false(matches("expose=8080"));
}

/* What it got is what counts while it runs, whatever it asked for. */
static void ports_of_a_running_container(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = sample();
    char *asked[] = {"publish=8080", NULL}, *got[] = {"publish=32768", NULL}, *by_id[] = {"network=bbbb", NULL};
    c->net = net_plan_new();
    *net_plan_add_port(c->net) = (struct net_port){.host_port = 32768, .port = 80, .protocol = IPPROTO_TCP};
    memset(net_plan_add_interface(c->net)->network, 'b', NETWORK_ID_LEN);
    assert_false(filter_matches(&(struct filter_set){asked}, c));
    assert_true(filter_matches(&(struct filter_set){got}, c));
    assert_true(filter_matches(&(struct filter_set){by_id}, c));
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {"colour=red", "name", "status=flying", "exited=soon", "publish=web", "expose=0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *filters[] = {(char *)bad[i], NULL};
        struct filter_set set;
        assert_err(filter_parse(filters, &set, e), ERR_INVALID, "");
    }
}

static void references_are_normalized(void **state)
{
    (void)state;
    const char *cases[][2] = {
        {"busybox", "busybox:latest"},        {"docker.io/library/busybox", "busybox:latest"},
        {"docker.io/ann/app:1", "ann/app:1"}, {"localhost:5000/app", "localhost:5000/app:latest"},
        {"app@sha256:12", "app@sha256:12"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        _cleanup_free_ char *name = NULL;
        assert_ok(image_ref_normalize(cases[i][0], &name, e));
        assert_string_equal(name, cases[i][1]);
    }
    const char *bad[] = {"", "bad name", "-x", "a;b", "/abs"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *name = NULL;
        assert_err(image_ref_normalize(bad[i], &name, e), ERR_INVALID, "invalid reference format");
    }
}

static void paths_are_told_from_names(void **state)
{
    (void)state;
    assert_true(image_ref_is_path("./x") && image_ref_is_path("/x") && image_ref_is_path("x.tar.gz"));
    assert_false(image_ref_is_path("busybox") || image_ref_is_path("ann/app:1") || image_ref_is_path(".tar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_kind_is_alternatives_and_kinds_add_up),
        cmocka_unit_test(networks_and_ports),
        cmocka_unit_test(ports_of_a_running_container),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(references_are_normalized),
        cmocka_unit_test(paths_are_told_from_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
