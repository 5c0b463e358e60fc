# shellcheck shell=bash
# Directories exchanged while something is mounted or made in them: CVE-2021-30465 and 2024-45310 (runc), CVE-2025-52881
# (runc: writes of the set-up redirected).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

@test "a volume whose directories are swapped with links never leads to the host" {
    local i out bad=0
    mkdir -p "$BATS_TEST_TMPDIR/shared/real"
    ln -s / "$BATS_TEST_TMPDIR/shared/link"
    # The swapper is a container of its own, as the attacker has it.
    sampan run -d --name swapper --network none -v "$BATS_TEST_TMPDIR/shared:/shared" -v "$(attack_mount)" \
        busybox /attack swap /shared/real /shared/link >/dev/null
    for ((i = 0; i < 60; i++)); do
        # Either the target is found in the volume or in the root, or the start is refused.
        out=$(sampan run --rm --network none -v "$BATS_TEST_TMPDIR/shared:/shared" -v "$CANARY/dir:/shared/real/tmp/target:ro" \
            -w /shared/real/new busybox cat /proc/sys/kernel/core_pattern 2>/dev/null) || continue
        [ "$out" = "$(cat /proc/sys/kernel/core_pattern)" ] || bad=1
    done
    sampan rm -f swapper
    [ "$bad" = 0 ]
    [ ! -e /tmp/target ]
    [ ! -e /new ]
    # Whatever was made lies in the volume, and nothing is mounted there any more.
    [ -z "$(find "$BATS_TEST_TMPDIR/shared" -mindepth 2 ! -path '*/tmp' ! -path '*/tmp/target' ! -path '*/new')" ]
}
