/*
 * Names of other hosts' containers: a file each in RUN_ROOT/networks/ID/remote, in the form of those beside it in
 * endpoints/ (network/names.h), which the network's dnsmasq reads as well.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_NAMES_H
#define SAMPAN_KEEPER_OVERLAY_NAMES_H

#include "keeper/overlay_member.h"

#define OVERLAY_REMOTE_DIR "remote"

/* dir: of RUN_ROOT/networks/ID. Hosts have no names; neither do keys that are no container's: nothing is done. */
int overlay_names_write(int dir, const struct overlay_member *m, struct err *e);
void overlay_names_remove(int dir, const struct overlay_member *m);

/* Removes the files of all containers that `keep` does not want: what an earlier keeper left. */
void overlay_names_sweep(int dir, bool (*keep)(const char *container, void *arg), void *arg);

#endif
