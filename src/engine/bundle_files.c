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
#include "base/strv.h"
#include "engine/paths.h"

enum { FILE_MAX = 256 * 1024 };

static const char hosts_default[] = "127.0.0.1\tlocalhost\n"
                                    "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                    "fe00::0\tip6-localnet\n"
                                    "ff00::0\tip6-mcastprefix\n"
                                    "ff02::1\tip6-allnodes\n"
                                    "ff02::2\tip6-allrouters\n";

/* The host's file, empty when there is none. */
static void add_host_file(struct strbuf *sb, const char *path)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, NULL) == 0)
        strbuf_adds(sb, text);
}

/* --add-host NAME:IP, or NAME=IP. */
static void write_hosts(const struct bundle *b, struct strbuf *sb)
{
    if (b->plan->ns[NS_NET].how == NS_HOST)
        add_host_file(sb, "/etc/hosts");
    else
        strbuf_adds(sb, hosts_default);
    STRV_FOREACH (host, b->c->host.extra_hosts) {
        size_t n = strcspn(*host, "=:");
        if ((*host)[n])
            strbuf_addf(sb, "%s\t%.*s\n", *host + n + 1, (int)n, *host);
    }
}

static void write_hostname(const struct bundle *b, struct strbuf *sb)
{
    if (b->plan->ns[NS_UTS].how == NS_HOST)
        add_host_file(sb, "/etc/hostname");
    else
        strbuf_addf(sb, "%s\n", b->c->config.hostname);
}

static void add_list(struct strbuf *sb, const char *word, char *const *v)
{
    if (strv_len(v) == 0)
        return;
    strbuf_adds(sb, word);
    STRV_FOREACH (item, v)
        strbuf_addf(sb, " %s", *item);
    strbuf_addc(sb, '\n');
}

static bool is_loopback_server(const char *line)
{
    char word[16], address[64];
    return sscanf(line, "%15s %63s", word, address) == 2 && strcmp(word, "nameserver") == 0 &&
           (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
}

/* A name server on the host's loopback is out of reach from another network namespace. */
static void add_host_resolver(struct strbuf *sb, bool keep_loopback)
{
    _cleanup_strbuf_ struct strbuf host = STRBUF_INIT(FILE_MAX);
    _cleanup_strv_ char **lines = NULL;
    add_host_file(&host, "/etc/resolv.conf");
    if (strv_split(strbuf_str(&host), '\n', &lines, NULL) < 0)
        return;
    STRV_FOREACH (line, lines)
        if (**line && (keep_loopback || !is_loopback_server(*line)))
            strbuf_addf(sb, "%s\n", *line);
}

static void write_resolv_conf(const struct bundle *b, struct strbuf *sb)
{
    const struct host_config *h = &b->c->host;
    if (strv_len(h->dns) == 0 && strv_len(h->dns_search) == 0 && strv_len(h->dns_options) == 0) {
        add_host_resolver(sb, b->plan->ns[NS_NET].how == NS_HOST);
        return;
    }
    STRV_FOREACH (server, h->dns)
        strbuf_addf(sb, "nameserver %s\n", *server);
    add_list(sb, "search", h->dns_search);
    add_list(sb, "options", h->dns_options);
}

static const struct {
    const char *name, *destination;
    void (*write)(const struct bundle *b, struct strbuf *sb);
    bool goes_with_network;
} files[] = {
    {"resolv.conf", "/etc/resolv.conf", write_resolv_conf, true},
    {"hostname", "/etc/hostname", write_hostname, false},
    {"hosts", "/etc/hosts", write_hosts, true},
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
    files[i].write(b, &sb);
    int r = strbuf_check(&sb, files[i].destination, e);
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
