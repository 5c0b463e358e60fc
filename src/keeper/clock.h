/* The keeper's clock: milliseconds that no change of the wall clock moves. */
#ifndef SAMPAN_KEEPER_CLOCK_H
#define SAMPAN_KEEPER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

#endif
