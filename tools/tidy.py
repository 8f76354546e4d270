"""tidy.py - the rules of the tree that a machine can hold: who may include whom, what is exported, what is listed.

Run without arguments from anywhere; prints one line per complaint (`path:line: rule: words`) and exits 1 if there is one.
`--root DIR` looks at another tree: tests/tools/test_tidy.py feeds it small bad ones. The map is drawn in ARCHITECTURE.md.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What each folder of src/ may include, besides itself. Below means: everything that those may include, too, is spelled out.
ALLOWED = {
    "base": [],
    "crypto": ["base"],
    "x509": ["base", "crypto"],
    "http": ["base"],
    "tcpip": ["base"],
    "balance": ["base"],
    "tls": ["base", "crypto", "x509"],
    "host": ["base", "crypto", "x509", "tls"],
    "io": ["base", "tcpip"],
    "trace": ["base", "crypto", "x509", "http", "tcpip", "balance", "tls"],
    "gateway": ["base", "crypto", "x509", "http", "tcpip", "balance", "tls", "host", "io", "trace"],
    "cli": ["base", "crypto", "x509", "http", "tcpip", "balance", "tls", "host", "io", "trace", "gateway"],
}
# The folder that implements each public header: who may include the folder may include the header.
PUBLIC_HOME = {"base.h": "base", "err.h": "base", "err.def": "base", "version.h": "base", "x509.h": "x509", "tls.h": "tls",
               "tcpip.h": "tcpip"}
PURE = ["base", "crypto", "x509", "http", "tcpip", "balance", "tls"]
PURE_SYSTEM = {"assert.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h", "stdatomic.h"}
PUBLIC_SYSTEM = {"stdbool.h", "stddef.h", "stdint.h"}
# Headers of other libraries: the only places that may name them.
FOREIGN = [
    (re.compile(r"^openssl/"), lambda folder, stem: folder == "crypto"),
    (re.compile(r"^intel-ipsec-mb\.h$"), lambda folder, stem: folder == "crypto"),
    (re.compile(r"^immintrin\.h$"), lambda folder, stem: folder == "crypto" and stem.startswith(("x25519", "sha256"))),
    (re.compile(r"^sys/mman\.h$"), lambda folder, stem: folder not in PURE or (folder == "crypto" and stem == "rng_os")),
    (re.compile(r"^nghttp2/"), lambda folder, stem: folder == "http" and stem.startswith("h2")),
    (re.compile(r"^(zlib\.h|brotli/.*|zstd\.h)$"), lambda folder, stem: folder == "tls" and stem.startswith("compression_")),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
# Spelled in two pieces so that this file does not complain about itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")) + r")\b")
UNFINISHED_SUFFIXES = {".c", ".h", ".def", ".py", ".build", ".md", ".sh", ".conf", ""}
DECLARATION = re.compile(r"\b(bj_[a-z0-9_]+)\s*\((?!\s*\*)")


def is_test(name):
    """Unit tests and what they share may include anything, and nothing else may include them."""
    return name.endswith(("_test.c", "_test.h")) or name in ("test.h", "testkit.h", "fixture.h")


class Tidy:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.complaints = []

    def complain(self, path, line, rule, words):
        where = os.path.relpath(path, self.root)
        self.complaints.append(f"{where}:{line}: {rule}: {words}")

    def files(self, top, *suffixes):
        base = self.root / top
        if not base.is_dir():
            return []
        return sorted(p for p in base.rglob("*") if p.is_file() and p.suffix in suffixes and "__pycache__" not in p.parts)

    def includes(self, path):
        """line, '"' or '<', name of each include."""
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)

    # ---- arrows between folders

    def arrows(self):
        src = self.root / "src"
        for path in self.files("src", ".c", ".h", ".def"):
            parts = path.relative_to(src).parts
            folder = parts[0] if len(parts) > 1 else None
            if folder is not None and folder not in ALLOWED:
                self.complain(path, 1, "folder", f"src/{folder} has no floor; the map is in tools/tidy.py")
                continue
            if is_test(path.name):
                continue
            for number, mark, name in self.includes(path):
                self.one_include(path, number, mark, name, folder)

    def is_generated(self, name):
        """A table that the folder's meson.build says how to make."""
        build = self.root / "src" / name.split("/")[0] / "meson.build"
        return name.endswith(".inc") and build.is_file() and f"'{name.split('/')[-1]}'" in build.read_text()

    def one_include(self, path, number, mark, name, folder):
        may = set(ALLOWED[folder]) | {folder} if folder else {"base"}
        if mark == '"':
            if not (self.root / "src" / name).is_file() and not self.is_generated(name):
                self.complain(path, number, "include", f'"{name}" is not a file below src/; includes are written from src/')
                return
            target = name.split("/")[0]
            if is_test(name.split("/")[-1]):
                self.complain(path, number, "arrow", f"only tests may include {name}")
            elif target not in may:
                self.complain(path, number, "arrow", f"src/{folder or ''} may not include {name}")
            return
        if name.startswith("bojagi/"):
            home = PUBLIC_HOME.get(name[len("bojagi/"):])
            if home is None:
                self.complain(path, number, "include", f"<{name}> has no home in tools/tidy.py")
            elif home not in may:
                self.complain(path, number, "arrow", f"src/{folder or ''} may not include <{name}>")
            return
        for pattern, allowed in FOREIGN:
            if pattern.search(name):
                if not allowed(folder, path.stem):
                    self.complain(path, number, "foreign", f"<{name}> has its one place elsewhere")
                return
        if folder in PURE and name not in PURE_SYSTEM:
            self.complain(path, number, "pure", f"src/{folder} is pure and may not include <{name}>")

    # ---- the headers of a folder form no cycle

    def cycles(self):
        graphs = {}
        src = self.root / "src"
        for path in self.files("src", ".h"):
            name = str(path.relative_to(src))
            folder = name.split("/")[0]
            edges = graphs.setdefault(folder, {}).setdefault(name, set())
            for _, mark, target in self.includes(path):
                if mark == '"' and target.split("/")[0] == folder:
                    edges.add(target)
        for folder, graph in sorted(graphs.items()):
            cycle = find_cycle(graph)
            if cycle:
                self.complain(src / folder, 1, "cycle", " -> ".join(cycle))

    # ---- public headers

    def public_headers(self):
        return self.files("include", ".h")

    def public_includes(self):
        for path in self.files("include", ".h", ".def"):
            for number, mark, name in self.includes(path):
                if mark == '"' or not (name.startswith("bojagi/") or name in PUBLIC_SYSTEM):
                    self.complain(path, number, "public", f"a public header may not include {name}")

    def compile_alone(self):
        include = self.root / "include"
        for language, compiler, standard in (("c", "gcc", "c99"), ("c++", "g++", "c++11")):
            if not shutil.which(compiler):
                self.complain(include, 1, "alone", f"{compiler} is not installed")
                continue
            for header in self.public_headers():
                name = header.relative_to(include)
                with tempfile.TemporaryDirectory() as folder:
                    source = Path(folder) / "alone"
                    source.write_text(f"#include <{name}>\n")
                    result = subprocess.run([compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Werror",
                                             "-pedantic", "-fsyntax-only", "-I", str(include), str(source)],
                                            capture_output=True, text=True, check=False)
                if result.returncode != 0:
                    first = (result.stderr.strip().splitlines() or ["no message"])
                    words = next((line for line in first if "error" in line), first[0])
                    self.complain(header, 1, "alone", f"does not compile alone as {language}: {words}")

    def declared(self):
        """name -> (header, line) of every function that the public headers declare."""
        names = {}
        for header in self.public_headers():
            text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), header.read_text(errors="replace"), flags=re.S)
            for number, line in enumerate(text.splitlines(), 1):
                if line.lstrip().startswith(("#", "typedef")):
                    continue
                for name in DECLARATION.findall(line):
                    names.setdefault(name, (header, number))
        return names

    def exports(self):
        library = self.root / "build" / "libbojagi.so"
        if not library.exists():
            return
        result = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            self.complain(library, 1, "exports", f"nm failed: {result.stderr.strip()}")
            return
        exported = {line.split()[-1].split("@")[0] for line in result.stdout.splitlines() if line.split()}
        for name in sorted(exported):
            if not name.startswith("bj_"):
                self.complain(library, 1, "exports", f"{name} is visible and does not begin bj_")
        for name, (header, number) in sorted(self.declared().items()):
            if name not in exported:
                self.complain(header, number, "exports", f"{name} is declared and not defined in libbojagi")

    # ---- lists

    def listed(self):
        for folder in sorted(ALLOWED):
            top = self.root / "src" / folder
            for path in self.files(f"src/{folder}", ".c"):
                # a subfolder may have a list of its own, by the plain name, or stand in the folder's
                spellings = [(top / "meson.build", str(path.relative_to(top))), (path.parent / "meson.build", path.name)]
                suffix = "" if is_test(path.name) else ".c"
                if not any(build.is_file() and f"'{name[:-2]}{suffix}'" in build.read_text() for build, name in spellings):
                    what = f"{folder}_unit_tests" if is_test(path.name) else f"{folder}_sources"
                    self.complain(path, 1, "listed", f"not in {what} of src/{folder}/meson.build")
        fuzz = self.root / "tests" / "fuzz"
        build = fuzz / "meson.build"
        text = build.read_text() if build.is_file() else ""
        for path in sorted(fuzz.glob("fuzz_*.c")):
            if f"'{path.stem[len('fuzz_'):]}'" not in text:
                self.complain(path, 1, "listed", "not in fuzz_targets of tests/fuzz/meson.build")
        for path in sorted((fuzz / "corpus").glob("*")):
            if not (fuzz / f"fuzz_{path.name}.c").is_file():
                self.complain(path, 1, "listed", "a corpus without its fuzz target")

    def unfinished(self):
        for top in ("src", "include", "script", "tools", "tests", "python", "bench", "docs"):
            base = self.root / top
            for path in sorted(base.rglob("*")) if base.is_dir() else []:
                if not path.is_file() or path.suffix not in UNFINISHED_SUFFIXES or "corpus" in path.parts:
                    continue
                for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                    match = UNFINISHED.search(line)
                    if match:
                        self.complain(path, number, "unfinished", f"{match.group(1)} has no place in the tree")

    def decisions(self):
        seen = {}
        for path in sorted((self.root / "docs" / "decisions").glob("*")):
            match = re.match(r"^(\d{4})-[a-z0-9-]+\.md$", path.name)
            if not match:
                self.complain(path, 1, "decisions", "a decision is named NNNN-words.md")
            elif match.group(1) in seen:
                self.complain(path, 1, "decisions", f"{match.group(1)} is taken by {seen[match.group(1)]}")
            else:
                seen[match.group(1)] = path.name

    def all(self):
        self.arrows()
        self.cycles()
        self.public_includes()
        self.compile_alone()
        self.exports()
        self.listed()
        self.unfinished()
        self.decisions()
        return self.complaints


def find_cycle(graph):
    """One cycle as a list whose ends are equal, or None."""
    white, grey, black = 0, 1, 2
    colour = dict.fromkeys(graph, white)
    for start in sorted(graph):
        if colour[start] != white:
            continue
        path, stack = [start], [iter(sorted(graph[start]))]
        colour[start] = grey
        while stack:
            following = next(stack[-1], None)
            if following is None:
                colour[path.pop()] = black
                stack.pop()
            elif colour.get(following, black) == grey:
                return path[path.index(following):] + [following]
            elif colour.get(following, black) == white:
                colour[following] = grey
                path.append(following)
                stack.append(iter(sorted(graph[following])))
    return None


def main():
    parser = argparse.ArgumentParser(prog="tools/tidy.py")
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    tidy = Tidy(parser.parse_args().root)
    for complaint in tidy.all():
        print(complaint)
    if not tidy.complaints:
        print("tidy")
    return 1 if tidy.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
