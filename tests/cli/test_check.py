"""check: exit codes and what it prints; the rules themselves are proven beside the parser."""
import json
import os

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


def with_warnings(bojagi, count, last):
    """A file with so many warnings, and then `last`."""
    lines = [f"pool p{i} {{ server a 127.0.0.1:{10000 + i}; timeouts {{ response 0s; }} }}" for i in range(count)]
    (bojagi.home / "many.conf").write_text("\n".join([*lines, last]) + "\n")


def test_an_error_behind_ever_so_many_warnings_is_told(bojagi):
    """By `check`, by `proxy`, which would end here without a word, and in their order."""
    with_warnings(bojagi, 210, "listener web 127.0.0.1:8080 { protocol http; pool nosuch; }")
    found = json.loads(bojagi.run("check", "many.conf", "--json").stdout)
    assert found["errors"] == 1 and found["warnings"] > 200 and len(found["problems"]) == 200
    assert [p["message"] for p in found["problems"] if p["severity"] == "error"] == ["there is no pool 'nosuch'"]
    assert [p["line"] for p in found["problems"]] == sorted(p["line"] for p in found["problems"])
    result = bojagi.run("proxy", "-c", "many.conf")
    assert result.returncode == 2 and b"the first at 211:51: there is no pool 'nosuch'" in result.stderr, result.stderr[-300:]


def test_why_a_file_cannot_be_read_is_said(bojagi):
    (bojagi.home / "folder").mkdir()
    assert b"the file cannot be opened: No such file or directory" in bojagi.run("check", "nothing.conf").stdout
    assert b"the file cannot be read: Is a directory" in bojagi.run("check", "folder").stdout
    result = bojagi.run("proxy", "-c", "nothing.conf")
    assert result.returncode == 2 and b"error: 1 error in nothing.conf: the file cannot be opened: No such" in result.stderr, result.stderr
    (bojagi.home / "ca.conf").write_text("listener web 127.0.0.1:8080 { protocol http; pool app; }\n"
                                         'pool app { server a 127.0.0.1:9001; tls { ca "nothing.pem"; } }\n')
    assert b"nothing.pem: the file cannot be opened: No such file or directory" in bojagi.run("check", "ca.conf").stdout
    (bojagi.home / "log.conf").write_text("listener web 127.0.0.1:8080 { protocol tcp; pool app; }\npool app { server a 127.0.0.1:9001; }\n"
                                          'log access { file "folder"; }\n')
    result = bojagi.run("proxy", "-c", "log.conf")
    assert result.returncode == 2 and b"access log folder: Is a directory" in result.stderr, result.stderr
    for line in ("admin 192.0.2.1:8080;", "listener web 192.0.2.1:8080 { protocol tcp; pool app; }"):  # an address that no machine has
        (bojagi.home / "address.conf").write_text(line + "\npool app { server a 127.0.0.1:9001; }\n")
        result = bojagi.run("proxy", "-c", "address.conf")
        assert result.returncode == 2 and b"192.0.2.1:8080: Cannot assign requested address" in result.stderr, result.stderr


def test_what_is_no_text_does_nothing_to_a_terminal_or_to_json(bojagi):
    (bojagi.home / "bad.conf").write_bytes(b"x \x01 \x7f \x9b31m \xff \xc2\x9b31m;\n")
    result = bojagi.run("check", "bad.conf")
    assert result.returncode == 2 and not any(c in result.stdout for c in b"\x01\x7f\x9b\xff"), result.stdout
    name = b"bad\xff\x9b.conf"
    (bojagi.home / "bad.conf").rename(bojagi.home / os.fsdecode(name))
    found = json.loads(bojagi.run("check", "--json", os.fsdecode(name)).stdout)
    assert found["file"] == "bad\ufffd\ufffd.conf" and found["errors"] == 1
