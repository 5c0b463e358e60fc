#include "shim/pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

int stdio_pipes_open(struct stdio_pipes *p, bool has_input, struct err *e)
{
    *p = STDIO_PIPES_INIT;
    for (int i = has_input ? 0 : 1; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) {
            int r = err_sys(e, "make a pipe for stdio");
            stdio_pipes_release(p);
            return r;
        }
        bool is_input = i == 0;
        p->ours[i] = ends[is_input];
        p->payload[i] = ends[!is_input];
    }
    return 0;
}

void stdio_pipes_close_payload(struct stdio_pipes *p)
{
    for (int i = 0; i < 3; i++)
        fd_close(&p->payload[i]);
}

void stdio_pipes_release(struct stdio_pipes *p)
{
    stdio_pipes_close_payload(p);
    for (int i = 0; i < 3; i++)
        fd_close(&p->ours[i]);
}
