"""The program as a whole: examples, help, unknown words, exit codes, explain."""
import hashlib
import json
import os
import re
import socket
import subprocess

import pytest

from snapshot import same_as


def test_an_unknown_command_exits_2_and_names_the_nearest(bojagi):
    result = bojagi.run("explian", "x")
    assert result.returncode == 2 and result.stdout == b""
    assert b"unknown command 'explian'; did you mean 'explain'?" in result.stderr


def test_an_unknown_option_exits_2_and_names_the_nearest(bojagi):
    result = bojagi.run("explain", "--jsno", "CERT_NAME")
    assert result.returncode == 2 and result.stdout == b""
    assert b"unknown option '-jsno'; did you mean '--json'?" in result.stderr


@pytest.mark.parametrize("arguments", [["explain", "--color", "sometimes", "x"], ["explain", "--timeout", "soon", "x"],
                                       ["explain", "--timeout"], ["explain"], ["cert"], ["cert", "server"], ["cert", "show"],
                                       ["cert", "server", "x", "--days", "0"]])
def test_wrong_usage_exits_2_with_a_word_on_standard_error(bojagi, arguments):
    result = bojagi.run(*arguments)
    assert result.returncode == 2 and result.stdout == b"" and result.stderr != b""


def test_an_option_that_takes_no_value_or_may_be_two_is_not_called_unknown(bojagi):
    assert b"option '--json' takes no value\n" in bojagi.run("connect", "--json=1", "x").stderr
    assert b"option '-no' may be '--no-color' or '--no-input'\n" in bojagi.run("explain", "--no", "x").stderr


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--list"], ["explain", "--list", "--json"], ["sim"]])
def test_what_could_not_be_written_is_told_and_is_no_success(bojagi, arguments):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([bojagi.path, *arguments], stdout=full, stderr=subprocess.PIPE, env=bojagi.env, timeout=30, check=False)
    assert result.returncode == 1 and b"not everything could be written to standard output" in result.stderr, result.stderr
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', bojagi.path, *arguments], stderr=subprocess.PIPE, env=bojagi.env, timeout=30, check=False)
    assert closed.returncode == 1 and b"not everything could be written" in closed.stderr, closed.stderr


def test_alone_it_prints_six_examples(bojagi):
    result = bojagi.run()
    assert result.returncode == 0 and result.stderr == b""
    assert sum(line.startswith("  bojagi ") for line in result.stdout.decode().splitlines()) == 6
    same_as("examples.txt", result.stdout.decode())


def test_every_command_has_help_that_begins_with_an_example(bojagi):
    listing = bojagi.run("--help").stdout.decode()
    same_as("help.txt", listing)
    commands = [line.split()[0] for line in listing.splitlines() if line.startswith("  ")]
    assert "explain" in commands
    for command in commands:
        result = bojagi.run(command, "--help")
        assert result.returncode == 0 and result.stdout.decode().startswith(f"bojagi {command}"), command
        same_as(f"help-{command}.txt", result.stdout.decode())


def test_every_command_tells_the_version(bojagi):
    assert bojagi.run("--version").stdout == bojagi.run("cert", "--version").stdout == b"bojagi 0.1.0\n"


def test_a_failure_is_explained_by_identifier_and_by_name(bojagi):
    by_id, by_name = bojagi.run("explain", "E-CERT-0212"), bojagi.run("explain", "cert_expired")
    assert by_id.returncode == 0 and by_id.stdout == by_name.stdout
    same_as("explain-cert-expired.txt", by_id.stdout.decode())


def test_alerts_and_exit_codes_are_explained(bojagi):
    assert bojagi.run("explain", "alert:48").stdout == bojagi.run("explain", "unknown_ca").stdout
    same_as("explain-unknown-ca.txt", bojagi.run("explain", "unknown_ca").stdout.decode())
    same_as("explain-exit-60.txt", bojagi.run("explain", "exit", "60").stdout.decode())


def test_what_is_unknown_to_explain_exits_2_and_names_the_nearest(bojagi):
    result = bojagi.run("explain", "CERT_EXPIRD")
    assert result.returncode == 2 and b"did you mean 'CERT_EXPIRED'?" in result.stderr
    assert bojagi.run("explain", "alert:3").returncode == 2


def test_the_list_as_json_has_a_text_for_every_failure(bojagi, root):
    rows = json.loads(bojagi.run("explain", "--list", "--json").stdout)
    failures = {row["name"] for row in rows if row["kind"] == "failure"}
    text = (root / "include" / "bojagi" / "err.def").read_text()
    assert failures == {line[len("BJ_ERR("):line.index(",")] for line in text.splitlines() if line.startswith("BJ_ERR(")}
    assert all(row["means"] and row["next"] for row in rows if row["kind"] == "failure")


@pytest.mark.parametrize("arguments, schema", [
    ("cert init --dir other", "cert"), ("cert server a.test", "cert"), ("cert renew site.pem", "cert"), ("cert show site.pem", "cert"),
    ("cert crl", "cert"), ("cert ocsp site.pem", "cert"), ("cert ech public.test", "cert"), ("cert install --dry-run", "cert"),
    ("cert revoke site.pem", "cert"), ("connect 127.0.0.1:1", "connect"), ("cert show 127.0.0.1:1", "cert"), ("check nothing.conf", "check"),
])
def test_a_json_document_names_its_form_and_has_dates_of_rfc3339(bojagi, arguments, schema):
    assert bojagi.run("cert", "init").returncode == 0
    assert bojagi.run("cert", "server", "localhost", "--out", "site").returncode == 0
    result = bojagi.run(*arguments.split(), "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == f"bojagi.{schema}/1"

    def dates(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("not_before", "not_after", "this_update", "next_update"):
                    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", inner), inner
                dates(inner)
        elif isinstance(value, list):
            for inner in value:
                dates(inner)
    dates(found)


@pytest.mark.parametrize("command", ["cert", "check", "connect", "explain", "proxy", "reload", "serve", "sim"])
def test_every_command_has_the_whole_help_and_runs_without_input(bojagi, command):
    whole = bojagi.run(command, "--help-all").stdout
    assert whole.startswith(bojagi.run(command, "--help").stdout) and b"--no-input" in whole
    assert bojagi.run(command, "--no-input", "--version").returncode == 0


def test_whoever_holds_the_name_of_a_gateway_does_nothing_to_a_terminal(bojagi):
    """Root asks gateways of other users, too."""
    place = f"{os.path.realpath(bojagi.home)}/bojagi.conf"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0bojagi-reload-" + hashlib.sha256(place.encode()).hexdigest()[:32])
        asked = bojagi.start("reload", "bojagi.conf", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        _, who = sock.recvfrom(100)
        sock.sendto(b"!red \x1b[31m\x9b31m\xc2\x9b31m\nbojagi: reloaded \xea\xb0\x80", who)
        error = asked.communicate(timeout=30)[1]
    assert asked.returncode == 7
    assert error == b"bojagi: the gateway does not: red ?[31m?31m??31m?bojagi: reloaded \xea\xb0\x80\n", error


def test_an_option_in_the_place_of_the_command_is_named_as_such(bojagi):
    result = bojagi.run("--json", "connect", "localhost")
    assert result.returncode == 2 and b"a command comes first, then its options: not '--json'" in result.stderr


def test_nobody_at_a_terminal_is_asked_where_there_is_no_input(bojagi):
    assert bojagi.run("cert", "init").returncode == 0
    assert bojagi.run("cert", "client", "alice", "--p12").returncode == 0
    main, side = os.openpty()
    try:
        done = subprocess.run([str(bojagi.path), "connect", "127.0.0.1:1", "-cert", "alice.p12", "--no-input"], stdin=side, env=bojagi.env,
                              cwd=bojagi.home, capture_output=True, timeout=20, check=False)
    finally:
        os.close(main)
        os.close(side)
    assert done.returncode == 58 and b"a passphrase is needed" in done.stderr, done.stderr
