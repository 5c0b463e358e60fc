"""Bundles for the runtimes that take one: the default configuration that `runc spec` and `crun spec` print, written
down here so that every runtime gets the same."""

import json
import pathlib
import tarfile

PODMAN_SECCOMP = pathlib.Path("/usr/share/containers/seccomp.json")
SUB_IDS = {"containerID": 0, "hostID": 100000, "size": 65536}

CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
NAMESPACES = ["pid", "network", "ipc", "uts", "mount", "cgroup"]
MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
MOUNTS = [  # destination, type, source, options
    ("/proc", "proc", "proc", ""),
    ("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
    ("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
]


def unpack_image(image, rootfs):
    """Unpacks the layers of an image tar (as `docker save` writes it) into the directory rootfs."""
    with tarfile.open(image) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))
        for layer in manifest[0]["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                inner.extractall(rootfs)


def default_seccomp():
    """The allow list that podman and Docker ship, resolved for CAPABILITIES, or None where it is not installed."""
    if not PODMAN_SECCOMP.exists():
        return None
    profile = json.loads(PODMAN_SECCOMP.read_text())

    def applies(rule):
        needs, but_not = rule.get("includes") or {}, rule.get("excludes") or {}
        return (set(needs.get("caps") or []) <= set(CAPABILITIES) and "amd64" in (needs.get("arches") or ["amd64"])
                and not set(but_not.get("caps") or []) & set(CAPABILITIES)
                and "amd64" not in (but_not.get("arches") or []))

    kept = ("names", "action", "args", "errnoRet")
    rules = [{key: rule[key] for key in kept if rule.get(key)} for rule in profile["syscalls"] if applies(rule)]
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    }


def config(rootfs, args, user_namespace=False, seccomp=None):
    linux = {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": [{"type": kind} for kind in NAMESPACES],
        "maskedPaths": MASKED,
        "readonlyPaths": READ_ONLY,
    }
    if user_namespace:
        linux["namespaces"].append({"type": "user"})
        linux |= {"uidMappings": [SUB_IDS], "gidMappings": [SUB_IDS]}
    if seccomp:
        linux["seccomp"] = seccomp
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": args,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": "/",
            "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": str(rootfs), "readonly": True},
        "hostname": "bench",
        "mounts": [{"destination": to, "type": kind, "source": source, "options": options.split(",") if options else []}
                   for to, kind, source, options in MOUNTS],
        "linux": linux,
    }


def write_bundle(directory, *args, **kwargs):
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(config(*args, **kwargs), indent=1))
