/*
 * The UTS namespace: hostname and domain name.
 *
 *   new    clone3 makes it with a copy of the host's names; the init sets its own.
 *   join   setns; names in the spec are set there too, as pods want it.
 *   host   the spec may name none (spec_check.c).
 *
 * Source: uts_namespaces(7).
 */
#include <string.h>
#include <unistd.h>

#include "runtime/ns/ns.h"

int ns_uts_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    int r = spec_has_own(spec, NS_UTS) ? 0 : ns_enter(NS_UTS, spec, plan, e);

    if (r < 0)
        return r;
    if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return err_sys(e, "set the hostname \"%s\"", spec->hostname);
    if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return err_sys(e, "set the domain name \"%s\"", spec->domainname);
    return 0;
}
