#include "engine/idrange.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "storage/containers.h"

enum { SUBID_FILE_MAX = 1024 * 1024 };

uint32_t idrange_base(int64_t slot)
{
    return slot == ROW_NO_SLOT ? UINT32_C(0) : IDRANGE_FIRST + (uint32_t)slot * IDRANGE_SIZE;
}

int64_t idrange_slot(uint32_t base)
{
    if (base < IDRANGE_FIRST)
        return ROW_NO_SLOT;
    return (base - IDRANGE_FIRST) / IDRANGE_SIZE;
}

/* The first id after the delegated range that touches [base, base + IDRANGE_SIZE), or 0. A line is
 * "user:first:count"; lines that are not are ignored, as newuidmap(1) ignores them. */
static uint64_t overlap_end(const char *text, uint64_t base)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        unsigned long long first, count;
        const char *colon = strchr(line, ':');
        if (!colon || sscanf(colon, ":%llu:%llu", &first, &count) != 2)
            continue;
        if (count > 0 && first < base + IDRANGE_SIZE && base < first + count)
            return first + count;
    }
    return 0;
}

static int next_slot(uint64_t id, int64_t *ret, struct err *e)
{
    if (id >= IDRANGE_END)
        return err_set(e, ERR_UNSUPPORTED, 0,
                       "no range of 65536 ids is free between %u and %u (see /etc/subuid, /etc/subgid)", IDRANGE_FIRST,
                       IDRANGE_END - 1);
    *ret = (int64_t)((id - IDRANGE_FIRST + IDRANGE_SIZE - 1) / IDRANGE_SIZE);
    return 0;
}

/* Every round passes a leased or a delegated range, so it ends. */
int idrange_lease_beside(struct db *db, const char *const *files, int64_t *ret_slot, struct err *e)
{
    char *text[2] = {NULL, NULL};
    for (size_t i = 0; i < ARRAY_SIZE(text) && files[i]; i++)
        if (file_read(AT_FDCWD, files[i], SUBID_FILE_MAX, &text[i], NULL, NULL) < 0)
            text[i] = NULL; /* no such file: nothing is delegated */
    int64_t slot = 0;
    int r = 0;
    for (uint64_t end = 1; r == 0 && end;) {
        r = containers_free_slot(db, slot, &slot, e);
        if (r == 0)
            r = next_slot(idrange_base(slot), &slot, e);
        end = 0;
        for (size_t i = 0; r == 0 && !end && i < ARRAY_SIZE(text); i++)
            end = overlap_end(text[i], idrange_base(slot));
        if (end)
            r = next_slot(end, &slot, e);
    }
    for (size_t i = 0; i < ARRAY_SIZE(text); i++)
        free(text[i]);
    if (r == 0)
        *ret_slot = slot;
    return r;
}

int idrange_lease(struct db *db, int64_t *ret_slot, struct err *e)
{
    static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
    return idrange_lease_beside(db, files, ret_slot, e);
}
