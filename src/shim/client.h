/*
 * A command's side of the shim's protocol. `sock` is the starter's end of the socket pair, or from shim_connect();
 * it blocks. When the shim died, calls fail with -ECONNRESET and a sentence that says so.
 */
#ifndef SAMPAN_SHIM_CLIENT_H
#define SAMPAN_SHIM_CLIENT_H

#include "base/err.h"
#include "shim/protocol.h"
#include "shim/user.h"

/* The starter's first call: the bundle is complete. From now on the shim holds the lock as well, and the sockets
 * that are bound to published ports; it gets namespaces[i] as SHIM_FD_FIRST_NAMESPACE + i. */
int shim_client_go(int sock, int lock_fd, const int *namespaces, size_t n, const int *ports, size_t n_ports,
                   struct err *e);

/* The starter's second call: waits until the container runs. What went wrong in the shim or in the container's init
 * comes back as *e with its kind. */
int shim_client_wait_started(int sock, struct shim_started *ret, struct err *e);

/* Attaches to the streams (SHIM_ATTACH_*), from now on. The starter is attached as config.json says and does not call. */
int shim_client_attach(int sock, unsigned streams, struct err *e);

/* Relays between the user and an attached container until it ends or the user leaves. The connection stays open. To
 * wait on without output after USER_HUNG_UP, call it again with out and err -1. */
int shim_client_relay(int sock, const struct user_io *io, struct shim_result *ret, struct err *e);

/* Waits for the end without attaching. */
int shim_client_wait(int sock, struct shim_exit *ret, struct err *e);

/* Sends a signal to the container's init and waits for the shim's word that it did. */
int shim_client_signal(int sock, int signo, struct err *e);

/* A pidfd of the container's init, owned by the caller. */
int shim_client_pidfd(int sock, struct err *e);

/* A running container gets one more of the host's ports (a bound socket, borrowed), or gives one back. */
int shim_client_hold(int sock, int port_fd, struct err *e);
int shim_client_release(int sock, const struct shim_port *port, struct err *e);

int shim_client_resize(int sock, struct shim_size size, struct err *e);

/* Blocks until the shim has undone everything and let go of the lock, which ends the connection. */
void shim_client_wait_gone(int sock);

#endif
