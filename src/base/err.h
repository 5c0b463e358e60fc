/*
 * Errors as values.
 *
 * A function that can fail returns 0 (or a count, or an fd) on success and a negative errno on failure, and takes a
 * `struct err *e` as its last parameter. The struct belongs to the caller, holds no heap memory, is left untouched on
 * success, and is plain data small enough to cross a fork in one datagram: a failure deep in a container's init
 * arrives at the user's terminal as the sentence that the failing step wrote.
 *
 *   leaf      return err_sys(e, "open %s", path);               -> "open /x: No such file or directory"
 *   caller    return err_context(e, "mount volume %s", name);   -> "mount volume db: open /x: No such file …"
 *   top       prints e->text once, and maps e->kind to an exit status or an HTTP status (one table each)
 *
 * A good message says what to do next; add it with err_advice().
 */
#ifndef SAMPAN_BASE_ERR_H
#define SAMPAN_BASE_ERR_H

#include <errno.h>
#include <stddef.h>

/* What went wrong, as far as the one who prints it must know. Exit statuses: cli/exit_status.h. */
enum err_kind {
    ERR_NONE = 0,
    ERR_SYS,            /* a system call failed; code is its errno */
    ERR_INVALID,        /* the user's input is wrong */
    ERR_NOT_FOUND,      /* no such container, image, volume … */
    ERR_CONFLICT,       /* name in use, container running, … */
    ERR_DENIED,         /* the user lacks a privilege */
    ERR_UNSUPPORTED,    /* this kernel, file system or build cannot do it */
    ERR_NO_COMMAND,     /* the payload's program does not exist: exit status 127 */
    ERR_NOT_EXECUTABLE, /* the payload's program cannot be executed: exit status 126 */
    ERR_INTERNAL,       /* a broken promise between our own parts */
    ERR_KIND_COUNT,
};

enum { ERR_TEXT_MAX = 1000 };

struct err {
    enum err_kind kind;
    int code; /* a positive errno, 0 when none applies */
    char text[ERR_TEXT_MAX];
};

#define ERR_INIT ((struct err){.kind = ERR_NONE})

/* Sets the error. With code != 0 and kind ERR_SYS, ": <strerror(code)>" is appended. A text too long is cut with "…".
 * Returns -code, or a negative errno that fits the kind where code is 0. Async-signal-safe enough for a forked child:
 * no heap, no locale, no stdio stream. The error's own text may be among the arguments. A NULL e is allowed, here and
 * below, for callers that want the return value only. */
int err_set(struct err *e, enum err_kind kind, int code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* err_set with ERR_SYS and the present errno. */
#define err_sys(e, ...) err_set((e), ERR_SYS, errno, __VA_ARGS__)
#define err_invalid(e, ...) err_set((e), ERR_INVALID, 0, __VA_ARGS__)
#define err_not_found(e, ...) err_set((e), ERR_NOT_FOUND, 0, __VA_ARGS__)
#define err_conflict(e, ...) err_set((e), ERR_CONFLICT, 0, __VA_ARGS__)

/* Puts "<context>: " in front of the text; an error that was never set becomes ERR_INTERNAL. Returns what err_set
 * returned for it, so that callers can return it. */
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends what the user can do next: " (<advice>)", or " <advice>" where the text ends with a full stop, a question
 * mark or an exclamation mark. Returns as err_context. */
int err_advice(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The return value that belongs to a set error: -code or the kind's default errno. */
int err_to_errno(const struct err *e);

/* These never return 0 or more. Compilers and analysers that know it know too that a caller who saw success has its
 * out-parameters, and don't warn. */
static inline int err_negative(int code)
{
    return code < 0 ? code : -EPROTO;
}
#define err_set(...) err_negative((err_set)(__VA_ARGS__))
#define err_context(...) err_negative((err_context)(__VA_ARGS__))
#define err_advice(...) err_negative((err_advice)(__VA_ARGS__))

/* True when an error was set. */
static inline int err_is_set(const struct err *e)
{
    return e->kind != ERR_NONE;
}

#endif
