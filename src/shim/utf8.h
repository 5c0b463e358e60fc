/* Where UTF-8 characters end. Source: RFC 3629 (no overlong forms, no surrogates, nothing above U+10FFFF). */
#ifndef SAMPAN_SHIM_UTF8_H
#define SAMPAN_SHIM_UTF8_H

#include <stddef.h>

/* The bytes (1 to 4) of the character at the start of s, 0 when there is none that is valid and whole. */
size_t utf8_length(const char *s, size_t len);

/* How many bytes at the end of s (0 to 3) are the start of a character that more bytes could complete. */
size_t utf8_unfinished(const char *s, size_t len);

#endif
