"""Runs bench/alternate and reads what it measured."""

import subprocess

from harness.engines import EngineError


def alternate(program, commands, rounds=1, warm_up=0):
    """Runs each of commands (name -> argv) once per round, in shuffled order. Returns name -> nanoseconds, one
    per round. A command that fails even once raises: its times would be those of an error message."""
    if not commands:
        return {}
    argv = [program, str(rounds), str(warm_up)]
    for command in commands.values():
        argv += [*map(str, command), ";"]
    with open("stderr.log", "w+", encoding="utf-8", errors="replace") as log:
        output = subprocess.run(argv, stdout=subprocess.PIPE, stderr=log, text=True, check=True).stdout
        log.seek(0)
        messages = log.read()

    names = list(commands)
    samples = {name: [0] * rounds for name in names}
    for line in output.splitlines():
        number, index, nanoseconds, status = map(int, line.split())
        if status != 0:
            raise EngineError(f"{names[index]}: exit status {status} in round {number}: {messages.strip()[-600:]}")
        samples[names[index]][number] = nanoseconds
    return samples
