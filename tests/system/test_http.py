"""test_http.py - HTTP/1.1 through the gateway: framing, keep-alive, upgrades, errors."""
import base64
import hashlib
import json
import os
import signal
import socket
import threading
import time
import urllib.request

import kit
import pytest
from test_l4 import TcpServer

CONF = """
workers {workers};
log access {{ file "access.log"; format json; }}
listener web 127.0.0.1:{port} {{ protocol http; {limits} {routes} otherwise {{ pool app; }} }}
pool app {{ balance round_robin; retries 1; {pool} server a 127.0.0.1:{origin}; }}
{more}
"""


@pytest.fixture
def web(origin, gateway):
    """A function that starts a gateway before one origin; gives origin, port and gateway."""
    def start(limits="", routes="", pool="", more="", workers=1):
        server = origin("a")
        port = kit.free_port()
        running = gateway(CONF.format(port=port, origin=server.port, limits=limits, routes=routes, pool=pool, more=more,
                                      workers=workers), port)
        return server, port, running
    return start


def test_one_connection_carries_many_requests_both_sides(web):
    server, port, _ = web()
    client = kit.Raw(port)
    for _ in range(50):
        assert client.get()[2] == b"a"
    assert server.count == 50
    assert server.connections == 1


def test_a_server_may_be_a_unix_socket(web, origin, tmp_path):
    path = tmp_path / "s"
    unix = origin("unix", path=str(path))
    server, port, _ = web(routes="route path /u { pool u; }", more=f"pool u {{ server s unix:{path}; }}")
    client = kit.Raw(port)
    for _ in range(3):
        assert client.get("/u")[2] == b"unix"
    assert unix.connections == 1
    assert kit.Raw(port).send(b"GET /u HTTP/1.0\r\n\r\n").rest().endswith(b"unix")
    assert b"\r\nHost: localhost\r\n" in unix.heads[-1]


def test_pipelined_requests_are_answered_in_order(web):
    server, port, _ = web()
    client = kit.Raw(port)
    client.send(b"".join(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n%03d" % n for n in range(100)))
    assert [client.response()[2] for _ in range(100)] == [b"%03d" % n for n in range(100)]


def test_one_client_with_very_many_requests_does_not_keep_others_waiting(web):
    server, port, _ = web(routes="route path /no { reject 404; }")
    flood = kit.Raw(port)
    stop = threading.Event()

    def pour():
        try:
            while not stop.is_set():
                flood.send(b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
        except OSError:
            pass

    def drink():
        try:
            while flood.sock.recv(1 << 20):
                pass
        except OSError:
            pass
    threads = [threading.Thread(target=pour), threading.Thread(target=drink)]
    for thread in threads:
        thread.start()
    slowest = 0
    for _ in range(20):
        began = time.monotonic()
        assert kit.Raw(port).get()[2] == b"a"
        slowest = max(slowest, time.monotonic() - began)
    stop.set()
    flood.sock.shutdown(kit.socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    assert slowest < 2


def test_a_head_may_come_byte_by_byte(web):
    server, port, _ = web()
    client = kit.Raw(port)
    for byte in b"GET /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok":
        client.send(bytes([byte]))
    assert client.response()[2] == b"ok"


def test_bodies_of_a_mebibyte_and_more_arrive_unchanged_both_ways(web):
    server, port, _ = web()
    server.remember = False
    body = os.urandom(3 << 20)
    client = kit.Raw(port)
    assert client.get("/sum", method="POST", body=body)[2].decode() == hashlib.sha256(body).hexdigest()
    assert client.get("/echo", method="POST", body=body)[2] == body
    assert client.get("/big")[2] == bytes(range(256)) * 8192


def test_a_slow_reader_gets_everything(web):
    server, port, _ = web()
    client = kit.Raw(port)
    client.sock.setsockopt(kit.socket.SOL_SOCKET, kit.socket.SO_RCVBUF, 32768)
    client.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.3)
    assert client.response()[2] == bytes(range(256)) * 8192
    assert client.get()[2] == b"a"


def test_chunked_bodies_pass_both_ways(web):
    server, port, _ = web()
    client = kit.Raw(port)
    client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5;ext=1\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n0\r\nX-Trailer: t\r\n\r\n")
    assert client.response()[2] == b"hello world!"
    status, head, body = client.get("/chunked")
    assert b"transfer-encoding: chunked" in head.lower() and body == b"z" * 71011
    assert client.get()[2] == b"a"


def test_http_1_0_clients_get_no_chunks_and_are_closed(web):
    server, port, _ = web()
    client = kit.Raw(port).send(b"GET /chunked HTTP/1.0\r\n\r\n")
    got = client.rest()
    assert b"transfer-encoding" not in got.lower() and got.endswith(b"z" * 71011)


def test_a_response_that_ends_with_its_connection_is_passed_on_whole(web):
    server, port, _ = web()
    client = kit.Raw(port)
    assert client.get("/close")[2] == bytes(range(256)) * 1024
    assert client.get()[2] == b"a"


def test_expect_is_answered_by_the_server_before_the_body_is_sent(web):
    server, port, _ = web()
    client = kit.Raw(port).send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert client.head()[0] == 100
    client.send(b"body")
    assert client.response()[2] == b"body"
    assert client.get()[2] == b"a"


def test_an_early_answer_ends_the_connection_so_the_body_is_never_a_request(web):
    server, port, _ = web()
    client = kit.Raw(port)
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + hidden)
    assert client.response()[0] == 401
    client.send(hidden)
    assert client.rest() == b""
    assert not any(b"/hidden" in head for head in server.heads)


def test_an_early_answer_arrives_though_the_server_resets_the_rest_of_the_body(web):
    server, port, _ = web()
    for _ in range(10):
        client = kit.Raw(port)
        try:
            client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n" + bytes(8388608))
        except ConnectionError:
            pass
        status, head, body = client.response()
        assert (status, body) == (401, b"no") and b"connection: close" in head.lower()
        client.close()


def test_a_client_that_sends_everything_before_it_reads_gets_every_answer(web):
    server, port, running = web(routes="route path /no { reject; }")
    count = 40000
    client = kit.Raw(port)
    sender = threading.Thread(target=client.send, args=(b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n" * count,), daemon=True)
    sender.start()
    time.sleep(1.0)
    for _ in range(count):
        assert client.response()[0] == 403
    sender.join()


def test_head_and_204_have_no_body(web):
    server, port, _ = web()
    client = kit.Raw(port)
    status, head, _ = client.get(method="HEAD")
    assert status == 200 and b"content-length: 1\r\n" in head.lower()
    assert client.get("/204")[0] == 204
    assert client.get()[2] == b"a"


def test_websocket_turns_into_a_tunnel(web):
    server, port, running = web()
    key = base64.b64encode(os.urandom(16)).decode()
    client = kit.Raw(port).send(f"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    status, head = client.head()
    want = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    assert status == 101 and want in head
    for size in (1, 100, 300000):
        data = os.urandom(size)
        client.send(data)
        assert client._exactly(size) == data
    client.close()
    assert running.log(1)[0]["status"] == 101


def test_an_upgrade_that_is_no_websocket_is_not_passed_on(web):
    server, port, _ = web()
    client = kit.Raw(port)
    head = client.get("/head", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")[2].lower()
    assert b"upgrade" not in head and b"http2-settings" not in head


def test_forwarded_fields_say_who_the_client_is_and_claims_are_dropped(web):
    server, port, _ = web()
    client = kit.Raw(port, source="127.0.0.7")
    lie = "".join(f"{n}: lie\r\n" for n in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-DN", "Client-Cert",
                                            "X-Forwarded-Client-Cert", "X_Real_IP", "Proxy"))
    head = client.get("/head", lie + "Connection: X-Forwarded-For, X-Drop\r\nX-Drop: 1\r\nX-Keep: 1\r\n")[2]
    assert b"lie" not in head and b"X-Drop" not in head and b"X-Keep: 1" in head
    assert b"X-Forwarded-For: 127.0.0.7\r\n" in head
    assert b"X-Forwarded-Proto: http\r\n" in head


def test_trusted_proxies_are_believed(web):
    server, port, _ = web(limits="trusted_proxies 127.0.0.0/8;")
    head = kit.Raw(port).get("/head", "X-Forwarded-For: 198.51.100.9\r\n")[2]
    assert b"X-Forwarded-For: 198.51.100.9, 127.0.0.1\r\n" in head


@pytest.mark.parametrize("request_text, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nFoo : bar\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
    (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (414, 431)),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n", 431),
    (b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400),
], ids=lambda v: str(v)[:40])
def test_bad_requests_get_their_status_and_reach_nobody(web, request_text, status):
    server, port, running = web()
    client = kit.Raw(port).send(request_text)
    got, _, _ = client.response()
    assert got in (status if isinstance(status, tuple) else (status,))
    assert client.rest() == b""
    assert server.heads == []
    assert running.log(1)[0]["status"] == got


@pytest.mark.parametrize("path, status", [("/garbage", 502), ("/badchunk", 502)])
def test_bad_responses_become_502(web, path, status):
    server, port, _ = web()
    client = kit.Raw(port)
    assert client.get(path)[0] == status
    assert client.get()[2] == b"a"


def test_a_cut_response_is_not_made_to_look_whole(web):
    server, port, _ = web()
    client = kit.Raw(port).send(b"GET /cut HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises((EOFError, ConnectionError)):
        client.response()


def test_bytes_behind_a_response_never_answer_the_next_request(web):
    server, port, _ = web()
    client = kit.Raw(port)
    assert client.get("/extra")[2] == b"ok"
    assert client.get()[2] == b"a"


def test_a_body_above_the_limit_is_refused(web):
    server, port, _ = web(limits="limits { body 1000; }")
    assert kit.Raw(port).get("/echo", method="POST", body=b"x" * 1000)[2] == b"x" * 1000
    assert kit.Raw(port).get("/echo", method="POST", body=b"x" * 1001)[0] == 413
    client = kit.Raw(port).send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5dc\r\n" + b"x" * 1500)
    assert client.response()[0] == 413


def test_too_many_requests_of_a_client_get_429_whichever_worker_it_meets(web):
    server, port, _ = web(limits="limits { requests_per_client 1/s burst 3; }", workers=4)
    assert [kit.Raw(port).get()[0] for _ in range(5)] == [200, 200, 200, 429, 429]
    assert kit.Raw(port, source="127.0.0.9").get()[0] == 200


def test_a_limit_of_requests_a_minute_is_one_of_a_minute(web):
    server, port, _ = web(limits="limits { requests_per_client 2/m burst 2; }", workers=2)
    begun = time.monotonic()
    assert [kit.Raw(port).get()[0] for _ in range(3)] == [200, 200, 429]
    kit.wait_until(lambda: time.monotonic() > begun + 1.5)
    assert kit.Raw(port).get()[0] == 429


def test_too_many_connections_of_a_client_are_refused(web):
    server, port, _ = web(limits="limits { connections_per_client 2; }", workers=4)
    held = [kit.Raw(port, source="127.0.0.9") for _ in range(2)]
    assert [c.get()[0] for c in held] == [200, 200]
    third = kit.Raw(port, source="127.0.0.9")
    assert third.rest() == b""
    assert kit.Raw(port, source="127.0.0.8").get()[0] == 200
    held[0].close()
    kit.wait_until(lambda: _gets_through(port))


def _gets_through(port):
    try:
        return kit.Raw(port, source="127.0.0.9").get()[0] == 200
    except (EOFError, ConnectionError):
        return False


def test_a_listeners_limit_of_connections_holds_over_all_workers(web):
    server, port, _ = web(limits="limits { connections 3; }", workers=4)

    def served(client):
        try:
            return client.get()[0] == 200
        except (EOFError, ConnectionError):
            return False
    for _ in range(2):
        clients = [kit.Raw(port) for _ in range(24)]
        assert sum(map(served, clients)) == 3
        for client in clients:
            client.close()
        time.sleep(0.3)


def test_denied_networks_are_refused(web):
    server, port, _ = web(limits="deny from 127.0.0.64/26;")
    assert kit.Raw(port, source="127.0.0.63").get()[0] == 200
    assert kit.Raw(port, source="127.0.0.64").rest() == b""


def test_a_slow_head_is_answered_with_408(web):
    server, port, _ = web(limits="limits { header_time 300ms; }")
    client = kit.Raw(port).send(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert client.response()[0] == 408


def test_a_long_head_in_two_pieces_before_a_long_body_is_taken(web):
    server, port, running = web(limits="limits { header_size 128k; }")
    client = kit.Raw(port)
    for _ in range(3): # the kernel learns to take much at once
        assert client.get("/sum", method="POST", body=bytes(8 << 20))[0] == 200
    for first in (50000, 100000):
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\nX-Long: " + b"a" * first)
        time.sleep(0.2)
        running.process.send_signal(signal.SIGSTOP)
        client.sock.settimeout(1)
        rest = b"b" * 1000 + b"\r\n\r\n" + bytes(400000)
        sender = threading.Thread(target=client.send, args=(rest,))
        sender.start()
        time.sleep(0.2)
        running.process.send_signal(signal.SIGCONT)
        sender.join()
        client.sock.settimeout(kit.SECONDS)
        status, _, body = client.response()
        assert status == 200 and body == bytes(400000)


@pytest.mark.parametrize("limits, pool", [("header_time 0s;", ""), ("idle_time 0s;", ""), ("body_time 0s;", ""), ("", "connect 0s;"),
                                          ("", "response 0s;"), ("", "idle 0s;")])
def test_a_time_of_zero_is_no_limit(web, limits, pool):
    server, port, _ = web(limits=f"limits {{ {limits} }}", pool=f"timeouts {{ {pool} }}")
    client = kit.Raw(port).send(b"POST /echo HTTP/1.1\r\nHo")
    time.sleep(0.1)
    client.send(b"st: x\r\nContent-Length: 2\r\n\r\na")
    time.sleep(0.1)
    assert client.send(b"b").response()[2] == b"ab"
    time.sleep(0.7)
    assert client.get("/slow")[0] == 200
    assert client.get("/chunked")[0] == 200


def test_a_silent_connection_is_closed(web):
    server, port, _ = web(limits="limits { header_time 300ms; }")
    began = time.monotonic()
    assert kit.Raw(port).rest() == b""
    assert time.monotonic() - began < 5


def test_routes_are_taken_in_order(web, origin):
    beta = origin("beta")
    server, port, _ = web(routes="""route host www.example.test path /admin/ { reject 403; }
        route host www.example.test header X-Beta = 1 { pool beta; }
        route cookie version = canary { pool beta; }
        route path /api { pool beta; }
        route method DELETE { reject 405; }""", more=f"pool beta {{ server b 127.0.0.1:{beta.port}; }}")
    client = kit.Raw(port)
    assert client.get("/admin/x", host="www.example.test")[0] == 403
    assert client.get("/%61dmin/x", host="WWW.example.test")[0] == 403
    assert client.get("/x/../admin/", host="www.example.test")[0] == 403
    assert client.get("/admin/x", host="other.test")[2] == b"a"
    assert client.get("/", "X-Beta: 1\r\n", host="www.example.test")[2] == b"beta"
    assert client.get("/", "Cookie: a=b; version=canary\r\n")[2] == b"beta"
    assert client.get("/api/x")[2] == b"beta"
    assert client.get("/apis")[2] == b"a"
    assert client.get("/", method="DELETE")[0] == 405


def test_without_a_server_the_answer_is_502_and_then_service_comes_back(web, origin):
    server, port, _ = web(pool="eject off;")
    server.stop()
    client = kit.Raw(port)
    assert client.get()[0] == 502
    origin("a", port=server.port)
    kit.wait_until(lambda: client.get()[0] == 200)


def test_a_server_that_does_not_answer_gives_504(web):
    server, port, _ = web(pool="timeouts { response 300ms; }")
    client = kit.Raw(port)
    assert client.get("/hang", method="POST", body=b"x")[0] == 504
    assert client.get()[2] == b"a"


def failures(admin):
    page = urllib.request.urlopen(f"http://127.0.0.1:{admin}/api/v1/status", timeout=5)
    return json.load(page)["pools"][0]["servers"][0]["failures"]


def serve_badly(gateway, serve, limits="", pool=""):
    port, admin = kit.free_port(), kit.free_port()
    gateway(CONF.format(port=port, origin=TcpServer(serve).port, limits=limits, routes="", pool=pool, more=f"admin 127.0.0.1:{admin};",
                        workers=1), port)
    return kit.Raw(port), admin


def test_a_server_that_does_not_take_the_body_is_at_fault(gateway):
    client, admin = serve_badly(gateway, lambda sock: time.sleep(5), limits="limits { body_time 500ms; }")
    threading.Thread(target=kit.quietly, args=(client.send, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + bytes(30 << 20)),
                     daemon=True).start()
    assert client.head()[0] == 504
    assert failures(admin) == 1


def test_a_client_that_does_not_send_the_body_is_at_fault(gateway):
    client, admin = serve_badly(gateway, lambda sock: time.sleep(5), limits="limits { body_time 500ms; }")
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert client.head()[0] == 408
    assert failures(admin) == 0


def test_a_request_that_ends_within_its_body_is_a_bad_one(web):
    server, port, running = web()
    client = kit.Raw(port).send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.head()[0] == 400
    assert running.log(1)[0]["status"] == 400


def test_a_server_that_stops_within_its_response_is_at_fault(gateway):
    def stop_halfway(sock):
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        time.sleep(5)
    client, admin = serve_badly(gateway, stop_halfway, pool="timeouts { idle 300ms; }")
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.rest().endswith(b"half")
    kit.wait_until(lambda: failures(admin) == 1)


def test_a_put_with_a_small_body_goes_to_another_server_when_its_first_one_dies(web, origin):
    other = origin("b")
    other.delay = 0.01
    server, port, _ = web(pool=f"server b 127.0.0.1:{other.port};")
    held = []
    for _ in range(2):
        client = kit.Raw(port).send(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        held.append(client)
    server.delay = 30
    more = [kit.Raw(port).send(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello") for _ in range(4)]
    kit.wait_until(lambda: server.active > 0)
    server.stop()
    assert [client.response()[2] for client in held + more] == [b"hello"] * 6


def test_a_request_whose_client_left_is_dropped(web):
    server, port, running = web()
    client = kit.Raw(port).send(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
    kit.wait_until(lambda: server.count == 1)
    client.sock.setsockopt(kit.socket.SOL_SOCKET, kit.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert running.log(1)[0]["status"] == 0


def test_a_post_whose_server_died_is_not_sent_twice(web):
    server, port, _ = web()
    client = kit.Raw(port).send(b"POST /hang HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    kit.wait_until(lambda: server.count == 1)
    server.stop()
    assert client.response()[0] == 502
    assert server.count == 1


def test_log_lines_are_one_per_request_and_escaped(web):
    server, port, running = web()
    client = kit.Raw(port)
    client.get("/a%22b?q=%0a", "User-Agent: evil\"\\ \u202e x\r\n")
    client.get("/status/404")
    lines = running.log(2)
    assert [line["status"] for line in lines] == [200, 404]
    assert lines[0]["query"] == "q=%0a" and lines[0]["server"] == "a" and lines[0]["pool"] == "app"
    assert lines[0]["client"] == "127.0.0.1" and lines[0]["duration_ms"] >= lines[0]["server_ms"]
    assert lines[0]["user_agent"] == "evil\"\\ \u202e x"
