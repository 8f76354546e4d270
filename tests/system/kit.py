"""kit.py - what the gateway's tests share: origin servers that remember, a gateway of one's own, small clients."""
import asyncio
import base64
import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

SECONDS = 15
BIG = bytes(range(256)) * 8192


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(true, seconds=SECONDS, step=0.01):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = true()
        if got:
            return got
        time.sleep(step)
    raise AssertionError("it did not come true in time")


def quietly(act, *arguments):
    """For threads that write to somebody who may be gone."""
    try:
        act(*arguments)
    except OSError:
        pass


class Origin:
    """A server that answers by path and remembers every head and body. Runs in a thread of its own."""

    def __init__(self, name="a", port=None, tls=None, delay=0.0, path=None):
        self.name, self.port, self.tls, self.delay, self.path = name, port or free_port(), tls, delay, path
        self.heads, self.bodies, self.count, self.connections, self.active, self.peak = [], [], 0, 0, 0, 0
        self.remember = True
        self.writers = set()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.thread.start()
        assert self.ready.wait(5)

    async def _main(self):
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        if self.path:
            self.server = await asyncio.start_unix_server(self._client, self.path, limit=1 << 20)
        else:
            self.server = await asyncio.start_server(self._client, "127.0.0.1", self.port, ssl=self.tls, limit=1 << 20, backlog=1024)
        self.ready.set()
        await self.over.wait()
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    def stop(self):
        """Ends as a killed process does: everything is reset."""
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.over.set)
            self.thread.join(5)

    async def _body(self, reader, head):
        low = head.lower()
        if b"\r\ntransfer-encoding: chunked" in low:
            body = b""
            while True:
                size = int((await reader.readline()).split(b";")[0], 16)
                body += await reader.readexactly(size)
                await reader.readline()
                if size == 0:
                    return body
        if b"\r\ncontent-length:" in low:
            return await reader.readexactly(int(low.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0]))
        return b""

    async def _client(self, reader, writer):
        self.connections += 1
        self.writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.count += 1
                self.active += 1
                self.peak = max(self.peak, self.active)
                try:
                    if not await self._answer(reader, writer, head):
                        return
                finally:
                    self.active -= 1
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, reader, writer, head):
        method, target = head.split(b" ", 2)[:2]
        path = target.decode().split("?")[0]
        if b"\r\nexpect: 100-continue" in head.lower():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if path == "/ws":
            key = head.lower().split(b"sec-websocket-key:")[1]
            key = head[len(head) - len(key):].split(b"\r\n")[0].strip()
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            return False
        if path == "/early":
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            await writer.drain()
            return False
        body = await self._body(reader, head)
        if self.remember:
            self.heads.append(head)
            self.bodies.append(body)
        if self.delay:
            await asyncio.sleep(self.delay)
        status, out = b"200 OK", self.name.encode()
        if path == "/echo":
            out = body
        elif path == "/head":
            out = head
        elif path == "/big":
            out = BIG
        elif path == "/sum":
            out = hashlib.sha256(body).hexdigest().encode()
        elif path == "/slow":
            await asyncio.sleep(1.0)
        elif path == "/hang":
            await asyncio.sleep(60)
        elif path.startswith("/status/"):
            status = path[8:].encode() + b" Word"
        elif path == "/close":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(range(256)) * 1024)
            await writer.drain()
            return False
        elif path == "/chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for size in (1, 10, 1000, 70000):
                writer.write(b"%x\r\n" % size + b"z" * size + b"\r\n")
                await writer.drain()
            writer.write(b"0\r\nX-Trailer: dropped\r\n\r\n")
            return True
        elif path == "/garbage":
            writer.write(b"what is this\r\n\r\n")
            return False
        elif path == "/badchunk":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n")
            return False
        elif path == "/cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
            await writer.drain()
            return False
        elif path == "/extra":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
            return True
        elif path == "/204":
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return True
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(out)))
        if method != b"HEAD":
            writer.write(out)
        await writer.drain()
        return True


class Gateway:
    """A running `bojagi proxy` with a configuration of the test's."""

    def __init__(self, program, folder, text, ports=(), wait=True, env=None, enter=()):
        self.folder, self.program = pathlib.Path(folder), program
        self.conf = self.folder / "bojagi.conf"
        self.log_path = self.folder / "access.log"
        self.err_path = self.folder / "stderr.txt"
        self.write(text)
        self.err = open(self.err_path, "wb")
        self.process = subprocess.Popen([*enter, str(program), "proxy", "-c", str(self.conf)], stdout=self.err, stderr=self.err,
                                        cwd=self.folder, env={**{k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
                                                              **(env or {})})
        if wait:
            self.wait(ports)

    def write(self, text):
        self.conf.write_text(text)

    def wait(self, ports):
        def up():
            assert self.process.poll() is None, self.stderr()
            for port in ports:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    return False
            return b"serving" in self.err_path.read_bytes()
        wait_until(up)

    def stderr(self):
        return self.err_path.read_text(errors="replace")

    def reload(self):
        before = self.stderr().count("reloaded") + self.stderr().count("the old configuration stays")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.stderr().count("reloaded") + self.stderr().count("the old configuration stays") > before)

    def log(self, count=None, of="request", seconds=SECONDS):
        """The access log's lines of one kind; waits for `count` of them."""
        def lines():
            if not self.log_path.exists():
                return []
            found = [json.loads(line) for line in self.log_path.read_text().splitlines()]
            found = [line for line in found if line["kind"] == of]
            return found if count is None or len(found) >= count else None
        return wait_until(lines, seconds) if count else lines()

    def stop(self, seconds=SECONDS):
        """Drains; the exit code must be 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.err.close()
        return code


class Raw:
    """A connection that says exactly what it is told and reads one response at a time."""

    def __init__(self, port, source=None, tls=None, name="localhost", timeout=SECONDS):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout, (source, 0) if source else None)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name)
        self.buf = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def _more(self):
        got = self.sock.recv(65536)
        self.buf += got
        return bool(got)

    def _until(self, mark):
        while mark not in self.buf:
            if not self._more():
                raise EOFError(self.buf)
        at = self.buf.index(mark) + len(mark)
        out, self.buf = self.buf[:at], self.buf[at:]
        return out

    def _exactly(self, count):
        while len(self.buf) < count:
            if not self._more():
                raise EOFError(self.buf)
        out, self.buf = self.buf[:count], self.buf[count:]
        return out

    def head(self):
        head = self._until(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head

    def response(self, method="GET"):
        status, head = self.head()
        low = head.lower()
        body = b""
        if method == "HEAD" or status in (204, 304) or status < 200:
            pass
        elif b"transfer-encoding: chunked" in low:
            while True:
                size = int(self._until(b"\r\n"), 16)
                body += self._exactly(size)
                assert self._exactly(2) == b"\r\n"
                if size == 0:
                    break
        elif b"content-length:" in low:
            body = self._exactly(int(low.split(b"content-length:")[1].split(b"\r\n")[0]))
        else:
            while self._more():
                pass
            body, self.buf = self.buf, b""
        return status, head, body

    def get(self, path="/", fields="", method="GET", body=b"", host="localhost"):
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}{length}\r\n".encode() + body)
        return self.response(method)

    def rest(self):
        """Everything until the other side ends; a reset counts as an end."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        out, self.buf = self.buf, b""
        return out

    def close(self):
        self.sock.close()


def client_tls(pki, certificate=None, version=None, alpn=("http/1.1",)):
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    if version:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(str(pki / f"{certificate}.pem"))
    return context


def server_tls(pki, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(pki / f"{certificate}.pem"))
    return context
