#include "shim/terminal.h"

#include <sys/ioctl.h>

int terminal_make_raw(struct terminal *t, int fd, struct err *e)
{
    struct termios raw;
    if (fd < 0 || tcgetattr(fd, &raw) < 0)
        return 0;
    struct termios saved = raw;
    cfmakeraw(&raw);
    if (tcsetattr(fd, TCSANOW, &raw) < 0)
        return err_sys(e, "set the terminal to raw mode");
    t->saved = saved;
    t->fd = fd;
    return 0;
}

void terminal_restore(struct terminal *t)
{
    int saved_errno = errno;
    if (t->fd >= 0)
        tcsetattr(t->fd, TCSANOW, &t->saved);
    t->fd = -1;
    errno = saved_errno;
}

bool terminal_get_size(int fd, struct shim_size *ret)
{
    struct winsize w;
    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &w) < 0)
        return false;
    *ret = (struct shim_size){.rows = w.ws_row, .cols = w.ws_col};
    return true;
}

void terminal_set_size(int fd, struct shim_size size)
{
    struct winsize w = {.ws_row = size.rows, .ws_col = size.cols};
    ioctl(fd, TIOCSWINSZ, &w);
}
