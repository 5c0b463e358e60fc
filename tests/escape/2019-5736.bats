# shellcheck shell=bash
# The engine's own program, overwritten by way of /proc/self/exe: CVE-2019-5736 (runc, crun, lxc).

load escape

# The programs are copies, so that an attack that succeeds spoils them only.
setup_file() {
    mkdir "$BATS_FILE_TMPDIR/bin"
    cp "$SAMPAN_BUILD"/sampan{,-shim,-image,-runtime} "$BATS_FILE_TMPDIR/bin"
    start_engine
    export PATH="$BATS_FILE_TMPDIR/bin:$PATH"
}
teardown_file() { stop_engine; }

setup() {
    programs_hash=$(sha256sum "$BATS_FILE_TMPDIR"/bin/*)
    make_image
    printf '#!/proc/self/exe\n' >"$IMAGE/bin/sampan-pwn" # whoever executes it executes himself, under a name that the lurker looks for
    chmod +x "$IMAGE/bin/sampan-pwn"
}

assert_programs() {
    [ "$(sha256sum "$BATS_FILE_TMPDIR"/bin/*)" = "$programs_hash" ]
}

has_told() {
    sampan logs lurker | grep -q -e refused -e written
}

# A process lurks in the container, with the option, until somebody is made to execute himself there.
lure_exec() {
    start_lurker "$@"
    # More than once, as it may look elsewhere at the wrong moment.
    for ((i = 0; i < 50; i++)); do
        sampan exec lurker /bin/sampan-pwn ps >/dev/null 2>&1 || true
        ! has_told || break
    done
    wait_until has_told
    sampan logs lurker
    sampan rm -f lurker >/dev/null
}

start_lurker() {
    sampan run -d --name lurker --network none --rootfs "$IMAGE" "$@" -v "$(attack_mount)" /attack seize-exe >/dev/null
}

@test "exec cannot be made to open sampan for writing" {
    run -0 lure_exec
    [[ $output == opened*refused ]]
    assert_programs
}

@test "not by the host's root either" {
    run -0 lure_exec --userns host
    [[ $output == opened*refused ]]
    assert_programs
}

@test "a container's first process cannot be made to open sampan-shim for writing" {
    local i
    start_lurker --userns host
    for ((i = 0; i < 50; i++)); do
        sampan run --rm --network none --pid container:lurker --rootfs "$IMAGE" /bin/sampan-pwn >/dev/null 2>&1 || true
        ! has_told || break
    done
    wait_until has_told
    run -0 sampan logs lurker
    [[ $output == opened*refused ]]
    sampan rm -f lurker >/dev/null
    assert_programs
}

@test "sampan-runtime runs from a read-only mount" {
    mkdir "$BATS_TEST_TMPDIR/bundle"
    cd "$BATS_TEST_TMPDIR/bundle"
    sampan-runtime spec
    python3 - "$IMAGE" <<'PYTHON'
import json, sys
with open('config.json') as f: c = json.load(f)
c['root'] = {'path': sys.argv[1], 'readonly': True}
c['process'].update(terminal=False, args=['/bin/sampan-pwn', 'ps'])
c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'user']
with open('config.json', 'w') as f: json.dump(c, f)
PYTHON
    # Kept open beyond its end: while it runs, the kernel refuses because of that.
    sampan-runtime --root "$BATS_TEST_TMPDIR/state" create "held-$$" >/dev/null 2>&1 </dev/null
    run python3 - "$BATS_TEST_TMPDIR/state" "held-$$" <<'PYTHON'
import json, os, subprocess, sys
def runtime(*words): return subprocess.check_output(['sampan-runtime', '--root', sys.argv[1], *words])
exe = os.open('/proc/%d/exe' % json.loads(runtime('state', sys.argv[2]))['pid'], os.O_PATH)
runtime('delete', '--force', sys.argv[2])
os.open('/proc/self/fd/%d' % exe, os.O_WRONLY)
PYTHON
    [[ $output == *'Read-only file system'* ]]
}
