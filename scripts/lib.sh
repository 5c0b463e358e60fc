# shellcheck shell=bash
# What the scripts of this folder share: plain lines about what happens, and failures that say what to do.
# Sourced, with the repository's top as the current directory.

say() {
    printf '==> %s\n' "$*"
}

# fail MESSAGE [ADVICE]: ends the script.
fail() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2-}" ] || printf '       %s\n' "$2" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# as_root COMMAND…: runs it as root, with sudo where we aren't. WHY says what for, when neither can be.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "${WHY:-this} needs root, and there is no sudo" "run it again as root: su -c 'make …'"
    fi
}

# How many compilers or tests run at a time.
jobs_count() {
    printf '%s' "${JOBS:-$(nproc)}"
}

# The project's own files of a kind, whether this is a git checkout or an unpacked tarball.
c_files() {
    find src tests bench -name '*.[ch]' -print | sort
}

# Programs of ours in the folders that hold any, by their first line: shell_files, or python_files.
files_with_interpreter() {
    find scripts data bench tests .ci -type f -exec grep -lIE -m1 "^#!.*\\b($1)\\b" {} + | sort
}
