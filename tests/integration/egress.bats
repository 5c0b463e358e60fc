#!/usr/bin/env bats
# --egress: whom a container, or all of a network, may call.

load network_helpers

setup_file() {
    make_world
    start_engine
    serve_on host tcp/80 udp/80
    serve_on client tcp/80 tcp/81 udp/80
    serve_on world tcp/80 tcp/81 udp/80
    sampan network create --subnet 10.81.0.0/24 --ipv6 --subnet fd80:81::/64 A >/dev/null
    serve free --network A
}

teardown() {
    sampan ps -a --format '{{.Names}}' | grep -v '^free$' | xargs -r sampan rm -f >/dev/null
    sampan network prune -f >/dev/null
}

teardown_file() {
    stop_engine
    end_world
}

@test "deny: nobody outside, by no protocol and neither family; neighbours without rules go on" {
    serve closed --network A --egress deny
    reach_matrix 4 "tcp udp ping" <<'TABLE'
            client  world
closed      no      no
free        yes     yes
TABLE
    reach_matrix 6 "tcp udp ping" <<'TABLE'
            client  world
closed      no      no
free        yes     yes
TABLE
}

@test "deny: who is called may still answer" {
    serve closed --network A --egress deny -p 8080:80 -p 8080:80/udp
    assert_reach client tcp/192.0.2.1/8080 "closed 192.0.2.9"
    assert_reach client udp/192.0.2.1/8080 "closed 192.0.2.9"
    assert_reach host "tcp/$(address 4 closed)/80" "closed 10.81.0.1"
    assert_reach free "tcp/$(address 4 closed)/80" "closed $(address 4 free)"
}

@test "deny: not the host either, but for names" {
    serve closed --network A --egress deny
    refute_reach closed tcp/192.0.2.1/80 udp/192.0.2.1/80 tcp/10.81.0.1/80 tcp/2001:db8:1::1/80 tcp/fd80:81::1/80
    run -0 sampan exec closed nslookup free
    [[ $output == *"$(address 4 free)"* ]]
}

@test "allow: networks, addresses, ports and protocols" {
    serve guarded --network A --egress deny --egress allow=192.0.2.0/24 --egress allow=198.51.100.7:81 \
        --egress allow=2001:db8:2::7
    assert_reach guarded tcp/192.0.2.9/80 "client 192.0.2.1"
    assert_reach guarded udp/192.0.2.9/80 "client 192.0.2.1"
    assert_reach guarded tcp/198.51.100.7/81 "world 192.0.2.1"
    refute_reach guarded tcp/198.51.100.7/80 udp/198.51.100.7/80
    assert_reach guarded tcp/2001:db8:2::7/80 "world 2001:db8:1::1"
    refute_reach guarded tcp/2001:db8:1::9/80
    serve strict --network A --egress deny --egress allow=192.0.2.9:80/udp --egress 'allow=[2001:db8:1::9]:80/tcp'
    assert_reach strict udp/192.0.2.9/80 "client 192.0.2.1"
    refute_reach strict tcp/192.0.2.9/80 tcp/192.0.2.9/81 ping/192.0.2.9 udp/2001:db8:1::9/80
    assert_reach strict tcp/2001:db8:1::9/80 "client 2001:db8:1::1"
}

@test "allow by name: what the name leads to, from when it was asked for" {
    sampan run -d --name named --network A --egress deny --egress allow=web.example.test:80 \
        -v "$NET_PROBE:/net-probe:ro" busybox sleep 100000
    refute_reach named tcp/192.0.2.9/80
    sampan exec named nslookup web.example.test
    assert_reach named tcp/198.51.100.7/80 "world 192.0.2.1"
    assert_reach named tcp/2001:db8:2::7/80 "world 2001:db8:1::1"
    refute_reach named tcp/198.51.100.7/81 tcp/192.0.2.9/80 udp/192.0.2.9/80
    # Another name's address is not allowed by asking for it.
    sampan exec named nslookup other.example.test
    refute_reach named tcp/192.0.2.77/80
}

@test "a name that one container may call is not open to its neighbour" {
    sampan run -d --name named --network A --egress deny --egress allow=web.example.test:80 busybox sleep 100000
    serve closed --network A --egress deny
    sampan exec named nslookup web.example.test
    sampan exec closed nslookup web.example.test
    refute_reach closed tcp/198.51.100.7/80 tcp/2001:db8:2::7/80
}

@test "of a network: all its containers, and a container's own rules are on top" {
    sampan network create --subnet 10.86.0.0/24 --egress deny --egress allow=192.0.2.9:80 office >/dev/null
    serve clerk --network office
    serve intern --network office --egress deny
    assert_reach clerk tcp/192.0.2.9/80 "client 192.0.2.1"
    refute_reach clerk tcp/192.0.2.9/81 tcp/198.51.100.7/80
    refute_reach intern tcp/192.0.2.9/80 tcp/198.51.100.7/80
    assert_reach clerk "tcp/$(address 4 intern)/80" "intern $(address 4 clerk)"
}

@test "another's address as the source does not help" {
    serve closed --network A --egress deny
    sampan exec closed /net-forge udp "$(address 4 closed)" 198.51.100.7 53 # the way is known, the neighbour too
    on world "$NET_FORGE" sniff eth0 3000 >"$BATS_TEST_TMPDIR/seen" 3>&- &
    local sniffer=$! source
    wait_until grep -q ready "$BATS_TEST_TMPDIR/seen"
    sampan exec free /net-forge udp "$(address 4 free)" 198.51.100.7 4242
    for source in "$(address 4 free)" "$(address 4 closed)" 10.81.0.1 10.81.0.200 192.0.2.1 192.0.2.9 10.99.0.1; do
        sampan exec closed /net-forge udp "$source" 198.51.100.7 4343
    done
    wait $sniffer
    grep -q ' 198.51.100.7 4242' "$BATS_TEST_TMPDIR/seen" # the sniffer sees what there is to see
    run ! grep 4343 "$BATS_TEST_TMPDIR/seen"
}

@test "an address taken by hand, also with NET_ADMIN, does not help" {
    sampan run -d --name closed --network A --egress deny --cap-add NET_ADMIN -v "$NET_PROBE:/net-probe:ro" \
        busybox sleep 100000
    sampan exec closed sh -c 'ip addr flush dev eth0 && ip addr add 10.81.0.99/24 dev eth0 &&
        ip route add default via 10.81.0.1'
    refute_reach closed tcp/198.51.100.7/80 udp/192.0.2.9/80 ping/192.0.2.9
    sampan exec closed sh -c 'ip link set eth0 down && ip link set eth0 address 02:42:0a:51:00:63 && ip link set eth0 up &&
        ip route add default via 10.81.0.1'
    refute_reach closed tcp/198.51.100.7/80 udp/192.0.2.9/80
}

@test "the rules are gone with the container, and there again with it" {
    serve closed --network A --egress deny --egress allow=198.51.100.7:81
    sampan restart -t 0 closed
    wait_until says_ready closed
    refute_reach closed tcp/198.51.100.7/80
    assert_reach closed tcp/198.51.100.7/81 "world 192.0.2.1"
    local address
    address=$(address 4 closed)
    sampan rm -f closed
    serve heir --network A --ip "$address"
    assert_reach heir tcp/198.51.100.7/80 "world 192.0.2.1"
}

@test "mistakes are refused" {
    local rule
    for rule in allow allow= allow=10.0.0.0/33 allow=10.0.0.1:0 allow=10.0.0.1:70000 allow=10.0.0.1:80/xyz permit; do
        assert_error 125 'egress' sampan run --rm --network A --egress deny --egress "$rule" busybox true ||
            fail_with "--egress $rule was taken"
    done
    assert_error 125 'deny' sampan run --rm --network A --egress allow=10.0.0.0/8 busybox true
    assert_error 125 'egress' sampan run --rm --network host --egress deny busybox true
}
