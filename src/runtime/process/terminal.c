/*
 * The payload's terminal: a pty of the container's own devpts, whose master goes to the shim. What is opened is proven
 * to be a pty multiplexer on a devpts, and its slave comes from the master itself (TIOCGPTPEER) and from no path, so
 * a container that has rearranged its /dev leads nowhere (CVE-2025-52565).
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/process/process.h"
#include "runtime/sync.h"

static const char multiplexer[] = "/dev/pts/ptmx";

static int open_master(struct err *e)
{
    _cleanup_close_ int fd = open(multiplexer, O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct statfs fs;
    struct stat st;
    int r;

    if (fd < 0)
        return err_sys(e, "open %s", multiplexer);
    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "look at %s", multiplexer);
    if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
        return err_set(e, ERR_DENIED, 0, "%s is not a terminal multiplexer", multiplexer);
    r = fd_set_nonblock(fd, false);
    return r < 0 ? err_set(e, ERR_SYS, -r, "prepare the terminal") : TAKE_FD(fd);
}

static int open_slave(int master, struct err *e)
{
    const int unlock = 0;
    int fd;

    if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return err_sys(e, "unlock the terminal");
    fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? err_sys(e, "open the terminal") : fd;
}

static int set_size(int slave, const struct spec_process *p, struct err *e)
{
    const struct winsize size = {.ws_row = p->console_rows, .ws_col = p->console_cols};

    if (p->console_rows == 0 && p->console_cols == 0)
        return 0;
    return ioctl(slave, TIOCSWINSZ, &size) < 0 ? err_sys(e, "set the terminal's size") : 0;
}

static int take_control(int slave, struct err *e)
{
    return ioctl(slave, TIOCSCTTY, 0) < 0 ? err_sys(e, "take control of the terminal") : 0;
}

int terminal_set_up(const struct spec_process *p, int sync, int *ret_slave, struct err *e)
{
    _cleanup_close_ int master = open_master(e);
    _cleanup_close_ int slave = -1;
    int r;

    if (master < 0)
        return master;
    slave = open_slave(master, e);
    if (slave < 0)
        return slave;
    r = set_size(slave, p, e);
    if (r == 0)
        r = take_control(slave, e);
    if (r == 0)
        r = sync_send(sync, SYNC_CONSOLE, &master, 1, e);
    if (r == 0)
        *ret_slave = TAKE_FD(slave);
    return r;
}

int terminal_receive(int sync, int *ret_master, struct err *e)
{
    size_t n;
    int r = sync_wait(sync, SYNC_CONSOLE, ret_master, 1, &n, e);

    if (r < 0)
        return r;
    return n == 1 ? 0 : err_set(e, ERR_INTERNAL, EPROTO, "the terminal did not arrive");
}
