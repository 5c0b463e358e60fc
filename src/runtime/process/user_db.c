#include <stdlib.h>
#include <string.h>

#include "runtime/process/process.h"

enum user_id_kind user_db_parse_id(const char *text, uint32_t *ret)
{
    uint32_t id = 0;

    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return USER_ID_NAME;
    for (const char *p = text; *p; p++) {
        if (__builtin_mul_overflow(id, 10U, &id) || __builtin_add_overflow(id, (uint32_t)(*p - '0'), &id) ||
            id > INT32_MAX)
            return USER_ID_OUT_OF_RANGE;
    }
    *ret = id;
    return USER_ID_NUMBER;
}

/* Cuts a line into its fields at each ':'; the count, at most max. Fields beyond max stay part of the last one. */
static size_t cut_line(char *line, char **fields, size_t max)
{
    size_t n = 0;

    while (n < max - 1 && line)
        fields[n++] = strsep(&line, ":");
    if (line)
        fields[n++] = line;
    return n;
}

/* An entry whose id is no proper number is no entry: taking 4294967296 for 0 would make its user root. */
bool user_db_next_user(char **text, struct user_entry *ret)
{
    enum { NAME, PASSWORD, UID, GID, COMMENT, HOME, SHELL, FIELDS };
    char *line;

    while ((line = strsep(text, "\n"))) {
        char *f[FIELDS];

        if (cut_line(line, f, FIELDS) <= HOME || *f[NAME] == '\0')
            continue;
        if (user_db_parse_id(f[UID], &ret->uid) != USER_ID_NUMBER ||
            user_db_parse_id(f[GID], &ret->gid) != USER_ID_NUMBER)
            continue;
        ret->name = f[NAME];
        ret->home = f[HOME];
        return true;
    }
    return false;
}

bool user_db_next_group(char **text, struct group_entry *ret)
{
    enum { NAME, PASSWORD, GID, MEMBERS, FIELDS };
    char *line;

    while ((line = strsep(text, "\n"))) {
        char *f[FIELDS];

        if (cut_line(line, f, FIELDS) <= MEMBERS || *f[NAME] == '\0')
            continue;
        if (user_db_parse_id(f[GID], &ret->gid) != USER_ID_NUMBER)
            continue;
        ret->name = f[NAME];
        ret->members = f[MEMBERS];
        return true;
    }
    return false;
}
