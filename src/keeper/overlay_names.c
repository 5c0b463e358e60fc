#include "keeper/overlay_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/strbuf.h"
#include "base/strv.h"

enum { NAMES_BYTES_MAX = 64 * 1024 };

struct name_path {
    char path[sizeof(OVERLAY_REMOTE_DIR) + 1 + ID_LEN];
};

/* False where there is none: see the header. */
static bool name_path(const struct overlay_member *m, struct name_path *ret)
{
    const char *id = m->key + strlen(OVERLAY_ENDPOINTS);

    if (overlay_member_is_host(m) || !id_is_valid(id))
        return false;
    snprintf(ret->path, sizeof(ret->path), "%s/%s", OVERLAY_REMOTE_DIR, id);
    return true;
}

static void add_line(struct strbuf *sb, const struct ip *ip, char *const *names)
{
    char text[IP_TEXT_MAX];

    if (!ip_is_set(ip))
        return;
    strbuf_adds(sb, ip_format(ip, text));
    STRV_FOREACH (name, names) {
        strbuf_addf(sb, " %s", *name);
    }
    strbuf_addc(sb, '\n');
}

/* Made beside the directory and renamed into it: dnsmasq would read every other file that is closed there. */
int overlay_names_write(int dir, const struct overlay_member *m, struct err *e)
{
    static const char temporary[] = "." OVERLAY_REMOTE_DIR;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(NAMES_BYTES_MAX);
    struct name_path file;
    int r;

    if (!name_path(m, &file) || strv_len(m->names) == 0)
        return 0;
    add_line(&sb, &m->station.ip4, m->names);
    add_line(&sb, &m->station.ip6, m->names);
    r = strbuf_check(&sb, "the names of a container", e);
    if (r == 0)
        r = file_write(dir, temporary, strbuf_str(&sb), sb.len, 0644, e);
    if (r == 0 && renameat(dir, temporary, dir, file.path) < 0)
        r = err_sys(e, "rename %s", temporary);
    return r;
}

void overlay_names_remove(int dir, const struct overlay_member *m)
{
    struct name_path file;

    if (name_path(m, &file))
        (void)unlinkat(dir, file.path, 0);
}

void overlay_names_sweep(int dir, bool (*keep)(const char *container, void *arg), void *arg)
{
    _cleanup_strv_ char **ids = NULL;

    if (dir_list(dir, OVERLAY_REMOTE_DIR, &ids, NULL) < 0)
        return;
    STRV_FOREACH (id, ids) {
        struct name_path file;

        if (!id_is_valid(*id) || keep(*id, arg))
            continue;
        snprintf(file.path, sizeof(file.path), "%s/%s", OVERLAY_REMOTE_DIR, *id);
        (void)unlinkat(dir, file.path, 0);
    }
}
