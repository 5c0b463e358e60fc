#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/timestamp.h"
#include "cli/container_row.h"
#include "network/plan.h"

static const int64_t now = 1700000000 * NS_PER_SEC;

static int set_up(void **state)
{
    struct container *c = container_new();

    memset(c->id, 'a', CONTAINER_ID_LEN);
    c->name = strdup("web");
    c->created = now - 120 * NS_PER_SEC;
    c->config.image = strdup("busybox");
    c->state.status = CONTAINER_RUNNING;
    c->state.started_at = now - 119 * NS_PER_SEC;
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    container_free(*state);
    return 0;
}

static void assert_cell(const struct container *c, bool no_trunc, const char *key, const char *expected)
{
    struct row_options o = {.no_trunc = no_trunc, .now = now};
    _cleanup_json_ json_object *row = container_row(c, &o);

    assert_non_null(json_get(row, key));
    assert_string_equal(json_object_get_string(json_get(row, key)), expected);
}

static void set(char **field, const char *value)
{
    free(*field);
    *field = strdup(value);
}

static void cells(void **state)
{
    struct container *c = *state;

    assert_cell(c, false, "ID", "aaaaaaaaaaaa");
    assert_cell(c, true, "ID", c->id);
    assert_cell(c, false, "Names", "web");
    assert_cell(c, false, "Image", "busybox");
    assert_cell(c, false, "RunningFor", "2 minutes ago");
    assert_cell(c, false, "Status", "Up About a minute");
    assert_cell(c, false, "State", "running");
    assert_cell(c, false, "Isolation", "");
    assert_cell(c, false, "Command", "\"\"");
}

/* Entry point and arguments, quoted, cut to twenty characters. */
static void commands_are_quoted_and_cut(void **state)
{
    struct container *c = *state;
    struct err e = ERR_INIT;

    assert_int_equal(strv_add(&c->config.entrypoint, "sh", &e), 0);
    assert_int_equal(strv_add(&c->config.cmd, "-c", &e), 0);
    assert_int_equal(strv_add(&c->config.cmd, "echo \"ä\"\n; sleep", &e), 0);
    assert_cell(c, true, "Command", "\"sh -c echo \\\"ä\\\"\\n; sleep\"");
    assert_cell(c, false, "Command", "\"sh -c echo \\\"ä\\\"\\n; sl…\"");
}

static void commands_of_twenty_characters_are_whole(void **state)
{
    struct container *c = *state;
    struct err e = ERR_INIT;

    assert_int_equal(strv_add(&c->config.cmd, "12345678901234567890", &e), 0);
    assert_cell(c, false, "Command", "\"12345678901234567890\"");
    set(&c->config.cmd[0], "123456789012345678901");
    assert_cell(c, false, "Command", "\"1234567890123456789…\"");
}

static void fences_that_are_down_are_told(void **state)
{
    struct container *c = *state;
    struct err e = ERR_INIT;

    set(&c->host.network_mode, "host");
    assert_cell(c, false, "Isolation", "host: user net");
    assert_cell(c, false, "Status", "Up About a minute (host: user net)");
    set(&c->host.userns_mode, "auto");
    assert_cell(c, false, "Isolation", "host: net");
    set(&c->host.network_mode, "none");
    set(&c->host.userns_mode, "");
    c->host.privileged = true;
    assert_cell(c, false, "Isolation", "privileged, host: user");
    c->host.privileged = false;
    assert_int_equal(strv_add(&c->host.security_opt, "seccomp=unconfined", &e), 0);
    assert_cell(c, false, "Isolation", "no seccomp");
}

static void a_directory_stands_for_the_image(void **state)
{
    struct container *c = *state;

    set(&c->config.image, "");
    assert_cell(c, false, "Image", "<none>");
    set(&c->host.runtime_rootfs, "/srv/debian");
    assert_cell(c, false, "Image", "/srv/debian");
}

static void networks_and_ports(void **state)
{
    struct container *c = *state;

    assert_cell(c, false, "Networks", "");
    set(&c->host.network_mode, "host");
    assert_cell(c, false, "Networks", "host");
    container_add_endpoint(c)->network = strdup("front");
    container_add_endpoint(c)->network = strdup("back");
    assert_cell(c, false, "Networks", "front,back");
    assert_int_equal(strv_add(&c->config.exposed_ports, "80/tcp", NULL), 0);
    assert_cell(c, false, "Ports", "");
    c->net = net_plan_new();
    assert_cell(c, false, "Ports", "80/tcp");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cells),
        TEST(networks_and_ports),
        TEST(commands_are_quoted_and_cut),
        TEST(commands_of_twenty_characters_are_whole),
        TEST(fences_that_are_down_are_told),
        TEST(a_directory_stands_for_the_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
