#!/usr/bin/env bats
# After SIGKILL to whoever works at a network, at any moment, nothing of a container's is left once the next command has
# run: no veth, address, endpoint, port, rule, name server. And a firewall that somebody flushed is made whole.

load network_helpers

setup_file() {
    make_world
    start_engine
    sampan network create --subnet 10.81.0.0/24 --ipv6 --subnet fd80:81::/64 A >/dev/null
    sampan network create --subnet 10.82.0.0/24 B >/dev/null
    sampan run --rm --network A -p 8080:80 busybox true
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
}

teardown_file() {
    stop_engine
    end_world
}

# The pids that descend from a process, itself first.
descendants() {
    local pid=$1 child
    echo "$pid"
    for child in $(cat /proc/"$pid"/task/*/children 2>/dev/null); do
        descendants "$child"
    done
}

program_of() {
    basename "$(readlink "/proc/$1/exe" 2>/dev/null)" 2>/dev/null
}

keeper() {
    local pid
    for pid in $(processes_of_state | awk '/\/sampan-network/ { print $1 }'); do
        echo "$pid"
    done | head -n 1
}

# Nothing of a container's; and that the port, the address and the name can be had shows that it is so.
assert_clean() {
    sampan ps >/dev/null
    assert_nothing_left || fail_with "after $1"
    assert_no_rules || fail_with "after $1"
    sampan run --rm --network A --ip 10.81.0.99 -p 8080:80 busybox true || fail_with "after $1"
}

# No element speaks of the container's port or address.
assert_no_rules() {
    ! nft list ruleset | grep -E '8080|10\.81\.0\.99' >&2 || fail_with "^ elements of a container that is gone"
}

# kill_after MICROSECONDS WHO [OPTION…]: starts a container and kills one of its processes after a while.
kill_after() {
    local delay=$1 who=$2 pid victim=
    sampan run --rm --network A --ip 10.81.0.99 --network B -p 8080:80 -p 8080:80/udp --egress deny \
        --egress allow=192.0.2.0/24 --network-rate 10m busybox sleep 0.3 >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$(printf '0.%06d' "$delay")"
    case $who in
        sampan) victim=$pid ;;
        shim) victim=$(descendants $pid | while read -r p; do
            [ "$(program_of "$p")" != sampan-shim ] || echo "$p"
        done | head -n 1) ;;
        init) victim=$(descendants $pid | tail -n 1) ;;
        keeper) victim=$(keeper) ;;
    esac
    [ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || true
    wait $pid || true
}

many_points() {
    local delay
    for delay in $(seq 0 700 21000); do
        kill_after "$delay" "$1"
        assert_clean "$1 was killed at $delay microseconds"
    done
}

@test "sampan killed at many points of a run" {
    many_points sampan
}

@test "the shim killed at many points of a run" {
    many_points shim
}

@test "the container's init killed at many points of a run" {
    many_points init
}

@test "the keeper killed at many points of a run" {
    many_points keeper
}

@test "network create killed at many points: it is there whole, or it can be made" {
    local delay
    for delay in $(seq 0 500 12000); do
        sampan network create --subnet 10.86.0.0/24 --ipv6 made >/dev/null 2>&1 3>&- &
        sleep "$(printf '0.%06d' "$delay")"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        sampan network inspect made >/dev/null 2>&1 || sampan network create --subnet 10.86.0.0/24 --ipv6 made >/dev/null
        run -0 sampan run --rm --network made busybox sh -c 'ip -o addr show eth0 && ping -c 1 -W 2 10.86.0.1'
        sampan network rm made || fail_with "after $delay"
        assert_nothing_left || fail_with "after network create was killed at $delay microseconds"
    done
}

@test "network rm killed at many points: it can be removed, or made, again" {
    local delay
    for delay in $(seq 0 500 12000); do
        sampan network create --subnet 10.86.0.0/24 --ipv6 doomed >/dev/null
        sampan run --rm --network doomed busybox true
        sampan network rm doomed >/dev/null 2>&1 3>&- &
        sleep "$(printf '0.%06d' "$delay")"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        sampan network rm doomed >/dev/null 2>&1 || sampan network create --subnet 10.86.0.0/24 doomed >/dev/null
        sampan network rm doomed >/dev/null 2>&1 || true
        run ! sampan network inspect doomed
        assert_nothing_left || fail_with "after network rm was killed at $delay microseconds"
    done
}

@test "network connect and disconnect killed at many points: what is said is what is so" {
    local delay verb
    serve moving --network A
    for delay in $(seq 0 800 16000); do
        for verb in connect disconnect; do
            sampan network $verb B moving >/dev/null 2>&1 3>&- &
            sleep "$(printf '0.%06d' "$delay")"
            kill -KILL $! 2>/dev/null || true
            wait $! || true
            sampan ps >/dev/null
            if inspect moving '{{json .NetworkSettings.Networks}}' | jq -e .B >/dev/null; then
                sampan network disconnect B moving || fail_with "after $verb killed at $delay"
            else
                sampan network connect B moving || fail_with "after $verb killed at $delay"
                sampan exec moving ping -c 1 -W 2 10.82.0.1 >/dev/null || fail_with "after $verb killed at $delay"
                sampan network disconnect B moving
            fi
            [ "$(sampan exec moving sh -c 'ls /sys/class/net' | tr '\n' ' ')" = "eth0 lo " ] ||
                fail_with "interfaces after $verb killed at $delay: $(sampan exec moving ls /sys/class/net)"
        done
    done
    sampan rm -f moving
    assert_nothing_left
}

@test "a shim killed while the container runs: address, port and rules are free again" {
    local shim
    sampan run -d --name orphan --network A --ip 10.81.0.99 -p 8080:80 --egress deny busybox sleep 1000
    shim=$(awk '/^PPid:/ { print $2 }' "/proc/$(pid_of orphan)/status")
    kill -KILL "$shim"
    wait_until eval '! kill -0 $shim 2>/dev/null'
    sampan rm orphan 2>/dev/null || sampan rm -f orphan
    assert_clean "the shim's end"
}

@test "everything of ours killed at once, as an out-of-memory killer may: the next command clears up" {
    local i
    for i in 1 2 3 4 5; do
        sampan run -d --network A -p "808$i:80" busybox sleep 1000 >/dev/null
    done
    processes_of_state | awk '{ print $1 }' | xargs kill -KILL
    sampan ps -aq | xargs sampan rm -f >/dev/null
    assert_clean "all processes were killed"
}

# ---- the keeper

@test "a keeper killed: names answer again after the next command, and no name server is left behind" {
    local pid
    serve one --network A
    serve two --network A
    sampan exec one nslookup two
    pid=$(keeper)
    [ -n "$pid" ]
    kill -KILL "$pid"
    sampan run --rm --network A busybox nslookup two
    sampan exec one nslookup two
    sampan rm -f one two
    assert_no_network_process
}

@test "with the last container the keeper and its name servers end" {
    serve one --network A
    [ -n "$(keeper)" ]
    sampan rm -f one
    assert_no_network_process
}

# ---- the firewall

wait_for_tables() {
    wait_until eval 'nft list tables | grep -q "inet sampan-"'
}

@test "nft flush ruleset is noticed: ports, isolation and masquerade are there again, without a command of ours" {
    serve_on world tcp/80
    serve a1 --network A -p 8080:80 -p 127.0.0.1:8081:80
    serve b1 --network B
    serve closed --network A --egress deny
    sampan network create --internal --subnet 10.83.0.0/24 I >/dev/null
    serve i1 --network I
    nft flush ruleset
    wait_for_tables
    assert_reach client tcp/192.0.2.1/8080 "a1 192.0.2.9"
    assert_reach host tcp/127.0.0.1/8081 "a1 10.81.0.1"
    assert_reach a1 tcp/198.51.100.7/80 "world 192.0.2.1"
    refute_reach client tcp/192.0.2.1/8081 "tcp/$(address 4 a1)/80"
    refute_reach b1 "tcp/$(address 4 a1)/80" "ping/$(address 4 a1)"
    refute_reach i1 tcp/198.51.100.7/80 tcp/192.0.2.1/80
    refute_reach closed tcp/198.51.100.7/80
    sampan rm -f a1 b1 closed i1
    sampan network rm I
    assert_nothing_left
}

@test "flushed again and again, and while containers start" {
    local i pid
    serve a1 --network A -p 8080:80
    (while :; do
        nft flush ruleset
        sleep 0.02
    done) 3>&- &
    pid=$!
    for ((i = 0; i < 10; i++)); do
        # It may be told that the tables went away under its hands; then nothing is left of it.
        run sampan run --rm --network B -p 8083:80 busybox true
        [[ $status = 0 || $output == *"flush"* ]] || { kill $pid; fail_with "start $i: $output"; }
    done
    kill $pid
    wait_for_tables
    assert_reach client tcp/192.0.2.1/8080 "a1 192.0.2.9"
    sampan run -d --name b1 --network B -v "$NET_PROBE:/net-probe:ro" busybox sleep 1000
    refute_reach b1 "tcp/$(address 4 a1)/80"
    sampan rm -f a1 b1
}

@test "our table alone deleted: the same" {
    serve a1 --network A -p 8080:80
    nft list tables | grep ' sampan-' | while read -r _ family name; do
        nft delete table "$family" "$name"
    done
    # The first of them is repaired while the others are still being deleted.
    wait_until assert_reach client tcp/192.0.2.1/8080 "a1 192.0.2.9"
    sampan rm -f a1
}

@test "flushed while the keeper is dead: the next start repairs it" {
    local pid
    serve a1 --network A -p 8080:80
    pid=$(keeper)
    kill -KILL "$pid"
    nft flush ruleset
    sampan run --rm --network B busybox true
    assert_reach client tcp/192.0.2.1/8080 "a1 192.0.2.9"
    sampan rm -f a1
}

@test "a bridge that somebody deleted is made anew by the next start" {
    local id
    id=$(sampan network inspect A --format '{{.Id}}')
    ip link del "br-${id:0:12}"
    run -0 sampan run --rm --network A busybox ping -c 1 -W 2 10.81.0.1
}
