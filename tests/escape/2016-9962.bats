# shellcheck shell=bash
# What a container's processes can do to those of ours that come in: CVE-2016-9962 (docker: a joiner's fds, ptrace),
# CVE-2026-41163 (bubblewrap: ptrace of the set-up).

load escape

setup_file() { start_engine; }
teardown_file() { stop_engine; }

# A watcher inside, with the option, while processes of ours come in one after the other. What it tells.
watch_us_come_in() {
    local i
    sampan run -d --name watcher --network none "$@" -v "$(attack_mount)" busybox /attack watch 1 >/dev/null
    for ((i = 0; i < 25; i++)); do
        sampan exec watcher true || true
        sampan run --rm --network none --pid container:watcher busybox true || true
    done 2>/dev/null
    sampan wait watcher >/dev/null
    sampan logs watcher
    sampan rm watcher >/dev/null
}

@test "neither exec nor a container that shares the pid namespace can be looked into or traced on the way in" {
    run -0 watch_us_come_in
    [ "$output" = "met some" ]
}

@test "not even with every capability of its user namespace" {
    run -0 watch_us_come_in --cap-add ALL --security-opt seccomp=unconfined
    [ "$output" = "met some" ]
}

@test "nor by the host's root without CAP_SYS_PTRACE" {
    run -0 watch_us_come_in --userns host
    [ "$output" = "met some" ]
}

@test "with the host's CAP_SYS_PTRACE, who is executed shows nothing of the host but the program's name" {
    local i
    sampan run -d --name tracer --network none --userns host --cap-add SYS_PTRACE -v "$(attack_mount)" \
        busybox /attack watch 1 >/dev/null
    for ((i = 0; i < 40; i++)); do
        sampan exec tracer true || true
    done 2>/dev/null
    sampan wait tracer >/dev/null
    run -0 sampan logs tracer
    # What it has open are files of the container's: those that tell who the user is.
    run -0 grep -v -E '^(traced|exe -> /sampan|fd/[0-9]+ -> /(dev/null|etc/passwd|etc/group)?)$' <<<"$output"
    [ "$output" = "met some" ]
    sampan rm tracer
}

@test "the init of --init cannot be looked into, and is held by the same filter and capabilities" {
    run -0 sampan run --rm --network none --init --cap-add SYS_PTRACE busybox sh -c \
        'for f in exe cwd root fd/0; do readlink /proc/1/$f; done 2>/dev/null; ls /proc/1/fd 2>/dev/null; true'
    [ -z "$output" ]
    run -0 sampan run --rm --network none --init busybox sh -c \
        'for p in 1 self; do grep -E "^(Cap|Seccomp|NoNewPrivs)" /proc/$p/status; done | sort | uniq -u'
    [ -z "$output" ]
}
