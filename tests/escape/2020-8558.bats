# shellcheck shell=bash
# Services that the host offers to itself on 127.0.0.1: CVE-2020-8558 (Kubernetes: with route_localnet, which publishing to
# localhost needs, neighbours on the LAN and containers reach them).

load network_escape

setup_file() {
    start_network_escape
    serve_on host tcp/127.0.0.1/9000 udp/127.0.0.1/9000
    serve web --network six -p 127.0.0.1:8081:80 -p 127.0.0.1:8081:80/udp -p 8080:80
    serve plain --network bridge
}
teardown_file() { stop_network_escape; }

# The attacker's machine takes 127.0.0.0/8 for a network behind the host.
aim_at_localhost() {
    on client sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
        ip addr del 127.0.0.1/8 dev lo; ip route del local 127.0.0.0/8 table local 2>/dev/null
        ip route add 127.0.0.0/8 via 192.0.2.1 dev eth0'
}

stop_aiming() {
    on client sh -c 'ip route del 127.0.0.0/8 dev eth0; ip addr add 127.0.0.1/8 dev lo
        echo 0 >/proc/sys/net/ipv4/conf/all/route_localnet'
}

@test "from the LAN: neither a program's socket nor a port published on localhost" {
    assert_reach host tcp/127.0.0.1/9000 "host 127.0.0.1"
    assert_reach host tcp/127.0.0.1/8081 "web 10.81.0.1"
    local sniffer
    aim_at_localhost
    # The packets do arrive.
    "$NET_FORGE" sniff eth0 3000 >"$BATS_TEST_TMPDIR/seen" 3>&- &
    sniffer=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/seen"
    refute_reach client tcp/127.0.0.1/9000 udp/127.0.0.1/9000 tcp/127.0.0.1/8081 udp/127.0.0.1/8081 tcp/127.0.0.1/8080
    wait $sniffer
    grep -q '^tcp 192.0.2.9 127.0.0.1 9000' "$BATS_TEST_TMPDIR/seen"
    stop_aiming
}

@test "from a container that routes 127.0.0.0/8 to its gateway" {
    local network gateway
    for network in six bridge; do
        sampan run -d --name rogue --network $network --cap-add NET_ADMIN --sysctl net.ipv4.conf.all.route_localnet=1 \
            -v "$NET_PROBE:/net-probe:ro" busybox sleep 1000
        gateway=$(gateway rogue)
        sampan exec rogue sh -c "ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via $gateway dev eth0"
        refute_reach rogue tcp/127.0.0.1/9000 udp/127.0.0.1/9000 tcp/127.0.0.1/8081 udp/127.0.0.1/8081
        sampan rm -f rogue
    done
}

@test "a localhost service of the host is not reached by any other address of it" {
    refute_reach plain "tcp/$(gateway plain)/9000" tcp/192.0.2.1/9000
    refute_reach client tcp/192.0.2.1/9000
}
