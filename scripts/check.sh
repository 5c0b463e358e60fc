#!/usr/bin/env bash
# `make check`: scripts/check.sh [STAGE…], all stages without an argument. A stage that fails does not keep the later
# ones from running. The last line counts tests and checks: "N passed, N failed", with ", N skipped" where any was.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/lib.sh

all_stages=(deps gcc clang unit sanitize layers lint integration sanitize-integration)

describe() {
    case $1 in
        deps) echo "packages that the build, the tests and the linters need" ;;
        gcc) echo "build with gcc, warnings are errors" ;;
        clang) echo "build with clang, warnings are errors" ;;
        unit) echo "unit tests" ;;
        sanitize) echo "unit tests under AddressSanitizer and UndefinedBehaviorSanitizer" ;;
        layers) echo "includes against src/LAYERS" ;;
        lint) echo "clang-format, cppcheck, clang-tidy, shellcheck" ;;
        integration) echo "containers, seen from inside and from outside" ;;
        sanitize-integration) echo "the tests tagged smoke, with sanitized programs" ;;
        *) return 1 ;;
    esac
}

# ---- counting

tally=$(mktemp)
trap 'rm -f "$tally"' EXIT

# count PASSED FAILED SKIPPED
count() {
    echo "$*" >>"$tally"
}

total() {
    awk -v column="$1" '{ sum += $column } END { print sum + 0 }' "$tally"
}

# check NAME COMMAND…: counts a command as one check and shows what it printed only when it fails.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok: $name"
        count 1 0 0
    else
        printf '%s\n' "$output" | tail -n 100
        echo "FAILED: $name"
        count 0 1 0
    fi
}

skip() {
    echo "skipped: $1 ($2)"
    count 0 0 1
}

# ---- stages

stage_deps() {
    scripts/deps build test lint && count 1 0 0
}

stage_gcc() {
    CC=gcc check "gcc" scripts/build.sh build -Dwerror=true -Dtests=enabled
}

stage_clang() {
    CC=clang check "clang" scripts/build.sh build-clang -Dwerror=true -Dtests=enabled
}

stage_unit() {
    need_build build && run_unit_tests build
}

build_sanitized() {
    scripts/build.sh build-asan -Db_sanitize=address,undefined -Dtests=enabled
}

stage_sanitize() {
    build_sanitized && run_unit_tests build-asan
}

stage_layers() {
    check "layers" scripts/check-layers
}

stage_lint() {
    scripts/lint.sh "$tally"
}

stage_integration() {
    need_build build && scripts/integration.sh build "$tally"
}

# Sandboxed programs have no /proc for the leak checker to read, and no sigaltstack(2).
stage_sanitize-integration() {
    build_sanitized && ASAN_OPTIONS=detect_leaks=0:use_sigaltstack=0 \
        scripts/integration.sh build-asan "$tally" --filter-tags smoke
}

# A stage asked for by itself builds what it tests.
need_build() {
    scripts/build.sh "$1" -Dtests=enabled
}

# As root they make containers: in a pid namespace of their own, so that a test gone wrong ends no process but its own.
run_unit_tests() {
    local status=0 report=$1/meson-logs/testlog.junit.xml apart=()
    [ "$(id -u)" != 0 ] || apart=(unshare --pid --fork --mount-proc --kill-child --)
    rm -f "$report"
    "${apart[@]}" meson test -C "$1" --suite unit --print-errorlogs --num-processes "$(jobs_count)" || status=$?
    [ -e "$report" ] && scripts/count-tests "$report" >>"$tally"
    return $status
}

# A stage that fails without having counted a failure (it could not even start its tests) counts as one.
run_stage() {
    local failed_before
    say "$1: $(describe "$1")"
    failed_before=$(total 2)
    if ! "stage_$1" && [ "$(total 2)" = "$failed_before" ]; then
        echo "FAILED: stage $1"
        count 0 1 0
    fi
    [ "$(total 2)" = "$failed_before" ]
}

main() {
    local stages=("$@") stage skipped failed_stages=()
    [ $# -gt 0 ] || stages=("${all_stages[@]}")
    for stage in "${stages[@]}"; do
        describe "$stage" >/dev/null || fail "no such stage: $stage" "stages: ${all_stages[*]}"
    done
    for stage in "${stages[@]}"; do
        run_stage "$stage" || failed_stages+=("$stage")
    done
    [ ${#failed_stages[@]} -eq 0 ] || say "failed in: ${failed_stages[*]}; run them again: make check STAGES=\"…\""
    skipped=$(total 3)
    echo "$(total 1) passed, $(total 2) failed$([ "$skipped" = 0 ] || echo ", $skipped skipped")"
    [ "$(total 2)" = 0 ]
}

main "$@"
