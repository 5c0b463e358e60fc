#!/usr/bin/env python3
"""Tests scripts/check-layers on small source trees: a good one, and for each rule one that breaks it."""

import pathlib
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-layers"

LAYERS = """\
cli api : people and programs
image storage : bytes   # of one rank, with one exception:
allow image -> storage
kernel  : system calls
base    : the rest
only kernel : syscall( <linux/netlink.h> <asm/*>
generated : made.h
"""

GOOD = {
    "LAYERS": LAYERS,
    "base/err.h": "#include <errno.h>\n",
    "base/err.c": '#include "base/err.h"\n',
    "kernel/calls.h": '#include "base/err.h"\n',
    "kernel/calls.c": '#include <linux/netlink.h>\n#include "kernel/calls.h"\nlong f(void) { return syscall(39); }\n',
    "storage/store.h": '#include "kernel/calls.h"\n',
    "image/image.c": '#include "storage/store.h"\n#include "made.h"\n',
    # None of these is an include or a call: a comment, a string, a longer name.
    "cli/main.c": '/* #include "cli/gone.h"\n syscall(1) */\nconst char *s = "syscall(2)"; // syscall(3)\n'
                  'int g(void) { return my_syscall(4); }\n',
}


class CheckLayers(unittest.TestCase):
    def run_check(self, changes):
        """The status and output of the check on GOOD with some files added or replaced."""
        with tempfile.TemporaryDirectory() as directory:
            src = pathlib.Path(directory)
            for name, text in (GOOD | changes).items():
                path = src / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([CHECK, src], capture_output=True, text=True, check=False)
            return done.returncode, (done.stdout + done.stderr).replace(f"{src}/", "")

    def assert_refused(self, changes, *lines):
        status, output = self.run_check(changes)
        self.assertEqual(status, 1, output)
        self.assertEqual(len(output.splitlines()), len(lines), output)
        for line in lines:
            self.assertIn(line, output)

    def test_good_tree_passes(self):
        status, output = self.run_check({})
        self.assertEqual(status, 0, output)
        self.assertIn("7 files", output)

    def test_include_upward(self):
        self.assert_refused({"cli/cli.h": "", "base/fd.c": '\n#include "cli/cli.h"\n'},
                            'base/fd.c:2: "cli/cli.h": the layer cli is above base')

    def test_include_beside(self):
        self.assert_refused({"cli/cli.h": "", "api/server.c": '#include "cli/cli.h"\n'},
                            'api/server.c:1: "cli/cli.h": the layer cli is beside api')

    def test_exception_holds_one_way(self):
        self.assert_refused({"image/image.h": "", "storage/store.c": '#include "image/image.h"\n'},
                            "storage/store.c:1:")

    def test_include_not_from_src(self):
        self.assert_refused({"base/fd.c": '#include "err.h"\n'}, 'base/fd.c:1: "err.h" is not a header below src/')

    def test_include_through_parent(self):
        self.assert_refused({"base/fd.c": '#include "base/../base/err.h"\n'}, "base/fd.c:1:")

    def test_include_after_long_comment(self):
        self.assert_refused({"base/fd.c": '/*\n * two\n * three\n */\n#  include "gone.h"\n'}, "base/fd.c:5:")

    def test_header_cycle(self):
        self.assert_refused({"base/a.h": '#include "base/b.h"\n', "base/b.h": '#include "base/c.h"\n',
                             "base/c.h": '#include "base/a.h"\n'},
                            "base/a.h:1: headers include each other: base/a.h -> base/b.h -> base/c.h -> base/a.h")

    def test_header_includes_itself(self):
        self.assert_refused({"base/a.h": '#include "base/a.h"\n'}, "base/a.h -> base/a.h")

    def test_call_kept_for_another_layer(self):
        self.assert_refused({"base/fd.c": "\n\nint f(void)\n{ return syscall (1); }\n"},
                            "base/fd.c:4: syscall( is for kernel only")

    def test_header_kept_for_another_layer(self):
        self.assert_refused({"base/fd.c": "#include <linux/netlink.h>\n#include <asm/unistd.h>\n"},
                            "base/fd.c:1: <linux/netlink.h> is for kernel only", "base/fd.c:2: <asm/*> is for kernel")

    def test_unknown_layer(self):
        self.assert_refused({"util/misc.c": ""}, "util/misc.c:1: src/LAYERS does not know the layer util")

    def test_layers_file_with_a_typing_error(self):
        self.assert_refused({"LAYERS": LAYERS + "allow image => base\n"}, "LAYERS:8: not a line")


if __name__ == "__main__":
    unittest.main()
