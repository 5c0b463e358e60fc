# shellcheck shell=bash
# Volumes over what the set-up itself uses: CVE-2019-16884 (runc: over /proc, the label is lost), CVE-2015-3630 and 3631
# (docker: over /proc and /sys), CVE-2025-31133 (runc: a fake /dev/null masks nothing), CVE-2025-52565 (runc: a fake
# terminal over /dev/console).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

@test "nothing is mounted inside /proc" {
    local place
    for place in /proc/sys /proc/sys/kernel /proc/self/attr /proc/1 /proc/fs; do
        assert_error 125 'inside /proc|No such file|Not a directory' busybox_with "$CANARY:$place:ro" true
    done
}

busybox_with() {
    sampan run --rm --network none -v "$1" busybox "${@:2}"
}

@test "a volume over /proc or /sys leaves the payload as declared" {
    local place
    for place in /proc /sys; do
        sampan run -d --name covered --network none -v "$CANARY:$place:ro" busybox sleep 1000 >/dev/null
        [ "$(status_of covered CapBnd)" = 00000000a80425fb ]
        [ "$(status_of covered Seccomp)" = 2 ]
        [ "$(ns_inode "$(pid_of covered)" user)" != "$(ns_inode self user)" ]
        sampan rm -f covered
    done
}

@test "a /dev whose null is another device, a link or a file masks nothing, and is refused" {
    mkdir "$BATS_TEST_TMPDIR/dev"
    cd "$BATS_TEST_TMPDIR/dev"
    mknod null c 1 5
    assert_error 125 'not the null device' busybox_with "$PWD:/dev" true
    ln -sf /proc/sys/kernel/core_pattern null
    assert_error 125 'symbolic link' busybox_with "$PWD:/dev" true
    ln -sf "$CANARY/file" null
    assert_error 125 'symbolic link' busybox_with "$PWD:/dev" true
    rm null
    touch null
    assert_error 125 'not the null device' busybox_with "$PWD:/dev" true
}

@test "a /dev/pts that is no devpts gets no terminal" {
    mkdir "$BATS_TEST_TMPDIR/pts"
    ln -s "$CANARY/file" "$BATS_TEST_TMPDIR/pts/ptmx"
    run ! script -qec "sampan run --rm -it --network none -v $BATS_TEST_TMPDIR/pts:/dev/pts busybox true" /dev/null
    [[ $output == *terminal* ]]
    rm "$BATS_TEST_TMPDIR/pts/ptmx"
    mknod "$BATS_TEST_TMPDIR/pts/ptmx" c 1 5
    run ! script -qec "sampan run --rm -it --network none -v $BATS_TEST_TMPDIR/pts:/dev/pts busybox true" /dev/null
    [[ $output == *'not a terminal multiplexer'* ]]
}

@test "/dev/console is a terminal of the container's devpts" {
    run -0 script -qec "sampan run --rm -it --network none busybox stat -c '%t %F' /dev/console" /dev/null
    [[ $output == "88 character special file"* ]]
}
