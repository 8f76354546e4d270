"""A certificate that is asked for when the handshake is over, with OpenSSL on the other side, in both roles."""

import subprocess
import time

import pytest

from peers import BUILD, TIMEOUT_S, free_port, need, version_of

LATER_PEER = BUILD / "tests" / "later-peer"


def openssl():
    return "OpenSSL " + version_of("openssl", "version")


def peer(role, port, pki, name):
    if not LATER_PEER.exists():
        pytest.skip(f"{LATER_PEER} is not built")
    return subprocess.Popen([str(a) for a in (LATER_PEER, role, port, pki.chain(name), pki.key(name), pki.root)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("shows", [True, False])
def test_s_client_shows_its_certificate_later(pki, table, shows):
    port = free_port()
    server = peer("server", port, pki, "ecdsa")
    assert server.stdout.readline() == "listens\n"
    own = ["-cert", pki.chain("client"), "-key", pki.key("client"), "-cert_chain", pki.dir / "middle.pem"] if shows else []
    client = subprocess.Popen([str(a) for a in [need("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-tls1_3",
                                                "-enable_pha", "-CAfile", pki.root, "-verify_return_error", *own]],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = server.communicate(timeout=TIMEOUT_S)
    client.communicate(timeout=TIMEOUT_S)
    assert server.returncode == 0, out + err
    assert out == ("later: 2 certificates, verified\n" if shows else "later: 0 certificates, not verified\n")
    if shows:
        table.add("server", openssl() + " s_client", "1.3 client certificate asked for later")


def test_s_server_asks_for_our_certificate_later(pki, table, workdir):
    port = free_port()
    with open(workdir / "s_server_later.log", "w+") as log:
        server = subprocess.Popen([str(a) for a in [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_3", "-cert",
                                                    pki.chain("ecdsa"), "-cert_chain", pki.dir / "middle.pem", "-key", pki.key("ecdsa"), "-CAfile",
                                                    pki.root, "-verify_return_error", "-naccept", "1"]],
                                  stdin=subprocess.PIPE, stdout=log, stderr=log)
        client = None
        try:
            time.sleep(0.5)  # a look whether the port is open would be its one connection
            client = peer("client", port, pki, "client")
            time.sleep(0.5)
            server.stdin.write(b"c\n")  # asks for a certificate
            server.stdin.flush()
            time.sleep(0.5)
            server.stdin.write(b"hello\n")
            server.stdin.flush()
            time.sleep(0.5)
            server.stdin.write(b"Q\n")
            server.stdin.flush()
            out, err = client.communicate(timeout=TIMEOUT_S)
            server.wait(TIMEOUT_S)
        finally:
            for process in (server, client):
                if process and process.poll() is None:
                    process.kill()
        log.seek(0)
        said = log.read()
    assert "data: hello" in out, out + err + said
    assert client.returncode == 0 or err == "connection: TRUNCATED\n", err  # s_server leaves without close_notify
    assert "alice" in said and "verify error" not in said, said
    table.add("client", openssl() + " s_server", "1.3 client certificate shown later")
