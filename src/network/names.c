#include "network/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/strbuf.h"
#include "base/strv.h"

#define ENDPOINTS_DIR "endpoints"

enum { FILE_BYTES_MAX = 64 * 1024, FILE_MODE = 0644 };

struct endpoint_file {
    char path[sizeof(ENDPOINTS_DIR) + sizeof("/.") + ID_LEN];
};

static struct endpoint_file endpoint_file(const char *dot, const char *container)
{
    struct endpoint_file f;

    (void)snprintf(f.path, sizeof(f.path), ENDPOINTS_DIR "/%s%.*s", dot, ID_LEN, container);
    return f;
}

/* "172.18.0.5 web web-alias\n". What is no name could be taken for another line. */
static int add_line(struct strbuf *text, const struct ip *ip, char *const *names, struct err *e)
{
    char address[IP_TEXT_MAX];

    if (!ip_is_set(ip))
        return 0;
    strbuf_adds(text, ip_format(ip, address));
    STRV_FOREACH (name, names) {
        if (!name_is_valid(*name, 1))
            return err_invalid(e, "\"%.300s\" can be no name on a network: only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed",
                               *name);
        strbuf_addf(text, " %s", *name);
    }
    strbuf_addc(text, '\n');
    return 0;
}

/* By rename(2) from a name that begins with a dot: dnsmasq leaves those alone, and reads what is renamed. */
static int replace(int network_dir, const char *container, const struct strbuf *text, struct err *e)
{
    struct endpoint_file file = endpoint_file("", container), temporary = endpoint_file(".", container);
    int r = file_write(network_dir, temporary.path, strbuf_str(text), text->len, FILE_MODE, e);

    if (r < 0)
        return r;
    /* dnsmasq is not root, whatever our umask is. */
    if (fchmodat(network_dir, temporary.path, FILE_MODE, 0) < 0 ||
        renameat(network_dir, temporary.path, network_dir, file.path) < 0) {
        r = err_sys(e, "write %s", file.path);
        unlinkat(network_dir, temporary.path, 0);
    }
    return r;
}

int endpoint_write(int network_dir, const char *container, const struct net_interface *i, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(FILE_BYTES_MAX);
    int r = add_line(&text, &i->address4.ip, i->names, e);

    if (r == 0)
        r = add_line(&text, &i->address6.ip, i->names, e);
    if (r == 0)
        r = strbuf_check(&text, "the names of a container", e);
    return r == 0 ? replace(network_dir, container, &text, e) : r;
}

int endpoint_remove(int network_dir, const char *container, struct err *e)
{
    struct endpoint_file file = endpoint_file("", container);

    if (unlinkat(network_dir, file.path, 0) < 0 && errno != ENOENT)
        return err_sys(e, "remove %s", file.path);
    return 0;
}

int endpoint_path(const char *network_id, const char *container, char **ret, struct err *e)
{
    if (asprintf(ret, "%s/%s", network_id, endpoint_file("", container).path) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "name an endpoint");
    return 0;
}

int endpoints_list(int network_dir, char ***ret, struct err *e)
{
    struct err own = ERR_INIT;
    _cleanup_strv_ char **names = NULL, **ids = NULL;
    int r = dir_list(network_dir, ENDPOINTS_DIR, &names, &own);

    if (r < 0 && r != -ENOENT) { /* no directory: it was never up, or is going away */
        if (e)
            *e = own;
        return r;
    }
    STRV_FOREACH (name, names) {
        r = id_is_valid(*name) ? strv_add(&ids, *name, e) : 0;
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(ids);
    return 0;
}
