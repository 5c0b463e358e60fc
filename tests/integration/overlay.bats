#!/usr/bin/env bats
# Overlay networks over three hosts and a real etcd.

load overlay_helpers

setup_file() {
    make_underlay
}

teardown() {
    local n
    etcd_answers || start_etcd
    for n in "${HOSTS[@]}"; do
        host "$n" sampan ps -aq | host "$n" xargs -r sampan rm -f >/dev/null
        host "$n" sampan network prune -f >/dev/null
    done
}

teardown_file() {
    end_underlay
}

# A network, and a container of the host's name on each host.
mesh() {
    local n
    host 1 sampan network create -d overlay "${@:2}" "$1" >/dev/null
    for n in "${HOSTS[@]}"; do
        serve "$n" "c$n" --network "$1"
    done
}

@test "containers on three hosts reach each other by name and by address" {
    mesh blue
    local from to
    for from in "${HOSTS[@]}"; do
        for to in "${HOSTS[@]}"; do
            wait_until is_answered "$from" "c$from" "c$to"
            [ "$(asks "$from" "c$from" "$(field "$to" "c$to" blue IPAddress)")" = "c$to" ]
        done
    done
}

@test "what comes from another host has the container's own address" {
    mesh blue
    wait_until is_answered 1 c1 c3
    run -0 inside 1 c1 sh -c 'echo who | nc -w 2 c3 80'
    [ "$output" = "c3 $(field 1 c1 blue IPAddress)" ]
}

@test "one megabyte arrives whole, both ways" {
    mesh blue
    local address
    address=$(field 3 c3 blue IPAddress)
    wait_until is_answered 1 c1 c3
    run -0 inside 1 c1 /net-probe send "tcp/$address/80" 1000000
    [[ $output == *whole* ]]
    run -0 inside 1 c1 /net-probe fetch "tcp/$address/80" 1000000
    [[ $output == *whole* ]]
}

@test "the MTU is what fits through the underlay, and such packets pass unfragmented" {
    mesh blue
    run -0 inside 1 c1 cat /sys/class/net/eth0/mtu
    [ "$output" = 1450 ]
    wait_until is_answered 1 c1 c2
    run -0 inside 1 c1 ping -c 1 -W 2 -s $((1450 - 28)) "$(field 2 c2 blue IPAddress)"
    # A smaller underlay, a smaller overlay.
    on host1 ip link set eth0 mtu 1400
    host 1 sampan network create -d overlay small >/dev/null
    run -0 host 1 sampan run --rm --network small busybox cat /sys/class/net/eth0/mtu
    on host1 ip link set eth0 mtu 1500
    [ "$output" = 1350 ]
}

@test "inspect shows the other hosts, and that the way to them is open" {
    mesh blue
    run -0 network 1 blue '{{range .Peers}}{{.Name}} {{.IP}} {{.State}};{{end}}'
    [ "$output" = "host2 10.9.0.2 ok;host3 10.9.0.3 ok;" ]
}

# block HOST RULE: drops what comes in there, until unblock.
block() {
    on "host$1" nft -f - <<<"table inet block { chain in { type filter hook input priority -10; $2 drop; }; }"
}

unblock() {
    on "host$1" nft delete table inet block
}

@test "a blocked port is told, with what to do" {
    block 2 'udp dport 4789'
    mesh blue
    run -0 network 1 blue '{{range .Peers}}{{.Name}} {{.State}} {{.Reason}};{{end}}'
    unblock 2
    [[ $output == *"host2 unreachable no answer from 10.9.0.2"*"open UDP port 4789"*"host3 ok ;"* ]]
}

@test "an underlay that is narrower on its way is told" {
    block 2 'udp dport 4789 udp length > 1400'
    mesh blue
    run -0 network 1 blue '{{range .Peers}}{{.Name}} {{.State}} {{.Reason}};{{end}}'
    unblock 2
    [[ $output == *"host2 unreachable packets of 1450 bytes do not pass to 10.9.0.2"*"host3 ok ;"* ]]
}

# count_unwanted HOST CONTAINER: datagrams that came for a port where nobody listens.
count_unwanted() {
    inside "$1" "$2" awk '/^Udp:/ && $3 ~ /[0-9]/ { print $3 }' /proc/net/snmp
}

is_more_than() {
    [ "$(count_unwanted "$1" "$2")" -gt "$3" ]
}

@test "a forged VXLAN packet from outside the list of hosts is dropped" {
    mesh blue
    local frame=$BATS_TEST_TMPDIR/frame before
    "$VXLAN_FRAME" "$(network 1 blue '{{.Sampan.VNI}}')" "$(field 1 c1 blue MacAddress)" \
        "$(field 1 c1 blue IPAddress)" "$(field 2 c2 blue IPAddress)" >"$frame"
    before=$(count_unwanted 1 c1)
    on stranger socat -u "FILE:$frame" UDP-SENDTO:10.9.0.1:4789
    # The very same from a host of the network arrives.
    on host2 socat -u "FILE:$frame" UDP-SENDTO:10.9.0.1:4789
    wait_until is_more_than 1 c1 "$before"
    sleep 0.3
    [ "$(count_unwanted 1 c1)" = $((before + 1)) ]
    # Also when somebody has flushed the firewall.
    on host1 nft flush ruleset
    wait_until on host1 sh -c 'nft list ruleset | grep -q 10.9.0.2'
    on stranger socat -u "FILE:$frame" UDP-SENDTO:10.9.0.1:4789
    sleep 0.3
    [ "$(count_unwanted 1 c1)" = $((before + 1)) ]
}

@test "a container that ends is gone on the other hosts, its name too; a new one is there" {
    mesh blue
    wait_until is_answered 1 c1 c2
    host 2 sampan rm -f c2 >/dev/null
    wait_until does_not_know_name 1 c1 c2
    serve 2 other --network blue --network-alias alias
    wait_until is_answered 1 c1 other
    wait_until knows_name 1 c1 alias
}

@test "etcd is restarted: what flows goes on, and changes resume" {
    mesh blue
    wait_until is_answered 1 c1 c2
    stop_etcd
    [ "$(asks 1 c1 c2)" = c2 ]
    [ "$(asks 3 c3 c1)" = c1 ]
    # One more on a network that this host serves already does not need etcd, and is told to the others later.
    serve 2 late --network blue
    [ "$(asks 2 late c3)" = c3 ] || true
    sleep $((LEASE_SECONDS + 1))
    [ "$(asks 1 c1 c2)" = c2 ]
    start_etcd
    wait_until is_answered 1 c1 late
    wait_until is_answered 3 c3 late
    host 2 sampan rm -f late >/dev/null
    wait_until does_not_know_name 1 c1 late
}

@test "a host that dies is gone for the others, and comes back with its part of the subnet" {
    mesh blue
    wait_until is_answered 1 c1 c2
    local range
    range=$(network 2 blue '{{(index .IPAM.Config 0).IPRange}}')
    kill_engine 2
    wait_until does_not_know_name 1 c1 c2
    run -0 network 1 blue '{{range .Peers}}{{.Name}} {{end}}'
    [ "$output" = "host3 " ]
    [ "$(asks 1 c1 c3)" = c3 ]
    host 2 sampan rm -f c2 >/dev/null
    serve 2 again --network blue
    wait_until is_answered 1 c1 again
    wait_until is_answered 2 again c3
    [ "$(network 2 blue '{{(index .IPAM.Config 0).IPRange}}')" = "$range" ]
}

@test "a keeper that is killed is made again, and takes over what is there" {
    mesh blue
    wait_until is_answered 1 c1 c2
    local pid
    for pid in $(processes_of 1); do
        [[ $(readlink "/proc/$pid/exe") != *sampan-network ]] || kill -KILL "$pid"
    done
    [ "$(inside 1 c1 /net-probe reach 2000 "tcp/$(field 2 c2 blue IPAddress)/80" | awk '{ print $2 }')" = yes ]
    serve 1 next --network blue
    wait_until is_answered 2 c2 next
    wait_until is_answered 3 c3 c1
}

@test "a network that one host removes goes on for the others, and ends with the last" {
    mesh blue
    wait_until is_answered 3 c3 c2
    host 1 sampan rm -f c1 >/dev/null
    host 1 sampan network rm blue
    wait_until does_not_know_name 2 c2 c1
    [ "$(asks 3 c3 c2)" = c2 ]
    run -0 network 2 blue '{{range .Peers}}{{.Name}} {{end}}'
    [ "$output" = "host3 " ]
    host 2 sampan rm -f c2 >/dev/null
    host 3 sampan rm -f c3 >/dev/null
    host 2 sampan network rm blue
    host 3 sampan network rm blue
    [ -z "$(etcd_keys)" ]
}

@test "hosts that create at once get different VNIs and subnets" {
    local n jobs=()
    for n in "${HOSTS[@]}"; do
        host "$n" sampan network create -d overlay "own$n" >/dev/null 3>&- &
        jobs+=($!)
    done
    for n in "${jobs[@]}"; do
        wait "$n"
    done
    for n in "${HOSTS[@]}"; do
        network "$n" "own$n" '{{.Sampan.VNI}} {{(index .IPAM.Config 0).Subnet}}'
    done >"$BATS_TEST_TMPDIR/created"
    [ "$(awk '{ print $1 }' "$BATS_TEST_TMPDIR/created" | sort -u | wc -l)" = 3 ]
    [ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/created" | sort -u | wc -l)" = 3 ]
}

@test "hosts that join at once get different parts" {
    host 1 sampan network create -d overlay blue >/dev/null
    local n jobs=()
    for n in "${HOSTS[@]}"; do
        host "$n" sampan run --rm --network blue busybox true 3>&- &
        jobs+=($!)
    done
    for n in "${jobs[@]}"; do
        wait "$n"
    done
    for n in "${HOSTS[@]}"; do
        network "$n" blue '{{(index .IPAM.Config 0).IPRange}}'
    done >"$BATS_TEST_TMPDIR/parts"
    [ "$(sort -u "$BATS_TEST_TMPDIR/parts" | wc -l)" = 3 ]
}

@test "a name is taken once on all hosts" {
    host 1 sampan network create -d overlay blue >/dev/null
    run -1 --separate-stderr host 2 sampan network create -d overlay blue
    [[ $stderr == *"network with name blue already exists"* ]]
}

@test "IPv6: dual-stack over the overlay" {
    mesh blue --ipv6
    local address
    address=$(field 2 c2 blue GlobalIPv6Address)
    [[ $address == fd* ]]
    wait_until is_answered 1 c1 c2
    run -0 inside 1 c1 /net-probe reach 5000 "tcp/$address/80"
    [[ $output == *"yes c2 $(field 1 c1 blue GlobalIPv6Address)"* ]]
}

# reconfigure HOST FROM TO: in its configuration, which a new keeper reads.
reconfigure() {
    wait_until engine_is_gone "$1"
    sed -i "s|$2|$3|" "$UNDERLAY/engine$1/config.json"
}

@test "the underlay may be IPv6" {
    local n
    for n in "${HOSTS[@]}"; do
        on "host$n" ip -6 addr add "fd00:9::$n/64" dev eth0 nodad
        reconfigure "$n" '"lease"' "\"address\": \"fd00:9::$n\", \"lease\""
    done
    mesh blue
    wait_until is_answered 1 c1 c2
    run -0 network 1 blue '{{range .Peers}}{{.IP}} {{.State}};{{end}}'
    [ "$output" = "fd00:9::2 ok;fd00:9::3 ok;" ]
    run -0 inside 1 c1 cat /sys/class/net/eth0/mtu
    [ "$output" = 1430 ]
    teardown
    for n in "${HOSTS[@]}"; do
        reconfigure "$n" '"address": "[^"]*", ' ''
    done
}

@test "internal: containers reach each other on all hosts, and nobody else" {
    mesh blue --internal
    wait_until is_answered 1 c1 c2
    run -0 network 1 blue '{{range .Peers}}{{.State}} {{end}}'
    [ "$output" = "ok ok " ]
    run ! inside 1 c1 ping -c 1 -W 1 10.9.0.66
}

@test "encryption where the kernel has none is refused, before anything is sent" {
    if on stranger ip xfrm state add src 127.0.0.1 dst 127.0.0.1 proto esp spi 0x999 mode transport \
        aead 'rfc4106(gcm(aes))' 0x"$(printf '%072d' 1)" 128 2>/dev/null; then
        skip "this kernel can encrypt"
    fi
    host 1 sampan network create -d overlay -o encrypted secret >/dev/null
    run ! --separate-stderr host 1 sampan run --rm --network secret busybox true
    [[ $stderr == *"this kernel cannot encrypt"*"esp4"* ]]
    [ -z "$(on host1 ip -o link show type vxlan)" ]
}

@test "without etcd the error says what to configure" {
    echo '{}' >"$BATS_TEST_TMPDIR/config.json"
    SAMPAN_ROOT=$BATS_TEST_TMPDIR/root SAMPAN_RUN_ROOT=$BATS_TEST_TMPDIR/run SAMPAN_CONFIG=$BATS_TEST_TMPDIR/config.json \
        run ! --separate-stderr on stranger sampan network create -d overlay blue
    [[ $stderr == *'"overlay": {"etcd": ['* ]]
}
