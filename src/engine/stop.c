/* Signals to a running container, waiting for its end, attaching: all of it is the shim's to do, and asked for here. */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "base/timestamp.h"
#include "engine/lifecycle.h"
#include "engine/query.h"
#include "engine/remote.h"
#include "shim/client.h"

enum { STOP_TIMEOUT_S = 10, KILL_TIMEOUT_MS = 10000 };

/* ---- waiting ---- */

/* Waits up to timeout_ms (-1: for ever) for the exit; 1 with *ret, 0 when the time is over. The connection's end
 * without a word (the shim was killed) is -ECONNRESET. */
static int await_exit(int sock, int64_t timeout_ms, struct shim_exit *ret, struct err *e)
{
    struct shim_msg m;
    int64_t deadline = timeout_ms < 0 ? 0 : timestamp_now() + timeout_ms * 1000000;
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : (deadline - timestamp_now()) / 1000000;
        struct pollfd p = {.fd = sock, .events = POLLIN};
        if (timeout_ms >= 0 && left < 0)
            return 0;
        int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "wait for the container");
        if (n <= 0)
            continue;
        int r = shim_recv(sock, &m, NULL, e);
        if (r <= 0)
            return r < 0 ? r : -ECONNRESET;
        if (m.type == SHIM_MSG_EXIT && m.len == sizeof(*ret)) {
            memcpy(ret, m.data, sizeof(*ret));
            return 1;
        }
    }
}

static int request_exit(int sock, struct err *e)
{
    int r = shim_send(sock, SHIM_MSG_WAIT, NULL, 0, -1, e);
    return r == -EPIPE ? -ECONNRESET : r;
}

/* What the row says of a container whose shim is gone, once recovery has seen to it. */
static int recorded_status(struct engine *en, const char *id, int *ret_status, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    struct err ignored = ERR_INIT;
    engine_finish(en, id, &ignored);
    int r = engine_find(en, id, &c, e);
    if (r == 0)
        *ret_status = c->state.exit_code;
    return r;
}

static bool is_gone(int r)
{
    return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET;
}

int engine_wait(struct engine *en, const char *ref, int *ret_status, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    struct shim_exit exit;
    int r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    *ret_status = c->state.exit_code;
    if (!container_is_active(c))
        return 0;
    _cleanup_close_ int sock = remote_try_connect(en, c->id, e);
    r = sock < 0 ? sock : request_exit(sock, e);
    if (r == 0)
        r = await_exit(sock, -1, &exit, e);
    fd_close(&sock);
    if (is_gone(r))
        return recorded_status(en, c->id, ret_status, e);
    if (r < 0)
        return r;
    *ret_status = exit.status;
    return 0;
}

/* ---- signals ---- */

int engine_kill(struct engine *en, const char *ref, const char *signal, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int signo = SIGKILL;
    int r = signal ? parse_signal(signal, &signo, e) : 0;
    if (r == 0)
        r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (!container_is_active(c))
        return err_conflict(e, "cannot kill container: %s: container %.12s is not running", ref, c->id);
    _cleanup_close_ int sock = remote_connect(en, c->id, e);
    return sock < 0 ? sock : shim_client_signal(sock, signo, e);
}

static int stop_signal(const struct container *c, const char *signal, int *ret, struct err *e)
{
    if (!signal || !*signal)
        signal = c->config.stop_signal && *c->config.stop_signal ? c->config.stop_signal : "SIGTERM";
    return parse_signal(signal, ret, e);
}

static int64_t stop_timeout_ms(const struct container *c, int timeout_s)
{
    if (timeout_s < 0)
        timeout_s = c->config.stop_timeout >= 0 ? c->config.stop_timeout : STOP_TIMEOUT_S;
    return (int64_t)timeout_s * 1000;
}

/* One signal and its effect: 1 ended, 0 not in time. */
static int signal_and_wait(int sock, int signo, int64_t timeout_ms, struct err *e)
{
    struct shim_exit exit;
    int32_t n = signo;
    int r = shim_send(sock, SHIM_MSG_SIGNAL, &n, sizeof(n), -1, e);
    return r < 0 ? r : await_exit(sock, timeout_ms, &exit, e);
}

static int end(int sock, int signo, int64_t timeout_ms, struct err *e)
{
    int r = request_exit(sock, e);
    if (r == 0)
        r = signal_and_wait(sock, signo, timeout_ms, e);
    if (r == 0)
        r = signal_and_wait(sock, SIGKILL, KILL_TIMEOUT_MS, e);
    if (r == 0)
        return err_set(e, ERR_SYS, EBUSY, "the container does not end, not even by SIGKILL");
    return r == -EPIPE ? -ECONNRESET : r;
}

static int stop_running(struct engine *en, const struct container *c, int signo, int64_t timeout_ms, struct err *e)
{
    _cleanup_close_ int sock = remote_try_connect(en, c->id, e);
    int r = sock < 0 ? sock : end(sock, signo, timeout_ms, e);
    fd_close(&sock); /* the shim waits for clients that may have a last word */
    if (r < 0 && !is_gone(r))
        return err_context(e, "stop %s", c->name);
    return engine_finish(en, c->id, e);
}

int engine_stop(struct engine *en, const char *ref, const char *signal, int timeout_s, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int signo;
    int r = engine_find(en, ref, &c, e);
    if (r == 0)
        r = stop_signal(c, signal, &signo, e);
    if (r < 0 || !container_is_active(c))
        return r;
    return stop_running(en, c, signo, stop_timeout_ms(c, timeout_s), e);
}

/* ---- attaching ---- */

int engine_attach(struct engine *en, const char *ref, unsigned attach, int *ret_session_fd, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (!container_is_active(c))
        return err_conflict(e, "you cannot attach to a stopped container, start it first");
    _cleanup_close_ int sock = remote_connect(en, c->id, e);
    r = sock < 0 ? sock : shim_client_attach(sock, attach, e);
    if (r == 0)
        *ret_session_fd = TAKE_FD(sock);
    return r;
}
