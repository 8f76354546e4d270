"""rfc.py RFC[:SECTION] - prints where code and tests carry the tag of an RFC section, such as `rfc.py 9846:4.2.8`.

A section includes those below it. Without a section: every section that has a tag, and how many in code and in tests.
"""
import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOPS = ("include", "src", "tests", "python", "bench")
TAG = re.compile(r"\brfc(\d+):([0-9A-Z]+(?:\.[0-9]+)*)")


def is_test(path):
    return path.name.endswith("_test.c") or "tests" in path.parts


def tagged(root):
    """rfc, section, path, line, text of every tag."""
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            if not path.is_file() or path.suffix not in (".c", ".h", ".def", ".py"):
                continue
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                for rfc, section in TAG.findall(line):
                    yield rfc, section, path.relative_to(root), number, line.strip()


def order(section):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in section.split(".")]


def main():
    parser = argparse.ArgumentParser(prog="tools/rfc.py")
    parser.add_argument("tag", help="RFC or RFC:SECTION, for example 9846:4.2.8")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args()
    rfc, _, section = options.tag.lower().removeprefix("rfc").partition(":")
    section = section.upper()
    rows = [row for row in tagged(options.root) if row[0] == rfc]
    if not section:
        for name in sorted({row[1] for row in rows}, key=order):
            mine = [row for row in rows if row[1] == name]
            tests = sum(is_test(row[2]) for row in mine)
            print(f"rfc{rfc}:{name:<12} code {len(mine) - tests:<3} tests {tests}")
        return 0 if rows else 1
    rows = [row for row in rows if row[1] == section or row[1].startswith(section + ".")]
    for title, wanted in (("code", False), ("tests", True)):
        print(f"{title}:")
        chosen = [row for row in rows if is_test(row[2]) == wanted]
        for _, _, path, number, text in chosen:
            print(f"  {os.fspath(path)}:{number}: {text}")
        if not chosen:
            print("  none")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
