#!/usr/bin/env bash
# Searches with libFuzzer for inputs that break a parser: scripts/fuzz.sh NOUN [SECONDS], NOUN as in tests/fuzz/fuzz_NOUN.c.
# What it finds on the way stays in build-fuzz/corpus; an input worth keeping is copied to tests/fuzz/corpus by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

noun=${1:?"usage: scripts/fuzz.sh NOUN [SECONDS]"}
seconds=${2:-60}
[ -e "tests/fuzz/fuzz_$noun.c" ] ||
    fail "there is no tests/fuzz/fuzz_$noun.c" "targets: $(find tests/fuzz -name 'fuzz_*.c' -printf '%f ' | sed 's/fuzz_//g; s/\.c//g')"

scripts/deps build test fuzz
CC=clang scripts/build.sh build-fuzz -Dfuzz=true -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false
mkdir -p "build-fuzz/corpus/$noun"
say "fuzzing $noun for $seconds seconds"
exec "build-fuzz/tests/fuzz/fuzz_$noun" -max_total_time="$seconds" "build-fuzz/corpus/$noun" "tests/fuzz/corpus/$noun"
