# What the escape tests share. Each file replays ways in which container engines once let a container out, and is named
# after the first CVE of its kind. A hostile image is a directory that a test fills and runs with --rootfs; what must not
# be reached on the host is the canary.
#
#   setup_file() { start_engine; }
#   setup() { make_canary; }
#   teardown() { assert_canary; }
#   teardown_file() { stop_engine; }

load ../integration/helpers

ATTACK=$SAMPAN_BUILD/tests/attack

attack_mount() {
    echo "$ATTACK:/attack:ro"
}

# ---- the canary: a tree of the host's that is the same afterwards

make_canary() {
    CANARY=$BATS_TEST_TMPDIR/canary
    mkdir -p "$CANARY/dir"
    echo secret >"$CANARY/file"
    hash_canary >"$BATS_TEST_TMPDIR/canary.before"
}

# Names, kinds, modes, owners, times of change, contents.
hash_canary() {
    find "$CANARY" -printf '%p %y %m %U %G %C@ %l\n' | sort
    find "$CANARY" -type f -exec sha256sum {} + | sort
}

assert_canary() {
    hash_canary | diff "$BATS_TEST_TMPDIR/canary.before" - || fail_with "the host was changed"
}

# ---- hostile images

# make_image: an image in $IMAGE with busybox and the usual empty directories; another one each time.
make_image() {
    IMAGE=$(mktemp -d "$BATS_TEST_TMPDIR/image.XXXXXX")
    chmod 755 "$IMAGE"
    mkdir "$IMAGE"/{bin,dev,etc,proc,sys,tmp}
    cp "$(type -P busybox)" "$IMAGE/bin/busybox"
    ln -s busybox "$IMAGE/bin/sh"
}

# run_image [OPTION…] WORD…: busybox runs the word in it.
run_image() {
    timeout 20 sampan run --rm --network none --rootfs "$IMAGE" "$@"
}

# start_image NAME [OPTION…]: it stays, for exec.
start_image() {
    sampan run -d --name "$1" --network none --rootfs "$IMAGE" "${@:2}" /bin/busybox sleep 1000 >/dev/null
}

# ---- read back, from outside

# status_of CONTAINER FIELD: of its first process, as the host's procfs tells.
status_of() {
    awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$(pid_of "$1")/status"
}
