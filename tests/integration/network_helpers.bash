# A small world around the machine that the engine runs on, which here is the network namespace that scripts/integration.sh
# gives each file. The other machines are network namespaces too:
#
#   client .9 --- switch --- router .254 --- world 198.51.100.7
#   192.0.2.0/24    |        2001:db8:1::fe  2001:db8:2::7
#   2001:db8:1::/64 |
#               eth0 of the host: 192.0.2.1, 2001:db8:1::1
#
#   setup_file() { make_world; start_engine; … }
#   teardown_file() { stop_engine; end_world; }

# shellcheck source=tests/integration/helpers.bash
source "${BASH_SOURCE[0]%/*}/helpers.bash"

NET_PROBE=$SAMPAN_BUILD/tests/net-probe
NET_FORGE=$SAMPAN_BUILD/tests/net-forge

# ---- machines

make_world() {
    WORLD=$(mktemp -d "${TMPDIR:-/tmp}/sampan-world.XXXXXX")
    export WORLD
    local name
    for name in switch client router world; do
        make_machine "$name"
    done
    on switch ip link add lan type bridge
    on switch ip link set lan up
    plug host eth0 192.0.2.1/24 2001:db8:1::1/64
    plug client eth0 192.0.2.9/24 2001:db8:1::9/64
    plug router eth0 192.0.2.254/24 2001:db8:1::fe/64
    on router ip link add eth1 type veth peer name eth0 netns "$(<"$WORLD/world")"
    configure router eth1 198.51.100.254/24 2001:db8:2::fe/64
    configure world eth0 198.51.100.7/24 2001:db8:2::7/64
    route_through host 192.0.2.254 2001:db8:1::fe
    route_through client 192.0.2.254 2001:db8:1::fe
    route_through world 198.51.100.254 2001:db8:2::fe
    on router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    serve_names
    # The LAN knows how to reach the containers' networks, so that nothing but our rules keeps it out.
    on client ip route add 10.80.0.0/12 via 192.0.2.1
    on client ip route add fd80::/16 via 2001:db8:1::1
}

end_world() {
    local pid
    umount "$(realpath /etc/resolv.conf)"
    for pid in $(cat "$WORLD"/*); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    ip link del eth0 2>/dev/null || true
    rm -r "$WORLD" "$WORLD".*
}

# The client is the name server of the place, which the host's resolv.conf names; what it is asked is in $WORLD.queries.
serve_names() {
    become client dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
        --address=/web.example.test/198.51.100.7 --address=/web.example.test/2001:db8:2::7 \
        --address=/example.test/192.0.2.77 --address=/example.test/2001:db8:1::77 --log-queries --log-facility="$WORLD.queries" 3>&- &
    echo $! >"$WORLD/names"
    echo "nameserver 192.0.2.9" >"$WORLD.resolv.conf"
    mount --bind "$WORLD.resolv.conf" "$(realpath /etc/resolv.conf)"
}

make_machine() {
    unshare --net sleep 100000 3>&- &
    echo $! >"$WORLD/$1"
    wait_until eval '[ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
    on "$1" ip link set lo up
}

# on MACHINE COMMAND…
on() {
    (become "$@")
}

# become MACHINE COMMAND…: in place of this shell; for commands in the background, whose pid is then $!.
become() {
    if [ "$1" = host ]; then
        exec "${@:2}"
    else
        exec nsenter --net="/proc/$(<"$WORLD/$1")/ns/net" -- "${@:2}"
    fi
}

# plug MACHINE INTERFACE ADDRESS4 ADDRESS6: connects it to the switch.
plug() {
    on "$1" ip link add "$2" type veth peer name "port-$1" netns "$(<"$WORLD/switch")"
    on switch ip link set "port-$1" up master lan
    configure "$@"
}

# configure MACHINE INTERFACE ADDRESS4 ADDRESS6
configure() {
    on "$1" ip addr add "$3" dev "$2"
    on "$1" ip -6 addr add "$4" dev "$2" nodad
    on "$1" ip link set "$2" up
}

route_through() {
    on "$1" ip route add default via "$2"
    on "$1" ip -6 route add default via "$3"
}

# serve_on MACHINE SERVICE…: a server of the machine's own, which answers with the machine's name. Its pid in $served.
serve_on() {
    local log
    log=$(mktemp "$WORLD.served.XXXXXX")
    become "$1" "$NET_PROBE" serve "$@" >"$log" 2>&1 3>&- &
    served=$!
    echo "$served" >"$WORLD/server-$served"
    wait_until grep -q ready "$log" || fail_with "$1 does not serve ${*:2}: $(cat "$log")"
}

end_serving() {
    rm "$WORLD/server-$1"
    kill "$1"
    wait "$1" 2>/dev/null || true
}

# ---- containers

# serve NAME [OPTION…]: a container that answers on port 80 of TCP and UDP with its name.
serve() {
    sampan run -d --name "$1" "${@:2}" -v "$NET_PROBE:/net-probe:ro" -v "$NET_FORGE:/net-forge:ro" \
        busybox /net-probe serve "$1" tcp/80 udp/80 >/dev/null || return
    wait_until says_ready "$1" || fail_with "$1 does not serve: $(sampan logs "$1" 2>&1)"
}

says_ready() {
    sampan logs "$1" 2>&1 | grep -q '^ready'
}

# address FAMILY WHO[@NETWORK]: WHO is a container or a machine.
address() {
    local who=${2%@*} network=
    [[ $2 != *@* ]] || network=${2#*@}
    case $1:$who in
        4:host) echo 192.0.2.1 ;;
        6:host) echo 2001:db8:1::1 ;;
        4:client) echo 192.0.2.9 ;;
        6:client) echo 2001:db8:1::9 ;;
        4:world) echo 198.51.100.7 ;;
        6:world) echo 2001:db8:2::7 ;;
        *) container_address "$1" "$who" "$network" ;;
    esac
}

container_address() {
    local field=IPAddress
    [ "$1" = 4 ] || field=GlobalIPv6Address
    if [ -n "$3" ]; then
        inspect "$2" "{{(index .NetworkSettings.Networks \"$3\").$field}}"
    else
        inspect "$2" "{{range .NetworkSettings.Networks}}{{.$field}} {{end}}" | awk '{ print $1 }'
    fi
}

# from WHO COMMAND…: in a container or on a machine; /net-probe and /net-forge are the programs.
from() {
    local who=$1 program=$2
    if [ "$who" = host ] || [ -e "$WORLD/$who" ]; then
        [[ $program != /net-* ]] || program=$SAMPAN_BUILD/tests$program
        on "$who" "$program" "${@:3}"
    else
        sampan exec "$@"
    fi
}

# reach WHO TARGET…: what net-probe says of each.
reach() {
    from "$1" /net-probe reach "${PATIENCE_MS:-1500}" "${@:2}"
}

# assert_reach WHO TARGET ANSWER: it answers so ("web 192.0.2.9", or "web" whoever it says that asked), be it at a second or
# third try.
assert_reach() {
    local said
    said=$(PATIENCE_MS=6000 reach "$1" "$2")
    [[ "$said " == "$2 yes $3 "* ]] || fail_with "from $1, expected \"$3\": $said"
}

refute_reach() {
    local said
    said=$(reach "$1" "${@:2}")
    ! grep -q ' yes' <<<"$said" || fail_with "from $1, what should not answer: $said"
}

# ---- matrices

# reach_matrix FAMILY PROTOCOLS <<TABLE: who reaches whom. The first line names those that are asked, each further one who
# asks and what is to come: yes, no, or - (not tried). A column is WHO[@NETWORK]; PROTOCOLS are of tcp, udp, ping. What answers
# has to be the one that was asked. The rows are tried at the same time, so a table of refusals takes no longer than one.
reach_matrix() {
    local family=$1 protocols=$2 table columns row cells at jobs=()
    table=$(grep .)
    read -ra columns <<<"$(head -n 1 <<<"$table")"
    at=$(mktemp -d "$BATS_TEST_TMPDIR/matrix.XXXXXX")
    while read -r row cells; do
        matrix_row "$family" "$protocols" "$row" "$cells" >"$at/$row" 2>&1 3>&- &
        jobs+=($!)
    done < <(tail -n +2 <<<"$table")
    wait "${jobs[@]}" || true
    [ "$(cat "$at"/* | grep -c '^tried ')" = "${#jobs[@]}" ] || fail_with "not all rows were tried: $(cat "$at"/*)"
    if grep -hv '^tried ' "$at"/* >&2; then
        fail_with "^ cells of the matrix that are not as they should be (IPv$family)"
    fi
}

# Prints what is wrong, and "tried" at the end.
matrix_row() {
    local family=$1 protocols=$2 row=$3 cells i protocol ip targets=() expected=() whom=() said line
    read -ra cells <<<"$4"
    for i in "${!columns[@]}"; do
        [ "${cells[i]}" != - ] || continue
        ip=$(address "$family" "${columns[i]}")
        [ -n "$ip" ] || fail_with "${columns[i]} has no IPv$family address" || return
        for protocol in $protocols; do
            [ "$protocol" = ping ] && targets+=("ping/$ip") || targets+=("$protocol/$ip/80")
            expected+=("${cells[i]}") whom+=("${columns[i]}")
        done
    done
    said=$(reach "$row" "${targets[@]}")
    i=0
    while read -r line; do
        matrix_cell "$row" "${whom[i]}" "${expected[i]}" "$line"
        i=$((i + 1))
    done <<<"$said"
    [ "$i" = "${#targets[@]}" ] && echo "tried $row"
}

# matrix_cell ROW COLUMN EXPECTED LINE-OF-NET-PROBE
matrix_cell() {
    local target verdict who
    read -r target verdict who _ <<<"$4"
    if [ "$verdict" != "$3" ]; then
        echo "$1 -> $2: should be $3, is: $4"
    elif [[ $verdict = yes && $target != ping/* && $who != "${2%@*}" ]]; then
        echo "$1 -> $2: somebody else answers: $4"
    fi
}

# names_matrix <<TABLE: the same by name. A cell is the family by which the name answers: 4, 6, 46, or no.
names_matrix() {
    local table columns row cells i said
    table=$(grep .)
    read -ra columns <<<"$(head -n 1 <<<"$table")"
    while read -ra cells; do
        row=${cells[0]} cells=("${cells[@]:1}")
        for i in "${!columns[@]}"; do
            said=$(name_families "$row" "${columns[i]}")
            [ "${cells[i]}" = - ] || [ "$said" = "${cells[i]}" ] ||
                echo "$row -> ${columns[i]}: should be ${cells[i]}, is $said"
        done
    done < <(tail -n +2 <<<"$table") >"$BATS_TEST_TMPDIR/names"
    [ ! -s "$BATS_TEST_TMPDIR/names" ] || fail_with "$(cat "$BATS_TEST_TMPDIR/names")"
}

# name_families WHO NAME: which echo requests to the name are answered.
name_families() {
    local said=
    sampan exec "$1" ping -4 -c 1 -W 1 "$2" >/dev/null 2>&1 && said+=4
    sampan exec "$1" ping -6 -c 1 -W 1 "$2" >/dev/null 2>&1 && said+=6
    echo "${said:-no}"
}

# ---- the host's firewall

# host_input_policy RULE…: what an administrator's own firewall may look like: nothing comes in but what is listed.
host_input_policy() {
    nft -f - <<RULES
table inet admin
delete table inet admin
table inet admin {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        $(printf '%s\n        ' "$@")
    }
}
RULES
}

no_host_input_policy() {
    nft delete table inet admin 2>/dev/null || true
}

# ---- the engine

# A configuration file for what follows in this test.
configure_engine() {
    export SAMPAN_CONFIG=$BATS_TEST_TMPDIR/config.json
    cat >"$SAMPAN_CONFIG"
}

# Another engine beside the file's own, for a test that needs one whose firewall is not made yet.
fresh_engine() {
    tables_before=$(nft list tables)
    export SAMPAN_ROOT=$SAMPAN_STATE/fresh/root SAMPAN_RUN_ROOT=$SAMPAN_STATE/fresh/run
}

end_fresh_engine() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
    sampan network prune -f >/dev/null
    assert_no_network_process
    nft list tables | grep -vxF "$tables_before" | while read -r _ family name; do
        nft delete table "$family" "$name"
    done
    rm -r "$SAMPAN_STATE/fresh"
}

# gateway CONTAINER: of its first network.
gateway() {
    inspect "$1" '{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}' | awk '{ print $1 }'
}
