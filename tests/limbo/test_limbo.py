"""test_limbo.py - x509-limbo through build/tests/limbo-harness.

What is decided otherwise than the suite wants stands in docs/x509-limbo.md, one row a case; the table and the truth must agree.
Whatever the table says, nothing that the suite refuses may be accepted.

The vectors hold a part of the suite. BOJAGI_LIMBO may name a limbo.json of the whole of it, as the suite's own generator writes it; the
same tests are then run on that, too.
"""
import collections
import json
import lzma
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

PATHOLOGICAL_SECONDS_MAX = 10  # for all of them; a plain build takes a few hundredths
TIMEOUT_SECONDS = 300
ROW = re.compile(r"^\| `([a-z0-9-]+(?:::[A-Za-z0-9-]+)+)` \| (skipped|refused) \|", re.MULTILINE)


@pytest.fixture(scope="module")
def harness(build):
    path = build / "tests" / "limbo-harness"
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


def answers(harness, cases):
    """Case id -> result."""
    text = json.dumps({"version": 1, "testcases": cases}).encode()
    run = subprocess.run([str(harness)], input=text, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)
    out = json.loads(run.stdout)
    assert out["version"] == 1 and out["harness"]
    return {row["id"]: row for row in out["results"]}


def compare(harness, cases):
    """How the answers stand to what was expected, and the ids that differ."""
    results = answers(harness, cases)
    assert len(results) == len(cases)
    differ = collections.defaultdict(list)
    for case in cases:
        row = results[case["id"]]
        if row["actual_result"] == case["expected_result"]:
            continue
        kind = {"SKIPPED": "skipped", "FAILURE": "refused", "SUCCESS": "accepted"}[row["actual_result"]]
        differ[kind].append((case["id"], row["context"]))
    return differ


@pytest.fixture(scope="module", params=["vectors", "whole"])
def core(vectors, request):
    if request.param == "vectors":
        return json.loads((vectors / "x509-limbo" / "core.json").read_bytes())["testcases"]
    if "BOJAGI_LIMBO" not in os.environ:
        pytest.skip("BOJAGI_LIMBO names no limbo.json of the whole suite")
    cases = json.loads(Path(os.environ["BOJAGI_LIMBO"]).read_bytes())["testcases"]
    return [case for case in cases if not case["id"].startswith("bettertls::")]


def test_nothing_is_accepted_that_core_refuses_and_the_table_names_every_other_difference(harness, core, root):
    differ = compare(harness, core)
    assert differ["accepted"] == []
    table = dict(ROW.findall((root / "docs" / "x509-limbo.md").read_text()))
    found = {case: kind for kind, rows in differ.items() for case, _ in rows}
    assert found == {case: kind for case, kind in table.items() if case in {c["id"] for c in core}}


def test_no_result_depends_on_the_order_in_which_certificates_were_sent(harness, core):
    turned = []
    for case in core:
        case = dict(case)
        case["untrusted_intermediates"] = case["untrusted_intermediates"][::-1]
        case["trusted_certs"] = case["trusted_certs"][::-1]
        turned.append(case)
    plain, other = answers(harness, core), answers(harness, turned)
    assert {k: v["actual_result"] for k, v in plain.items()} == {k: v["actual_result"] for k, v in other.items()}


def test_no_case_passes_without_its_anchors(harness, core):
    cases = [dict(case, trusted_certs=[]) for case in core]
    assert [k for k, v in answers(harness, cases).items() if v["actual_result"] == "SUCCESS"] == []


def test_pathological_cases_end_soon(harness, core):
    cases = [case for case in core if case["id"].startswith("pathological::")]
    assert cases
    start = time.monotonic()
    answers(harness, cases)
    assert time.monotonic() - start < PATHOLOGICAL_SECONDS_MAX


def test_the_page_about_pkits_says_what_the_unit_test_finds(build, root, vectors, tmp_path):
    program = build / "src" / "x509" / "x509-pkits_test"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    env = dict(os.environ, BOJAGI_PKITS_TABLE=str(tmp_path / "pkits.md"), BOJAGI_VECTORS=str(vectors))
    subprocess.run([str(program)], env=env, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)
    assert (tmp_path / "pkits.md").read_text() == (root / "docs" / "pkits.md").read_text()


def test_bettertls_is_decided_as_expected_in_every_case(harness, vectors):
    cases = json.loads(lzma.decompress((vectors / "x509-limbo" / "bettertls.json.xz").read_bytes()))["testcases"]
    assert len(cases) == 9572
    assert dict(compare(harness, cases)) == {}
