/* What the unit tests of base share. */
#ifndef SAMPAN_TESTS_UNIT_BASE_UNIT_H
#define SAMPAN_TESTS_UNIT_BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"

/* `text` occurs in the error's text; else the test fails and shows both. */
static inline void assert_says(const struct err *e, const char *text)
{
    if (!strstr(e->text, text))
        fail_msg("the error \"%s\" does not say \"%s\"", e->text, text);
}

/* A directory of the test's own, the present directory while it runs: cmocka set-up and tear-down. */
static inline int enter_temporary_dir(void **state)
{
    char *path = strdup("/tmp/sampan-unit-XXXXXX");

    if (!path || !mkdtemp(path) || chdir(path) < 0)
        return -1;
    *state = path;
    return 0;
}

/* Only an empty directory is removed: a test must leave nothing behind. */
static inline int leave_temporary_dir(void **state)
{
    char *path = *state;
    int r = chdir("/") < 0 || rmdir(path) < 0;

    if (r)
        perror(path);
    free(path);
    return r ? -1 : 0;
}

#define in_temporary_dir(test) cmocka_unit_test_setup_teardown(test, enter_temporary_dir, leave_temporary_dir)

#endif
