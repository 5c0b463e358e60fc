/* libcurl's multi interface in an event loop: its sockets and its timer. A part of etcd.c. Source: libcurl-multi(3). */
#ifndef SAMPAN_KEEPER_ETCD_CURL_H
#define SAMPAN_KEEPER_ETCD_CURL_H

#include <curl/curl.h>

#include "keeper/overlay_events.h"

struct etcd_curl {
    CURLM *multi;
    struct events *loop;
    struct event_timer timer;
    void (*moved)(void *owner); /* something was sent, came or ended: outside of libcurl's own callbacks */
    void *owner;
};

int etcd_curl_init(struct etcd_curl *c, struct events *loop, void (*moved)(void *owner), void *owner, struct err *e);
/* All easy handles have been removed. Never initialised: nothing. */
void etcd_curl_release(struct etcd_curl *c);

#endif
