/* What a container takes over from its image's configuration. Source: OCI image-spec config.md; Docker's rules of
 * merging. */
#ifndef SAMPAN_ENGINE_MERGE_H
#define SAMPAN_ENGINE_MERGE_H

#include "base/json.h"
#include "engine/container.h"

/* image_config: the whole OCI image configuration; NULL for a container from a directory. The user's settings win; an
 * entrypoint of the user's drops the image's command. ERR_INVALID when there is no command at all. */
int merge_image_config(struct container *c, json_object *image_config, struct err *e);

#endif
