#!/usr/bin/env bash
# `make format`: lays out all C files as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

has clang-format || fail "clang-format is not installed" "install the lint tools: scripts/deps lint"
say "formatting $(c_files | wc -l) files with $(clang-format --version)"
c_files | xargs clang-format -i
