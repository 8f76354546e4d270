"""Pages that name files and tests of this repository name such as exist."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUOTED = re.compile(r"`([^`]+)`")
TEST = re.compile(r"^(?:static void (?=\w+\(void \*\*state\))|def (?=test_))(\w+)", re.MULTILINE)


def missing(text, root):
    """What a page names that is not there. On one line, a path is followed by the names of tests in that file."""
    out = []
    for line in text.splitlines():
        names = None
        for word in QUOTED.findall(line):
            word = word.split()[0]
            if "/" in word:
                path = root / word
                names = set(TEST.findall(path.read_text())) if path.is_file() else None
                if not path.exists():
                    out.append(word)
            elif names is not None and word not in names:
                out.append(word)
    return out


def test_a_file_or_a_test_that_is_not_there_is_named(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a_test.c").write_text("static void a_holds(void **state)\n{\n\tb_holds();\n}\n")
    assert missing("- `src/a_test.c`: `a_holds`", tmp_path) == []
    assert missing("- `src/a_test.c`: `a_holds`, `b_holds`", tmp_path) == ["b_holds"]
    assert missing("| 1 | x | `src/b.c`; `src/a_test.c` |", tmp_path) == ["src/b.c"]


@pytest.mark.parametrize("page", ["docs/bug-classes.md", "docs/tcp-pitfalls.md", "docs/rfc/9846.md", "docs/rfc/9849.md"])
def test_pages_name_what_exists(page):
    text = (ROOT / page).read_text()
    assert len(QUOTED.findall(text)) > 40
    assert missing(text, ROOT) == []


def test_every_class_of_bugs_has_a_test():
    classes = (ROOT / "docs" / "bug-classes.md").read_text().split("\n## ")[1:]
    assert [c.split(".")[0] for c in classes[:-1]] == [str(i) for i in range(1, 25)]
    for one in classes:
        assert re.search(r"`[^`]*test[^`]*`: `\w+`", one), one.splitlines()[0]


def test_every_pitfall_of_tcp_has_a_test():
    pitfalls = (ROOT / "docs" / "tcp-pitfalls.md").read_text().split("\n## ")[1:]
    assert [p.split(".")[0] for p in pitfalls] == [str(i) for i in range(1, 27)]
    for one in pitfalls:
        assert re.search(r"`[^`]*test\.c`: `\w+`|`tests/pkt/[^`]*\.pkt`", one), one.splitlines()[0]
