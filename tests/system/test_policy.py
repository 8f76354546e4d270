"""test_policy.py - a rule for a path holds for every spelling of the path, and what floods stays within fixed memory.

What the gateway routes by is what the server sees. So no spelling of /admin/ may reach the server when a route rejects /admin/, in
whatever way the server reads paths.
"""
import os
import re
import socket
import threading
import urllib.parse
from pathlib import Path

import kit
import pytest

CONF = """
workers 1;
log access {{ file off; }}
listener web 127.0.0.1:{port} {{
    protocol http;
    limits {{ header_size 16k; header_count 50; header_time 5s; }}
    route path /admin/ {{ reject 403; }}
    route host secret.test {{ reject 403; }}
    otherwise {{ pool app; }}
}}
pool app {{ server a 127.0.0.1:{origin}; }}
"""


@pytest.fixture
def web(gateway, origin):
    server, port = origin(), kit.free_port()
    running = gateway(CONF.format(port=port, origin=server.port), port)
    return server, port, running


# ---- paths

SPELLINGS = [
    "/admin", "/admin/", "/admin/x", "//admin/x", "/./admin/x", "/x/../admin/x", "/x/y/../../admin/", "/%61dmin/x", "/%61%64%6D%69%6e",
    "/x/%2e%2e/admin/x", "/x/..%2fadmin/x", "/x%2f..%2fadmin/x", "/%2fadmin/x", "/%2Fadmin%2Fx", "/admin%2fx", "/..%2fadmin/x", "/../../admin",
    "/admin;x=1/y", "/;x/admin/y", "/x/..;/admin/y", "/x/%2e%2e;a/admin", "/admin%5cx", "/x\\..\\admin", "/x/..%5cadmin", "/admin%00/x",
    "/admin/%00", "/admin\t/x", "http://a/admin/x", "http://a//admin/x", "http://a/x/../admin#/y", "/admin?x", "/admin/#x", "/admin//", "/admin/.",
    "/x/..//admin/..;/admin", "/admin/..;/admin/x", "/admin%3bx/y", "/%3Bx/admin/y", "/x/..%3b/admin/y", "/x/%2e%2E%3ba/admin",
]


def readings(target):
    """The paths that servers of different kinds would make of a target."""
    path = re.sub(r"^https?://[^/]*", "", target).split("?")[0].split("#")[0]
    for decode in (lambda p: p, urllib.parse.unquote, lambda p: urllib.parse.unquote(urllib.parse.unquote(p))):
        for cut in (lambda p: p, lambda p: re.sub(r";[^/]*", "", p)):
            for text in (cut(decode(path)), decode(cut(path))):
                yield re.sub(r"/+", "/", os.path.normpath("/" + text.replace("\\", "/")))


@pytest.mark.parametrize("target", SPELLINGS)
def test_no_spelling_of_a_rejected_path_reaches_the_server(web, target):
    server, port, _ = web
    raw = kit.Raw(port)
    raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    status, _, _ = raw.response()
    assert status in (400, 403), (status, server.heads)
    assert server.heads == []


@pytest.mark.parametrize("target", ["/administrator", "/x/admin", "/Admin", "/admi", "/x?/admin/", "/x#/admin", "/x/%252e%252e/y",
                                    "/%2561dmin-not", "/a;b/c", "/a%2fb", "/a/../b/./c//d", "/%c3%a4%20", "/..."])
def test_other_paths_reach_it_in_a_form_that_nobody_reads_as_the_rejected_one(web, target):
    server, port, _ = web
    raw = kit.Raw(port)
    raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert raw.response()[0] == 200
    seen = server.heads[0].split(b" ")[1].decode()
    assert "//" not in seen and "/./" not in seen and "/../" not in seen and "#" not in seen
    for path in readings(seen):
        assert path != "/admin" and not path.startswith("/admin/"), (seen, path)


@pytest.mark.parametrize("host", ["secret.test", "SECRET.test", "secret.test.", "secret.test:80", "secret.test:"])
@pytest.mark.parametrize("form", ["GET / HTTP/1.1\r\nHost: {host}", "GET http://{host}/ HTTP/1.1\r\nHost: other.test",
                                  "GET / HTTP/1.0\r\nHost: {host}"])
def test_no_spelling_of_a_rejected_host_reaches_the_server(web, host, form):
    server, port, _ = web
    raw = kit.Raw(port)
    raw.send((form.format(host=host) + "\r\n\r\n").encode())
    assert raw.response()[0] == 403
    assert server.heads == []


# ---- floods

def resident_kb(process):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])


def is_sanitized(program):
    return b"__asan_init" in Path(program).read_bytes()


@pytest.mark.parametrize("name", [0, 1, 255, 256, 1024, 1025, 65535, 65536])
def test_names_of_every_length_are_passed_or_refused(web, name):
    server, port, _ = web
    raw = kit.Raw(port)
    raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-First: 1\r\n" + b"n" * name + b": v\r\nX-Last: 2\r\n\r\n")
    status, _, _ = raw.response()
    assert status == (400 if name == 0 else 200 if name <= 1024 else 431)
    if status == 200:
        fields = server.heads[0].split(b"\r\n")
        assert b"X-First: 1" in fields and b"n" * name + b": v" in fields and b"X-Last: 2" in fields


@pytest.mark.parametrize("line", [b"a:\r\n", b"Cookie: a\r\n", b"X-Y: " + b"z" * 900 + b"\r\n"])
def test_heads_without_an_end_are_refused_at_their_limit(web, line):
    _, port, _ = web
    raw = kit.Raw(port)
    raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    try:
        for _ in range(100000 // len(line)):
            raw.send(line)
    except ConnectionError:
        pass
    assert raw.rest().startswith(b"HTTP/1.1 431 ")


def test_many_unfinished_heads_take_a_bounded_amount_of_memory(web, program):
    if is_sanitized(program):
        pytest.skip("a sanitizer has its own idea of memory")
    server, port, running = web
    kit.Raw(port).get()
    before = resident_kb(running.process)
    attackers = []
    for _ in range(200):
        raw = kit.Raw(port)
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 15000)
        attackers.append(raw)
    assert kit.Raw(port).get()[0] == 200
    grown = resident_kb(running.process) - before
    assert grown < 200 * 64, f"{grown / 200:.0f} kB for each attacker"
    for raw in attackers:
        raw.close()


def serve(answer):
    """A server that sends `answer` to whoever asks and then waits for the other side to end. Gives its port and a function to stop."""
    listener = socket.create_server(("127.0.0.1", 0))

    def client(peer):
        with peer:
            try:
                peer.recv(65536)
                answer(peer)
                while peer.recv(65536):
                    pass
            except OSError:
                pass

    def run():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=client, args=(peer,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return listener


def flood(data, times):
    def answer(peer):
        for _ in range(times):
            peer.sendall(data)
    return answer


@pytest.mark.parametrize("name,data,times", [
    ("interim", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100000),
    ("fields", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10000, 1),
    ("one field", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400000, 1),
    ("status line", b"HTTP/1.1 200 " + b"y" * 400000, 1),
    ("nothing that is HTTP", b"\0" * 400000, 1),
])
def test_a_server_that_floods_is_given_up(gateway, name, data, times):
    listener, port = serve(flood(data, times)), kit.free_port()
    running = gateway(CONF.format(port=port, origin=listener.getsockname()[1]), port)
    raw = kit.Raw(port)
    raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    interims = 0
    while (status := raw.head()[0]) < 200:
        interims += 1
    assert status == 502 and interims < 100, name
    listener.close()
    assert running.process.poll() is None


def test_a_size_beyond_32_bits_is_passed_on_as_it_is(gateway):
    total = (1 << 32) + 10

    def answer(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nstart" % total)
    listener, port = serve(answer), kit.free_port()
    gateway(CONF.format(port=port, origin=listener.getsockname()[1]), port)
    raw = kit.Raw(port)
    raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    _, head = raw.head()
    assert b"Content-Length: %d\r\n" % total in head
    raw.close()
    listener.close()


def test_requests_in_one_packet_by_the_hundred_are_all_answered(web):
    server, port, _ = web
    raw = kit.Raw(port)
    raw.send(b"GET /head HTTP/1.1\r\nHost: a\r\n\r\n" * 300)
    for _ in range(300):
        assert raw.response()[0] == 200
    assert server.count == 300
