"""tools/count.py: what it adds up, and when it skips."""
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

spec = importlib.util.spec_from_file_location("count", ROOT / "tools" / "count.py")
count = importlib.util.module_from_spec(spec)
spec.loader.exec_module(count)

CALLGRIND = """version: 1
events: Ir

ob=(1) /somewhere/bench-count
fl=(1) a.c
fn=(1) ours
10 100
+1 5
cob=(2) /usr/lib/libcrypto.so.3
cfn=(2) theirs
calls=3 20
* 9000
-2 7

ob=(2)
fl=(2) ???
fn=(2)
20 9000

ob=(1)
fn=(3) ours too
30 1
calls=1 10
30 112
"""


def test_only_what_runs_in_our_own_object_counts_and_calls_are_not_counted_twice():
    assert count.own_cost(CALLGRIND, "bench-count") == 100 + 5 + 7 + 1
    assert count.own_cost(CALLGRIND, "another") == 0


def test_a_folder_without_the_program_is_skipped_with_a_reason(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "tools" / "count.py", tmp_path], capture_output=True, text=True)
    assert done.returncode == 77 and done.stdout.startswith("SKIPPED: ")
