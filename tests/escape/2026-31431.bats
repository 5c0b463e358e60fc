# shellcheck shell=bash
# Kernel interfaces that a container has no use for: CVE-2022-0185, 2026-31431 and 2026-43284 (bugs reached through AF_ALG
# and AF_VSOCK); 2021-43784 (a set-up message longer than its length field).

load escape

setup_file() { start_engine; }
teardown_file() { stop_engine; }

@test "AF_ALG and AF_VSOCK are refused, in every ABI of the kernel" {
    [ -z "$(sampan run --rm --network none -v "$(attack_mount)" busybox /attack sockets)" ]
    [ -z "$(sampan run --rm --network none --userns host -v "$(attack_mount)" busybox /attack sockets)" ]
}

@test "a configuration of many kilobytes arrives whole" {
    local options=() i
    for ((i = 0; i < 700; i++)); do
        options+=(-e "VARIABLE_$i=$(printf '%0200d' "$i")")
    done
    [ "$(sampan run --rm --network none "${options[@]}" busybox env | grep -c ^VARIABLE_)" = 700 ]
}
