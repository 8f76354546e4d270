"""packetdrill.py - docs/packetdrill.md from a run of others' scripts: how many hold, and why the others do not.

    tools/packetdrill.py [--google DIR] [--linux DIR] [--freebsd DIR] [--write]

DIR is a checkout: packetdrill's gtests/net, the kernel's tools/testing/selftests/net/packetdrill, tcp-testsuite. None of them is in this
repository. tests/pkt/others.txt says why what fails does so; exit 1 if a script fails and has no reason, or if a run without --write
differs from the page.
"""
import argparse
import collections
import re
import fnmatch
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = {"google": "packetdrill's own (March 2026)", "linux": "the Linux kernel's self-tests (7.3-rc7)", "freebsd": "freebsd-net's tcp-testsuite"}
NOT_LOOKED_AT = "not looked at"
HEAD = """# Scripts of others, against our runner

`build/tests/pkt-runner FILE.pkt` speaks the packetdrill language over our own engine, in virtual time. This page says how scripts of others
fare; none of them is in our repository. They were written to hold one kernel to what it does, so a script that fails is no fault by itself;
each kind was looked at. Made by `tools/packetdrill.py --write` with the three checkouts; the reasons stand in `tests/pkt/others.txt`.

What differs on purpose for such scripts: the scale of our window and where PSH stands are not looked at; a cookie of that kernel is
ours; several segments that leave at once may be written as one; with accurate ECN the option goes with every segment, and ACKs may be
marked, as that kernel has it. For FreeBSD's also the order of options, and windows beyond "shut or not";
of `#ifdef STANDARD` and `#ifdef FreeBSD` the first counts, and ACKs are delayed from the first on.

"""


def alternatives(pattern):
    """fnmatch has no @(a|b)."""
    found = re.search(r"@\(([^)]*)\)", pattern)
    if not found:
        return [pattern]
    return [one for word in found[1].split("|") for one in alternatives(pattern[:found.start()] + word + pattern[found.end():])]


def reasons():
    for line in (ROOT / "tests/pkt/others.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            suite, pattern, why = (part.strip() for part in line.split(" | ", 2))
            yield suite, alternatives(pattern), why


def why_of(suite, path, known):
    return next((why for name, patterns, why in known if name == suite and any(fnmatch.fnmatch(path, p) for p in patterns)), NOT_LOOKED_AT)


def holds(runner, path):
    return subprocess.run([runner, path], capture_output=True, timeout=30, check=False).returncode == 0


def table(suite, folder, runner, known):
    failed = collections.Counter()
    passed = collections.Counter()
    for path in sorted(folder.rglob("*.pkt")):
        name = str(path.relative_to(folder))
        if holds(runner, path):
            passed[name.split("/")[0]] += 1
        else:
            failed[why_of(suite, name, known)] += 1
    good, bad = sum(passed.values()), sum(failed.values())
    text = f"## {NAMES[suite]}\n\n{good} of {good + bad} hold.\n\n| reason | scripts |\n|-|-|\n"
    return text + "".join(f"| {why} | {count} |\n" for why, count in sorted(failed.items(), key=lambda one: (-one[1], one[0]))), failed[NOT_LOOKED_AT]


def main():
    parser = argparse.ArgumentParser()
    for suite in NAMES:
        parser.add_argument(f"--{suite}", type=Path, required=True)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    known = list(reasons())
    parts = [table(suite, getattr(options, suite), options.build / "tests/pkt-runner", known) for suite in NAMES]
    text = HEAD + "\n".join(part for part, _ in parts)
    path = ROOT / "docs/packetdrill.md"
    if options.write:
        path.write_text(text)
    same = path.read_text() == text
    if not same:
        print("docs/packetdrill.md says something else: --write")
    unexplained = sum(count for _, count in parts)
    if unexplained:
        print(f"{unexplained} without a reason in tests/pkt/others.txt")
    return 0 if same and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
