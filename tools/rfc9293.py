"""rfc9293.py - docs/rfc/9293.md from the test run: each requirement of rfc9293 with its tests and whether they hold.

A test names what it proves by id: `MUST-10` in the comment of a script (tests/pkt/**/*.pkt), or in a comment directly in front of
a C test (src/tcpip/**/*_test.c, tests/sim/*_test.c). Every test that is named is run. Exit 1 if one fails or if it names an
id that does not exist. What has neither a test nor a reason is open. Without --write the page must say what this run says.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ID = re.compile(r"\b(?:MUST|SHLD|MAY|REC)-\d+\b")
TEST = re.compile(r"(/\*(?:(?!\*/).)*\*/\n)?static void (\w+)\(void \*\*state\)", re.S)


def requirements():
    for line in (ROOT / "tests/pkt/requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, section, words, *out = [part.strip() for part in line.split("|")]
            yield name, section, words, out[0].removeprefix("out:").strip() if out else None


def scripts(build):
    """name, ids, holds"""
    for path in sorted((ROOT / "tests/pkt").rglob("*.pkt")):
        head = " ".join(line for line in path.read_text().splitlines() if line.startswith("//"))
        ids = set(ID.findall(head))
        result = subprocess.run([build / "tests/pkt-runner", path], capture_output=True, text=True, timeout=60, check=False)
        if result.returncode:
            print(result.stderr.strip())
        yield str(path.relative_to(ROOT)), ids, result.returncode == 0


def program(build, path):
    if path.is_relative_to(ROOT / "src/tcpip"):
        name = str(path.relative_to(ROOT / "src/tcpip").with_suffix("")).replace("/", "_")
        return build / "src/tcpip" / f"tcpip-{name}"
    return build / "tests/sim" / f"sim-{path.stem.removesuffix('_test')}"


def units(build):
    for path in sorted([*(ROOT / "src/tcpip").rglob("*_test.c"), *(ROOT / "tests/sim").glob("*_test.c")]):
        tagged = [(name, set(ID.findall(comment or ""))) for comment, name in TEST.findall(path.read_text())]
        if not any(ids for _, ids in tagged):
            continue
        result = subprocess.run([program(build, path)], capture_output=True, text=True, timeout=300, check=False)
        for name, ids in tagged:
            if ids:
                yield f"{path.relative_to(ROOT)}: {name}", ids, result.returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="tools/rfc9293.py")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    proofs, bad = {}, 0
    known = {row[0] for row in requirements()}
    for name, ids, holds in [*scripts(options.build), *units(options.build)]:
        for unknown in sorted(ids - known):
            print(f"{name}: there is no {unknown}")
            bad += 1
        for each in ids:
            proofs.setdefault(each, []).append((name, holds))
        bad += not holds
    lines = ["# RFC 9293, appendix B", "",
             "Made by `tools/rfc9293.py --write` from a run of the tests; do not edit. The words are ours, the ids the RFC's.", ""]
    rows, counts = [], {}
    for name, section, words, reason in requirements():
        tests = sorted(proofs.get(name, []))
        state = "out" if reason else "open" if not tests else "holds" if all(holds for _, holds in tests) else "FAILS"
        if reason and tests:
            state = "holds" if all(holds for _, holds in tests) else "FAILS"
        kind = name.split("-")[0]
        counts.setdefault(kind, {}).setdefault(state, 0)
        counts[kind][state] += 1
        proof = "<br>".join(f"`{test}`" for test, _ in tests) or reason or ""
        rows.append(f"| {name} | {section} | {words} | {state} | {proof} |")
    lines += [f"{kind}: " + ", ".join(f"{count} {state}" for state, count in sorted(by.items())) + "  " for kind, by in counts.items()]
    lines += ["", "| id | section | what | state | test, or why not |", "|-|-|-|-|-|", *rows, ""]
    page = ROOT / "docs/rfc/9293.md"
    if options.write:
        page.parent.mkdir(exist_ok=True)
        page.write_text("\n".join(lines))
    elif not page.is_file() or page.read_text() != "\n".join(lines):
        print(f"{page.relative_to(ROOT)} is not what this run says; --write makes it anew")
        bad += 1
    for kind, by in counts.items():
        print(kind, by)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
