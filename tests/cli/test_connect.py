"""connect: reports and exit codes, against our own server and against openssl's."""
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from pki import make
from snapshot import same_as


@pytest.fixture
def ca(bojagi):
    assert bojagi.run("cert", "init", "--dir", "ca").returncode == 0
    assert bojagi.run("cert", "server", "localhost", "127.0.0.1", "--dir", "ca", "--out", "site").returncode == 0
    return bojagi.home / "ca" / "ca.pem"


@pytest.fixture
def openssl_server(bojagi, free_port):
    """A function that starts `openssl s_server` and waits until it listens."""
    started = []

    def start(*arguments, certificate="site"):
        port = free_port()
        process = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", f"{certificate}.pem", "-key", f"{certificate}.key",
                                    *map(str, arguments)], cwd=bojagi.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        started.append(process)
        for line in iter(process.stdout.readline, b""):
            if b"ACCEPT" in line:
                return port
        raise AssertionError("s_server did not start")

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def once(free_port):
    """A function that starts a server which answers its first client with `answer`, then closes or waits."""
    ends = threading.Event()
    threads = []

    def start(answer, wait=False):
        listener = socket.create_server(("127.0.0.1", 0))

        def run():
            client, _ = listener.accept()
            client.recv(65536)
            client.sendall(answer)
            if wait:
                ends.wait(20)
            client.close()
            listener.close()

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    ends.set()


@pytest.fixture
def once_then_gone(bojagi, ca):
    """The port of a server that serves one connection, after it has thought about it, and listens no more."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bojagi.home / "site.pem", bojagi.home / "site.key")

    def run():
        client, _ = listener.accept()
        listener.close()
        time.sleep(0.3)
        with context.wrap_socket(client, server_side=True) as tls:
            tls.recv(1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(20)


def report(bojagi, *arguments, stdin=b"", **more):
    result = bojagi.run("connect", *arguments, "--json", stdin=stdin, **more)
    return result.returncode, json.loads(result.stdout)


# ---- what goes wrong

def test_a_name_that_does_not_resolve_is_6(bojagi):
    code, found = report(bojagi, "no-such-host.invalid")
    assert code == 6 and found["failure"]["name"] == "IO_NAME" and found["exit"] == 6


def test_a_refused_connection_is_7(bojagi, free_port):
    code, found = report(bojagi, f"127.0.0.1:{free_port()}")
    assert code == 7 and found["failure"]["name"] == "IO_REFUSED"


def test_a_silent_server_is_28_after_the_timeout(bojagi, once):
    code, found = report(bojagi, f"127.0.0.1:{once(b'', wait=True)}", "--timeout", "300ms")
    assert code == 28 and found["failure"]["name"] == "IO_TIMEOUT"


@pytest.mark.parametrize("answer,name", [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "NOT_TLS"), (b"220 mail ESMTP\r\n", "NOT_TLS"),
                                         (b"\x15\x03\x03\x00\x02\x02\x28", "ALERT_RECEIVED"),
                                         (b"\x16\x03\x03\x00\x04\x02\x00\x00\x00", "DECODE")])
def test_a_server_that_does_not_answer_the_handshake_is_35(bojagi, once, answer, name):
    code, found = report(bojagi, f"127.0.0.1:{once(answer)}")
    assert code == 35 and found["failure"]["name"] == name


def test_a_server_that_hangs_up_in_the_handshake_is_35(bojagi, once):
    assert report(bojagi, f"127.0.0.1:{once(b'')}")[0] == 35


def test_a_server_that_goes_without_a_word_is_no_matter_of_lengths(bojagi, once):
    result = bojagi.run("connect", f"127.0.0.1:{once(b'')}")
    assert result.returncode == 35 and b"It ended within the handshake, and no alert said why" in result.stdout and b"Content-Length" not in result.stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_is_not_the_connection(bojagi, ca, serve, closed):
    """Else the socket gets its number: the peer's records are sent back as input, and reports go to the peer in plain text."""
    running = serve("--echo", "--dir", "ca")
    command = ["sh", "-c", f'exec "$0" "$@" {closed}', bojagi.path, "connect", f"localhost:{running.port}", "-CAfile", ca, "-msg", "-tls1_3"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=bojagi.env, timeout=30, check=False)
    assert result.returncode == (1 if ">&-" in closed.split() else 0), (result.stdout, result.stderr)
    assert b"the connection ended" not in result.stderr
    assert running.stop()[1] == "", "the server met something that was not TLS"


def test_an_answer_that_cannot_be_written_is_not_blamed_on_the_connection(bojagi, ca, serve):
    port = serve("--echo", "--dir", "ca").port
    for data in (b"", b"GET / HTTP/1.0\r\n\r\n"):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([bojagi.path, "connect", f"localhost:{port}", "-CAfile", ca], input=data, stdout=full, stderr=subprocess.PIPE,
                                    env=bojagi.env, timeout=30, check=False)
        assert result.returncode == 1 and b"could be written to standard output" in result.stderr and b"the connection ended" not in result.stderr


def test_names_do_nothing_to_a_terminal(bojagi):
    for name, shown in (("a\u009b31mb.invalid", b"a?31mb.invalid port"), (b"a\x9b31m\xff.invalid", b"a?31m?.invalid port"), ("\uac00.invalid", "\uac00.invalid port".encode())):
        result = bojagi.run("connect", os.fsdecode(name) if isinstance(name, bytes) else name, "--timeout", "5s")
        assert result.stdout.startswith(shown), result.stdout


DEAF = """
import socket, subprocess, sys, time
deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.bind(("127.0.0.1", 53))
began = time.monotonic()
code = subprocess.run([sys.argv[1], "connect", "name.example", "--timeout", "700ms"], stdin=subprocess.DEVNULL).returncode
print(code, time.monotonic() - began)
"""


def test_a_resolver_that_does_not_answer_is_28_after_the_timeout(bojagi):
    (bojagi.home / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (bojagi.home / "nsswitch.conf").write_text("hosts: dns\n")
    space = ["unshare", "-mn", "sh", "-c", "ip link set lo up && mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf && exec \"$@\"", "sh"]
    if subprocess.run([*space, "true"], cwd=bojagi.home, capture_output=True, timeout=30, check=False).returncode != 0:
        pytest.skip("needs the right to make namespaces")
    done = subprocess.run([*space, sys.executable, "-c", DEAF, bojagi.path], cwd=bojagi.home, env=bojagi.env, capture_output=True, text=True, timeout=60, check=False)
    code, seconds = done.stdout.split()[-2:]
    assert code == "28" and float(seconds) < 4, done.stdout + done.stderr


def test_an_unknown_ca_is_60_with_the_whole_report(bojagi, ca, serve):
    code, found = report(bojagi, f"localhost:{serve('--dir', 'ca').port}")
    assert code == 60 and found["verdict"]["failure"]["name"] == "CERT_UNKNOWN_CA" and found["tls"]["version"] == "TLSv1.3"
    assert found["chain"][0]["subject"] == "CN=localhost" and found["tls"]["alert_sent"] == {"number": 48, "name": "unknown_ca"}


def test_another_name_is_60(bojagi, ca, serve):
    code, found = report(bojagi, f"localhost:{serve('--dir', 'ca').port}", "-CAfile", ca, "-servername", "other.test")
    assert code == 60 and found["verdict"]["failure"]["name"] == "CERT_NAME" and found["verdict"]["trusted"] is False


def test_an_expired_certificate_is_60(bojagi, ca, openssl_server):
    make(bojagi.home, "old")
    code, found = report(bojagi, f"localhost:{openssl_server(certificate='old')}", "-CAfile", ca)
    assert code == 60 and found["verdict"]["failure"]["name"] == "CERT_EXPIRED" and found["chain"][0]["valid_now"] is False


def test_why_a_file_of_cas_cannot_be_read_is_said(bojagi):
    for file, why in (("nothing.pem", b"No such file or directory"), (".", b"Is a directory")):
        for command in (["connect", "127.0.0.1:1", "-CAfile", file], ["connect", "127.0.0.1:1", "-insecure", "--crl", file], ["serve", "--ca", file]):
            result = bojagi.run(*command)
            assert result.returncode == 77 and why + b": the file cannot be" in result.stderr, result.stderr


def test_a_ca_file_that_cannot_be_read_is_77(bojagi, ca):
    assert bojagi.run("connect", "localhost:1", "-CAfile", "nothing.pem").returncode == 77
    assert bojagi.run("connect", "localhost:1", "-CAfile", "site.key").returncode == 77
    assert bojagi.run("connect", "localhost:1", env={"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}).returncode == 77


def test_an_own_certificate_that_cannot_be_used_is_58(bojagi, ca):
    bojagi.run("cert", "client", "alice", "--dir", "ca")
    for arguments in (["-cert", "nothing.pem"], ["-cert", "alice.pem", "-key", "site.key"], ["-cert", "alice.pem"]):
        assert bojagi.run("connect", "localhost:1", "-CAfile", ca, *arguments).returncode == 58


def test_a_demanded_client_certificate_is_98_and_a_refused_one_58(bojagi, ca, serve):
    bojagi.run("cert", "init", "--dir", "other")
    bojagi.run("cert", "client", "mallory", "--dir", "other")
    bojagi.run("cert", "client", "alice", "--dir", "ca")
    target = f"localhost:{serve('--echo', '--dir', 'ca', '--ca', ca, '--require-client-cert').port}"
    code, found = report(bojagi, target, "-CAfile", ca)
    assert code == 98 and found["tls"]["alert_received"]["name"] == "certificate_required"
    assert report(bojagi, target, "-CAfile", ca, "-cert", "mallory.pem", "-key", "mallory.key")[0] == 58
    code, found = report(bojagi, target, "-CAfile", ca, "-cert", "alice.pem", "-key", "alice.key")
    assert code == 0 and found["tls"]["client_certificate_asked"] is True


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a:0"], ["-groups", "nothing", "a"], ["-ciphersuites", ":", "a"], ["-key", "x", "a"],
                                       ["-connnect", "a:1"], ["a", "--timeout", "0"]])
def test_wrong_usage_is_2(bojagi, arguments):
    result = bojagi.run("connect", *arguments)
    assert result.returncode == 2 and result.stdout == b""


@pytest.mark.parametrize("command", [["connect", "localhost:1", "--from", "10.9.0.2"], ["serve", "--listen", "10.9.0.2"]])
def test_a_congestion_control_that_does_not_exist_or_has_no_carrier_is_said(bojagi, command):
    for more, word in ((["--congestion", "fast", "--carrier", "tun0"], b"cubic, bbr or reno, not 'fast'"), (["--congestion", "bbr"], b"need --carrier")):
        result = bojagi.run(*command, *more)
        assert result.returncode == 2 and word in result.stderr, result.stderr


# ---- what goes right

@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_each_suite_of_tls13_meets_openssl(bojagi, ca, openssl_server, suite):
    code, found = report(bojagi, f"localhost:{openssl_server()}", "-CAfile", ca, "-tls1_3", "-ciphersuites", suite)
    assert code == 0 and found["tls"]["suite"] == suite and found["verdict"]["trusted"] is True


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_each_suite_of_tls12_meets_openssl(bojagi, ca, openssl_server, suite):
    code, found = report(bojagi, f"localhost:{openssl_server()}", "-CAfile", ca, "-tls1_2", "-cipher", suite)
    assert code == 0 and found["tls"]["version"] == "TLSv1.2" and found["verdict"]["trusted"] is True
    assert ("CHACHA20" in suite) == ("CHACHA20" in found["tls"]["suite"]) and ("256-GCM" in suite) == ("256_GCM" in found["tls"]["suite"])


@pytest.mark.parametrize("group,name", [("X25519", "X25519"), ("P-256", "secp256r1"), ("secp384r1", "secp384r1"), ("P-521", "secp521r1")])
def test_each_group_meets_openssl(bojagi, ca, openssl_server, group, name):
    code, found = report(bojagi, f"localhost:{openssl_server()}", "-CAfile", ca, "-groups", group)
    assert code == 0 and found["tls"]["group"] == name and found["tls"]["retried"] is False


def test_a_server_that_wants_another_group_asks_again(bojagi, ca, openssl_server):
    code, found = report(bojagi, f"localhost:{openssl_server('-groups', 'P-384')}", "-CAfile", ca, "-groups", "X25519:P-384")
    assert code == 0 and found["tls"]["group"] == "secp384r1" and found["tls"]["retried"] is True


def test_alpn_is_negotiated(bojagi, ca, openssl_server):
    code, found = report(bojagi, f"localhost:{openssl_server('-alpn', 'http/1.1')}", "-CAfile", ca, "-alpn", "h2,http/1.1")
    assert code == 0 and found["tls"]["alpn"] == "http/1.1"


def test_standard_input_is_sent_and_the_answer_comes_on_standard_output(bojagi, ca, serve):
    target = f"localhost:{serve('--name', 'a', '--dir', 'ca').port}"
    result = bojagi.run("connect", target, "-CAfile", ca, stdin=b"GET /x HTTP/1.0\r\n\r\n")
    assert result.returncode == 0 and result.stdout.startswith(b"HTTP/1.1 200 OK\r\n") and b"server a\n" in result.stdout
    assert b"TLSv1.3" in result.stderr
    quiet = bojagi.run("connect", target, "-CAfile", ca, "-q", stdin=b"GET /x HTTP/1.0\r\n\r\n")
    assert quiet.returncode == 0 and quiet.stderr == b""


def test_nothing_is_sent_to_a_server_that_is_not_trusted(bojagi, ca, serve):
    server = serve("--name", "a", "--dir", "ca")
    result = bojagi.run("connect", f"localhost:{server.port}", stdin=b"GET /secret HTTP/1.0\r\n\r\n")
    assert result.returncode == 60 and "/secret" not in server.stop()[1]


def test_insecure_goes_on_and_says_so(bojagi, ca, serve):
    target = f"localhost:{serve('--dir', 'ca').port}"
    code, found = report(bojagi, target, "-insecure")
    assert code == 0 and found["insecure"] is True and found["verdict"]["trusted"] is False
    assert "going on all the same: --insecure" in bojagi.run("connect", target, "-insecure").stdout.decode()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("ours", [True, False])
def test_reconnecting_resumes(bojagi, ca, serve, openssl_server, ours, version):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port if ours else openssl_server()
    code, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, "-reconnect", version)
    assert code == 0 and found["tls"]["resumed"] is False
    assert found["second"]["tls"]["resumed"] is True and found["second"]["exit"] == 0


def test_a_session_is_saved_offered_and_not_offered_to_another_name(bojagi, ca, serve):
    target = f"localhost:{serve('--echo', '--cert', 'site.pem', '--key', 'site.key').port}"
    assert report(bojagi, target, "-CAfile", ca, "-sess_out", "session")[0] == 0
    assert (bojagi.home / "session").stat().st_mode & 0o777 == 0o600
    code, found = report(bojagi, target, "-CAfile", ca, "-sess_in", "session")
    assert code == 0 and found["tls"]["resumed"] is True and found["verdict"]["trusted"] is True
    code, found = report(bojagi, target, "-CAfile", ca, "-sess_in", "session", "-servername", "127.0.0.1")
    assert code == 0 and found["tls"]["resumed"] is False
    damaged = bytearray((bojagi.home / "session").read_bytes())
    damaged[40] ^= 1
    (bojagi.home / "session").write_bytes(damaged)
    code, found = report(bojagi, target, "-CAfile", ca, "-sess_in", "session")
    assert code == 0 and found["tls"]["resumed"] is False
    (bojagi.home / "session").write_bytes(os.urandom(200))
    refused = bojagi.run("connect", target, "-CAfile", ca, "-sess_in", "session")
    assert refused.returncode == 2 and b"is not a session" in refused.stderr


def test_a_session_is_judged_again_by_the_anchors_of_today(bojagi, ca, serve):
    target = f"localhost:{serve('--echo', '--cert', 'site.pem', '--key', 'site.key').port}"
    assert report(bojagi, target, "-CAfile", ca, "-sess_out", "session")[0] == 0
    bojagi.run("cert", "init", "--dir", "other")
    code, found = report(bojagi, target, "-CAfile", "other/ca.pem", "-sess_in", "session")
    assert code == 60 and found["verdict"]["trusted"] is False


def test_the_key_log_has_the_secrets_of_tls13(bojagi, ca, serve):
    target = f"localhost:{serve('--dir', 'ca').port}"
    assert report(bojagi, target, "-CAfile", ca, "-keylogfile", "keys.log")[0] == 0
    assert report(bojagi, target, "-CAfile", ca, env={"SSLKEYLOGFILE": "keys.log"})[0] == 0
    labels = [line.split()[0] for line in (bojagi.home / "keys.log").read_text().splitlines()]
    for label in ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"):
        assert labels.count(label) == 2
    assert (bojagi.home / "keys.log").stat().st_mode & 0o777 == 0o600


def test_secrets_that_could_not_be_written_are_told(bojagi, ca, serve):
    result = bojagi.run("connect", f"localhost:{serve('--dir', 'ca').port}", "-CAfile", ca, "-keylogfile", "/dev/full")
    assert result.returncode == 0 and b"not all secrets could be written to the key log" in result.stderr, result.stderr


def test_showcerts_prints_the_certificate_that_was_sent(bojagi, ca, serve):
    target = f"localhost:{serve('--echo', '--cert', 'site.pem', '--key', 'site.key').port}"
    shown = bojagi.run("connect", target, "-CAfile", ca, "-showcerts").stdout.decode()
    begin, end = shown.index("-----BEGIN"), shown.index("-----END")
    assert shown[begin:end] == (bojagi.home / "site.pem").read_text().split("-----END")[0]


def test_what_a_good_report_looks_like(bojagi, ca, serve):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port
    result = bojagi.run("connect", f"localhost:{port}", "-CAfile", ca, "-groups", "X25519")
    assert result.returncode == 0 and result.stderr == b""
    same_as("connect-good.txt", result.stdout.decode(), PORT=port)


def test_what_a_bad_report_looks_like(bojagi, ca, serve):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port
    result = bojagi.run("connect", f"localhost:{port}", "-CAfile", ca, "-servername", "other.test", "-groups", "X25519")
    assert result.returncode == 60
    same_as("connect-other-name.txt", result.stdout.decode(), PORT=port)


def test_ascii_reports_have_no_other_characters(bojagi, ca, serve):
    target = f"localhost:{serve('--dir', 'ca').port}"
    for more in ([], ["-CAfile", ca]):
        result = bojagi.run("connect", target, "--ascii", *more)
        assert result.stdout.isascii() and b"TLSv1.3" in result.stdout
        assert bojagi.run("connect", target, *more, env={"LC_ALL": "C"}).stdout.isascii()


@pytest.mark.parametrize("arguments, word", [
    (["-ciphersuites", "ECDHE-RSA-AES128-GCM-SHA256"], "it belongs to -cipher"), (["-cipher", "TLS_AES_128_GCM_SHA256"], "it belongs to -ciphersuites"),
    (["-alpn", ""], "list of application protocols is empty"), (["--tls", "1.1"], "--tls is 1.2 or 1.3, not '1.1'"),
    (["--tls", "1.3", "--tls", "1.1"], "--tls is 1.2 or 1.3, not '1.1'"), (["-groups", "P-256:X25519:prime256v1"], "the group 'prime256v1' is named twice"),
    (["--slo", "soon"], "--slo is a time"), (["--slo", "dns=1s"], "--slo is a time"), (["--slo", "tls=1s,tls=2s"], "--slo is a time"),
    (["--slo", ""], "--slo is a time"), (["--slo", "0ms"], "--slo is a time"),
])
def test_what_cannot_be_meant_is_said_in_its_words(bojagi, arguments, word):
    result = bojagi.run("connect", "127.0.0.1:1", *arguments)
    assert result.returncode == 2 and word in result.stderr.decode(), result.stderr


def test_suites_of_the_version_that_is_off_are_told_to_do_nothing(bojagi, ca, serve):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port
    for version, suites, flag in (("1.2", "TLS_AES_256_GCM_SHA384", "-ciphersuites"), ("1.3", "ECDHE-ECDSA-AES256-GCM-SHA384", "-cipher")):
        result = bojagi.run("connect", f"localhost:{port}", "--ca", ca, "--tls", version, flag, suites)
        assert result.returncode == 0 and f"{flag} does nothing with TLS {version} alone" in result.stderr.decode(), result.stderr
        assert f"TLSv{version} ".encode() in result.stdout


def test_native_names_do_what_those_of_s_client_do(bojagi, ca, serve):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port
    assert bojagi.run("connect", f"localhost:{port}", "--ca", ca, "--tls", "1.3", "--ticket-out", "session").returncode == 0
    code, found = report(bojagi, f"localhost:{port}", "--ca", ca, "--ticket-in", "session", "--resume")
    assert code == 0 and found["tls"]["resumed"] and found["second"]["tls"]["resumed"]
    result = bojagi.run("connect", f"localhost:{port}", "--ca", ca, "--ticket-in", "session", "--resume")
    assert b"1st resumed" in result.stdout and b"2nd resumed" in result.stdout
    result = bojagi.run("connect", f"localhost:{port}", "--ca", ca, "--ticket-in", "session", "-tls1_2")
    assert result.returncode == 0 and b"for another name or version" in result.stdout


def test_verbose_shows_certificates_in_full_and_then_messages_by_name(bojagi, ca, serve):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key", "--early-data", "1000").port
    (bojagi.home / "early").write_text("hello")
    plain, once, twice = (bojagi.run("connect", f"localhost:{port}", "--ca", ca, "-reconnect", "--early-data", "early", *more)
                          for more in ([], ["-v"], ["-vv"]))
    assert b"SHA-256 " not in plain.stderr and b"SHA-256 " in once.stderr and b"Purposes      serverAuth" in once.stderr, once.stderr
    assert b"finished, " not in once.stderr
    assert b"-> end_of_early_data, 4 bytes" in twice.stderr and b"unknown" not in twice.stderr, twice.stderr


def test_a_ca_file_that_cannot_be_read_is_told_also_where_nobody_is_believed(bojagi):
    assert bojagi.run("connect", "127.0.0.1:1", "-CAfile", "nothing.pem", "-insecure").returncode == 77


def test_a_protocol_that_was_not_agreed_on_is_told(bojagi, ca, openssl_server):
    result = bojagi.run("connect", f"localhost:{openssl_server()}", "--ca", ca, "-alpn", "h2")
    assert result.returncode == 0 and b"no application protocol was agreed on" in result.stdout, result.stdout


def test_a_threshold_that_is_not_met_is_4(bojagi, ca, serve, once_then_gone):
    port = serve("--echo", "--cert", "site.pem", "--key", "site.key").port
    assert report(bojagi, f"localhost:{port}", "--ca", ca)[1]["slo_missed"] is None
    code, found = report(bojagi, f"localhost:{port}", "--ca", ca, "--slo", "30s,tls=29s")
    assert code == 0 and found["slo_missed"] == []
    code, found = report(bojagi, f"localhost:{once_then_gone}", "--ca", ca, "--slo", "tcp=20s,tls=200ms")
    assert code == 4 and found["slo_missed"] == ["tls"] and found["exit"] == 4, found


def test_what_took_too_long_is_said(bojagi, ca, once_then_gone):
    result = bojagi.run("connect", f"localhost:{once_then_gone}", "--ca", ca, "--slo", "200ms")
    assert result.returncode == 4 and b"total took " in result.stdout and b" 200 ms was the most" in result.stdout, result.stdout
    assert b"exit 4: a threshold" in result.stdout


def test_the_failure_of_a_second_connection_says_its_exit_code(bojagi, ca, once_then_gone):
    result = bojagi.run("connect", f"localhost:{once_then_gone}", "--ca", ca, "-tls1_2", "-reconnect")
    assert result.returncode == 7 and b"the second connection failed" in result.stdout and b"exit 7: " in result.stdout, result.stdout


@pytest.fixture
def stapled(bojagi, ca, openssl_server):
    """A function that starts a server with a certificate of the local CA and an OCSP response about it: good, revoked, another's or none."""
    def start(what, *arguments):
        assert bojagi.run("cert", "server", "localhost", "--dir", "ca", "--out", what).returncode == 0
        if what == "revoked":
            assert bojagi.run("cert", "revoke", "revoked.pem", "--dir", "ca").returncode == 0
        about = "site" if what == "another" else what
        assert bojagi.run("cert", "ocsp", f"{about}.pem", "--dir", "ca", "--out", f"{what}.ocsp").returncode == 0
        return openssl_server(*([] if what == "none" else ["-status_file", f"{what}.ocsp"]), *arguments, certificate=what)
    return start


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("what, code, demanded, word", [("good", 0, 0, "good"), ("revoked", 60, 60, "revoked"), ("another", 0, 91, "unknown"),
                                                        ("none", 0, 91, "none")])
def test_the_stapled_response_is_asked_for_judged_and_told(bojagi, ca, stapled, what, code, demanded, word, version):
    port = stapled(what)
    for flag, wanted in (("-status", code), ("--ocsp", demanded)):
        got, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, flag, version)
        assert got == wanted and found["ocsp"]["status"] == word, found
    assert found["exit"] == demanded and (demanded != 91 or found["verdict"]["failure"]["name"] == "CERT_REVOCATION_UNKNOWN")
    assert (found["ocsp"]["next_update"] is not None) == (what in ("good", "revoked"))
    got, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, version)
    assert got == 0 and found["ocsp"] is None  # nobody asked


def test_a_resumed_connection_needs_no_new_response_and_a_report_names_it(bojagi, ca, stapled):
    result = bojagi.run("connect", f"localhost:{stapled('good')}", "-CAfile", ca, "--ocsp", "-reconnect")
    assert result.returncode == 0 and b"OCSP: good since " in result.stdout and b"2nd resumed" in result.stdout, result.stdout


def test_a_certificate_that_demands_a_staple_is_91_without(bojagi, ca, openssl_server):
    make(bojagi.home, "demands", start="20260101000000Z", end="20991231000000Z", more="tlsfeature = status_request")
    port = openssl_server(certificate="demands")
    assert report(bojagi, f"localhost:{port}", "-CAfile", ca)[0] == 0
    code, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, "-status")
    assert code == 91 and found["failure"]["name"] == "CERT_STAPLE_MISSING"


def test_what_is_on_a_revocation_list_is_refused(bojagi, ca, openssl_server):
    port = openssl_server()
    assert bojagi.run("cert", "crl", "--dir", "ca").returncode == 0
    assert report(bojagi, f"localhost:{port}", "-CAfile", ca, "--crl", "ca/ca.crl")[0] == 0
    assert bojagi.run("cert", "revoke", "site.pem", "--dir", "ca").returncode == 0
    code, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, "-CRL", "ca/ca.crl")
    assert code == 60 and found["failure"]["name"] == "CERT_REVOKED"
    assert bojagi.run("connect", f"localhost:{port}", "-CAfile", ca, "--crl", "site.pem").returncode == 77


def test_a_pin_that_no_key_of_the_chain_has_is_a_failure_of_its_own(bojagi, ca, openssl_server):
    pin = json.loads(bojagi.run("cert", "show", "ca/ca.pem", "--json").stdout)["certificates"][0]["pin_sha256"]
    port = openssl_server()
    assert report(bojagi, f"localhost:{port}", "-CAfile", ca, "--pin", f"sha256//{pin}")[0] == 0
    code, found = report(bojagi, f"localhost:{port}", "-CAfile", ca, "--pin", "sha256//" + "A" * 43 + "=")
    verdict = found["verdict"]
    assert code == 90 and verdict["failure"]["name"] == "CERT_PIN" and verdict["fix"] and verdict["fix"] in verdict["words"]
    result = bojagi.run("connect", "localhost:1", "--pin", "nonsense")
    assert result.returncode == 2 and b"sha256//BASE64" in result.stderr
