#!/usr/bin/env bats
# Volumes: what is shared with the host, whom its files belong to, and that it stays.

load helpers

setup_file() {
    start_engine
    mkdir "$SAMPAN_STATE/shared"
    chmod 777 "$SAMPAN_STATE/shared"
}

teardown_file() {
    stop_engine
}

@test "a file written by root inside belongs to root outside, one by uid 1000 to 1000" {
    busybox true
    sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data" busybox touch /data/by-root
    sampan run --rm --network none -u 1000:1001 -v "$SAMPAN_STATE/shared:/data" busybox touch /data/by-user
    [ "$(stat -c %u:%g "$SAMPAN_STATE/shared/by-root")" = 0:0 ]
    [ "$(stat -c %u:%g "$SAMPAN_STATE/shared/by-user")" = 1000:1001 ]
}

@test "files of the host are seen with their owners" {
    touch "$SAMPAN_STATE/shared/theirs"
    chown 4242:4343 "$SAMPAN_STATE/shared/theirs"
    run -0 sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data" busybox stat -c %u:%g /data/theirs
    [ "$output" = 4242:4343 ]
}

@test "with noidmap files belong to nobody inside" {
    touch "$SAMPAN_STATE/shared/plain"
    run -0 sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data:noidmap" busybox stat -c %u /data/plain
    [ "$output" = 65534 ]
}

@test "an idmap leaves no capability over the host's files: what is not shared can't be reached" {
    run -0 sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data" busybox \
        sh -c 'ls /data/.. | sort | head -n 3; ls -d /data/../shared 2>&1 || true'
    [[ $output != *"$(basename "$SAMPAN_STATE")"* ]]
}

@test "a file can be shared too" {
    echo content >"$SAMPAN_STATE/one-file"
    run -0 sampan run --rm --network none -v "$SAMPAN_STATE/one-file:/etc/one-file:ro" busybox cat /etc/one-file
    [ "$output" = content ]
    run -1 sampan run --rm --network none -v "$SAMPAN_STATE/one-file:/etc/one-file:ro" busybox sh -c 'echo x >/etc/one-file'
}

@test ":ro is read-only, and root inside cannot remount it" {
    run -1 sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data:ro" busybox touch /data/no
    [[ $output == *"Read-only file system"* ]]
    run ! sampan run --rm --network none -v "$SAMPAN_STATE/shared:/data:ro" busybox \
        sh -c 'mount -o remount,rw,bind /data && touch /data/no'
    run ! sampan run --rm --network none --security-opt seccomp=unconfined -v "$SAMPAN_STATE/shared:/data:ro" busybox \
        unshare -U -r -m sh -c 'mount -o remount,rw,bind /data && touch /data/no'
    [ ! -e "$SAMPAN_STATE/shared/no" ]
}

@test "a named volume keeps its data, and --mount says the same as -v" {
    sampan run --rm --network none -v keeper:/data busybox sh -c 'echo kept >/data/file'
    run -0 sampan run --rm --network none --mount type=volume,source=keeper,target=/data busybox cat /data/file
    [ "$output" = kept ]
}

@test "two containers share a volume while both run" {
    sampan run -d --name writer --network none -v common:/data busybox sh -c 'echo hello >/data/x; sleep 100'
    wait_until sampan run --rm --network none -v common:/data busybox grep -q hello /data/x
    sampan rm -f writer
}

@test "a tmpfs has its size and mode, and is gone afterwards" {
    run -0 sampan run --rm --network none --tmpfs /t:size=1m,mode=700 busybox \
        sh -c "df -k /t | awk 'NR == 2 { print \$2 }'; stat -c %a /t"
    [ "${lines[0]}" = 1024 ]
    [ "${lines[1]}" = 700 ]
    run -0 sampan run --rm --network none --mount type=tmpfs,target=/t,tmpfs-size=2m busybox \
        sh -c "df -k /t | awk 'NR == 2 { print \$2 }'"
    [ "$output" = 2048 ]
}

@test "what a container writes stays in it, and survives a stop and a start" {
    sampan run --name layered --network none busybox sh -c 'echo first >>/file; cat /file'
    run -0 sampan start -a layered
    [ "${#lines[@]}" = 2 ]
    run ! busybox cat /file
    sampan rm layered
}

@test "files in the writable layer are owned by plain ids on disk" {
    sampan run --name ids --network none busybox sh -c 'touch /root-file; touch /user-file; chown 1000 /user-file'
    local upper
    upper=$SAMPAN_ROOT/containers/$(inspect ids '{{.Id}}')/upper
    [ "$(stat -c %u "$upper/root-file")" = 0 ]
    [ "$(stat -c %u "$upper/user-file")" = 1000 ]
    sampan rm ids
}

@test "--rootfs runs a directory as it is; with :O the directory stays unchanged" {
    mkdir -p "$SAMPAN_STATE/tree"
    tar -xOf "$SAMPAN_BUILD/busybox.tar" "$(tar -tf "$SAMPAN_BUILD/busybox.tar" | grep -E 'layer.tar$|blobs/sha256/' | while read -r m; do
        tar -xOf "$SAMPAN_BUILD/busybox.tar" "$m" | tar -tf - >/dev/null 2>&1 && echo "$m" && break; done)" |
        tar -xf - -C "$SAMPAN_STATE/tree"
    sampan run --rm --network none --rootfs "$SAMPAN_STATE/tree:O" sh -c 'touch /kept'
    [ ! -e "$SAMPAN_STATE/tree/kept" ]
    sampan run --rm --network none --rootfs "$SAMPAN_STATE/tree" sh -c 'touch /kept'
    [ -e "$SAMPAN_STATE/tree/kept" ]
    [ "$(stat -c %u "$SAMPAN_STATE/tree/kept")" = 0 ]
}

@test "a file system that cannot be idmapped: the error names the flag that helps" {
    mkdir -p "$SAMPAN_STATE"/ovl/{l,u,w,m}
    mount -t overlay overlay -o "lowerdir=$SAMPAN_STATE/ovl/l,upperdir=$SAMPAN_STATE/ovl/u,workdir=$SAMPAN_STATE/ovl/w" \
        "$SAMPAN_STATE/ovl/m"
    run -125 --separate-stderr sampan run --rm --network none -v "$SAMPAN_STATE/ovl/m:/x" busybox true
    [[ $stderr == *"--userns host"* || $stderr == *"noidmap"* ]]
    run -0 sampan run --rm --network none -v "$SAMPAN_STATE/ovl/m:/x:noidmap" busybox ls /x
    run -0 sampan run --rm --network none --userns host -v "$SAMPAN_STATE/ovl/m:/x" busybox touch /x/file
    umount "$SAMPAN_STATE/ovl/m"
}

@test "what a container makes of /etc/hosts stays on disk: /run is memory" {
    sampan run -d --name filler --network none busybox sh -c 'head -c 20000000 /dev/zero >/etc/hosts; echo written; exec sleep 100'
    wait_until eval 'sampan logs filler | grep -q written'
    [ "$(du -sk "$SAMPAN_RUN_ROOT" | cut -f1)" -lt 1000 ]
    [ "$(du -sk "$SAMPAN_ROOT/containers" | cut -f1)" -gt 19000 ]
    sampan rm -f filler
}
