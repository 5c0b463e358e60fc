#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ns_print.h"

/* A host, db with namespaces of its own, and web (newer, so first) that shares db's pid and user namespaces and the host's
 * network. */
enum { HOST_BASE = 100, DB_BASE = 200, WEB_BASE = 300 };

struct fixture {
    struct ns_report v[3];
    struct ns_report_list list;
    struct container_process members[2];
};

static char *host_sharers[] = {"host", "lab", NULL};
static char *db_sharer[] = {"db", NULL};
static char *web_sharer[] = {"web", NULL};

static void fill(struct ns_report *r, char *name, pid_t pid, uint64_t base)
{
    *r = (struct ns_report){.container = name, .id = name ? (char *)"0123456789abcdef" : NULL, .pid = pid};
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        r->ns[kind] = (struct ns_view){.kind = kind,
                                       .inode = base + kind,
                                       .is_host = base == HOST_BASE,
                                       .owner_userns = base + NS_USER,
                                       .owner_uid = -1};
}

static struct ns_view *web_ns(struct fixture *f, enum ns_kind kind)
{
    return &f->v[1].ns[kind];
}

static void init(struct fixture *f)
{
    *f = (struct fixture){0};
    fill(&f->v[0], NULL, 1, HOST_BASE);
    fill(&f->v[1], (char *)"web", 42, WEB_BASE);
    fill(&f->v[2], (char *)"db", 41, DB_BASE);
    *web_ns(f, NS_NET) = f->v[0].ns[NS_NET];
    web_ns(f, NS_NET)->shared_with = host_sharers;
    *web_ns(f, NS_PID) = f->v[2].ns[NS_PID];
    web_ns(f, NS_PID)->shared_with = db_sharer;
    *web_ns(f, NS_USER) = f->v[2].ns[NS_USER];
    web_ns(f, NS_USER)->owner_userns = HOST_BASE + NS_USER;
    web_ns(f, NS_USER)->owner_uid = 0;
    f->v[2].ns[NS_PID].shared_with = web_sharer;
    f->list = (struct ns_report_list){f->v, 3};
}

static void assert_line(const struct strbuf *out, const char *line)
{
    if (!strstr(strbuf_str(out), line))
        fail_msg("no line \"%s\" in:\n%s", line, strbuf_str(out));
}

static void the_overview_says_who_shares(void **state)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(65536);
    struct fixture f;

    (void)state;
    init(&f);
    ns_print_overview(&f.list, &out);
    assert_line(&out,
                "CONTAINER   PID       USER      PID       NET       IPC       UTS       CGROUP    TIME      MNT\n");
    assert_line(&out,
                "(host)      -         100       101       102       103       104       105       106       107\n");
    assert_line(&out,
                "web         42        =db       =db       host      303       304       305       306       307\n");
    assert_line(&out,
                "db          41        200       201       202       203       204       205       206       207\n");
    assert_line(&out, "=NAME");
}

static void a_host_alone_needs_no_legend(void **state)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(65536);
    struct fixture f;

    (void)state;
    init(&f);
    f.list.n = 1;
    f.v[0].ns[NS_TIME].inode = 0; /* a kernel without time namespaces */
    ns_print_overview(&f.list, &out);
    assert_line(&out, "105       -         107\n");
    assert_null(strstr(strbuf_str(&out), "=NAME"));
}

static void add_members(struct fixture *f)
{
    f->members[0] = (struct container_process){.pid = 42, .ns_pid = 1, .uid = 536870912, .command = (char *)"sh\n-c"};
    f->members[1] = (struct container_process){.pid = 43, .ns_pid = 7, .uid = 536870913, .command = (char *)"top"};
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        web_ns(f, kind)->members = f->members;
        web_ns(f, kind)->n_members = 2;
    }
    web_ns(f, NS_UTS)->n_members = 1; /* 43 made one of its own */
}

static void one_container_in_depth(void **state)
{
    uint64_t parents[] = {HOST_BASE + NS_PID};
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(65536);
    struct fixture f;

    (void)state;
    init(&f);
    add_members(&f);
    web_ns(&f, NS_PID)->parents = parents;
    web_ns(&f, NS_PID)->n_parents = 1;
    f.v[1].uid_map = (char *)"         0  536870912      65536\n     65536 700 1\n";
    f.v[1].gid_map = (char *)"         0          0 4294967295\n";
    ns_print_container(&f.v[1], &f.v[0], &out);
    assert_line(&out, "web  0123456789ab  pid 42\n");
    assert_line(&out, "user        200       -                   the host's user namespace, made by uid 0\n");
    assert_line(&out, "pid         201       db                  its user namespace\n");
    assert_line(&out, "net         102       host, 1 container   the host's user namespace\n");
    assert_line(&out, "mnt         307       -                   user namespace 300\n");
    assert_line(&out, "uid       0-65535        536870912-536936447\n");
    assert_line(&out, "uid       65536-65536    700-700\n");
    assert_line(&out, "gid       0-4294967294   0-4294967294\n");
    assert_line(&out, "pid       201 < 101 (host)\n");
    assert_line(&out, "42        1         536870912   all           sh -c\n");
    assert_line(&out, "43        7         536870913   all but uts   top\n");
    assert_null(strstr(strstr(strbuf_str(&out), "all but"), "42  "));
}

static void json_has_the_same(void **state)
{
    _cleanup_json_ json_object *all = NULL, *one = NULL;
    json_object *pid;
    struct fixture f;

    (void)state;
    init(&f);
    add_members(&f);
    f.v[1].uid_map = (char *)"0 536870912 65536\n";
    all = ns_overview_to_json(&f.list);
    pid = json_path(all, "Host", "Namespaces", "pid", NULL);
    assert_int_equal(json_object_get_int(json_get(pid, "Inode")), 101);
    assert_int_equal(json_object_array_length(json_get(all, "Containers")), 2);
    one = ns_report_to_json(&f.v[1]);
    assert_string_equal(json_object_get_string(json_get(one, "UidMap")),
                        "[ { \"Inside\": 0, \"Outside\": 536870912, \"Count\": 65536 } ]");
    pid = json_path(one, "Namespaces", "pid", NULL);
    assert_string_equal(json_object_get_string(json_get(pid, "SharedWith")), "[ \"db\" ]");
    assert_int_equal(json_object_array_length(json_get(pid, "Members")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_overview_says_who_shares),
        cmocka_unit_test(a_host_alone_needs_no_legend),
        cmocka_unit_test(one_container_in_depth),
        cmocka_unit_test(json_has_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
