#!/usr/bin/env bats
# -t: the container's terminal and the user's, as somebody who types sees them. tests/tools/terminal types.

load helpers

setup_file() {
    start_engine
    sampan run -d --name main --network none busybox sleep 1000
}

teardown_file() {
    stop_engine
}

# on_terminal COMMAND… <SCRIPT
on_terminal() {
    timeout -s KILL 60 "$BATS_TEST_DIRNAME/../tools/terminal" "$@"
}

shell_on_terminal() {
    on_terminal sampan run --rm -it --network none busybox "$@"
}

is_running() {
    [ "$(inspect "$1" '{{.State.Running}}')" = true ]
}

# ---- what the payload sees

# bats test_tags=smoke
@test "all three streams are one terminal, the session's own" {
    run -0 shell_on_terminal sh -c 'test -t 0 && test -t 1 && test -t 2 && echo on $(tty); ps -o pid,tty | tail -n +2 | head -n 1; : >/dev/tty' <<'END'
expect ^on /dev/pts/0
expect 1 136,0
status 0
END
    [[ $output != *"can't"* ]]
}

@test "without -t no stream is one" {
    run -0 --separate-stderr on_terminal sampan run --rm -i --network none busybox \
        sh -c 'for fd in 0 1 2; do test -t $fd && echo $fd is; done; echo looked; : >/dev/tty' <<'END'
expect /dev/tty: No such device
status 1
END
    [[ $output != *" is"* ]]
}

@test "TERM has a default with -t only, and -e has the last word" {
    run -0 shell_on_terminal sh -c 'echo TERM is $TERM.' <<<$'expect TERM is xterm\\.\nstatus 0'
    run -0 on_terminal sampan run --rm -it --network none -e TERM=vt100 busybox sh -c 'echo TERM is $TERM.' \
        <<<$'expect TERM is vt100\\.\nstatus 0'
    [ -z "$(busybox printenv TERM)" ]
}

@test "lines end with CR LF, standard error comes in order, and the log keeps the same" {
    sampan run -d -t --name lines --network none busybox sh -c 'echo one; echo two >&2; echo three'
    sampan wait lines
    [ "$(sampan logs lines | od -An -c | tr -d ' \n')" = 'one\r\ntwo\r\nthree\r\n' ]
    sampan rm lines
}

@test "-t without -i: output comes, keys go nowhere, the command ends" {
    run -0 on_terminal sampan run --rm -t --network none busybox sh -c 'stty size; sleep 0.3; echo done' <<'END'
send typed\r
expect 24 80
expect done
status 0
mode cooked
END
}

# ---- sizes

# bats test_tags=smoke
@test "the size is the user's from the first moment, and follows each change" {
    run -0 on_terminal --size 33 99 sampan run --rm -it --network none busybox \
        sh -c 'stty size; trap "stty size" WINCH; trap "exit 0" INT; echo ready; while :; do sleep 0.05; done' <<'END'
expect ^33 99
expect ready
resize 40 120
expect ^40 120
resize 7 30
expect ^7 30
send \x03
status 0
END
}

@test "exec has a size of its own" {
    run -0 on_terminal --size 50 132 sampan exec -it main sh <<'END'
send stty size\r
expect ^50 132
resize 51 133
pause 0.2
send stty size\r
expect ^51 133
send exit 3\r
status 3
mode cooked
END
}

# ---- modes and keys

# bats test_tags=smoke
@test "the user's terminal is raw while the payload runs, and as it was afterwards" {
    run -0 shell_on_terminal sh -c 'echo ready; read -r line; echo "read $line"; exit 7' <<'END'
mode cooked
expect ready
mode raw
send word\r
expect read word
status 7
mode cooked
END
}

@test "ctrl-c interrupts the payload and not sampan" {
    run -0 shell_on_terminal sh -c 'trap "echo interrupted" INT; echo ready; while ! read -r line; do :; done; echo "then $line"' <<'END'
expect ready
send \x03
expect interrupted
send more\r
expect then more
status 0
END
}

@test "ctrl-c ends a payload behind --init, with 130" {
    run -0 on_terminal sampan run --rm -it --init --network none busybox sh -c 'echo ready; exec sleep 100' <<'END'
expect ready
send \x03
status 130
mode cooked
END
}

@test "ctrl-d is the end of input, and ctrl-\\ quits" {
    run -0 shell_on_terminal cat <<<$'mode raw\nsend word\\r\nexpect word\\r\\nword\nsend \\x04\nstatus 0'
    run -0 on_terminal sampan run --rm -it --init --network none --ulimit core=0 busybox sh -c 'echo ready; exec sleep 100' <<'END'
expect ready
send \x1c
status 131
END
}

@test "every byte comes through as it is typed" {
    run -0 shell_on_terminal sh -c 'stty raw -echo; echo ready; head -c 8 | od -An -tx1' <<'END'
expect ready
send \x00\x01\x11\x13\x1a\x7f\x80\xff
expect 00 01 11 13 1a 7f 80 ff
status 0
END
}

@test "job control in a shell" {
    run -0 shell_on_terminal sh <<'END'
expect / #
send sleep 100 &\r
expect / #
send jobs\r
expect \[1\].*Running .*sleep 100
send fg\r
expect sleep 100
pause 0.3
send \x1a
expect \[1\].*Stopped .*sleep 100
send bg\r
expect \[1\] sleep 100
send fg\r
expect sleep 100
pause 0.3
send \x03
expect / #
send echo status $?\r
expect status 130
send jobs; echo none''left\r
refute Running
expect noneleft
send exit 4\r
status 4
mode cooked
END
}

# ---- leaving and coming back

@test "ctrl-p ctrl-q leaves it running, and attach comes back" {
    run -0 on_terminal sampan run -it --name left --network none busybox sh <<'END'
expect / #
send WORD=kept\r
expect / #
send \x10\x11
status 0
mode cooked
END
    is_running left
    run -0 on_terminal --size 20 70 sampan attach left <<'END'
mode raw
send echo still $WORD; stty size\r
expect ^still kept
expect ^20 70
send exit 6\r
status 6
mode cooked
END
    [ "$(inspect left '{{.State.ExitCode}}')" = 6 ]
    sampan rm left
}

@test "half of the keys is typed text" {
    run -0 shell_on_terminal sh -c 'stty raw -echo; echo ready; head -c 3 | od -An -tx1' <<'END'
expect ready
send a\x10
pause 0.2
send b
expect 61 10 62
status 0
END
}

@test "--detach-keys, for run and attach" {
    run -0 on_terminal sampan run -it --name keys --detach-keys ctrl-x,y --network none busybox sh <<'END'
expect / #
send \x10\x11
send echo here\r
expect ^here
send \x18y
status 0
END
    run -0 on_terminal sampan attach --detach-keys q keys <<<$'mode raw\nsend q\nstatus 0\nmode cooked'
    is_running keys
    assert_error 125 'ctrl-1' sampan exec -i --detach-keys ctrl-1 main true
    sampan rm -f keys
}

@test "an exec that was left goes on, prints to nobody, and ends with its work" {
    run -0 on_terminal sampan exec -it --detach-keys ctrl-@ main \
        sh -c 'echo ready; sleep 0.5; head -c 300000 /dev/zero; echo done >/tmp/left; exec sleep 0.2' <<'END'
expect ready
send \x00
status 0
mode cooked
END
    wait_until sampan exec main test -s /tmp/left
    wait_until eval '! sampan top main | grep -q "sleep 0.2"'
    wait_until eval '[ "$(processes_of_state | wc -l)" = 1 ]' # the shim
}

@test "two at one terminal see the same" {
    sampan run -dit --name shared --network none busybox sh
    run -0 on_terminal sampan attach shared <<END
mode raw
send echo from-first\r
expect ^from-first
pause 0.2
END
    on_terminal sampan attach shared >"$BATS_TEST_TMPDIR/watcher" <<<$'mode raw\nexpect ^from-second' &
    local watcher=$!
    run -0 on_terminal sampan attach shared <<<$'mode raw\npause 0.3\nsend echo from-second\\r\nexpect ^from-second\nsend \\x10\\x11\nstatus 0'
    wait_for_status 0 $watcher
    is_running shared
    sampan rm -f shared
}

# ---- when sampan is ended

@test "a signal to sampan restores the terminal, and the payload goes on" {
    local name
    for name in TERM HUP; do
        run -0 on_terminal sampan run -it --name ended --network none busybox sh <<END
expect / #
mode raw
signal $name
status $((128 + $(kill -l $name)))
mode cooked
END
        is_running ended
        sampan rm -f ended
    done
    run -0 on_terminal sampan exec -it main sh <<<$'expect / #\nsignal TERM\nstatus 143\nmode cooked'
}

@test "the payload goes on when the terminal goes away" {
    run -0 on_terminal sampan run -it --name window --network none busybox sh <<<$'expect / #\nhangup\nstatus 129'
    is_running window
    run -0 on_terminal sampan attach window <<<$'mode raw\nsend echo here\\r\nexpect ^here\nsend exit\\r\nstatus 0'
    sampan rm window
}

@test "the terminal is as it was when the container could not start, and when it is killed" {
    run -0 shell_on_terminal nosuch <<<$'status 127\nmode cooked'
    sampan run -d --name peer --network none busybox sleep 1000
    (
        wait_until eval 'sampan top peer | grep -q "sleep 4343"'
        sampan kill peer >/dev/null
    ) &
    run -0 on_terminal sampan exec -it peer sleep 4343 <<<$'status 137\nmode cooked'
    wait
    sampan rm peer
}

@test "resizing is no input, and stopping sampan's job is left to the payload's keys" {
    run -0 shell_on_terminal sh -c 'echo ready; head -n 1' <<'END'
expect ready
resize 10 10
resize 11 11
send \x1a
send line\r
expect line\r\nline
status 0
END
}
