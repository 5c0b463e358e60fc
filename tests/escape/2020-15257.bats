# shellcheck shell=bash
# Sockets of the engine's that a container on the host's network could talk to: CVE-2020-15257 (containerd-shim's abstract
# socket).

load network_escape

setup_file() { start_network_escape; }
teardown() { sampan ps -aq | xargs -r sampan rm -f; }
teardown_file() { stop_network_escape; }

@test "a container on the host's network finds no abstract socket, and no port, of ours" {
    local before
    serve other --network six -p 8080:80
    before=$(sampan run --rm --network host --userns host busybox grep -c @ /proc/net/unix || true)
    [ "$before" = 0 ] || fail_with "abstract sockets: $(grep @ /proc/net/unix)"
    # Only the name servers listen, on their networks' gateways; a published port is bound and does not listen.
    run -0 sampan run --rm --network host busybox netstat -ltnu
    run grep -E '^(tcp|udp)' <<<"$(grep -vE '10\.81\.0\.1:53|fd80:81::1:53|fe80::1:53' <<<"$output")"
    [ -z "$output" ] || fail_with "$output"
}

@test "the name server of a network is not reached from elsewhere" {
    serve other --network six
    refute_reach client udp/10.81.0.1/53 tcp/10.81.0.1/53 udp/192.0.2.1/53 tcp/192.0.2.1/53
    run ! on client busybox nslookup other 192.0.2.1
    run ! on client busybox nslookup other 10.81.0.1
}

@test "the keeper's socket is root's" {
    serve other --network six
    [ "$(stat -c '%a %u' "$SAMPAN_RUN_ROOT/networks/keeper.sock")" = "600 0" ]
    run ! setpriv --reuid 65534 --regid 65534 --clear-groups socat -u /dev/null "UNIX-CONNECT:$SAMPAN_RUN_ROOT/networks/keeper.sock,type=5"
}
