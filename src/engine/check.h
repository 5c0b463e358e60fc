/* Whether a container's settings make sense, each alone and together. Docker's sentences, where Docker has one. */
#ifndef SAMPAN_ENGINE_CHECK_H
#define SAMPAN_ENGINE_CHECK_H

#include "engine/container.h"
#include "engine/nsmode.h"

/* After the image's configuration was merged and the namespaces settled. Touches nothing but looks at mount sources and
 * devices. */
int check_container(const struct container *c, struct err *e);

#endif
