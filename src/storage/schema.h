/*
 * The tables and how they came to be: one script per version, applied in order and counted in the file's user_version.
 * A released script is never changed; a change is a new one.
 */
#ifndef SAMPAN_STORAGE_SCHEMA_H
#define SAMPAN_STORAGE_SCHEMA_H

#include "base/err.h"

struct db;

/* Cheap when there is nothing to do: one read of the file's header. */
int schema_migrate(struct db *db, struct err *e);

/* Writes the version that is there already: the smallest write there is. */
void schema_touch(struct db *db);

#endif
