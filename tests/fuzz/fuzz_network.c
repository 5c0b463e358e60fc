/* network/network.h: any JSON is a network or is refused, and what is accepted is the same again after it was written; its
 * subnets can be leased from without leaving them. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/id.h"
#include "network/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_at(const struct network_subnet *s)
{
    if (!ip_is_set(&s->subnet.ip))
        return;
    require(prefix_contains(&s->subnet, &s->range.ip) && s->range.len >= s->subnet.len);
    require(!ip_is_set(&s->gateway) || prefix_contains(&s->subnet, &s->gateway));
    for (size_t i = 0; i < s->n_aux; i++)
        require(prefix_contains(&s->subnet, &s->aux[i]) && s->aux_names[i]);
}

static char *print(const struct network *n)
{
    _cleanup_json_ json_object *o = NULL;
    struct err e = ERR_INIT;

    require(network_to_json(n, &o, &e) == 0);
    return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static struct network *parse(const char *text, size_t size)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_network_ struct network *n = network_new();
    struct err e = ERR_INIT;

    if (json_parse(text, size, "input", &o, &e) < 0 || network_from_json(o, n, &e) < 0) {
        require(err_is_set(&e));
        return NULL;
    }
    return TAKE_PTR(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_network_ struct network *n = parse((const char *)data, size), *again = NULL;
    _cleanup_free_ char *once = NULL, *twice = NULL;

    if (!n)
        return 0;
    require(!*n->id || id_is_valid(n->id));
    look_at(&n->v4);
    look_at(&n->v6);
    once = print(n);
    again = parse(once, strlen(once));
    require(again);
    twice = print(again);
    require(strcmp(once, twice) == 0);
    return 0;
}
