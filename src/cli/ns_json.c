/* Namespaces as JSON, for programs. */
#include "cli/ns_print.h"

static json_object *map_to_json(const char *map)
{
    json_object *array = json_object_new_array();
    struct id_range range;

    while (map && id_map_next(&map, &range)) {
        json_object *o = json_object_new_object();

        json_add_uint(o, "Inside", range.inside);
        json_add_uint(o, "Outside", range.outside);
        json_add_uint(o, "Count", range.count);
        json_object_array_add(array, o);
    }
    return array;
}

static void add_members(const struct ns_view *ns, json_object *o)
{
    json_object *members = json_add_array(o, "Members");

    for (size_t i = 0; i < ns->n_members; i++) {
        const struct container_process *p = &ns->members[i];
        json_object *member = json_object_new_object();

        json_add_int(member, "Pid", p->pid);
        json_add_int(member, "PidInside", p->ns_pid);
        json_add_int(member, "Uid", p->uid);
        json_add_str(member, "Command", p->command ? p->command : "");
        json_object_array_add(members, member);
    }
}

static void add_parents(const struct ns_view *ns, json_object *o)
{
    json_object *parents = json_add_array(o, "Parents");

    for (size_t i = 0; i < ns->n_parents; i++)
        json_object_array_add(parents, json_object_new_uint64(ns->parents[i]));
}

static void add_view(const struct ns_view *ns, bool in_depth, json_object *o)
{
    json_add_uint(o, "Inode", ns->inode);
    json_add_bool(o, "IsHost", ns->is_host);
    json_add_strv(o, "SharedWith", ns->shared_with);
    json_add_uint(o, "OwnerUserNamespace", ns->owner_userns);
    json_add_int(o, "OwnerUid", ns->owner_uid);
    if (!in_depth)
        return;
    add_parents(ns, o);
    add_members(ns, o);
}

static json_object *report_to_json(const struct ns_report *r, bool in_depth)
{
    json_object *o = json_object_new_object(), *namespaces;

    json_add_str(o, "Name", r->container);
    json_add_str(o, "Id", r->id);
    if (r->container)
        json_add_int(o, "Pid", r->pid);
    if (in_depth) {
        json_object_object_add(o, "UidMap", map_to_json(r->uid_map));
        json_object_object_add(o, "GidMap", map_to_json(r->gid_map));
    }
    namespaces = json_add_object(o, "Namespaces");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        if (r->ns[kind].inode)
            add_view(&r->ns[kind], in_depth, json_add_object(namespaces, ns_kinds[kind].proc_name));
    return o;
}

json_object *ns_report_to_json(const struct ns_report *r)
{
    return report_to_json(r, true);
}

json_object *ns_overview_to_json(const struct ns_report_list *l)
{
    json_object *o = json_object_new_object(), *containers;

    for (size_t i = 0; i < l->n; i++)
        if (!l->v[i].container)
            json_object_object_add(o, "Host", report_to_json(&l->v[i], false));
    containers = json_add_array(o, "Containers");
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].container)
            json_object_array_add(containers, report_to_json(&l->v[i], false));
    return o;
}
