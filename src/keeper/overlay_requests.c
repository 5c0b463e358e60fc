/* Requests that overlay networks answer. They are opened by the first that needs them: most hosts have none. */
#include "keeper/keeper.h"
#include "network/config.h"

static void overlay_ready(struct loop_source *s)
{
    struct keeper *k = s->owner;
    overlay_dispatch(k->overlay);
}

static int open_overlay(struct keeper *k, struct err *e)
{
    if (k->overlay)
        return 0;
    int r = net_config_load(&k->overlay_config, e);
    if (r < 0)
        return r;
    r = overlay_new(&k->in, &k->overlay_config, &k->overlay, e);
    if (r < 0) {
        net_config_release(&k->overlay_config);
        return r;
    }
    k->overlay_events =
        (struct loop_source){.fd = overlay_fd(k->overlay), .events = POLLIN, .ready = overlay_ready, .owner = k};
    loop_add(&k->loop, &k->overlay_events);
    return 0;
}

void keeper_leave_overlay(struct keeper *k)
{
    if (!k->overlay)
        return;
    loop_remove(&k->loop, &k->overlay_events);
    overlay_free(k->overlay);
    k->overlay = NULL;
    net_config_release(&k->overlay_config);
}

int keeper_join_overlay(struct keeper *k, const struct network *n, struct err *e)
{
    int r = open_overlay(k, e);
    return r < 0 ? r : overlay_serve(k->overlay, n, e);
}

static int take_network(json_object *request, struct network *n, struct err *e)
{
    json_object *definition = json_get(request, "Network");
    return definition ? network_from_json(definition, n, e) : err_invalid(e, "the request has no network");
}

static int put_network(json_object *answer, const struct network *n, struct err *e)
{
    json_object *definition;
    int r = network_to_json(n, &definition, e);
    if (r == 0)
        json_object_object_add(answer, "Network", definition);
    return r;
}

int keeper_do_overlay_create(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                             struct err *e)
{
    (void)c;
    _cleanup_network_ struct network *n = network_new();
    int r = take_network(request, n, e);
    if (r == 0)
        r = open_overlay(k, e);
    if (r == 0)
        r = overlay_create(k->overlay, n, e);
    return r < 0 ? r : put_network(answer, n, e);
}

int keeper_do_overlay_find(struct keeper *k, struct client *c, json_object *request, json_object *answer, struct err *e)
{
    (void)c;
    _cleanup_network_ struct network *n = NULL;
    const char *ref;
    int r = json_get_str(request, "Name", "", &ref, e);
    if (r == 0)
        r = open_overlay(k, e);
    if (r == 0)
        r = overlay_find(k->overlay, ref, &n, e);
    return r < 0 ? r : put_network(answer, n, e);
}

int keeper_do_overlay_remove(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                             struct err *e)
{
    (void)c;
    (void)answer;
    _cleanup_network_ struct network *n = network_new();
    int r = take_network(request, n, e);
    if (r == 0)
        r = open_overlay(k, e);
    return r < 0 ? r : overlay_remove(k->overlay, n, e);
}

int keeper_do_overlay_peers(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                            struct err *e)
{
    (void)c;
    json_object *peers;
    const char *id;
    int r = json_get_str(request, "Id", "", &id, e);
    if (r == 0)
        r = open_overlay(k, e);
    if (r == 0)
        r = overlay_peers(k->overlay, id, &peers, e);
    if (r == 0)
        json_object_object_add(answer, "Peers", peers);
    return r;
}
