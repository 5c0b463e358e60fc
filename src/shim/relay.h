/*
 * The payload's stdio: what it writes goes to the log and to every attached client, what a client sends goes to its
 * stdin. Two buffers of 16 KiB out, one in; nothing grows.
 *
 * A stream is read again only when every client attached to it has taken what was read: the payload feels a slow
 * reader as it would at the end of a pipe. The log gets whole lines, so an unfinished line stays in the buffer.
 */
#ifndef SAMPAN_SHIM_RELAY_H
#define SAMPAN_SHIM_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "shim/clients.h"
#include "shim/json_log.h"
#include "shim/sink.h"

enum relay_stream_kind { RELAY_STDOUT, RELAY_STDERR, RELAY_STREAM_COUNT };

struct relay;

struct relay_stream {
    struct loop_source source; /* fd -1 after its end; owned, but for a terminal */
    struct relay *relay;
    enum relay_stream_kind kind;
    uint32_t owed; /* the set of clients that have not taken buf[fresh…end) */
    size_t fresh;  /* start of what was read last */
    size_t end;
    size_t unlogged; /* start of what the log has not got */
    char buf[SHIM_DATA_MAX];
};

struct relay {
    struct loop *loop;
    struct clients *clients;
    struct json_log *log;
    struct relay_stream streams[RELAY_STREAM_COUNT];
    struct sink input;
    struct client *input_from; /* whose bytes are in `input`; NULL: nobody's, or the client is gone */
    int terminal;              /* the pty's master, owned; -1 without a terminal */
    int terminal_peer;         /* its slave, held so that the payload may close and reopen its terminal (EIO else) */
    bool close_stdin_once;     /* the payload's stdin ends with the first client that had it */
};

/* The fds at our ends of the payload's stdio, taken over; -1: none. With a terminal, out and err are -1, and in is its
 * master again where the payload takes input. */
struct relay_fds {
    int in, out, err;
    int terminal;
};

void relay_init(struct relay *r, struct loop *l, struct clients *clients, struct json_log *log);
void relay_open(struct relay *r, const struct relay_fds *fds, bool close_stdin_once);

/* A client's bytes for the payload, answered by STDIN_TAKEN when they are written. False when it did not wait for that
 * after the last ones. */
bool relay_input(struct relay *r, struct client *c, const char *data, size_t len);

/* The client has no more bytes. */
void relay_input_end(struct relay *r, struct client *c);

/* After a client attached to stdin. */
void relay_client_attached(struct relay *r, struct client *c);
void relay_client_writable(struct relay *r, struct client *c);
void relay_client_gone(struct relay *r, struct client *c);

/* Without a terminal nothing happens. */
void relay_resize(struct relay *r, struct shim_size size);

/* False once both streams have ended and everything has been handed to everybody. */
bool relay_has_output(const struct relay *r);

/* True while a stream waits for a client. */
bool relay_is_blocked(const struct relay *r);

/* Logs what is left of unfinished lines, and closes. */
void relay_close(struct relay *r);

#endif
