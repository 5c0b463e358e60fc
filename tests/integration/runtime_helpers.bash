# What the tests of sampan-runtime share: a bundle of busybox, and a --root of the test's own. A container that a test
# leaves behind fails it.

# shellcheck disable=SC2154 # $stderr is set by run

bats_require_minimum_version 1.5.0

# shellcheck source=tests/integration/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

: "${SAMPAN_BUILD:?run these tests through make check, or set SAMPAN_BUILD to the build directory}"

# One rootfs for a file's tests; they mount it, and write nothing into it.
make_rootfs() {
    local applet rootfs=$BATS_FILE_TMPDIR/rootfs
    mkdir -p "$rootfs"/{bin,dev,proc,sys,etc,tmp}
    cp "$(command -v busybox)" "$rootfs/bin/busybox"
    for applet in $("$rootfs/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$rootfs/bin/$applet"
    done
    echo not-executable >"$rootfs/etc/file"
}

# setup and teardown of a test: $bundle is the working directory.
enter_bundle() {
    STATE=$BATS_TEST_TMPDIR/state
    ID=rt-$BATS_TEST_NUMBER-$$
    bundle=$BATS_TEST_TMPDIR/bundle
    mkdir "$bundle"
    cd "$bundle" || return
    runtime spec
    config "c['root']['path'] = '$BATS_FILE_TMPDIR/rootfs'" "c['process']['terminal'] = False"
}

leave_bundle() {
    local id left=
    for id in $(runtime list -q); do
        runtime delete --force "$id"
        left+=" $id"
    done
    # Only `create` and `run` make the directory of --root.
    left+=$(ls -A "$STATE" 2>/dev/null)
    left+=$(cgroups_of "$ID")
    [ -z "$left" ] || fail_with "left behind: $left"
}

runtime() {
    "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" "$@"
}

# config STATEMENT…: changes config.json; it is `c` in Python.
config() {
    python3 - "$@" <<'PYTHON'
import json, sys
with open('config.json') as f: c = json.load(f)
for statement in sys.argv[1:]: exec(statement)
with open('config.json', 'w') as f: json.dump(c, f)
PYTHON
}

# payload WORD…: what the container runs.
payload() {
    python3 - "$@" <<'PYTHON'
import json, sys
with open('config.json') as f: c = json.load(f)
c['process']['args'] = sys.argv[1:]
with open('config.json', 'w') as f: json.dump(c, f)
PYTHON
}

# state_of MEMBER
state_of() {
    runtime state "$ID" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

has_status() {
    [ "$(state_of status)" = "$1" ]
}

cgroups_of() {
    find /sys/fs/cgroup -type d -name "$1" 2>/dev/null
}

# assert_error STATUS REGEX COMMAND…: it fails with this status, and its message on standard error matches.
assert_error() {
    local status=$1 regex=$2
    shift 2
    run -"$status" --separate-stderr "$@"
    grep -Eq -- "$regex" <<<"$stderr" || fail_with "the message does not match /$regex/: $stderr"
}

# receive_fd SOCKET PROGRAM: listens there for one fd and runs the Python with it as `fd` and the message as `name`.
receive_fd() {
    python3 - "$@" <<'PYTHON'
import os, select, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
connection, _ = listener.accept()
name, fds, _, _ = socket.recv_fds(connection, 256, 1)
fd = fds[0]
exec(sys.argv[2])
PYTHON
}
