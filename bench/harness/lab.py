"""The two halves of a benchmark: outside, where options are read and results are shown, and inside bench/lab, where
things are measured. `main()` runs the same script for both: the inner one gets its options as JSON and
prints its result as JSON on standard output."""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import subprocess
import sys

from harness import engines, oci

BENCH = pathlib.Path(__file__).resolve().parent.parent
DEFAULT_PEERS = "/var/tmp/sampan-peers"


@dataclasses.dataclass
class Lab:
    """What all engines share inside the lab."""
    work: pathlib.Path    # on disk, empty at first, removed with the lab
    build: pathlib.Path   # sampan's build directory
    image: pathlib.Path   # the busybox image as a tar
    rootfs: pathlib.Path  # the same, unpacked

    @property
    def stopwatch(self):
        return self.build / "bench/alternate"

    @classmethod
    def enter(cls, build):
        work = pathlib.Path(os.environ["SAMPAN_BENCH_WORK"])
        lab = cls(work, pathlib.Path(build), pathlib.Path(build) / "busybox.tar", work / "rootfs")
        oci.unpack_image(lab.image, lab.rootfs)
        return lab


def positive(text):
    """For argparse: a whole number above 0."""
    if (number := int(text)) <= 0:
        raise ValueError(text)
    return number


def common_options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", metavar="DIR", default=str(BENCH.parent / "build"),
                        help="sampan's build directory (default: build/)")
    parser.add_argument("--peers", metavar="DIR", default=os.environ.get("SAMPAN_PEERS", DEFAULT_PEERS),
                        help=f"root with the peers, made by bench/peers (default: $SAMPAN_PEERS or {DEFAULT_PEERS}); "
                        "where there is none, those installed on this machine are used")
    parser.add_argument("--subject", default="sampan", metavar="NAME",
                        help="engine that the others are compared with (default sampan)")
    parser.add_argument("--only", metavar="NAMES", help="compare with these only, separated by commas, or with none")
    parser.add_argument("--skip", metavar="NAMES", default="", help="leave these out")
    parser.add_argument("--json", metavar="FILE", help="write options, machine and every single sample to FILE")
    return parser


def choose(candidates, options, subject):
    """Applies --only and --skip. The subject always stays."""
    known = {engine.name for engine in candidates}
    only = set(options["only"].split(",")) - {"none"} if options["only"] else known
    skip = set(filter(None, options["skip"].split(",")))
    if unknown := (only | skip) - known:
        sys.exit(f"unknown engine: {', '.join(sorted(unknown))} (known: {', '.join(sorted(known))})")
    return [engine for engine in candidates if engine.name == subject or engine.name in only - skip]


def run_inside(options):
    """Runs this script in the lab and returns what it measured."""
    argv = [BENCH / "lab", "--bind", BENCH, "--bind", options["build"]]
    if (pathlib.Path(options["peers"]) / "etc/sampan-peers").exists():
        argv += ["--root", options["peers"]]
    else:
        print(f"no peers in {options['peers']} ('bench/peers make' makes them): using what this machine has",
              file=sys.stderr)
    if options.get("old_build"):
        argv += ["--bind", options["old_build"]]
    argv += ["--", pathlib.Path(sys.argv[0]).resolve(), "--inside", json.dumps(options)]
    inner = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if inner.returncode != 0:
        sys.exit(inner.returncode)
    return json.loads(inner.stdout)


def main(parser, measure, show):
    """measure(options) runs in the lab and returns what can be written as JSON; show(result) prints it."""
    if sys.argv[1:2] == ["--inside"]:
        try:
            json.dump(measure(json.loads(sys.argv[2])), sys.stdout)
        except engines.EngineError as error:
            sys.exit(str(error))
        return
    options = vars(parser.parse_args())
    for key in ("build", "old_build"):
        if options.get(key):
            options[key] = str(pathlib.Path(options[key]).resolve())
    if not (pathlib.Path(options["build"]) / "busybox.tar").exists():
        sys.exit(f"{options['build']} is not a build of sampan: run make, or name one with --build")
    result = run_inside(options)
    show(result)
    if options["json"]:
        machine = {"kernel": platform.release(), "architecture": platform.machine(), "cpus": os.cpu_count()}
        record = {"options": options, "machine": machine, "result": result}
        pathlib.Path(options["json"]).write_text(json.dumps(record, indent=1) + "\n")
