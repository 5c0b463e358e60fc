# What every integration test may use, whichever program it tests. Sourced by the helpers.

fail_with() {
    echo "$*" >&2
    return 1
}

# wait_until COMMAND…: tries for at most ten seconds.
wait_until() {
    local i
    for ((i = 0; i < 200; i++)); do
        if "$@"; then
            return 0
        fi
        sleep 0.05
    done
    fail_with "did not happen in ten seconds: $*"
}
