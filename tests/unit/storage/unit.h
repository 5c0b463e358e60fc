/* What every test of this layer includes, in cmocka's order. */
#ifndef SAMPAN_TEST_STORAGE_UNIT_H
#define SAMPAN_TEST_STORAGE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"

#define assert_err(call, error_kind, part)                                                                             \
    do {                                                                                                               \
        struct err _e = ERR_INIT;                                                                                      \
        struct err *e = &_e;                                                                                           \
        assert_true((call) < 0);                                                                                       \
        assert_int_equal(_e.kind, (error_kind));                                                                       \
        if (!strstr(_e.text, (part)))                                                                                  \
            fail_msg("\"%s\" does not contain \"%s\"", _e.text, (part));                                               \
    } while (0)

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        struct err _e = ERR_INIT;                                                                                      \
        struct err *e = &_e;                                                                                           \
        if ((call) < 0)                                                                                                \
            fail_msg("%s", _e.text);                                                                                   \
    } while (0)

/* A directory of the test's own; removed with its contents by scratch_remove. */
static inline char *scratch_make(void)
{
    char *dir = strdup("/tmp/sampan-unit-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static inline void scratch_remove(char *dir)
{
    dir_remove_all(-100 /* AT_FDCWD */, dir, NULL);
    free(dir);
}

#endif
