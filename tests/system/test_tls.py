"""test_tls.py - TLS at the gateway: termination, client certificates, encryption to servers, what the log says."""
import contextlib
import hashlib
import json
import os
import socket
import ssl
import subprocess
import threading

import kit
import pytest
from conftest import openssl

CONF = """
workers 1;
log access {{ file "access.log"; format json; }}
tls site {{ certificate "{pki}/site.pem"; certificate "{pki}/www.pem"; {tls} }}
listener web 127.0.0.1:{port} {{ protocol http; tls site; {limits} {routes} otherwise {{ pool app; }} }}
pool app {{ retries {retries}; eject off; {pool} server a 127.0.0.1:{origin}; }}
"""
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
def web(origin, gateway, pki):
    def start(tls="", routes="", pool="", limits="", origin_tls=None, retries=0):
        server = origin("a", tls=origin_tls)
        port = kit.free_port()
        running = gateway(CONF.format(pki=pki, port=port, origin=server.port, tls=tls.format(pki=pki), routes=routes, limits=limits, retries=retries,
                                      pool=pool.format(pki=pki)))
        return server, port, running
    return start


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_requests_and_bodies_pass_and_the_log_knows_the_tls_facts(web, pki, version):
    server, port, running = web()
    server.remember = False
    client = kit.Raw(port, tls=kit.client_tls(pki, version=version))
    body = os.urandom(2 << 20)
    assert client.get()[2] == b"a"
    assert client.get("/echo", method="POST", body=body)[2] == body
    assert client.get("/sum", method="PUT", body=body)[2].decode() == hashlib.sha256(body).hexdigest()
    assert client.get("/chunked")[2] == b"z" * 71011
    line = running.log(1)[0]
    assert line["tls"]["version"] == client.sock.version()
    assert line["tls"]["sni"] == "localhost" and line["tls"]["alpn"] == "http/1.1" and line["tls"]["resumed"] is False
    assert line["tls"]["suite"] and line["tls"]["group"]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_sessions_resume(web, pki, version):
    server, port, running = web()
    context = kit.client_tls(pki, version=version)
    session = None
    for resumed in (False, True):
        sock = kit.socket.create_connection(("127.0.0.1", port), kit.SECONDS)
        tls = context.wrap_socket(sock, server_hostname="localhost", session=session)
        tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert tls.recv(1000).startswith(b"HTTP/1.1 200")
        assert tls.session_reused is resumed
        session = tls.session
        tls.close()
    assert [line["tls"]["resumed"] for line in running.log(2)] == [False, True]


class Drip:
    """A TLS client whose bytes leave one by one, in segments of their own."""

    def __init__(self, port, context):
        self.sock = kit.socket.create_connection(("127.0.0.1", port), kit.SECONDS)
        self.sock.setsockopt(kit.socket.IPPROTO_TCP, kit.socket.TCP_NODELAY, 1)
        self.inside, self.outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inside, self.outside, server_hostname="localhost")
        self.do(self.tls.do_handshake)

    def do(self, step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                self.inside.write(self.sock.recv(65536))
            finally:
                self.flush()

    def flush(self):
        for byte in self.outside.read():
            self.sock.sendall(bytes([byte]))


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_records_may_come_byte_by_byte(web, pki, version):
    server, port, _ = web()
    client = Drip(port, kit.client_tls(pki, version=version))
    for n in range(3):
        client.do(client.tls.write, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nbody%d" % n)
        got = client.do(client.tls.read, 1000)
        while not got.endswith(b"body%d" % n):
            got += client.do(client.tls.read, 1000)
        assert got.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_every_byte_may_have_a_record_of_its_own(web, pki, version):
    server, port, _ = web()
    client = kit.Raw(port, tls=kit.client_tls(pki, version=version))
    for byte in b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n":
        client.send(bytes([byte]))
    assert client.response()[2] == b"hello"


def test_pipelined_requests_over_tls_are_answered_in_order(web, pki):
    server, port, _ = web()
    client = kit.Raw(port, tls=kit.client_tls(pki))
    client.send(b"".join(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"%04d" % n * 250 for n in range(100)))
    assert [client.response()[2] for _ in range(100)] == [b"%04d" % n * 250 for n in range(100)]


def test_the_certificate_follows_the_server_name(web, pki):
    server, port, _ = web()
    for name in ("localhost", "www.example.test"):
        client = kit.Raw(port, tls=kit.client_tls(pki), name=name)
        assert (("DNS", name) in client.sock.getpeercert()["subjectAltName"])


def test_a_connection_ends_with_close_notify(web, pki):
    server, port, _ = web()
    client = kit.Raw(port, tls=kit.client_tls(pki))
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert client.response()[2] == b"a"
    assert client.sock.recv(10) == b""  # an end without close_notify raises


def test_no_client_certificate_is_asked_for_by_default(web, pki):
    server, port, _ = web()
    head = kit.Raw(port, tls=kit.client_tls(pki, "ann")).get("/head")[2]
    assert b"Client" not in head and b"X-Forwarded-Proto: https" in head


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_an_optional_client_certificate_becomes_identity_fields(web, pki, version):
    server, port, running = web('client_certificate optional {{ ca "{pki}/ca.pem"; }}')
    without = kit.Raw(port, tls=kit.client_tls(pki, version=version)).get("/head", "X-Client-DN: CN=root\r\n")[2]
    assert b"CN=root" not in without and b"X-Client-Verify: SUCCESS" not in without
    head = kit.Raw(port, tls=kit.client_tls(pki, "ann", version)).get("/head", "X-Client-DN: CN=root\r\n")[2]
    assert b"X-Client-DN: CN=ann,O=Ops\r\n" in head and b"CN=root" not in head
    assert b"X-Client-Verify: SUCCESS\r\n" in head and b"DNS=ann.ops.example.test" in head
    assert running.log(2)[1]["tls"]["client_subject"] == "CN=ann,O=Ops"


def told_of(web, pki, tmp_path, names, subject="/CN=x"):
    """The fields that a server gets about a client whose certificate has these names."""
    (tmp_path / "x.ext").write_text("subjectAltName=@names\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n[names]\n" + names)
    openssl(tmp_path, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "x.key", "-out", "x.csr", "-subj", subject)
    openssl(tmp_path, "x509", "-req", "-in", "x.csr", "-CA", f"{pki}/ca.pem", "-CAkey", f"{pki}/ca.key", "-set_serial", "77", "-days", "20",
            "-extfile", "x.ext", "-out", "x.crt")
    context = kit.client_tls(pki)
    context.load_cert_chain(tmp_path / "x.crt", tmp_path / "x.key")
    server, port, _ = web(tls='client_certificate optional {{ ca "{pki}/ca.pem"; }}')
    assert kit.Raw(port, tls=context).get()[0] == 200
    told = dict(line.split(": ", 1) for line in server.heads[-1].decode().split("\r\n")[1:] if line)
    return told.get("X-Client-SAN", "").split(","), told.get("X-Client-DN"), told["X-Forwarded-Client-Cert"].split(";")[2:]


def test_no_part_of_a_name_of_a_client_is_told(web, pki, tmp_path):
    names = [f"no{i}.admin.ops.example.test.{'b' * (1 + i % 37)}.other.test" for i in range(60)]
    sans, _, xfcc = told_of(web, pki, tmp_path, "".join(f"DNS.{i} = {name}\n" for i, name in enumerate(names)))
    assert len(sans) > 10 and sans == names[:len(sans)]
    assert xfcc == [f"DNS={name}" for name in sans]


def test_a_subject_that_is_too_long_is_not_told(web, pki, tmp_path):
    units = "".join(f"/OU={str(i) * 60}" for i in range(9))
    sans, subject, xfcc = told_of(web, pki, tmp_path, "DNS.1 = x.test\n", subject=f"/O=Acme Imitators{units}/CN=x")
    assert (sans, subject, xfcc) == (["x.test"], None, ["DNS=x.test"])


def test_a_name_of_a_client_cannot_be_read_as_two_or_as_another_kind(web, pki, tmp_path):
    sans, _, xfcc = told_of(web, pki, tmp_path, 'DNS.1 = "x,admin.ops.example.test"\nDNS.2 = ok.test\nDNS.3 = spiffe://admin\n'
                            "URI.1 = admin.ops.example.test\nURI.2 = spiffe://ops/ann\n")
    assert sans == ["ok.test", "spiffe://ops/ann"]
    assert xfcc == ["DNS=ok.test", "URI=spiffe://ops/ann"]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_a_required_client_certificate_that_is_missing_or_foreign_fails_and_is_logged(web, pki, version):
    server, port, running = web('client_certificate required {{ ca "{pki}/ca.pem"; }}')
    assert kit.Raw(port, tls=kit.client_tls(pki, "ann", version)).get()[2] == b"a"
    for certificate in (None, "mallory"):
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            kit.Raw(port, tls=kit.client_tls(pki, certificate, version)).get()
    lines = running.log(2, of="handshake")
    assert [line["result"] for line in lines] == ["client_certificate_missing", "certificate_authority_invalid"]
    assert lines[1]["error"]["alert_name"] == "unknown_ca" and lines[1]["error"]["direction"] == "sent"
    assert lines[0]["tls"]["sni"] == "localhost"
    assert server.count == 1


def test_a_route_may_require_who_the_client_is(web, pki):
    server, port, _ = web('client_certificate optional {{ ca "{pki}/ca.pem"; }}',
                          'route path /admin { require client_certificate san "*.ops.example.test"; pool app; }')
    for certificate, path, status in ((None, "/", 200), (None, "/admin", 403), ("bob", "/admin/x", 403), ("ann", "/admin", 200)):
        assert kit.Raw(port, tls=kit.client_tls(pki, certificate)).get(path)[0] == status


def test_another_host_than_the_server_name_is_misdirected_where_clients_are_judged(web, pki):
    server, port, _ = web('client_certificate optional {{ ca "{pki}/ca.pem"; }}')
    client = kit.Raw(port, tls=kit.client_tls(pki))
    assert client.get()[0] == 200
    assert client.get(host="www.example.test")[0] == 421


def test_failed_handshakes_have_their_reason_in_the_log(web, pki):
    server, port, running = web("versions 1.3;")
    with pytest.raises(ssl.SSLError):
        kit.Raw(port, tls=kit.client_tls(pki, version=ssl.TLSVersion.TLSv1_2))
    kit.Raw(port).send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").rest()
    with pytest.raises(ssl.SSLError):
        kit.Raw(port, tls=kit.client_tls(pki, alpn=("spdy/9",)))
    kit.Raw(port).close()
    results = sorted(line["result"] for line in running.log(4, of="handshake"))
    assert results == ["no_application_protocol", "not_tls", "peer_connection_closed", "protocol_version_unsupported"]


def test_http_on_a_tls_port_is_told_what_to_do(web):
    server, port, _ = web()
    got = kit.Raw(port).send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").rest()
    assert b"400" in got and b"https://" in got


def test_a_handshake_that_takes_too_long_is_ended(web, pki):
    server, port, running = web(limits="limits { handshake_time 300ms; }")
    assert kit.Raw(port).rest() == b""
    assert running.log(1, of="handshake")[0]["result"] == "handshake_timeout"


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_servers_are_reached_over_tls_that_is_verified_and_reused(web, pki, version):
    context = kit.server_tls(pki, "site")
    context.minimum_version = context.maximum_version = version
    server, port, _ = web(pool='tls {{ ca "{pki}/ca.pem"; name localhost; }}', origin_tls=context)
    server.remember = False
    client = kit.Raw(port, tls=kit.client_tls(pki))
    body = os.urandom(1 << 20)
    for _ in range(5):
        assert client.get("/echo", method="POST", body=body)[2] == body
    assert server.connections == 1


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_new_connections_to_a_server_resume_its_session(web, pki, version):
    context = kit.server_tls(pki, "site")
    context.minimum_version = context.maximum_version = version
    server, port, running = web(pool='keepalive 0; tls {{ ca "{pki}/ca.pem"; name localhost; }}', origin_tls=context)
    client = kit.Raw(port, tls=kit.client_tls(pki))
    for _ in range(4):
        assert client.get()[2] == b"a"
    assert server.connections == 4
    assert context.session_stats()["hits"] >= 3


class ForgetfulServer:
    """Stands before an origin. A hello that offers a session ends with a fatal alert, or with nothing, from `fails` on."""

    def __init__(self, port, answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.to, self.answer = self.listener.getsockname()[1], port, answer
        self.fails, self.failed = False, 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._pass_on, args=(self.listener.accept()[0],), daemon=True).start()

    def _pass_on(self, client):
        with client, contextlib.suppress(OSError):
            hello = client.recv(1 << 16)
            if self.fails and offers_session(hello):
                self.failed += 1
                client.sendall(self.answer)
                return
            with socket.create_connection(("127.0.0.1", self.to)) as server:
                server.sendall(hello)
                back = threading.Thread(target=copy_all, args=(server, client), daemon=True)
                back.start()
                copy_all(client, server)
                back.join()


def copy_all(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def offers_session(record):
    """A ClientHello with pre_shared_key, or with a session_ticket that is not empty."""
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + int.from_bytes(record[at:at + 2], "big")
    at += 1 + record[at] + 2
    while at < len(record):
        kind, length = int.from_bytes(record[at:at + 2], "big"), int.from_bytes(record[at + 2:at + 4], "big")
        if kind == 41 or (kind == 35 and length > 0):
            return True
        at += 4 + length
    return False


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x28", b""], ids=["alert", "end"])
@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_a_server_that_cannot_take_its_session_back_fails_once(gateway, origin, pki, version, answer):
    context = kit.server_tls(pki, "site")
    context.minimum_version = context.maximum_version = version
    front = ForgetfulServer(origin("a", tls=context).port, answer)
    port = kit.free_port()
    gateway(CONF.format(pki=pki, port=port, origin=front.port, tls="", routes="", limits="", retries=0,
                        pool=f'keepalive 0; tls {{ ca "{pki}/ca.pem"; name localhost; }}'))
    client = kit.Raw(port, tls=kit.client_tls(pki))
    assert [client.get()[0] for _ in range(2)] == [200, 200]
    assert context.session_stats()["hits"] == 1
    front.fails = True
    assert [kit.Raw(port, tls=kit.client_tls(pki)).get()[0] for _ in range(2)] == [502, 200]
    assert front.failed == 1


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("ca, name", [("other-ca", "localhost"), ("ca", "other.example.test")])
def test_a_server_that_cannot_be_verified_gives_502(web, pki, ca, name, retries):
    server, port, running = web(pool=f'tls {{{{ ca "{{pki}}/{ca}.pem"; name {name}; }}}}', origin_tls=kit.server_tls(pki, "site"),
                                retries=retries)
    assert kit.Raw(port, tls=kit.client_tls(pki)).get()[0] == 502
    assert server.count == 0
    assert running.log(1)[0]["error"]["id"].startswith("E-CERT-")


def test_servers_see_the_gateways_own_certificate(web, pki):
    context = kit.server_tls(pki, "site")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(str(pki / "ca.pem"))
    server, port, _ = web(pool='tls {{ ca "{pki}/ca.pem"; name localhost; certificate "{pki}/www.pem"; }}', origin_tls=context)
    assert kit.Raw(port, tls=kit.client_tls(pki)).get()[0] == 200


@pytest.mark.parametrize("tls,wanted", [("certificate_compression zlib brotli;", "zlib"), ("", None)])
def test_certificates_go_compressed_where_the_configuration_says_so(web, pki, program, tls, wanted):
    _, port, _ = web(tls=tls)
    done = subprocess.run([program, "connect", f"localhost:{port}", "-CAfile", pki / "ca.pem", "--cert-compression", "brotli,zlib", "--json", "--no-input"],
                          capture_output=True, text=True, timeout=kit.SECONDS, check=False)
    found = json.loads(done.stdout)["tls"]["certificate_compression"]
    assert done.returncode == 0 and (found and found["algorithm"]) == wanted


@pytest.mark.parametrize("version", ["--tlsv1.3", "--tls-max 1.2"])
def test_curl_trusts_it(web, pki, version):
    server, port, _ = web()
    done = subprocess.run(["curl", "-sS", "--cacert", str(pki / "ca.pem"), *version.split(), f"https://localhost:{port}/"],
                          capture_output=True, text=True, timeout=kit.SECONDS, check=False)
    assert (done.stdout, done.stderr) == ("a", "")
