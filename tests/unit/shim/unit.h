/* What the unit tests of the shim share. */
#ifndef SAMPAN_TESTS_UNIT_SHIM_UNIT_H
#define SAMPAN_TESTS_UNIT_SHIM_UNIT_H

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
#include "base/fd.h"

/* `text` occurs in the error's text; else the test fails and shows both. */
static inline void assert_says(const struct err *e, const char *text)
{
    if (!strstr(e->text, text))
        fail_msg("the error \"%s\" does not say \"%s\"", e->text, text);
}

/* The call worked; else the test fails and shows the error. */
static inline void assert_works(int r, const struct err *e)
{
    if (r < 0)
        fail_msg("%d: %s", r, e->text);
}

#endif
