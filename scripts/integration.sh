#!/usr/bin/env bash
# Runs the bats tests with the programs of a build directory: scripts/integration.sh DIRECTORY TALLY [BATS OPTION…]
# They run as root, each file in network, mount and pid namespaces of its own, several files at a time: the machine's are
# left as they were, and a test may have a firewall or a resolv.conf that the file beside it does not see. A line
# "PASSED FAILED SKIPPED" is appended to the file TALLY.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

build=$(realpath "${1:?build directory}")
tally=$(realpath "${2:-/dev/null}")
options=(--tap --timing "${@:3}")

[ -x "$build/sampan" ] || fail "$build/sampan is not built" "build it first: make"
has bats || fail "bats is not installed" "install what the tests need: scripts/deps test"

# TESTS="tests/integration/run.bats" runs some of them.
read -ra tests <<<"${TESTS:-tests/integration tests/escape}"

# Made out here, where there is a network. Without it, debian.bats says what is missing.
WHY="making a Debian tree" as_root env "SAMPAN_TEST_CACHE=${SAMPAN_TEST_CACHE-}" scripts/debian-tree >/dev/null || true

results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
# What a file says is printed when it is through, in one piece. bats itself is process 1 in there: it reaps.
# shellcheck disable=SC2016 # the inner shells expand it
run_file='file=$1; shift
    said=$(unshare --net --mount --pid --fork --mount-proc --kill-child -- \
        sh -c "ip link set lo up && exec bats \"\$@\"" sh "$@" "$file" 2>&1) && status=0 || status=$?
    printf "# %s\n%s\n" "$file" "$said"
    exit "$status"'
find "${tests[@]}" -name '*.bats' | sort |
    WHY="running containers" as_root env "SAMPAN_BUILD=$build" "CI=${CI-}" "SAMPAN_TEST_CACHE=${SAMPAN_TEST_CACHE-}" "ASAN_OPTIONS=${ASAN_OPTIONS-}" \
        xargs -P "$(jobs_count)" -I '{}' sh -c "$run_file" sh '{}' "${options[@]}" | tee "$results" || status=$?

awk '/^ok .* # skip/ { skipped++; next }
     /^ok /          { passed++ }
     /^not ok /      { failed++ }
     END             { print passed + 0, failed + 0, skipped + 0 }' "$results" >>"$tally"
exit $status
