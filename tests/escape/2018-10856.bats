# shellcheck shell=bash
# What the payload is left with: CVE-2018-10856 (podman: capabilities though not root), CVE-2022-24769 and its kin
# (inheritable capabilities), CVE-2015-1334 (lxc: attach trusts the container's /proc).

load escape

setup_file() {
    start_engine
    sampan run -d --name caps --network none -v "$(attack_mount)" busybox sleep 1000 >/dev/null
}
teardown_file() { stop_engine; }

capabilities() {
    "$@" sh -c 'grep ^Cap /proc/self/status' | awk '{ printf "%s%s ", $1, $2 }'
}

default=00000000a80425fb
none=0000000000000000

@test "root has Docker's, and none to inherit" {
    local wanted="CapInh:$none CapPrm:$default CapEff:$default CapBnd:$default CapAmb:$none "
    [ "$(capabilities busybox)" = "$wanted" ]
    [ "$(capabilities sampan exec caps)" = "$wanted" ]
    [ "$(capabilities sampan run --rm --network none --userns host busybox)" = "$wanted" ]
}

@test "other users have none" {
    local wanted="CapInh:$none CapPrm:$none CapEff:$none CapBnd:$default CapAmb:$none " options
    for options in "" "--userns host" "--security-opt no-new-privileges" "--init"; do
        # shellcheck disable=SC2086 # words
        [ "$(capabilities sampan run --rm --network none -u 1000 $options busybox)" = "$wanted" ]
    done
    [ "$(capabilities sampan exec -u 1000 caps)" = "$wanted" ]
}

@test "no securebits, no capabilities kept over a change of user" {
    local wanted="securebits 0 keepcaps 0 dumpable 1"
    [ "$(sampan run --rm --network none -v "$(attack_mount)" busybox /attack self)" = "$wanted" ]
    [ "$(sampan exec caps /attack self)" = "$wanted" ]
}

@test "exec in a container whose /proc is a fake drops as much" {
    local pid
    mkdir -p "$BATS_TEST_TMPDIR/proc/self/attr"
    sampan run -d --name faked --network none -v "$BATS_TEST_TMPDIR/proc:/proc:ro" busybox sleep 1000 >/dev/null
    sampan exec -d faked sleep 999
    wait_until pgrep -x -f 'sleep 999' >/dev/null
    pid=$(pgrep -x -f 'sleep 999')
    [ "$(awk '/^(CapEff|CapBnd|Seccomp):/ { printf "%s ", $2 }' "/proc/$pid/status")" = "$default $default 2 " ]
    [ "$(status_of faked CapBnd)" = "$default" ]
    [ "$(status_of faked Seccomp)" = 2 ]
    sampan rm -f faked
}
