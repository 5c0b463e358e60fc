/* cli/network_values.h: whatever follows --network, --add-host, --expose and --network-rate. What is taken is whole: a
 * network has a name, a line for /etc/hosts is one line, a rate is not negative. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/network_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void run_network(const char *text)
{
    _cleanup_container_ struct container *c = container_new();

    if (value_network(text, c, NULL) == 0)
        require(c->n_endpoints == 1 && *c->endpoints[0].network);
    else
        require(c->n_endpoints == 0);
}

static void run_add_host(const char *text)
{
    _cleanup_container_ struct container *c = container_new();

    if (value_add_host(text, c, NULL) < 0)
        return;
    require(strv_len(c->host.extra_hosts) == 1);
    require(!strpbrk(c->host.extra_hosts[0], " \t\r\n#") && strchr(c->host.extra_hosts[0], ':'));
}

static void run_numbers(const char *text)
{
    _cleanup_container_ struct container *c = container_new();

    if (value_network_rate(text, c, NULL) == 0)
        require(c->host.network_rate >= 0);
    value_expose(text, c, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    run_network(text);
    run_add_host(text);
    run_numbers(text);
    free(text);
    return 0;
}
