/*
 * Ownership by scope: a variable marked _cleanup_(f) is released by f when its scope ends, however it ends.
 * What outlives the scope is taken out of the variable with TAKE_PTR or TAKE_FD (base/fd.h).
 */
#ifndef SAMPAN_BASE_CLEANUP_H
#define SAMPAN_BASE_CLEANUP_H

#include <stdlib.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

#define _cleanup_free_ _cleanup_(cleanup_free)

/* The pointer, and NULL left in its place: ownership moves to whoever gets the value. */
#define TAKE_PTR(p)                                                                                                    \
    ({                                                                                                                 \
        typeof(p) *_take_pp = &(p);                                                                                    \
        typeof(p) _take_p = *_take_pp;                                                                                 \
        *_take_pp = NULL;                                                                                              \
        _take_p;                                                                                                       \
    })

/* Makes `static inline void cleanup_NAME(type *p)` for a heap object released by free_fn(type). */
#define DEFINE_CLEANUP_PTR(name, type, free_fn)                                                                        \
    static inline void cleanup_##name(type *p)                                                                         \
    {                                                                                                                  \
        if (*p)                                                                                                        \
            free_fn(*p);                                                                                               \
    }

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
