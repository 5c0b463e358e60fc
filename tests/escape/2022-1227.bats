# shellcheck shell=bash
# Programs and libraries of the image that are run outside of it: CVE-2022-1227 (podman top), CVE-2019-14271 (docker cp).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

@test "no helper program of the image is run" {
    local program
    make_image
    mkdir "$IMAGE/usr" "$IMAGE/lib"
    ln -s ../bin "$IMAGE/usr/bin"
    for program in nsenter ps xz git tar gzip unpigz mount newuidmap pasta runc sampan sampan-shim init; do
        printf '#!/bin/sh\necho "%s" >>/trojan\n' "$program" >"$IMAGE/bin/$program"
        chmod +x "$IMAGE/bin/$program"
    done
    start_image trojan --init
    sampan top trojan >/dev/null
    sampan exec trojan /bin/busybox true
    sampan inspect trojan >/dev/null
    sampan logs trojan >/dev/null
    sampan stop -t 1 trojan >/dev/null
    sampan rm -f trojan >/dev/null
    [ ! -e "$IMAGE/trojan" ]
}
