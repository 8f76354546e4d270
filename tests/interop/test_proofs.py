"""What there is besides certificates, with peers that have it too: pre-shared keys (imported and raw), raw public keys, Encrypted ClientHello."""

import base64
import json
import re
import subprocess

import pytest

from peers import BOJAGI, Server, free_port, need, run, version_number, version_of
from test_peer_programs import nss, nss_row, tstclnt  # noqa: F401

GET = "GET / HTTP/1.0\r\n\r\n"
KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


@pytest.fixture(scope="module")
def psk(workdir):
    path = workdir / "psk"
    path.write_text(KEY + "\n")
    return f"file:{path}"


@pytest.fixture(scope="module")
def keys(workdir, pki):
    """The public half of the server's and of the client's key."""
    found = {}
    for name in ("ecdsa", "client"):
        found[name] = workdir / f"{name}.pub"
        assert run([need("openssl"), "pkey", "-in", pki.key(name), "-pubout", "-out", found[name]]).returncode == 0
    return found


@pytest.fixture(scope="module")
def ech(workdir):
    """A file of keys, and the same as BoringSSL reads it."""
    path = workdir / "site.test.ech"
    made = json.loads(run([BOJAGI, "cert", "ech", "site.test", "--out", path, "--force", "--json"]).stdout)["ech"]
    listed = base64.b64decode(made)
    private = re.search(r"-----BEGIN PRIVATE KEY-----\n(.*?)-----END", path.read_text(), re.S).group(1)
    (workdir / "ech.list").write_bytes(listed)
    (workdir / "ech.config").write_bytes(listed[2:])
    (workdir / "ech.key").write_bytes(base64.b64decode(private)[-32:])
    return path, made


def connect(port, *options):
    return run([BOJAGI, "connect", f"localhost:{port}", *options], input=GET)


def openssl_row(program):
    return f"OpenSSL {program} " + version_of("openssl", "version")


def need_raw_keys():
    need("openssl")
    if version_number(version_of("openssl", "version")) < (3, 2):
        pytest.skip("raw public keys come with OpenSSL 3.2")


# ---- pre-shared keys

def test_s_client_has_our_raw_key(serve, table, psk):
    server = serve("ecdsa", "--psk", psk, "--psk-identity", "bob", "--psk-raw")
    done = run([need("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-psk", KEY, "-psk_identity", "bob", "-ign_eof"], input=GET)
    assert "psk          bob" in done.stdout and "Reused" in done.stdout, done.stdout + done.stderr
    table.add("server", openssl_row("s_client"), "1.3 pre-shared key, raw")


def test_s_server_has_our_raw_key(table, workdir, psk):
    port = free_port()
    server = Server([need("openssl"), "s_server", "-accept", port, "-tls1_3", "-nocert", "-psk", KEY, "-psk_identity", "bob", "-www"], port, workdir)
    try:
        done = connect(port, "--psk", psk, "--psk-identity", "bob", "--psk-raw")
    finally:
        server.stop()
    assert done.returncode == 0 and "both sides have the key bob" in done.stderr, done.stdout + done.stderr
    table.add("client", openssl_row("s_server"), "1.3 pre-shared key, raw")


@pytest.mark.parametrize("hash_options,name", [([], "SHA-256"), (["-psk-sha384"], "SHA-384")])
def test_bssl_imports_the_key_as_we_do(pki, serve, table, workdir, psk, hash_options, name):
    own = ["--psk", psk, "--psk-identity", "bob", "--psk-context", "here", *(["--psk-hash", "sha384"] if hash_options else [])]
    theirs = ["-psk-hex", KEY, "-psk-identity", "bob", "-psk-context", "here", *hash_options]
    server = serve("ecdsa", *own)
    done = run([need("bssl"), "client", "-connect", f"127.0.0.1:{server.port}", *theirs], input=GET)
    assert "psk          bob" in done.stdout, done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", f"1.3 pre-shared key, imported, {name}")
    port = free_port()
    server = Server([need("bssl"), "server", "-accept", port, "-loop", "-www", "-cert", pki.chain("ecdsa"), "-key", pki.key("ecdsa"), *theirs], port, workdir)
    try:
        done = connect(port, *own)
    finally:
        server.stop()
    assert done.returncode in (0, 56) and "both sides have the key bob" in done.stderr, done.stdout + done.stderr
    table.add("client", "BoringSSL bssl", f"1.3 pre-shared key, imported, {name}")


# ---- raw public keys

@pytest.fixture(scope="module")
def bare(pki, keys, workdir):
    """Our server with a bare key, and clients that must show one."""
    port = free_port()
    server = Server([BOJAGI, "serve", "--echo", "--port", port, "--raw-public-key", "--key", pki.key("ecdsa"), "--peer-key", keys["client"], "--require-client-cert"],
                    port, workdir)
    yield port
    server.stop()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_openssl_and_we_show_bare_keys(pki, keys, table, workdir, bare, version):
    need_raw_keys()
    only = f"-tls{version.replace('.', '_')}"
    done = run(["openssl", "s_client", "-connect", f"127.0.0.1:{bare}", "-servername", "localhost", only, "-enable_server_rpk", "-enable_client_rpk", "-cert",
                pki.chain("client"), "-key", pki.key("client"), "-ign_eof"], input=GET)
    assert re.search(r"client +sha256//", done.stdout), done.stdout + done.stderr
    table.add("server", openssl_row("s_client"), f"{version} raw public keys of both sides")
    port = free_port()
    server = Server(["openssl", "s_server", "-accept", port, only, "-cert", pki.chain("ecdsa"), "-key", pki.key("ecdsa"), "-enable_server_rpk", "-enable_client_rpk",
                     "-verify", "1", "-www"], port, workdir)
    try:
        done = connect(port, "--raw-public-key", "--peer-key", keys["ecdsa"], "-key", pki.key("client"))
    finally:
        server.stop()
    assert done.returncode == 0 and "one of those that are expected" in done.stderr and "asks for a client certificate" in done.stderr, done.stdout + done.stderr
    table.add("client", openssl_row("s_server"), f"{version} raw public keys of both sides")


def test_bssl_and_we_show_bare_keys(pki, keys, table, workdir, bare):
    done = run([need("bssl"), "client", "-connect", f"127.0.0.1:{bare}", "-server-name", "localhost", "-accept-cert-types", "rpk", "-rpk-key", pki.key("client")], input=GET)
    assert re.search(r"client +sha256//", done.stdout), done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", "1.3 raw public keys of both sides")
    port = free_port()
    server = Server([need("bssl"), "server", "-accept", port, "-loop", "-www", "-rpk-key", pki.key("ecdsa"), "-cert", pki.chain("ecdsa"), "-key", pki.key("ecdsa")], port, workdir)
    try:
        done = connect(port, "--raw-public-key", "--peer-key", keys["ecdsa"])
    finally:
        server.stop()
    assert done.returncode in (0, 56) and "one of those that are expected" in done.stderr, done.stdout + done.stderr
    table.add("client", "BoringSSL bssl", "1.3 raw public key")


# ---- Encrypted ClientHello

def test_bssl_encrypts_its_hello_to_us_and_opens_ours(pki, serve, table, workdir, ech):
    server = serve("ecdsa", "--ech-key", ech[0])
    done = run([need("bssl"), "client", "-connect", f"127.0.0.1:{server.port}", "-server-name", "localhost", "-root-certs", pki.root, "-ech-config-list",
                workdir / "ech.list"], input=GET)
    assert "Encrypted ClientHello: yes" in done.stderr and "ech          opened" in done.stdout, done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", "1.3 Encrypted ClientHello")
    port = free_port()
    server = Server([need("bssl"), "server", "-accept", port, "-loop", "-www", "-cert", pki.chain("ecdsa"), "-key", pki.key("ecdsa"), "-ech-config", workdir / "ech.config",
                     "-ech-key", workdir / "ech.key"], port, workdir)
    try:
        done = connect(port, "-CAfile", pki.root, "--ech", ech[1])
    finally:
        server.stop()
    assert "the server opened the encrypted hello" in done.stderr and "Encrypted ClientHello: yes" in done.stdout, done.stdout + done.stderr
    table.add("client", "BoringSSL bssl", "1.3 Encrypted ClientHello")


def test_bssl_is_told_the_new_configuration(pki, serve, table, workdir, ech):
    server = serve("ecdsa", "--ech-key", ech[0])
    other = workdir / "other.ech"
    made = json.loads(run([BOJAGI, "cert", "ech", "site.test", "--out", other, "--force", "--json"]).stdout)["ech"]
    (workdir / "other.list").write_bytes(base64.b64decode(made))
    done = run([need("bssl"), "client", "-connect", f"127.0.0.1:{server.port}", "-server-name", "localhost", "-root-certs", pki.root, "-ech-config-list",
                workdir / "other.list"], input=GET)
    assert "ECH_REJECTED" in done.stderr, done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", "1.3 Encrypted ClientHello, rejected")


def test_nss_encrypts_its_hello_to_us(serve, table, nss, ech):
    done = tstclnt(nss, serve("ecdsa", "--ech-key", ech[0]).port, "1.3", "-N", ech[1])
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "ech          opened" in text, text
    table.add("server", nss_row(), "1.3 Encrypted ClientHello")


def test_an_ech_key_of_ours_is_one_for_openssl(ech):
    """The private key in the file is PKCS#8 as others have it."""
    done = subprocess.run([need("openssl"), "pkey", "-in", str(ech[0]), "-text", "-noout"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "X25519 Private-Key" in done.stdout, done.stderr
