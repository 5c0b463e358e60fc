# Run by tests/vm/networks in a virtual machine with Linux 6.1: that containers start there at all (overlay by mount(2), all
# cgroups in v2), and networks of kinds that not every kernel has.

load ../integration/network_helpers

setup_file() {
    make_world
    start_engine
}

teardown_file() {
    stop_engine
    end_world
}

# A user namespace needs idmapped tmpfs (Linux 6.3).
sampan() {
    if [ "$1" = run ]; then
        command sampan run --userns host "${@:2}"
    else
        command sampan "$@"
    fi
}

@test "a container of an image starts, and writes only to its own layer" {
    run -0 busybox sh -c 'echo changed >/etc/passwd; cat /etc/passwd'
    [ "$output" = changed ]
    run -0 busybox head -c 4 /etc/passwd
    [ "$output" = root ]
}

@test "what this kernel cannot do is said, with the way out" {
    assert_error 125 'cannot be mapped into a user namespace \(use --userns host\)' \
        env sampan run --rm --network none --userns auto busybox true
}

@test "limits are those of cgroup v2" {
    run -0 sampan run --rm --network none --memory 64m --pids-limit 20 --cpus 0.5 busybox \
        cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max
    [ "$output" = $'67108864\n20\n50000 100000' ]
}

@test "the default network: the world is reached, and a published port with the client's address" {
    serve_on world tcp/80
    serve web -p 8080:80
    assert_reach web tcp/198.51.100.7/80 world
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    sampan rm -f web >/dev/null
    end_serving "$served"
}

@test "SCTP: published as the others" {
    sampan run -d --name signalling -p 8194:80/sctp -v "$NET_PROBE:/net-probe:ro" busybox \
        /net-probe serve signalling sctp/80 >/dev/null
    assert_reach client sctp/192.0.2.1/8194 "signalling 192.0.2.9"
    sampan rm -f signalling >/dev/null
    refute_reach client sctp/192.0.2.1/8194
}

@test "ipvlan l2: containers, and a machine of the parent's network, reach each other; the link address is the parent's" {
    sampan network create -d ipvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/26 -o parent=eth0 near >/dev/null
    serve v1 --network near
    serve v2 --network near
    reach_matrix 4 "tcp ping" <<'TABLE'
            v1   v2
v1          yes  yes
client      yes  yes
TABLE
    on client ip neigh show "$(address 4 v1)" | grep -qF "$(cat /sys/class/net/eth0/address)"
    sampan rm -f v1 v2 >/dev/null
    sampan network rm near >/dev/null
}

# One that routes is a network behind its parent: others need a route to it.
routed_ipvlan() {
    sampan network create -d ipvlan --subnet 10.80.5.0/24 -o parent=eth0 -o "ipvlan_mode=$1" far >/dev/null
    serve r1 --network far
    serve_on client tcp/81
    assert_reach r1 tcp/192.0.2.9/81 "client $(address 4 r1)"
    assert_reach client "tcp/$(address 4 r1)/80" "r1 192.0.2.9"
    run -0 sampan exec r1 ip route
    grep -qx 'default dev eth0 scope link *' <<<"$output" || fail_with "there is no router on it: $output"
    end_serving "$served"
    sampan rm -f r1 >/dev/null
    sampan network rm far >/dev/null
}

@test "ipvlan l3: a network behind the parent" {
    routed_ipvlan l3
}

@test "ipvlan l3s: the same, seen by the host's firewall" {
    routed_ipvlan l3s
}
