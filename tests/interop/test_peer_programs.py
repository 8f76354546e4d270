"""Libraries without a program that fits, each spoken to by a small program of ours, both ways: rustls, wolfSSL, Java's JSSE, Go; and
BoringSSL's `bssl` and NSS's `tstclnt` and `selfserv`, where they are installed.

A peer program is called `client PORT CA VERSION [CHAIN KEY]` or `server PORT CHAIN KEY VERSION [CA]`. A client makes two connections,
offers to resume in the second, and prints a line for each: version, "full" or "resumed", sometimes the group, and what came back.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from peers import BOJAGI, Server, free_port, json_of, need, run, version_number, version_of

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ["1.2", "1.3"]


class Program:
    """name: as the table shows it; command: what comes before "client" or "server"."""

    def __init__(self, name, command):
        self.name, self.command = name, command


def rustls(workdir):
    need("cargo")
    if not os.environ.get("BOJAGI_RUSTLS"):
        pytest.skip("rustls is fetched and built (minutes) only with BOJAGI_RUSTLS=1")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", workdir / "rustls"))
    built = run(["cargo", "build", "--release", "--manifest-path", HERE / "rustls" / "Cargo.toml", "--target-dir", target], timeout=1500)
    assert built.returncode == 0, built.stderr
    tree = run(["cargo", "tree", "--manifest-path", HERE / "rustls" / "Cargo.toml", "--depth", "1"], timeout=60)
    return Program("rustls " + re.search(r"rustls v([\d.]+)", tree.stdout).group(1), [target / "release" / "rustls-peer"])


def wolfssl(workdir):
    gcc = need("gcc")
    need("pkg-config")
    version = run(["pkg-config", "--modversion", "wolfssl"])
    if version.returncode != 0:
        pytest.skip("libwolfssl-dev is not installed")
    program = workdir / "wolfssl-peer"
    built = run([gcc, "-O1", "-o", program, HERE / "wolfssl_peer.c", "-lwolfssl"], timeout=120)
    assert built.returncode == 0, built.stderr
    return Program("wolfSSL " + version.stdout.strip(), [program])


def java(workdir):
    """Compiled once; run from its source each start would take seconds."""
    need("java")
    javac = need("javac")
    built = run([javac, "-d", workdir / "java-peer", HERE / "Peer.java"], timeout=120)
    assert built.returncode == 0, built.stderr
    return Program("Java JSSE " + version_of("java", "-version"), ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", workdir / "java-peer", "Peer"])


def golang(workdir):
    go = need("go")
    if version_number(version_of("go", "version")) < (1, 26):
        pytest.skip("this Go is older than 1.26")
    built = run([go, "build", "-o", workdir / "go-peer", HERE / "go" / "main.go"], timeout=300)
    assert built.returncode == 0, built.stderr
    return Program("Go crypto/tls " + version_of("go", "version"), [workdir / "go-peer"])


MAKERS = {"rustls": rustls, "wolfssl": wolfssl, "java": java, "go": golang}


@pytest.fixture(scope="module", params=list(MAKERS))
def peer(request, workdir):
    return MAKERS[request.param](workdir)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["ecdsa", "rsa"])
def test_it_is_served_and_resumes(pki, serve, table, peer, key, version):
    done = run([*peer.command, "client", serve(key).port, pki.root, version])
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout
    assert re.match(rf"{version} full .*ping", lines[0]) and re.match(rf"{version} resumed .*ping", lines[1]), done.stdout
    table.add("server", peer.name, f"{version} {key}, resumed")
    if "MLKEM" in lines[0]:
        table.add("server", peer.name, f"{version} group X25519MLKEM768")


@pytest.mark.parametrize("version", VERSIONS)
def test_it_proves_itself(pki, serve, table, peer, version):
    server = serve("ecdsa", "--ca", pki.root, "--require-client-cert")
    good = run([*peer.command, "client", server.port, pki.root, version, pki.chain("client"), pki.key("client")])
    assert good.returncode == 0 and good.stdout.count("ping") == 2, good.stdout + good.stderr
    without = run([*peer.command, "client", server.port, pki.root, version])
    assert without.returncode != 0, without.stdout
    table.add("server", peer.name, f"{version} client certificate")


def listening(peer, workdir, *args):
    port = free_port()
    return Server([*peer.command, "server", port, *args], port, workdir)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["ecdsa", "rsa"])
def test_it_serves_us_and_resumes(pki, table, workdir, peer, key, version):
    server = listening(peer, workdir, pki.chain(key), pki.key(key), version)
    try:
        saved = workdir / f"{server.port}.session"
        options = ["-CAfile", pki.root, "--json"]
        first = run([BOJAGI, "connect", f"localhost:{server.port}", *options, "-sess_out", saved], input="ping\n")
        assert first.returncode == 0, first.stdout + first.stderr
        second = run([BOJAGI, "connect", f"localhost:{server.port}", *options, "-sess_in", saved], input="ping\n")
        assert second.returncode == 0, second.stdout + second.stderr
    finally:
        server.stop()
    assert json_of(first)["tls"]["resumed"] is False and json_of(second)["tls"]["resumed"] is True
    assert json_of(second)["tls"]["version"] == f"TLSv{version}"
    table.add("client", peer.name, f"{version} {key}, resumed")
    if "MLKEM" in json_of(first)["tls"]["group"]:
        table.add("client", peer.name, f"{version} group X25519MLKEM768")


@pytest.mark.parametrize("version", VERSIONS)
def test_it_lets_us_prove_ourselves(pki, table, workdir, peer, version):
    server = listening(peer, workdir, pki.chain("ecdsa"), pki.key("ecdsa"), version, pki.root)
    try:
        own = ["-cert", pki.chain("client"), "-key", pki.key("client")]
        good = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root, *own], input="ping\n")
        assert good.returncode == 0 and "ping" in good.stdout, good.stdout + good.stderr
        without = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root], input="ping\n")
        assert without.returncode in (35, 56, 98), without.stdout + without.stderr
    finally:
        server.stop()
    table.add("client", peer.name, f"{version} client certificate")


# ---- BoringSSL

BSSL_VERSION = {"1.2": "tls1.2", "1.3": "tls1.3"}


@pytest.fixture(scope="module")
def bssl():
    path = need("bssl")
    return path


def bssl_client(bssl, pki, port, version, *options):
    only = ["-min-version", BSSL_VERSION[version], "-max-version", BSSL_VERSION[version]]
    return run([bssl, "client", "-connect", f"127.0.0.1:{port}", "-server-name", "localhost", "-root-certs", pki.root, *only, *options],
               input="GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


def bssl_server(bssl, pki, workdir, version, *options):
    port = free_port()
    only = ["-min-version", BSSL_VERSION[version], "-max-version", BSSL_VERSION[version]]
    return Server([bssl, "server", "-accept", port, "-loop", "-www", "-cert", pki.chain("ecdsa"), "-key", pki.key("ecdsa"), *only, *options],
                  port, workdir)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["ecdsa", "rsa"])
def test_bssl_is_served_and_resumes(pki, serve, table, workdir, bssl, key, version):
    saved = workdir / f"bssl-{key}-{version}.session"
    first = bssl_client(bssl, pki, serve(key).port, version, "-session-out", saved)
    assert "HTTP/1.1 200" in first.stdout and "Resumed session: no" in first.stderr, first.stdout + first.stderr
    second = bssl_client(bssl, pki, serve(key).port, version, "-session-in", saved)
    assert "HTTP/1.1 200" in second.stdout and "Resumed session: yes" in second.stderr, second.stdout + second.stderr
    table.add("server", "BoringSSL bssl", f"{version} {key}, resumed")


@pytest.mark.parametrize("group", ["X25519MLKEM768", "X25519", "P-256", "P-384"])
def test_bssl_is_served_with_each_group(pki, serve, table, bssl, group):
    done = bssl_client(bssl, pki, serve("ecdsa").port, "1.3", "-curves", group)
    assert "HTTP/1.1 200" in done.stdout and f"ECDHE group: {group}" in done.stderr, done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", f"1.3 group {group}")


@pytest.mark.parametrize("version", VERSIONS)
def test_bssl_proves_itself(pki, serve, table, bssl, version):
    server = serve("ecdsa", "--ca", pki.root, "--require-client-cert")
    done = bssl_client(bssl, pki, server.port, version, "-cert", pki.chain("client"), "-key", pki.key("client"))
    assert "HTTP/1.1 200" in done.stdout, done.stdout + done.stderr
    table.add("server", "BoringSSL bssl", f"{version} client certificate")


@pytest.mark.parametrize("version", VERSIONS)
def test_bssl_serves_us(pki, table, workdir, bssl, version):
    server = bssl_server(bssl, pki, workdir, version)
    try:
        done = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root, "-reconnect", "--json", "--no-input"])
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"TLSv{version}"' in done.stdout, done.stdout
    table.add("client", "BoringSSL bssl", version)
    if '"X25519MLKEM768"' in done.stdout:
        table.add("client", "BoringSSL bssl", f"{version} group X25519MLKEM768")


@pytest.mark.parametrize("version", VERSIONS)
def test_bssl_serves_us_again(pki, table, workdir, bssl, version):
    """Its tickets come with its answer, and it just goes away afterwards."""
    server = bssl_server(bssl, pki, workdir, version)
    saved = workdir / f"bssl-{version}.ours"
    try:
        for options in (["-sess_out", saved], ["-sess_in", saved]):
            done = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root, "--json", *options], input="GET / HTTP/1.0\r\n\r\n")
            assert done.returncode in (0, 56) and "Resumed session" in done.stdout, done.stdout + done.stderr
    finally:
        server.stop()
    assert json_of(done)["tls"]["resumed"] and "Resumed session: yes" in done.stdout, done.stdout + done.stderr
    table.add("client", "BoringSSL bssl", f"{version} resumed")


@pytest.mark.parametrize("version", VERSIONS)
def test_bssl_lets_us_prove_ourselves(pki, table, workdir, bssl, version):
    server = bssl_server(bssl, pki, workdir, version, "-require-any-client-cert")
    own = ["-cert", pki.chain("client"), "-key", pki.key("client")]
    try:
        good = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root, *own], input="GET / HTTP/1.0\r\n\r\n")
        without = run([BOJAGI, "connect", f"localhost:{server.port}", "-CAfile", pki.root], input="GET / HTTP/1.0\r\n\r\n")
    finally:
        server.stop()
    assert good.returncode in (0, 56) and "Cert subject: CN = alice" in good.stdout, good.stdout + good.stderr
    assert without.returncode == 98, without.stdout + without.stderr
    table.add("client", "BoringSSL bssl", f"{version} client certificate")


# ---- NSS

NSS_VERSION = {"1.2": "tls1.2:tls1.2", "1.3": "tls1.3:tls1.3"}


@pytest.fixture(scope="module", params=["ecdsa", "rsa"])
def nss(pki, workdir, request):
    """A database with the root, the client's certificate and one of the server's: it takes one for each subject."""
    for program in ("certutil", "pk12util", "tstclnt", "selfserv"):
        need(program)
    folder = workdir / f"nss-{request.param}"
    if folder.exists():
        return folder  # made for another file's tests
    folder.mkdir()
    (folder / "pw").write_text("password\n")
    commands = [["certutil", "-N", "-d", f"sql:{folder}", "-f", folder / "pw"],
                ["certutil", "-A", "-d", f"sql:{folder}", "-f", folder / "pw", "-n", "root", "-t", "CT,,", "-i", pki.root]]
    for name in (request.param, "client"):
        commands += [["openssl", "pkcs12", "-export", "-out", folder / f"{name}.p12", "-in", pki.chain(name), "-inkey", pki.key(name), "-name", name,
                      "-passout", "pass:password"],
                     ["pk12util", "-i", folder / f"{name}.p12", "-d", f"sql:{folder}", "-k", folder / "pw", "-W", "password"]]
    for command in commands:
        done = run(command)
        assert done.returncode == 0, (command, done.stdout + done.stderr)
    return folder


def nss_row():
    """NSS's programs do not say their version; the package does."""
    done = run(["dpkg-query", "-W", "-f", "${Version}", "libnss3-tools"]) if shutil.which("dpkg-query") else None
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout) if done else None
    return "NSS " + (found.group(0) if found else "?")


def tstclnt(nss, port, version, *options):
    request = nss / "request"
    request.write_text("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return run(["tstclnt", "-h", "localhost", "-p", port, "-4", "-d", f"sql:{nss}", "-W", nss / "pw", "-V", NSS_VERSION[version], "-A", request, "-v", *options])


def key_of(nss):
    return nss.name.removeprefix("nss-")


@pytest.mark.parametrize("version", VERSIONS)
def test_nss_is_served_and_resumes(serve, table, nss, version):
    # NSS wants keyEncipherment of an RSA certificate, which no suite of ours has a use for
    key = {"ecdsa": "ecdsa", "rsa": "p384"}[key_of(nss)]
    done = tstclnt(nss, serve(key).port, version, "-u", "-L", "2")
    text = done.stdout + done.stderr
    assert done.returncode == 0 and text.count("HTTP/1.1 200") >= 2, text
    assert re.search(r"[1-9]\d* cache hits", text), text
    table.add("server", nss_row(), f"{version} {key}, resumed")


@pytest.mark.parametrize("version", VERSIONS)
def test_nss_proves_itself(pki, serve, table, nss, version):
    done = tstclnt(nss, serve("ecdsa", "--ca", pki.root, "--require-client-cert").port, version, "-n", "client")
    assert done.returncode == 0 and "HTTP/1.1 200" in done.stdout + done.stderr, done.stdout + done.stderr
    table.add("server", nss_row(), f"{version} client certificate")


@pytest.mark.parametrize("version", VERSIONS)
def test_nss_serves_us(pki, table, workdir, nss, version):
    key = key_of(nss)
    port = free_port()
    nick = ["-e" if key == "ecdsa" else "-n", key]
    server = Server(["selfserv", "-d", f"sql:{nss}", "-f", nss / "pw", *nick, "-p", port, "-V", NSS_VERSION[version], "-u", "-G"], port, workdir)
    try:
        done = run([BOJAGI, "connect", f"localhost:{port}", "-CAfile", pki.root], input="GET / HTTP/1.0\r\n\r\n")
    finally:
        server.stop()
    assert done.returncode == 0 and "200 OK" in done.stdout, done.stdout + done.stderr
    table.add("client", nss_row(), f"{version} {key}")


def selfserv(nss, workdir, version, *more):
    port = free_port()
    key = key_of(nss)
    return port, Server(["selfserv", "-d", f"sql:{nss}", "-f", nss / "pw", "-e" if key == "ecdsa" else "-n", key, "-p", port, "-V", NSS_VERSION[version], "-u", "-G", *more],
                        port, workdir)


@pytest.mark.parametrize("version", VERSIONS)
def test_nss_serves_us_again(pki, table, workdir, nss, version):
    port, server = selfserv(nss, workdir, version)
    saved = workdir / f"nss-{key_of(nss)}-{version}.ours"
    try:
        for options in (["-sess_out", saved], ["-sess_in", saved]):
            done = run([BOJAGI, "connect", f"localhost:{port}", "-CAfile", pki.root, "--json", *options], input="GET / HTTP/1.0\r\n\r\n")
            assert "200 OK" in done.stdout, done.stdout + done.stderr
    finally:
        server.stop()
    assert json_of(done)["tls"]["resumed"], done.stdout + done.stderr
    table.add("client", nss_row(), f"{version} resumed")


@pytest.mark.parametrize("version", VERSIONS)
def test_nss_lets_us_prove_ourselves(pki, table, workdir, nss, version):
    port, server = selfserv(nss, workdir, version, "-rr")
    own = ["-cert", pki.chain("client"), "-key", pki.key("client")]
    try:
        good = run([BOJAGI, "connect", f"localhost:{port}", "-CAfile", pki.root, *own], input="GET / HTTP/1.0\r\n\r\n")
        without = run([BOJAGI, "connect", f"localhost:{port}", "-CAfile", pki.root], input="GET / HTTP/1.0\r\n\r\n")
    finally:
        server.stop()
    assert "200 OK" in good.stdout, good.stdout + good.stderr
    assert without.returncode in (35, 56, 98), without.stdout + without.stderr
    table.add("client", nss_row(), f"{version} client certificate")
