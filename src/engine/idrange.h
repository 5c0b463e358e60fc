/*
 * Ranges of ids: every container with a user namespace of its own gets 65,536 ids that nothing else on this host uses.
 *
 * Slot n is the ids from IDRANGE_FIRST + n * IDRANGE_SIZE. A slot is leased in the container's row, in the
 * transaction that starts it, and goes back when the row says that it ended; nothing on disk is ever owned by these
 * ids (idmapped mounts), so a slot can be used again at once. What /etc/subuid and /etc/subgid delegate to users is
 * skipped.
 */
#ifndef SAMPAN_ENGINE_IDRANGE_H
#define SAMPAN_ENGINE_IDRANGE_H

#include <stdint.h>

#include "base/err.h"

struct db;

#define IDRANGE_SIZE UINT32_C(65536)
#define IDRANGE_FIRST UINT32_C(0x20000000)
#define IDRANGE_END UINT32_C(0x80000000) /* ids are signed in some programs */

/* The lowest free slot, in the caller's transaction. ERR_UNSUPPORTED when the pool is used up. */
int idrange_lease(struct db *db, int64_t *ret_slot, struct err *e);

/* First host id of a slot, and back; ROW_NO_SLOT is 0. */
uint32_t idrange_base(int64_t slot);
int64_t idrange_slot(uint32_t base);

/* For tests: as idrange_lease with other files than /etc/subuid and /etc/subgid. */
int idrange_lease_beside(struct db *db, const char *const *files, int64_t *ret_slot, struct err *e);

#endif
