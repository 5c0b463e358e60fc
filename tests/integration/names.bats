#!/usr/bin/env bats
# Names on networks: what a container finds by name, what never leaves the host, and the dnsmasqs and the keeper behind it.
# $WORLD.queries has what the place's name server was asked (network_helpers.bash).

load network_helpers

DNS_QUERY=$BATS_TEST_DIRNAME/../tools/dns-query

# The keeper stays so long after the last container.
export SAMPAN_KEEPER_LINGER_MS=1500

# The host's resolv.conf is replaced in these tests, as name servers' own tools do: by a new file of that name.
setup_file() {
    OWN_ETC=$(mktemp -d "${TMPDIR:-/tmp}/sampan-etc.XXXXXX")
    export OWN_ETC
    cp -a /etc/. "$OWN_ETC"
    rm -f "$OWN_ETC/resolv.conf"
    touch "$OWN_ETC/resolv.conf"
    mount --bind "$OWN_ETC" /etc
    make_world
    umount /etc/resolv.conf
    set_host_servers 192.0.2.9
    start_engine
}

setup() {
    QUERIES_BEFORE=$(grep -c . "$WORLD.queries" || true)
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
    sampan network prune -f >/dev/null
    set_host_servers 192.0.2.9
}

teardown_file() {
    stop_engine
    mount --bind /etc/resolv.conf /etc/resolv.conf
    end_world
    umount /etc
    rm -r "$OWN_ETC"
}

set_host_servers() {
    printf 'nameserver %s\n' "$@" >/etc/resolv.conf.new
    mv /etc/resolv.conf.new /etc/resolv.conf
}

network() {
    sampan network create "$@" >/dev/null
}

# sleeper NAME OPTION…
sleeper() {
    sampan run -d --name "$1" "${@:2}" busybox sleep 100000 >/dev/null
}

gateway_of() {
    sampan network inspect "$1" --format '{{(index .IPAM.Config 0).Gateway}}'
}

# query CONTAINER QUESTION…: from where the container is; see tests/tools/dns-query.
query() {
    nsenter --net="/proc/$(pid_of "$1")/ns/net" -- "$DNS_QUERY" "${@:2}"
}

# assert_answer ANSWER CONTAINER QUESTION…
assert_answer() {
    local said
    said=$(query "${@:2}")
    [ "$said" = "$1" ] || fail_with "$2 asks ${*:3}: \"$said\" instead of \"$1\""
}

# finds CONTAINER NAME: the address, by the resolver of the container's own programs.
finds() {
    sampan exec "$1" ping -c 1 -W 1 "$2" | sed -n '1s/.*(\([^)]*\)).*/\1/p'
}

keeper_pid() {
    processes_of_state | awk '/\/sampan-network/ { print $1 }'
}

# A keeper has the environment of who started it, and so their configuration.
await_no_keeper() {
    wait_until eval '[ -z "$(keeper_pid)" ]'
}

# The pids of its dnsmasqs.
dnsmasqs() {
    local keeper
    keeper=$(keeper_pid)
    [ -z "$keeper" ] || pgrep -P "$keeper" -x dnsmasq || true
}

# All dnsmasqs of ours, whoever is their parent.
all_dnsmasqs() {
    pgrep -f '^dnsmasq --keep-in-foreground --log-facility=- --pid-file --conf-file --no-hosts' || true
}

count() {
    "$@" | grep -c . || true
}

has_count() {
    [ "$(count "${@:2}")" = "$1" ]
}

# What the place's name server was asked in this test.
queries() {
    tail -n "+$((QUERIES_BEFORE + 1))" "$WORLD.queries"
}

# ---- what is found

@test "a container is found by name, alias, short id, NAME.NETWORK, and backwards" {
    network net-1
    sleeper web --network net-1 --network-alias www --network-alias site
    sleeper asker --network net-1
    local ip gateway id name
    ip=$(address 4 web) gateway=$(gateway_of net-1) id=$(inspect web '{{.Id}}')
    for name in web www site WEB "${id:0:12}" web.net-1; do
        assert_answer "NOERROR $ip" asker "$gateway" "$name" A
        assert_answer "NOERROR $ip" asker --tcp "$gateway" "$name" A
        [ "$(finds asker "$name")" = "$ip" ]
    done
    assert_answer "NOERROR web.net-1" asker "$gateway" "$ip" PTR
    assert_answer "NOERROR $ip" web "$gateway" web A
    run -0 sampan exec asker cat /etc/resolv.conf
    [[ $output == *"nameserver $gateway"* ]]
}

@test "IPv6 addresses are found too, and only where there are any" {
    network --ipv6 six
    network four
    sleeper web --network six
    sleeper old --network four
    assert_answer "NOERROR $(address 6 web)" web "$(gateway_of six)" web AAAA
    assert_answer "NOERROR $(address 4 web)" web "$(gateway_of six)" web A
    assert_answer "NOERROR web.six" web "$(gateway_of six)" "$(address 6 web)" PTR
    assert_answer NOERROR old "$(gateway_of four)" old AAAA
}

@test "what is stopped is not found, and what is started again is found at its new address" {
    network net-1
    sleeper web --network net-1
    sleeper asker --network net-1
    local gateway ip
    gateway=$(gateway_of net-1) ip=$(address 4 web)
    assert_answer "NOERROR $ip" asker "$gateway" web A
    sampan stop -t 0 web >/dev/null
    wait_until eval '[ "$(query asker "$gateway" web A)" = NXDOMAIN ]'
    assert_answer NXDOMAIN asker "$gateway" "$ip" PTR
    sampan start web >/dev/null
    [ "$(address 4 web)" != "$ip" ]
    wait_until eval '[ "$(query asker "$gateway" web A)" = "NOERROR $(address 4 web)" ]'
    [ "$(finds asker web)" = "$(address 4 web)" ]
}

@test "a name is found by the first instruction of the container that asks" {
    network net-1
    sleeper web --network net-1
    local i
    for i in 1 2 3 4 5; do
        run -0 sampan run --rm --network net-1 busybox ping -c 1 -W 1 web
    done
}

@test "several containers share an alias" {
    network net-1
    sleeper one --network net-1 --network-alias pool
    sleeper two --network net-1 --network-alias pool
    local both
    both=$(printf '%s\n' "$(address 4 one)" "$(address 4 two)" | sort | xargs)
    wait_until eval '[ "$(query one "$(gateway_of net-1)" pool A)" = "NOERROR $both" ]'
}

# ---- what is not found

@test "names of another network are not known, and its gateway does not answer" {
    network net-1
    network net-2
    sleeper web --network net-1
    sleeper db --network net-2
    assert_answer NXDOMAIN web "$(gateway_of net-1)" db A
    assert_answer silent web "$(gateway_of net-2)" db A
    assert_answer silent web --tcp "$(gateway_of net-2)" db A
    assert_answer silent db "$(gateway_of net-1)" web A
    [ -z "$(finds web db 2>/dev/null)" ]
}

@test "the default network has the host's servers and no names" {
    sleeper web
    sleeper asker
    run -0 sampan exec asker cat /etc/resolv.conf
    [[ $output == *"nameserver 192.0.2.9"* ]]
    [ -z "$(finds asker web 2>/dev/null)" ]
    [ -z "$(dnsmasqs)" ]
}

# ---- what is asked outside

@test "the world's names are asked of the host's servers, ours are not" {
    network net-1
    sleeper web --network net-1
    local gateway kind
    gateway=$(gateway_of net-1)
    assert_answer "NOERROR 198.51.100.7" web "$gateway" web.example.test A
    queries | grep -q 'query\[A\] web.example.test'
    for kind in A AAAA TXT MX; do
        assert_answer NXDOMAIN web "$gateway" nobody-here "$kind"
        assert_answer NXDOMAIN web "$gateway" nobody.net-1 "$kind"
    done
    for kind in AAAA TXT MX; do
        assert_answer NOERROR web "$gateway" web "$kind"
        assert_answer NOERROR web "$gateway" web.net-1 "$kind"
    done
    assert_answer NXDOMAIN web "$gateway" "${gateway%.*}.250" PTR
    ! queries | grep -E 'nobody|net-1|query\[[A-Z]*\] web |in-addr' || fail_with "^ left the host"
}

# A top-level domain of that name may exist.
@test "a network whose name is all letters keeps its own names, and lets others out" {
    network dev
    sleeper web --network dev
    assert_answer "NOERROR $(address 4 web)" web "$(gateway_of dev)" web.dev A
    query web "$(gateway_of dev)" elsewhere.dev A
    queries | grep -q 'query\[A\] elsewhere.dev'
}

@test "the host's resolv.conf is followed while containers run" {
    network net-1
    sleeper web --network net-1
    local gateway
    gateway=$(gateway_of net-1)
    assert_answer "NOERROR 198.51.100.7" web "$gateway" web.example.test A
    on host ip addr add 127.0.0.77/8 dev lo
    dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces \
        --listen-address=127.0.0.77 --except-interface=lo --address=/other.test/203.0.113.5 3>&- &
    local other=$!
    set_host_servers 127.0.0.77
    wait_until eval '[ "$(query web "$gateway" other.test A)" = "NOERROR 203.0.113.5" ]'
    kill "$other"
    ip addr del 127.0.0.77/8 dev lo
}

@test "dns of the configuration is asked instead of the host's servers" {
    await_no_keeper
    configure_engine <<<'{"dns": ["192.0.2.9"]}'
    set_host_servers 127.0.0.99
    network net-1
    sleeper web --network net-1
    assert_answer "NOERROR 198.51.100.7" web "$(gateway_of net-1)" web.example.test A
    sampan rm -f web >/dev/null
    await_no_keeper
}

# CVE-2024-29018
@test "an internal network leaks nothing: no question leaves the host" {
    network --internal inner
    sleeper db --network inner
    sleeper asker --network inner
    local gateway seen=$BATS_TEST_TMPDIR/seen kind
    gateway=$(gateway_of inner)
    tcpdump -i any -nn -l 'port 53 and not net 10.0.0.0/8 and not net 172.16.0.0/12' >"$seen" 2>"$seen.log" 3>&- &
    local dump=$!
    wait_until grep -q 'listening on' "$seen.log"
    assert_answer "NOERROR $(address 4 db)" asker "$gateway" db A
    for kind in A AAAA TXT MX; do
        assert_answer NXDOMAIN asker "$gateway" "secret.web.example.test" "$kind"
        assert_answer NXDOMAIN asker --tcp "$gateway" "secret.web.example.test" "$kind"
        assert_answer NXDOMAIN asker "$gateway" nobody "$kind"
    done
    assert_answer NXDOMAIN asker "$gateway" 198.51.100.7 PTR
    assert_answer unreachable asker 192.0.2.9 secret.web.example.test A
    [ -z "$(queries)" ]
    # The trap does catch what leaves.
    "$DNS_QUERY" 192.0.2.9 caught.example.test A
    wait_until grep -q caught "$seen"
    kill "$dump"
    ! grep -v caught "$seen" | grep -E 'secret|nobody|A\?|PTR\?|TXT\?|MX\?' | grep -v '192.0.2.9.53 >' || fail_with "^ left"
}

# ---- several networks

@test "a container on several networks finds the names of all, and others still only their own" {
    network net-1
    network --internal net-2
    sleeper web --network net-1
    sleeper db --network net-2
    sleeper both --network net-1 --network net-2
    local gateway1 gateway2 server kind
    gateway1=$(gateway_of net-1) gateway2=$(gateway_of net-2)
    for server in "$gateway1" "$gateway2"; do
        for kind in "" --tcp; do
            assert_answer "NOERROR $(address 4 web)" both $kind "$server" web A
            assert_answer "NOERROR $(address 4 db)" both $kind "$server" db A
            assert_answer "NOERROR $(address 4 db)" both $kind "$server" db.net-2 A
        done
        assert_answer "NOERROR db.net-2" both "$server" "$(address 4 db)" PTR
        assert_answer NXDOMAIN both "$server" nobody A
        assert_answer "NOERROR 198.51.100.7" both "$server" web.example.test A
    done
    [ "$(finds both web)" = "$(address 4 web)" ]
    [ "$(finds both db)" = "$(address 4 db)" ]
    assert_answer NXDOMAIN web "$gateway1" db A
    assert_answer NXDOMAIN db "$gateway2" web A
    assert_answer NXDOMAIN db "$gateway2" web.example.test A
    assert_answer silent web --port 15300 "$gateway1" db A
    assert_answer silent db --port 15300 "$gateway2" web A
    assert_answer silent db --tcp --port 15300 "$gateway2" web A
}

@test "the first instruction of a container on several networks finds all of them" {
    network net-1
    network net-2
    sleeper web --network net-1
    sleeper db --network net-2
    local i
    for i in 1 2 3; do
        run -0 sampan run --rm --network net-1 --network net-2 busybox sh -c 'ping -c 1 -W 1 db && ping -c 1 -W 1 web'
    done
}

@test "connect and disconnect change what a running container finds" {
    network net-1
    network net-2
    sleeper web --network net-1
    sleeper db --network net-2
    sampan network connect net-2 web
    wait_until eval '[ "$(query web "$(gateway_of net-1)" db A)" = "NOERROR $(address 4 db)" ]'
    wait_until eval '[ "$(query db "$(gateway_of net-2)" web A)" = "NOERROR $(address 4 web@net-2)" ]'
    has_count 3 dnsmasqs
    sampan network disconnect net-2 web
    wait_until eval '[ "$(query web "$(gateway_of net-1)" db A)" = NXDOMAIN ]'
    wait_until has_count 2 dnsmasqs
    assert_answer NXDOMAIN db "$(gateway_of net-2)" web A
}

# ---- the processes behind it

@test "dnsmasq runs without privilege, in a file system that it cannot change" {
    network net-1
    sleeper web --network net-1
    local pid
    pid=$(dnsmasqs)
    [ "$(awk '/^Uid:/ { print ($2 != 0 && $2 == $3 && $3 == $4) }' "/proc/$pid/status")" = 1 ]
    run -0 awk '/^Cap(Inh|Prm|Eff|Bnd|Amb):/ { print $2 }' "/proc/$pid/status"
    [ "$(sort -u <<<"$output")" = 0000000000000400 ] # CAP_NET_BIND_SERVICE
    grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
    run -1 grep -Ev '^([^ ]+ ){5}ro[, ]' "/proc/$pid/mountinfo"
    run -0 ls "/proc/$pid/root/tmp"
    [ "$output" = 0 ]
}

@test "a dnsmasq that ends is started again" {
    network net-1
    sleeper web --network net-1
    local before
    before=$(dnsmasqs)
    kill -KILL "$before"
    wait_until eval '[ -n "$(dnsmasqs)" ] && [ "$(dnsmasqs)" != "$before" ]'
    wait_until eval '[ "$(query web "$(gateway_of net-1)" web A)" = "NOERROR $(address 4 web)" ]'
}

@test "a killed keeper takes its dnsmasqs along, and the next start brings all back" {
    network net-1
    network net-2
    sleeper web --network net-1
    sleeper both --network net-1 --network net-2
    has_count 3 all_dnsmasqs
    kill -KILL "$(keeper_pid)"
    wait_until has_count 0 all_dnsmasqs
    sleeper other --network net-1
    wait_until has_count 3 dnsmasqs
    assert_answer "NOERROR $(address 4 web)" other "$(gateway_of net-1)" web A
    wait_until eval '[ "$(query both "$(gateway_of net-2)" web A)" = "NOERROR $(address 4 web)" ]'
}

@test "after the last container the dnsmasqs end, and then the keeper" {
    network net-1
    network net-2
    sleeper web --network net-1
    sleeper db --network net-2
    has_count 2 all_dnsmasqs
    sampan rm -f db >/dev/null
    wait_until has_count 1 all_dnsmasqs
    [ -n "$(keeper_pid)" ]
    assert_answer "NOERROR $(address 4 web)" web "$(gateway_of net-1)" web A
    sampan rm -f web >/dev/null
    wait_until has_count 0 all_dnsmasqs
    await_no_keeper
    [ ! -e "$SAMPAN_RUN_ROOT/networks/keeper.sock" ]
    sleeper web --network net-1
    assert_answer "NOERROR $(address 4 web)" web "$(gateway_of net-1)" web A
}

@test "a network's dnsmasq ends with the network" {
    network net-1
    sleeper web --network net-1
    sleeper other
    sampan rm -f web >/dev/null
    sampan network rm net-1 >/dev/null
    has_count 0 all_dnsmasqs
    [ -n "$(keeper_pid)" ]
}

@test "many commands at once start one keeper" {
    network net-1
    local i jobs=()
    for i in 1 2 3 4 5 6; do
        sleeper "c$i" --network net-1 3>&- &
        jobs+=($!)
    done
    for i in "${jobs[@]}"; do
        wait_for_status 0 "$i"
    done
    has_count 1 all_dnsmasqs
    [ "$(keeper_pid | wc -w)" = 1 ]
    for i in 1 2 3 4 5 6; do
        assert_answer "NOERROR $(address 4 "c$i")" c1 "$(gateway_of net-1)" "c$i" A
    done
}

@test "keepers that end and commands that come in the same moment do not miss each other" {
    await_no_keeper
    export SAMPAN_KEEPER_LINGER_MS=20
    network net-1
    network net-2
    local i jobs=()
    for i in net-1 net-2; do
        (for _ in 1 2 3 4 5 6 7 8; do sampan run --rm --network "$i" busybox true || exit; done) 3>&- &
        jobs+=($!)
    done
    for i in "${jobs[@]}"; do
        wait_for_status 0 "$i"
    done
    await_no_keeper
}

@test "a flushed firewall is made anew while containers run" {
    network net-1
    network net-2
    serve web --network net-1 -p 8080:80
    sleeper both --network net-1 --network net-2
    sleeper db --network net-2
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    nft flush ruleset
    wait_until eval 'nft list tables | grep -q "inet sampan-"'
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    wait_until eval '[ "$(query both "$(gateway_of net-1)" db A)" = "NOERROR $(address 4 db)" ]'
    assert_answer silent db --port 15300 "$(gateway_of net-2)" web A
}

# ---- what goes wrong

@test "without dnsmasq the start says what to install, and a network without names needs none" {
    await_no_keeper
    export SAMPAN_DNSMASQ=/nonexistent/dnsmasq
    network net-1
    network --disable-dns net-2
    assert_error 125 'dnsmasq is not installed.*apt install dnsmasq-base.*--disable-dns' \
        sampan run --rm --network net-1 busybox true
    run -0 sampan run --rm --network net-2 busybox true
    await_no_keeper
}

@test "a name server of the host that listens everywhere is named" {
    network net-1
    dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= 3>&- &
    local other=$!
    wait_until eval '[ "$("$DNS_QUERY" 127.0.0.1 example.test A)" != refused ]'
    assert_error 125 'Address already in use.*bind-interfaces.*--disable-dns' sampan run --rm --network net-1 busybox true
    kill "$other"
    run -0 sampan run --rm --network net-1 busybox true
}

@test "only root asks the keeper" {
    network net-1
    sleeper web --network net-1
    [ "$(stat -c %a "$SAMPAN_RUN_ROOT/networks/keeper.sock")" = 600 ]
    run ! setpriv --reuid 65534 --clear-groups python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect('$SAMPAN_RUN_ROOT/networks/keeper.sock')"
}

@test "what is no request does not harm the keeper" {
    network net-1
    sleeper web --network net-1
    local before
    before=$(keeper_pid)
    run -0 python3 - "$SAMPAN_RUN_ROOT/networks/keeper.sock" <<'PYTHON'
import json, socket, sys
def say(packet):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(5)
    s.connect(sys.argv[1])
    s.send(packet)
    try:
        return s.recv(65536)
    except ConnectionResetError:
        return b""
for packet in b"{]", b"x" * 60000, b"[1]", b'{"Op": 5}', b'{"Op": "serve", "Id": "../../etc"}', b'{"Op": "serve-container"}':
    answer = say(packet)
    assert answer == b"" or "Error" in json.loads(answer), (packet, answer)
idle = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(40)]
for s in idle:
    s.connect(sys.argv[1])
PYTHON
    [ "$(keeper_pid)" = "$before" ]
    sleeper other --network net-1
    assert_answer "NOERROR $(address 4 other)" web "$(gateway_of net-1)" other A
}
