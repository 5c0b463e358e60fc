# shellcheck shell=bash
# Names as a way out: CVE-2024-29018 (the name server of an internal network asks the world on a container's behalf).

load network_escape

setup_file() {
    start_network_escape
    sampan network create --internal --subnet 10.83.0.0/24 inner >/dev/null
    serve i1 --network inner
    serve i2 --network inner
}
teardown_file() { stop_network_escape; }

ask() {
    timeout 5 sampan exec "$1" nslookup "$2" "${@:3}" 2>&1 || true
}

@test "a container of an internal network asks for a name of the world: no packet leaves, nobody is asked" {
    local gateway sniffer
    gateway=$(sampan exec i1 awk '/^nameserver/ { print $2; exit }' /etc/resolv.conf)
    serve o1 --network six
    ask o1 asked.example.test | grep -q 192.0.2.77
    grep -q asked.example.test "$WORLD.queries" # that is how it looks when somebody is asked
    "$NET_FORGE" sniff eth0 4000 >"$BATS_TEST_TMPDIR/seen" 3>&- &
    sniffer=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/seen"
    run -0 ask i1 canary.example.test
    [[ $output != *192.0.2.77* ]]
    ask i1 canary.example.test "$gateway" >/dev/null
    ask i1 secret.canary.example.test >/dev/null
    ask i1 web.example.test 192.0.2.9 >/dev/null
    ask i1 77.2.0.192.in-addr.arpa >/dev/null
    run -0 ask i1 i2
    [[ $output == *"$(address 4 i2)"* ]]
    wait $sniffer
    run ! grep -E ' 53$' "$BATS_TEST_TMPDIR/seen"
    run ! grep -E 'canary|77.2.0.192' "$WORLD.queries"
    sampan rm -f o1
}

@test "nor by the name server of another network" {
    serve o1 --network six
    run -0 ask i1 canary.example.test 10.81.0.1
    [[ $output != *192.0.2.77* ]]
    run ! grep canary "$WORLD.queries"
    sampan rm -f o1
}

@test "nor when the internal network is one of two: that is for the other network's server" {
    # A container that is on both may ask the world by the second; one that is only inside may not.
    serve both --network inner --network six
    ask both asked2.example.test >/dev/null
    run -0 ask i1 asked2.example.test
    [[ $output != *192.0.2.77* ]]
    sampan rm -f both
}
