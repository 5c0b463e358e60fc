/*
 * The containers' rows. What a row means (states, ranges, JSON) is the engine's affair; here it is found, written and
 * kept unique.
 */
#ifndef SAMPAN_STORAGE_CONTAINERS_H
#define SAMPAN_STORAGE_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct db;

enum { ROW_ID_LEN = 64, ROW_NO_SLOT = -1 };

/* Strings are owned: container_row_release. */
struct container_row {
    char id[ROW_ID_LEN + 1];
    char *name;
    int64_t created;
    char *image;
    bool auto_remove;
    int status; /* enum container_status */
    int exit_code;
    bool oom_killed;
    char *error;
    int64_t started_at, finished_at;
    int64_t id_slot; /* ROW_NO_SLOT: none */
    char *spec;      /* JSON */
};

#define CONTAINER_ROW_INIT ((struct container_row){.id_slot = ROW_NO_SLOT})
void container_row_release(struct container_row *row);
#define _cleanup_row_ _cleanup_(container_row_release)

/* ERR_CONFLICT with Docker's sentence when the name is taken. */
int containers_insert(struct db *db, const struct container_row *row, struct err *e);

/* By whole name, whole id, or unique prefix of an id, in this order. -ENOENT: ERR_NOT_FOUND "no such container: x";
 * ERR_INVALID for a prefix of several. */
int containers_find(struct db *db, const char *ref, struct container_row *ret, struct err *e);

/* By whole id; 1 when it is there, 0 when not. */
int containers_get(struct db *db, const char *id, struct container_row *ret, struct err *e);

/* Newest first. A negative return of `each` ends the walk and is returned. only_active: those that hold a range or
 * are not at rest, that is status `active`. */
int containers_each(struct db *db, int (*each)(const struct container_row *row, void *arg, struct err *e), void *arg,
                    struct err *e);

/* Writes status, exit_code, oom_killed, error, started_at, finished_at and id_slot. */
int containers_set_state(struct db *db, const struct container_row *row, struct err *e);

/* Replaces the configuration of one that changed after its creation. */
int containers_set_spec(struct db *db, const char *id, const char *spec, struct err *e);

int containers_rename(struct db *db, const char *id, const char *name, struct err *e);
int containers_delete(struct db *db, const char *id, struct err *e);

/* The name or id of one container that was made from the image; NULL when none. */
int containers_using_image(struct db *db, const char *image, char **ret_name, struct err *e);

/* The lowest slot >= from that no row holds. In a transaction, or it is stale when it returns. */
int containers_free_slot(struct db *db, int64_t from, int64_t *ret, struct err *e);

#endif
