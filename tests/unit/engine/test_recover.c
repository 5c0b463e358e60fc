/* What recovery makes of the traces that a SIGKILL leaves at each step; the whole, with real containers, is in
 * tests/integration. Needs root, as everything of the engine. */
#include "storage/unit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/timestamp.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/lock.h"
#include "engine/paths.h"
#include "engine/query.h"
#include "engine/record.h"
#include "engine/recover.h"
#include "engine/running.h"

static char *dir;
static char root[64], run_root[64];
static struct engine en;
static char id[CONTAINER_ID_LEN + 1];

static void reopen(void)
{
    const struct engine_options o = {.root = root, .run_root = run_root};
    engine_close(&en);
    assert_ok(engine_open(&o, &en, e));
}

static int setup(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    dir = scratch_make();
    snprintf(root, sizeof(root), "%s/root", dir);
    snprintf(run_root, sizeof(run_root), "%s/run", dir);
    en = ENGINE_INIT;
    reopen();
    return container_new_id(id, NULL);
}

static int teardown(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    engine_close(&en);
    scratch_remove(dir);
    return 0;
}

static void insert(bool auto_remove, enum container_status status)
{
    _cleanup_container_ struct container *c = container_new();
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    memcpy(c->id, id, sizeof(id));
    c->name = strdup("web");
    c->created = timestamp_now();
    c->host.auto_remove = auto_remove;
    c->state.status = status;
    c->id_base = status == CONTAINER_RUNNING ? 0x20000000 : 0;
    assert_ok(record_from_container(c, &row, e));
    assert_ok(containers_insert(en.db, &row, e));
}

static void make_dirs(void)
{
    assert_int_equal(mkdirat(en.root_fd, container_path(id).path, 0700), 0);
    assert_int_equal(mkdirat(en.run_fd, container_path(id).path, 0700), 0);
}

static void write_run_file(const char *name, const char *text)
{
    int fd = run_dir_open(&en, id, NULL);
    assert_ok(file_write(fd, name, text, strlen(text), 0600, e));
    close(fd);
}

/* A lock that nobody holds, as a killed shim leaves it. */
static void leave_lock(void)
{
    int fd = lock_create(&en, id, NULL);
    assert_true(fd >= 0);
    close(fd);
}

static void assert_nothing_left(bool but_disk)
{
    char found[CONTAINER_ID_LEN + 1];
    assert_false(running_find(&en, "web", found));
    assert_false(file_exists(en.run_fd, NAMES_DIR "/web"));
    assert_false(file_exists(en.locks_fd, id));
    assert_false(file_exists(en.run_fd, container_path(id).path));
    assert_int_equal(file_exists(en.root_fd, container_path(id).path), but_disk);
}

static struct container *find(void)
{
    struct container *c = NULL;
    assert_ok(engine_find(&en, id, &c, e));
    return c;
}

static void killed_before_the_row(void **state)
{
    (void)state;
    leave_lock();
    make_dirs();
    running_publish(&en, "web", id);
    engine_recover(&en);
    assert_nothing_left(false);
}

static void killed_after_creating(void **state)
{
    (void)state;
    leave_lock();
    make_dirs();
    insert(false, CONTAINER_CREATED);
    engine_recover(&en);
    assert_nothing_left(true);
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.status, CONTAINER_CREATED);
}

static void killed_before_the_shim_started_it(void **state)
{
    (void)state;
    leave_lock();
    insert(false, CONTAINER_RUNNING);
    make_dirs();
    running_publish(&en, "web", id);
    engine_recover(&en);
    assert_nothing_left(true);
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.status, CONTAINER_CREATED);
    assert_string_equal(c->state.error, "the start was interrupted");
    assert_int_equal(c->id_base, 0);
}

static void the_shim_was_killed(void **state)
{
    (void)state;
    leave_lock();
    insert(false, CONTAINER_RUNNING);
    make_dirs();
    write_run_file("state.json", "{\"pid\":1,\"startedAt\":77}");
    engine_recover(&en);
    assert_nothing_left(true);
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.status, CONTAINER_EXITED);
    assert_int_equal(c->state.exit_code, 137);
    assert_int_equal(c->state.started_at, 77);
    assert_int_equal(c->id_base, 0);
}

static void an_exit_is_taken_over(void **state)
{
    (void)state;
    leave_lock();
    insert(false, CONTAINER_RUNNING);
    make_dirs();
    write_run_file("state.json", "{\"pid\":1,\"startedAt\":77}");
    write_run_file("exit.json", "{\"status\":3,\"oomKilled\":true,\"finishedAt\":88}");
    engine_recover(&en);
    assert_nothing_left(true);
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.exit_code, 3);
    assert_true(c->state.oom_killed);
    assert_int_equal(c->state.finished_at, 88);
}

static void garbled_state_is_no_state(void **state)
{
    (void)state;
    leave_lock();
    insert(false, CONTAINER_RUNNING);
    make_dirs();
    write_run_file("state.json", "{\"pid\":\"many\",\"startedAt\":77}");
    write_run_file("exit.json", "{\"status\": 1");
    engine_recover(&en);
    assert_nothing_left(true);
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.exit_code, 137);
}

static void with_rm_nothing_remains(void **state)
{
    (void)state;
    struct container *c;
    leave_lock();
    insert(true, CONTAINER_RUNNING);
    make_dirs();
    engine_recover(&en);
    assert_nothing_left(false);
    assert_err(engine_find(&en, id, &c, e), ERR_NOT_FOUND, "no such container");
}

static void the_living_are_left_alone(void **state)
{
    (void)state;
    int lock = lock_create(&en, id, NULL);
    insert(true, CONTAINER_RUNNING);
    make_dirs();
    write_run_file("state.json", "{\"pid\":4711,\"startedAt\":77}");
    engine_recover(&en);
    assert_true(file_exists(en.locks_fd, id));
    _cleanup_container_ struct container *c = find();
    assert_int_equal(c->state.status, CONTAINER_RUNNING);
    assert_int_equal(c->state.pid, 4711);
    assert_err(engine_remove(&en, id, &(struct engine_remove_options){.volumes = true}, e), ERR_CONFLICT, "running");
    close(lock);
}

/* A reboot empties the run root: neither lock nor run directory, but rows and directories. */
static void after_a_reboot(void **state)
{
    (void)state;
    insert(false, CONTAINER_RUNNING);
    assert_int_equal(mkdirat(en.root_fd, container_path(id).path, 0700), 0);
    char orphan[CONTAINER_ID_LEN + 1];
    assert_ok(container_new_id(orphan, e));
    assert_int_equal(mkdirat(en.root_fd, container_path(orphan).path, 0700), 0);
    assert_ok(dir_remove_all(AT_FDCWD, run_root, e));
    reopen();
    assert_nothing_left(true);
    assert_false(file_exists(en.root_fd, container_path(orphan).path));
    _cleanup_container_ struct container *c = find();
    assert_int_not_equal(c->state.status, CONTAINER_RUNNING);
}

static void a_lock_is_born_locked_and_dies_named(void **state)
{
    (void)state;
    int fd = lock_create(&en, id, NULL);
    assert_true(fd >= 0);
    assert_int_equal(lock_create(&en, id, NULL), -EEXIST);
    assert_int_equal(lock_take(&en, id, NULL), -EWOULDBLOCK);
    int waiting = openat(en.locks_fd, id, O_RDWR | O_CLOEXEC);
    lock_remove(&en, id, &fd);
    assert_int_equal(fd, -1);
    assert_int_equal(flock(waiting, LOCK_EX | LOCK_NB), 0); /* whoever had opened it gets a lock without a name */
    assert_int_equal(lock_take(&en, id, NULL), -ENOENT);
    close(waiting);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_before_the_row),
        TEST(killed_after_creating),
        TEST(killed_before_the_shim_started_it),
        TEST(the_shim_was_killed),
        TEST(an_exit_is_taken_over),
        TEST(garbled_state_is_no_state),
        TEST(with_rm_nothing_remains),
        TEST(the_living_are_left_alone),
        TEST(after_a_reboot),
        TEST(a_lock_is_born_locked_and_dies_named),
    };
    if (geteuid() != 0) {
        puts("1..0 # SKIP needs root");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
