#include "keeper/protocol.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

enum { BACKLOG = 64 };

/* By the directory's fd: sun_path has 108 bytes, a run root may be deeper. */
static struct sockaddr_un socket_address(const struct net_instance *in)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/" KEEPER_SOCKET_NAME, fd_path(in->dir_fd).path);
    return a;
}

static int new_socket(struct err *e)
{
    int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return sock >= 0 ? sock : err_sys(e, "make a unix socket");
}

int keeper_connect(const struct net_instance *in, struct err *e)
{
    _cleanup_close_ int sock = new_socket(e);
    if (sock < 0)
        return sock;
    struct sockaddr_un address = socket_address(in);
    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
        return TAKE_FD(sock);
    if (errno == ENOENT || errno == ECONNREFUSED)
        return -errno;
    return err_sys(e, "connect to %s/networks/" KEEPER_SOCKET_NAME, in->run_root);
}

int keeper_listen(const struct net_instance *in, struct err *e)
{
    _cleanup_close_ int sock = new_socket(e);
    if (sock < 0)
        return sock;
    struct sockaddr_un address = socket_address(in);
    if (unlinkat(in->dir_fd, KEEPER_SOCKET_NAME, 0) < 0 && errno != ENOENT)
        return err_sys(e, "remove the old " KEEPER_SOCKET_NAME);
    mode_t old = umask(0177);
    int r = bind(sock, (struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (r < 0 || listen(sock, BACKLOG) < 0)
        return err_sys(e, "listen on %s/networks/" KEEPER_SOCKET_NAME, in->run_root);
    return TAKE_FD(sock);
}

int keeper_send(int sock, json_object *message, struct err *e)
{
    size_t len;
    const char *text = json_object_to_json_string_length(message, JSON_C_TO_STRING_PLAIN, &len);
    if (len > KEEPER_PACKET_MAX)
        return err_set(e, ERR_INVALID, EMSGSIZE, "a message to or from the network keeper is larger than %d bytes",
                       KEEPER_PACKET_MAX);
    ssize_t n;
    do {
        n = send(sock, text, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    return errno == EPIPE || errno == ECONNRESET ? -EPIPE : err_sys(e, "send to the other end of " KEEPER_SOCKET_NAME);
}

int keeper_receive(int sock, json_object **ret, struct err *e)
{
    char text[KEEPER_PACKET_MAX];
    ssize_t n;
    do {
        n = recv(sock, text, sizeof(text), MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return 0;
    if (n < 0)
        return errno == EAGAIN ? -EAGAIN : err_sys(e, "receive from " KEEPER_SOCKET_NAME);
    if ((size_t)n > sizeof(text))
        return err_set(e, ERR_INTERNAL, EMSGSIZE, "a message of %zd bytes", n);
    int r = json_parse(text, (size_t)n, "the network keeper's message", ret, e);
    return r < 0 ? r : 1;
}

void keeper_put_error(json_object *answer, const struct err *error)
{
    json_object *o = json_add_object(answer, "Error");
    json_add_int(o, "Kind", error->kind);
    json_add_int(o, "Code", error->code);
    json_add_str(o, "Text", error->text);
}

int keeper_take_error(json_object *answer, struct err *e)
{
    json_object *o = json_get(answer, "Error");
    if (!o)
        return 0;
    int64_t kind = ERR_INTERNAL, code = 0;
    const char *text = "";
    int r = json_get_int64(o, "Kind", kind, &kind, e);
    if (r == 0)
        r = json_get_int64(o, "Code", code, &code, e);
    if (r == 0)
        r = json_get_str(o, "Text", text, &text, e);
    if (r < 0)
        return r;
    struct err theirs = {.kind = kind > ERR_NONE && kind < ERR_KIND_COUNT ? (enum err_kind)kind : ERR_INTERNAL,
                         .code = code > 0 && code < 4096 ? (int)code : 0};
    snprintf(theirs.text, sizeof(theirs.text), "%s", text);
    if (e)
        *e = theirs;
    return err_to_errno(&theirs);
}
