/*
 * Times and sizes as people say them, with Docker's words. Pure functions: the caller gives the time that is "now".
 * Results are small values, nothing is freed.
 */
#ifndef SAMPAN_CLI_HUMAN_H
#define SAMPAN_CLI_HUMAN_H

#include <stdint.h>

#include "engine/container.h"

struct human {
    char text[64];
};

/* "5 seconds", "About a minute", "3 hours", "2 weeks"; what is negative is "Less than a second". */
struct human human_duration(int64_t ns);

/* The same with " ago". */
struct human human_ago(int64_t then_ns, int64_t now_ns);

/* Powers of 1000, three significant digits, as for images: "2.14MB". */
struct human human_size(int64_t bytes);

/* Powers of 1024, four significant digits, as for memory: "7.765GiB". */
struct human human_size_binary(int64_t bytes);

/* "2026-01-02 03:04:05 +0100 CET": in the local time zone, as Docker's CreatedAt. */
struct human human_time(int64_t ns);

/* "Created", "Up 3 hours", "Exited (137) 5 seconds ago", "Dead". */
struct human human_status(const struct container_state *s, int64_t now_ns);

#endif
