#include "engine/netenv.h"

#include <stdlib.h>

#include "base/cleanup.h"

struct net_env {
    struct net_instance in;
    struct net_config config;
};

void net_env_free(struct net_env *env)
{
    if (!env)
        return;
    net_instance_close(&env->in);
    net_config_release(&env->config);
    free(env);
}
DEFINE_CLEANUP_PTR(net_env, struct net_env *, net_env_free)

static int open_env(const struct engine *en, struct net_env **ret, struct err *e)
{
    _cleanup_(cleanup_net_env) struct net_env *env = calloc(1, sizeof(*env));
    if (!env)
        return err_set(e, ERR_SYS, ENOMEM, "open the networks");
    env->in = NET_INSTANCE_INIT;
    int r = net_config_load(&env->config, e);
    if (r == 0)
        r = net_instance_open(en->run_root, &env->in, e);
    if (r == 0)
        *ret = TAKE_PTR(env);
    return r;
}

int engine_net(struct engine *en, const struct net_instance **ret_in, const struct net_config **ret_config,
               struct err *e)
{
    int r = en->net ? 0 : open_env(en, &en->net, e);
    if (r < 0)
        return r;
    *ret_in = &en->net->in;
    *ret_config = &en->net->config;
    return 0;
}
