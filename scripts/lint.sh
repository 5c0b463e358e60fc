#!/usr/bin/env bash
# Runs each linter over the whole tree: scripts/lint.sh [TALLY]. With TALLY, a line "PASSED FAILED SKIPPED" a linter is
# appended to that file. clang-tidy and cppcheck read how to compile a file from build-clang.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/lib.sh

tally=${1:-/dev/null}
failed=0

# lint NAME COMMAND…: silent but for the faults.
lint() {
    local name=$1 output
    shift
    if ! has "$1"; then
        echo "FAILED: $name ($1 is not installed: scripts/deps lint)"
    elif output=$("$@" 2>&1); then
        echo "ok: $name"
        echo 1 0 0 >>"$tally"
        return
    else
        # What failed comes last: clang-tidy shows long paths of mere warnings in between.
        printf '%s\n' "$output" | grep -vE '^clang-tidy|^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' | tail -n 60
        printf '%s\n' "$output" | grep -E 'error:' | sort -u | tail -n 40
        echo "FAILED: $name"
    fi
    echo 0 1 0 >>"$tally"
    failed=1
}

# Versions of clang-format differ in taste; the tree is laid out by this one.
format_version=14

lint_format() {
    if clang-format --version 2>/dev/null | grep -q "version $format_version\."; then
        mapfile -t files < <(c_files)
        lint clang-format clang-format --dry-run -Werror "${files[@]}"
    else
        echo "skipped: clang-format (the layout is that of version $format_version, which is not here)"
        echo 0 0 1 >>"$tally"
    fi
}

lint_cppcheck() {
    # Only the programs: tests leak what ends with them. cppcheck does not know the cleanup attribute, so what it frees
    # looks leaked; readdir is safe on a DIR of one's own, getpwnam in a program with one thread; NULL ends an argument list well where it is a pointer, as in
    # glibc; accept4 may be asked for no address; generated tables refuse architectures that cppcheck makes up.
    lint cppcheck cppcheck --quiet --project=build-clang/compile_commands.json --file-filter='*src/*' -j "$(jobs_count)" \
        --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppress='*:/usr/include/*' \
        --suppress=memleak --suppress=resourceLeak --suppress=leakReturnValNotUsed --suppress=readdirCalled --suppress=getpwnamCalled \
        --suppress=varFuncNullUB --suppress=nullPointer:src/runtime/detach.c --suppress=nullPointer:src/shim/server.c \
        --suppress=nullPointer:src/keeper/requests.c --suppress=nullPointer:src/engine/rootless_base.c \
        --suppress='preprocessorErrorDirective:*_generated.c' --library=posix --library=gnu
}

lint_tidy() {
    lint clang-tidy run-clang-tidy -quiet -p build-clang -j "$(jobs_count)"
}

lint_shell() {
    local files tests
    mapfile -t files < <(files_with_interpreter 'sh|bash')
    mapfile -t tests < <(git ls-files '*.bats' '*.bash')
    lint shellcheck shellcheck -x scripts/lib.sh "${files[@]}"
    # What bats sets ($stderr) and what the sandboxed shells expand is not seen by shellcheck.
    lint "shellcheck of the tests" shellcheck -x -S warning -e SC2154,SC2034,SC2010 "${tests[@]}"
}

[ -e build-clang/compile_commands.json ] || CC=clang scripts/build.sh build-clang -Dtests=enabled || exit 1
lint_format
lint_cppcheck
lint_tidy
lint_shell
exit $failed
