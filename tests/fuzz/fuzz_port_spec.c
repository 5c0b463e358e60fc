/* cli/port_spec.c: whatever is given as -p, its ports are ports, its address is one, and no byte beyond the text is
 * touched. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "cli/port_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(struct port_spec *s)
{
    struct ip ip;

    require(s->count >= 1 && s->port >= 1 && s->port + s->count - 1 <= UINT16_MAX);
    require(s->host_port == 0 || s->host_port + s->count - 1 <= UINT16_MAX);
    require(s->host_end == 0 || (s->count == 1 && s->host_port >= 1 && s->host_end > s->host_port));
    require(s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP || s->protocol == IPPROTO_SCTP);
    require(*s->host_ip == '\0' || ip_parse(s->host_ip, "again", &ip, NULL) == 0);
    for (uint32_t i = 0; i < s->count; i++) {
        struct port_binding p = port_spec_binding(s, i);

        require(p.port == s->port + i && (p.host_port != 0) == (s->host_port != 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct port_spec s = {0};
    struct err e = ERR_INIT;

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (port_spec_parse(text, "test", &s, &e) == 0)
        check(&s);
    else
        require(e.kind == ERR_INVALID);
    free(text);
    return 0;
}
