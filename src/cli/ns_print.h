/*
 * The views of `sampan ns`: all containers' namespaces side by side, one container's in depth, and both as JSON. Pure
 * functions of what engine_namespaces() found.
 */
#ifndef SAMPAN_CLI_NS_PRINT_H
#define SAMPAN_CLI_NS_PRINT_H

#include "base/json.h"
#include "base/strbuf.h"
#include "engine/query.h"

/* A row for the host and for each container, a column for each kind; aligned, with a legend. */
void ns_print_overview(const struct ns_report_list *l, struct strbuf *out);

/* Inodes, sharers and owners; id maps; nesting; processes. */
void ns_print_container(const struct ns_report *r, const struct ns_report *host, struct strbuf *out);

/* {"Host": …, "Containers": […]}, or one report with its maps and members; owned by the caller. */
json_object *ns_overview_to_json(const struct ns_report_list *l);
json_object *ns_report_to_json(const struct ns_report *r);

/* A line of /proc/PID/uid_map. */
struct id_range {
    uint32_t inside, outside, count;
};

/* Reads the next line and moves *text behind it; false at the end. */
bool id_map_next(const char **text, struct id_range *ret);

#endif
