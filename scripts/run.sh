#!/usr/bin/env bash
# `make run`: from a fresh checkout on a bare Debian or Ubuntu to a first container, and what isolates it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s), and a container is a Linux process" "run it on Linux"
if [ "$(id -u)" != 0 ] && ! has sudo; then
    fail "a first container is started as root, and there is no sudo" "run it again as root: su -c 'make run'"
fi

scripts/deps build
scripts/build.sh
WHY="starting the first container" as_root scripts/first-run build/sampan
