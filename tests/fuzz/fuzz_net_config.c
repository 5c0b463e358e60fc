/* network/config.h: any bytes are a configuration or are refused with a sentence, and what is accepted keeps its promises. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "network/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_at(const struct net_config *c)
{
    require(c->default_network && c->overlay.prefix && c->overlay.prefix[0] == '/');
    require(c->n_pools > 0 || !c->pools);
    for (size_t i = 0; i < c->n_pools; i++)
        require(ip_is_set(&c->pools[i].base.ip) && c->pools[i].size >= c->pools[i].base.len);
    require(!c->overlay.cert == !c->overlay.key);
    require(!ip_is_set(&c->bip.ip) || prefix_size(&c->bip) > 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_config config;
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);

    require(fd >= 0 && fd_write_all(fd, data, size) == 0);
    require(setenv("SAMPAN_CONFIG", fd_path(fd).path, 1) == 0);
    if (net_config_load(&config, &e) < 0) {
        require(err_is_set(&e));
        return 0;
    }
    look_at(&config);
    net_config_release(&config);
    return 0;
}
