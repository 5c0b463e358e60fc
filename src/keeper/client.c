#include "keeper/client.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "keeper/protocol.h"

enum {
    START_SECONDS = 10,  /* until a new keeper serves */
    ANSWER_SECONDS = 20, /* for a request: more than any takes, with etcd unreachable */
    TRIES = 3,           /* a keeper on its way out may end under a request; the next one takes it */
};

/* ---- starting it ---- */

/* What the started program has to say: its error, or 0 when it serves and has closed its end. */
static int await_keeper(const struct net_instance *in, int from_keeper, struct err *e)
{
    struct err theirs = ERR_INIT;
    struct pollfd p = {.fd = from_keeper, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, START_SECONDS * 1000);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        err_set(e, ERR_INTERNAL, ETIMEDOUT, "the network keeper did not start in %d seconds", START_SECONDS);
        return err_advice(e, "see %s/networks/" KEEPER_LOG_NAME, in->run_root);
    }
    ssize_t len = n < 0 ? -errno : fd_read_full(from_keeper, &theirs, sizeof(theirs));
    if (len < 0)
        return err_set(e, ERR_SYS, (int)-len, "wait for the network keeper");
    if (len == 0)
        return 0;
    theirs.text[ERR_TEXT_MAX - 1] = '\0';
    if (len != sizeof(theirs) || theirs.kind <= ERR_NONE || theirs.kind >= ERR_KIND_COUNT)
        return err_set(e, ERR_INTERNAL, EBADMSG, "the network keeper failed to start and did not say why");
    if (e)
        *e = theirs;
    return err_to_errno(&theirs);
}

/* The program leaves a child of its own behind, which serves, and ends at once: no zombie stays with a caller. */
static int start_keeper(const struct net_instance *in, const char *program, struct err *e)
{
    _cleanup_close_ int from_keeper = -1, to_us = -1;
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    from_keeper = ends[0];
    to_us = ends[1];
    const char *const argv[] = {program, in->run_root, NULL};
    struct process p = {.path = program, .argv = argv, .fds = {-1, -1, -1, to_us}, .n_fds = 4, .new_session = 1};
    int r = process_start(&p, e);
    if (r < 0)
        return err_context(e, "start the network keeper");
    fd_close(&to_us);
    r = await_keeper(in, from_keeper, e);
    int waited = process_wait(&p, &status, r < 0 ? NULL : e);
    fd_close(&p.pidfd);
    return r < 0 ? r : waited;
}

static bool is_absent(int r)
{
    return r == -ENOENT || r == -ECONNREFUSED;
}

/* A connection to the keeper, which is started when a program is given; -ENOENT, e untouched, without either. */
static int reach(const struct net_instance *in, const char *program, struct err *e)
{
    int r = keeper_connect(in, e);
    for (int i = 0; i < TRIES && is_absent(r) && program; i++) {
        r = start_keeper(in, program, e);
        if (r < 0)
            return r;
        r = keeper_connect(in, e);
    }
    if (is_absent(r) && program)
        return err_set(e, ERR_INTERNAL, -r, "the network keeper ends as soon as it is started: see %s/networks/%s",
                       in->run_root, KEEPER_LOG_NAME);
    return is_absent(r) ? -ENOENT : r;
}

/* ---- asking it ---- */

/* 0 and the answer; -EPIPE, e untouched, when the keeper ended before it answered. */
static int ask_once(int sock, json_object *request, json_object **ret, struct err *e)
{
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return err_sys(e, "limit the wait for the network keeper");
    int r = keeper_send(sock, request, e);
    if (r == 0)
        r = keeper_receive(sock, ret, e);
    if (r == -EAGAIN)
        return err_set(e, ERR_INTERNAL, ETIMEDOUT, "the network keeper did not answer in %d seconds", ANSWER_SECONDS);
    if (r == 0)
        return -EPIPE;
    return r < 0 ? r : 0;
}

/* Takes the request. ret: NULL where nothing but success is of interest. -ENOENT, e untouched, where no keeper runs and
 * none is to be started. */
static int ask(const struct net_instance *in, const char *program, json_object *request, json_object **ret,
               struct err *e)
{
    _cleanup_json_ json_object *owned = request, *answer = NULL;
    int r = -EPIPE;
    for (int i = 0; i < TRIES && r == -EPIPE; i++) {
        _cleanup_close_ int sock = reach(in, program, e);
        if (sock < 0)
            return sock;
        r = ask_once(sock, owned, &answer, e);
    }
    if (r == -EPIPE)
        return err_set(e, ERR_INTERNAL, EPIPE, "the network keeper ended without an answer: see %s/networks/%s",
                       in->run_root, KEEPER_LOG_NAME);
    if (r == 0)
        r = keeper_take_error(answer, e);
    if (r == 0 && ret)
        *ret = TAKE_PTR(answer);
    return r;
}

static json_object *new_request(const char *op, const char *key, const char *value)
{
    json_object *request = json_object_new_object();
    json_add_str(request, "Op", op);
    if (key)
        json_add_str(request, key, value);
    return request;
}

int keeper_ensure(const struct net_instance *in, const char *program, struct err *e)
{
    int sock = reach(in, program, e);
    if (sock < 0)
        return sock;
    fd_close(&sock);
    return 0;
}

int keeper_serve(const struct net_instance *in, const char *program, const struct network *n, struct err *e)
{
    int r = ask(in, program, new_request("serve", "Id", n->id), NULL, e);
    return r < 0 ? err_context(e, "network %s", n->name) : 0;
}

int keeper_serve_container(const struct net_instance *in, const char *program, const char *container_id, struct err *e)
{
    return ask(in, program, new_request("serve-container", "Id", container_id), NULL, e);
}

int keeper_forget(const struct net_instance *in, const char *network_id, struct err *e)
{
    int r = ask(in, NULL, new_request("forget", "Id", network_id), NULL, e);
    return r == -ENOENT ? 0 : r;
}

/* ---- overlay networks ---- */

static int new_network_request(const char *op, const struct network *n, json_object **ret, struct err *e)
{
    json_object *definition;
    int r = network_to_json(n, &definition, e);
    if (r < 0)
        return r;
    *ret = new_request(op, NULL, NULL);
    json_object_object_add(*ret, "Network", definition);
    return 0;
}

static int ask_for_network(const struct net_instance *in, const char *program, json_object *request, struct network *n,
                           struct err *e)
{
    _cleanup_json_ json_object *answer = NULL;
    int r = ask(in, program, request, &answer, e);
    return r < 0 ? r : network_from_json(json_get(answer, "Network"), n, e);
}

int keeper_overlay_create(const struct net_instance *in, const char *program, struct network *n, struct err *e)
{
    json_object *request;
    int r = new_network_request("overlay-create", n, &request, e);
    if (r < 0)
        return r;
    _cleanup_network_ struct network *completed = network_new();
    r = ask_for_network(in, program, request, completed, e);
    if (r < 0)
        return r;
    struct network old = *n; /* its members go with `completed` */
    *n = *completed;
    *completed = old;
    return 0;
}

int keeper_overlay_find(const struct net_instance *in, const char *program, const char *name, struct network **ret,
                        struct err *e)
{
    _cleanup_network_ struct network *n = network_new();
    int r = ask_for_network(in, program, new_request("overlay-find", "Name", name), n, e);
    if (r == 0)
        *ret = TAKE_PTR(n);
    return r;
}

int keeper_overlay_remove(const struct net_instance *in, const char *program, const struct network *n, struct err *e)
{
    json_object *request;
    int r = new_network_request("overlay-remove", n, &request, e);
    return r < 0 ? r : ask(in, program, request, NULL, e);
}

int keeper_overlay_peers(const struct net_instance *in, const char *program, const char *network_id, json_object **ret,
                         struct err *e)
{
    _cleanup_json_ json_object *answer = NULL;
    int r = ask(in, program, new_request("overlay-peers", "Id", network_id), &answer, e);
    if (r == 0)
        *ret = json_object_get(json_get(answer, "Peers"));
    return r;
}
