# A thin front for Meson, Ninja and scripts/. The scripts say what they do, and what to do when they fail.
PREFIX ?= /usr/local
DESTDIR ?=
STAGES ?=

.PHONY: all run check bench install clean format help

all: ## build into build/
	@scripts/build.sh build

run: ## on a bare Debian or Ubuntu: install what the build needs, build, run a first container
	@scripts/run.sh

check: ## install what the tests need and run them all; STAGES="unit lint" runs some
	@scripts/check.sh $(STAGES)

bench: all ## measure starts beside crun, runc, bubblewrap, docker and podman
	@scripts/deps bench
	@bench/start

install: ## install below PREFIX (/usr/local), DESTDIR in front
	@scripts/install.sh "$(PREFIX)" "$(DESTDIR)"

clean: ## remove the build directories
	rm -rf build build-clang build-asan build-fuzz

format: ## lay out all C files as .clang-format says
	@scripts/format.sh

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 18
