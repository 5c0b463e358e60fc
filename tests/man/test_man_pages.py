#!/usr/bin/env python3
"""The manual pages against the programs: each command has a page, each page has the options of `COMMAND --help`, of its
subcommands too, and no others, and mandoc, where it is installed, finds nothing to complain about.
usage: test_man_pages.py SAMPAN"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "man"
SAMPAN = sys.argv.pop(1)


def help_of(*words):
    return subprocess.run([SAMPAN, *words, "--help"], check=True, capture_output=True, text=True).stdout


def commands(*group):
    """The names in `sampan --help`, or `sampan GROUP --help`, between "Commands:" and the empty line."""
    _, _, listed = help_of(*group).partition("Commands:\n")
    return re.findall(r"^  (\w+) ", listed.split("\n\n")[0], re.M)


def options_of(command):
    texts = [help_of(command)] + [help_of(command, subcommand) for subcommand in commands(command)]
    return {name for text in texts for name in re.findall(r"^  (?:-\w, |    )--([\w-]+)", text, re.M)}


def options_of_page(text):
    """The long options that are the subject of an .It line."""
    items = re.findall(r"^\.It Fl .*", text, re.M)
    return {name for item in items for name in re.findall(r"Fl -([\w-]+)", item)}


def pages_by_command():
    pages = {}
    for path in sorted(PAGES.glob("*.1")):
        name_section = path.read_text().split(".Sh NAME\n")[1].split("\n.Sh")[0]
        for command in re.findall(r"^\.Nm sampan-(\w+)", name_section, re.M):
            pages[command] = path
    return pages


class ManPages(unittest.TestCase):
    def test_each_command_has_a_page(self):
        self.assertGreater(len(commands()), 15)
        self.assertEqual(set(commands()), set(pages_by_command()))

    def test_each_option_is_described(self):
        for command, page in pages_by_command().items():
            missing = options_of(command) - options_of_page(page.read_text())
            self.assertFalse(missing, f"{page.name} lacks options of {command}")

    def test_no_option_is_made_up(self):
        known = {}
        for command, page in pages_by_command().items():
            known.setdefault(page, {"net", "timeout"}).update(options_of(command))
        for page, options in known.items():
            self.assertFalse(options_of_page(page.read_text()) - options, f"{page.name} has options that do not exist")

    def test_each_subcommand_is_described(self):
        self.assertGreater(len(commands("network")), 5)
        for command, page in pages_by_command().items():
            for subcommand in commands(command):
                self.assertIn(f"\n.Nm sampan {command} {subcommand}\n", page.read_text())

    def test_each_page_is_installed(self):
        build = (PAGES / "meson.build").read_text()
        for page in PAGES.glob("*.[1-8]"):
            self.assertIn(f"'{page.name}'", build)
        for command, page in pages_by_command().items():
            if page.stem != f"sampan-{command}":
                self.assertIn(f"'{command}': '{page.stem.removeprefix('sampan-')}'", build)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_has_no_complaint(self):
        for page in PAGES.glob("*.[1-8]"):
            result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
            self.assertEqual(result.stdout, "", page.name)


unittest.main()
