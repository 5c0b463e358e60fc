#!/usr/bin/env bats
# sampan run: streams, statuses, environment, users, and what the container is given.

load helpers

setup_file() {
    start_engine
}

teardown_file() {
    stop_engine
}

none() {
    sampan run --rm --network none "$@"
}

# ---- streams

# bats test_tags=smoke
@test "standard output and error are kept apart" {
    run -0 --separate-stderr none busybox sh -c 'echo to-out; echo to-err >&2'
    [ "$output" = to-out ]
    [ "$stderr" = to-err ]
}

@test "standard input arrives with -i, and not without" {
    run -0 none -i busybox cat <<<'through'
    [ "$output" = through ]
    run -0 none busybox cat <<<'not through'
    [ -z "$output" ]
}

# bats test_tags=smoke
@test "ten megabytes of any bytes go in and come out unchanged" {
    head -c 10000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    none -i busybox cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "a slow reader gets everything" {
    none busybox sh -c 'head -c 3000000 /dev/zero | tr "\0" x' | (
        sleep 0.5
        wc -c
    ) >"$BATS_TEST_TMPDIR/count"
    [ "$(cat "$BATS_TEST_TMPDIR/count")" = 3000000 ]
}

@test "a closed pipe ends the writer" {
    run -0 timeout 20 bash -c 'sampan run --rm --network none busybox yes | head -n 1'
    [ "$output" = y ]
}

@test "the end of standard input is seen inside" {
    run -0 none -i busybox sh -c 'cat >/dev/null; echo ended' <<<'some'
    [ "$output" = ended ]
}

@test "output written just before the end is not lost" {
    local i
    for i in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(none busybox sh -c 'echo last; exit 0')" = last ]
    done
}

# ---- statuses

@test "the status is the payload's" {
    local status
    for status in 0 1 3 124 255; do
        run -$status none busybox sh -c "exit $status"
    done
}

@test "a payload that a signal ends: 128 and its number" {
    run -137 none --init busybox sh -c 'kill -KILL $$'
    run -139 none --init busybox sh -c 'kill -SEGV $$'
}

@test "signals to sampan go on to the payload" {
    local pid
    sampan run --name proxied --network none busybox sh -c 'trap "exit 33" TERM; echo ready; while :; do sleep 0.05; done' \
        >"$BATS_TEST_TMPDIR/out" &
    pid=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $pid
    wait_for_status 33 $pid
    [ "$(inspect proxied '{{.State.ExitCode}}')" = 33 ]
    sampan rm proxied
}

# ---- what the payload is given

@test "-e and --env-file, and a name alone takes the caller's value" {
    printf '# comment\nFROM_FILE=one two\nGIVEN\n\n' >"$BATS_TEST_TMPDIR/env"
    GIVEN=caller OTHER=too run -0 none -e A=1 -e B= -e OTHER -e ABSENT --env-file "$BATS_TEST_TMPDIR/env" busybox env
    grep -qx 'A=1' <<<"$output"
    grep -qx 'B=' <<<"$output"
    grep -qx 'OTHER=too' <<<"$output"
    grep -qx 'FROM_FILE=one two' <<<"$output"
    grep -qx 'GIVEN=caller' <<<"$output"
    run ! grep -q '^ABSENT' <<<"$output"
}

@test "nothing of the caller's environment comes by itself" {
    CANARY=sings run -0 none busybox env
    [[ $output != *CANARY* ]]
    [[ $output != *SAMPAN* ]]
}

# bats test_tags=smoke
@test "PATH, HOME and HOSTNAME have their defaults" {
    run -0 none --hostname boat busybox env
    grep -qx 'HOSTNAME=boat' <<<"$output"
    grep -qx 'HOME=/root' <<<"$output"
    grep -qx 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' <<<"$output"
    [ "$(none -u nobody busybox sh -c 'echo $HOME')" = /home ]
    [ "$(none -u 4711 busybox sh -c 'echo $HOME')" = / ]
    [ "$(none -e HOME=/mine busybox sh -c 'echo $HOME')" = /mine ]
}

@test "-w is the working directory, and is made" {
    [ "$(none busybox pwd)" = / ]
    [ "$(none -w /usr/bin busybox pwd)" = /usr/bin ]
    [ "$(none -w /made/for/this busybox pwd)" = /made/for/this ]
    assert_error 125 'absolute' none -w relative busybox true
}

@test "--entrypoint" {
    [ "$(none --entrypoint echo busybox one two)" = "one two" ]
    [ "$(none --entrypoint /bin/echo busybox)" = "" ]
}

@test "the image's command is the default" {
    run -0 none -i busybox <<<'echo $0'
    [ "$output" = sh ]
}

@test "--init: the payload is its child, and orphans are reaped" {
    run -0 none --init busybox sh -c 'echo $$; cat /proc/1/comm'
    [ "${lines[0]}" != 1 ]
    [ "${lines[1]}" != sh ]
    run -0 none --init busybox sh -c '(sh -c "sleep 0.1 & :") ; sleep 0.4; grep -l "State:.Z" /proc/[0-9]*/status; true'
    [ -z "$output" ]
}

@test "--cidfile holds the id" {
    local id
    id=$(sampan create --name filed --cidfile "$BATS_TEST_TMPDIR/cid" --network none busybox true)
    [ "$(cat "$BATS_TEST_TMPDIR/cid")" = "$id" ]
    [ "$(inspect filed '{{.Id}}')" = "$id" ]
    sampan rm filed
}

@test "--label and --label-file" {
    printf 'from=file\n' >"$BATS_TEST_TMPDIR/labels"
    sampan create --name labelled --label a=1 -l b --label-file "$BATS_TEST_TMPDIR/labels" --network none busybox true
    [ "$(inspect labelled '{{json .Config.Labels}}' | jq -Sc .)" = '{"a":"1","b":"","from":"file"}' ]
    sampan rm labelled
}

@test "--read-only" {
    run -1 none --read-only busybox touch /file
    run -0 none --read-only busybox sh -c 'touch /dev/shm/file && echo written'
    [ "$output" = written ]
}

@test "--ulimit is seen inside" {
    [ "$(none --ulimit nofile=123:456 busybox sh -c 'ulimit -Sn; ulimit -Hn' | tr '\n' ' ')" = "123 456 " ]
    [ "$(none --ulimit core=0 busybox sh -c 'ulimit -c')" = 0 ]
}

@test "--sysctl, and none of the host's" {
    [ "$(none --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    [ "$(none --sysctl kernel.shmmax=65536 busybox cat /proc/sys/kernel/shmmax)" = 65536 ]
    assert_error 125 'kernel.core_pattern' none --sysctl kernel.core_pattern=x busybox true
    assert_error 125 'core_pattern' none --sysctl net.ipv4.../../../kernel/core_pattern=x busybox true
}

@test "--add-host, and files of the engine in /etc" {
    run -0 none --hostname boat --add-host db:10.9.8.7 busybox cat /etc/hosts
    grep -Eq '^10\.9\.8\.7\s+db$' <<<"$output"
    grep -Eq '^127\.0\.0\.1\s+localhost' <<<"$output"
    [ "$(none --hostname boat busybox cat /etc/hostname)" = boat ]
}

# ---- users

user_of() {
    none -u "$1" busybox sh -c 'echo "$(id -u):$(id -g)"'
}

@test "-u takes names and numbers, with and without a group" {
    [ "$(user_of nobody)" = 65534:65534 ]
    [ "$(user_of www-data)" = 33:33 ]
    [ "$(user_of 33)" = 33:33 ]
    [ "$(user_of 1000)" = 1000:0 ]
    [ "$(user_of 1000:1001)" = 1000:1001 ]
    [ "$(user_of nobody:users)" = 65534:100 ]
    [ "$(user_of :users)" = 0:100 ]
    [ "$(user_of root)" = 0:0 ]
    assert_error 125 'nosuch' user_of nosuch
    assert_error 125 'nosuch' user_of 1000:nosuch
}

@test "users that would overflow or that are written in other ways are refused (CVE-2024-40635, CVE-2026-46680)" {
    local user
    for user in 4294967296 4294967295 2147483648 -1 0x0 +0 ' 0' '0 ' '1000:4294967296' '1000:-1' 18446744073709551616 1e3; do
        run ! user_of "$user"
        [[ $output != *0:0* ]] || fail_with "\"$user\" is root"
    done
}

@test "a number is a uid, also when a user has it for a name (CVE-2016-3697)" {
    printf 'root:x:0:0::/root:/bin/sh\n1000:x:0:0::/root:/bin/sh\n' >"$BATS_TEST_TMPDIR/passwd"
    run -0 none -u 1000 -v "$BATS_TEST_TMPDIR/passwd:/etc/passwd:ro" busybox id -u
    [ "$output" = 1000 ]
}

@test "--group-add, and groups from /etc/group (CVE-2022-2989)" {
    printf 'root:x:0:\nextra:x:777:nobody\nother:x:888:\n' >"$BATS_TEST_TMPDIR/group"
    run -0 none -u nobody --group-add other --group-add 4242 -v "$BATS_TEST_TMPDIR/group:/etc/group:ro" busybox id -G
    [ "$(tr ' ' '\n' <<<"$output" | sort -n | tr '\n' ' ')" = "777 888 4242 65534 " ]
    run -0 none -u 1000:1001 busybox id -G
    [ "$output" = 1001 ]
}

# ---- names and detaching

@test "-d prints the id, and the container goes on" {
    local id
    id=$(sampan run -d --network none busybox sleep 1000)
    [[ $id =~ ^[0-9a-f]{64}$ ]]
    [ "$(inspect "$id" '{{.State.Running}}')" = true ]
    [ "$(inspect "${id:0:7}" '{{.Id}}')" = "$id" ]
    sampan rm -f "$id"
}

@test "--name, and a name of the engine's own otherwise" {
    local id
    sampan create --name mine --network none busybox true
    [ "$(inspect mine '{{.Name}}')" = /mine ]
    id=$(sampan create --network none busybox true)
    [[ $(inspect "$id" '{{.Name}}') =~ ^/[a-z]+_[a-z]+[0-9]*$ ]]
    sampan rm mine "$id"
}

@test "twenty containers started at once are twenty" {
    local i
    for ((i = 0; i < 20; i++)); do
        none busybox sh -c "echo number-$i" >"$BATS_TEST_TMPDIR/$i" &
    done
    wait
    for ((i = 0; i < 20; i++)); do
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = number-$i ]
    done
}
