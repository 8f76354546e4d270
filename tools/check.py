"""check.py - the steps of script/check: builds, unit tests, tidy, fuzz targets, system tests; then one line of counts.

One line per step; the log of a step is printed only when it fails. Counted are the test cases of the unit test programs (each
build counts), the complaints of tidy as one test, the fuzz targets and the cases of pytest.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
LOG_LINES_MAX = 80
STEP_SECONDS_MAX = 3600
TAP_LINE = re.compile(r"^(not ok|ok)\b\s*\d*\s*-?\s*(#\s*SKIP)?", re.IGNORECASE)


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def line(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def environment():
    env = dict(os.environ)
    env["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin:" + env.get("PATH", "")
    env["LC_ALL"] = "C.UTF-8"
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    env["ASAN_OPTIONS"] = "abort_on_error=0:detect_stack_use_after_return=1"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    for name in ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CFLAGS", "LDFLAGS", "CC"):
        env.pop(name, None)
    if "BOJAGI_VECTORS" not in env and (ROOT.parent / "shared" / "vectors").is_dir():
        env["BOJAGI_VECTORS"] = str((ROOT.parent / "shared" / "vectors").resolve())
    return env


def run(command, log_path, env, timeout=STEP_SECONDS_MAX):
    """Runs to the end with both outputs in the log; the exit code, or 124 after the timeout."""
    with open(log_path, "wb") as log:
        try:
            return subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            log.write(f"\nran longer than {timeout} s\n".encode())
            return 124


def show_log(path):
    """The end of a log; of a build's, from the first failure on."""
    lines = Path(path).read_text(errors="replace").splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("FAILED: ")), 0)
    lines = lines[first:first + LOG_LINES_MAX] if first else lines
    if len(lines) > LOG_LINES_MAX:
        print(f"    ... {len(lines) - LOG_LINES_MAX} earlier lines in {os.path.relpath(path, ROOT)}")
    for line in lines[-LOG_LINES_MAX:]:
        print("    " + line)


def count_tap(text):
    """passed, failed, skipped of the TAP lines in a program's output."""
    passed = failed = skipped = 0
    for line in text.splitlines():
        match = TAP_LINE.match(line)
        if not match:
            continue
        if match.group(2):
            skipped += 1
        elif match.group(1).lower() == "ok":
            passed += 1
        else:
            failed += 1
    return passed, failed, skipped


def count_meson(log_path):
    """Counts of a meson test log (one JSON object a line), and the names and outputs of the programs that failed."""
    passed = failed = skipped = 0
    bad = []
    for line in Path(log_path).read_text(errors="replace").splitlines():
        entry = json.loads(line)
        output = entry.get("stdout", "") or ""
        good = entry["result"] in ("OK", "EXPECTEDFAIL")
        p, f, s = count_tap(output)
        if entry["result"] == "SKIP":
            s = max(s, 1)
        elif p + f + s == 0:
            p, f = (1, 0) if good else (0, 1)
        elif not good and f == 0:
            f = 1
        passed, failed, skipped = passed + p, failed + f, skipped + s
        if not good and entry["result"] != "SKIP":
            bad.append((f"{entry['name']}: {entry['result']}", output + (entry.get("stderr", "") or "")))
    return passed, failed, skipped, bad


def count_junit(path):
    passed = failed = skipped = 0
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        total, bad = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skip = int(suite.get("skipped", 0))
        passed, failed, skipped = passed + total - bad - skip, failed + bad, skipped + skip
    return passed, failed, skipped


class Check:
    def __init__(self, mode):
        self.mode = mode
        self.counts = Counts()
        self.env = environment()
        self.logs = ROOT / "build-logs"
        self.logs.mkdir(exist_ok=True)
        self.jobs = os.cpu_count() or 1

    def say(self, step, words, began):
        print(f"{step:<28} {words}  ({time.monotonic() - began:.1f} s)", flush=True)

    def build(self, kind):
        began, log = time.monotonic(), self.logs / f"build-{kind}.log"
        if run(["script/build", kind], log, self.env) != 0:
            self.say(f"build {kind}", "FAILED", began)
            show_log(log)
            self.counts.add(failed=1)
            return False
        self.say(f"build {kind}", "ok", began)
        return True

    def units(self, kind, folder):
        began, log = time.monotonic(), self.logs / f"unit-{kind}.log"
        testlog = ROOT / folder / "meson-logs" / "testlog.json"
        testlog.unlink(missing_ok=True)
        code = run(["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", str(self.jobs), "-t",
                    "10" if kind == "asan" else "4"], log, self.env)
        if not testlog.exists():
            ok = code == 0 and "No tests defined" in log.read_text(errors="replace")
            self.say(f"unit tests {kind}", "none" if ok else "FAILED", began)
            if not ok:
                show_log(log)
                self.counts.add(failed=1)
            return
        passed, failed, skipped, bad = count_meson(testlog)
        if code != 0 and failed == 0:
            failed = 1
            bad.append(("meson test", log.read_text(errors="replace")))
        self.counts.add(passed, failed, skipped)
        self.say(f"unit tests {kind}", f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), began)
        for name, output in bad:
            print(f"  {name}")
            path = self.logs / "last.log"
            path.write_text(output)
            show_log(path)

    def tidy(self):
        began, log = time.monotonic(), self.logs / "tidy.log"
        code = run([PYTHON, "tools/tidy.py"], log, self.env)
        self.counts.add(passed=code == 0, failed=code != 0)
        self.say("tidy", "ok" if code == 0 else "FAILED", began)
        if code != 0:
            show_log(log)

    def instructions(self):
        began, log = time.monotonic(), self.logs / "instructions.log"
        code = run([PYTHON, "tools/count.py", "build"], log, self.env)
        self.counts.add(passed=code == 0, failed=code not in (0, 77), skipped=code == 77)
        self.say("instructions of handshakes", {0: "ok", 77: "skipped"}.get(code, "FAILED"), began)
        if code == 77:
            print("  " + log.read_text(errors="replace").strip().splitlines()[-1])
        elif code != 0:
            show_log(log)

    def fuzz(self, seconds):
        if not self.build("fuzz"):
            return
        began = time.monotonic()
        targets = sorted(p for p in (ROOT / "build-fuzz" / "tests" / "fuzz").glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK))

        def fuzz_one(target):
            log = self.logs / f"{target.name}.log"
            return run(["script/fuzz", "--no-build", target.name[len("fuzz_"):], str(seconds)], log, self.env, timeout=seconds + 120)

        with ThreadPoolExecutor(self.jobs) as pool:
            codes = list(pool.map(fuzz_one, targets))
        passed = codes.count(0)
        for target, code in zip(targets, codes):
            if code != 0:
                print(f"  {target.name} found something")
                show_log(self.logs / f"{target.name}.log")
        self.counts.add(passed, len(targets) - passed)
        self.say(f"fuzz {seconds} s each", f"{passed} of {len(targets)} clean", began)

    def system(self, name, folder, marks):
        began, log, junit = time.monotonic(), self.logs / f"pytest-{name}.log", self.logs / f"pytest-{name}.xml"
        junit.unlink(missing_ok=True)
        env = dict(self.env, BOJAGI_BUILD=str(ROOT / folder))
        code = run([PYTHON, "-m", "pytest", "tests", "-q", "-rfEs", "-p", "no:cacheprovider", "-m", marks, f"--junitxml={junit}"],
                   log, env)
        if not junit.exists() or code not in (0, 1, 5):
            self.say(f"system tests {name}", "FAILED", began)
            show_log(log)
            self.counts.add(failed=1)
            return
        passed, failed, skipped = count_junit(junit)
        self.counts.add(passed, failed, skipped)
        self.say(f"system tests {name}", f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), began)
        if failed:
            show_log(log)
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("SKIPPED"):
                print("  " + line)

    def all(self):
        if self.mode == "quick":
            if self.build("release"):
                self.units("release", "build")
            self.tidy()
            return
        for kind, folder in (("release", "build"), ("clang", "build-clang"), ("asan", "build-asan")):
            if self.build(kind):
                self.units(kind, folder)
        self.tidy()
        self.instructions()
        self.fuzz({"normal": 3, "full": 60, "soak": 600}[self.mode])
        marks = {"normal": "not slow and not soak", "full": "not soak", "soak": ""}[self.mode]
        self.system("release", "build", marks)
        if self.mode != "normal":
            self.system("asan", "build-asan", marks)


def main():
    parser = argparse.ArgumentParser(prog="script/check", allow_abbrev=False)
    parser.add_argument("--quick", action="store_const", const="quick", dest="mode")
    parser.add_argument("--full", action="store_const", const="full", dest="mode")
    parser.add_argument("--soak", action="store_const", const="soak", dest="mode")
    parser.add_argument("--no-install", action="store_true", help="install nothing")
    sys.stdout.reconfigure(line_buffering=True)
    check = Check(parser.parse_args().mode or "normal")
    check.all()
    if check.counts.passed + check.counts.failed == 0:
        check.counts.add(failed=1)
        print("nothing was tested")
    print(check.counts.line())
    return 1 if check.counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
