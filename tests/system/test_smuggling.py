"""test_smuggling.py - the 60 requests of src/http/h1_cases.def through a running gateway, to a server that records every byte.

A refused request is answered with its status, its connection is closed, and no whole request reaches the server: neither that one nor
the one that was sent behind it. A request that is made clean arrives in exactly the form that the list gives, plus the fields that the
gateway adds; the connection goes on and the request behind it is answered as what it is.
"""
import re
import socket
import threading
import time

import pytest

SECONDS_MAX = 10
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
ADDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip", b"forwarded", b"via")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# ---- the list

def c_text(tokens):
    """Bytes of C string literals that stand side by side."""
    escapes = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\", '"': '"'}
    text = "".join(tokens)
    return re.sub(r"\\([0-7]{1,3}|.)",
                  lambda m: chr(int(m[1], 8)) if m[1][0] in "01234567" else escapes[m[1]], text).encode("latin-1")


def cases(root):
    text = re.sub(r"/\*.*?\*/", "", (root / "src/http/h1_cases.def").read_text(), flags=re.S)
    literal = r'"((?:[^"\\]|\\.)*)"'
    for m in re.finditer(rf"REFUSED\({literal}, (\d+), {literal}\)", text):
        yield m[1], int(m[2]), c_text([m[3]]), None
    for m in re.finditer(rf"CLEAN\({literal},\s+{literal},\s+{literal}\)", text):
        yield m[1], 0, c_text([m[2]]), c_text([m[3]])


# ---- the server

def split_request(data):
    """The first whole request: (head lines, body, rest), or None. Reads only what is clean; anything else is a failure."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    lines = head.split(b"\r\n")
    fields = [line.split(b": ", 1) for line in lines[1:]]
    names = [name.lower() for name, _ in fields]
    assert not (b"content-length" in names and b"transfer-encoding" in names)
    if b"transfer-encoding" in names:
        body = b""
        while True:
            line, found, tail = rest.partition(b"\r\n")
            if not found:
                return None
            assert re.fullmatch(rb"[0-9a-f]+", line), line
            size = int(line, 16)
            if len(tail) < size + 2:
                return None
            assert tail[size:size + 2] == b"\r\n", "a trailer or a broken chunk"
            body, rest = body + tail[:size], tail[size + 2:]
            if size == 0:
                return lines, body, rest
    size = int(dict(zip(names, (value for _, value in fields))).get(b"content-length", b"0"))
    return (lines, rest[:size], rest[size:]) if len(rest) >= size else None


class Server:
    """Answers every whole request and keeps what it saw."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.requests, self.problems, self.open = [], [], 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data = b""
        with peer:
            try:
                while more := peer.recv(65536):
                    data += more
                    while found := split_request(data):
                        with self.lock:
                            self.requests.append(found[:2])
                        data = found[2]
                        peer.sendall(ANSWER)
            except (AssertionError, ValueError) as problem:
                with self.lock:
                    self.problems.append(f"{problem}: {data!r}")
            except OSError:
                pass

    def take(self):
        with self.lock:
            requests, self.requests = self.requests, []
            assert not self.problems, self.problems
        return requests


# ---- the client

def exchange(port, data):
    """Sends and gives what comes back until the other side closes or is silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as sock:
        try:
            sock.sendall(data)
            while more := sock.recv(65536):
                received += more
                if len(split_answers(received)) == 2 and b" 200 " in received:
                    return received, False
        except ConnectionError:
            pass
    return received, True


def split_answers(data):
    """Status and body of each whole answer."""
    answers = []
    while True:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return answers
        if head.startswith(b"HTTP/1.1 1"):
            data = rest
            continue
        size = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        if len(rest) < size:
            return answers
        answers.append((int(head[9:12]), rest[:size]))
        data = rest[size:]


@pytest.fixture(scope="module")
def gateway(program, tmp_path_factory):
    import subprocess

    server = Server()
    folder = tmp_path_factory.mktemp("smuggling")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (folder / "bojagi.conf").write_text(
        f"workers 1;\nlog access {{ file off; }}\n"
        f"listener web 127.0.0.1:{port} {{ protocol http; pool app; }}\n"
        f"pool app {{ server a 127.0.0.1:{server.port}; retries 0; eject off; }}\n")
    process = subprocess.Popen([str(program), "proxy", "-c", "bojagi.conf"], cwd=folder)
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, "the gateway does not start"
            time.sleep(0.02)
    yield server, port
    process.terminate()
    assert process.wait(SECONDS_MAX) == 0
    server.sock.close()


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        from pathlib import Path
        rows = list(cases(Path(__file__).resolve().parents[2]))
        metafunc.parametrize("case", rows, ids=[row[0].replace(" ", "-") for row in rows])


def test_the_list_has_sixty_rows(root):
    rows = list(cases(root))
    assert len(rows) == 60 and sum(1 for row in rows if row[1]) == 50


def without_added(lines):
    return [line for line in lines if line.split(b":")[0].lower() not in ADDED]


def test_case(gateway, case):
    server, port = gateway
    name, status, request, forwarded = case
    server.take()
    received, closed = exchange(port, request + HIDDEN)
    answers = split_answers(received)
    if status:
        assert [a[0] for a in answers] == [status], received
        assert closed
        assert server.take() == []
        return
    assert [a[0] for a in answers] == [200, 200], received
    seen = server.take()
    assert len(seen) == 2, seen
    wanted_lines, wanted_body, _ = split_request(forwarded)
    lines, body = seen[0]
    assert without_added(lines) == wanted_lines, name
    assert body == wanted_body, name
    assert seen[1][0][0] == b"GET /hidden HTTP/1.1"


@pytest.mark.parametrize("claim", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Client-Cert", "Client-Cert", "X-Client-DN"])
def test_a_clients_claims_do_not_reach_the_server(gateway, claim):
    server, port = gateway
    server.take()
    exchange(port, f"GET / HTTP/1.1\r\nHost: a\r\n{claim}: forged.example\r\nConnection: {claim}, X-Forwarded-For\r\n\r\n".encode() + HIDDEN)
    lines, _ = server.take()[0]
    assert not any(b"forged.example" in line for line in lines)
    assert sum(line.lower().startswith(b"x-forwarded-for: 127.0.0.1") for line in lines) == 1


@pytest.mark.parametrize("step", [1, 7])
def test_pieces_of_a_clean_request_change_nothing(gateway, step):
    server, port = gateway
    server.take()
    request = (b"POST /a/../b?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Forwarded-For: 1\r\n\r\n" + HIDDEN)
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(request), step):
            sock.sendall(request[at:at + step])
        received = b""
        while len(split_answers(received)) < 2:
            more = sock.recv(65536)
            assert more, received
            received += more
    seen = server.take()
    assert [lines[0] for lines, _ in seen] == [b"POST /b?q HTTP/1.1", b"GET /hidden HTTP/1.1"]
    assert seen[0][1] == b"hello world"
