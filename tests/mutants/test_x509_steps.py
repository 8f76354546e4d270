"""test_x509_steps.py - no step of verifying a chain can be left out without a unit test that fails."""
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import x509_steps  # noqa: E402


def test_the_page_lists_every_step(root):
    listed = re.findall(r"^\| (\S+\.c) \| (.+) \| .+ \|$", (root / "docs" / "x509-steps.md").read_text(), re.M)
    assert listed == [(name, what) for name, what, _ in x509_steps.mutants()]


@pytest.mark.soak
def test_every_step_left_out_is_noticed(build):
    assert [(name, what) for name, what, text in x509_steps.mutants() if not x509_steps.killer(build, name, text)] == []
