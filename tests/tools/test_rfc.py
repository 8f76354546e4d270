"""tools/rfc.py finds the code and the tests of an RFC section."""
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "rfc.py"


def rfc(root, tag):
    return subprocess.run([sys.executable, str(TOOL), tag, "--root", str(root)], capture_output=True, text=True, check=False)


def make(root):
    (root / "src").mkdir()
    (root / "src" / "a.c").write_text("/* rfc9846:4.2.8 */\n/* rfc9846:4.2.10 */\n/* rfc9846:4.2.8.1 rfc5246:7 */\n")
    (root / "src" / "a_test.c").write_text("/* rfc9846:4.2.8 is held */\n")


def test_code_and_tests_are_told_apart_and_a_section_holds_those_below(tmp_path):
    make(tmp_path)
    lines = rfc(tmp_path, "9846:4.2.8").stdout.splitlines()
    assert lines == ["code:", "  src/a.c:1: /* rfc9846:4.2.8 */", "  src/a.c:3: /* rfc9846:4.2.8.1 rfc5246:7 */",
                     "tests:", "  src/a_test.c:1: /* rfc9846:4.2.8 is held */"]


def test_a_section_nobody_carries_is_a_failure(tmp_path):
    make(tmp_path)
    result = rfc(tmp_path, "9846:4.2")
    assert result.returncode == 0
    result = rfc(tmp_path, "9846:9")
    assert result.returncode == 1 and result.stdout == "code:\n  none\ntests:\n  none\n"


def test_without_a_section_every_section_is_counted_in_order(tmp_path):
    make(tmp_path)
    words = [line.split() for line in rfc(tmp_path, "9846").stdout.splitlines()]
    assert words == [["rfc9846:4.2.8", "code", "1", "tests", "1"], ["rfc9846:4.2.8.1", "code", "1", "tests", "0"],
                     ["rfc9846:4.2.10", "code", "1", "tests", "0"]]
