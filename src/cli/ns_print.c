#include "cli/ns_print.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "cli/output.h"
#include "cli/table.h"

/* ---- the overview ---- */

/* The container that a namespace counts as: the oldest of those that are in it, which is the last in the list. */
static const struct ns_report *holder_of(const struct ns_report_list *l, enum ns_kind kind, uint64_t inode)
{
    for (size_t i = l->n; i-- > 0;)
        if (l->v[i].container && l->v[i].ns[kind].inode == inode)
            return &l->v[i];
    return NULL;
}

static void add_overview_cell(const struct ns_report_list *l, const struct ns_report *r, enum ns_kind kind,
                              struct strbuf *lines)
{
    const struct ns_view *ns = &r->ns[kind];
    const struct ns_report *holder = holder_of(l, kind, ns->inode);

    if (r->container && ns->is_host)
        strbuf_adds(lines, "host");
    else if (r->container && holder != r)
        strbuf_addf(lines, "=%s", holder->container);
    else if (ns->inode)
        strbuf_addf(lines, "%" PRIu64, ns->inode);
    else
        strbuf_adds(lines, "-"); /* this kernel has no such kind */
}

static void add_overview_row(const struct ns_report_list *l, const struct ns_report *r, struct strbuf *lines)
{
    if (r->container)
        strbuf_addf(lines, "%s\t%d", r->container, r->pid);
    else
        strbuf_adds(lines, "(host)\t-");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        strbuf_addc(lines, '\t');
        add_overview_cell(l, r, kind, lines);
    }
    strbuf_addc(lines, '\n');
}

static void add_overview_titles(struct strbuf *lines)
{
    strbuf_adds(lines, "CONTAINER\tPID");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        strbuf_addc(lines, '\t');
        for (const char *c = ns_kinds[kind].proc_name; *c; c++)
            strbuf_addc(lines, (char)toupper((unsigned char)*c));
    }
    strbuf_addc(lines, '\n');
}

void ns_print_overview(const struct ns_report_list *l, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);

    add_overview_titles(&lines);
    for (size_t i = 0; i < l->n; i++)
        add_overview_row(l, &l->v[i], &lines);
    table_align(strbuf_str(&lines), out);
    if (l->n > 1)
        strbuf_adds(out, "\nA number is the inode of a namespace of its own (/proc/PID/ns); host: the host's; "
                         "=NAME: that container's.\n");
}

/* ---- one container: its namespaces ---- */

static void add_owner(const struct ns_report *r, const struct ns_report *host, const struct ns_view *ns,
                      struct strbuf *lines)
{
    if (ns->owner_userns == 0) {
        strbuf_adds(lines, ns->kind == NS_USER && ns->is_host ? "-" : "unknown"); /* the first has none above it */
        return;
    }
    if (host && ns->owner_userns == host->ns[NS_USER].inode)
        strbuf_adds(lines, "the host's user namespace");
    else if (ns->owner_userns == r->ns[NS_USER].inode)
        strbuf_adds(lines, "its user namespace");
    else
        strbuf_addf(lines, "user namespace %" PRIu64, ns->owner_userns);
    if (ns->kind == NS_USER && ns->owner_uid >= 0)
        strbuf_addf(lines, ", made by uid %d", ns->owner_uid);
}

/* By name; but everybody is in one of the host's namespaces or other, and a number says enough. */
static void add_sharers(const struct ns_view *ns, struct strbuf *lines)
{
    _cleanup_free_ char *names = strv_join(ns->shared_with, ", ");
    size_t n = strv_len(ns->shared_with);

    if (!ns->is_host)
        strbuf_adds(lines, names && *names ? names : "-");
    else if (n <= 1)
        strbuf_adds(lines, "host");
    else
        strbuf_addf(lines, "host, %zu container%s", n - 1, n == 2 ? "" : "s");
}

static void add_namespace(const struct ns_report *r, const struct ns_report *host, const struct ns_view *ns,
                          struct strbuf *lines)
{
    if (ns->inode == 0)
        return;
    strbuf_addf(lines, "%s\t%" PRIu64 "\t", ns_kinds[ns->kind].proc_name, ns->inode);
    add_sharers(ns, lines);
    strbuf_addc(lines, '\t');
    add_owner(r, host, ns, lines);
    strbuf_addc(lines, '\n');
}

static void print_namespaces(const struct ns_report *r, const struct ns_report *host, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);

    strbuf_adds(&lines, "NAMESPACE\tINODE\tSHARED WITH\tOWNER\n");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        add_namespace(r, host, &r->ns[kind], &lines);
    table_align(strbuf_str(&lines), out);
}

/* ---- id maps ---- */

bool id_map_next(const char **text, struct id_range *ret)
{
    int used = 0;

    if (sscanf(*text, "%" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &ret->inside, &ret->outside, &ret->count, &used) < 3)
        return false;
    *text += used;
    return true;
}

/* The last id of a range; "all" of them do not fit in 32 bits with one more. */
static uint32_t last_of(uint32_t first, uint32_t count)
{
    return first + (count ? count - 1 : 0);
}

static void add_map(const char *name, const char *map, struct strbuf *lines)
{
    struct id_range range;

    while (map && id_map_next(&map, &range))
        strbuf_addf(lines, "%s\t%" PRIu32 "-%" PRIu32 "\t%" PRIu32 "-%" PRIu32 "\n", name, range.inside,
                    last_of(range.inside, range.count), range.outside, last_of(range.outside, range.count));
}

static void print_maps(const struct ns_report *r, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);

    strbuf_adds(&lines, "\nIDS\tINSIDE\tOUTSIDE\n");
    add_map("uid", r->uid_map, &lines);
    add_map("gid", r->gid_map, &lines);
    table_align(strbuf_str(&lines), out);
}

/* ---- nesting ---- */

static void print_nesting(const struct ns_report *r, const struct ns_report *host, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);

    strbuf_adds(&lines, "\nNESTING\tFROM THE INSIDE OUT\n");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        const struct ns_view *ns = &r->ns[kind];

        if (ns->n_parents == 0)
            continue;
        strbuf_addf(&lines, "%s\t%" PRIu64, ns_kinds[kind].proc_name, ns->inode);
        for (size_t i = 0; i < ns->n_parents; i++)
            strbuf_addf(&lines, " < %" PRIu64 "%s", ns->parents[i],
                        host && ns->parents[i] == host->ns[kind].inode ? " (host)" : "");
        strbuf_addc(&lines, '\n');
    }
    if (strchr(strchr(strbuf_str(&lines), '\t'), '<'))
        table_align(strbuf_str(&lines), out);
}

/* ---- processes ---- */

/* The namespaces of r that are not the host's. */
static unsigned own_kinds(const struct ns_report *r)
{
    unsigned kinds = 0;

    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        if (!r->ns[kind].is_host && r->ns[kind].inode)
            kinds |= 1U << kind;
    return kinds;
}

static unsigned kinds_of(const struct ns_report *r, pid_t pid)
{
    unsigned kinds = 0;

    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        for (size_t i = 0; i < r->ns[kind].n_members; i++)
            if (r->ns[kind].members[i].pid == pid)
                kinds |= 1U << kind;
    return kinds;
}

static void add_kinds(unsigned kinds, struct strbuf *lines)
{
    const char *separator = "";

    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        if (!(kinds & 1U << kind))
            continue;
        strbuf_addf(lines, "%s%s", separator, ns_kinds[kind].proc_name);
        separator = " ";
    }
}

/* Which of the container's own namespaces a process is in, the short way round. */
static void add_membership(unsigned own, unsigned in, struct strbuf *lines)
{
    unsigned missing = own & ~in;

    if (missing == 0) {
        strbuf_adds(lines, "all");
    } else if (__builtin_popcount(missing) < __builtin_popcount(own & in)) {
        strbuf_adds(lines, "all but ");
        add_kinds(missing, lines);
    } else {
        add_kinds(own & in, lines);
    }
}

static void add_process(const struct container_process *p, unsigned own, unsigned in, struct strbuf *lines)
{
    strbuf_addf(lines, "%d\t%d\t%u\t", p->pid, p->ns_pid, p->uid);
    add_membership(own, in, lines);
    strbuf_addc(lines, '\t');
    output_cell(lines, p->command ? p->command : "");
    strbuf_addc(lines, '\n');
}

/* Each process once, in the order of the first namespace that has it. The host's namespaces would bring the host's. */
static void print_processes(const struct ns_report *r, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);
    unsigned own = own_kinds(r), seen = 0;

    strbuf_adds(&lines, "\nPID\tINSIDE\tUID\tIN\tCOMMAND\n");
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        const struct ns_view *ns = &r->ns[kind];

        if (!(own & 1U << kind))
            continue;
        for (size_t i = 0; i < ns->n_members; i++) {
            unsigned in = kinds_of(r, ns->members[i].pid);

            if ((in & seen) == 0)
                add_process(&ns->members[i], own, in, &lines);
        }
        seen |= 1U << kind;
    }
    table_align(strbuf_str(&lines), out);
}

void ns_print_container(const struct ns_report *r, const struct ns_report *host, struct strbuf *out)
{
    strbuf_addf(out, "%s  %.*s  pid %d\n\n", r->container, CONTAINER_SHORT_ID_LEN, r->id ? r->id : "", r->pid);
    print_namespaces(r, host, out);
    print_maps(r, out);
    print_nesting(r, host, out);
    print_processes(r, out);
}
