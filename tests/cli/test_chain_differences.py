"""Differences from libcrypto's verdicts: the page says what the list says, and a seeded run meets none that is not in it."""
import os
import re
import subprocess

import pytest

HEAD = """# Where our verdicts differ from libcrypto's

`tests/fuzz/fuzz_chain_diff.c` makes chains of three certificates, changes what is signed, signs again, and asks both: us in the profile of the
web, and libcrypto 3.0 with `X509_V_FLAG_X509_STRICT`, for a server's name. In 70,000 chains of four seeds there were 25 classes of
differences. A difference whose pair of reasons is not in
`tests/fuzz/chain_diff.def` is a finding. `build/tests/fuzz/fuzz_chain_diff --random SEED COUNT` repeats a run.

"""
ACCEPT = re.compile(r'^ACCEPT\((-?\d+), "(.*)"\)$', re.M)
REFUSE = re.compile(r'^REFUSE\((\w+), "([^"]*)", "(.*)"\)$', re.M)


def page(text):
    accept = "".join(f"| {error} | {why} |\n" for error, why in ACCEPT.findall(text))
    refuse = "".join(f"| {name} | {rule} | {why} |\n" for name, rule, why in REFUSE.findall(text))
    return (HEAD + "## Accepted here, refused there\n\n| their error | why |\n|-|-|\n" + accept +
            "\n## Refused here, accepted there\n\n| failure | rule | why |\n|-|-|-|\n" + refuse)


def test_the_page_says_what_the_list_says(root):
    text = page((root / "tests" / "fuzz" / "chain_diff.def").read_text())
    path = root / "docs" / "chain-differences.md"
    if os.environ.get("BOJAGI_UPDATE"):
        path.write_text(text)
    assert path.read_text() == text, "BOJAGI_UPDATE=1 writes it anew"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seeded_run_meets_only_differences_that_are_explained(build, seed):
    program = build / "tests" / "fuzz" / "fuzz_chain_diff"
    if not program.exists():
        pytest.skip("not built")
    done = subprocess.run([program, "--random", str(seed), "1500"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "UNEXPLAINED" not in done.stdout, done.stdout + done.stderr
    assert re.search(r"both good [1-9]\d\d", done.stdout) and re.search(r"both refused [1-9]\d\d", done.stdout), done.stdout
