/*
 * The files that say where a container is: /etc/hosts, /etc/hostname, /etc/resolv.conf. Written into the container's
 * directory on disk and bound into it, writable there, so that the image stays as it is; on disk, because what it makes
 * of them must not fill the memory behind /run. A container that shares another's network gets that one's very files.
 */
#include "engine/bundle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "engine/hosts_file.h"
#include "engine/paths.h"

enum { FILE_MAX = 256 * 1024 };

static struct hosts_source source_of(const struct bundle *b)
{
    const struct attachment *a = b->attachment;
    return (struct hosts_source){.c = b->c,
                                 .is_host = b->plan->ns[NS_NET].how == NS_HOST,
                                 .plan = a->plan,
                                 .networks = a->networks,
                                 .config = a->config};
}

static int write_hosts(const struct bundle *b, struct strbuf *sb, struct err *e)
{
    struct hosts_source s = source_of(b);
    return hosts_file_write(&s, sb, e);
}

static int write_resolv_conf(const struct bundle *b, struct strbuf *sb, struct err *e)
{
    struct hosts_source s = source_of(b);
    return resolv_conf_write(&s, sb, e);
}

static int write_hostname(const struct bundle *b, struct strbuf *sb, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    if (b->plan->ns[NS_UTS].how != NS_HOST)
        strbuf_addf(sb, "%s\n", b->c->config.hostname);
    else if (file_read(AT_FDCWD, "/etc/hostname", FILE_MAX, &text, NULL, NULL) == 0)
        strbuf_adds(sb, text);
    return strbuf_check(sb, "/etc/hostname", e);
}

static const struct {
    const char *name, *destination;
    int (*write)(const struct bundle *b, struct strbuf *sb, struct err *e);
    bool goes_with_network;
} files[] = {
    {RESOLV_CONF_NAME, "/etc/resolv.conf", write_resolv_conf, true},
    {"hostname", "/etc/hostname", write_hostname, false},
    {HOSTS_NAME, "/etc/hosts", write_hosts, true},
};

/* Whether the user mounts something there, or above. */
static bool is_covered(const struct container *c, const char *destination)
{
    for (size_t i = 0; i < c->n_mounts; i++) {
        size_t n = strlen(c->mounts[i].destination);
        if (strncmp(c->mounts[i].destination, destination, n) == 0 && (destination[n] == '\0' || destination[n] == '/'))
            return true;
    }
    return false;
}

static int write_file(const struct bundle *b, size_t i, const char *path, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(FILE_MAX);
    int r = files[i].write(b, &sb, e);
    return r == 0 ? file_write(AT_FDCWD, path, strbuf_str(&sb), sb.len, 0644, e) : r;
}

int bundle_add_files(struct bundle *b, json_object *mounts, struct err *e)
{
    const struct ns_choice *net = &b->plan->ns[NS_NET];
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        _cleanup_free_ char *source = NULL;
        bool is_shared = files[i].goes_with_network && net->how == NS_CONTAINER;
        if (is_covered(b->c, files[i].destination))
            continue;
        int r = container_file(b->en->root, is_shared ? net->target : b->c->id, files[i].name, &source, e);
        if (r == 0 && !is_shared)
            r = write_file(b, i, source, e);
        if (r < 0)
            return r;
        json_object *words = bundle_add_mount(mounts, files[i].destination, "bind", source, NULL);
        json_object_array_add(words, json_object_new_string("bind"));
        json_object_array_add(words, json_object_new_string("rprivate"));
        if (b->c->host.readonly_rootfs)
            json_object_array_add(words, json_object_new_string("ro"));
        if (bundle_has_userns(b))
            json_object_array_add(words, json_object_new_string("idmap"));
    }
    return 0;
}
