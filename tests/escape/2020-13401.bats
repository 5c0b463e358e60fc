# shellcheck shell=bash
# Traffic steered by a container: CVE-2020-13401 (router advertisements that the host and the neighbours believe),
# CVE-2024-32473 (IPv6 left on where there was to be none, through which such advertisements work).

load network_escape

setup_file() { start_network_escape; }
teardown_file() { stop_network_escape; }

advertise() {
    local i
    for i in 1 2 3; do
        sampan exec "$1" /net-forge ra eth0
        sleep 0.1
    done
}

# refute_advertised WHO ROUTES-AND-ADDRESSES
refute_advertised() {
    ! grep -E 'fe80::bad( |$)|2001:db8:bad:' <<<"$2" >&2 || fail_with "^ $1 took it"
}

@test "an advertisement changes no route and no address, of the host or of a neighbour, with and without IPv6" {
    local network who sniffer
    for network in bridge six; do
        serve rogue --network $network
        serve victim --network $network
        # The defence is not that nothing arrives.
        sampan exec victim /net-forge sniff eth0 3000 >"$BATS_TEST_TMPDIR/seen" 3>&- &
        sniffer=$!
        wait_until grep -q ready "$BATS_TEST_TMPDIR/seen"
        advertise rogue
        wait_until grep -q 'fe80::bad ff02::1' "$BATS_TEST_TMPDIR/seen"
        sleep 0.3
        run -0 sh -c 'ip -6 route; ip -6 addr'
        refute_advertised "the host" "$output"
        for who in rogue victim; do
            run -0 sampan exec $who sh -c 'ip -6 route; ip -6 addr'
            refute_advertised $who "$output"
        done
        sampan rm -f rogue victim
        wait $sniffer || true # it ends with its container
    done
}

@test "IPv6 is off in a container that has no IPv6 address: no address, no listener's multicast, no neighbour" {
    local network
    sampan network create v4only >/dev/null
    sampan network create -d macvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/26 -o parent=eth0 lan >/dev/null
    for network in bridge v4only lan; do
        run -0 sampan run --rm --network $network busybox sh -c \
            'cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6; grep -v " lo$" /proc/net/if_inet6; true'
        [ "$output" = 1 ] || fail_with "$network: $output"
    done
    # The bridge of such a network has no link-local address either, by which it could be talked to.
    for network in "$(sampan network inspect v4only --format '{{.Id}}')" "$(sampan network inspect bridge --format '{{.Id}}')"; do
        ip -o link | grep -q "alias sampan network $network"
        run -0 ip -6 -o addr show dev "$(ip -o link | awk -F': ' "/alias sampan network $network/ { print \$2 }")"
        [ -z "$output" ]
    done
    sampan network rm v4only lan
}

@test "connecting to a further network without IPv6 does not turn it on" {
    sampan network create v4also >/dev/null
    serve cc --network bridge
    sampan network connect v4also cc
    run -0 sampan exec cc sh -c 'cat /proc/sys/net/ipv6/conf/eth1/disable_ipv6; grep -v " lo$" /proc/net/if_inet6; true'
    [ "$output" = 1 ]
    sampan rm -f cc
    sampan network rm v4also
}
