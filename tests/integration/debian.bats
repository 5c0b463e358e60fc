#!/usr/bin/env bats
# A real distribution: Debian as debootstrap makes it, run from its directory and from an image tar.

load helpers

setup_file() {
    export DEBIAN_TREE=${SAMPAN_TEST_CACHE:-/var/tmp/sampan-test-cache}/debian-bookworm
    if [ ! -e "$DEBIAN_TREE" ]; then
        [ -z "${CI-}" ] || fail_with "there is no Debian tree: scripts/debian-tree makes it"
        skip "there is no Debian tree: scripts/debian-tree makes it"
    fi
    start_engine
}

teardown_file() {
    [ -z "${SAMPAN_STATE-}" ] || stop_engine
}

debian() {
    sampan run --rm --network none --rootfs "$DEBIAN_TREE:O" "$@"
}

on_terminal() {
    timeout -s KILL 60 "$BATS_TEST_DIRNAME/../tools/terminal" "$@"
}

@test "apt-get, dpkg and perl run" {
    run -0 debian apt-get --version
    [[ ${lines[0]} == "apt "* ]]
    run -0 debian dpkg --list
    [[ $output == *libc6* ]]
    run -0 debian perl -e 'print 6 * 7'
    [ "$output" = 42 ]
}

@test "its users are its own" {
    run -0 sampan run --rm --network none --rootfs "$DEBIAN_TREE:O" -u www-data sh -c 'id; echo $HOME'
    [[ ${lines[0]} == "uid=33(www-data) gid=33(www-data) groups=33(www-data)" ]]
    [ "${lines[1]}" = /var/www ]
    run -0 debian su -s /bin/sh nobody -c 'id -un'
    [ "$output" = nobody ]
}

@test "packages' own scripts can change owners and modes, and the tree stays as it was" {
    local before
    before=$(stat -c '%Y %Z' "$DEBIAN_TREE/etc" "$DEBIAN_TREE/usr/bin/passwd")
    run -0 debian sh -c 'adduser --version >/dev/null 2>&1; useradd -m somebody && chown somebody /etc/hostname.new 2>/dev/null;
        install -o www-data -g adm -m 4750 /bin/true /usr/local/bin/set-id && stat -c "%U:%G %a" /usr/local/bin/set-id'
    [ "${lines[-1]}" = "www-data:adm 4750" ]
    [ ! -e "$DEBIAN_TREE/usr/local/bin/set-id" ]
    [ "$(stat -c '%Y %Z' "$DEBIAN_TREE/etc" "$DEBIAN_TREE/usr/bin/passwd")" = "$before" ]
}

@test "a shell with job control" {
    run -0 on_terminal sampan run --rm -it --network none --rootfs "$DEBIAN_TREE:O" bash --norc <<'END'
expect [#$] $
send sleep 100 &\r
expect \[1\] \d+
send jobs\r
expect Running +sleep 100
send fg\r
expect sleep 100
pause 0.3
send \x1a
expect Stopped +sleep 100
send bg\r
expect sleep 100 &
send kill %1; wait; echo wai''ted\r
expect waited
send sleep 100\r
pause 0.5
send \x03
expect \^C
send echo status $?\r
expect status 130
send exit 5\r
status 5
END
}

@test "sleep is stopped by sampan stop" {
    sampan run -d --name sleeper --network none --init --rootfs "$DEBIAN_TREE:O" sleep 1000
    run -0 sampan stop sleeper
    [ "$(inspect sleeper '{{.State.ExitCode}}')" = 143 ]
    sampan rm sleeper
    # As pid 1 it does not hear SIGTERM, which it does not handle: it is killed after the time that was given.
    sampan run -d --name deaf --network none --rootfs "$DEBIAN_TREE:O" sleep 1000
    run -0 sampan stop -t 1 deaf
    [ "$(inspect deaf '{{.State.ExitCode}}')" = 137 ]
    sampan rm deaf
}

@test "the same tree as an image tar" {
    local image=$BATS_TEST_TMPDIR/image id
    mkdir "$image"
    tar --numeric-owner --one-file-system --exclude=./var/cache/apt --exclude=./usr/share/doc --exclude=./usr/share/locale \
        -C "$DEBIAN_TREE" -cf "$image/layer.tar" .
    id=$(sha256sum "$image/layer.tar" | cut -d' ' -f1)
    cat >"$image/config.json" <<END
{"architecture":"$(dpkg --print-architecture)","os":"linux","config":{"Cmd":["cat","/etc/debian_version"]},
 "rootfs":{"type":"layers","diff_ids":["sha256:$id"]}}
END
    echo '[{"Config":"config.json","RepoTags":["debian:test"],"Layers":["layer.tar"]}]' >"$image/manifest.json"
    tar -C "$image" -cf "$BATS_TEST_TMPDIR/debian.tar" manifest.json config.json layer.tar
    run -0 sampan run --rm --network none "$BATS_TEST_TMPDIR/debian.tar"
    [ "$output" = "$(cat "$DEBIAN_TREE/etc/debian_version")" ]
    run -0 sampan run --rm --network none debian:test apt-get --version
    [[ ${lines[0]} == "apt "* ]]
    sampan rmi debian:test
}
