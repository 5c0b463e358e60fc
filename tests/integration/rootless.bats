#!/usr/bin/env bats
# Containers of a user who is not root (docs/man/sampan-rootless.7). The user exists in this file's tests alone: as_user
# shows the programs an /etc/passwd, /etc/subuid and /dev/net/tun of its own, in a mount namespace.

load network_helpers

USER_ID=61234
FIRST_SUBID=1700000000

setup_file() {
    make_world
    serve_on world tcp/80
    SAMPAN_STATE=$(mktemp -d "${TMPDIR:-/tmp}/sampan-test.XXXXXX")
    export SAMPAN_STATE
    chmod 711 "$SAMPAN_STATE"
    mkdir -p "$SAMPAN_STATE"/{bin,etc,home,runtime}
    # The build directory may be out of another user's reach.
    find "$SAMPAN_BUILD" -maxdepth 1 -type f -name 'sampan*' -perm -100 -exec cp -t "$SAMPAN_STATE/bin" {} +
    cp "$NET_PROBE" "$SAMPAN_STATE/bin/"
    { cat /etc/passwd; echo "skipper:x:$USER_ID:$USER_ID::$SAMPAN_STATE/home:/bin/sh"; } >"$SAMPAN_STATE/etc/passwd"
    { cat /etc/group; echo "skipper:x:$USER_ID:"; } >"$SAMPAN_STATE/etc/group"
    echo "skipper:$FIRST_SUBID:65536" | tee "$SAMPAN_STATE/etc/subuid" >"$SAMPAN_STATE/etc/subgid"
    mknod -m 666 "$SAMPAN_STATE/tun" c 10 200
    chown "$USER_ID:$USER_ID" "$SAMPAN_STATE"/{home,runtime}
    chmod 700 "$SAMPAN_STATE"/{home,runtime}
}

teardown_file() {
    local id
    for id in $(as_user sampan ps -aq --no-trunc); do
        as_user sampan rm -f "$id" >/dev/null
    done
    wait_until base_is_gone
    rm -rf --one-file-system "$SAMPAN_STATE"
    end_world
}

# Binds the files of the test over the machine's, and becomes the user. BEFORE may hold a command to run before that.
as_user() {
    unshare --mount -- sh -c '
        for f in passwd group subuid subgid; do
            [ -e "/etc/$f" ] || : >"/etc/$f"
            mount --bind "$SAMPAN_STATE/etc/$f" "/etc/$f" || exit
        done
        [ ! -e /dev/net/tun ] || mount --bind "$SAMPAN_STATE/tun" /dev/net/tun || exit
        eval "${BEFORE:-}" || exit
        exec setpriv --reuid "$0" --regid "$0" --init-groups --inh-caps=-all --bounding-set=+all -- env -i \
            HOME="$SAMPAN_STATE/home" XDG_RUNTIME_DIR="$SAMPAN_STATE/runtime" PATH="$SAMPAN_STATE/bin:/usr/bin:/bin" "$@"' \
        "$USER_ID" "$@"
}

user_busybox() {
    as_user sampan run --rm --network none busybox "$@"
}

# A container of the user's that answers with its name: user_serve NAME [OPTION…]
user_serve() {
    as_user sampan run -d --name "$1" "${@:2}" -v "$SAMPAN_STATE/bin/net-probe:/net-probe:ro" busybox \
        /net-probe serve "$1" tcp/80
    wait_until user_says_ready "$1"
}

user_says_ready() {
    [ "$(as_user sampan logs "$1")" = ready ]
}

user_reach() {
    as_user sampan run --rm "${@:2}" -v "$SAMPAN_STATE/bin/net-probe:/net-probe:ro" busybox /net-probe reach 3000 "$1"
}

client_reaches_web() {
    [ "$(on client "$NET_PROBE" reach 1000 tcp/192.0.2.1/8080)" = "tcp/192.0.2.1/8080 yes web 192.0.2.9" ]
}

user_processes() {
    ps -o pid=,args= -U "$USER_ID"
}

base_is_gone() {
    [ -z "$(user_processes)" ]
}

@test "root inside is the user outside, and other ids are the user's subordinate ones" {
    run -0 user_busybox sh -c 'id -u; cat /proc/self/uid_map'
    [ "${lines[0]}" = 0 ]
    as_user sampan run -d --name root --network none busybox sleep 100
    as_user sampan run -d --name www --user 33:33 --network none busybox sleep 100
    [ "$(stat -c %u "/proc/$(pgrep -U "$USER_ID" -x sleep)")" = "$USER_ID" ]
    pgrep -U $((FIRST_SUBID + 32)) -x sleep
    as_user sampan rm -f root www
}

@test "all the namespaces are its own" {
    as_user sampan run -d --name isolated --network none busybox sleep 100
    local pid ns
    pid=$(pgrep -U "$USER_ID" -x sleep)
    for ns in user pid net mnt uts ipc cgroup; do
        [ "$(stat -Lc %i "/proc/$pid/ns/$ns")" != "$(stat -Lc %i "/proc/self/ns/$ns")" ] || fail_with "the host's $ns"
    done
    as_user sampan rm -f isolated
}

@test "exec, top, logs, stop and start" {
    as_user sampan run -d --name life --network none busybox sh -c 'echo hello; exec sleep 100'
    run -0 as_user sampan exec life sh -c 'echo $((6*7))'
    [ "$output" = 42 ]
    run -0 as_user sampan top life
    [[ $output == *"sleep 100"* ]]
    run -0 as_user sampan logs life
    [ "$output" = hello ]
    as_user sampan stop -t 0 life
    as_user sampan start life
    run -0 as_user sampan exec life true
    as_user sampan rm -f life
}

@test "a volume keeps its data, and what a bind mount gets is the user's" {
    run -0 as_user sampan run --rm --network none -v kept:/data busybox sh -c 'echo treasure >/data/f'
    run -0 as_user sampan run --rm --network none -v kept:/data busybox cat /data/f
    [ "$output" = treasure ]
    run -0 as_user sampan run --rm --network none -v "$SAMPAN_STATE/home:/h" busybox touch /h/mine
    [ "$(stat -c %u "$SAMPAN_STATE/home/mine")" = "$USER_ID" ]
}

@test "what the user may not, the container's root may not" {
    run -1 as_user sampan run --rm --network none -v /etc:/host busybox sh -c 'echo x >>/host/passwd'
    run -1 user_busybox mount -t tmpfs tmpfs /mnt
    run -1 as_user sampan run --rm --privileged --network none -v /etc:/host busybox sh -c 'echo x >>/host/hostname'
}

@test "a limit that only a cgroup could enforce is refused" {
    assert_error 125 '--memory cannot be enforced without root' as_user sampan run --rm --network none -m 64m busybox true
}

@test "the devices are the host's, bound" {
    run -0 user_busybox sh -c 'head -c 3 /dev/zero | wc -c; echo gone >/dev/null; ls -l /dev/null'
    [ "${lines[0]}" = 3 ]
    [[ ${lines[1]} == c* ]]
}

@test "what an image has can be removed, and a directory of it replaced" {
    run -0 user_busybox sh -c 'rm -r /root && mkdir /root && ls -A /root && rm /bin/ls && ! test -e /bin/ls'
    [ -z "$output" ]
}

@test "the base ends after the last container" {
    user_busybox true
    wait_until base_is_gone
}

@test "a killed base is adopted: its containers are managed by the next command" {
    local base
    as_user sampan run -d --name orphan --network none busybox sleep 100
    base=$(pgrep -U "$USER_ID" -f 'sampan _base' | head -1)
    kill -KILL "$base"
    run -0 as_user sampan exec orphan echo still here
    [ "$output" = "still here" ]
    as_user sampan rm -f orphan
    wait_until base_is_gone
}

@test "many first commands at once make one base" {
    local i pids=()
    wait_until base_is_gone
    for i in 1 2 3 4 5 6; do
        user_busybox true &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait_for_status 0 "$i"
    done
    [ "$(pgrep -c -U "$USER_ID" -f 'sampan _base')" -le 2 ] # the one that holds it, and its child
}

@test "without subordinate ids: which command gives some" {
    wait_until base_is_gone
    BEFORE='mount --bind /dev/null /etc/subuid' assert_error 125 'usermod --add-subuids' user_busybox true
}

@test "without newuidmap: which package has it" {
    wait_until base_is_gone
    BEFORE='mount --bind /dev/null "$(command -v newuidmap)"' assert_error 125 'install the package uidmap' user_busybox true
}

@test "without a place for its state: what to set" {
    assert_error 125 'neither XDG_DATA_HOME nor HOME' as_user env -u HOME sampan run --rm --network none busybox true
}

@test "a container reaches the world through pasta, which has the host's address" {
    run -0 user_reach tcp/198.51.100.7/80
    [ "$output" = "tcp/198.51.100.7/80 yes world 192.0.2.1" ]
}

@test "what listens on the host's loopback stays out of reach by the gateway's address" {
    serve_on host tcp/127.0.0.1/7777
    run -0 user_reach tcp/192.0.2.254/7777
    [[ $output == *" no "* ]] || fail_with "reached the host's loopback: $output"
}

@test "a published port is reached from outside, and knows who asks" {
    user_serve web -p 8080:80
    wait_until client_reaches_web
    as_user sampan rm -f web
}

@test "names on the user's own network" {
    as_user sampan network create crew
    user_serve mate --network crew
    run -0 as_user sampan run --rm --network crew busybox ping -c 1 -W 2 mate
    as_user sampan rm -f mate
    as_user sampan network rm crew
}

@test "pasta, the keeper and its dnsmasq end with the base" {
    user_reach tcp/198.51.100.7/80
    wait_until base_is_gone
}

@test "without /dev/net/tun or pasta: what to do" {
    wait_until base_is_gone
    BEFORE='chmod 600 "$SAMPAN_STATE/tun"' assert_error 125 'chmod 0666 /dev/net/tun' as_user sampan run --rm busybox true
    chmod 666 "$SAMPAN_STATE/tun"
    wait_until base_is_gone
    BEFORE='mount --bind /dev/null "$(command -v pasta)"' assert_error 125 'install the package passt' \
        as_user sampan run --rm busybox true
}
