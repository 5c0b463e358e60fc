#!/usr/bin/env bats
# A container's life: created, running, ended, gone; what is shown of it meanwhile, and what it printed.

load helpers

setup_file() {
    start_engine
}

teardown_file() {
    stop_engine
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
}

# detached NAME [OPTION…] IMAGE [COMMAND…]
detached() {
    sampan run -d --network none --name "$@" >/dev/null
}

# handler NAME [OPTION…]: runs a container that has handlers for TERM, with which it ends, and for USR1 and HUP.
handler() {
    detached "$@" busybox sh -c 'trap "exit 33" TERM; trap "exit 44" USR1; trap "echo hung up" HUP; echo ready
        while :; do sleep 0.02; done'
    wait_until has_printed "$1" ready
}

has_printed() {
    sampan logs "$1" 2>&1 | grep -q -- "$2"
}

# "running 0", "exited 137", …
state_of() {
    inspect "$1" '{{.State.Status}} {{.State.ExitCode}}'
}

# ---- created, started, ended, removed

# bats test_tags=smoke
@test "create, start, wait, rm: the state at each step" {
    local id
    id=$(sampan create --name steps --network none -i busybox sh -c 'read line; exit 5')
    [ "$(inspect steps '{{.Id}} {{.State.Status}} {{.State.Pid}}')" = "$id created 0" ]
    [ -z "$(cgroups_of "$id")" ]
    [ -z "$(sampan ps -q --filter name=steps)" ]
    [ "$(sampan start steps)" = steps ]
    [ "$(inspect steps '{{.State.Status}} {{.State.Running}}')" = "running true" ]
    [ -n "$(cgroups_of "$id")" ]
    sampan attach steps <<<'a line' &
    [ "$(sampan wait steps)" = 5 ]
    wait_for_status 5 $!
    [ "$(state_of steps)" = "exited 5" ]
    [ "$(inspect steps '{{.State.Pid}}')" = 0 ]
    [ -z "$(cgroups_of "$id")" ]
    [ "$(sampan rm steps)" = steps ]
    assert_error 1 'no such object' sampan inspect steps
}

@test "started again: its files are there, its log goes on, its status is the latest" {
    sampan create --name again --network none busybox \
        sh -c 'echo run; test -e /mark && exit 9; touch /mark; exit 5' >/dev/null
    run -5 sampan start -a again
    [ "$output" = run ]
    [ "$(state_of again)" = "exited 5" ]
    run -9 sampan start -a again
    [ "$(state_of again)" = "exited 9" ]
    [ "$(sampan logs again | grep -c run)" = 2 ]
}

@test "starting a running container changes nothing" {
    local pid
    detached runs busybox sleep 1000
    pid=$(pid_of runs)
    run -0 sampan start runs
    [ "$(pid_of runs)" = "$pid" ]
}

@test "ten starts at once are one" {
    local i pids=()
    sampan create --name once --network none busybox sh -c 'echo started; sleep 1000' >/dev/null
    for ((i = 0; i < 10; i++)); do
        sampan start once >/dev/null &
        pids[i]=$!
    done
    for ((i = 0; i < 10; i++)); do
        wait_for_status 0 "${pids[i]}"
    done
    wait_until has_printed once started
    [ "$(sampan logs once | grep -c started)" = 1 ]
    [ "$(sampan top once | grep -c 'sleep 1000')" = 1 ]
}

@test "-d --rm: it goes by itself, with all that it had" {
    local id
    id=$(sampan run -d --rm --name brief --network none busybox sh -c 'exit 3')
    wait_until eval '[ -z "$(sampan ps -aq --filter name=brief)" ]'
    [ ! -e "$SAMPAN_ROOT/containers/$id" ]
    [ -z "$(cgroups_of "$id")" ]
}

@test "rm of a running container needs -f, and ends its processes" {
    local pid
    detached held busybox sh -c 'sleep 1000 & exec sleep 1000'
    pid=$(pid_of held)
    assert_error 1 'container is running.*-f' sampan rm held
    [ "$(state_of held)" = "running 0" ]
    [ "$(sampan rm -f held)" = held ]
    [ ! -e "/proc/$pid" ]
    assert_error 1 'no such container' sampan rm held
}

@test "names: no two containers have one, rename frees it, the beginning of an id will do" {
    local id
    id=$(sampan create --name first --network none busybox true)
    assert_error 125 '"/first" is already in use' sampan create --name first --network none busybox true
    sampan create --name second --network none busybox true >/dev/null
    assert_error 1 '"/first" is already in use' sampan rename second first
    sampan rename first third
    sampan rename second first
    [ "$(inspect third '{{.Id}} {{.Name}}')" = "$id /third" ]
    [ "$(inspect "${id:0:8}" '{{.Name}}')" = /third ]
}

@test "of ten creations at once with one name, one wins" {
    local i status won=0 pids=()
    for ((i = 0; i < 10; i++)); do
        sampan create --name wanted --network none busybox true &>/dev/null &
        pids[i]=$!
    done
    for ((i = 0; i < 10; i++)); do
        status=0
        wait "${pids[i]}" || status=$?
        [ $status = 0 ] || [ $status = 125 ]
        won=$((won + (status == 0)))
    done
    [ $won = 1 ]
    [ "$(sampan ps -aq --filter name=wanted | wc -l)" = 1 ]
}

# ---- stop, kill, restart, wait

# bats test_tags=smoke
@test "stop: the payload may end by itself" {
    handler polite
    [ "$(timeout 20 sampan stop -t 60 polite)" = polite ]
    [ "$(state_of polite)" = "exited 33" ]
    [ "$(sampan stop polite)" = polite ]
}

@test "stop: SIGKILL after the time, and not before" {
    local before
    detached deaf busybox sleep 1000
    before=${EPOCHREALTIME/./}
    sampan stop -t 1 deaf
    [ $((${EPOCHREALTIME/./} - before)) -ge 900000 ]
    [ "$(state_of deaf)" = "exited 137" ]
    [ "$(inspect deaf '{{.State.OOMKilled}}')" = false ]
}

@test "stop: the container's own signal and time" {
    handler signalled --stop-signal USR1
    sampan stop -t 60 signalled
    [ "$(state_of signalled)" = "exited 44" ]
    handler asked
    sampan stop -t 60 -s SIGUSR1 asked
    [ "$(state_of asked)" = "exited 44" ]
    detached timed --stop-timeout 0 busybox sleep 1000
    timeout 5 sampan stop timed
    [ "$(state_of timed)" = "exited 137" ]
}

@test "stop of several: one that is not there does not keep the others" {
    handler left
    handler right
    assert_error 1 'no such container: nosuch' sampan stop left nosuch right
    [ "$(state_of left)" = "exited 33" ]
    [ "$(state_of right)" = "exited 33" ]
}

@test "kill: SIGKILL, or another signal by name or number" {
    detached struck busybox sleep 1000
    [ "$(sampan kill struck)" = struck ]
    [ "$(sampan wait struck)" = 137 ]
    assert_error 1 'not running' sampan kill struck
    local signal
    for signal in USR1 SIGUSR1 10; do
        handler "by-$signal"
        sampan kill -s $signal "by-$signal"
        [ "$(sampan wait "by-$signal")" = 44 ]
        sampan rm "by-$signal"
    done
    assert_error 1 'invalid signal "NOSUCH"' sampan kill -s NOSUCH struck
}

@test "restart: another process, whether it ran or not" {
    local pid started
    handler anew
    pid=$(pid_of anew) started=$(inspect anew '{{.State.StartedAt}}')
    sampan restart -t 60 anew
    [ "$(state_of anew)" = "running 0" ]
    [ "$(pid_of anew)" != "$pid" ]
    [[ $(inspect anew '{{.State.StartedAt}}') > $started ]]
    sampan kill anew
    sampan wait anew
    sampan restart anew
    [ "$(state_of anew)" = "running 0" ]
}

@test "wait: at once for those that have ended, in the order they are named; else until they do" {
    sampan run --name three --network none busybox sh -c 'exit 3' || [ $? = 3 ]
    sampan run --name four --network none busybox sh -c 'exit 4' || [ $? = 4 ]
    [ "$(sampan wait four three four | tr '\n' ' ')" = "4 3 4 " ]
    handler awaited
    sampan wait awaited >"$BATS_TEST_TMPDIR/status" &
    sleep 0.2
    [ ! -s "$BATS_TEST_TMPDIR/status" ]
    sampan kill -s TERM awaited
    wait_for_status 0 $!
    [ "$(cat "$BATS_TEST_TMPDIR/status")" = 33 ]
    assert_error 1 'no such container' sampan wait nosuch
}

@test "attach: what it prints from now on, and its status" {
    local attached
    handler shown
    sampan attach shown >"$BATS_TEST_TMPDIR/out" &
    attached=$!
    wait_until eval 'sampan kill -s HUP shown >/dev/null && grep -qx "hung up" "$BATS_TEST_TMPDIR/out"'
    run ! grep -q ready "$BATS_TEST_TMPDIR/out"
    sampan kill -s TERM shown
    wait_for_status 33 $attached
    assert_error 125 'stopped container' sampan attach shown
}

# ---- logs

@test "logs: both streams, each where it belongs" {
    sampan run --name spoke --network none busybox sh -c 'echo one; sleep 0.05; echo two >&2; printf three' &>/dev/null
    run -0 --separate-stderr sampan logs spoke
    [ "$output" = $'one\nthree' ]
    [ "$stderr" = two ]
    [ "$(sampan logs spoke 2>&1 | tr '\n' ' ')" = "one two three" ]
}

@test "logs: any bytes and long lines come back as they were" {
    head -c 200000 /dev/urandom | base64 -w 0 >"$BATS_TEST_TMPDIR/in"
    printf '\n"quoted" \\ \t\x01\x7f \xc3\xa4\n' >>"$BATS_TEST_TMPDIR/in"
    sampan run --name long --network none -i busybox cat <"$BATS_TEST_TMPDIR/in" >/dev/null
    sampan logs long | cmp - "$BATS_TEST_TMPDIR/in"
}

@test "logs --tail" {
    sampan run --name tail --network none busybox seq 1 1000 >/dev/null
    [ "$(sampan logs --tail 2 tail | tr '\n' ' ')" = "999 1000 " ]
    [ -z "$(sampan logs -n 0 tail)" ]
    [ "$(sampan logs -n 5000 tail | wc -l)" = 1000 ]
    [ "$(sampan logs -n all tail | wc -l)" = 1000 ]
    assert_error 1 'invalid --tail "x"' sampan logs -n x tail
}

@test "logs --since and --until" {
    local between
    handler dated
    between=$(date -u +%FT%T.%NZ)
    wait_until eval 'sampan kill -s HUP dated >/dev/null && has_printed dated "hung up"'
    [ "$(sampan logs --since "$between" dated | sort -u)" = "hung up" ]
    [ "$(sampan logs --until "$between" dated)" = ready ]
    [ "$(sampan logs --since 10m dated | head -n 1)" = ready ]
    [ -z "$(sampan logs --until 10m dated)" ]
    assert_error 1 'invalid time "nonsense"' sampan logs --since nonsense dated
}

@test "logs -t: when each line was written" {
    local before after
    before=$(date -u +%FT%T.%NZ)
    sampan run --name stamped --network none busybox echo line >/dev/null
    after=$(date -u +%FT%T.%NZ)
    run -0 sampan logs -t stamped
    [[ $output =~ ^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z)\ line$ ]]
    [[ ${BASH_REMATCH[1]} > $before ]]
    [[ ${BASH_REMATCH[1]} < $after ]]
}

@test "logs -f: as it is written, until the container ends" {
    local pid
    handler followed
    sampan logs -f followed >"$BATS_TEST_TMPDIR/out" &
    pid=$!
    wait_until grep -qx ready "$BATS_TEST_TMPDIR/out"
    run ! grep -q 'hung up' "$BATS_TEST_TMPDIR/out"
    wait_until eval 'sampan kill -s HUP followed >/dev/null && grep -qx "hung up" "$BATS_TEST_TMPDIR/out"'
    kill -0 $pid
    sampan kill -s TERM followed
    wait_for_status 0 $pid
    sampan logs followed | cmp - "$BATS_TEST_TMPDIR/out"
}

# ---- inspect, ps, top

@test "inspect: JSON as it should be, templates, and what is not there" {
    detached looked --label colour=red -e A=1 busybox sleep 1000
    run -0 sampan inspect looked
    jq -e '.[0] | .Name == "/looked" and .State.Status == "running" and .Config.Cmd == ["sleep", "1000"]
        and (.Config.Env | index("A=1") != null) and .Config.Labels.colour == "red"' <<<"$output"
    [ "$(jq '.[0].State.Pid' <<<"$output")" = "$(pid_of looked)" ]
    [ "$(inspect looked '{{.State.Status}}')" = running ]
    [ "$(inspect looked '{{json .State}}' | jq -r .Status)" = running ]
    [ "$(inspect looked '{{index .Config.Labels "colour"}} {{len .Config.Cmd}}')" = "red 2" ]
    run -1 --separate-stderr sampan inspect looked nosuch
    [ "$(jq length <<<"$output")" = 1 ]
    [[ $stderr == *"no such object: nosuch"* ]]
    assert_error 1 'no such' sampan inspect --type image looked
}

# ps_names [OPTION…]: the names, in one line.
ps_names() {
    sampan ps --format '{{.Names}}' "$@" | sort | tr '\n' ' '
}

@test "ps: filters" {
    detached red --label colour=red busybox sleep 1000
    sampan run --name blue --label colour=blue --network none busybox sh -c 'exit 3' || [ $? = 3 ]
    sampan create --name plain --network none busybox true >/dev/null
    [ "$(ps_names)" = "red " ]
    [ "$(ps_names -a)" = "blue plain red " ]
    [ "$(ps_names -a -f label=colour)" = "blue red " ]
    [ "$(ps_names -a -f label=colour=blue)" = "blue " ]
    [ "$(ps_names -f status=exited)" = "blue " ]
    [ "$(ps_names -f status=created -f status=running)" = "plain red " ]
    [ "$(ps_names -a -f status=created -f label=colour)" = "" ]
    [ "$(ps_names -a -f exited=3)" = "blue " ]
    [ "$(ps_names -a -f exited=4)" = "" ]
    [ "$(ps_names -a -f name=la)" = "plain " ]
    [ "$(ps_names -a -f "id=$(inspect red '{{.Id}}')")" = "red " ]
    [ "$(ps_names -a -f ancestor=busybox)" = "blue plain red " ]
    [ "$(ps_names -n 2)" = "blue plain " ]
    [ "$(ps_names -l)" = "plain " ]
    assert_error 1 "invalid filter 'colour=red'" sampan ps -f colour=red
    assert_error 1 'invalid filter' sampan ps -f status=asleep
}

@test "ps: formats" {
    local id
    id=$(sampan run -d --name formed --network none busybox sleep 1000)
    [ "$(sampan ps -q)" = "${id:0:12}" ]
    [ "$(sampan ps -q --no-trunc)" = "$id" ]
    [ "$(sampan ps --format '{{.ID}}|{{.Image}}|{{.State}}')" = "${id:0:12}|busybox|running" ]
    [ "$(sampan ps --format json | jq -r '.Names + " " + .Networks')" = "formed none" ]
    run -0 sampan ps
    [[ ${lines[0]} =~ ^CONTAINER\ ID\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
    [[ ${lines[1]} =~ ^${id:0:12}\ +busybox\ +\"sleep\ 1000\"\ .*\ Up\ .*\ formed$ ]]
    run -0 sampan ps --format 'table {{.Names}}\t{{.State}}'
    [[ ${lines[0]} =~ ^NAMES\ +STATE$ ]]
    [[ ${lines[1]} =~ ^formed\ +running$ ]]
    assert_error 1 'Nosuch' sampan ps --format '{{.Nosuch}}'
}

@test "ps: the newest first" {
    local name
    for name in c1 c2 c3; do
        sampan create --name $name --network none busybox true >/dev/null
    done
    [ "$(sampan ps -a --format '{{.Names}}' | tr '\n' ' ')" = "c3 c2 c1 " ]
}

@test "top: each process with its pid outside and inside" {
    local pid
    detached busy busybox sh -c 'sleep 1234 & exec sleep 1235'
    wait_until eval '[ "$(sampan top busy | grep -c "sleep 123")" = 2 ]'
    run -0 sampan top busy
    [[ ${lines[0]} =~ ^UID\ +PID\ +NSPID\ +PPID ]]
    [ "${#lines[@]}" = 3 ]
    [ "$(awk '$3 == 1 { print $2 }' <<<"$output")" = "$(pid_of busy)" ]
    pid=$(awk '/sleep 1234/ { print $2 }' <<<"$output")
    [ "$(awk '/sleep 1234/ { print $2, $3 }' <<<"$output")" = "$(awk '/^NSpid:/ { print $2, $3 }' "/proc/$pid/status")" ]
    [ "$(awk '/sleep 1234/ { print $1 }' <<<"$output")" = "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" ]
    sampan kill busy
    sampan wait busy
    assert_error 1 'not running' sampan top busy
}
