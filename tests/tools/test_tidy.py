"""Feeds tools/tidy.py one small bad tree for each rule, and expects the complaint."""
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import tidy  # noqa: E402

GOOD = {
    "include/bojagi/base.h": "#include <stddef.h>\nint bj_zero(void);\n",
    "src/base/meson.build": "base_sources = files(\n  'a.c',\n)\nbase_unit_tests = [\n  'a_test',\n]\n",
    "src/base/a.h": "#include <stdint.h>\n",
    "src/base/a.c": '#include "base/a.h"\n#include <bojagi/base.h>\n',
    "src/base/a_test.c": '#include <stdio.h>\n#include "base/a.h"\n',
    "src/crypto/meson.build": "crypto_sources = files(\n  'c.c',\n)\n",
    "src/crypto/c.h": "",
    "src/crypto/c.c": '#include "crypto/c.h"\n#include "base/a.h"\n#include <openssl/evp.h>\n',
    "docs/decisions/0001-why.md": "# why\n",
    "tests/fuzz/meson.build": "fuzz_targets = [\n  'a',\n]\n",
    "tests/fuzz/fuzz_a.c": "",
    "tests/fuzz/corpus/a/seed": "x",
}
UNFINISHED_WORD = "TO" + "DO"
# what is changed in the good tree, the rule that must complain, a word of the complaint
BAD = [
    ({"src/base/a.c": '#include "crypto/c.h"\n'}, "arrow", "src/base may not include crypto/c.h"),
    ({"src/http/meson.build": "'h.c'", "src/http/h.c": '#include "balance/b.h"\n', "src/balance/b.h": ""}, "arrow", "balance/b.h"),
    ({"src/base/a.c": "#include <bojagi/tls.h>\n"}, "arrow", "<bojagi/tls.h>"),
    ({"src/base/a.c": "#include <bojagi/other.h>\n"}, "include", "no home"),
    ({"src/base/a.c": '#include "a.h"\n'}, "include", "written from src/"),
    ({"src/else/x.c": ""}, "folder", "src/else has no floor"),
    ({"src/base/a.c": "#include <stdio.h>\n"}, "pure", "<stdio.h>"),
    ({"src/crypto/c.c": "#include <time.h>\n"}, "pure", "<time.h>"),
    ({"src/base/a.c": "#include <openssl/evp.h>\n"}, "foreign", "<openssl/evp.h>"),
    ({"src/gateway/meson.build": "'g.c'", "src/gateway/g.c": "#include <intel-ipsec-mb.h>\n"}, "foreign", "<intel-ipsec-mb.h>"),
    ({"src/crypto/c.c": "#include <sys/mman.h>\n"}, "foreign", "<sys/mman.h>"),
    ({"src/base/a.c": '#include "base/test.h"\n', "src/base/test.h": ""}, "arrow", "only tests may include base/test.h"),
    ({"src/base/a.h": '#include "base/b.h"\n', "src/base/b.h": '#include "base/a.h"\n'}, "cycle",
     "base/a.h -> base/b.h -> base/a.h"),
    ({"src/base/a.h": '#include "base/a.h"\n'}, "cycle", "base/a.h -> base/a.h"),
    ({"include/bojagi/base.h": '#include "base/a.h"\n'}, "public", "may not include base/a.h"),
    ({"include/bojagi/base.h": "#include <stdio.h>\n"}, "public", "may not include stdio.h"),
    ({"include/bojagi/base.h": "size_t bj_size(void);\n"}, "alone", "does not compile alone as c:"),
    ({"include/bojagi/base.h": "int bj_new(int class);\n"}, "alone", "does not compile alone as c++"),
    ({"src/base/b.c": ""}, "listed", "base_sources"),
    ({"src/base/deep/b.c": "", "src/base/deep/meson.build": "'c.c'"}, "listed", "base_sources"),
    ({"src/base/a.c": '#include "base/table.inc"\n'}, "include", "not a file below src/"),
    ({"src/base/b_test.c": ""}, "listed", "base_unit_tests"),
    ({"tests/fuzz/fuzz_b.c": ""}, "listed", "fuzz_targets"),
    ({"tests/fuzz/corpus/b/seed": "x"}, "listed", "without its fuzz target"),
    ({"src/base/a.h": f"/* {UNFINISHED_WORD}: more */\n"}, "unfinished", UNFINISHED_WORD),
    ({"docs/decisions/why.md": ""}, "decisions", "NNNN-words.md"),
    ({"docs/decisions/0001-other.md": ""}, "decisions", "taken by"),
]


def complaints(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tidy.Tidy(folder).all()


def test_a_good_tree_has_no_complaint(tmp_path):
    assert complaints(tmp_path, GOOD) == []


def test_lists_of_subfolders_generated_tables_and_test_headers_are_known(tmp_path):
    more = {
        "src/base/deep/b.c": '#include "base/table.inc"\n', "src/base/deep/meson.build": "base_sources += files('b.c')",
        "src/base/meson.build": GOOD["src/base/meson.build"] + "custom_target(output: 'table.inc')",
        "src/base/testkit.h": "#include <stdio.h>\n", "src/base/a_test.c": '#include "base/testkit.h"\n',
    }
    assert complaints(tmp_path, {**GOOD, **more}) == []


@pytest.mark.parametrize("change,rule,words", BAD, ids=[f"{rule}-{n}" for n, (_, rule, _) in enumerate(BAD)])
def test_a_bad_tree_has_exactly_the_complaint_of_its_rule(tmp_path, change, rule, words):
    found = complaints(tmp_path, {**GOOD, **change})
    assert any(f" {rule}: " in line and words in line for line in found), found
    others = [line for line in found if f" {rule}: " not in line]
    assert not [line for line in others if " alone: " not in line and " listed: " not in line], found


@pytest.mark.parametrize("source,words", [
    ("int bj_zero(void); int bj_zero(void) { return 0; } int stray(void); int stray(void) { return 0; }", "stray is visible"),
    ("int bj_one(void); int bj_one(void) { return 0; }", "bj_zero is declared and not defined"),
])
def test_the_library_exports_what_is_declared_and_nothing_unnamed(tmp_path, source, words):
    (tmp_path / "build").mkdir()
    (tmp_path / "lib.c").write_text(source)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "build" / "libbojagi.so", tmp_path / "lib.c"], check=True)
    assert any(" exports: " in line and words in line for line in complaints(tmp_path, GOOD))


def test_the_program_exits_1_with_complaints_and_0_without(tmp_path):
    complaints(tmp_path, GOOD)
    command = [sys.executable, str(TOOLS / "tidy.py"), "--root", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (tmp_path / "src" / "base" / "a.c").write_text("#include <time.h>\n")
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and result.stdout.startswith("src/base/a.c:1: pure: ")
