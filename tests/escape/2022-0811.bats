# shellcheck shell=bash
# Options that reach the host's settings, files or cgroups: CVE-2022-0811 and 2024-3154 (cri-o: sysctls), CVE-2023-6476
# (cri-o) and 2025-47291 (containerd: the wrong cgroup), CVE-2022-4318 (cri-o: a newline in HOME).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

host_settings() {
    cat /proc/sys/kernel/core_pattern /proc/sys/fs/suid_dumpable /proc/sys/vm/overcommit_memory
}

@test "only sysctls of the container's own namespaces, and one at a time" {
    local before setting
    before=$(host_settings)
    for setting in kernel.core_pattern=x kernel/core_pattern=x net/../kernel/core_pattern=x net.//.kernel.core_pattern=x \
        net.ipv4.conf.lo/../../../kernel/core_pattern=x fs.suid_dumpable=2 vm.overcommit_memory=1 user.max_user_namespaces=1 \
        "net.ipv4.ip_forward=1+kernel.core_pattern=x" $'net.core.somaxconn=5\nkernel.core_pattern=x' kernel.hostname=x = net net.=1; do
        assert_error 125 sysctl sampan run --rm --network none --sysctl "$setting" busybox true
        assert_error 125 sysctl sampan run --rm --network none --userns host --sysctl "$setting" busybox true
    done
    [ "$(host_settings)" = "$before" ]
}

@test "no sysctls of a namespace that is the host's" {
    assert_error 125 'it would change the host' sampan run --rm --network host --sysctl net.core.somaxconn=5 busybox true
    assert_error 125 'it would change the host' sampan run --rm --network none --ipc host --sysctl kernel.shmmax=5 busybox true
}

@test "a cgroup parent leads nowhere else, and what is refused leaves nothing" {
    local parent
    for parent in .. ../.. /.. . /./ a/../b /sampan/..; do
        assert_error 125 'invalid --cgroup-parent' sampan run --rm --network none --cgroup-parent "$parent" busybox true
    done
    [ -z "$(sampan ps -aq)" ]
}

@test "exec is held by the container's limits" {
    sampan run -d --name limited --network none --memory 64m --pids-limit 20 -v "$(probe_mount)" busybox sleep 1000 >/dev/null
    run sampan exec limited /probe allocate 134217728
    [ "$status" = 137 ]
    run -0 sampan exec limited sh -c 'cat /proc/self/cgroup /proc/1/cgroup | sort | uniq -u'
    [ -z "$output" ]
    sampan rm -f limited
}

@test "names are no paths" {
    local name
    for name in ../x a/b .. . -x .hidden "x'; drop table containers; --" $'a\nb'; do
        assert_error 125 'invalid container name' sampan run --rm --network none --name="$name" busybox true
        run ! sampan rm -f -- "$name"
        run ! sampan inspect -- "$name"
    done
    assert_error 125 'invalid' sampan run --rm --network none -v "x/../../../$CANARY:/x" busybox true
    assert_error 125 'invalid hostname' sampan run --rm --network none --hostname $'a\nb' busybox true
    sampan ps -a >/dev/null
}

@test "a newline in HOME or in a user's name stays where it is" {
    make_image
    printf 'root:x:0:0::/:\n' >"$IMAGE/etc/passwd"
    run_image -e HOME=$'/\nevil:x:0:0::/:' /bin/busybox true
    assert_error 125 'neither a name|unable to find' run_image -u $'evil\nroot' /bin/busybox true
    [ "$(cat "$IMAGE/etc/passwd")" = 'root:x:0:0::/:' ]
}
