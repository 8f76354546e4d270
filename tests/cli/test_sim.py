"""`bojagi sim`: what is told of a handshake under a given network."""
import json

import pytest

import snapshot

# The certificate and its signatures differ in a byte or two from run to run.
LENGTHS = [(r"\d+:\d+\(\d+\) *", "SEQ:END(LEN) "), (r"\[\d+,\d+\) of \d+", "[A,B) of N"), (r"ack \d+ *", "ack N "), (r"client \d+, server \d+; seed", "client N, server N; seed")]


def normal(text):
    import re
    for pattern, instead in LENGTHS:
        text = re.sub(pattern, instead, text)
    return text


@pytest.mark.parametrize("name, arguments", [("good", []), ("drop", ["--rtt", "20ms", "--drop", "client:2"]), ("tls12", ["-tls1_2"])])
def test_a_ladder_tells_segments_and_messages(bojagi, name, arguments):
    result = bojagi.run("sim", *arguments)
    assert result.returncode == 0, result.stderr
    snapshot.same_as(f"sim-{name}.txt", normal(result.stdout.decode()))


def test_a_seed_reproduces_and_another_does_not(bojagi):
    def times(seed):
        lines = bojagi.run("sim", "--loss", "20", "--json", "--seed", seed).stdout.splitlines()
        return [(row["at_us"], row["from"], row.get("lost")) for row in map(json.loads, lines[:-1])]
    assert times(5) == times(5)
    assert times(5) != times(6)


def test_json_has_a_row_for_each_segment_and_a_result(bojagi):
    lines = [json.loads(line) for line in bojagi.run("sim", "--json", "--rtt", "100ms").stdout.splitlines()]
    assert lines[0] == {"at_us": 0, "from": "client", "flags": "SYN", "seq": 0, "ack": 0, "len": 0, "lost": False, "why": None, "tls": None}
    assert lines[-1]["schema"] == "bojagi.sim/1" and lines[-1]["client_done_us"] == 200000 and lines[-1]["error"] is None
    assert lines[-1]["packets"] == len(lines) - 1


def test_a_network_that_takes_everything_is_a_timeout(bojagi):
    result = bojagi.run("sim", "--loss", "100", "--quiet")
    assert result.returncode == 28 and "the client gave up" in result.stderr.decode()


@pytest.mark.parametrize("arguments", [["--rtt", "soon"], ["--rtt", "2m"], ["--loss", "101"], ["--loss", "-1"], ["--loss", "x"], ["--drop", "3"], ["--drop", "client:1", "--drop", "client:2"],
                                       ["--drop", "client:0"], ["--bandwidth", "fast"], ["--bandwidth", "1"], ["--mtu", "100"], ["--key", "x"],
                                       ["--seed", "x"], ["operand"]])
def test_wrong_words_exit_2(bojagi, arguments):
    result = bojagi.run("sim", *arguments)
    assert result.returncode == 2 and result.stdout == b"" and result.stderr


def test_the_server_s_own_chain_can_be_tried(bojagi):
    assert bojagi.run("cert", "init", "--dir", "ca").returncode == 0
    made = bojagi.run("cert", "server", "www.test", "--dir", "ca")
    assert made.returncode == 0, made.stderr
    pem = next(bojagi.home.rglob("www.test*.pem"))
    key = next(bojagi.home.rglob("www.test*.key"))
    result = bojagi.run("sim", "--cert", pem, "--key", key)
    assert result.returncode == 0, result.stderr
    assert bojagi.run("sim", "--cert", bojagi.home / "nosuch.pem").returncode == 58
