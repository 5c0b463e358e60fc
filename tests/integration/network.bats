#!/usr/bin/env bats
# Networks as objects: made, shown, changed and removed; what a container gets of them. Who reaches whom is in reach.bats.

load network_helpers

setup_file() {
    make_world
    start_engine
    serve_on client tcp/80 udp/80
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
    sampan network prune -f >/dev/null
}

teardown_file() {
    stop_engine
    end_world
}

# inside CONTAINER COMMAND…, and with the probe mounted, where a test has no server.
sleeper() {
    sampan run -d --name "$1" -v "$NET_PROBE:/net-probe:ro" "${@:2}" busybox sleep 100000 >/dev/null
}

network_field() {
    sampan network inspect "$1" --format "$2"
}

# ---- network create, ls, inspect, rm, prune

@test "bridge, host and none are there from the start, and cannot be removed" {
    run -0 sampan network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
    [ "${lines[0]}" = "bridge bridge local" ]
    [ "${lines[1]}" = "host host local" ]
    [ "${lines[2]}" = "none null local" ]
    local name
    for name in bridge host none; do
        assert_error 1 "$name" sampan network rm $name
        assert_error 1 "$name" sampan network create $name
    done
}

@test "create prints the id; ls, inspect and rm take names, ids and prefixes" {
    run -0 sampan network create --label colour=red web
    local id=$output
    [[ $id =~ ^[0-9a-f]{64}$ ]]
    run -0 sampan network ls -q --no-trunc --filter name=web
    [ "$output" = "$id" ]
    run -0 sampan network ls -q --filter label=colour=red
    [ "$output" = "${id:0:12}" ]
    run -0 network_field "${id:0:10}" '{{.Name}} {{.Driver}} {{.Internal}} {{.EnableIPv6}}'
    [ "$output" = "web bridge false false" ]
    assert_error 1 'web.*already exists|already exists.*web' sampan network create web
    run -0 sampan network rm web
    [ "$output" = web ]
    assert_error 1 'web.*not found|[Nn]o such network.*web' sampan network rm web
    assert_error 1 'web' sampan network inspect web
    run ! ip link show "br-${id:0:12}"
}

@test "a network that a container is on is not removed; prune removes those that nobody refers to" {
    sampan network create used >/dev/null
    sampan network create kept >/dev/null
    sampan network create unused >/dev/null
    sleeper one --network used
    sampan create --name two --network kept busybox true >/dev/null
    assert_error 1 'one|active|in use' sampan network rm used
    run -0 sampan network prune -f
    grep -q '^unused$' <<<"$output"
    run ! grep -qE '^(used|kept)$' <<<"$output"
    network_field used '{{.Name}}'
    network_field kept '{{.Name}}'
    run ! network_field unused '{{.Name}}'
    sampan rm -f one
    sampan network rm used
}

@test "inspect shows who is connected, with its addresses" {
    sampan network create --subnet 10.86.0.0/24 --ipv6 --subnet fd80:86::/64 shown >/dev/null
    sleeper one --network shown
    run -0 network_field shown '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.IPv6Address}} {{.MacAddress}}{{end}}'
    [ "$output" = "one $(address 4 one)/24 $(address 6 one)/64 $(sampan exec one cat /sys/class/net/eth0/address)" ]
    sampan kill one
    sampan wait one
    run -0 network_field shown '{{len .Containers}}'
    [ "$output" = 0 ]
}

@test "bad networks are refused with a sentence, and nothing of them is left" {
    local before
    before=$(sampan network ls -q | wc -l)
    assert_error 1 'subnet' sampan network create --subnet 10.86.0.0/33 bad
    assert_error 1 'gateway' sampan network create --subnet 10.86.0.0/24 --gateway 10.87.0.1 bad
    assert_error 1 'range' sampan network create --subnet 10.86.0.0/24 --ip-range 10.87.0.0/25 bad
    assert_error 1 'nosuch' sampan network create -o nosuch=1 bad
    assert_error 1 'nosuch' sampan network create -d nosuch bad
    assert_error 1 'mtu' sampan network create -o mtu=big bad
    assert_error 1 'name' sampan network create 'a/b'
    assert_error 1 'parent' sampan network create -d macvlan --subnet 10.86.0.0/24 -o parent=nosuch0 bad
    [ "$(sampan network ls -q | wc -l)" = "$before" ]
}

# ---- subnets

@test "a subnet that is given and taken is refused, and says by whom" {
    sampan network create --subnet 10.86.0.0/24 first >/dev/null
    assert_error 1 'first' sampan network create --subnet 10.86.0.128/25 second
    assert_error 1 'first' sampan network create --subnet 10.80.0.0/12 second
}

@test "chosen subnets meet neither each other nor a route of the host's" {
    local subnets=(192.0.2.0/24 172.18.0.0/16 172.16.5.0/24 10.0.0.0/8) n
    sampan run --rm --network bridge busybox true # whose subnet is chosen when it is needed
    subnets+=("$(network_field bridge '{{(index .IPAM.Config 0).Subnet}}')")
    # The next ones in line, as the host's VPN or office network may have them.
    ip route add 172.18.0.0/16 via 192.0.2.254
    ip route add 172.16.5.0/24 via 192.0.2.254
    ip route add 10.0.0.0/8 via 192.0.2.254
    for n in 1 2 3 4; do
        sampan network create "chosen$n" >/dev/null
        subnets+=("$(network_field "chosen$n" '{{(index .IPAM.Config 0).Subnet}}')")
    done
    python3 - "${subnets[@]}" <<'PYTHON'
import ipaddress, itertools, sys
for a, b in itertools.combinations(map(ipaddress.ip_network, sys.argv[1:]), 2):
    assert not a.overlaps(b), f"{a} meets {b}"
PYTHON
    ip route del 172.18.0.0/16
    ip route del 172.16.5.0/24
    ip route del 10.0.0.0/8
}

@test "there are more than 31 networks to be had" {
    local n
    for ((n = 0; n < 70; n++)); do
        sampan network create "many$n" >/dev/null || fail_with "number $n"
    done
    [ "$(sampan network ls -q --filter name=many | wc -l)" = 70 ]
}

@test "IPv6 without a subnet: a /64 of unique local addresses, the same host's 40 bits each time" {
    local one two
    sampan network create --ipv6 six1 >/dev/null
    sampan network create --ipv6 six2 >/dev/null
    one=$(network_field six1 '{{range .IPAM.Config}}{{.Subnet}} {{end}}' | tr ' ' '\n' | grep :)
    two=$(network_field six2 '{{range .IPAM.Config}}{{.Subnet}} {{end}}' | tr ' ' '\n' | grep :)
    [ "$one" != "$two" ]
    python3 - "$one" "$two" <<'PYTHON'
import ipaddress, sys
one, two = map(ipaddress.ip_network, sys.argv[1:])
assert one.prefixlen == two.prefixlen == 64
for n in one, two:
    assert n.subnet_of(ipaddress.ip_network("fd00::/8")), n
assert one.supernet(new_prefix=48) == two.supernet(new_prefix=48), (one, two)
PYTHON
    sleeper six --network six1
    assert_ping6_gateway six
}

assert_ping6_gateway() {
    sampan exec "$1" ping -6 -c 1 -W 5 "$(sampan exec "$1" ip -6 route | awk '/^default/ { print $3 }')"
}

@test "an IPv6 subnet is a wish for IPv6" {
    sampan network create --subnet fd80:86::/64 six >/dev/null
    run -0 network_field six '{{.EnableIPv6}} {{len .IPAM.Config}}'
    [ "$output" = "true 2" ]
}

@test "--ip-range and --aux-address: where containers' addresses come from" {
    sampan network create --subnet 10.86.0.0/24 --ip-range 10.86.0.64/30 --aux-address router=10.86.0.65 \
        --gateway 10.86.0.254 narrow >/dev/null
    sleeper one --network narrow
    sleeper two --network narrow
    local got
    got=$(printf '%s\n' "$(address 4 one)" "$(address 4 two)" | sort)
    sleeper three --network narrow
    got=$(printf '%s\n' "$got" "$(address 4 three)" | sort | tr '\n' ' ')
    [ "$got" = "10.86.0.64 10.86.0.66 10.86.0.67 " ]
    [ "$(gateway one)" = 10.86.0.254 ]
    assert_error 125 'addresses of 10.86.0.64/30 are taken' sampan run --rm --network narrow busybox true
    sampan rm -f two
    sampan run --rm --network narrow busybox true
}

# ---- what a container gets

@test "without --network: the default bridge, an address, a route, and no IPv6" {
    sleeper plain
    run -0 inspect plain '{{.HostConfig.NetworkMode}}'
    [[ $output = bridge || $output = default ]]
    run -0 sampan exec plain ip -o addr
    grep -q " eth0 .*inet $(address 4 plain)/" <<<"$output"
    run ! grep -q ' eth0 .*inet6' <<<"$output"
    run -0 sampan exec plain ip route
    grep -q "^default via $(gateway plain) dev eth0" <<<"$output"
    [ "$(sampan exec plain sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "eth0 lo " ]
}

@test "IPv6 is off where no IPv6 was asked for, on every interface, in bridge and macvlan networks" {
    local network
    sampan network create v4only >/dev/null
    sampan network create -d macvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/26 -o parent=eth0 lan >/dev/null
    for network in bridge v4only lan; do
        run -0 sampan run --rm --network $network busybox sh -c \
            'cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6
            ip -6 addr show dev eth0; ip -6 route show dev eth0'
        [ "$output" = "$(printf '1\n1')" ] || fail_with "$network: $output"
    done
}

@test "no router advertisement is taken, also where there is IPv6" {
    sampan network create --ipv6 six >/dev/null
    run -0 sampan run --rm --network six busybox sh -c \
        'cat /proc/sys/net/ipv6/conf/eth0/accept_ra /proc/sys/net/ipv6/conf/default/accept_ra'
    [ "$output" = "$(printf '0\n0')" ]
}

@test "--ip, --ip6 and --mac-address" {
    sampan network create --subnet 10.86.0.0/24 --ipv6 --subnet fd80:86::/64 fixed >/dev/null
    sleeper one --network fixed --ip 10.86.0.77 --ip6 fd80:86::77 --mac-address 02:42:0a:56:00:4d
    run -0 sampan exec one ip -o addr show eth0
    grep -q 'inet 10.86.0.77/24' <<<"$output"
    grep -q 'inet6 fd80:86::77/64' <<<"$output"
    [ "$(sampan exec one cat /sys/class/net/eth0/address)" = 02:42:0a:56:00:4d ]
    assert_error 125 '10.86.0.77.*(one|use|taken|leased|already)|already.*10.86.0.77' \
        sampan run --rm --network fixed --ip 10.86.0.77 busybox true
    assert_error 125 '10.87.0.5' sampan run --rm --network fixed --ip 10.87.0.5 busybox true
    assert_error 125 '10.86.0.1' sampan run --rm --network fixed --ip 10.86.0.1 busybox true
    # It is its own again after a restart.
    sampan restart -t 0 one
    [ "$(address 4 one)" = 10.86.0.77 ]
    # A static one does not wait for the dynamic ones to come around.
    run -0 sampan run --rm --network fixed busybox ip -o -4 addr show eth0
    run ! grep -q 10.86.0.77 <<<"$output"
}

@test "addresses are not given again at once" {
    local first second
    sampan network create turns >/dev/null
    first=$(sampan run --rm --network turns busybox ip -o -4 addr show eth0 | awk '{ print $4 }')
    second=$(sampan run --rm --network turns busybox ip -o -4 addr show eth0 | awk '{ print $4 }')
    [ "$first" != "$second" ]
}

@test "thirty containers started at the same time have thirty addresses, and all have the network" {
    local i pids=()
    sampan network create --ipv6 crowd >/dev/null
    for ((i = 0; i < 30; i++)); do
        sampan run -d --name "one$i" --network crowd busybox sleep 1000 >/dev/null 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    [ "$(network_field crowd '{{len .Containers}}')" = 30 ]
    [ "$(network_field crowd '{{range .Containers}}{{println .IPv4Address}}{{end}}' | sort -u | grep -c .)" = 30 ]
    [ "$(network_field crowd '{{range .Containers}}{{println .MacAddress}}{{end}}' | sort -u | grep -c .)" = 30 ]
    sampan exec one0 ping -c 1 -W 5 one29
    sampan exec one29 ping -c 1 -W 5 "$(gateway one0)"
}

@test "ten networks made at the same time have ten subnets" {
    local i pids=()
    for ((i = 0; i < 10; i++)); do
        sampan network create "net$i" >/dev/null 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    [ "$(for ((i = 0; i < 10; i++)); do network_field "net$i" '{{(index .IPAM.Config 0).Subnet}}'; done | sort -u | wc -l)" = 10 ]
}

@test "MTU: of the network's option, on the bridge and inside" {
    sampan network create -o com.docker.network.driver.mtu=1380 small >/dev/null
    run -0 sampan run --rm --network small busybox cat /sys/class/net/eth0/mtu
    [ "$output" = 1380 ]
    local id
    id=$(network_field small '{{.Id}}')
    ip -o link show "br-${id:0:12}" | grep -q ' mtu 1380 '
}

@test "several networks: an interface each, in the order of the options; the first has the default route" {
    sampan network create --subnet 10.86.0.0/24 first >/dev/null
    sampan network create --subnet 10.87.0.0/24 second >/dev/null
    sleeper both --network first --network second
    run -0 sampan exec both ip -o -4 addr
    grep -q ' eth0 .*inet 10.86.0' <<<"$output"
    grep -q ' eth1 .*inet 10.87.0' <<<"$output"
    run -0 sampan exec both ip route
    [ "$(grep -c '^default' <<<"$output")" = 1 ]
    grep -q '^default via 10.86.0.1 dev eth0' <<<"$output"
    sampan rm -f both
    sleeper both --network name=first,gw-priority=1 --network name=second,gw-priority=2,ip=10.87.0.9,alias=other
    run -0 sampan exec both ip route
    grep -q '^default via 10.87.0.1 dev eth1' <<<"$output"
    [ "$(address 4 both@second)" = 10.87.0.9 ]
}

@test "--network-rate limits each way, about as much as it says" {
    local way start
    sleeper slow --network bridge --network-rate 250k
    for way in send fetch; do
        start=$(date +%s%N)
        run -0 sampan exec slow /net-probe $way tcp/192.0.2.9/80 1000000
        # Four seconds by the number; a burst is free, and a busy machine takes longer.
        [ $((($(date +%s%N) - start) / 1000000)) -ge 1500 ] || fail_with "$way was not limited"
    done
    sampan rm -f slow
    sleeper quick --network bridge
    start=$(date +%s%N)
    sampan exec quick /net-probe send tcp/192.0.2.9/80 1000000
    [ $((($(date +%s%N) - start) / 1000000)) -lt 1500 ]
}

@test "container:X shares X's network whole; options that would need one of its own are refused" {
    sampan network create shared >/dev/null
    sleeper owner --network shared
    run -0 sampan run --rm --network container:owner busybox ip -o -4 addr show eth0
    grep -q "inet $(address 4 owner)/" <<<"$output"
    assert_error 125 'port|publish' sampan run --rm --network container:owner -p 8080:80 busybox true
    assert_error 125 'mac' sampan run --rm --network container:owner --mac-address 02:42:0a:56:00:4d busybox true
    assert_error 125 'network' sampan run --rm --network container:owner --network shared busybox true
    assert_error 125 'network' sampan run --rm --network host --network shared busybox true
    assert_error 125 'IP' sampan run --rm --network host --ip 10.86.0.5 busybox true
    assert_error 125 'IP' sampan run --rm --network bridge --ip 10.86.0.5 busybox true
}

@test "--link is refused with advice" {
    assert_error 125 'network create' sampan run --rm --link web:db busybox true
}

@test "a network that does not exist, or goes away before the start" {
    assert_error 125 'nosuch' sampan run --rm --network nosuch busybox true
    sampan network create fleeting >/dev/null
    sampan create --name late --network fleeting busybox true >/dev/null
    sampan network rm fleeting
    assert_error 1 'fleeting' sampan start late
}

@test "the configuration's default network" {
    sampan network create --subnet 10.86.0.0/24 office >/dev/null
    configure_engine <<<'{"default-network": "office"}'
    run -0 sampan run --rm busybox ip -o -4 addr show eth0
    grep -q 'inet 10.86.0' <<<"$output"
    configure_engine <<<'{"default-network": "none"}'
    run -0 sampan run --rm busybox ls /sys/class/net
    [ "$output" = lo ]
}

# ---- connect and disconnect

@test "connect gives a running container an interface, disconnect takes it, and both are remembered" {
    sampan network create --subnet 10.86.0.0/24 one >/dev/null
    sampan network create --subnet 10.87.0.0/24 --ipv6 --subnet fd80:87::/64 two >/dev/null
    serve moving --network one
    serve friend --network two
    refute_reach friend "tcp/$(address 4 moving)/80"
    sampan network connect --ip 10.87.0.50 --alias mover two moving
    assert_reach friend tcp/10.87.0.50/80 "moving $(address 4 friend)"
    assert_reach friend "udp/$(address 6 moving@two)/80" "moving $(address 6 friend)"
    sampan exec friend ping -c 1 -W 2 mover
    assert_reach moving "tcp/$(address 4 friend)/80" "friend 10.87.0.50"
    [ "$(network_field two '{{len .Containers}}')" = 2 ]
    sampan restart -t 0 moving
    assert_reach friend tcp/10.87.0.50/80 "moving $(address 4 friend)"
    sampan network disconnect two moving
    refute_reach friend tcp/10.87.0.50/80
    run ! sampan exec friend ping -c 1 -W 2 mover
    [ "$(sampan exec moving sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "eth0 lo " ]
    [ "$(network_field two '{{len .Containers}}')" = 1 ]
    sampan run --rm --network two --ip 10.87.0.50 busybox true
    sampan restart -t 0 moving
    [ "$(sampan exec moving sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "eth0 lo " ]
}

@test "connect to a container that does not run is for its next start" {
    sampan network create one >/dev/null
    sampan network create two >/dev/null
    sampan create --name later --network one busybox sleep 1000 >/dev/null
    sampan network connect two later
    sampan start later
    [ "$(sampan exec later sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "eth0 eth1 lo " ]
}

@test "connect and disconnect: mistakes" {
    sampan network create one >/dev/null
    sleeper here --network one
    sleeper hosted --network host
    assert_error 1 'already' sampan network connect one here
    assert_error 1 'bridge' sampan network disconnect bridge here
    assert_error 1 'nosuch' sampan network connect nosuch here
    assert_error 1 'nosuch' sampan network connect one nosuch
    assert_error 1 'host' sampan network connect one hosted
    assert_error 1 'host' sampan network connect host here
    run -0 inspect here '{{len .NetworkSettings.Networks}}'
    [ "$output" = 1 ]
}

@test "a container's last network can be taken from it, and another given" {
    sampan network create one >/dev/null
    sampan network create two >/dev/null
    sleeper nomad --network one
    sampan network disconnect one nomad
    [ "$(sampan exec nomad sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "lo " ]
    sampan network connect two nomad
    run -0 sampan exec nomad ip route
    grep -q '^default' <<<"$output"
}

# ---- drivers that stand on an interface of the host

@test "macvlan: a machine of the LAN's own, which its host cannot reach" {
    serve_on host tcp/80
    local host=$served
    sampan network create -d macvlan --subnet 192.0.2.0/24 --gateway 192.0.2.254 --ip-range 192.0.2.128/26 \
        --ipv6 --subnet 2001:db8:1::/64 -o parent=eth0 lan >/dev/null
    serve m1 --network lan --ip6 2001:db8:1::81
    serve m2 --network lan --ip6 2001:db8:1::82
    reach_matrix 4 "tcp ping" <<'TABLE'
            m1   m2   client  host
m1          yes  yes  yes     no
client      yes  yes  yes     yes
host        no   no   yes     yes
TABLE
    reach_matrix 6 "tcp ping" <<'TABLE'
            m1   m2   client  host
m1          yes  yes  yes     no
client      yes  yes  yes     yes
host        no   no   yes     yes
TABLE
    assert_reach m1 "tcp/192.0.2.9/80" "client $(address 4 m1)"
    end_serving "$host"
}

@test "macvlan: private and vepa keep containers apart, as the switch does" {
    local mode
    for mode in private vepa; do
        sampan network create -d macvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/26 \
            -o parent=eth0 -o macvlan_mode=$mode "$mode" >/dev/null
        serve m1 --network $mode
        serve m2 --network $mode
        reach_matrix 4 "tcp ping" <<'TABLE'
            m1   m2   client
m1          yes  no   yes
m2          no   yes  yes
client      yes  yes  yes
TABLE
        sampan rm -f m1 m2
        sampan network rm $mode
    done
}

@test "macvlan: --internal has no way out" {
    sampan network create -d macvlan --subnet 10.86.0.0/24 --internal -o parent=eth0 closed >/dev/null
    serve m1 --network closed
    serve m2 --network closed
    assert_reach m1 "tcp/$(address 4 m2)/80" "m2 $(address 4 m1)"
    refute_reach m1 tcp/192.0.2.9/80 ping/192.0.2.9
    run -0 sampan exec m1 ip route
    run ! grep -q default <<<"$output"
}

@test "ipvlan: where the kernel has it; where not, the error says so" {
    sampan network create -d ipvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/26 -o parent=eth0 lan >/dev/null
    if ! ip link add probe-ipvlan link eth0 type ipvlan 2>/dev/null; then
        assert_error 125 'kernel.*ipvlan|ipvlan.*kernel' sampan run --rm --network lan busybox true
        skip "this kernel has no ipvlan"
    fi
    ip link del probe-ipvlan
    serve v1 --network lan
    serve v2 --network lan
    reach_matrix 4 "tcp ping" <<'TABLE'
            v1   v2   client
v1          yes  yes  yes
client      yes  yes  yes
TABLE
}
