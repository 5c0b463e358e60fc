#!/usr/bin/env bash
# Runs the bats tests with the programs of a build directory: scripts/integration.sh DIRECTORY TALLY [BATS OPTION…]
# They run as root in a network and a mount namespace of their own, so that the machine's are left as they were; each
# keeps its state in directories of its own. A line "PASSED FAILED SKIPPED" is appended to the file TALLY.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

build=$(realpath "${1:?build directory}")
tally=$(realpath "${2:-/dev/null}")
options=(--tap --timing "${@:3}")

[ -x "$build/sampan" ] || fail "$build/sampan is not built" "build it first: make"
has bats || fail "bats is not installed" "install what the tests need: scripts/deps test"
# bats runs tests side by side with GNU parallel; tests of one file follow each other, since they may share a container.
if has parallel; then
    options+=(--jobs "$(jobs_count)" --no-parallelize-within-files)
fi

# TESTS="tests/integration/run.bats" runs some of them.
read -ra tests <<<"${TESTS:-tests/integration tests/escape}"

# Made out here, where there is a network. Without it, debian.bats says what is missing.
WHY="making a Debian tree" as_root env "SAMPAN_TEST_CACHE=${SAMPAN_TEST_CACHE-}" scripts/debian-tree >/dev/null || true

results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
WHY="running containers" as_root env "SAMPAN_BUILD=$build" "CI=${CI-}" "SAMPAN_TEST_CACHE=${SAMPAN_TEST_CACHE-}" "ASAN_OPTIONS=${ASAN_OPTIONS-}" unshare --net --mount --pid --fork --mount-proc --kill-child -- \
    sh -c 'ip link set lo up && exec "$@"' sh bats "${options[@]}" "${tests[@]}" | tee "$results" || status=$?

awk '/^ok .* # skip/ { skipped++; next }
     /^ok /          { passed++ }
     /^not ok /      { failed++ }
     END             { print passed + 0, failed + 0, skipped + 0 }' "$results" >>"$tally"
exit $status
