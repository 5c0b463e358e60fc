/*
 * pasta(1): connects a network namespace with its user's host network without a privilege, by one process that translates
 * between a tap device and plain sockets. One for all of a user's containers (engine/rootless.h): 80 to 200 ms and 20 MB.
 *
 * What listens in the namespace is reachable from outside on the same port, one second later: pasta looks for listening
 * sockets. So a published port's held socket listens there, without ever accepting: the firewall leads packets
 * past it, with their source addresses as they came.
 *
 * Needs: pasta, and /dev/net/tun open to the user. Source: pasta(1), passt.top.
 */
#ifndef SAMPAN_NETWORK_PASTA_H
#define SAMPAN_NETWORK_PASTA_H

#include <sys/types.h>

#include "base/err.h"

/* In the directory given, while it runs. */
#define PASTA_PID_NAME "pasta.pid"

/* The host's name server as seen in the namespace: pasta passes on what is sent there. For hosts whose own is on the loopback. */
#define PASTA_DNS_ADDRESS "169.254.1.53"

struct pasta {
    pid_t pid;
    int pidfd; /* -1: does not run */
};
#define PASTA_INIT ((struct pasta){.pidfd = -1})

/* Connects the network namespace of the process, unless that was done and pasta lives. Returns when it works. Its pid file is
 * in the directory. */
int pasta_ensure(struct pasta *p, pid_t target, int dir_fd, struct err *e);
void pasta_end(struct pasta *p);

#endif
