/*
 * Who the payload is: "name", "uid", "name:group", "uid:gid" and so on, against the container's /etc/passwd and
 * /etc/group.
 *
 * Mustn't: look a number up as a name first (CVE-2016-3697); take an id that overflows (CVE-2024-40635); leave the
 * primary group out of the supplementary ones, since dropping it would then undo a "deny" for it (CVE-2022-36109).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "runtime/process/process.h"

enum { DB_BYTES_MAX = 1024 * 1024, GROUPS_MAX = 65536 };

void identity_release(struct identity *id)
{
    free(id->groups);
    free(id->home);
    *id = (struct identity){.groups = NULL};
}

/* ---- the two files ---- */

/* An image without the file is one with no entries. */
static int read_db(const char *path, char **ret, struct err *e)
{
    int r = file_read(AT_FDCWD, path, DB_BYTES_MAX, ret, NULL, e);

    if (r != -ENOENT && r != -ENOTDIR)
        return r < 0 ? err_context(e, "the container's user database") : 0;
    *ret = strdup("");
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "read %s", path);
}

/* One half of NAME[:GROUP], as text and, where it is one, as a number. */
struct wanted {
    const char *text; /* NULL: not given */
    bool is_number;
    uint32_t number;
};

static int parse_wanted(const char *text, const char *what, struct wanted *ret, struct err *e)
{
    *ret = (struct wanted){.text = text};
    switch (user_db_parse_id(text, &ret->number)) {
    case USER_ID_NAME:
        /* "+0", "-1" and " 0" are numbers to some parsers, and the name of nobody. */
        if (strpbrk(text, "+-") != text && !strpbrk(text, " \t\n"))
            return 0;
        return err_invalid(e, "\"%s\" is neither a name nor a number of a %s", text, what);
    case USER_ID_NUMBER:
        ret->is_number = true;
        return 0;
    case USER_ID_OUT_OF_RANGE:
        break;
    }
    return err_invalid(e, "%s %s: ids go from 0 to 2147483647", what, text);
}

static bool is_wanted(const struct wanted *w, const char *name, uint32_t id)
{
    return w->is_number ? id == w->number : strcmp(name, w->text) == 0;
}

/* *ret is an entry without a name when there is none. */
static bool find_user(const struct wanted *w, char *text, struct user_entry *ret)
{
    while (user_db_next_user(&text, ret)) {
        if (is_wanted(w, ret->name, ret->uid))
            return true;
    }
    *ret = (struct user_entry){.name = NULL};
    return false;
}

static bool find_group(const struct wanted *w, char *text, struct group_entry *ret)
{
    while (user_db_next_group(&text, ret)) {
        if (is_wanted(w, ret->name, ret->gid))
            return true;
    }
    return false;
}

/* ---- the identity ---- */

static int add_group(struct identity *id, gid_t gid, struct err *e)
{
    gid_t *groups;

    for (size_t i = 0; i < id->n_groups; i++) {
        if (id->groups[i] == gid)
            return 0;
    }
    if (id->n_groups == GROUPS_MAX)
        return err_invalid(e, "the user is in more than %d groups", GROUPS_MAX);
    groups = realloc(id->groups, (id->n_groups + 1) * sizeof(*groups));
    if (!groups)
        return err_set(e, ERR_SYS, ENOMEM, "collect the user's groups");
    groups[id->n_groups++] = gid;
    id->groups = groups;
    return 0;
}

static bool has_member(char *members, const char *name)
{
    char *member;

    while ((member = strsep(&members, ","))) {
        if (strcmp(member, name) == 0)
            return true;
    }
    return false;
}

static int add_memberships(struct identity *id, const char *name, char *text, struct err *e)
{
    struct group_entry group;
    int r = 0;

    while (r == 0 && user_db_next_group(&text, &group)) {
        if (has_member(group.members, name))
            r = add_group(id, group.gid, e);
    }
    return r;
}

static int settle_group(const struct wanted *w, struct identity *id, char *text, struct err *e)
{
    struct group_entry group;

    if (find_group(w, text, &group))
        id->gid = group.gid;
    else if (w->is_number)
        id->gid = w->number;
    else
        return err_invalid(e, "unable to find group %s: no matching entries in group file", w->text);
    return add_group(id, id->gid, e);
}

/* What /etc/passwd knows of the user; *ret is its entry, whose name is NULL when there is none. */
static int settle_user(const struct wanted *w, struct identity *id, char *text, struct user_entry *ret, struct err *e)
{
    if (find_user(w, text, ret)) {
        id->uid = ret->uid;
        id->gid = ret->gid;
    } else if (w->is_number) {
        id->uid = w->number;
        id->gid = 0;
    } else {
        return err_invalid(e, "unable to find user %s: no matching entries in passwd file", w->text);
    }
    id->home = strdup(ret->name && *ret->home ? ret->home : "/");
    return id->home ? 0 : err_set(e, ERR_SYS, ENOMEM, "resolve the user");
}

static int resolve_names(const char *user, const char *group, struct identity *id, struct err *e)
{
    _cleanup_free_ char *passwd = NULL;
    _cleanup_free_ char *groups = NULL;
    struct user_entry entry;
    struct wanted w;
    int r;

    r = parse_wanted(*user ? user : "0", "user", &w, e);
    if (r == 0)
        r = read_db("/etc/passwd", &passwd, e);
    if (r == 0)
        r = settle_user(&w, id, passwd, &entry, e);
    if (r == 0)
        r = read_db("/etc/group", &groups, e);
    if (r < 0)
        return r;
    if (group && *group) {
        r = parse_wanted(group, "group", &w, e);
        return r < 0 ? r : settle_group(&w, id, groups, e);
    }
    r = add_group(id, id->gid, e);
    return r == 0 && entry.name ? add_memberships(id, entry.name, groups, e) : r;
}

/* --group-add: the user's own group stays. */
static int add_more_groups(char *const *names, struct identity *id, struct err *e)
{
    _cleanup_free_ char *groups = NULL;
    int r = read_db("/etc/group", &groups, e);

    STRV_FOREACH (name, names) {
        _cleanup_free_ char *text = groups ? strdup(groups) : NULL; /* looking for one cuts the text up */
        struct group_entry group;
        struct wanted w;

        if (r == 0)
            r = parse_wanted(*name, "group", &w, e);
        if (r < 0)
            return r;
        if (find_group(&w, text, &group))
            r = add_group(id, group.gid, e);
        else if (w.is_number)
            r = add_group(id, w.number, e);
        else
            r = err_invalid(e, "unable to find group %s: no matching entries in group file", w.text);
    }
    return r;
}

/* The numbers of an OCI process: they hold as they are, and /etc/passwd is asked for the home only. */
static int resolve_numbers(const struct spec_user *user, struct identity *id, struct err *e)
{
    const struct wanted w = {.is_number = true, .number = user->uid};
    _cleanup_free_ char *passwd = NULL;
    struct user_entry entry;
    int r;

    r = read_db("/etc/passwd", &passwd, e);
    if (r == 0)
        r = settle_user(&w, id, passwd, &entry, e);
    id->gid = user->gid;
    return r == 0 ? add_group(id, user->gid, e) : r;
}

static int resolve(const struct spec_user *user, struct identity *id, struct err *e)
{
    _cleanup_free_ char *name = user->name ? strdup(user->name) : NULL;
    char *group = name;
    int r;

    if (user->name && !name)
        return err_set(e, ERR_SYS, ENOMEM, "resolve the user");
    if (name) {
        (void)strsep(&group, ":");
        r = resolve_names(name, group, id, e);
    } else {
        r = resolve_numbers(user, id, e);
    }
    for (size_t i = 0; r == 0 && i < user->n_groups; i++)
        r = add_group(id, user->groups[i], e);
    return r == 0 && strv_len(user->more_groups) > 0 ? add_more_groups(user->more_groups, id, e) : r;
}

int user_resolve(const struct spec_user *user, struct identity *ret, struct err *e)
{
    struct identity id = {.groups = NULL};
    int r = resolve(user, &id, e);

    if (r < 0)
        identity_release(&id);
    else
        *ret = id;
    return r;
}
