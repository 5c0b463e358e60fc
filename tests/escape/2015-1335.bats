# shellcheck shell=bash
# The image has symbolic links where something is mounted or made: CVE-2015-1335 (lxc), CVE-2015-3627 and 3629 (docker),
# CVE-2019-19921, 2023-27561, 2023-28642, 2026-41579 (runc), 2026-47766 and 2025-24965 (crun), 2024-5154 (cri-o),
# 2024-9341 (containers/common), 2026-88264 (crun, no /dev), 2026-87766 (bubblewrap, links in parent directories).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

# Puts a link at a path of a new image in place of what is there.
image_with_link() {
    make_image
    rm -rf "${IMAGE:?}/$1"
    mkdir -p "$(dirname "$IMAGE/$1")"
    ln -s "$2" "$IMAGE/$1"
}

@test "a link in place of /proc, /sys or /dev is refused" {
    local place target
    for place in proc sys dev; do
        for target in "$CANARY/dir" "../../../../../../../../$CANARY/dir" tmp; do
            image_with_link "$place" "$target"
            assert_error 125 "/$place is a symbolic link in the root file system" run_image /bin/busybox true
        done
    done
}

@test "links below /dev and /sys lead nowhere" {
    local place
    for place in pts shm mqueue console null ptmx fd; do
        image_with_link "dev/$place" "$CANARY/file"
        run -0 run_image -t /bin/busybox ls -ld "/dev/$place"
        [[ $output != *canary* ]]
    done
    image_with_link sys/fs "$CANARY/dir"
    run_image /bin/busybox test -d /sys/fs/cgroup
}

@test "files that the engine writes into /etc stay in the image" {
    local file
    for file in hosts hostname resolv.conf; do
        image_with_link "etc/$file" "$CANARY/file"
        run -0 run_image /bin/busybox cat "/etc/$file"
        [[ $output != *secret* ]]
        [ -f "$IMAGE$CANARY/file" ] # the link was followed as the container sees it
    done
    image_with_link etc "../../../../../..$CANARY/dir"
    run_image /bin/busybox test -s /etc/hosts
}

@test "/etc/passwd, /etc/group and /etc/mtab are not read through links to the host" {
    local file
    for file in passwd group mtab; do
        image_with_link "etc/$file" "$CANARY/file"
        run_image /bin/busybox true
    done
    echo "secret:x:0:0::/:" >"$BATS_TEST_TMPDIR/passwd"
    image_with_link etc/passwd "$BATS_TEST_TMPDIR/passwd"
    assert_error 125 'unable to find user secret' run_image -u secret /bin/busybox true
}

@test "a volume's target goes through links of the image inside it only" {
    image_with_link data "$CANARY"
    run -0 run_image -v "$CANARY/file:/data/dir/new:ro" /bin/busybox cat /data/dir/new
    [ "$output" = secret ]
    [ -f "$IMAGE$CANARY/dir/new" ]
    image_with_link a/b ../../../../../../../..
    run -0 run_image -v "$CANARY:/a/b/data:ro" /bin/busybox cat /data/file
    [ "$output" = secret ]
}

@test "a volume's target that a link turns into the root or into /proc is refused" {
    image_with_link data /
    assert_error 125 'is the root directory itself' run_image -v "$CANARY:/data:ro" /bin/busybox true
    image_with_link data /proc
    assert_error 125 'inside /proc' run_image -v "$CANARY:/data:ro" /bin/busybox true
    assert_error 125 'inside /proc' run_image -v "$CANARY:/data/sys:ro" /bin/busybox true
    assert_error 125 'inside /proc' run_image -v "$CANARY/file:/data/self/attr/exec:ro" /bin/busybox true
}

@test "the working directory is made inside" {
    image_with_link work "$CANARY/dir"
    run -0 run_image -w /work/new /bin/busybox pwd
    [ "$output" = "$CANARY/dir/new" ]
    [ -d "$IMAGE$CANARY/dir/new" ]
}
