"""connect and serve beside certificates: early data, pre-shared keys, raw public keys, encrypted hellos, new keys."""
import base64
import json
import re
import subprocess

import pytest

GET = b"GET /path HTTP/1.0\r\n\r\n"
KEY = "000102030405060708090a0b0c0d0e0f"


@pytest.fixture
def ca(bojagi):
    assert bojagi.run("cert", "init", "--dir", "ca").returncode == 0
    assert bojagi.run("cert", "server", "localhost", "public.test", "--dir", "ca", "--out", "site").returncode == 0
    (bojagi.home / "request").write_bytes(GET)
    (bojagi.home / "psk").write_text(KEY + "\n")
    return bojagi.home / "ca" / "ca.pem"


@pytest.fixture
def site(serve, ca):
    """A function that starts the echo server with the certificate and more."""
    return lambda *more: serve("--echo", "--cert", "site.pem", "--key", "site.key", *more)


def key_pair(bojagi, name):
    for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key"],
                    ["pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub"]):
        subprocess.run(["openssl", *command], cwd=bojagi.home, check=True, capture_output=True)


def report(done):
    found = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(b"{")]
    assert len(found) == 1, done
    return json.loads(found[0])


# ---- words that do not go together

@pytest.mark.parametrize("command,arguments,words", [
    ("connect", ["x", "--early-data", "request"], b"give -sess_in FILE"),
    ("connect", ["x", "--early-data", "request", "-reconnect", "-tls1_2"], b"--early-data is for TLS 1.3"),
    ("connect", ["x", "--early-data", "nothing", "-reconnect", "-CAfile", "ca/ca.pem"], b"cannot read --early-data nothing"),
    ("connect", ["x", "--early-data", "empty", "-reconnect", "-CAfile", "ca/ca.pem"], b"is empty"),
    ("connect", ["x", "--psk", KEY, "--psk-identity", "a"], b"the command line can be read by everybody"),
    ("connect", ["x", "--psk", "file:psk"], b"--psk needs --psk-identity"),
    ("connect", ["x", "--psk-identity", "a"], b"need --psk"),
    ("connect", ["x", "--psk", "file:nothing", "--psk-identity", "a"], b"cannot read nothing"),
    ("connect", ["x", "--psk", "env:BOJAGI_NO_SUCH", "--psk-identity", "a"], b"there is no variable BOJAGI_NO_SUCH"),
    ("connect", ["x", "--psk", "file:short", "--psk-identity", "a"], b"is not 16 to 64 bytes"),
    ("connect", ["x", "--psk", "file:request", "--psk-identity", "a"], b"is not 16 to 64 bytes"),
    ("connect", ["x", "--psk", "file:psk", "--psk-identity", "a", "-tls1_2"], b"--psk is for TLS 1.3"),
    ("connect", ["x", "--psk", "file:psk", "--psk-identity", "a", "--psk-raw", "--psk-context", "b"], b"there is no --psk-context"),
    ("connect", ["x", "--psk-hash", "md5"], b"--psk-hash is sha256 or sha384"),
    ("connect", ["x", "--peer-key", "site.pem"], b"--peer-key needs --raw-public-key"),
    ("connect", ["x", "--raw-public-key", "--peer-key", "nothing"], b"sha256//BASE64 or a file"),
    ("connect", ["x", "--raw-public-key", "--peer-key", "site.key"], b"is no public key"),
    ("connect", ["x", "--raw-public-key", "--peer-key", "two"], b"more than one key"),
    ("connect", ["x", "--raw-public-key", "--pin", "sha256//" + "A" * 43 + "="], b"say --peer-key"),
    ("connect", ["x", "--key-update", "-tls1_2"], b"--key-update is for TLS 1.3"),
    ("connect", ["x", "-groups", "X25519MLKEM"], b"did you mean 'X25519MLKEM768'?"),
    ("connect", ["x", "-groups", "brainpool"], b"there is no group 'brainpool' here, but: "),
    ("connect", ["x", "-ciphersuites", "TLS_AES_128_GCM_SHA265"], b"did you mean 'TLS_AES_128_GCM_SHA256'?"),
    ("connect", ["x", "--cert-compression", "gzip"], b"there is no compression 'gzip' here"),
    ("connect", ["x", "--cert-compression", ","], b"the list of compressions is empty"),
    ("connect", ["x", "--cert-compression", "zlib,zlib"], b"'zlib' is named twice"),
    ("connect", ["x", "--cert-compression", "zlib", "-tls1_2"], b"--cert-compression is for TLS 1.3"),
    ("connect", ["x", "--ech", "AEX+"], b"base64 behind ech="),
    ("connect", ["x", "--ech", "site.pem"], b"holds no ECH configuration"),
    ("connect", ["x", "--ech", "psk", "--ech-grease"], b"one of them"),
    ("connect", ["x", "--ech", "psk", "-tls1_2"], b"--ech is for TLS 1.3"),
    ("serve", ["--early-data", "0"], b"from 1 to 65536"),
    ("serve", ["--early-data", "lots"], b"from 1 to 65536"),
    ("serve", ["--early-data", "10", "-tls1_2"], b"--early-data is for TLS 1.3"),
    ("serve", ["--http", "--psk", "file:psk", "--psk-identity", "a"], b"--http has no TLS"),
    ("serve", ["--key-update"], b"--key-update is for --echo"),
    ("serve", ["--cert-compression", "lzma"], b"there is no compression 'lzma' here"),
    ("serve", ["--cert-compression", "zlib", "-tls1_2"], b"--cert-compression is for TLS 1.3"),
    ("serve", ["--cert-compression", "zlib", "--raw-public-key"], b"there are none with --raw-public-key"),
    ("serve", ["--http", "--cert-compression", "zlib"], b"--http has no TLS"),
    ("serve", ["--raw-public-key", "--cert", "site.pem"], b"no --cert"),
    ("serve", ["--ech-key", "site.key"], b"no file of `bojagi cert ech`"),
    ("serve", ["--ech-key", "site.pem"], b"no file of `bojagi cert ech`"),
    ("serve", ["--ech-key", "nothing"], b"cannot read --ech-key nothing"),
    ("cert", ["ech"], b"needs a name"),
    ("cert", ["ech", "1.2.3.4"], b"is no DNS name"),
    ("cert", ["ech", "a b"], b"is no DNS name"),
])
def test_words_that_do_not_fit_exit_2_and_say_what_would(bojagi, ca, command, arguments, words):
    (bojagi.home / "short").write_text("0011\n")
    (bojagi.home / "empty").write_bytes(b"")
    key_pair(bojagi, "a")
    (bojagi.home / "two").write_bytes((bojagi.home / "a.pub").read_bytes() * 2)
    own = ["--cert", "site.pem", "--key", "site.key"] if command == "serve" and not {"--http", "--cert", "--raw-public-key"} & set(arguments) else []
    done = bojagi.run(command, *arguments, *own)
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_a_file_of_ech_keys_is_not_overwritten(bojagi, ca):
    assert bojagi.run("cert", "ech", "public.test").returncode == 0
    again = bojagi.run("cert", "ech", "public.test")
    assert again.returncode == 2 and b"--force" in again.stderr
    assert bojagi.run("cert", "ech", "public.test", "--force").returncode == 0
    assert (bojagi.home / "public.test.ech").stat().st_mode & 0o777 == 0o600


# ---- compressed certificates

@pytest.mark.parametrize("takes,algorithm", [("zlib", "zlib"), ("brotli,zlib", "brotli"), ("zstd", "zstd"), (None, None)])
def test_certificates_come_compressed_to_who_takes_it_and_the_report_says_so(bojagi, ca, site, takes, algorithm):
    server = site("--cert-compression", "brotli,zstd,zlib")
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--json", *(["--cert-compression", takes] if takes else []))
    found = report(done)["tls"]["certificate_compression"]
    assert done.returncode == 0 and (found and found["algorithm"]) == algorithm
    assert not found or 0 < found["bytes"] < found["plain_bytes"]


def test_a_server_that_does_not_compress_is_told_so(bojagi, ca, site):
    done = bojagi.run("connect", f"localhost:{site().port}", "-CAfile", ca, "--cert-compression", "zlib")
    assert done.returncode == 0 and b"the certificates came uncompressed" in done.stdout


# ---- tickets

@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_who_did_not_wait_for_tickets_does_not_say_that_there_are_none(bojagi, ca, site, version):
    server = site()
    waited = report(bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, version, "--json", "--no-input"))["tls"]
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, version, stdin=GET)
    assert waited["tickets"] == (None if version == "-tls1_2" else 2)  # only 1.3 is waited for
    assert done.returncode == 0 and b"HTTP/1.1 200" in done.stdout and b"no tickets" not in done.stderr


# ---- early data

def test_early_data_is_answered_and_reported(bojagi, ca, site):
    server = site("--early-data", "1000")
    assert bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "-sess_out", "session").returncode == 0
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "-sess_in", "session", "--early-data", "request", "--json")
    tls = report(done)["tls"]
    assert done.returncode == 0 and tls["early_data"] == "accepted" and tls["early_bytes"] == len(GET) and tls["resumed"]
    assert b"early data   %d bytes" % len(GET) in done.stdout
    again = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "-sess_in", "session", "--early-data", "request", "--json")
    assert again.returncode == 0 and b"HTTP/1.1 200" in again.stdout  # another hello: a copy of the bytes of the first would not be taken


@pytest.mark.parametrize("options", [[], ["--early-data", "5"]])
def test_what_does_not_go_early_goes_later(bojagi, ca, site, options):
    """No early data on the server, or room for five bytes: the whole request is answered either way."""
    server = site(*options)
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "-reconnect", "--early-data", "request")
    assert done.returncode == 0 and b"HTTP/1.1 200" in done.stdout, done.stderr
    assert b"5 bytes accepted" in done.stderr if options else b"no early data: the session does not allow it" in done.stderr


@pytest.mark.parametrize("early,answer", [(b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1"), (b"hello\n", b"hello\n")])
def test_what_may_not_happen_twice_waits_for_the_handshake(bojagi, ca, serve, early, answer):
    """It is answered all the same: by then the client has proven that it is there."""
    mode = ["--name", "a"] if early.startswith(b"POST") else ["--echo"]
    server = serve(*mode, "--cert", "site.pem", "--key", "site.key", "--early-data", "1000")
    (bojagi.home / "request").write_bytes(early)
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "-reconnect", "--early-data", "request", "-msg")
    assert done.returncode == 0 and answer in done.stdout and b"bytes accepted" in done.stderr, done.stderr


def test_a_recorded_hello_is_not_answered_twice(bojagi, ca, site):
    """Somebody on the way sends the client's first bytes again: the server does nothing for them."""
    import socket
    import threading

    server = site("--early-data", "1000")
    listener = socket.create_server(("127.0.0.1", 0))
    flights = []

    def carry(a, b, keep):
        while piece := a.recv(65536):
            if keep is not None:
                keep.append(piece)
            b.sendall(piece)
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side has gone already

    def between():
        for _ in range(2):
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", server.port))
            flights.append([])
            back = threading.Thread(target=carry, args=(far, near, None), daemon=True)
            back.start()
            carry(near, far, flights[-1])
            back.join(10)
            near.close()
            far.close()

    thread = threading.Thread(target=between, daemon=True)
    thread.start()
    done = bojagi.run("connect", f"localhost:{listener.getsockname()[1]}", "-CAfile", ca, "-reconnect", "--early-data", "request")
    assert done.returncode == 0 and b"bytes accepted" in done.stderr, done.stderr
    thread.join(10)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(flights[1][0])
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    error = server.stop()[1]
    assert error.count("GET /path 200") == 1, error


# ---- pre-shared keys

@pytest.mark.parametrize("options", [[], ["--psk-raw"], ["--psk-hash", "sha384"], ["--psk-context", "here"]])
def test_whoever_has_the_key_is_served(bojagi, ca, serve, options):
    server = serve("--echo", "--psk", "file:psk", "--psk-identity", "bob", *options)
    done = bojagi.run("connect", f"localhost:{server.port}", "--psk", "env:K", "--psk-identity", "bob", *options, "--json", stdin=GET, env={"K": KEY})
    assert done.returncode == 0 and b"psk          bob" in done.stdout, done.stdout + done.stderr
    assert report(done)["tls"]["psk_identity"] == "bob" and report(done)["chain"] == []


@pytest.mark.parametrize("source,identity", [("env:WRONG", "bob"), ("file:psk", "eve")])
def test_another_key_or_name_is_refused(bojagi, ca, serve, source, identity):
    server = serve("--echo", "--psk", "file:psk", "--psk-identity", "bob")
    done = bojagi.run("connect", f"localhost:{server.port}", "--psk", source, "--psk-identity", identity, env={"WRONG": "ff" * 16})
    assert done.returncode == 35, done.stdout
    assert bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca).returncode == 35


def test_with_a_certificate_others_are_served_too(bojagi, ca, site):
    server = site("--psk", "file:psk", "--psk-identity", "bob")
    assert bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca).returncode == 0
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--psk", "file:psk", "--psk-identity", "eve")
    assert done.returncode == 0 and "the server did not take the pre-shared key" in done.stdout.decode()


# ---- raw public keys

@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_both_sides_show_bare_keys(bojagi, ca, serve, version):
    key_pair(bojagi, "server")
    key_pair(bojagi, "client")
    server = serve("--echo", "--raw-public-key", "--key", "server.key", "--peer-key", "client.pub", "--require-client-cert", version)
    own = ["connect", f"localhost:{server.port}", "--raw-public-key", "--peer-key", "server.pub"]
    good = bojagi.run(*own, "-key", "client.key", stdin=GET)
    assert good.returncode == 0 and re.search(rb"client +sha256//", good.stdout), good.stderr
    assert bojagi.run(*own, "-key", "server.key").returncode in (58, 56)  # a key that the server does not know
    assert bojagi.run(*own).returncode in (35, 98)
    other = bojagi.run("connect", f"localhost:{server.port}", "--raw-public-key", "--peer-key", "client.pub", "-key", "client.key", "--json")
    assert other.returncode == 60 and json.loads(other.stdout)["verdict"]["failure"]["name"] == "KEY_UNEXPECTED"


def test_a_certificate_is_no_raw_key_and_the_other_way_round(bojagi, ca, site, serve):
    key_pair(bojagi, "server")
    assert bojagi.run("connect", f"localhost:{site().port}", "--raw-public-key", "--peer-key", "server.pub").returncode == 35
    raw = serve("--echo", "--raw-public-key", "--key", "server.key")
    assert bojagi.run("connect", f"localhost:{raw.port}", "-CAfile", ca).returncode == 35
    assert bojagi.run("connect", f"localhost:{raw.port}", "--raw-public-key").returncode == 60  # whom nobody expects


# ---- encrypted hellos

def test_the_configuration_is_taken_as_base64_pem_and_bytes(bojagi, ca, site):
    made = json.loads(bojagi.run("cert", "ech", "public.test", "--json").stdout)
    server = site("--ech-key", "public.test.ech")
    (bojagi.home / "bytes").write_bytes(base64.b64decode(made["ech"]))
    (bojagi.home / "base64").write_text(made["ech"] + "\n")
    for form in (made["ech"], "public.test.ech", "bytes", "base64"):
        done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--ech", form, stdin=GET)
        assert done.returncode == 0 and b"ech          opened" in done.stdout, done.stderr
    error = server.stop()[1]
    assert "public.test" not in error


def test_an_old_configuration_leads_to_the_new_one(bojagi, ca, site):
    for name in ("old", "new"):
        assert bojagi.run("cert", "ech", "public.test", "--out", name).returncode == 0
    server = site("--ech-key", "new")
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--ech", "old", "--json")
    assert done.returncode == 0 and report(done)["tls"]["ech"] == "accepted" and report(done)["tls"]["ech_retried"]
    both = site("--ech-key", "new", "--ech-key", "old")
    done = bojagi.run("connect", f"localhost:{both.port}", "-CAfile", ca, "--ech", "old", "--json")
    assert report(done)["tls"]["ech"] == "accepted" and not report(done)["tls"]["ech_retried"]


def test_a_server_without_ech_says_so_by_its_public_name(bojagi, ca, site):
    assert bojagi.run("cert", "ech", "public.test").returncode == 0
    assert bojagi.run("cert", "ech", "elsewhere.test").returncode == 0
    server = site()
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--ech", "public.test.ech")
    assert done.returncode == 0 and "tried again in the clear" in done.stdout.decode()
    done = bojagi.run("connect", f"localhost:{server.port}", "-CAfile", ca, "--ech", "elsewhere.test.ech")
    assert done.returncode == 60, done.stdout  # nothing proves that it speaks for that name
    assert b"judged by elsewhere.test, the public name" in done.stdout  # which nobody typed


def test_a_greased_hello_is_no_encrypted_one(bojagi, ca, site):
    assert bojagi.run("cert", "ech", "public.test").returncode == 0
    done = bojagi.run("connect", f"localhost:{site('--ech-key', 'public.test.ech').port}", "-CAfile", ca, "--ech-grease", "--json")
    assert done.returncode == 0 and report(done)["tls"]["ech"] in ("greased", "rejected")


# ---- new keys

def test_both_sides_change_their_keys(bojagi, ca, site):
    done = bojagi.run("connect", f"localhost:{site().port}", "-CAfile", ca, "--key-update", "-msg", stdin=b"hello\n")
    assert done.returncode == 0 and done.stdout == b"hello\n"
    assert b"-> keys: updated" in done.stderr and b"<- keys: updated" in done.stderr
    done = bojagi.run("connect", f"localhost:{site('-tls1_2').port}", "-CAfile", ca, "--key-update")
    assert done.returncode == 0 and b"no key update: it is TLS 1.2" in done.stdout
    done = bojagi.run("connect", f"localhost:{site('--key-update').port}", "-CAfile", ca, "-msg", stdin=b"hello\n")
    assert done.returncode == 0 and done.stdout == b"hello\n" and b"<- keys: updated" in done.stderr
