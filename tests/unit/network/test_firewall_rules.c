/* The static rules are what their text beside them says: compared with what nft(8) lists. */
#include "network/firewall_lab.h"

/* Its tables are private to it; with them here, the library's own object is not linked. */
#include "network/firewall_tables.c" /* NOLINT(bugprone-suspicious-include) */

/* The chain as nft lists it, a rule a line. */
static const char *listed(const char *family, const char *chain)
{
    static char text[16384];
    char command[256];

    snprintf(command, sizeof(command), "nft list chain %s %s %s", family, lab.in.table, chain);
    assert_int_equal(shell_capture(command, text, sizeof(text)), 0);
    return text;
}

static void check_rules(const char *family, const struct rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char line[512];

        snprintf(line, sizeof(line), "\t\t%s\n", rules[i].text);
        if (!strstr(listed(family, rules[i].chain), line))
            fail_msg("not \"%s\", but:\n%s", rules[i].text, listed(family, rules[i].chain));
    }
}
#define CHECK(family_, rules_) check_rules(family_, rules_, ARRAY_SIZE(rules_))

static void rules_are_what_their_text_says(void **state)
{
    (void)state;
    CHECK("inet", inet_rules);
    CHECK("ip", ip_rules);
    CHECK("ip", ip4_names_rules);
    CHECK("ip", ip4_rules);
    CHECK("ip6", ip_rules);
    CHECK("ip6", ip6_names_rules);
    CHECK("ip6", ip6_rules);
    CHECK("ip6", output_rules);
}

/* The order within a chain, which decides. */
static void rules_are_in_their_order(void **state)
{
    const char *at = listed("inet", "forward");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(inet_rules); i++) {
        if (strcmp(inet_rules[i].chain, "forward") == 0) {
            at = strstr(at, inet_rules[i].text);
            assert_non_null(at);
        }
    }
}

static void rules_of_other_configurations(void **state)
{
    struct err e = ERR_INIT;
    bool made = false;

    assert_works(file_write(lab.in.dir_fd, "forwarding", "", 0, 0600, &e), &e);
    assert_works(file_write(lab.in.dir_fd, "forwarding6", "", 0, 0600, &e), &e);
    lab.config.ports_open = true;
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    CHECK("inet", only_ours4_rules);
    CHECK("inet", only_ours6_rules);
    CHECK("ip", open_rules);
    assert_null(strstr(listed("ip", "prerouting"), lab.in.gate_out));
    (void)state;
    (void)unlinkat(lab.in.dir_fd, "forwarding", 0);
    (void)unlinkat(lab.in.dir_fd, "forwarding6", 0);
}

static void the_gates_rules(void **state)
{
    char rule[256];

    (void)state;
    snprintf(rule, sizeof(rule), "iifname \"%s\" jump publish", lab.in.gate_out);
    assert_non_null(strstr(listed("ip", "prerouting"), rule));
    assert_non_null(strstr(listed("ip6", "prerouting"), rule));
    assert_non_null(strstr(listed("ip", "enter"), "meta l4proto . th dport @published dup to 169.254."));
    assert_non_null(strstr(listed("ip6", "enter"), "ip6 daddr . meta l4proto . th dport @host_published dup to fd73:"));
}

#define in_lab(test) cmocka_unit_test_setup_teardown(test, firewall_up, firewall_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_lab(rules_are_what_their_text_says),
        in_lab(rules_are_in_their_order),
        in_lab(rules_of_other_configurations),
        in_lab(the_gates_rules),
    };

    return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
