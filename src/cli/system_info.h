/* This machine as the engine sees it, as a JSON object with Docker's keys; what Docker has no word for is in "Sampan". */
#ifndef SAMPAN_CLI_SYSTEM_INFO_H
#define SAMPAN_CLI_SYSTEM_INFO_H

#include "base/json.h"
#include "engine/engine.h"

/* Owned by the caller. "Warnings" says what this machine lacks and what to do about it. */
int system_info(struct engine *en, json_object **ret, struct err *e);

/* The machine without the engine: kernel, system, processors, memory. Added to o. */
void system_info_machine(json_object *o);

/* {"name": true, …} for kernel/features.h. Owned by the caller. */
json_object *system_info_features(void);

#endif
