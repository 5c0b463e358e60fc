/*
 * A container's file system without a container: a process in new namespaces that enters the rootfs of a spec, seals it
 * and then runs a function of the test. Nothing of the host's mount table is touched.
 *
 *   box_init      makes a directory of the test's own with a small image in ./layer
 *   box_mount     adds an entry to spec.mounts
 *   box_run       prepares, enters, seals, runs `inside`; the error of the first step that failed is in box->result
 *   box_release   removes it all
 */
#ifndef SAMPAN_TESTS_UNIT_RUNTIME_ROOTFS_BOX_H
#define SAMPAN_TESTS_UNIT_RUNTIME_ROOTFS_BOX_H

#include "base/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/rootfs/rootfs.h"

enum { BOX_MOUNTS_MAX = 16, BOX_FDS_MAX = 64, BOX_FIRST_ID = 0x20000000 };

/* Shared by the two processes. */
struct box_result {
    struct err error; /* of the step that failed */
    int line;         /* of the check inside that failed, 0: none */
    int code;         /* errno at that moment */
    char check[200];
    int fds[BOX_FDS_MAX];
    size_t n_fds;
    bool prepared;
};

struct box {
    struct spec spec;
    struct spec_mount mounts[BOX_MOUNTS_MAX];
    char *layers[8];
    char dir[64];
    char paths[8][128];
    bool userns;
    unsigned n_ids; /* size of the map */
    int shared;     /* CLONE_NEW* of the namespaces that are the test's own */
    struct box_result *result;
    int (*before_enter)(struct err *e); /* in the init, when set: what its user namespace's root has to do first */
};

/* A check inside the container. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        if (!(condition))                                                                                              \
            return box_failed(r, __LINE__, #condition);                                                                \
    } while (0)

static inline int box_failed(struct box_result *r, int line, const char *check)
{
    r->code = errno;
    r->line = line;
    snprintf(r->check, sizeof(r->check), "%s", check);
    return -1;
}

/* "DIR/name", valid as long as the box; at most eight. */
static inline char *box_path(struct box *b, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(b->paths); i++) {
        if (b->paths[i][0] == '\0') {
            snprintf(b->paths[i], sizeof(b->paths[i]), "%s/%s", b->dir, name);
            return b->paths[i];
        }
    }
    fail_msg("too many paths");
    return NULL;
}

static inline void put(const char *path, const char *text)
{
    struct err e = ERR_INIT;

    if (file_write(AT_FDCWD, path, text, strlen(text), 0644, &e) < 0)
        fail_msg("%s", e.text);
}

static inline bool file_says(const char *path, const char *text)
{
    _cleanup_free_ char *content = NULL;

    return file_read(AT_FDCWD, path, 100000, &content, NULL, NULL) == 0 && strcmp(content, text) == 0;
}

/* An image of one layer: /etc/name of root, /www/page of user 33. */
static inline void box_init(struct box *b, bool userns)
{
    *b = (struct box){.userns = userns, .n_ids = 65536};
    memcpy(b->dir, "/tmp/sampan-box-XXXXXX", sizeof("/tmp/sampan-box-XXXXXX"));
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(chmod(b->dir, 0755), 0);
    assert_int_equal(chdir(b->dir), 0);
    assert_int_equal(mkdir("layer", 0755) | mkdir("layer/etc", 0755) | mkdir("layer/www", 0755), 0);
    put("layer/etc/name", "bottom");
    put("layer/www/page", "page");
    assert_int_equal(chown("layer/www/page", 33, 33), 0);
    assert_int_equal(mkdir("upper", 0755) | mkdir("work", 0755) | mkdir("canary", 0755), 0);
    b->spec.mounts = b->mounts;
    for (int i = 0; i < NS_COUNT; i++)
        b->spec.ns[i].mode = SPEC_NS_NEW;
    b->spec.ns[NS_TIME].mode = b->spec.ns[NS_CGROUP].mode = SPEC_NS_INHERIT;
    if (!userns)
        b->spec.ns[NS_USER].mode = SPEC_NS_INHERIT;
    b->result = mmap(NULL, sizeof(*b->result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(b->result != MAP_FAILED);
}

static inline void box_release(struct box *b)
{
    struct err e = ERR_INIT;

    munmap(b->result, sizeof(*b->result));
    if (chdir("/") < 0 || dir_remove_all(AT_FDCWD, b->dir, &e) < 0)
        fail_msg("%s", e.text);
}

/* The root: a directory as it is, or layers (top first), with or without a writable one. */
static inline void box_root_dir(struct box *b)
{
    b->spec.root.path = box_path(b, "layer");
}

static inline void box_root_layers(struct box *b, bool writable)
{
    b->layers[0] = box_path(b, "layer");
    b->spec.root.layers = b->layers;
    if (writable) {
        b->spec.root.upper = box_path(b, "upper");
        b->spec.root.work = box_path(b, "work");
    }
}

static inline struct spec_mount *box_mount(struct box *b, const char *type, const char *source, const char *target)
{
    struct spec_mount *m = &b->mounts[b->spec.n_mounts++];

    assert_true(b->spec.n_mounts <= BOX_MOUNTS_MAX);
    *m = (struct spec_mount){.type = (char *)type, .source = (char *)source, .target = (char *)target};
    return m;
}

static inline int box_write_map(pid_t pid, const char *name, unsigned size)
{
    char path[64], text[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    snprintf(text, sizeof(text), "0 %u %u\n", BOX_FIRST_ID, size);
    return file_write_existing(AT_FDCWD, path, text, NULL);
}

/* The shim's half, in the test's own process: the fds are numbers of the file table that both share. */
static inline void box_prepare(struct box *b, pid_t pid)
{
    struct box_result *r = b->result;
    struct rootfs_fds fds = {.v = NULL};
    _cleanup_close_ int userns = -1;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    if (b->userns && (box_write_map(pid, "uid_map", b->n_ids) < 0 || box_write_map(pid, "gid_map", b->n_ids) < 0 ||
                      (userns = open(path, O_RDONLY | O_CLOEXEC)) < 0)) {
        err_sys(&r->error, "make the user namespace");
        return;
    }
    if (rootfs_prepare(&b->spec, userns, &fds, &r->error) < 0)
        return;
    r->n_fds = rootfs_fds_pack(&fds, r->fds);
    free(TAKE_PTR(fds.v));
    rootfs_fds_release(&fds);
    r->prepared = true;
}

/* The init's half. */
static inline int box_enter(struct box *b, int (*inside)(struct box_result *r))
{
    struct box_result *r = b->result;
    struct rootfs_fds fds = {.v = NULL};

    if (b->userns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return err_sys(&r->error, "become root");
    umask(022);
    if (b->before_enter && b->before_enter(&r->error) < 0)
        return -1;
    if (rootfs_fds_unpack(&b->spec, r->fds, r->n_fds, &fds, &r->error) < 0 ||
        rootfs_enter(&b->spec, &fds, &r->error) < 0)
        return -1;
    if (rootfs_seal(&b->spec, &r->error) < 0)
        return -1;
    return inside ? inside(r) : 0;
}

static inline int box_init_process(struct box *b, int wait_fd, int (*inside)(struct box_result *r))
{
    char c;

    signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test, in here */
    /* The shared file table has the pipe's other end too: no EOF tells that the test is gone. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || read(wait_fd, &c, 1) != 1 || !b->result->prepared)
        return 1;
    return box_enter(b, inside) < 0;
}

/* True when all of it worked. */
static inline bool box_try(struct box *b, int (*inside)(struct box_result *r))
{
    int flags = SIGCHLD | CLONE_FILES | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET;
    int pipe_fds[2], status;
    pid_t pid;

    memset(b->result, 0, sizeof(*b->result));
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    flags &= ~b->shared;
    pid = (pid_t)syscall(SYS_clone, flags | (b->userns ? CLONE_NEWUSER : 0), NULL, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(box_init_process(b, pipe_fds[0], inside));
    box_prepare(b, pid);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return status == 0;
}

static inline void box_run(struct box *b, int (*inside)(struct box_result *r))
{
    struct box_result *r = b->result;

    if (box_try(b, inside))
        return;
    if (r->line)
        fail_msg("line %d, inside: %s (errno %d)", r->line, r->check, r->code);
    fail_msg("%s", err_is_set(&r->error) ? r->error.text : "the init died");
}

/* It fails, before `inside` is reached, with an error that says `text`. */
static inline void box_run_refused(struct box *b, const char *text)
{
    assert_false(box_try(b, NULL));
    assert_says(&b->result->error, text);
}

/* The number of mounts in the present namespace. */
static inline int count_mounts(void)
{
    _cleanup_free_ char *text = NULL;
    int n = 0;

    if (file_read(AT_FDCWD, "/proc/self/mountinfo", 1000000, &text, NULL, NULL) < 0)
        return -1;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

/* Group set-up. The tests have a mount namespace of their own, in which every mount is shared, as systemd has it: what
 * a container's set-up leaks arrives there. Without root there is nothing to test. */
static inline int box_enter_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests make mounts and need root\n");
        exit(77); /* skipped, to Meson */
    }
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

#endif
