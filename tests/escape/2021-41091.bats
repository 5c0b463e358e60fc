# shellcheck shell=bash
# The engine's directories, seen by other users of the machine: CVE-2021-41091 (docker: programs that a container made
# setuid), CVE-2021-41103, CVE-2024-25621 (containerd).

load escape

setup_file() {
    start_engine
    chmod 755 "$SAMPAN_STATE"
    sampan run -d --name setuid --network none -v data:/data busybox sh -c \
        'cp /bin/busybox /escalate; cp /bin/busybox /data/escalate; chmod 4755 /escalate /data/escalate; sleep 1000' >/dev/null
}
teardown_file() { stop_engine; }

@test "nobody else reaches what containers write" {
    wait_until sampan exec setuid test -u /data/escalate
    # It is there, it belongs to root on the disk, and it is setuid …
    [ -n "$(find "$SAMPAN_ROOT" -name escalate -uid 0 -perm -4000)" ]
    # … so everything depends on who can get there.
    run setpriv --reuid 65534 --regid 65534 --clear-groups find "$SAMPAN_ROOT" "$SAMPAN_RUN_ROOT" -mindepth 1
    [[ $output != *"$SAMPAN_ROOT/"* ]]
    [[ $output != *"$SAMPAN_RUN_ROOT/"* ]]
}
