#!/usr/bin/env bats
# Who reaches whom: the policy of each kind of network, as tables. A row asks, a column answers.

load network_helpers

setup_file() {
    make_world
    start_engine
    serve_on host tcp/80 udp/80
    serve_on client tcp/80 udp/80
    serve_on world tcp/80 udp/80
    sampan network create --subnet 10.81.0.0/24 --ipv6 --subnet fd80:81::/64 A >/dev/null
    sampan network create --subnet 10.82.0.0/24 --ipv6 --subnet fd80:82::/64 B >/dev/null
    sampan network create --subnet 10.83.0.0/24 --ipv6 --subnet fd80:83::/64 --internal I >/dev/null
    sampan network create --subnet 10.84.0.0/24 --ipv6 --subnet fd80:84::/64 -o isolate=true S >/dev/null
    sampan network create --subnet 10.85.0.0/24 --ipv6 --subnet fd80:85::/64 \
        -o com.docker.network.bridge.enable_ip_masquerade=false N >/dev/null
    start_containers
}

start_containers() {
    serve d1
    serve d2 --network bridge
    serve a1 --network A
    serve a2 --network A --network-alias second
    serve b1 --network B
    serve i1 --network I
    serve i2 --network I
    serve s1 --network S
    serve s2 --network S
    serve n1 --network N
    serve ab --network A --network B
    serve none --network none
    sampan run -d --name of-a1 --network container:a1 -v "$NET_PROBE:/net-probe:ro" busybox sleep 100000 >/dev/null
    sampan run -d --name of-host --network host -v "$NET_PROBE:/net-probe:ro" busybox sleep 100000 >/dev/null
}

teardown_file() {
    stop_engine
    end_world
}

# ---- the policy

# n1's network is not masqueraded: the client, which has a route to it, answers, and the world does not know where to.

@test "IPv4: who reaches whom" {
    reach_matrix 4 "tcp udp ping" <<'TABLE'
                a1   a2   ab@A ab@B b1   d1   d2   i1   i2   s1   s2   n1   host client world
a1              yes  yes  yes  no   no   no   no   no   no   no   no   no   yes  yes    yes
ab              yes  yes  yes  yes  yes  no   no   no   no   no   no   no   yes  yes    yes
b1              no   no   no   yes  yes  no   no   no   no   no   no   no   yes  yes    yes
d1              no   no   no   no   no   yes  yes  no   no   no   no   no   yes  yes    yes
i1              no   no   no   no   no   no   no   yes  yes  no   no   no   no   no     no
s1              no   no   no   no   no   no   no   no   no   yes  no   no   yes  yes    yes
n1              no   no   no   no   no   no   no   no   no   no   no   yes  yes  yes    no
none            no   no   no   no   no   no   no   no   no   no   no   no   no   no     no
of-a1           yes  yes  yes  no   no   no   no   no   no   no   no   no   yes  yes    yes
of-host         yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes    yes
host            yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes    yes
client          no   no   no   no   no   no   no   no   no   no   no   no   yes  yes    yes
TABLE
}

@test "IPv6: who reaches whom" {
    reach_matrix 6 "tcp udp ping" <<'TABLE'
                a1   a2   ab@A ab@B b1   i1   i2   s1   s2   n1   host client world
a1              yes  yes  yes  no   no   no   no   no   no   no   yes  yes    yes
ab              yes  yes  yes  yes  yes  no   no   no   no   no   yes  yes    yes
b1              no   no   no   yes  yes  no   no   no   no   no   yes  yes    yes
d1              no   no   no   no   no   no   no   no   no   no   no   no     no
i1              no   no   no   no   no   yes  yes  no   no   no   no   no     no
s1              no   no   no   no   no   no   no   yes  no   no   yes  yes    yes
n1              no   no   no   no   no   no   no   no   no   yes  yes  yes    no
none            no   no   no   no   no   no   no   no   no   no   no   no     no
of-a1           yes  yes  yes  no   no   no   no   no   no   no   yes  yes    yes
of-host         yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes    yes
host            yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes  yes    yes
client          no   no   no   no   no   no   no   no   no   no   yes  yes    yes
TABLE
}

@test "by name: containers of one user-defined network, and no others" {
    names_matrix <<'TABLE'
        a1   a2   second  ab   b1   i1   i2   s2   d1   d2
a1      46   46   46      46   no   no   no   no   no   no
ab      46   46   46      46   46   no   no   no   no   no
b1      no   no   no      46   46   no   no   no   no   no
i1      no   no   no      no   no   46   46   no   no   no
s1      no   no   no      no   no   no   no   no   no   no
d1      no   no   no      no   no   no   no   no   no   no
TABLE
}

@test "a container that a network's name server does not know is not found on another network's either" {
    run -1 sampan exec b1 nslookup a1 "$(sampan network inspect A --format '{{(index .IPAM.Config 0).Gateway}}')"
}

@test "forwarding, which containers need, does not make the host a router for its neighbours" {
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    on client sh -c 'for i in all eth0; do echo 0 >/proc/sys/net/ipv4/conf/$i/accept_redirects
        echo 0 >/proc/sys/net/ipv6/conf/$i/accept_redirects; done'
    on client ip route add 198.51.100.7/32 via 192.0.2.1
    on client ip route add 2001:db8:2::7/128 via 2001:db8:1::1
    refute_reach client tcp/198.51.100.7/80 udp/198.51.100.7/80 tcp/2001:db8:2::7/80 udp/2001:db8:2::7/80
    on client ip route del 198.51.100.7/32
    on client ip route del 2001:db8:2::7/128
}

# ---- what it looks like to who is asked

@test "the world sees the host, and everybody else the container itself" {
    local ip
    for ip in 4 6; do
        assert_reach a1 "tcp/$(address $ip world)/80" "world $(address $ip host)"
        assert_reach a1 "udp/$(address $ip client)/80" "client $(address $ip host)"
        assert_reach a1 "tcp/$(address $ip host)/80" "host $(address $ip a1)"
        assert_reach a1 "udp/$(address $ip a2)/80" "a2 $(address $ip a1)"
    done
}

@test "without masquerade the world sees the container, where it knows the way back" {
    on router ip route add 10.85.0.0/24 via 192.0.2.1
    on router ip -6 route add fd80:85::/64 via 2001:db8:1::1
    assert_reach n1 "tcp/198.51.100.7/80" "world $(address 4 n1)"
    assert_reach n1 "udp/198.51.100.7/80" "world $(address 4 n1)"
    assert_reach n1 "tcp/2001:db8:2::7/80" "world $(address 6 n1)"
    on router ip route del 10.85.0.0/24
    on router ip -6 route del fd80:85::/64
}

@test "the host is the gateway's address too, but not for an internal network" {
    assert_reach a1 tcp/10.81.0.1/80 "host $(address 4 a1)"
    assert_reach a1 "tcp/fd80:81::1/80" "host $(address 6 a1)"
    refute_reach i1 tcp/10.83.0.1/80 udp/10.83.0.1/80 tcp/10.81.0.1/80 tcp/fd80:83::1/80 tcp/fd80:81::1/80
}

@test "an internal network has no default route, and its containers cannot get one" {
    run -0 sampan exec i1 ip route
    run ! grep -q default <<<"$output"
    sampan run -d --name eager --network I --cap-add NET_ADMIN -v "$NET_PROBE:/net-probe:ro" busybox sleep 1000
    sampan exec eager ip route add default via 10.83.0.1
    sampan exec eager ip -6 route add default via fd80:83::1
    refute_reach eager tcp/198.51.100.7/80 udp/192.0.2.9/80 ping/198.51.100.7 tcp/10.81.0.1/80 tcp/192.0.2.1/80 \
        "tcp/$(address 4 a1)/80" "tcp/2001:db8:2::7/80" "udp/$(address 6 a1)/80"
    sampan rm -f eager
}

@test "a container that is root of its network does not get round the isolation" {
    sampan run -d --name rogue --network B --cap-add NET_ADMIN -v "$NET_PROBE:/net-probe:ro" busybox sleep 1000
    sampan exec rogue ip route add "$(address 4 i1)/32" via 10.82.0.1
    sampan exec rogue ip addr add 10.81.0.77/24 dev eth0
    refute_reach rogue "tcp/$(address 4 i1)/80" "tcp/$(address 4 a1)/80"
    sampan exec rogue ip addr del 10.81.0.77/24 dev eth0
    # In the network's own subnet, with another's address: isolation by interface does not look at it.
    sampan exec rogue ip route add "$(address 4 a1)/32" via 10.82.0.1
    refute_reach rogue "tcp/$(address 4 a1)/80" "udp/$(address 4 a1)/80" "ping/$(address 4 a1)"
    sampan rm -f rogue
}

@test "isolate: nor with links and neighbours of one's own making" {
    local mac
    mac=$(sampan exec s2 cat /sys/class/net/eth0/address)
    sampan run -d --name rogue --network S --cap-add NET_ADMIN -v "$NET_PROBE:/net-probe:ro" busybox sleep 1000
    sampan exec rogue arp -i eth0 -s "$(address 4 s2)" "$mac"
    refute_reach rogue "tcp/$(address 4 s2)/80" "udp/$(address 4 s2)/80"
    sampan exec rogue ip route add "$(address 4 s2)/32" via 10.84.0.1
    sampan exec rogue arp -i eth0 -d "$(address 4 s2)"
    refute_reach rogue "tcp/$(address 4 s2)/80" "udp/$(address 4 s2)/80"
    sampan rm -f rogue
}

# ---- payloads

@test "a megabyte arrives whole, each way, container to container, to the host, to the world" {
    local to
    for to in "$(address 4 a2)" "$(address 6 a2)" 192.0.2.1 198.51.100.7 2001:db8:2::7; do
        run -0 sampan exec a1 /net-probe send "tcp/$to/80" 1000000
        [[ $output == *whole ]]
        run -0 sampan exec a1 /net-probe fetch "tcp/$to/80" 1000000
        [ "$output" = whole ]
    done
}

@test "a path with a smaller MTU is found out: what a router says about a connection comes through" {
    on router ip link set eth1 mtu 1300
    on world ip link set eth0 mtu 1300
    run -0 sampan exec a1 /net-probe send tcp/198.51.100.7/80 1000000
    run -0 sampan exec a1 /net-probe send tcp/2001:db8:2::7/80 1000000
    on router ip link set eth1 mtu 1500
    on world ip link set eth0 mtu 1500
}
