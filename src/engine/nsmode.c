#include "engine/nsmode.h"

#include <string.h>

#include "base/strbuf.h"
#include "base/strv.h"
#include "engine/query.h"

#define CONTAINER_PREFIX "container:"

enum mode_bit {
    MODE_NONE = 1 << 0,
    MODE_PRIVATE = 1 << 1,
    MODE_SHAREABLE = 1 << 2,
    MODE_HOST = 1 << 3,
    MODE_AUTO = 1 << 4,
    MODE_CONTAINER = 1 << 5,
    MODE_NETWORK = 1 << 6, /* any other word: a network's name, which attach_settle() knows to be one */
};

/* "none" is a namespace of its own with nothing in it. */
static const struct {
    const char *word;
    enum mode_bit bit;
    enum ns_how how;
} words[] = {
    {"none", MODE_NONE, NS_OWN},  {"private", MODE_PRIVATE, NS_OWN}, {"shareable", MODE_SHAREABLE, NS_OWN},
    {"host", MODE_HOST, NS_HOST}, {"auto", MODE_AUTO, NS_OWN},
};

static const struct mode_rule {
    enum ns_kind kind;
    const char *flag;
    size_t offset;    /* in struct host_config */
    const char *dflt; /* NULL: stays empty */
    unsigned allowed;
} rules[] = {
    {NS_NET, "--network", offsetof(struct host_config, network_mode), "bridge",
     MODE_NONE | MODE_HOST | MODE_CONTAINER | MODE_NETWORK},
    {NS_PID, "--pid", offsetof(struct host_config, pid_mode), NULL, MODE_PRIVATE | MODE_HOST | MODE_CONTAINER},
    {NS_IPC, "--ipc", offsetof(struct host_config, ipc_mode), "private",
     MODE_NONE | MODE_PRIVATE | MODE_SHAREABLE | MODE_HOST | MODE_CONTAINER},
    {NS_UTS, "--uts", offsetof(struct host_config, uts_mode), NULL, MODE_PRIVATE | MODE_HOST},
    {NS_CGROUP, "--cgroupns", offsetof(struct host_config, cgroupns_mode), "private", MODE_PRIVATE | MODE_HOST},
    {NS_USER, "--userns", offsetof(struct host_config, userns_mode), NULL, MODE_HOST | MODE_AUTO | MODE_CONTAINER},
};

/* Namespaces whose owner must be the container's user namespace, or its processes have no rights over them. */
static const enum ns_kind owned_kinds[] = {NS_NET, NS_PID, NS_IPC};

static const char *mode_of(const struct mode_rule *rule, const struct host_config *h)
{
    const char *mode = *(char *const *)((const char *)h + rule->offset);
    return mode ? mode : "";
}

const char *nsmode_target(const char *mode)
{
    size_t n = strlen(CONTAINER_PREFIX);
    return mode && strncmp(mode, CONTAINER_PREFIX, n) == 0 ? mode + n : NULL;
}

/* ---- settling ---- */

static int unknown_mode(const struct mode_rule *rule, const char *mode, struct err *e)
{
    _cleanup_strbuf_ struct strbuf known = STRBUF_INIT(256);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (rule->allowed & words[i].bit)
            strbuf_addf(&known, "%s, ", words[i].word);
    strbuf_adds(&known, rule->allowed & MODE_CONTAINER ? "container:NAME" : "");
    if (known.len > 2 && known.buf[known.len - 1] == ' ')
        known.buf[known.len - 2] = '\0';
    return err_invalid(e, "%s %.200s: invalid mode; it may be %s", rule->flag, mode, strbuf_str(&known));
}

static bool word_is_allowed(const struct mode_rule *rule, const char *mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if ((rule->allowed & words[i].bit) && strcmp(mode, words[i].word) == 0)
            return true;
    return false;
}

static int check_donor(const struct mode_rule *rule, const struct container *donor, struct err *e)
{
    const char *ipc = donor->host.ipc_mode;
    if (rule->kind != NS_IPC || !ipc || (strcmp(ipc, "private") != 0 && strcmp(ipc, "none") != 0))
        return 0;
    err_conflict(e, "can't join the IPC namespace of container %s: it is not shareable", donor->name);
    return err_advice(e, "start that container with --ipc shareable");
}

static int set_mode(const struct mode_rule *rule, struct host_config *h, const char *mode, const char *id,
                    struct err *e)
{
    char **target = (char **)((char *)h + rule->offset);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1024);
    strbuf_addf(&sb, "%s%s", mode, id);
    char *copy = strbuf_take(&sb);
    if (!copy)
        return strbuf_check(&sb, rule->flag, e);
    free(*target);
    *target = copy;
    return 0;
}

static int settle_one(struct engine *en, const struct mode_rule *rule, struct container *c, struct err *e)
{
    const char *mode = mode_of(rule, &c->host);
    if (!*mode || strcmp(mode, "default") == 0)
        return set_mode(rule, &c->host, rule->dflt ? rule->dflt : "", "", e);
    const char *target = nsmode_target(mode);
    if (!target || !(rule->allowed & MODE_CONTAINER))
        return word_is_allowed(rule, mode) || (rule->allowed & MODE_NETWORK) ? 0 : unknown_mode(rule, mode, e);
    _cleanup_container_ struct container *donor = NULL;
    int r = engine_find(en, target, &donor, e);
    if (r < 0)
        return err_context(e, "%s %s", rule->flag, mode);
    r = check_donor(rule, donor, e);
    return r < 0 ? r : set_mode(rule, &c->host, CONTAINER_PREFIX, donor->id, e);
}

int nsmode_settle(struct engine *en, struct container *c, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        int r = settle_one(en, &rules[i], c, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the plan ---- */

static void choose(const struct mode_rule *rule, const struct host_config *h, struct ns_choice *ret)
{
    const char *mode = mode_of(rule, h), *target = nsmode_target(mode);
    *ret = (struct ns_choice){.how = NS_OWN};
    if (target) {
        ret->how = NS_CONTAINER;
        memcpy(ret->target, target, strnlen(target, CONTAINER_ID_LEN));
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(mode, words[i].word) == 0)
            ret->how = words[i].how;
}

static int imply_user(const struct container *c, struct ns_plan *plan, struct err *e)
{
    struct ns_choice *user = &plan->ns[NS_USER];
    if (c->host.privileged) {
        user->how = NS_HOST;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(owned_kinds); i++) {
        const struct ns_choice *ns = &plan->ns[owned_kinds[i]];
        if (ns->how == NS_HOST) {
            *user = (struct ns_choice){.how = NS_HOST};
            return 0;
        }
        if (ns->how != NS_CONTAINER)
            continue;
        if (user->how == NS_CONTAINER && strcmp(user->target, ns->target) != 0) {
            err_conflict(e, "the namespaces of %.12s and of %.12s belong to different user namespaces", user->target,
                         ns->target);
            return err_advice(e, "add --userns host");
        }
        *user = *ns;
    }
    return 0;
}

int nsmode_plan(const struct container *c, struct ns_plan *ret, struct err *e)
{
    *ret = (struct ns_plan){0}; /* mount: always its own */
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        choose(&rules[i], &c->host, &ret->ns[rules[i].kind]);
    ret->ns[NS_TIME].how = strv_len(c->host.time_offsets) > 0 ? NS_OWN : NS_HOST;
    const char *userns = c->host.userns_mode;
    return userns && *userns ? 0 : imply_user(c, ret, e);
}
