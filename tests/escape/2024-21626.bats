# shellcheck shell=bash
# File descriptors of the host's that come along, and a working directory on one of them: CVE-2024-21626 (runc). And the
# caller's environment: CVE-2026-57231.

load escape

setup_file() {
    start_engine
    sampan run -d --name census --network none -v "$(probe_mount)" busybox sleep 1000 >/dev/null
}
teardown_file() { stop_engine; }

@test "the payload has its three streams and no other fd, whatever the caller has open" {
    exec 7</ 9</etc 20</root 33</proc
    [ "$(sampan run --rm --network none -v "$(probe_mount)" busybox /probe fds | tr '\n' ' ')" = "0 1 2 " ]
    [ "$(sampan run --rm --network none --init -v "$(probe_mount)" busybox /probe fds | tr '\n' ' ')" = "0 1 2 " ]
    [ "$(sampan run --rm --network none --userns host -v "$(probe_mount)" busybox /probe fds | tr '\n' ' ')" = "0 1 2 " ]
    [ "$(sampan exec census /probe fds | tr '\n' ' ')" = "0 1 2 " ]
    [ "$(sampan exec -t census /probe fds | tr -d '\r' | tr '\n' ' ')" = "0 1 2 " ]
    exec 7<&- 9<&- 20<&- 33<&-
}

@test "no working directory lies outside the root" {
    local n
    exec 7</ 9</etc
    for n in {3..32}; do
        run sampan run --rm --network none -w "/proc/self/fd/$n" busybox sh -c 'cat etc/shadow ../etc/shadow ../../etc/shadow 2>/dev/null; pwd'
        # The set-up may meet its own fd of that number, which is /proc/self/fd: a place inside.
        [ "$status" = 125 ] || [ "$output" = /proc/1/fd ] || fail_with "fd $n of run: $output"
    done
    for n in {3..12}; do
        assert_error 125 'working directory' sampan exec -w "/proc/self/fd/$n" census pwd
    done
    for n in /proc/self/cwd /proc/self/root /proc/1/root/etc; do
        assert_error 125 'working directory' sampan run --rm --network none -w "$n" busybox pwd
        assert_error 125 'working directory' sampan exec -w "$n" census pwd
    done
    exec 7<&- 9<&-
}

@test "nothing of the caller's environment" {
    export HOST_SECRET=canary
    run -0 busybox env
    [[ $output != *canary* ]]
    run -0 sampan exec census env
    [[ $output != *canary* ]]
    run -0 sampan exec census cat /proc/1/environ
    [[ $output != *canary* ]]
}
