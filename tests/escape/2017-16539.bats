# shellcheck shell=bash
# Switches of the machine in /proc and /sys: CVE-2017-16539 (/proc/scsi), CVE-2018-10892 (/proc/acpi), CVE-2023-25809
# (/sys/fs/cgroup), GHSA-7ww5-4wqc-m92c (power meters as a side channel), GHSA-6fw5-f8r9-fgfm (/proc/interrupts).

load escape

setup_file() { start_engine; }
teardown_file() { stop_engine; }

# Pressure triggers, which wake whoever waits for them, are for everybody by the kernel's own rule.
writable_below() {
    sampan run --rm --network none "${@:2}" -v "$(attack_mount)" busybox /attack write-all "$1" | grep -v '^/proc/pressure/' || true
}

@test "no file of /proc and /sys can be written to" {
    [ -z "$(writable_below /proc)" ]
    [ -z "$(writable_below /sys)" ]
}

@test "nor by the host's root" {
    [ -z "$(writable_below /proc --userns host)" ]
    [ -z "$(writable_below /sys --userns host)" ]
}

@test "what tells about the machine is empty" {
    run -0 busybox sh -c 'for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
        [ ! -e $f ] || cat $f; done; ls -A /sys/firmware /proc/acpi /proc/scsi /sys/devices/virtual/powercap 2>/dev/null | grep -v :$'
    [ -z "$output" ]
}

@test "cgroups can be neither made nor changed" {
    local options
    for options in "" "--userns host"; do
        # shellcheck disable=SC2086 # words
        run -0 sampan run --rm --network none $options busybox sh -c '
            find /sys/fs/cgroup -name cgroup.procs | while read -r procs; do
                mkdir "$(dirname "$procs")/x" && echo made
                (echo 1 >"$procs") && echo joined
                (echo /tmp/x >"$(dirname "$procs")/release_agent") && echo "release agent"
            done 2>/dev/null; true'
        [ -z "$output" ]
    done
}
