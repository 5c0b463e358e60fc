/* A container as a row of `ps`: a JSON object with Docker's keys (ID, Names, Status …) and "Isolation". */
#ifndef SAMPAN_CLI_CONTAINER_ROW_H
#define SAMPAN_CLI_CONTAINER_ROW_H

#include "base/json.h"
#include "base/strbuf.h"
#include "engine/container.h"

struct row_options {
    bool no_trunc;
    int64_t now; /* ns since the epoch */
};

/* Owned by the caller. */
json_object *container_row(const struct container *c, const struct row_options *o);

/* Which of the default fences are down: "privileged, host: net user, no seccomp"; empty when none is. */
void container_isolation(const struct container *c, struct strbuf *out);

#endif
