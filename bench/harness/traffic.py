"""How fast bytes go, and how long one takes, along the ways that there are to a container: from another container, from
the host, and from another machine through a published port."""

import json
import random
import subprocess
import time

from harness import engines

THROUGHPUT_PORT = 5201
LATENCY_PORT = 5202
FIRST_PUBLISHED = 5301
ROUND_TRIPS = 5000
OUTSIDE_ADDRESS, HOST_ADDRESS = "198.18.0.2", "198.18.0.1"
START_SECONDS = 20


def run_command(*argv):
    return subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=120)


def output_of(*argv):
    done = run_command(*argv)
    if done.returncode != 0:
        raise engines.EngineError(f"`{' '.join(map(str, argv))}` exited with {done.returncode}: "
                                  f"{(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


class Outside:
    """A machine beside the host: a network namespace with a link to it."""

    def __enter__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "100000"], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while run_command("ip", "link", "add", "outside0", "type", "veth", "peer", "name", "eth0",
                          "netns", self.process.pid).returncode != 0 or not self.link_is_there():
            if time.monotonic() > deadline:
                raise engines.EngineError("no link to the outside machine")
            run_command("ip", "link", "del", "outside0")
            time.sleep(0.05)
        for argv in (["ip", "addr", "add", f"{HOST_ADDRESS}/30", "dev", "outside0"],
                     ["ip", "link", "set", "outside0", "up"],
                     [*self.prefix, "ip", "addr", "add", f"{OUTSIDE_ADDRESS}/30", "dev", "eth0"],
                     [*self.prefix, "ip", "link", "set", "eth0", "up"]):
            output_of(*argv)
        return self

    @property
    def prefix(self):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def link_is_there(self):
        """Not so, when the process had not left for its own namespace yet."""
        return run_command(*self.prefix, "ip", "link", "show", "eth0").returncode == 0 \
            and run_command("ip", "link", "show", "eth0").returncode != 0

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Pair:
    """Two containers of an engine: one serves, one asks. The programs are the lab's, mounted."""

    def __init__(self, engine, place, number):
        self.engine = engine
        self.published = FIRST_PUBLISHED + 2 * number
        self.mounts = [option for source, target in (("/usr", "/usr"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64"),
                                                     (place.build / "bench", "/bench"))
                       for option in ("-v", f"{source}:{target}:ro")]
        self.pingpong = place.build / "bench/pingpong"

    def start(self):
        server = f"/usr/bin/iperf3 -s >/dev/null & exec /bench/pingpong serve {LATENCY_PORT}"
        ports = ("-p", f"{self.published}:{THROUGHPUT_PORT}", "-p", f"{self.published + 1}:{LATENCY_PORT}")
        engines.check(self.engine.start("server", (*self.mounts, "--network", "bridge", *ports), "sh", "-c", server))
        engines.check(self.engine.start("asker", (*self.mounts, "--network", "bridge"), *engines.SLEEP))
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        self.address = output_of(*self.engine.client("inspect", "--format", template, "server")).strip()
        self.wait_until_served()

    def wait_until_served(self):
        deadline = time.monotonic() + START_SECONDS
        while run_command(self.pingpong, "ask", self.address, LATENCY_PORT, 1).returncode != 0 \
                or run_command("iperf3", "-c", self.address, "-n", "1K").returncode != 0:
            if time.monotonic() > deadline:
                raise engines.EngineError(f"{self.engine.name}: its server at {self.address} does not answer")
            time.sleep(0.1)

    def ways(self, outside):
        """Name -> how a command is run there, address and ports, and where pingpong is."""
        inside = self.engine.client("exec", "asker")
        own = (self.address, THROUGHPUT_PORT, LATENCY_PORT)
        return {
            "container to container": (inside, *own, "/bench/pingpong"),
            "host to container": ([], *own, self.pingpong),
            "outside to published port": (outside.prefix, HOST_ADDRESS, self.published, self.published + 1,
                                          self.pingpong),
        }

    def stop(self):
        run_command(*self.engine.remove(["server", "asker"]))


def measure_way(way, seconds):
    prefix, address, throughput_port, latency_port, pingpong = way
    sent = json.loads(output_of(*prefix, "/usr/bin/iperf3", "-c", address, "-p", throughput_port, "-t", seconds, "-J"))
    median, p99 = map(int, output_of(*prefix, pingpong, "ask", address, latency_port, ROUND_TRIPS).split())
    return {"bits_per_second": sent["end"]["sum_received"]["bits_per_second"], "median": median, "p99": p99}


def measure(ready, place, rounds, seconds):
    """Each round measures each way of each engine once, in shuffled order. Returns way -> engine -> samples."""
    pairs = [Pair(engine, place, number) for number, engine in enumerate(ready)]
    samples = {}
    with Outside() as outside:
        try:
            for pair in pairs:
                pair.start()
            tasks = [(name, pair.engine.name, way) for pair in pairs for name, way in pair.ways(outside).items()]
            for _ in range(rounds):
                random.shuffle(tasks)
                for name, engine, way in tasks:
                    samples.setdefault(name, {}).setdefault(engine, []).append(measure_way(way, seconds))
        finally:
            for pair in pairs:
                pair.stop()
    return samples
