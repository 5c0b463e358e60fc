/*
 * /dev: a small tmpfs with the nodes every container has.
 *
 * The shim makes it, in the host's user namespace: a superblock that was made inside a user namespace refuses device
 * nodes, this one does not, and idmapping the mount gives it to the container's root. So no device is bound from the
 * host, and a user namespace makes no difference. Which of the nodes may be opened is up to the device cgroup.
 *
 * Where the shim itself is below the initial user namespace (an unprivileged user's), nodes can't be made: empty files take
 * their place, and once the tmpfs is mounted the init binds the host's nodes on them.
 *
 * A spec that mounts nothing at /dev gets this one all the same, rather than nodes made in the image's own /dev, where
 * a symlink might lead anywhere (CVE-2026-41579, CVE-2026-47766). Where the user binds something to /dev it is left as
 * it is.
 *
 * Source: OCI runtime-spec config-linux.md (Default Devices, Default Filesystems), mknod(2), user_namespaces(7).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/rootfs/parts.h"

static const struct spec_mount implied_mount = {
    .source = (char *)"tmpfs",
    .target = (char *)"/dev",
    .type = (char *)"dev",
    .attr_set = MOUNT_ATTR_NOSUID,
};

/* As Docker's, where the spec does not say. */
static const char *const default_options[][2] = {
    {"size", "65536k"},
    {"mode", "755"},
};

static const struct {
    const char *name;
    unsigned major, minor;
} nodes[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
    const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

/* Targets of further mounts; made here because it is one step in place of several. */
static const char *const dirs[] = {"pts", "shm", "mqueue"};

static bool is_dev(const char *target)
{
    return strcmp(target, "/dev") == 0 || strcmp(target, "/dev/") == 0;
}

bool dev_is_ours(const struct spec_mount *m)
{
    return strcmp(m->type, "dev") == 0 || (strcmp(m->type, "tmpfs") == 0 && is_dev(m->target));
}

bool dev_is_implied(const struct spec *spec)
{
    for (size_t i = 0; i < spec->n_mounts; i++)
        if (is_dev(spec->mounts[i].target) || dev_is_ours(&spec->mounts[i]))
            return false;
    return true;
}

static mode_t type_bits(char type)
{
    return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

/* The directory of a device below /dev: "/dev/net/tun" -> an fd of net, made, and "tun". */
static int open_parent(int dev_fd, const char *path, const char **ret_name, struct err *e)
{
    const char *below = path + strlen("/dev/");
    const char *slash = strrchr(below, '/');
    _cleanup_free_ char *parent = strndup(below, slash ? (size_t)(slash - below) : 0);

    if (!parent)
        return err_set(e, ERR_SYS, ENOMEM, "make device %s", path);
    *ret_name = slash ? slash + 1 : below;
    return path_make_dirs(dev_fd, parent, 0755, e);
}

/* An empty file in its place where nodes are refused. */
static int make_node(int dir_fd, const char *name, mode_t mode, dev_t device)
{
    if (mknodat(dir_fd, name, mode, device) == 0)
        return 0;
    return errno == EPERM ? mknodat(dir_fd, name, S_IFREG | (mode & 07777), 0) : -1;
}

static int make_device(int dev_fd, const struct spec_device *d, struct err *e)
{
    const char *name;
    _cleanup_close_ int parent = open_parent(dev_fd, d->path, &name, e);

    if (parent < 0)
        return parent;
    if (make_node(parent, name, type_bits(d->type) | (d->mode & 07777), makedev(d->major, d->minor)) < 0)
        return err_sys(e, "make device %s", d->path);
    if ((d->uid || d->gid) && fchownat(parent, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "give device %s to %u:%u", d->path, d->uid, d->gid);
    return 0;
}

/* The spec's devices come first: where one is named as a default node (OCI configurations list /dev/null), it holds. */
static int populate(int dev_fd, const struct spec *spec, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < spec->n_devices; i++)
        if (!device_is_bind(&spec->devices[i]))
            r = make_device(dev_fd, &spec->devices[i], e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
        if (make_node(dev_fd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0 &&
            errno != EEXIST)
            return err_sys(e, "make device /dev/%s", nodes[i].name);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        if (symlinkat(links[i].target, dev_fd, links[i].name) < 0 && errno != EEXIST)
            return err_sys(e, "make link /dev/%s", links[i].name);
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (mkdirat(dev_fd, dirs[i], 0755) < 0 && errno != EEXIST)
            return err_sys(e, "make directory /dev/%s", dirs[i]);
    return 0;
}

static int dev_new(const struct spec *spec, const struct spec_mount *m, struct err *e)
{
    _cleanup_fs_params_ struct fs_params params = FS_PARAMS_INIT;
    int r = fs_params_add_data(&params, m->data, e);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(default_options); i++)
        if (!fs_params_has(&params, default_options[i][0]))
            r = fs_params_add(&params, default_options[i][0], default_options[i][1], e);
    if (r == 0 && spec->mount_label)
        r = fs_params_add(&params, "context", spec->mount_label, e);
    /* Devices, whatever the spec says (nodev would defeat the purpose); read-only only when all is in place. */
    return r < 0 ? r
                 : mount_new("tmpfs", params.v, params.n,
                             m->attr_set & ~(uint64_t)(MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY), e);
}

int dev_prepare(const struct spec *spec, const struct spec_mount *m, int userns_fd, struct err *e)
{
    _cleanup_close_ int fd = dev_new(spec, m ? m : &implied_mount, e);
    int r = fd;

    if (r >= 0) {
        mode_t old = umask(0);

        r = populate(fd, spec, e);
        umask(old);
    }
    if (r >= 0)
        r = idmap_apply(fd, userns_fd, false, "/dev", "use --userns host", e);
    return r < 0 ? err_context(e, "prepare /dev") : TAKE_FD(fd);
}

static bool is_empty_file(int dev_fd, const char *name)
{
    struct stat st;

    return fstatat(dev_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* On an empty file that took a node's place: the host's node, once proven to be the one that is meant. */
static int bind_node(int dev_fd, const char *name, const char *source, mode_t type, dev_t device, struct err *e)
{
    struct stat st;
    _cleanup_close_ int node = -1, target = openat(dev_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (target < 0)
        return err_sys(e, "open the place of %s", source);
    node = mount_clone(AT_FDCWD, source, false, true, e);
    if (node < 0)
        return node;
    if (fstat(node, &st) < 0 || (st.st_mode & S_IFMT) != type || st.st_rdev != device)
        return err_set(e, ERR_UNSUPPORTED, 0, "%s of the host is not the device that its name says", source);
    return mount_attach(node, target, e);
}

int dev_bind_missing(const struct spec *spec, int dev_fd, struct err *e)
{
    int r = 0;

    if (!is_empty_file(dev_fd, nodes[0].name)) /* nodes could be made */
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nodes); i++) {
        char source[32];

        snprintf(source, sizeof(source), "/dev/%s", nodes[i].name);
        r = bind_node(dev_fd, nodes[i].name, source, S_IFCHR, makedev(nodes[i].major, nodes[i].minor), e);
    }
    for (size_t i = 0; r == 0 && i < spec->n_devices; i++) {
        const struct spec_device *d = &spec->devices[i];

        if (!device_is_bind(d) && d->type != 'p' && is_empty_file(dev_fd, d->path + strlen("/dev/")))
            r = bind_node(dev_fd, d->path + strlen("/dev/"), d->host_path ? d->host_path : d->path, type_bits(d->type),
                          makedev(d->major, d->minor), e);
    }
    return r < 0 ? err_context(e, "prepare /dev") : 0;
}

/* ---- devices outside /dev */

bool device_is_bind(const struct spec_device *d)
{
    return strncmp(d->path, "/dev/", strlen("/dev/")) != 0;
}

/* Bound from the host, once proven to be the device that the spec means. */
int device_bind_prepare(const struct spec_device *d, struct err *e)
{
    const char *source = d->host_path ? d->host_path : d->path;
    _cleanup_close_ int fd = mount_clone(AT_FDCWD, source, false, true, e);
    struct stat st;

    if (fd < 0)
        return err_context(e, "device %s", d->path);
    if (fstat(fd, &st) < 0)
        return err_sys(e, "device %s: stat %s", d->path, source);
    if ((st.st_mode & S_IFMT) != type_bits(d->type) || (d->type != 'p' && st.st_rdev != makedev(d->major, d->minor)))
        return err_invalid(e, "device %s: %s on the host is not device %c %lld:%lld", d->path, source, d->type,
                           (long long)d->major, (long long)d->minor);
    return TAKE_FD(fd);
}
