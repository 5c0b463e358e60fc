#!/usr/bin/env bash
# `make install`: scripts/install.sh PREFIX [DESTDIR]. sampan goes to bin, its helper programs to libexec/sampan: they
# find each other by these relative places, so an installed tree can be moved.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

prefix=$(realpath -m "${1:-/usr/local}")
destdir=${2-}

scripts/build.sh build "-Dprefix=$prefix" -Dlibexecdir=libexec
target=$destdir$prefix
if ! mkdir -p "$target" 2>/dev/null || ! [ -w "$target" ]; then
    fail "no permission to write to $target" "run it as root: sudo make install, or choose another: PREFIX=\$HOME/.local"
fi
say "installing below $target"
DESTDIR=$destdir meson install -C build --no-rebuild --quiet
