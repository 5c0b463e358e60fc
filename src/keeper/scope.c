#include "keeper/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

struct scope *scope_new(void)
{
    struct scope *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->port = DNS_PORT;
    return s;
}

void scope_free(struct scope *s)
{
    for (size_t i = 0; i < s->n_networks; i++)
        network_free(s->networks[i]);
    strv_free(s->egress.allow);
    free(s);
}

int scope_add(struct scope *s, struct network *n, struct err *e)
{
    _cleanup_network_ struct network *owned = n;
    if (s->n_networks == SCOPE_NETWORKS_MAX)
        return err_set(e, ERR_UNSUPPORTED, E2BIG, "names of more than %d networks for one container",
                       SCOPE_NETWORKS_MAX);
    size_t len = strlen(s->key);
    snprintf(s->key + len, sizeof(s->key) - len, "%s%s", len > 0 ? "+" : "", n->id);
    s->networks[s->n_networks++] = TAKE_PTR(owned);
    return 0;
}

void scope_set_owner(struct scope *s, const char *container, struct egress *egress)
{
    size_t len = strlen(s->key);
    snprintf(s->key + len, sizeof(s->key) - len, "@%s", container);
    snprintf(s->owner, sizeof(s->owner), "%s", container);
    s->egress = *egress;
    *egress = (struct egress){0};
}

bool scope_key_is_network(const char *key)
{
    return strpbrk(key, "+@") == NULL;
}

const char *scope_describe(const struct scope *s, char buf[static 128])
{
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < s->n_networks && len < 128; i++) {
        int n = snprintf(buf + len, 128 - len, "%s%s", i > 0 ? " and " : "", s->networks[i]->name);
        len += n > 0 ? (size_t)n : 0;
    }
    return buf;
}
