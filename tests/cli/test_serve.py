"""The small server: files, echo, name; what it must not give away; how it refuses."""
import http.client
import json
import os
import socket
import ssl
import subprocess
import time

import pytest


@pytest.fixture
def context(bojagi):
    assert bojagi.run("cert", "init", "--dir", "ca").returncode == 0
    return ssl.create_default_context(cafile=str(bojagi.home / "ca" / "ca.pem"))


def get(port, path, context=None, method="GET", body=None, headers=None):
    """Status, headers and body; the target goes onto the wire as it is."""
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = kind("localhost", port, timeout=10, **({"context": context} if context else {}))
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, response.headers, data


def exchange(port, data):
    """What a plain server answers to raw bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


@pytest.fixture
def site(bojagi):
    folder = bojagi.home / "site"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hello</h1>")
    (folder / "sub" / "a b&c.txt").write_text("text")
    (folder / "sub" / "big.bin").write_bytes(os.urandom(1_000_003))
    (folder / "empty").write_bytes(b"")
    (folder / ".hidden").write_text("secret")
    (bojagi.home / "outside.txt").write_text("secret")
    (folder / "link").symlink_to(bojagi.home / "outside.txt")
    (folder / "up").symlink_to(bojagi.home)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("path", ["/.hidden", "/../outside.txt", "/%2e%2e/outside.txt", "/sub/../../outside.txt", "/link", "/up/outside.txt",
                                  "/pipe", "/nothing", "/index.html/", "/sub/a", "/..%2foutside.txt", "/" + "x" * 300,
                                  "/" + "sub/" * 40])
def test_what_is_not_in_the_folder_is_not_found(serve, site, path):
    status, _, body = get(serve(site, "--http").port, path)
    assert status in (400, 404) and b"secret" not in body


@pytest.mark.parametrize("request_bytes", [b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n", b"\x16\x03\x01\x00\x05hello",
                                           b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
def test_a_malformed_request_is_refused_and_the_connection_ends(serve, site, request_bytes):
    answer = exchange(serve(site, "--http").port, request_bytes)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1


def test_a_malformed_request_is_not_logged_as_the_one_before(serve, site):
    running = serve("--http", site)
    answer = exchange(running.port, b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n\x1b[31m\r\n\r\n")
    assert b" 400 Bad Request" in answer
    first, second = running.stop()[1].splitlines()
    assert "GET /empty " in first and second.endswith("   400 16") and "empty" not in second


def test_a_head_longer_than_the_limit_is_refused(serve, site):
    answer = exchange(serve(site, "--http").port, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"x" * 40000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_files_are_only_read(serve, site, method):
    status, headers, _ = get(serve(site, "--http").port, "/index.html", method=method, body=b"x")
    assert status in (405, 501) and (status == 501 or headers["Allow"] == "GET, HEAD")


def test_wrong_usage_exits_2_and_unusable_files_58_and_77(bojagi, site):
    assert bojagi.run("serve", "--port", "70000").returncode == 2
    assert bojagi.run("serve", "a", "b").returncode == 2
    assert bojagi.run("serve", "nothing", "--http").returncode == 2
    assert bojagi.run("serve", "--require-client-cert", "--dir", "ca").returncode == 2
    assert bojagi.run("serve", "--http", "--cert", "x").returncode == 2
    assert bojagi.run("serve", "--cert", "nothing.pem").returncode == 58
    assert bojagi.run("serve", "--dir", "ca", "--ca", "nothing.pem").returncode == 77
    assert bojagi.run("serve", "--listen", "nonsense", "--http").returncode == 2


@pytest.mark.parametrize("arguments, word", [
    ([".", "--echo"], "no folder is served"), ([".", "--name", "x"], "no folder is served"), (["--echo", "--name", "x"], "one of them"),
    (["--http", "-tls1_2"], "--http has no TLS"), (["--http", "--passin", "env:X"], "--http has no TLS"), (["--passin", "env:X"], "say --cert, too"),
    (["--cert", "a.pem", "--dir", "ca"], "one of them"), (["--echo", "--key-update", "-tls1_2"], "for TLS 1.3"),
])
def test_an_option_that_would_do_nothing_is_a_mistake(bojagi, arguments, word):
    result = bojagi.run("serve", "--port", "0", *arguments)
    assert result.returncode == 2 and word in result.stderr.decode(), result.stderr


def test_a_staple_is_about_our_certificate_or_refused(bojagi, serve):
    for command in (["init"], ["server", "localhost", "--out", "site"], ["server", "a.test", "--out", "other"]):
        assert bojagi.run("cert", *command, "--dir", "ca").returncode == 0
    for name in ("site", "other"):
        assert bojagi.run("cert", "ocsp", f"{name}.pem", "--dir", "ca").returncode == 0
    site = ["--echo", "--cert", "site.pem", "--key", "site.key", "--staple"]
    for staple, word in (("other.ocsp", "is no OCSP response about the certificate"), ("site.key", "is no OCSP response"), ("nothing", "cannot read")):
        result = bojagi.run("serve", "--port", "0", *site, staple)
        assert result.returncode == 58 and word in result.stderr.decode(), result.stderr
    assert bojagi.run("serve", "--port", "0", "--staple", "site.ocsp").returncode == 2
    port = serve(*site, "site.ocsp").port
    for version in ("1.2", "1.3"):
        assert bojagi.run("connect", f"localhost:{port}", "--ca", "ca/ca.pem", "--ocsp", "--tls", version).returncode == 0


def test_ready_is_told_as_json(bojagi):
    process = bojagi.start("serve", "--echo", "--dir", "ca", "--port", "0", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["schema"] == "bojagi.serve/1" and ready["mode"] == "echo" and ready["folder"] is None and ready["port"] > 0
        assert ready["url"] == f"https://localhost:{ready['port']}/"
        done = bojagi.run("connect", ready["url"], "--ca", ready["ca_file"])
        assert done.returncode == 0, done.stderr
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_port_that_is_taken_is_told(bojagi, serve, site):
    port = serve(site, "--http").port
    result = bojagi.run("serve", "--http", "--port", port)
    assert result.returncode == 2 and b"E-IO-0505" in result.stderr


def test_why_an_address_cannot_be_listened_on_is_told(bojagi):
    result = bojagi.run("serve", "--http", "--listen", "192.0.2.1")
    assert result.returncode == 2 and b"cannot listen on 192.0.2.1:8080: Cannot assign requested address" in result.stderr, result.stderr


def test_a_server_that_is_there_under_localhost_is_not_joined(bojagi):
    """By IPv6 it would be met instead of ours."""
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    port = other.getsockname()[1]
    result = bojagi.run("serve", "--http", "--port", port, timeout=10)
    other.close()
    assert result.returncode == 2 and f"cannot listen on [::1]:{port}: the address is in use".encode() in result.stderr, result.stderr


@pytest.mark.slow
def test_whoever_goes_on_slowly_is_served_to_the_end(bojagi, serve, context):
    """Beyond the time that a handshake and a head may take: a download without TLS, an upload with."""
    (bojagi.home / "big").write_bytes(bytes(30_000_000))
    plain, named = serve("--http", "."), serve("--dir", "ca", "--name", "a")
    down = socket.create_connection(("127.0.0.1", plain.port), timeout=20)
    up = context.wrap_socket(socket.create_connection(("127.0.0.1", named.port), timeout=20), server_hostname="localhost")
    down.sendall(b"GET /big HTTP/1.0\r\n\r\n")
    up.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\nConnection: close\r\n\r\n")
    got = 0
    for _ in range(25):
        time.sleep(0.5)
        got += len(down.recv(500_000))
        up.sendall(b"x")
    answer = b"".join(iter(lambda: up.recv(65536), b""))
    assert b"body 25 bytes" in answer, answer
    while piece := down.recv(1 << 20):
        got += len(piece)
    assert got > 30_000_000
    up.close()
    down.close()


def test_files_come_whole_with_type_and_length(serve, site, context):
    port = serve(site, "--dir", "ca").port
    status, headers, body = get(port, "/", context)
    assert (status, headers["Content-Type"], body) == (200, "text/html; charset=utf-8", b"<h1>hello</h1>")
    status, headers, body = get(port, "/sub/big.bin", context)
    assert status == 200 and body == (site / "sub" / "big.bin").read_bytes() and headers["Content-Type"] == "application/octet-stream"
    assert get(port, "/sub/a%20b%26c.txt", context)[2] == b"text"
    assert get(port, "/empty", context)[2] == b""
    status, headers, body = get(port, "/sub/big.bin", context, method="HEAD")
    assert status == 200 and body == b"" and headers["Content-Length"] == "1000003"


def test_a_folder_is_listed_with_its_names_made_harmless(serve, site):
    (site / "sub" / "<script>.txt").write_text("")
    port = serve(site, "--http").port
    status, headers, body = get(port, "/sub")
    assert status == 301 and headers["Location"] == "/sub/"
    page = get(port, "/sub/")[2].decode()
    assert "a%20b%26c.txt" in page and "a b&amp;c.txt" in page and "deep/" in page
    assert "<script>" not in page and "&lt;script&gt;" in page and ".hidden" not in get(port, "/")[2].decode()


def test_requests_follow_each_other_on_one_connection(serve, site, context):
    connection = http.client.HTTPSConnection("localhost", serve(site, "--dir", "ca").port, context=context, timeout=10)
    for _ in range(20):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"<h1>hello</h1>"
    connection.close()


def test_pipelined_requests_are_answered_in_order(serve, site):
    port = serve(site, "--http").port
    answer = exchange(port, b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 3 and answer.count(b"HTTP/1.1 404") == 1


@pytest.mark.parametrize("size", [0, 1, 16384, 100_000])
def test_a_server_with_a_name_tells_it_and_counts_the_body(serve, size):
    port = serve("--http", "--name", "a").port
    _, _, page = get(port, "/x?y=1", method="POST", body=b"x" * size, headers={"X-Test": "1"})
    lines = page.decode().splitlines()
    assert lines[0] == "server a" and "POST /x?y=1" in lines and "X-Test: 1" in lines
    assert (f"body {size} bytes" in lines) == (size > 0)


def test_a_chunked_body_is_taken_and_a_broken_one_refused(serve):
    port = serve("--http", "--name", "a").port
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert b"body 5 bytes" in exchange(port, head + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n")
    assert exchange(port, head + b"2\r\nabX\r\n0\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_expect_100_continue_is_answered_before_the_body_comes(serve):
    with socket.create_connection(("127.0.0.1", serve("--http", "--name", "a").port), timeout=10) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                     b"Connection: close\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ok")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        assert b"body 2 bytes" in answer


def test_echo_gives_back_what_comes_and_tells_a_get_what_was_negotiated(serve, context):
    port = serve("--echo", "--dir", "ca").port
    page = get(port, "/", context)[2].decode()
    assert "version      TLSv1.3" in page and "server name  localhost" in page and "client       no certificate" in page
    with socket.create_connection(("localhost", port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as sock:
            for data in (b"x", b"GET hello", os.urandom(70000)):
                sock.sendall(data)
                answer = b""
                while len(answer) < len(data):
                    answer += sock.recv(65536)
                assert answer == data


def test_the_echo_server_ends_with_close_notify(serve, context):
    port = serve("--echo", "--dir", "ca").port
    with socket.create_connection(("localhost", port), timeout=10) as raw:
        sock = context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200 OK")
        sock.unwrap().close()


@pytest.mark.parametrize("required", [False, True])
def test_client_certificates_are_asked_for_and_judged(bojagi, serve, context, required):
    ca = bojagi.home / "ca" / "ca.pem"
    bojagi.run("cert", "client", "alice", "--dir", "ca")
    bojagi.run("cert", "init", "--dir", "other")
    bojagi.run("cert", "client", "mallory", "--dir", "other")
    server = serve("--echo", "--dir", "ca", "--ca", ca, *(["--require-client-cert"] if required else []))

    def page_of(name):
        mine = ssl.create_default_context(cafile=str(ca))
        if name:
            mine.load_cert_chain(bojagi.home / f"{name}.pem", bojagi.home / f"{name}.key")
        return get(server.port, "/", mine)[2].decode()

    with pytest.raises((ssl.SSLError, OSError)):
        page_of("mallory")
    assert "client       CN=alice" in page_of("alice")
    if required:
        with pytest.raises((ssl.SSLError, OSError)):
            page_of(None)
    else:
        assert "client       no certificate" in page_of(None)
    log = server.stop()[1]
    assert "we sent alert 48 unknown_ca" in log and ("we sent alert 116 certificate_required" in log) == required


def test_plain_http_to_the_tls_port_is_logged_as_such(serve, context):
    server = serve("--dir", "ca")
    exchange(server.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "handshake failed: the peer does not speak TLS" in server.stop()[1]


def test_a_ca_is_made_where_there_is_none_and_kept(bojagi, serve):
    serve("--dir", "fresh").stop()
    first = (bojagi.home / "fresh" / "ca.pem").read_bytes()
    serve("--dir", "fresh").stop()
    assert (bojagi.home / "fresh" / "ca.pem").read_bytes() == first


def test_curl_is_served_and_refuses_who_it_does_not_know(bojagi, serve, site, context):
    port = serve(site, "--dir", "ca").port
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "10", f"https://localhost:{port}/"]
    assert subprocess.run([*command, "--cacert", bojagi.home / "ca" / "ca.pem"], capture_output=True, check=False).stdout == b"<h1>hello</h1>"
    assert subprocess.run(command, capture_output=True, check=False).returncode == 60
