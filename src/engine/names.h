/* Names for containers that the user gave none: an adjective and a vessel, "brisk_junk". */
#ifndef SAMPAN_ENGINE_NAMES_H
#define SAMPAN_ENGINE_NAMES_H

#include "base/err.h"

/* attempt: how many names were taken already; from the second on the name carries a number. */
int names_random(unsigned attempt, char **ret, struct err *e);

#endif
