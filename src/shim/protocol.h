/*
 * What the shim and its clients say to each other, over SOCK_SEQPACKET unix sockets: one message a packet.
 *
 * Two ways in: the socket pair that `sampan` hands to the shim as fd 3 when it starts it (the starter: it gets
 * SHIM_MSG_STARTED or SHIM_MSG_ERROR first, and is attached from the first byte if it asked so), and the listening
 * socket shim.sock in the container's run directory (attach, wait, stop, kill, exec from later commands). Only the
 * owner of the run directory can connect (mode 0700 above it), and the shim checks SO_PEERCRED.
 *
 * The starter speaks first: one NAMESPACE + fd for each that the container joins, one PORT + fd for each of the
 * host's ports that it publishes (ports.h), then GO + the container's lock, when the bundle is written. Until then
 * the shim does nothing, and when the starter dies it ends: the lock is free at once.
 *
 *   client -> shim                                   shim -> client
 *   ATTACH  flags (which streams)                    ATTACHED
 *   STDIN   bytes … STDIN_CLOSE                      STDIN_TAKEN;  STDOUT, STDERR  bytes …
 *   RESIZE  rows, cols                               (none)
 *   SIGNAL  signo                                    DONE, or ERROR
 *   GET_PIDFD                                        PIDFD + fd
 *   WAIT                                             EXIT (as every attached client gets at the end)
 *   DETACH                                           (closes)
 *   HOLD + fd                                        DONE, or ERROR   one more of the host's ports
 *   RELEASE port                                     DONE, or ERROR   and one less
 *   FORGET  after EXIT: remove the rest (shim.h)     (none)
 *
 * Flow. To the client: the shim reads no more of a stream while an attached client has not taken what was read. To
 * the payload: a client sends one STDIN and the next one only after STDIN_TAKEN, so that its SIGNAL or DETACH never
 * queue up behind bytes that the payload does not read. A packet that breaks these rules costs the client its
 * connection.
 */
#ifndef SAMPAN_SHIM_PROTOCOL_H
#define SAMPAN_SHIM_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "network/address.h"

enum shim_msg_type {
    /* client to shim */
    SHIM_MSG_ATTACH = 1, /* uint32_t flags: SHIM_ATTACH_* */
    SHIM_MSG_STDIN,
    SHIM_MSG_STDIN_CLOSE,
    SHIM_MSG_RESIZE, /* struct shim_size */
    SHIM_MSG_SIGNAL, /* int32_t signo */
    SHIM_MSG_GET_PIDFD,
    SHIM_MSG_WAIT,
    SHIM_MSG_DETACH,
    SHIM_MSG_FORGET,
    SHIM_MSG_HOLD,    /* with an fd */
    SHIM_MSG_RELEASE, /* struct shim_port */
    /* starter to shim, before anything else */
    SHIM_MSG_NAMESPACE = 32, /* with an fd */
    SHIM_MSG_GO,             /* with an fd */
    SHIM_MSG_PORT,           /* with an fd */
    /* shim to client */
    SHIM_MSG_STARTED = 64, /* struct shim_started */
    SHIM_MSG_ERROR,        /* struct err */
    SHIM_MSG_ATTACHED,
    SHIM_MSG_STDOUT,
    SHIM_MSG_STDERR,
    SHIM_MSG_DONE,
    SHIM_MSG_PIDFD,
    SHIM_MSG_EXIT, /* struct shim_exit */
    SHIM_MSG_STDIN_TAKEN,
};

enum { SHIM_DATA_MAX = 16 * 1024 };

enum shim_attach_flags {
    SHIM_ATTACH_STDIN = 1 << 0,
    SHIM_ATTACH_STDOUT = 1 << 1,
    SHIM_ATTACH_STDERR = 1 << 2,
};

struct shim_msg {
    uint32_t type;
    uint32_t len; /* bytes of data in use */
    char data[SHIM_DATA_MAX];
};

struct shim_size {
    uint16_t rows, cols;
};

/* What a held socket is bound to. */
struct shim_port {
    uint8_t protocol; /* IPPROTO_TCP, … */
    struct ip host;
    uint16_t port;
};

struct shim_started {
    int32_t pid;        /* of the container's init, in the shim's pid namespace */
    int64_t started_at; /* ns since the epoch */
};

struct shim_exit {
    int32_t status; /* 0…255; 128+n for signal n */
    uint8_t oom_killed;
    int64_t finished_at; /* ns since the epoch */
};

/* Sends one message; fd >= 0 goes with it. -EAGAIN on a full non-blocking socket (e untouched), -EPIPE when the peer
 * is gone (e untouched). */
int shim_send(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, struct err *e);

/* Receives one. 1, 0 at EOF, or negative. ret_fd may be NULL; else -1 or an fd owned by the caller. A packet that is no
 * whole message is -EBADMSG. What a peer sent before it closed still arrives. */
int shim_recv(int sock, struct shim_msg *m, int *ret_fd, struct err *e);

/* The same without ever blocking, whatever the socket's flags: -EAGAIN (e untouched) when it would. */
int shim_send_now(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, struct err *e);
int shim_recv_now(int sock, struct shim_msg *m, int *ret_fd, struct err *e);

/* Connects to shim.sock in the directory (of any path length). -ENOENT, -ECONNREFUSED (shim gone) without touching e. */
int shim_connect(int run_dir_fd, struct err *e);

/* The listening shim.sock in the directory, in place of one that a dead shim left. For the shim alone. */
int shim_listen(int run_dir_fd, struct err *e);

#endif
