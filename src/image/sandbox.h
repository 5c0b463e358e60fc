/*
 * Where hostile bytes are read. Two fences, one inside the other:
 *
 *   sandbox_enter           the whole program, before it reads its input: its own mount, network, ipc and uts namespaces, the
 *                           layers directory as its root (nothing else of the host can be named), and of its
 *                           capabilities only those that unpacking needs.
 *   sandbox_enter_staging   the process that unpacks one layer: chrooted into that layer's staging directory, so that no
 *                           other layer can be reached; without CAP_SYS_CHROOT; a seccomp allow list of file operations.
 *
 * Should: make files, owners, modes, links, devices and extended attributes below the staging directory.
 * Mustn't: see another path, reach a network, execute, trace, mount, or signal.
 * Source: CVE-2021-32760, CVE-2021-41089, CVE-2025-47290 and kin.
 *
 * Privilege: root. Errors say which fence could not be built; without it nothing is read.
 */
#ifndef SAMPAN_IMAGE_SANDBOX_H
#define SAMPAN_IMAGE_SANDBOX_H

#include "base/err.h"

int sandbox_enter(const char *layers, struct err *e);
int sandbox_enter_staging(const char *path, struct err *e);

#endif
