# shellcheck shell=bash
# A reload of the host's firewall: CVE-2025-54388 (ports published on 127.0.0.1 open to the LAN), CVE-2025-54410 (networks
# not isolated from each other any more).

load network_escape

setup_file() {
    start_network_escape
    sampan network create --subnet 10.82.0.0/24 other >/dev/null
    sampan network create --subnet 10.83.0.0/24 --internal inner >/dev/null
    serve web --network six -p 127.0.0.1:8081:80
    serve neighbour --network other
    serve i1 --network inner
    serve_on world tcp/80
}
teardown_file() { stop_network_escape; }

# What must not be so: before the reload, right after it, and when all is repaired.
assert_closed() {
    PATIENCE_MS=700 refute_reach client tcp/192.0.2.1/8081 "tcp/$(address 4 web)/80" "udp/$(address 4 neighbour)/80"
    PATIENCE_MS=700 refute_reach neighbour "tcp/$(address 4 web)/80" "udp/$(address 4 web)/80" "tcp/$(address 4 i1)/80"
    PATIENCE_MS=700 refute_reach i1 tcp/198.51.100.7/80 "tcp/$(address 4 web)/80" tcp/192.0.2.1/80
}

@test "closed before the reload" {
    assert_closed
}

@test "closed after each of several reloads, and what is open works again" {
    local i
    for i in 1 2 3; do
        nft flush ruleset
        wait_until eval 'nft list tables | grep -q "inet sampan-"'
        assert_closed
        assert_reach host tcp/127.0.0.1/8081 "web 10.81.0.1"
        assert_reach web tcp/198.51.100.7/80 "world 192.0.2.1"
    done
}

@test "a reload that loads an administrator's own rules after flushing, as systems do" {
    printf 'flush ruleset\ntable inet admin { chain input { type filter hook input priority 0; policy accept; }; }\n' |
        nft -f -
    wait_until eval 'nft list tables | grep -q "inet sampan-"'
    assert_closed
    nft list tables | grep -q 'inet admin' || fail_with "the administrator's rules are gone"
    nft delete table inet admin
}

@test "how long a reload leaves the networks open is milliseconds" {
    # The neighbour asks all the time, a new connection each time; nobody may answer once the repair had its time.
    local i
    for ((i = 0; i < 20; i++)); do
        nft flush ruleset
        sleep 0.1
        PATIENCE_MS=100 refute_reach neighbour "tcp/$(address 4 web)/80"
    done
}
