# Hosts for the overlay tests: network namespaces on one underlay, each with an engine of its own (root, run root,
# configuration), and an etcd with TLS. `stranger` is on the underlay and has no engine.
#
#   host1 10.9.0.1   host2 10.9.0.2   host3 10.9.0.3   etcd 10.9.0.10   stranger 10.9.0.66
#
#   setup_file() { make_underlay; }
#   teardown_file() { end_underlay; }

bats_require_minimum_version 1.5.0

# shellcheck source=tests/integration/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

: "${SAMPAN_BUILD:?run these tests through make check, or set SAMPAN_BUILD to the build directory}"

NET_PROBE=$SAMPAN_BUILD/tests/net-probe
VXLAN_FRAME=${BASH_SOURCE[0]%/*}/../tools/vxlan-frame
HOSTS=(1 2 3)
LEASE_SECONDS=3

make_underlay() {
    UNDERLAY=$(mktemp -d "${TMPDIR:-/tmp}/sampan-underlay.XXXXXX")
    export UNDERLAY PATH="$SAMPAN_BUILD:$PATH"
    local n
    make_machine switch
    on switch ip link add lan type bridge
    on switch ip link set lan up
    for n in "${HOSTS[@]}"; do
        plug "host$n" "10.9.0.$n"
        configure_engine "$n"
    done
    plug etcd 10.9.0.10
    plug stranger 10.9.0.66
    make_certificates
    start_etcd
}

end_underlay() {
    local n pid
    for n in "${HOSTS[@]}"; do
        end_engine "$n"
    done
    [ -z "$(etcd_keys)" ] || fail_with "etcd still has: $(etcd_keys)"
    for pid in $(cat "$UNDERLAY"/*.pid); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    rm -rf --one-file-system "$UNDERLAY"
}

# ---- machines

make_machine() {
    unshare --net sleep 100000 3>&- &
    echo $! >"$UNDERLAY/$1.pid"
    wait_until eval '[ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
    on "$1" ip link set lo up
}

# on MACHINE COMMAND…
on() {
    nsenter --net="/proc/$(<"$UNDERLAY/$1.pid")/ns/net" -- "${@:2}"
}

# plug MACHINE ADDRESS
plug() {
    make_machine "$1"
    on "$1" ip link add eth0 type veth peer name "port-$1" netns "$(<"$UNDERLAY/switch.pid")"
    on switch ip link set "port-$1" up master lan
    on "$1" ip addr add "$2/24" dev eth0
    on "$1" ip link set eth0 up
}

# ---- etcd

# Everybody shows a certificate: the server, and each client. The server is also its own gateway's client.
make_certificates() {
    cd "$UNDERLAY" || return
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca 2>/dev/null
    certificate server 'subjectAltName=IP:10.9.0.10' 'extendedKeyUsage=serverAuth,clientAuth'
    certificate client 'extendedKeyUsage=clientAuth'
    cd - >/dev/null || return
}

# certificate NAME EXTENSION…
certificate() {
    printf '%s\n' "${@:2}" >"$1.ext"
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem" \
        2>/dev/null
}

start_etcd() {
    (
        cd "$UNDERLAY" || exit
        exec nsenter --net="/proc/$(<etcd.pid)/ns/net" -- etcd --data-dir data --log-level error --unsafe-no-fsync \
            --listen-client-urls https://10.9.0.10:2379 --advertise-client-urls https://10.9.0.10:2379 \
            --listen-peer-urls http://127.0.0.1:2380 --client-cert-auth \
            --trusted-ca-file ca.pem --cert-file server.pem --key-file server.key >etcd.log 2>&1 3>&-
    ) &
    echo $! >"$UNDERLAY/etcd-server.pid"
    disown # its end by a signal is no news
    wait_until etcd_answers
}

stop_etcd() {
    kill -KILL "$(<"$UNDERLAY/etcd-server.pid")"
    wait_until etcd_is_gone
}

etcd_is_gone() {
    ! kill -0 "$(<"$UNDERLAY/etcd-server.pid")" 2>/dev/null
}

etcd_answers() {
    etcd_keys >/dev/null 2>&1
}

# The keys of ours that etcd has.
etcd_keys() {
    ETCDCTL_API=3 on host1 etcdctl --endpoints https://10.9.0.10:2379 --cacert "$UNDERLAY/ca.pem" \
        --cert "$UNDERLAY/client.pem" --key "$UNDERLAY/client.key" --command-timeout 2s \
        get --prefix --keys-only /sampan | grep . || true
}

# ---- engines

configure_engine() {
    mkdir "$UNDERLAY/engine$1"
    cat >"$UNDERLAY/engine$1/config.json" <<JSON
{"overlay": {"etcd": ["https://10.9.0.99:2379", "https://10.9.0.10:2379"], "node": "host$1", "lease": $LEASE_SECONDS,
             "ca": "$UNDERLAY/ca.pem", "cert": "$UNDERLAY/client.pem", "key": "$UNDERLAY/client.key"}}
JSON
}

# host NUMBER COMMAND…: there, with its engine.
host() {
    local state=$UNDERLAY/engine$1
    SAMPAN_ROOT=$state/root SAMPAN_RUN_ROOT=$state/run SAMPAN_CONFIG=$state/config.json on "host$1" "${@:2}"
}

# Our programs of a host's engine.
processes_of() {
    local environ pid
    for environ in $(grep -lsz "^SAMPAN_ROOT=$UNDERLAY/engine$1/root\$" /proc/[0-9]*/environ); do
        pid=${environ//[^0-9]/}
        if [[ $(readlink "/proc/$pid/exe") == *sampan* ]]; then
            echo "$pid"
        fi
    done
}

engine_is_gone() {
    [ -z "$(processes_of "$1")" ]
}

# As when a host loses its power, but for the kernel, which here is everybody's.
kill_engine() {
    processes_of "$1" | xargs -r kill -KILL
    wait_until engine_is_gone "$1"
}

end_engine() {
    host "$1" sampan ps -aq | host "$1" xargs -r sampan rm -f >/dev/null
    host "$1" sampan network prune -f >/dev/null
    wait_until engine_is_gone "$1"
    local left
    left=$(on "host$1" ip -br link | grep -E '^(br|vx)-' || true)
    [ -z "$left" ] || fail_with "host$1 still has: $left"
}

# ---- containers

# serve HOST NAME [OPTION…]: answers "NAME PEER" on port 80.
serve() {
    host "$1" sampan run -d --name "$2" "${@:3}" -v "$NET_PROBE:/net-probe:ro" \
        busybox /net-probe serve "$2" tcp/80 udp/80 >/dev/null || return
    wait_until says_ready "$1" "$2" || fail_with "$2 does not serve: $(host "$1" sampan logs "$2" 2>&1)"
}

says_ready() {
    host "$1" sampan logs "$2" 2>&1 | grep -q '^ready'
}

# inside HOST CONTAINER COMMAND…
inside() {
    host "$1" sampan exec "${@:2}"
}

# field HOST CONTAINER NETWORK FIELD
field() {
    host "$1" sampan inspect --format "{{(index .NetworkSettings.Networks \"$3\").$4}}" "$2"
}

# asks HOST CONTAINER NAME: who answers by that name.
asks() {
    inside "$1" "$2" sh -c "echo who | nc -w 2 $3 80" | awk '{ print $1 }'
}

is_answered() {
    [ "$(asks "$@")" = "$3" ]
}

is_not_answered() {
    ! is_answered "$@" 2>/dev/null
}

knows_name() {
    inside "$1" "$2" nslookup "$3" 2>/dev/null | awk '/^Name:/ { named = 1 } END { exit !named }'
}

does_not_know_name() {
    ! knows_name "$@"
}

# network HOST NAME TEMPLATE
network() {
    host "$1" sampan network inspect --format "$3" "$2"
}
