/*
 * The user's side of a payload's stdio, for `run`, `attach` and `exec`: reads what is typed or piped in, writes what
 * comes, and turns signals and window changes into calls. Whoever is on the other side (client.c: a shim; session.c:
 * the payload itself) gives the calls.
 *
 * Between user_start and user_stop SIGPIPE is ignored, the signals it listens to are blocked, and the user's terminal is
 * raw when the payload has one. user_stop undoes all that; it runs on every way out, a fatal signal included.
 */
#ifndef SAMPAN_SHIM_USER_H
#define SAMPAN_SHIM_USER_H

#include <signal.h>
#include <stdbool.h>

#include "base/loop.h"
#include "shim/detach_keys.h"
#include "shim/protocol.h"
#include "shim/sink.h"
#include "shim/terminal.h"

/* What the caller of client.h and session.h gives. */
struct user_io {
    int in, out, err;        /* borrowed; -1: no input, or output that is thrown away. Flags are left as they are. */
    bool has_terminal;       /* the payload has one: raw mode, window size, detach keys */
    bool forwards_signals;   /* without a terminal: SIGINT, SIGTERM … go to the payload (--sig-proxy) */
    const char *detach_keys; /* NULL: the default */
    bool keeps_all_keys;     /* no keys detach: the payload gets every one */
};

enum user_outcome {
    USER_EXITED,   /* the payload ended; exit is set */
    USER_DETACHED, /* the user typed the detach keys */
    USER_HUNG_UP,  /* nobody reads the user's output any more (EPIPE); the payload goes on */
    USER_SIGNALED, /* a signal ended the attachment to a terminal; it was raised again and the caller survived it */
};

struct shim_result {
    enum user_outcome outcome;
    struct shim_exit exit;
};

struct user_ops {
    /* At most SHIM_DATA_MAX bytes; more follow until user_input_pause. */
    void (*input)(void *owner, const char *data, size_t len);
    void (*input_end)(void *owner);
    void (*signal)(void *owner, int signo);
    void (*resize)(void *owner, struct shim_size size);
    /* The user may take output again. */
    void (*output_emptied)(void *owner);
};

struct user {
    const struct user_ops *ops;
    void *owner;
    struct loop *loop;
    const struct user_io *io;
    struct loop_source in;
    struct loop_source signals; /* owned signalfd */
    struct sink out, err;
    struct terminal terminal;
    struct detach_keys detach;
    bool is_started;
    bool has_detached; /* the keys were typed; the loop is stopped */
    bool has_hung_up;  /* the reader of its output is gone; the loop is stopped */
    int fatal_signal;  /* raised again by user_stop; the loop is stopped */
    sigset_t old_mask;
    struct sigaction old_sigpipe;
};

int user_start(struct user *u, struct loop *l, const struct user_io *io, const struct user_ops *ops, void *owner,
               struct err *e);

/* Idempotent; fine on a struct of zeros. */
void user_stop(struct user *u);

/* Output of the payload, at most SHIM_DATA_MAX bytes; only while the user takes this stream. */
void user_output(struct user *u, bool is_stderr, const char *data, size_t len);
bool user_takes(const struct user *u, bool is_stderr);
bool user_takes_both(const struct user *u);

/* Stops and resumes the reading of input. */
void user_input_pause(struct user *u, bool pause);

/* True when the loop was stopped by the user's side; user_outcome says how. */
bool user_is_gone(const struct user *u);
enum user_outcome user_outcome(const struct user *u);

#endif
