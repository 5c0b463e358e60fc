"""What is compared: one class per engine, which knows its command lines and nothing about time.

The life of an engine in a lab: `missing()` says why it cannot take part, `prepare()` loads the image and starts its
daemon, and then its command lines may be run; `release()` stops what prepare() started. Containers run the busybox of
the same image; "sleeper" is one that waits.
"""

import pathlib
import shutil
import subprocess
import sys
import time

from harness import oci

SLEEP = ["sleep", "100000"]
NO_NETWORK = ("--network", "none")
DAEMON_START_SECONDS = 60


class EngineError(Exception):
    """An engine did not do what it was told."""


def check(argv, timeout=300, **kwargs):
    """Runs a command that has to succeed. Its output goes nowhere: a container that stays holds it open."""
    with open("stderr.log", "w+", encoding="utf-8", errors="replace") as log:
        status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                                timeout=timeout, check=False, **kwargs).returncode
        if status != 0:
            log.seek(0)
            raise EngineError(f"`{' '.join(map(str, argv))}` exited with {status}: {log.read().strip()[-600:]}")


class Engine:
    name = ""
    programs = ()     # on PATH, or absolute
    supervisor = ""   # executable that stays, one per container
    daemons = ()      # executables that stay, one per machine

    def __init__(self, lab):
        """lab: the directories that all engines share (see lab.Lab)."""
        self.lab = lab
        self.home = lab.work / self.name

    def missing(self):
        absent = [str(program) for program in self.programs if not shutil.which(program)]
        return f"not installed ({', '.join(absent)})" if absent else None

    def prepare(self):
        self.home.mkdir()

    def release(self):
        pass

    def run(self):
        """Runs `true` in a new container, which is gone afterwards. None: the engine has no such verb."""
        return None

    def start_sleeper(self, name):
        return None

    def exec_true(self, name):
        return None

    def remove(self, names):
        """Kills and removes containers."""
        return None


class Payload(Engine):
    """No container at all: the floor under every number."""
    name = "payload"

    def run(self):
        return [self.lab.rootfs / "bin/busybox", "true"]


class Nsenter(Engine):
    """Joins namespaces and runs `true`: no capability, seccomp filter or cgroup is set. The floor under exec."""
    name = "nsenter"
    programs = ("nsenter", "unshare")
    sleeper = None

    def prepare(self):
        super().prepare()
        argv = ["unshare", "--pid", "--net", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child",
                "chroot", self.lab.rootfs, *SLEEP]
        self.sleeper = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        while not self.children():
            if self.sleeper.poll() is not None:
                raise EngineError(f"unshare exited with {self.sleeper.returncode}")
            time.sleep(0.01)

    def children(self):
        return pathlib.Path(f"/proc/{self.sleeper.pid}/task/{self.sleeper.pid}/children").read_text().split()

    def exec_true(self, name):
        return ["nsenter", "--target", self.children()[0], "--all", "--root", "/bin/true"]

    def release(self):
        if self.sleeper:
            self.sleeper.kill()
            self.sleeper.wait()


class Bubblewrap(Engine):
    """No daemon, no state, no cgroup, no seccomp filter, no layers: less work than a container engine has."""
    name = "bwrap"
    programs = ("bwrap",)

    def run(self):
        return ["bwrap", "--unshare-all", "--bind", self.lab.rootfs, "/", "--proc", "/proc", "--dev", "/dev", "true"]


class OciRuntime(Engine):
    """A runtime below an engine: the bundle is given, there are no images, layers, names or logs."""

    def __init__(self, lab, program, hardened=False):
        self.name = pathlib.Path(program).name + ("+userns+seccomp" if hardened else "")
        super().__init__(lab)
        self.programs = (program,)
        self.hardened = hardened
        self.seccomp = oci.default_seccomp() if hardened else None

    def missing(self):
        if self.hardened and not self.seccomp:
            return f"no seccomp profile ({oci.PODMAN_SECCOMP})"
        return super().missing()

    @property
    def state(self):
        return pathlib.Path("/run") / self.name

    def runtime(self, *args):
        return [self.programs[0], "--root", self.state, *args]

    def id(self, name):
        """Runtimes name the cgroup after the container: one name in two of them would meet in one cgroup."""
        return f"{self.name}-{name}".replace("+", "-")

    def prepare(self):
        super().prepare()
        for bundle, args in (("true", ["/bin/true"]), ("sleep", ["/bin/sleep", SLEEP[1]])):
            oci.write_bundle(self.home / bundle, self.lab.rootfs, args, self.hardened, self.seccomp)

    def run(self):
        return self.runtime("run", "--bundle", self.home / "true", self.id("run"))

    def start_sleeper(self, name):
        return self.runtime("run", "--detach", "--bundle", self.home / "sleep", self.id(name))

    def exec_true(self, name):
        return self.runtime("exec", self.id(name), "/bin/true")

    def remove(self, names):
        # delete takes one name only.
        script = 'program=$1 root=$2; shift 2; for id; do "$program" --root "$root" delete --force "$id"; done'
        return ["sh", "-ec", script, "sh", self.programs[0], self.state, *map(self.id, names)]


class DockerLike(Engine):
    """Command lines that docker, podman and sampan share. Subclasses: `client()`."""
    run_flags = ()

    def client(self, *args):
        raise NotImplementedError

    def run(self, options=NO_NETWORK):
        return self.client("run", "--rm", *self.run_flags, *options, "busybox", "true")

    def start(self, name, options, *command):
        return self.client("run", "-d", "--name", name, *self.run_flags, *options, "busybox", *command)

    def start_sleeper(self, name, options=NO_NETWORK):
        return self.start(name, options, *SLEEP)

    def exec_true(self, name):
        return self.client("exec", name, "true")

    def remove(self, names):
        return self.client("rm", "-f", *names)


class Sampan(DockerLike):
    name = "sampan"
    supervisor = "sampan-shim"

    def __init__(self, lab, name="sampan", build=None):
        self.name = name
        super().__init__(lab)
        self.program = pathlib.Path(build or lab.build) / "sampan"
        self.programs = (self.program,)

    def client(self, *args):
        return [self.program, "--root", self.home / "root", "--run-root", pathlib.Path("/run") / self.name, *args]

    def prepare(self):
        super().prepare()
        check(self.run())


class Docker(DockerLike):
    """A dockerd of its own, which starts its own containerd; without a bridge and firewall rules where none is used."""
    name = "docker"
    programs = ("docker", "dockerd", "containerd")
    supervisor = "containerd-shim-runc-v2"
    daemons = ("dockerd", "containerd")
    daemon = None

    def __init__(self, lab, networks=False):
        super().__init__(lab)
        self.network_flags = () if networks else ("--bridge=none", "--iptables=false", "--ip6tables=false")

    @property
    def socket(self):
        return f"unix://{self.home}/docker.sock"

    def client(self, *args):
        return ["docker", "--host", self.socket, *args]

    def prepare(self):
        super().prepare()
        argv = ["dockerd", "--host", self.socket, "--data-root", self.home / "data", "--exec-root", "/run/docker",
                "--pidfile", self.home / "pid", *self.network_flags]
        with open(self.home / "dockerd.log", "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait_for_daemon()
        check(self.client("load", "--input", self.lab.image))

    def wait_for_daemon(self):
        deadline = time.monotonic() + DAEMON_START_SECONDS
        while subprocess.run(self.client("version"), capture_output=True, check=False).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                log = (self.home / "dockerd.log").read_text(errors="replace")
                raise EngineError(f"dockerd does not answer: {log[-600:]}")
            time.sleep(0.2)

    def release(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()


class Podman(DockerLike):
    name = "podman"
    programs = ("podman", "conmon")
    supervisor = "conmon"
    # podman raises limits unless told not to, which not every root user may.
    run_flags = ("--ulimit", "host", "--pull", "never")

    def client(self, *args):
        return ["podman", "--root", self.home / "root", "--runroot", "/run/podman", "--cgroup-manager", "cgroupfs",
                "--events-backend", "file", *args]

    def remove(self, names):
        # Without --time, podman's rm -f first waits ten seconds for a `sleep` that ignores SIGTERM, as PID 1 does.
        return self.client("rm", "-f", "--time", "0", *names)

    def prepare(self):
        super().prepare()
        check(self.client("load", "--input", self.lab.image))


def all_engines(lab, old_build=None):
    """Every engine there is a way to compare with, sampan first."""
    engines = [Sampan(lab)]
    if old_build:
        engines.append(Sampan(lab, "sampan-old", old_build))
    return engines + [
        Payload(lab),
        Nsenter(lab),
        Bubblewrap(lab),
        OciRuntime(lab, lab.build / "sampan-runtime"),
        OciRuntime(lab, "crun"),
        OciRuntime(lab, "crun", hardened=True),
        OciRuntime(lab, "runc"),
        OciRuntime(lab, "runc", hardened=True),
        Podman(lab),
        Docker(lab),
    ]


def engines_with_networks(lab):
    return [Sampan(lab), Podman(lab), Docker(lab, networks=True)]


def available(engines, subject):
    """Prepares the engines that can take part and says in one line each why others can't. The subject has to."""
    ready = []
    for engine in engines:
        reason = engine.missing()
        try:
            if not reason:
                engine.prepare()
        except EngineError as error:
            engine.release()
            reason = str(error)
        if not reason:
            ready.append(engine)
        elif engine.name == subject:
            sys.exit(f"{engine.name}: {reason}")
        else:
            print(f"{engine.name}: skipped: {reason}", file=sys.stderr)
    return ready
