"""The scripts that people call: what is misspelt is told at once, before anything is installed or built."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20  # a build takes longer


def run(*arguments):
    return subprocess.run([ROOT / "script" / arguments[0], *arguments[1:]], capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.parametrize("arguments, word", [
    (["bench", "tsl"], "there is no benchmark 'tsl'"), (["bench", "load"], "there is no benchmark 'load'"), (["bench", ""], "there is no benchmark ''"),
    (["fuzz", "nothing", "1"], "there is no target 'nothing'"), (["fuzz", "der", "soon"], "SECONDS is a number"),
    (["fuzz", "der"], "usage: script/fuzz TARGET SECONDS"), (["demo", "--smok"], "usage: script/demo"),
    (["check", "--quikc"], "usage: script/check"),
])
def test_what_does_not_exist_is_told_at_once(arguments, word):
    done = run(*arguments)
    assert done.returncode == 2 and word in done.stderr, done


def test_bench_lists_what_compares():
    done = run("bench")
    names = done.stderr.split()[6:]
    assert done.returncode == 2 and {"tls", "bulk", "memory", "gateway", "tcp", "x509", "share", "threads"} <= set(names), done.stderr
    assert not {"load", "count"} & set(names)
