# shellcheck shell=bash
# Input put into the terminal of whoever started the container: CVE-2017-5226 (bubblewrap).

load escape

setup_file() { start_engine; }
teardown_file() { stop_engine; }

@test "TIOCSTI on the streams of a container without a terminal is refused" {
    run -0 script -qec "sampan run --rm -i --network none -v $(probe_mount) busybox /probe tiocsti" /dev/null
    [[ $output == *ENOTTY* || $output == *EPERM* ]]
}

@test "a container's terminal is one of its own" {
    run -0 script -qec "sampan run --rm -it --network none busybox sh -c 'tty; ls /dev/pts'" /dev/null
    # script(1) may echo what it sends for the end of its input, anywhere.
    grep -q '/dev/pts/0' <<<"$output"
    grep -Eq '0 +ptmx' <<<"$output"
}
