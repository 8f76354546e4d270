"""test_servers.py - the ways to name a server: by unix socket, by name, and the name that its certificate must have."""
import socket
import threading

import kit
import pytest
from conftest import make_certificate

CONF = """
workers 1;
log access {{ file off; }}
listener web 127.0.0.1:{port} {{ protocol http; pool app; }}
pool app {{ {tls} server a {server}; retries 0; eject off; }}
"""


@pytest.fixture
def through(gateway):
    """A function that starts a gateway before one server and asks it once; gives status and body."""
    def start(server, tls="", request=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
        port = kit.free_port()
        gateway(CONF.format(port=port, server=server, tls=tls), port)
        raw = kit.Raw(port)
        raw.send(request)
        status, _, body = raw.response()
        return status, body
    return start


def test_a_server_on_a_unix_socket_is_served_from(through, tmp_path):
    path = str(tmp_path / "app.sock")
    heads = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve():
            peer, _ = listener.accept()
            with peer:
                heads.append(peer.recv(65536))
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix")
                peer.recv(65536)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert through(f"unix:{path}", request=b"GET / HTTP/1.0\r\n\r\n") == (200, b"unix")
    assert b"\r\nHost: localhost\r\n" in heads[0]


def test_a_server_by_name_is_served_from(through, origin):
    server = origin()
    assert through(f"localhost:{server.port}") == (200, b"a")


def test_a_request_without_host_gets_the_servers(through, origin):
    server = origin()
    assert through(f"localhost:{server.port}", request=b"GET /head HTTP/1.0\r\n\r\n")[0] == 200
    assert f"\r\nHost: localhost:{server.port}\r\n".encode() in server.heads[0]


@pytest.fixture(scope="module")
def named(pki):
    make_certificate(pki, "named", "DNS:localhost", "/CN=named")
    return kit.server_tls(pki, "named")


@pytest.mark.parametrize("host,name,status", [
    ("localhost", "", 200),
    ("127.0.0.1", "", 502),
    ("127.0.0.1", "name localhost;", 200),
    ("localhost", "name other.test;", 502),
    ("127.0.0.1", "insecure no_verify;", 200),
])
def test_the_certificate_must_have_the_name_of_the_server(through, origin, pki, named, host, name, status):
    server = origin(tls=named)
    ca = "" if "insecure" in name else f'ca "{pki}/ca.pem";'
    assert through(f"{host}:{server.port}", tls=f"tls {{ {ca} {name} }}")[0] == status


def test_any_of_several_authorities_will_do(through, origin, pki, named):
    server = origin(tls=named)
    assert through(f"localhost:{server.port}", tls=f'tls {{ ca "{pki}/other-ca.pem"; ca "{pki}/ca.pem"; }}')[0] == 200


def test_another_authority_will_not_do(through, origin, pki, named):
    server = origin(tls=named)
    assert through(f"localhost:{server.port}", tls=f'tls {{ ca "{pki}/other-ca.pem"; }}')[0] == 502
