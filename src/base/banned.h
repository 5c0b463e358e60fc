/*
 * Functions that this project does not use. Forced into every translation unit by the build: a call fails to compile.
 * strcpy and kin do not know the size of their target; system and popen run a shell; the others hide errors or state.
 */
#ifndef SAMPAN_BASE_BANNED_H
#define SAMPAN_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* clang's fortified <stdio.h> has these as macros, which cannot be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison system popen tmpnam tempnam mktemp
#pragma GCC poison atoi atol atoll atof strtok
#undef alloca /* a macro in glibc, and poisoning a macro warns */
#pragma GCC poison gmtime localtime ctime asctime alloca

#endif
