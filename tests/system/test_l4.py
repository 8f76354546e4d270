"""test_l4.py - raw connections and datagrams through the gateway."""
import hashlib
import os
import select
import socket
import ssl
import threading
import time

import kit
import pytest

CONF = """
workers 1;
log access {{ file "access.log"; format json; }}
{tls}
listener raw 127.0.0.1:{port} {{ protocol {protocol}; {more} pool app; }}
pool app {{ {pool} {servers} }}
"""


class TcpServer:
    """Calls `serve` with every connection, in a thread of its own."""

    def __init__(self, serve):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock):
        try:
            self.serve(sock)
        except OSError:
            pass
        finally:
            sock.close()

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class UdpServer:
    """Answers with its name and what it got."""

    def __init__(self, name):
        self.name = name
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.peers = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, peer = self.sock.recvfrom(65535)
                self.peers.add(peer)
                self.sock.sendto(self.name + b":" + data, peer)
            except OSError:
                return

    def stop(self):
        self.sock.close()


def start(gateway, servers, protocol="tcp", tls="", more="", pool=""):
    port = kit.free_port(socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    text = " ".join(f"server s{i} 127.0.0.1:{s.port};" for i, s in enumerate(servers))
    return port, gateway(CONF.format(port=port, protocol=protocol, tls=tls, more=more, pool=pool, servers=text))


def echo(sock):
    while data := sock.recv(65536):
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def read_all(sock):
    out = b""
    while data := sock.recv(65536):
        out += data
    return out


def test_bytes_pass_both_ways_and_a_half_closed_end_is_passed_on(gateway):
    def answer_after_the_end(sock):
        sock.sendall(hashlib.sha256(read_all(sock)).digest())
    port, running = start(gateway, [TcpServer(answer_after_the_end)])
    data = os.urandom(3 << 20)
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == hashlib.sha256(data).digest()
    line = running.log(1, of="connection")[0]
    assert (line["bytes_in"], line["bytes_out"]) == (len(data), 32)


def test_a_server_may_speak_first(gateway):
    port, _ = start(gateway, [TcpServer(lambda sock: sock.sendall(b"220 hello\r\n"))])
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        assert read_all(sock) == b"220 hello\r\n"


def test_a_reader_that_does_not_read_stops_the_sender(gateway):
    sent = []

    def pour(sock):
        sock.settimeout(1)
        try:
            while len(sent) < 4096:
                sock.sendall(b"x" * 65536)
                sent.append(65536)
        except OSError:
            pass
    port, running = start(gateway, [TcpServer(pour)])
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS):
        time.sleep(2.0)
        status = open(f"/proc/{running.process.pid}/status").read()
    assert sum(sent) < 64 << 20
    assert int(status.split("VmRSS:")[1].split()[0]) < 64 << 10 or "asan" in str(running.program)


def test_a_server_that_refuses_is_replaced_by_another_one(gateway):
    dead, alive = TcpServer(echo), TcpServer(echo)
    dead.stop()
    port, _ = start(gateway, [dead, alive], pool="retries 1;")
    for _ in range(6):
        with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
            sock.sendall(b"ping")
            assert sock.recv(10) == b"ping"


def exchange(sock, data):
    """Sends all of it while as much comes back; one thread, since OpenSSL's connections are not for two."""
    sock.setblocking(False)
    sent, got, ends = 0, bytearray(), time.monotonic() + kit.SECONDS
    while len(got) < len(data):
        assert time.monotonic() < ends
        select.select([sock], [sock] if sent < len(data) else [], [], 1)
        try:
            sent += sock.send(data[sent:sent + 16384]) if sent < len(data) else 0
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            more = sock.recv(65536)
            assert more, "it ended early"
            got += more
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
    return bytes(got)


def test_tls_is_taken_off_in_front_of_a_raw_server(gateway, pki):
    port, _ = start(gateway, [TcpServer(echo)], tls=f'tls site {{ certificate "{pki}/site.pem"; }}', more="tls site;")
    client = kit.Raw(port, tls=kit.client_tls(pki, alpn=None))
    data = os.urandom(1 << 20)
    assert exchange(client.sock, data) == data
    client.close()


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
def test_a_slow_server_gets_every_byte_of_a_fast_client(gateway, pki, secure):
    def sum_slowly(sock):
        digest = hashlib.sha256()
        left = 6 << 20
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        while left:
            data = sock.recv(30000)
            left -= len(data)
            digest.update(data)
            if left % 7 == 0:
                time.sleep(0.002)
        sock.sendall(digest.digest())
    port, _ = start(gateway, [TcpServer(sum_slowly)], tls=f'tls site {{ certificate "{pki}/site.pem"; }}' if secure else "",
                    more="tls site;" if secure else "")
    client = kit.Raw(port, tls=kit.client_tls(pki, alpn=None) if secure else None)
    data = os.urandom(6 << 20)
    client.send(data)
    assert client._exactly(32) == hashlib.sha256(data).digest()


RESET_AT_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def end_of(sock):
    try:
        return read_all(sock)
    except OSError as error:
        return type(error)


def test_a_reset_of_the_client_is_no_end_in_order_for_the_server(gateway):
    ends = []

    def wait_for_the_end(sock):
        sock.sendall(b"hello")
        ends.append(end_of(sock))
    port, _ = start(gateway, [TcpServer(wait_for_the_end)])
    sock = socket.create_connection(("127.0.0.1", port), kit.SECONDS)
    sock.sendall(b"x")
    assert sock.recv(10) == b"hello"
    sock.setsockopt(*RESET_AT_CLOSE)
    sock.close()
    assert kit.wait_until(lambda: ends) == [ConnectionResetError]


def test_a_reset_of_the_server_is_no_end_in_order_for_the_client(gateway):
    def cut(sock):
        sock.sendall(b"half")
        sock.recv(10)
        sock.setsockopt(*RESET_AT_CLOSE)
    port, _ = start(gateway, [TcpServer(cut)])
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        assert sock.recv(10) == b"half"
        sock.sendall(b"x")
        assert end_of(sock) is ConnectionResetError


def test_a_reset_behind_an_end_in_order_takes_nothing_away(gateway):
    def end_then_reset(sock):
        sock.sendall(b"z" * 500000)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(10)
        sock.setsockopt(*RESET_AT_CLOSE)
    port, _ = start(gateway, [TcpServer(end_then_reset)])
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        time.sleep(0.3)
        sock.sendall(b"x")
        time.sleep(0.3)
        assert end_of(sock) == b"z" * 500000


def test_a_silence_that_is_too_long_is_no_end_in_order(gateway):
    ends = []

    def say_half(sock):
        sock.sendall(b"half")
        ends.append(end_of(sock))
    port, _ = start(gateway, [TcpServer(say_half)], more="limits { idle_time 300ms; }")
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        assert sock.recv(10) == b"half"
        assert end_of(sock) is ConnectionResetError
    assert kit.wait_until(lambda: ends) == [ConnectionResetError]


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_waiting_behind_a_half_closed_end_costs_nothing(gateway):
    def answer_late(sock):
        read_all(sock)
        time.sleep(1.2)
        sock.sendall(b"late")
    port, running = start(gateway, [TcpServer(answer_late)])
    with socket.create_connection(("127.0.0.1", port), kit.SECONDS) as sock:
        sock.sendall(b"x")
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        before = processor_seconds(running.process.pid)
        assert read_all(sock) == b"late"
        assert processor_seconds(running.process.pid) - before < 0.1


def test_a_client_that_half_closed_and_reads_slowly_gets_everything(gateway):
    def pour_after_the_end(sock):
        read_all(sock)
        sock.sendall(b"z" * (16 << 20))
    port, _ = start(gateway, [TcpServer(pour_after_the_end)])
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        sock.settimeout(kit.SECONDS)
        sock.connect(("127.0.0.1", port))
        sock.sendall(b"x")
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        assert len(read_all(sock)) == 16 << 20


def test_a_reset_of_the_server_is_no_end_in_order_for_a_tls_client(gateway, pki):
    def cut(sock):
        sock.sendall(b"half")
        sock.recv(10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    port, _ = start(gateway, [TcpServer(cut)], tls=f'tls site {{ certificate "{pki}/site.pem"; }}', more="tls site;")
    context = kit.client_tls(pki, alpn=None)
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # with it, an end without close_notify looks like one with it
    sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), kit.SECONDS),
                               server_hostname="localhost", suppress_ragged_eofs=False)
    assert sock.recv(10) == b"half"
    sock.sendall(b"x")
    with pytest.raises(OSError):
        assert sock.recv(10)


def ask(sock, port, data):
    sock.sendto(data, ("127.0.0.1", port))
    return sock.recvfrom(65535)[0]


@pytest.fixture
def udp_client():
    made = []

    def make():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        made.append(sock)
        return sock
    yield make
    for sock in made:
        sock.close()


def test_datagrams_of_a_client_keep_their_server_and_come_back(gateway, udp_client):
    servers = [UdpServer(b"a"), UdpServer(b"b")]
    port, _ = start(gateway, servers, "udp", pool="balance round_robin;")
    kit.wait_until(lambda: True)
    clients = [udp_client() for _ in range(4)]
    names = []
    for client in clients:
        answers = [ask(client, port, b"%d" % n) for n in range(10)]
        assert [a.split(b":")[1] for a in answers] == [b"%d" % n for n in range(10)]
        assert len({a.split(b":")[0] for a in answers}) == 1
        names.append(answers[0].split(b":")[0])
    assert sorted(names) == [b"a", b"a", b"b", b"b"]
    big = os.urandom(20000)
    assert ask(clients[0], port, big)[2:] == big


def test_no_more_flows_than_the_limit_are_kept(gateway, udp_client):
    port, _ = start(gateway, [UdpServer(b"a")], protocol="udp", more="limits { connections 2; } flow_idle 1s;")
    first, second, third = udp_client(), udp_client(), udp_client()
    assert ask(first, port, b"1") == b"a:1" and ask(second, port, b"2") == b"a:2"
    third.settimeout(0.3)
    with pytest.raises(TimeoutError):
        ask(third, port, b"3")
    time.sleep(1.2)
    assert ask(third, port, b"3") == b"a:3"


def test_a_silent_flow_is_forgotten(gateway, udp_client):
    server = UdpServer(b"a")
    port, _ = start(gateway, [server], "udp", more="flow_idle 200ms;")
    client = udp_client()
    ask(client, port, b"1")
    time.sleep(0.6)
    ask(client, port, b"2")
    assert len(server.peers) == 2


@pytest.mark.parametrize("every", ["0.0.0.0", ""], ids=["ipv4", "both"])
def test_answers_come_from_the_address_that_was_asked(gateway, udp_client, every):
    server, port = UdpServer(b"a"), kit.free_port(socket.SOCK_DGRAM)
    running = gateway(f"""workers 1; log access {{ file off; }} listener u {every}:{port} {{ protocol udp; pool u; }}
        pool u {{ server a 127.0.0.1:{server.port}; }}""", wait=False)
    kit.wait_until(lambda: "serving" in running.stderr())
    client = udp_client()
    for address in ("127.0.0.2", "127.0.0.3"):  # of one client: two flows
        client.sendto(address.encode(), (address, port))
        assert client.recvfrom(100) == (b"a:" + address.encode(), (address, port))
    assert len(server.peers) == 2


def test_a_flow_idle_of_zero_is_no_limit(gateway, udp_client):
    server = UdpServer(b"a")
    port, _ = start(gateway, [server], "udp", more="flow_idle 0s;")
    client = udp_client()
    for _ in range(3):
        ask(client, port, b"1")
        time.sleep(0.1)
    assert len(server.peers) == 1


def test_flows_leave_half_of_the_descriptors_to_others(gateway, udp_client):
    stream, datagrams = TcpServer(lambda sock: sock.sendall(b"hello")), UdpServer(b"a")
    tcp_port, udp_port = kit.free_port(), kit.free_port(socket.SOCK_DGRAM)
    gateway(f"""workers 1; log access {{ file off; }}
        listener t 127.0.0.1:{tcp_port} {{ protocol tcp; pool t; }} pool t {{ server a 127.0.0.1:{stream.port}; }}
        listener u 127.0.0.1:{udp_port} {{ protocol udp; pool u; }} pool u {{ server a 127.0.0.1:{datagrams.port}; }}""",
            tcp_port, enter=("prlimit", "--nofile=200:200"))
    for _ in range(300):
        udp_client().sendto(b"x", ("127.0.0.1", udp_port))
    kit.wait_until(lambda: len(datagrams.peers) >= 100)
    with socket.create_connection(("127.0.0.1", tcp_port), kit.SECONDS) as sock:
        assert read_all(sock) == b"hello"
    assert len(datagrams.peers) == 100


def test_a_flow_moves_when_the_server_that_answered_it_is_gone(gateway, udp_client):
    one, other = UdpServer(b"a"), UdpServer(b"b")
    port, _ = start(gateway, [one, other], "udp", pool="balance round_robin; eject { errors 1; for 60s; at_most 50%; }")
    client = udp_client()
    first = ask(client, port, b"x")
    gone = one if first == b"a:x" else other
    gone.stop()
    client.settimeout(0.2)
    deadline = time.monotonic() + 5
    while True:
        try:
            assert ask(client, port, b"x") != first
            return
        except TimeoutError:
            assert time.monotonic() < deadline


def test_datagrams_find_another_server_when_theirs_is_gone(gateway, udp_client):
    dead, alive = UdpServer(b"a"), UdpServer(b"b")
    dead.stop()
    port, _ = start(gateway, [dead, alive], "udp", pool="balance round_robin; eject { errors 1; for 60s; at_most 50%; }")
    for _ in range(2):
        client = udp_client()
        client.settimeout(0.2)
        for _ in range(20):
            try:
                assert ask(client, port, b"x") == b"b:x"
                break
            except TimeoutError:
                continue
        else:
            raise AssertionError("no server was found")
