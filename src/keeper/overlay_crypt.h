/*
 * Keys of encrypted networks (network/ipsec.h). All of them share one pair of security associations for each pair of
 * hosts.
 *
 * For each other host P, this host chooses at random the key of what P sends here, installs its own side of it, and
 * then tells P, by etcd: PREFIX/keys/THIS/P = {"for": SESSION, "spi": …, "key": …}. SESSION is P's present life, from
 * its record: a sender that was restarted begins its counters anew, and with AES-GCM must never do so with an old key;
 * so it gets a new one, and takes no other. Keys are changed every eight hours, too. The one before is accepted until
 * the next change.
 *
 * Between two hosts nothing flows until both keys are in place; what etcd holds is protected by etcd (TLS, and who may
 * read it).
 */
#ifndef SAMPAN_KEEPER_OVERLAY_CRYPT_H
#define SAMPAN_KEEPER_OVERLAY_CRYPT_H

#include "keeper/etcd_watch.h"
#include "keeper/overlay_records.h"

struct overlay;
struct overlay_crypt_peer;

struct overlay_crypt {
    int sock;                       /* XFRM netlink; -1: no encrypted network is served */
    char *keys_prefix, *own_prefix; /* "/sampan/keys/", "/sampan/keys/THIS/" */
    struct overlay_records records;
    struct etcd_watch *watch;
    struct event_timer rotate;
    struct overlay_crypt_peer *peers;
};

/* Before an encrypted network's device is made: from here on nothing of it gets out in clear. ERR_UNSUPPORTED where the
 * kernel cannot encrypt. Started already: success. */
int overlay_crypt_start(struct overlay *o, struct err *e);
/* Keys for who is there now, none for who is gone. */
void overlay_crypt_update(struct overlay *o);
/* When the last encrypted network has been left. Never started: nothing. */
void overlay_crypt_stop(struct overlay *o);

#endif
