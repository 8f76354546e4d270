#!/usr/bin/env python3
"""Counts the instructions of our own code in a handshake, and compares them with bench/instructions.json.

    tools/count.py [--update] [BUILD]

Runs BUILD/bench/bench-count (default: build) under callgrind, for each kind of handshake and each side, and adds up what was executed in the
program's own object: libcrypto, ipsec-mb and libc are not counted, so their versions do not matter. The compiler and the machine do: the
file has an entry for each. Without an entry, or without valgrind, it says SKIPPED with the reason and leaves with 77.
More than 3 % more or less than the entry is a failure; --update writes the entry anew.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = ROOT / "bench" / "instructions.json"
KINDS = ["full13", "resumed13", "full12", "resumed12"]
SIDES = ["client", "server"]
HANDSHAKES = 8  # of bench/count.c
TOLERANCE = 0.03
SKIPPED = 77


def key_of(build, program):
    """The compiler with its major version, the machine, and how it was told to optimize; None for a build with sanitizers."""
    options = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", build], capture_output=True, text=True, check=True).stdout)
    chosen = {o["name"]: o["value"] for o in options}
    if chosen["b_sanitize"] != "none":
        return None
    comment = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True).stdout
    clang = re.search(r"clang version (\d+)", comment)
    gcc = re.search(r"GCC: \(.*?\) (\d+)", comment)
    compiler = f"clang {clang.group(1)}" if clang else f"gcc {gcc.group(1)}" if gcc else "unknown compiler"
    return f"{compiler} {platform.machine()} -O{chosen['optimization']}"


def own_cost(text, program):
    """Instructions of all functions in the program's own object, out of callgrind's file."""
    names, total, own, skip = {}, 0, False, False
    for line in text.splitlines():
        if line.startswith("ob="):
            number, _, name = line[3:].partition(" ")
            if name:
                names[number] = name
            own = names.get(number, "").endswith("/" + program)
        elif line.startswith("cob="):
            number, _, name = line[4:].partition(" ")
            if name:
                names[number] = name
        elif line.startswith("calls="):
            skip = True  # the next line is the cost of what was called
        elif re.match(r"[+*\-\d]", line):
            if own and not skip:
                total += int(line.split()[1])
            skip = False
    return total


def count(program, kind, side):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no", f"--toggle-collect=counted_{side}",
                   str(program), kind]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}:\n{done.stderr}")
        return own_cost(out.read_text(), program.name) // HANDSHAKES


def skip(why):
    print(f"SKIPPED: {why}")
    return SKIPPED


def main():
    parser = argparse.ArgumentParser(prog="tools/count.py", allow_abbrev=False)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("build", nargs="?", default="build")
    args = parser.parse_args()
    program = Path(args.build).resolve() / "bench" / "bench-count"
    entries = json.loads(ENTRIES.read_text()) if ENTRIES.exists() else {}
    if not shutil.which("valgrind"):
        return skip("there is no valgrind")
    if not os.access(program, os.X_OK):
        return skip(f"{args.build} has no bench-count")
    key = key_of(args.build, program)
    if key is None:
        return skip("a build with sanitizers is not counted")
    if key not in entries and not args.update:
        return skip(f"bench/instructions.json has no entry for '{key}'")
    counts = {f"{kind} {side}": count(program, kind, side) for kind in KINDS for side in SIDES}
    if args.update:
        entries[key] = counts
        ENTRIES.write_text(json.dumps(entries, indent="\t", sort_keys=True) + "\n")
    failed = 0
    for name, got in counts.items():
        want = entries[key].get(name, 0)
        change = got / want - 1 if want else 1
        bad = abs(change) > TOLERANCE
        failed += bad
        print(f"{name:<18} {got:>9}  {change:+7.2%}{'  too far from ' + str(want) if bad else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
