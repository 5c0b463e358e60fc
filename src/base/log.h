/*
 * What the engine says about itself on stderr, never about the user's mistakes (those are errors, base/err.h).
 * Off below LOG_WARNING unless SAMPAN_DEBUG=1 or --debug.
 */
#ifndef SAMPAN_BASE_LOG_H
#define SAMPAN_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The program's name (borrowed) and threshold; called once by main(). SAMPAN_DEBUG=1 in the environment wins. */
void log_init(const char *program, enum log_level threshold);

/* Writes "program: level: text" and a newline in one write(2), cut at about 2000 bytes. Keeps errno, uses no heap. */
void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_warning(...) log_print(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_debug(...) log_print(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
