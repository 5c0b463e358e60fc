#include "network/instance.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"

/* FNV-1a: names have to differ between the few run roots of one machine, no more. */
static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u;

    for (; *s != '\0'; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static void name_default(struct net_instance *in)
{
    (void)snprintf(in->table, sizeof(in->table), "sampan");
    (void)snprintf(in->default_bridge, sizeof(in->default_bridge), "sampan0");
    (void)snprintf(in->gate_in, sizeof(in->gate_in), "sampan-gate");
    (void)snprintf(in->gate_out, sizeof(in->gate_out), "sampan-gate1");
}

static void name_tagged(struct net_instance *in)
{
    (void)snprintf(in->tag, sizeof(in->tag), "%08x", hash(in->run_root));
    (void)snprintf(in->table, sizeof(in->table), "sampan-%s", in->tag);
    (void)snprintf(in->default_bridge, sizeof(in->default_bridge), "sp-%s", in->tag);
    (void)snprintf(in->gate_in, sizeof(in->gate_in), "spg-%s", in->tag);
    (void)snprintf(in->gate_out, sizeof(in->gate_out), "sph-%s", in->tag);
}

int net_instance_open(const char *run_root, struct net_instance *ret, struct err *e)
{
    struct net_instance in = NET_INSTANCE_INIT;
    char path[sizeof(in.run_root) + sizeof("/networks")];
    size_t len = strlen(run_root);
    int r;

    while (len > 1 && run_root[len - 1] == '/') /* the same directory has the same names */
        len--;
    if (run_root[0] != '/' || len >= sizeof(in.run_root))
        return err_invalid(e, "the run root \"%s\" is not an absolute path of less than %zu bytes", run_root,
                           sizeof(in.run_root));
    memcpy(in.run_root, run_root, len);
    if (strcmp(in.run_root, NETWORK_RUN_ROOT_DEFAULT) == 0)
        name_default(&in);
    else
        name_tagged(&in);

    (void)snprintf(path, sizeof(path), "%s/networks", in.run_root);
    r = dir_make_all(AT_FDCWD, path, 0711, &in.dir_fd, e);
    if (r == 0)
        *ret = in;
    return r;
}

void net_instance_close(struct net_instance *in)
{
    fd_close(&in->dir_fd);
}
