#include "network/rate.h"

#include <linux/pkt_sched.h>

#include "kernel/netlink.h"

enum {
    BURSTS_PER_SECOND = 100, /* so that a timer every 10 ms is enough for the full rate */
    BURST_MIN = 64 * 1024,   /* one segment as large as segmentation offload makes them */
    BURST_MAX = 64 << 20,
    QUEUES_PER_SECOND = 20, /* what waits does so for 50 ms at most */
    QUEUE_MIN = 2 * BURST_MIN,
    ROOT_HANDLE = 1 << 16,
};

static uint32_t clamp(uint64_t v, uint32_t min, uint32_t max)
{
    return v < min ? min : v > max ? max : (uint32_t)v;
}

int rate_limit(int sock, const char *name, uint64_t rate, struct err *e)
{
    const uint32_t burst = clamp(rate / BURSTS_PER_SECOND, BURST_MIN, BURST_MAX);
    const struct tc_tbf_qopt qopt = {
        .rate = {.rate = clamp(rate, 1, UINT32_MAX), .linklayer = TC_LINKLAYER_ETHERNET},
        .limit = burst + clamp(rate / QUEUES_PER_SECOND, QUEUE_MIN, INT32_MAX),
    };
    struct tcmsg tc = {.tcm_parent = TC_H_ROOT, .tcm_handle = ROOT_HANDLE};
    struct netlink_batch b;
    struct nlattr *options;
    int r;

    tc.tcm_ifindex = netlink_link_index(sock, name, e);
    if (tc.tcm_ifindex < 0)
        return tc.tcm_ifindex;
    netlink_batch_init(&b);
    netlink_request(&b, "limit the rate", RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &tc, sizeof(tc));
    netlink_attr_str(&b, TCA_KIND, "tbf");
    options = netlink_nest(&b, TCA_OPTIONS);
    netlink_attr(&b, TCA_TBF_PARMS, &qopt, sizeof(qopt));
    netlink_attr_u64(&b, TCA_TBF_RATE64, rate);
    netlink_attr_u32(&b, TCA_TBF_BURST, burst);
    netlink_nest_end(&b, options);
    r = netlink_run(sock, &b, e);
    if (r == -ENOENT) {
        err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel cannot limit the rate of %s", name);
        r = err_advice(e, "it needs CONFIG_NET_SCH_TBF: modprobe sch_tbf, or start without --network-rate");
    }
    return r;
}
