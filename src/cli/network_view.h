/* Networks as `network ls` shows them, and its filters. */
#ifndef SAMPAN_CLI_NETWORK_VIEW_H
#define SAMPAN_CLI_NETWORK_VIEW_H

#include "base/json.h"
#include "network/network.h"

struct network_filters {
    char *const *filters; /* "kind=value"; borrowed */
    char *const *used;    /* names of the networks that containers refer to; only for dangling=; borrowed */
};

/* ERR_INVALID for an unknown kind, or a value that it does not take. */
int network_filters_check(char *const *filters, struct err *e);
bool network_filters_need_use(char *const *filters);

/* Several of one kind are alternatives, those of different kinds must all match; labels must all match. */
bool network_filters_match(const struct network_filters *f, const struct network *n);

/* Docker's keys: ID, Name, Driver, Scope, IPv4, IPv6, Internal, Labels, CreatedAt. */
int network_view_row(const struct network *n, bool no_trunc, json_object **ret, struct err *e);

#endif
