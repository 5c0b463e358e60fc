#!/usr/bin/env bats
# Published ports: who gets to a container through the host's addresses, and as whom.

load network_helpers

setup_file() {
    make_world
    start_engine
    sampan network create --subnet 10.81.0.0/24 --ipv6 --subnet fd80:81::/64 A >/dev/null
    sampan network create --subnet 10.82.0.0/24 --ipv6 --subnet fd80:82::/64 B >/dev/null
    sampan network create --subnet 10.83.0.0/24 --ipv6 --subnet fd80:83::/64 --internal I >/dev/null
    serve web --network A -p 8080:80 -p 8080:80/udp
    serve local --network A -p 127.0.0.1:8081:80 -p 127.0.0.1:8081:80/udp
    serve lan --network A -p 192.0.2.1:8082:80 -p 192.0.2.1:8082:80/udp -p '[2001:db8:1::1]:8082:80'
    serve a2 --network A
    serve b1 --network B
    serve i1 --network I
    serve d1 --network bridge -p 8084:80
}

teardown() {
    no_host_input_policy
}

teardown_file() {
    stop_engine
    end_world
}

# port_matrix <<TABLE: rows ask, columns are targets without the leading protocol ("192.0.2.1/8080"). A cell is yes or no for
# TCP and UDP alike, tcp or udp where only one of them answers, - where it is not tried.
port_matrix() {
    local table columns row cells i protocol said
    table=$(grep .)
    read -ra columns <<<"$(head -n 1 <<<"$table")"
    while read -ra cells; do
        row=${cells[0]} cells=("${cells[@]:1}")
        said=$(reach "$row" "${columns[@]/#/tcp/}" "${columns[@]/#/udp/}")
        for i in "${!columns[@]}"; do
            for protocol in tcp udp; do
                grep -Eq "^$protocol/${columns[i]} $(expected_of "${cells[i]}" "$protocol")" <<<"$said" ||
                    echo "$row: should be ${cells[i]}: $(grep "^$protocol/${columns[i]} " <<<"$said")"
            done
        done
    done < <(tail -n +2 <<<"$table") >"$BATS_TEST_TMPDIR/ports"
    [ ! -s "$BATS_TEST_TMPDIR/ports" ] || fail_with "$(cat "$BATS_TEST_TMPDIR/ports")"
}

# expected_of CELL PROTOCOL
expected_of() {
    case $1 in
        "$2") echo yes ;;
        tcp | udp) echo no ;;
        -) echo . ;;
        *) echo "$1" ;;
    esac
}

# ---- from where

@test "a port published to all: from the host, the LAN, neighbours, other networks and itself" {
    port_matrix <<'TABLE'
            127.0.0.1/8080  192.0.2.1/8080  10.81.0.1/8080  2001:db8:1::1/8080  fd80:81::1/8080  ::1/8080
host        yes             yes             yes             yes                 yes              -
client      -               yes             -               yes                 -                -
router      -               yes             -               yes                 -                -
world       -               yes             -               yes                 -                -
a2          no              yes             yes             yes                 yes              no
b1          no              yes             -               yes                 -                no
d1          no              yes             -               -                   -                no
web         no              yes             yes             yes                 yes              no
i1          no              no              no              no                  no               no
TABLE
}

@test "a port published on 127.0.0.1 is the host's alone" {
    port_matrix <<'TABLE'
            127.0.0.1/8081  192.0.2.1/8081  10.81.0.1/8081  2001:db8:1::1/8081  fd80:81::1/8081  ::1/8081
host        yes             no              no              no                  no               no
client      no              no              no              no                  no               no
a2          no              no              no              no                  no               no
b1          no              no              no              no                  no               no
TABLE
}

# What the kernel does with the answers to ::1 depends on whether its bridges show IPv6 to the firewall.
bridge_filter() {
    local knob=/proc/sys/net/bridge/bridge-nf-call-ip6tables
    [ ! -e $knob ] || echo "$1" >$knob
}

@test "::1 leads to a published port; where the kernel cannot do that, it is refused at once, and -p [::1] with advice" {
    bridge_filter 0
    fresh_engine
    sampan network create --ipv6 --subnet fd80:96::/64 six >/dev/null
    serve six --network six -p '[::1]:8196:80' -p 8197:80
    assert_reach host tcp/::1/8196 six
    assert_reach host tcp/::1/8197 six
    refute_reach client tcp/2001:db8:1::1/8196
    sampan rm -f six
    [ -e /proc/sys/net/bridge/bridge-nf-call-ip6tables ] || return 0
    bridge_filter 1
    nft flush ruleset
    serve six --network six -p 8197:80
    run -0 reach host tcp/::1/8197
    [ "$output" = "tcp/::1/8197 no ECONNREFUSED" ]
    assert_error 125 '127\.0\.0\.1' sampan run --rm --network six -p '[::1]:8196:80' busybox true
    end_fresh_engine
}

@test "a port published on one address of the host is there, and only there" {
    port_matrix <<'TABLE'
            127.0.0.1/8082  192.0.2.1/8082  10.81.0.1/8082  2001:db8:1::1/8082  fd80:81::1/8082
host        no              yes             no              tcp                 no
client      no              yes             no              tcp                 no
b1          no              yes             no              tcp                 no
TABLE
}

@test "the container's own address and port are not a way in from outside" {
    refute_reach client "tcp/$(address 4 web)/80" "udp/$(address 4 web)/80" "tcp/$(address 6 web)/80" \
        "tcp/$(address 4 web)/8080" "ping/$(address 4 web)" "tcp/$(address 4 a2)/80"
}

# ---- as whom

@test "the client's address is kept" {
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    assert_reach client udp/192.0.2.1/8080 "web 192.0.2.9"
    assert_reach client tcp/2001:db8:1::1/8080 "web 2001:db8:1::9"
    assert_reach client udp/2001:db8:1::1/8080 "web 2001:db8:1::9"
    assert_reach world tcp/192.0.2.1/8080 "web 198.51.100.7"
    assert_reach b1 tcp/192.0.2.1/8080 "web $(address 4 b1)"
    assert_reach host tcp/192.0.2.1/8080 "web 192.0.2.1"
}

@test "localhost, which has no meaning in the container, is its gateway there" {
    assert_reach host tcp/127.0.0.1/8080 "web 10.81.0.1"
    assert_reach host udp/127.0.0.1/8080 "web 10.81.0.1"
}

@test "datagrams are answered from the address that was asked, also those that follow" {
    # net-probe's socket is connected: it hears nobody else. Several questions, one flow after the other.
    local i
    for i in 1 2 3; do
        assert_reach client udp/192.0.2.1/8080 "web 192.0.2.9"
        assert_reach client udp/2001:db8:1::1/8080 "web 2001:db8:1::9"
    done
}

@test "a megabyte through a published port arrives whole, each way" {
    local who
    for who in client host a2 b1; do
        run -0 from $who /net-probe send tcp/192.0.2.1/8080 1000000
        [[ $output == *whole ]]
        run -0 from $who /net-probe fetch tcp/192.0.2.1/8080 1000000
        [ "$output" = whole ]
    done
    run -0 from client /net-probe send tcp/2001:db8:1::1/8080 1000000
    run -0 from host /net-probe send tcp/127.0.0.1/8080 1000000
}

@test "strict reverse path filtering of the host does not get in the way" {
    local before
    before=$(cat /proc/sys/net/ipv4/conf/all/rp_filter)
    echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    assert_reach client udp/192.0.2.1/8080 "web 192.0.2.9"
    assert_reach host tcp/127.0.0.1/8080 "web 10.81.0.1"
    echo "$before" >/proc/sys/net/ipv4/conf/all/rp_filter
}

# ---- the host's own input policy

@test "what the host's firewall keeps out does not get to a published port" {
    host_input_policy
    port_matrix <<'TABLE'
            127.0.0.1/8080  192.0.2.1/8080  2001:db8:1::1/8080
host        yes             yes             yes
client      -               no              no
world       -               no              no
TABLE
}

@test "opening the port in the host's firewall opens it at once, for that protocol; closing closes it" {
    host_input_policy
    refute_reach client tcp/192.0.2.1/8080 udp/192.0.2.1/8080
    nft add rule inet admin input tcp dport 8080 accept
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    assert_reach client tcp/2001:db8:1::1/8080 "web 2001:db8:1::9"
    refute_reach client udp/192.0.2.1/8080
    nft add rule inet admin input udp dport 8080 accept
    assert_reach client udp/192.0.2.1/8080 "web 192.0.2.9"
    host_input_policy
    refute_reach client tcp/192.0.2.1/8080 tcp/2001:db8:1::1/8080
}

@test "rules about who comes, where to and through what are obeyed" {
    host_input_policy "ip saddr 192.0.2.9 ip daddr 192.0.2.1 tcp dport 8080 accept"
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
    refute_reach router tcp/192.0.2.1/8080
    refute_reach client tcp/2001:db8:1::1/8080
    host_input_policy 'iifname "eth0" tcp dport 8080 accept'
    assert_reach router tcp/192.0.2.1/8080 "web 192.0.2.254"
    host_input_policy 'iifname "eth9" tcp dport 8080 accept' "tcp dport 80 accept"
    refute_reach client tcp/192.0.2.1/8080
}

@test "an input policy that rejects says so to the client" {
    host_input_policy "tcp dport 8080 reject with tcp reset"
    run -0 reach client tcp/192.0.2.1/8080
    [[ $output == *"no ECONNREFUSED" ]]
}

@test "a connection that is open goes on when the port is closed" {
    host_input_policy "tcp dport 8080 accept"
    become client "$NET_PROBE" fetch tcp/192.0.2.1/8080 200000000 >"$BATS_TEST_TMPDIR/said" 3>&- &
    local fetch=$!
    sleep 0.2
    host_input_policy
    wait_for_status 0 $fetch
    [ "$(cat "$BATS_TEST_TMPDIR/said")" = whole ]
}

@test "\"published-ports\": \"open\" lets them past the host's policy" {
    configure_engine <<<'{"published-ports": "open"}'
    fresh_engine
    serve open --network bridge -p 8180:80 -p 8180:80/udp
    host_input_policy
    assert_reach client tcp/192.0.2.1/8180 "open 192.0.2.9"
    assert_reach client udp/192.0.2.1/8180 "open 192.0.2.9"
    end_fresh_engine
}

# ---- the configuration

@test "\"publish-to-all\": false refuses -p without an address, and says what to write" {
    configure_engine <<<'{"publish-to-all": false}'
    assert_error 125 'publish-to-all' sampan run --rm -p 8181:80 busybox true
    assert_error 125 'publish-to-all' sampan run --rm -p 0.0.0.0:8181:80 busybox true
    assert_error 125 'publish-to-all' sampan run --rm -p '[::]:8181:80' busybox true
    sampan run --rm -p 127.0.0.1:8181:80 busybox true
    sampan run --rm -p 192.0.2.1:8181:80 busybox true
}

@test "\"ip\": where -p without an address goes" {
    configure_engine <<<'{"ip": "127.0.0.1"}'
    serve careful -p 8182:80
    assert_reach host tcp/127.0.0.1/8182 "careful $(gateway careful)"
    refute_reach client tcp/192.0.2.1/8182
    refute_reach host tcp/192.0.2.1/8182
    run -0 sampan port careful
    [ "$output" = "80/tcp -> 127.0.0.1:8182" ]
    sampan rm -f careful
}

@test "a mistake in the configuration is an error that names it" {
    configure_engine <<<'{"publish-to-al": false}'
    assert_error 125 "publish-to-al" sampan run --rm busybox true
    configure_engine <<<'{"mtu": "many"}'
    assert_error 125 "mtu" sampan run --rm busybox true
}

# ---- whose port it is

@test "a port that another container has: 125, in Docker's words, and nothing is left" {
    assert_error 125 'port is already allocated' sampan run --rm --name second -p 8080:80 busybox true
    grep -q '8080' <<<"$stderr"
    assert_error 125 'port is already allocated' sampan run --rm --name second -p 8190:80 -p 192.0.2.1:8080:80 busybox true
    run ! inspect second '{{.Id}}'
    # Neither half of the second attempt stays.
    sampan run --rm -p 8190:80 busybox true
    assert_reach client tcp/192.0.2.1/8080 "web 192.0.2.9"
}

@test "the same port of another protocol or another address is another port" {
    serve other -p 8084:80/udp -p 127.0.0.2:8081:80
    assert_reach client udp/192.0.2.1/8084 "other 192.0.2.9"
    assert_reach client tcp/192.0.2.1/8084 "d1 192.0.2.9"
    assert_reach host tcp/127.0.0.2/8081 "other $(gateway other)"
    assert_reach host tcp/127.0.0.1/8081 "local 10.81.0.1"
    sampan rm -f other
}

@test "a port that a program of the host listens on is an error; one that is published is taken for programs too" {
    local pid
    serve_on host tcp/8888 udp/8889
    pid=$served
    assert_error 125 '8888.*(already|in use)' sampan run --rm -p 8888:80 busybox true
    assert_error 125 '8889.*(already|in use)' sampan run --rm -p 8889:80/udp busybox true
    sampan run --rm -p 8889:80/tcp busybox true
    end_serving "$pid"
    sampan run --rm -p 8888:80 busybox true
    run -1 "$NET_PROBE" serve host tcp/8080
    [[ $output == *"in use"* ]]
    run -1 "$NET_PROBE" serve host udp/8080
}

@test "the port is free as soon as its container has ended, however it ended" {
    local shim
    serve short -p 8191:80
    assert_reach client tcp/192.0.2.1/8191 "short 192.0.2.9"
    sampan rm -f short
    refute_reach client tcp/192.0.2.1/8191
    serve short -p 8191:80
    assert_reach client tcp/192.0.2.1/8191 "short 192.0.2.9"
    shim=$(awk '/^PPid:/ { print $2 }' "/proc/$(pid_of short)/status")
    kill -KILL "$shim"
    wait_until eval '! kill -0 $shim 2>/dev/null'
    sampan rm -f short
    run ! grep -q 8191 <(nft list ruleset)
    serve short -p 8191:80
    assert_reach client tcp/192.0.2.1/8191 "short 192.0.2.9"
    sampan kill short
    sampan wait short
    sampan start short
    assert_reach client tcp/192.0.2.1/8191 "short 192.0.2.9"
    sampan rm -f short
}

@test "a flow of datagrams follows its port to the next container" {
    # The client asks from one port all the time: its old flow's translation would otherwise lead nowhere for minutes.
    become client python3 - >"$BATS_TEST_TMPDIR/answers" 3>&- <<'PYTHON' &
import socket, time
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.bind(("192.0.2.9", 5555))
asker.settimeout(0.1)
while True:
    asker.sendto(b"who", ("192.0.2.1", 8192))
    try:
        print(asker.recvfrom(100)[0].decode().strip(), flush=True)
    except OSError:
        pass
PYTHON
    local asking=$!
    serve first -p 8192:80/udp
    wait_until grep -q '^first 192.0.2.9' "$BATS_TEST_TMPDIR/answers"
    sampan rm -f first
    serve second -p 8192:80/udp
    wait_until grep -q '^second 192.0.2.9' "$BATS_TEST_TMPDIR/answers"
    kill $asking
    sampan rm -f second
}

# ---- while it runs

@test "ports are added to and taken from a running container, and it is remembered" {
    serve changing --network A
    sampan port --add 8198:80 --add 127.0.0.1:8199:80/udp changing
    assert_reach client tcp/192.0.2.1/8198 "changing 192.0.2.9"
    assert_reach host udp/127.0.0.1/8199 "changing 10.81.0.1"
    run -0 sampan port changing
    grep -qxF '80/tcp -> 0.0.0.0:8198' <<<"$output"
    grep -qxF '80/udp -> 127.0.0.1:8199' <<<"$output"
    assert_error 1 'port is already allocated' sampan port --add 8080:80 changing
    assert_error 125 'port is already allocated' sampan run --rm -p 8198:80 busybox true
    sampan restart -t 0 changing
    wait_until says_ready changing
    assert_reach client tcp/192.0.2.1/8198 "changing 192.0.2.9"
    sampan port --remove 8198:80 changing
    refute_reach client tcp/192.0.2.1/8198
    sampan run --rm -p 8198:80 busybox true
    assert_reach host udp/127.0.0.1/8199 "changing 10.81.0.1"
    assert_error 1 'not published' sampan port --remove 8198:80 changing
    sampan rm -f changing
}

@test "a port leads on when its network is exchanged for another" {
    serve moving --network A -p 8200:80
    assert_reach client tcp/192.0.2.1/8200 "moving 192.0.2.9"
    sampan network connect B moving
    assert_reach client tcp/192.0.2.1/8200 "moving 192.0.2.9"
    sampan network disconnect A moving
    assert_reach client tcp/192.0.2.1/8200 "moving 192.0.2.9"
    assert_reach host tcp/127.0.0.1/8200 moving
    sampan rm -f moving
}

@test "a port of a container on an internal network is not open to others" {
    serve inner --network I -p 8201:80
    refute_reach client tcp/192.0.2.1/8201 tcp/2001:db8:1::1/8201
    refute_reach b1 tcp/192.0.2.1/8201
    sampan rm -f inner
}

@test "twenty containers that want one port at the same time: one gets it" {
    local i pids=() got=0
    for ((i = 0; i < 20; i++)); do
        sampan run -d --name "racer$i" -p 8202:80 busybox sleep 1000 >/dev/null 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        ! wait "$i" || got=$((got + 1))
    done
    [ "$got" = 1 ]
    [ "$(sampan ps -q --filter name=racer | wc -l)" = 1 ]
    sampan ps -aq --filter name=racer | xargs sampan rm -f >/dev/null
}

# ---- how it is written

@test "ranges, one to one" {
    sampan run -d --name range -p 8300-8302:80-82 -p 8310:83 -v "$NET_PROBE:/net-probe:ro" busybox \
        /net-probe serve range tcp/80 tcp/81 tcp/82 tcp/83
    assert_reach client tcp/192.0.2.1/8300 "range 192.0.2.9"
    assert_reach client tcp/192.0.2.1/8302 "range 192.0.2.9"
    assert_reach client tcp/192.0.2.1/8310 "range 192.0.2.9"
    refute_reach client tcp/192.0.2.1/8303
    run -0 sampan port range
    for line in "80/tcp -> 0.0.0.0:8300" "81/tcp -> 0.0.0.0:8301" "82/tcp -> 0.0.0.0:8302" "83/tcp -> 0.0.0.0:8310"; do
        grep -qF "$line" <<<"$output" || fail_with "no line \"$line\" in: $output"
    done
    sampan rm -f range
    assert_error 125 '8300-8302' sampan run --rm -p 8300-8302:80-85 busybox true
}

@test "-P and a port without the host's: any that is free" {
    local port other
    serve any --expose 80 --expose 80/udp -P
    run -0 sampan port any 80
    port=$(head -n 1 <<<"$output")
    port=${port##*:}
    [ "$port" -ge 1024 ]
    assert_reach client "tcp/192.0.2.1/$port" "any 192.0.2.9"
    other=$(sampan port any 80/udp | head -n 1)
    assert_reach client "udp/192.0.2.1/${other##*:}" "any 192.0.2.9"
    serve any2 -p 80
    other=$(sampan port any2 80 | head -n 1)
    [ "${other##*:}" != "$port" ]
    assert_reach client "tcp/192.0.2.1/${other##*:}" "any2 192.0.2.9"
    sampan rm -f any any2
}

@test "sampan port, and inspect, tell them as Docker does" {
    run -0 sampan port web
    grep -qxF '80/tcp -> 0.0.0.0:8080' <<<"$output"
    grep -qxF '80/tcp -> [::]:8080' <<<"$output"
    grep -qxF '80/udp -> 0.0.0.0:8080' <<<"$output"
    run -0 sampan port web 80/udp
    grep -qxF '0.0.0.0:8080' <<<"$output"
    run -0 sampan port local 80
    [ "$output" = 127.0.0.1:8081 ]
    run -1 sampan port web 81
    run -0 inspect web '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}'
    [ "$output" = 8080 ]
    run -0 sampan ps --filter name=web --format '{{.Ports}}'
    [[ $output == *"0.0.0.0:8080->80/tcp"* ]]
}

@test "bad ports are refused with a sentence" {
    local spec
    for spec in 65536:80 80:0 x:80 80:80/xyz 1.2.3:80:80 ':::80' 8000-7000:8000-7000; do
        assert_error 125 '.' sampan run --rm -p "$spec" busybox true || fail_with "-p $spec was taken"
    done
    # An address that the host doesn't have.
    assert_error 125 '203.0.113.1' sampan run --rm -p 203.0.113.1:8080:80 busybox true
}

@test "a published port of a container without a network is no error, and leads nowhere" {
    sampan run --rm --network none -p 8193:80 busybox true
    sampan run --rm --network host -p 8193:80 busybox true
}

@test "SCTP: published as the others" {
    serve signalling -p 8194:80/sctp
    run -0 sampan port signalling
    grep -qF '80/sctp -> 0.0.0.0:8194' <<<"$output"
    nft list ruleset | grep -q 8194
    sampan rm -f signalling
    timeout 1 "$NET_PROBE" serve host sctp/9 2>"$BATS_TEST_TMPDIR/said" || true
    ! grep -q 'not supported' "$BATS_TEST_TMPDIR/said" || skip "this kernel has no SCTP sockets"
    sampan run -d --name signalling -p 8194:80/sctp -v "$NET_PROBE:/net-probe:ro" busybox \
        /net-probe serve signalling sctp/80
    assert_reach client sctp/192.0.2.1/8194 "signalling 192.0.2.9"
    assert_reach host sctp/127.0.0.1/8194 "signalling $(gateway signalling)"
    sampan rm -f signalling
}

# ---- many

@test "a thousand ports of one container, in and out" {
    serve many -p 20000-20999:20000-20999 -p 8195:80
    assert_reach client tcp/192.0.2.1/8195 "many 192.0.2.9"
    [ "$(sampan port many | grep -c 0.0.0.0)" = 1001 ]
    sampan rm -f many
    run ! grep -q 20500 <(nft list ruleset)
    sampan run --rm -p 20000-20999:20000-20999 busybox true
}
