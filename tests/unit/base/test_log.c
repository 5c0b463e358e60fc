#include "unit.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/log.h"

/* Logs into a pipe in place of stderr; what it took is compared. */
static void assert_logs(enum log_level level, const char *message, const char *wanted)
{
    int stderr_copy = dup(STDERR_FILENO);
    char text[8192];
    int pipe_fds[2];
    ssize_t n;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    close(pipe_fds[1]);
    log_print(level, "%s", message);
    dup2(stderr_copy, STDERR_FILENO);
    close(stderr_copy);
    n = fd_read_full(pipe_fds[0], text, sizeof(text) - 1);
    close(pipe_fds[0]);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, wanted);
}

static void lines_carry_program_and_level(void **state)
{
    (void)state;
    log_init("unit", LOG_LEVEL_WARNING);
    assert_logs(LOG_LEVEL_WARNING, "careful", "unit: warning: careful\n");
    assert_logs(LOG_LEVEL_ERROR, "100%", "unit: error: 100%\n");
}

static void what_is_below_the_threshold_is_silent(void **state)
{
    (void)state;
    log_init("unit", LOG_LEVEL_WARNING);
    assert_logs(LOG_LEVEL_INFO, "x", "");
    assert_logs(LOG_LEVEL_DEBUG, "x", "");
    log_init("unit", LOG_LEVEL_DEBUG);
    assert_logs(LOG_LEVEL_DEBUG, "x", "unit: debug: x\n");
}

static void environment_turns_debugging_on(void **state)
{
    (void)state;
    setenv("SAMPAN_DEBUG", "0", 1);
    log_init("unit", LOG_LEVEL_WARNING);
    assert_logs(LOG_LEVEL_DEBUG, "x", "");
    setenv("SAMPAN_DEBUG", "1", 1);
    log_init("unit", LOG_LEVEL_WARNING);
    assert_logs(LOG_LEVEL_DEBUG, "x", "unit: debug: x\n");
    unsetenv("SAMPAN_DEBUG");
}

static void long_line_is_cut_and_still_ends(void **state)
{
    static const char prefix[] = "unit: error: ";
    char message[5000];
    char wanted[2048];

    (void)state;
    memset(message, 'a', sizeof(message));
    message[sizeof(message) - 1] = '\0';
    memset(wanted, 'a', sizeof(wanted));
    memcpy(wanted, prefix, sizeof(prefix) - 1);
    memcpy(wanted + sizeof(wanted) - 2, "\n", 2);
    log_init("unit", LOG_LEVEL_WARNING);
    assert_logs(LOG_LEVEL_ERROR, message, wanted);
}

/* Also when the line cannot be written: whoever logs may be on the way to report that errno. */
static void errno_is_kept(void **state)
{
    int stderr_copy = dup(STDERR_FILENO);
    int seen;

    (void)state;
    log_init("unit", LOG_LEVEL_WARNING);
    close(STDERR_FILENO);
    errno = EXDEV;
    log_print(LOG_LEVEL_ERROR, "x");
    seen = errno;
    dup2(stderr_copy, STDERR_FILENO);
    close(stderr_copy);
    assert_int_equal(seen, EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_carry_program_and_level),
        cmocka_unit_test(what_is_below_the_threshold_is_silent),
        cmocka_unit_test(environment_turns_debugging_on),
        cmocka_unit_test(long_line_is_cut_and_still_ends),
        cmocka_unit_test(errno_is_kept),
    };

    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
