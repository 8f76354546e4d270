"""check: exit codes and what it prints; the rules themselves are proven beside the parser."""
import json

import pytest

from snapshot import same_as

BAD = """listener web :8443 { protocol htp; tls site; otherwise { pool app; } }
pool app { balance round_robbin; server a 127.0.0.1:9001; }
"""
GOOD = """listener web :8443 { protocol http; otherwise { pool app; } }
pool app { balance round_robin; server a 127.0.0.1:9001; server b 127.0.0.1:9002; }
"""


def test_every_mistake_is_told_in_one_run_with_exit_2(bojagi):
    (bojagi.home / "bad.conf").write_text(BAD)
    result = bojagi.run("check", "bad.conf")
    assert result.returncode == 2
    same_as("check-bad.txt", result.stdout.decode())


def test_mistakes_as_json_have_their_place(bojagi):
    (bojagi.home / "bad.conf").write_text(BAD)
    result = bojagi.run("check", "bad.conf", "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 2 and found["errors"] == len(found["problems"]) == 3
    assert [(p["line"], p["column"]) for p in found["problems"]] == [(1, 31), (1, 40), (2, 20)]


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["nothing.conf"], ["--jsn", "x"]])
def test_wrong_usage_and_absent_files_are_2(bojagi, arguments):
    assert bojagi.run("check", *arguments).returncode == 2


def test_a_good_file_is_0_and_counted(bojagi):
    (bojagi.home / "good.conf").write_text(GOOD)
    result = bojagi.run("check", "good.conf")
    assert result.returncode == 0 and result.stderr == b""
    assert "good.conf: 1 listener, 1 pool, 2 servers" in result.stdout.decode()
    quiet = bojagi.run("check", "good.conf", "-q")
    assert quiet.returncode == 0 and quiet.stdout == b""


def test_rules_are_explained(bojagi):
    result = bojagi.run("explain", "conf-017")
    assert result.returncode == 0 and result.stdout.startswith(b"conf-017  ")
    assert bojagi.run("explain", "conf-999").returncode == 2


def test_the_example_of_proxy_is_a_good_file(bojagi):
    shown = bojagi.run("proxy", "--example")
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) <= 8
    (bojagi.home / "bojagi.conf").write_bytes(shown.stdout)
    for command in (["init"], ["server", "localhost", "--out", "site"]):
        assert bojagi.run("cert", *command).returncode == 0
    result = bojagi.run("check", "--strict", "bojagi.conf")
    assert result.returncode == 0 and b"2 servers" in result.stdout, result.stdout


def test_strict_takes_no_warnings(bojagi):
    (bojagi.home / "a.conf").write_text("listener web 127.0.0.1:8080 { protocol http; pool app; }\npool app { server a 127.0.0.1:9001; }\n")
    assert bojagi.run("check", "--strict", "a.conf").returncode == 0
    with open(bojagi.home / "a.conf", "a", encoding="utf-8") as file:
        file.write("pool nobody { server b 127.0.0.1:9002; }\n")
    assert bojagi.run("check", "a.conf").returncode == 0 and bojagi.run("check", "a.conf", "--strict").returncode == 2
