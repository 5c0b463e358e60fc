#include "storage/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strv.h"
#include "storage/db.h"

enum { DIGEST_HEX_LEN = 64 };
#define DIGEST_PREFIX "sha256:"

void image_row_release(struct image_row *row)
{
    free(row->id);
    free(row->config);
    strv_free(row->tags);
    *row = IMAGE_ROW_INIT;
}

int images_put(struct db *db, const struct image_row *row, struct err *e)
{
    int r = db_run(db, "INSERT OR REPLACE INTO images (id, created, size, config) VALUES (?,?,?,?)",
                   DB_VALUES(db_text(row->id), db_int(row->created), db_int(row->size), db_text(row->config)), e);
    if (r < 0)
        return r;
    STRV_FOREACH (tag, row->tags) {
        r = db_run(db, "INSERT OR REPLACE INTO tags (name, image) VALUES (?,?)",
                   DB_VALUES(db_text(*tag), db_text(row->id)), e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_tags(struct db *db, struct image_row *row, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "SELECT name FROM tags WHERE image = ? ORDER BY name", DB_VALUES(db_text(row->id)), &s, e);
    if (r < 0)
        return r;
    while ((r = db_step(s, e)) > 0) {
        r = strv_add(&row->tags, db_column_text(s, 0), e);
        if (r < 0)
            return r;
    }
    return r;
}

static int read_row(struct db *db, struct db_stmt *s, struct image_row *ret, struct err *e)
{
    int r = db_column_copy(s, 0, &ret->id, e);
    if (r < 0)
        return r;
    ret->created = db_column_int(s, 1);
    ret->size = db_column_int(s, 2);
    r = db_column_copy(s, 3, &ret->config, e);
    if (r < 0)
        return r;
    return read_tags(db, ret, e);
}

#define COLUMNS "images.id, images.created, images.size, images.config"

static int get_by(struct db *db, const char *sql, const char *key, struct image_row *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, sql, DB_VALUES(db_text(key)), &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r <= 0)
        return r;
    r = read_row(db, s, ret, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r < 0)
        return r;
    return r == 0 ? 1 : err_invalid(e, "several images have ids that begin with %s: give more digits", key);
}

int images_find(struct db *db, const char *tag_or_id, struct image_row *ret, struct err *e)
{
    int r = get_by(db, "SELECT " COLUMNS " FROM tags JOIN images ON images.id = tags.image WHERE tags.name = ?",
                   tag_or_id, ret, e);
    if (r != 0)
        return r;
    const char *hex = tag_or_id;
    if (strncmp(hex, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
        hex += strlen(DIGEST_PREFIX);
    size_t n = strlen(hex);
    if (n == 0 || n > DIGEST_HEX_LEN || strspn(hex, "0123456789abcdef") != n)
        return 0;
    _cleanup_strbuf_ struct strbuf id = STRBUF_INIT(128);
    strbuf_addf(&id, DIGEST_PREFIX "%s", hex);
    return get_by(db, "SELECT " COLUMNS " FROM images WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2", strbuf_str(&id), ret,
                  e);
}

int images_each(struct db *db, int (*each)(const struct image_row *row, void *arg, struct err *e), void *arg,
                struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "SELECT " COLUMNS " FROM images ORDER BY created DESC, id", DB_NO_VALUES, &s, e);
    while (r == 0) {
        _cleanup_image_row_ struct image_row row = IMAGE_ROW_INIT;
        r = db_step(s, e);
        if (r <= 0)
            return r;
        r = read_row(db, s, &row, e);
        if (r == 0)
            r = each(&row, arg, e);
    }
    return r;
}

int images_untag(struct db *db, const char *tag, struct err *e)
{
    int r = db_run(db, "DELETE FROM tags WHERE name = ?", DB_VALUES(db_text(tag)), e);
    return r < 0 ? r : 0;
}

int images_delete(struct db *db, const char *id, struct err *e)
{
    int r = db_run(db, "DELETE FROM tags WHERE image = ?", DB_VALUES(db_text(id)), e);
    if (r >= 0)
        r = db_run(db, "DELETE FROM images WHERE id = ?", DB_VALUES(db_text(id)), e);
    return r < 0 ? r : 0;
}
