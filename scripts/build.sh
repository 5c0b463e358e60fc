#!/usr/bin/env bash
# Configures a build directory once and compiles it: scripts/build.sh [DIRECTORY [MESON OPTION…]]
# Options given for a directory that exists already are applied to it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

dir=${1:-build}
options=("${@:2}")

for tool in meson ninja pkg-config; do
    has "$tool" || fail "$tool is not installed" "install what the build needs: scripts/deps build"
done

# configure MESON-SETUP ARGUMENT…: quiet unless it fails, and not done again for options that are set already.
configure() {
    say "configuring $dir"
    mkdir -p "$dir"
    if ! meson setup "$@" "$dir" >"$dir/configure.log" 2>&1; then
        tail -n 15 "$dir/configure.log" >&2
        fail "meson could not configure $dir" "a library or tool is missing? scripts/deps build installs them"
    fi
    [ ${#options[@]} -eq 0 ] || printf '%s\n' "${options[@]}" >>"$dir/options"
}

if [ ! -e "$dir/build.ninja" ]; then
    configure ${options[@]+"${options[@]}"}
elif [ ${#options[@]} -gt 0 ] && printf '%s\n' "${options[@]}" | grep -qvxFf <(cat "$dir/options" 2>/dev/null); then
    configure --reconfigure "${options[@]}"
fi

# When a meson.build has changed, ninja configures anew first, and Meson has much to tell.
ninja -C "$dir" build.ninja >"$dir/reconfigure.log" 2>&1 || {
    tail -n 15 "$dir/reconfigure.log" >&2
    fail "meson could not configure $dir anew" "start afresh: make clean"
}

say "compiling in $dir"
ninja -C "$dir" --quiet -j "$(jobs_count)" || fail "the build in $dir failed" "the compiler's message is above"
