# What the escape tests about networks share: the world of the integration tests, and a network with IPv6.
#
#   setup_file() { start_network_escape; }
#   teardown_file() { stop_network_escape; }

load ../integration/network_helpers

start_network_escape() {
    make_world
    start_engine
    sampan network create --subnet 10.81.0.0/24 --ipv6 --subnet fd80:81::/64 six >/dev/null
    sampan run --rm --network six busybox true
    sampan run --rm --network bridge busybox true
}

stop_network_escape() {
    stop_engine
    end_world
}
