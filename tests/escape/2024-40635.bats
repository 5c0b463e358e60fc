# shellcheck shell=bash
# Users and groups that become somebody else: CVE-2016-3697 (a number read as a name), CVE-2024-40635 and 2026-46680
# (overflow), CVE-2026-30892 (crun: exec as root all the same), CVE-2022-36109, 2022-2989, 2022-2990, 2022-2995
# (supplementary groups), CVE-2026-47262 (unbounded /etc/group).

load escape

setup_file() {
    start_engine
    BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR make_users_image
    start_image users
}
teardown_file() { stop_engine; }
setup() { IMAGE=$(echo "$BATS_FILE_TMPDIR"/image.*); }

make_users_image() {
    make_image
    cat >"$IMAGE/etc/passwd" <<'FILE'
root:x:0:0::/root:/bin/sh
1000:x:0:0::/:/bin/sh
over:x:4294967296:0::/:
minus:x:-1:-1::/:
hex:x:0x0:0::/:
user:x:1001:1001::/home/user:/bin/sh
FILE
    cat >"$IMAGE/etc/group" <<'FILE'
root:x:0:
user:x:1001:
extra:x:77:other,user
over:x:4294967296:user
minus:x:-1:user
FILE
}

# identity COMMAND…: "uid gid groups"
identity() {
    "$@" /bin/busybox grep -E '^(Uid|Gid|Groups):' /proc/self/status | awk '{ $1 = ""; sub(" ", ""); print }' |
        awk 'NR < 3 { if ($1 != $2 || $1 != $3 || $1 != $4) exit 1; printf "%s ", $1 } NR == 3 { print }'
}

@test "who one is, in run and exec" {
    local spec wanted
    while read -r spec wanted; do
        [ "$(identity run_image -u "$spec" | xargs)" = "$wanted" ] || fail_with "run -u $spec"
        [ "$(identity sampan exec -u "$spec" users | xargs)" = "$wanted" ] || fail_with "exec -u $spec"
    done <<'TABLE'
0         0 0 0
1         1 0 0
1:1       1 1 1
1000      1000 0 0
user      1001 1001 77 1001
user:user 1001 1001 1001
user:77   1001 77 77
user:root 1001 0 0
1001      1001 1001 77 1001
65535     65535 0 0
TABLE
}

@test "what is no user becomes nobody, least of all root" {
    local spec
    for spec in 4294967296 4294967295 18446744073709551616 2147483648 -1 +0 ' 0' '0 ' 0x0 1e3 over minus hex 65536 \
        0:-1 0:4294967296 0:over 0:minus 1:1:1; do
        assert_error 125 'ids go from|unable to find|neither a name|no such id' run_image -u "$spec" /bin/busybox true
        assert_error 125 'ids go from|unable to find|neither a name|no such id' sampan exec -u "$spec" users /bin/busybox true
    done
}

@test "the caller's groups stay outside" {
    run -0 setpriv --groups 4,24,27 bash -c "sampan run --rm --network none --userns host busybox grep Groups: /proc/self/status"
    [ "$(xargs <<<"$output")" = "Groups: 0" ]
    run -0 setpriv --groups 4,24,27 sampan exec users /bin/busybox grep Groups: /proc/self/status
    [ "$(xargs <<<"$output")" = "Groups: 0" ]
}

@test "a file that \"no\" group may read is closed to who is in it" {
    touch "$IMAGE/denied"
    chown 0:77 "$IMAGE/denied"
    chmod 604 "$IMAGE/denied"
    run ! run_image -u 1:77 /bin/busybox cat /denied
    run ! run_image -u user /bin/busybox cat /denied
}

@test "a passwd or group file without an end, or that is none, is an error in no time" {
    local file
    for file in passwd group; do
        make_image
        truncate -s 1G "$IMAGE/etc/$file"
        assert_error 125 'larger than' run_image -u 1:name /bin/busybox true
        rm "$IMAGE/etc/$file"
        mkfifo "$IMAGE/etc/$file"
        assert_error 125 'not a regular file' run_image -u 1:name /bin/busybox true
        rm "$IMAGE/etc/$file"
        ln -s /dev/zero "$IMAGE/etc/$file"
        assert_error 125 'not a regular file' run_image -u 1:name /bin/busybox true
    done
}
