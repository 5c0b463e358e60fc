#include "storage/unit.h"

#include "base/strv.h"
#include "engine/merge.h"

static const char image[] =
    "{\"config\":{\"Entrypoint\":[\"entry\"],\"Cmd\":[\"cmd\"],\"Env\":[\"PATH=/image\",\"ONLY=image\"],"
    "\"WorkingDir\":\"/w\","
    "\"User\":\"33\",\"StopSignal\":\"SIGINT\",\"Labels\":{\"a\":\"image\",\"b\":\"image\"},"
    "\"Volumes\":{\"/data\":{},\"/more\":{}}}}";

static struct container *merged(struct container *c)
{
    _cleanup_json_ json_object *o = NULL;
    assert_ok(json_parse(image, strlen(image), "image", &o, e));
    assert_ok(merge_image_config(c, o, e));
    return c;
}

static void all_is_the_image_s_by_default(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = merged(container_new());
    assert_string_equal(c->config.entrypoint[0], "entry");
    assert_string_equal(c->config.cmd[0], "cmd");
    assert_string_equal(c->config.working_dir, "/w");
    assert_string_equal(c->config.user, "33");
    assert_string_equal(c->config.stop_signal, "SIGINT");
    assert_int_equal(strv_len(c->config.labels), 2);
    assert_int_equal(c->n_mounts, 2);
    assert_string_equal(c->mounts[0].type, "volume");
    assert_null(c->mounts[0].name);
}

static void the_user_s_settings_win(void **state)
{
    (void)state;
    struct container *c = container_new();
    strv_add(&c->config.cmd, "mine", NULL);
    strv_add(&c->config.env, "PATH=/mine", NULL);
    strv_add(&c->config.labels, "a=mine", NULL);
    c->config.user = strdup("0");
    struct mount_point *m = container_add_mount(c);
    m->type = strdup("bind");
    m->destination = strdup("/data");
    _cleanup_container_ struct container *done = merged(c);
    assert_string_equal(done->config.entrypoint[0], "entry");
    assert_string_equal(done->config.cmd[0], "mine");
    assert_int_equal(strv_len(done->config.cmd), 1);
    assert_true(strv_contains(done->config.env, "PATH=/mine"));
    assert_false(strv_contains(done->config.env, "PATH=/image"));
    assert_true(strv_contains(done->config.env, "ONLY=image"));
    assert_true(strv_contains(done->config.labels, "a=mine"));
    assert_true(strv_contains(done->config.labels, "b=image"));
    assert_string_equal(done->config.user, "0");
    assert_int_equal(done->n_mounts, 2); /* /data is taken already */
}

static void an_entrypoint_drops_the_image_s_command(void **state)
{
    (void)state;
    struct container *c = container_new();
    strv_add(&c->config.entrypoint, "mine", NULL);
    c->config.entrypoint_set = true;
    _cleanup_container_ struct container *done = merged(c);
    assert_string_equal(done->config.entrypoint[0], "mine");
    assert_int_equal(strv_len(done->config.cmd), 0);
}

static void an_empty_entrypoint_clears_it(void **state)
{
    (void)state;
    struct container *c = container_new();
    strv_add(&c->config.entrypoint, "", NULL);
    strv_add(&c->config.cmd, "sh", NULL);
    c->config.entrypoint_set = true;
    _cleanup_container_ struct container *done = merged(c);
    assert_int_equal(strv_len(done->config.entrypoint), 0);
    assert_string_equal(done->config.cmd[0], "sh");
}

static void no_command_at_all_is_refused(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    assert_err(merge_image_config(c, NULL, e), ERR_INVALID, "no command specified");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_the_image_s_by_default),
        cmocka_unit_test(the_user_s_settings_win),
        cmocka_unit_test(an_entrypoint_drops_the_image_s_command),
        cmocka_unit_test(an_empty_entrypoint_clears_it),
        cmocka_unit_test(no_command_at_all_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
