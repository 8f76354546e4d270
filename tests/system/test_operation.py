"""test_operation.py - how the gateway is run: draining, reloading, admin pages, metrics, memory."""
import hashlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import kit
import pytest
from test_l4 import TcpServer

CONF = """
workers 2;
admin 127.0.0.1:{admin};
log access {{ file "access.log"; format json; }}
listener web 127.0.0.1:{port} {{ protocol http; otherwise {{ pool app; }} }}
pool app {{ balance round_robin; {servers} }}
"""


@pytest.fixture
def web(origin, gateway):
    def start():
        server = origin("a")
        port, admin = kit.free_port(), kit.free_port()
        text = CONF.format(admin=admin, port=port, servers=f"server a 127.0.0.1:{server.port};")
        return server, port, admin, gateway(text, port, admin)
    return start


def fetch(port, path, **fields):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=fields)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_draining_finishes_requests_and_takes_no_new_connections(web):
    server, port, admin, running = web()
    busy, idle = kit.Raw(port), kit.Raw(port)
    idle.get()
    busy.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    kit.wait_until(lambda: server.count == 2)
    running.process.send_signal(signal.SIGTERM)
    assert idle.rest() == b""
    kit.wait_until(lambda: refuses(port))
    status, head, body = busy.response()
    assert (status, body) == (200, b"a") and b"connection: close" in head.lower()
    assert running.process.wait(kit.SECONDS) == 0


def test_draining_lets_a_slow_reader_have_the_rest_of_its_response(web):
    server, port, admin, running = web()
    client = kit.Raw(port)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    client.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    client.head()
    time.sleep(0.3)
    running.process.send_signal(signal.SIGTERM)
    kit.wait_until(lambda: refuses(port))
    while len(client.buf) < len(kit.BIG):
        assert client._more(), len(client.buf)
        time.sleep(0.001)
    assert client.buf == kit.BIG
    client.close()
    assert running.process.wait(kit.SECONDS) == 0


def open_descriptors(pid):
    return {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}


def test_a_lack_of_descriptors_is_not_the_servers_fault(web):
    server, port, admin, running = web()
    running.write(CONF.format(admin=admin, port=port, servers=f"eject {{ errors 1; for 60s; at_most 100%; }} "
                              f"server a 127.0.0.1:{server.port};"))
    running.reload()
    pid = running.process.pid
    clients = [kit.Raw(port) for _ in range(4)]
    kit.wait_until(lambda: '"open":4' in fetch(admin, "/api/v1/status")[1])
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used, seen = open_descriptors(pid), None
    while used != seen:  # what the admin page and the old configuration had is closed a moment later
        time.sleep(0.3)
        used, seen = open_descriptors(pid), used
    lowest_free = next(fd for fd in range(len(used) + 1) if fd not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    assert {client.get()[0] for client in clients} == {503}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert {client.get()[0] for client in clients} == {200}


def test_a_log_that_nobody_reads_stops_neither_service_nor_the_end(origin, program, tmp_path):
    server, port, admin = origin("a"), kit.free_port(), kit.free_port()
    conf = tmp_path / "bojagi.conf"
    conf.write_text(f"""workers 1; admin 127.0.0.1:{admin}; log access {{ file stdout; format json; }}
        listener web 127.0.0.1:{port} {{ protocol http; route path /no {{ reject; }} otherwise {{ pool app; }} }}
        pool app {{ server a 127.0.0.1:{server.port}; }}""")
    with subprocess.Popen([str(program), "proxy", "-c", str(conf), "--quiet"], stdout=subprocess.PIPE) as process:
        kit.wait_until(lambda: not refuses(port))
        client = kit.Raw(port)
        for _ in range(40):
            client.send(b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
            for _ in range(200):
                assert client.response()[0] == 403
        client.close()
        time.sleep(0.3)
        assert fetch(admin, "/healthz")[0] == 200
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(5) == 0
        finally:
            process.kill()
        lines = process.stdout.read().splitlines()
        assert 10 < len(lines) < 8000 and all(json.loads(line)["status"] == 403 for line in lines[:-1])


def resident(running):
    return int(open(f"/proc/{running.process.pid}/statm", encoding="ascii").read().split()[1]) * os.sysconf("SC_PAGESIZE")


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # it was in the queue of the listener that closed: the next will tell


def test_a_log_that_was_full_goes_on_with_whole_lines(web):
    _, port, admin, running = web()
    pid, client = running.process.pid, kit.Raw(port)
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    client.get("/first")
    running.log(1)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (running.log_path.stat().st_size + 100, before[1]))
    for _ in range(3):
        client.get("/lost")
    kit.wait_until(lambda: running.log_path.read_text().endswith("/lost") or not running.log_path.read_text().endswith("\n"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    for _ in range(3):
        assert client.get("/last")[0] == 200
    kit.wait_until(lambda: running.log_path.read_text().count("/last") == 3)
    whole = []
    for line in running.log_path.read_text().splitlines():
        try:
            whole.append(json.loads(line)["path"])
        except ValueError:
            pass
    assert whole == ["/first", "/last", "/last", "/last"]
    assert "bojagi_log_lines_lost_total 3\n" in fetch(admin, "/metrics")[1]


def test_a_limit_of_connections_counts_those_from_before_a_reload(web):
    server, port, admin, running = web()
    text = running.conf.read_text().replace("protocol http;", "protocol http; limits { connections 2; }")
    running.write(text)
    running.reload()
    time.sleep(0.5)
    old = [kit.Raw(port) for _ in range(2)]
    assert [client.get()[0] for client in old] == [200, 200]
    running.reload()
    assert kit.Raw(port).rest() == b""
    old.pop().close()

    def served():
        client = kit.Raw(port)
        try:
            return client.get()[0] == 200
        except (EOFError, ConnectionError):
            return False
        finally:
            client.close()
    kit.wait_until(served)
    assert old[0].get()[0] == 200


def test_what_a_reload_forbids_is_over_on_connections_that_are_open_too(web):
    server, port, admin, running = web()
    kept, denied = kit.Raw(port), kit.Raw(port, source="127.0.0.9")
    assert kept.get("/secret")[0] == denied.get("/secret")[0] == 200
    text = running.conf.read_text()
    running.write(text.replace("protocol http;", "protocol http; deny from 127.0.0.9; limits { requests_per_client 2/m burst 2; } "
                               "route path /secret { reject; }"))
    running.reload()
    kit.wait_until(lambda: kit.Raw(port, source="127.0.0.8").get("/secret")[0] == 403)
    time.sleep(0.2)
    assert [kept.get("/secret")[0] for _ in range(4)] == [403, 403, 429, 429]
    assert denied.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").rest() == b""
    running.write(text.replace("listener web", "listener other"))
    running.reload()
    kit.wait_until(lambda: kit.Raw(port).get("/secret")[0] == 200)
    time.sleep(0.2)
    running.write(text.replace("protocol http;", "protocol http; limits { connections 9; }"))
    running.reload()  # the name is back, and is another listener's
    kit.wait_until(lambda: kit.Raw(port).get("/secret")[0] == 200)
    time.sleep(0.2)
    status, head, _ = kept.get("/secret")
    assert status in (403, 429) and b"Connection: close" in head


def test_connections_from_before_there_was_a_limit_do_not_upset_it(web):
    server, port, admin, running = web()
    time.sleep(0.3)
    old = [kit.Raw(port) for _ in range(3)]
    assert {client.get()[0] for client in old} == {200}
    running.write(running.conf.read_text().replace("protocol http;", "protocol http; limits { connections 1; }"))
    running.reload()
    time.sleep(0.3)
    for client in old:
        assert client.get()[0] == 200
        client.close()
    time.sleep(0.3)
    assert kit.Raw(port).get()[0] == 200  # and is gone again
    time.sleep(0.2)
    last = kit.Raw(port)
    assert last.get()[0] == 200
    assert kit.Raw(port).rest() == b""


def test_a_response_that_ends_with_its_connection_is_reset_when_the_gateway_ends_at_once(gateway):
    def never_end(sock):
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        time.sleep(5)
    port = kit.free_port()
    running = gateway(f"""workers 1; log access {{ file off; }} listener web 127.0.0.1:{port} {{ protocol http; pool app; }}
        pool app {{ server a 127.0.0.1:{TcpServer(never_end).port}; }}""", port)
    client = kit.Raw(port).send(b"GET / HTTP/1.0\r\n\r\n")
    client._until(b"half")
    running.process.send_signal(signal.SIGTERM)
    kit.wait_until(lambda: "draining" in running.stderr())
    running.process.send_signal(signal.SIGTERM)
    with pytest.raises(ConnectionResetError):
        client._more()


def test_a_second_signal_ends_at_once(web):
    server, port, admin, running = web()
    client = kit.Raw(port).send(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
    kit.wait_until(lambda: server.count == 1)
    running.process.send_signal(signal.SIGTERM)
    kit.wait_until(lambda: "draining" in running.stderr())
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(5) == 0
    assert b"200" not in client.rest()


def test_a_reload_changes_servers_and_listeners_and_breaks_nothing(web, origin):
    server, port, admin, running = web()
    other = origin("b")
    second = kit.free_port()
    kept = kit.Raw(port)
    assert kept.get()[2] == b"a"
    slow = kit.Raw(port).send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    kit.wait_until(lambda: server.count == 2)
    running.write(CONF.format(admin=admin, port=port, servers=f"server b 127.0.0.1:{other.port};") +
                  f"listener more 127.0.0.1:{second} {{ protocol http; otherwise {{ pool app; }} }}\n")
    running.reload()
    kit.wait_until(lambda: kit.Raw(port).get()[2] == b"b" and not refuses(second))
    assert kit.Raw(second).get()[2] == b"b"
    assert slow.response()[2] == b"a"
    assert kept.get()[0] == 200
    running.write(CONF.format(admin=admin, port=port, servers=f"server b 127.0.0.1:{other.port};"))
    running.reload()
    kit.wait_until(lambda: refuses(second))
    assert kit.Raw(port).get()[2] == b"b"


def test_a_reload_says_that_another_number_of_workers_needs_a_restart(web):
    server, port, admin, running = web()
    text = running.conf.read_text()
    running.reload()
    assert "workers:" not in running.stderr()
    running.write(text.replace("workers 2;", "workers 3;"))
    running.reload()
    kit.wait_until(lambda: "workers: still 2; a restart is needed for 3," in running.stderr())
    running.write(text.replace("workers 2;", ""))
    running.reload()
    running.reload()
    assert (f"needed for {os.cpu_count()}," in running.stderr()) is (os.cpu_count() != 2)
    assert kit.Raw(port).get()[2] == b"a"


@pytest.mark.parametrize("bad", ["this is no configuration", CONF.replace("app {{", "app2 {{")], ids=["syntax", "meaning"])
def test_a_bad_file_changes_nothing(web, bad):
    server, port, admin, running = web()
    running.write(bad.format(admin=admin, port=port, servers="") if "{admin}" in bad else bad)
    running.reload()
    assert "the old configuration stays" in running.stderr()
    assert kit.Raw(port).get()[2] == b"a"
    status = json.loads(fetch(admin, "/api/v1/status")[1])
    assert status["config"]["last_reload_ok"] is False and status["config"]["last_error"]
    assert "bojagi_config_last_reload_successful 0" in fetch(admin, "/metrics")[1]


def reload_by(running, *arguments, cwd=None):
    return subprocess.run([str(running.program), "reload", *arguments, "--json"], capture_output=True, text=True, timeout=30, check=False,
                          cwd=cwd or running.folder)


def test_the_command_reload_says_by_its_exit_code_what_came_of_it(web, origin):
    server, port, admin, running = web()
    good = running.conf.read_text()
    other = origin("b")
    assert reload_by(running, "nothing.conf").returncode == 7
    assert reload_by(running, "no/such/folder/x.conf").returncode == 2
    running.write(good.replace(f":{server.port};", f":{other.port};").replace("workers 2;", "workers 3;"))
    done = reload_by(running, "-c", "bojagi.conf")
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["reloaded"] is True and "still 2; a restart is needed for 3" in said["note"], done
    kit.wait_until(lambda: kit.Raw(port).get()[2] == b"b")
    running.write(good.replace("app {", "app2 {"))
    done = reload_by(running, str(running.conf), cwd="/")
    said = json.loads(done.stdout)
    assert done.returncode == 2 and said["reloaded"] is False and "there is no pool 'app'" in said["error"], done
    assert "error: there is no pool 'app'" in done.stderr and kit.Raw(port).get()[2] == b"b"  # with its place, and nothing changed
    running.conf.unlink()
    running.conf.with_suffix(".new").write_text(good)
    running.conf.with_suffix(".new").rename(running.conf)  # another file in the same place
    assert reload_by(running, "bojagi.conf").returncode == 0
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(10) == 0 and reload_by(running, "bojagi.conf").returncode == 7


def test_the_only_gateway_needs_no_name_and_several_do(program, tmp_path):
    enter = ["unshare", "--net"]
    if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to make a network namespace, where no other gateway runs")
    text = "listener one 127.0.0.1:{port} {{ protocol http; pool app; }}\npool app {{ server a 127.0.0.1:1; }}\n"
    running = kit.Gateway(program, tmp_path, text.format(port=8080), enter=enter)

    def ask():
        return subprocess.run(["nsenter", "-t", str(running.process.pid), "-n", str(program), "reload"], capture_output=True, text=True, timeout=30,
                              check=False)
    try:
        done = ask()
        assert done.returncode == 0 and "reloaded" in done.stdout and "reloaded" in running.stderr(), done
        running.write("what is this")
        done = ask()
        assert done.returncode == 2 and "bojagi.conf, the first at 1:" in done.stderr, done
        (tmp_path / "b").mkdir()
        other = kit.Gateway(program, tmp_path / "b", text.format(port=8081), enter=["nsenter", "-t", str(running.process.pid), "-n"])
        done = ask()
        assert other.stop() == 0 and done.returncode == 2 and "several gateways run here" in done.stderr, done
    finally:
        assert running.stop() == 0
    done = subprocess.run([*enter, str(program), "reload"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 7 and "no gateway runs here" in done.stderr, done


STRANGER = """import os, socket, sys
os.setgroups([]), os.setuid(65534)
ask = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ask.bind(""), ask.settimeout(20)
ask.sendto(b"reload", sys.argv[1].replace("@", "\\0").encode())
print(ask.recv(1000).decode())
"""


def test_a_stranger_may_not_reload(web):
    server, port, admin, running = web()
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    place = hashlib.sha256(str(running.conf.resolve()).encode()).hexdigest()[:32]
    done = subprocess.run([sys.executable, "-c", STRANGER, f"@bojagi-reload-{place}"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.stdout == "!only root and the user whom it runs as may ask\n", done
    assert "reloaded" not in running.stderr() and reload_by(running, "bojagi.conf").returncode == 0


def test_an_address_in_use_is_told_and_a_reload_onto_it_changes_nothing(web, gateway, program, tmp_path):
    server, port, admin, running = web()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running.write(CONF.format(admin=admin, port=taken.getsockname()[1], servers=f"server a 127.0.0.1:{server.port};"))
        running.reload()
        assert "address is in use" in running.stderr()
        assert kit.Raw(port).get()[2] == b"a"
        for admin_now, log_now in ((taken.getsockname()[1], "access.log"), (admin, "no/such/folder/access.log")):
            running.write(CONF.format(admin=admin_now, port=port, servers="server z 127.0.0.1:1;").replace("access.log", log_now))
            running.reload()
            assert kit.Raw(port).get()[2] == b"a" and fetch(admin, "/healthz")[0] == 200
    conf = tmp_path / "second.conf"
    conf.write_text(CONF.format(admin=kit.free_port(), port=port, servers=f"server a 127.0.0.1:{server.port};"))
    done = subprocess.run([str(program), "proxy", "-c", str(conf)], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2 and "address is in use" in done.stderr


def test_requests_go_on_while_the_configuration_is_reloaded_again_and_again(web):
    server, port, admin, running = web()
    server.remember = False
    stop, failed, count = threading.Event(), [], [0]

    def load():
        while not stop.is_set():
            try:
                client = kit.Raw(port)
                for _ in range(20):
                    if client.get()[:1] != (200,):
                        failed.append("status")
                    count[0] += 1
                client.close()
            except OSError as error:
                failed.append(repr(error))
            except EOFError as error:
                failed.append(repr(error))
    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        running.reload()
    descriptors, memory = len(os.listdir(f"/proc/{running.process.pid}/fd")), resident(running)
    for _ in range(30):
        running.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == [] and count[0] > 100
    assert len(os.listdir(f"/proc/{running.process.pid}/fd")) <= descriptors + 4
    assert resident(running) < memory + (2 << 20) or "asan" in str(running.program)


def test_the_service_manager_is_told_how_things_stand(origin, gateway, tmp_path):
    server = origin("a")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(kit.SECONDS)
        text = CONF.format(admin=kit.free_port(), port=kit.free_port(), servers=f"server a 127.0.0.1:{server.port};")
        running = gateway(text, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(1000).startswith(b"READY=1")
        running.reload()
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=[0-9]+", manager.recv(1000))
        assert manager.recv(1000).startswith(b"READY=1")
        running.process.send_signal(signal.SIGTERM)
        assert manager.recv(1000).startswith(b"STOPPING=1")


def test_the_log_goes_on_in_a_new_file_after_a_reload(web):
    server, port, admin, running = web()
    kit.Raw(port).get()
    running.log(1)
    running.log_path.rename(running.log_path.with_suffix(".1"))
    running.reload()
    kit.Raw(port).get()
    assert len(running.log(1)) == 1


def test_admin_pages_answer(web):
    server, port, admin, running = web()
    kit.Raw(port).get()
    kit.Raw(port).get("/status/404")
    assert fetch(admin, "/healthz") == (200, "ok\n")
    status, ready = fetch(admin, "/readyz")
    assert status == 200 and json.loads(ready)["ready"] is True
    assert fetch(admin, "/nothing")[0] == 404
    page = fetch(admin, "/")[1]
    assert "<title>bojagi</title>" in page and "http://" not in page and "https://" not in page
    kit.wait_until(lambda: json.loads(fetch(admin, "/api/v1/status")[1])["requests"]["total"] == 2)
    state = json.loads(fetch(admin, "/api/v1/status")[1])
    assert state["responses"] == {"200": 1, "404": 1}
    assert state["pools"][0]["servers"][0]["requests"] == 2 and state["pools"][0]["servers"][0]["up"] is True


def test_admin_pages_refuse_other_sites(web):
    server, port, admin, running = web()
    assert fetch(admin, "/api/v1/status", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert fetch(admin, "/api/v1/status", Host="evil.example.test")[0] == 403
    assert fetch(admin, "/api/v1/status", Host="localhost")[0] == 200
    assert kit.Raw(admin).get(method="POST", body=b"x")[0] == 405


def test_metrics_are_well_formed_and_count(web):
    server, port, admin, running = web()
    client = kit.Raw(port)
    for _ in range(7):
        client.get()
    kit.wait_until(lambda: 'bojagi_http_requests_total{code="200",method="get"} 7' in fetch(admin, "/metrics")[1])
    text = fetch(admin, "/metrics")[1]
    assert text.endswith("# EOF\n")
    types = {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.]+', line)
            assert match, line
            family = re.sub(r"_(total|bucket|count|sum)$", "", match[1])
            assert match[1] in types or family in types, line
    assert f'bojagi_backend_up{{backend="app",server="a"}} 1' in text
    assert 'bojagi_tcp_connections{state="established"} 1' in text


def test_expiry_of_certificates_and_tls_facts_are_shown(origin, gateway, pki):
    server, port, admin = origin("a"), kit.free_port(), kit.free_port()
    gateway(f"""workers 1; admin 127.0.0.1:{admin}; log access {{ file off; }}
        tls site {{ certificate "{pki}/site.pem"; certificate "{pki}/www.pem"; }}
        listener web 127.0.0.1:{port} {{ protocol http; tls site; otherwise {{ pool app; }} }}
        pool app {{ server a 127.0.0.1:{server.port}; }}""", admin)
    assert kit.Raw(port, tls=kit.client_tls(pki)).get()[0] == 200
    text = fetch(admin, "/metrics")[1]
    found = dict(re.findall(r'bojagi_tls_certificate_not_after_timestamp_seconds\{name="([^"]+)",source="site"\} ([0-9]+)', text))
    assert set(found) == {"localhost", "www.example.test"}
    assert all(19 < (int(t) - time.time()) / 86400 <= 20 for t in found.values())
    assert 'bojagi_tls_handshakes_total{side="frontend",result="success"} 1' in text
    assert re.search(r'bojagi_tls_connections_negotiated_total\{side="frontend",version="TLSv1.3",.*,alpn="http/1.1",worker="0"\} 1', text)
    assert re.search(r'duration_seconds_count\{side="frontend",resumption="full",version="TLSv1.3"\} 1', text)
    state = json.loads(fetch(admin, "/api/v1/status")[1])
    assert [c["name"] for c in state["certificates"]] == ["localhost", "www.example.test"]


def test_a_flood_of_failing_handshakes_does_not_flood_the_log(origin, gateway, pki):
    server, port, admin = origin("a"), kit.free_port(), kit.free_port()
    running = gateway(f"""workers 1; admin 127.0.0.1:{admin}; log access {{ file "access.log"; format json; }}
        tls site {{ certificate "{pki}/site.pem"; }}
        listener web 127.0.0.1:{port} {{ protocol http; tls site; otherwise {{ pool app; }} }}
        pool app {{ server a 127.0.0.1:{server.port}; }}""", admin)
    begun, flood = time.monotonic(), 400
    for _ in range(flood):
        kit.Raw(port).send(b"this is not TLS\r\n\r\n").close()
    metrics = kit.wait_until(lambda: (lambda text: f'result="not_tls"}} {flood}' in text and text)(fetch(admin, "/metrics")[1]))
    seconds = time.monotonic() - begun
    left_out = int(re.search(r"bojagi_log_handshakes_left_out_total ([0-9]+)", metrics)[1])
    kit.wait_until(lambda: sum(line["count"] for line in running.log(of="handshakes_left_out")) == left_out)
    told = running.log(of="handshake")
    assert left_out > 0 and len(told) + left_out == flood
    assert len(told) <= 50 + 10 * (seconds + 1) and {line["result"] for line in told} == {"not_tls"}


def eject(web, seconds):
    """The only server is put out for that long; returns the port of the admin pages."""
    server, port, admin, running = web()
    running.write(CONF.format(admin=admin, port=port, servers=f"eject {{ errors 1; for {seconds}s; at_most 100%; }} "
                              f"server a 127.0.0.1:{server.port};"))
    running.reload()
    server.stop()
    for _ in range(40):
        client = kit.Raw(port)
        assert client.get()[0] in (502, 503)
        client.close()
    kit.wait_until(lambda: fetch(admin, "/readyz")[0] == 503)
    return admin


def test_readiness_tells_when_no_server_is_left(web):
    admin = eject(web, 60)
    assert "app" in fetch(admin, "/readyz")[1]


def test_a_server_whose_ejection_is_over_is_shown_as_up_before_it_is_asked(web):
    admin = eject(web, 1)
    kit.wait_until(lambda: fetch(admin, "/readyz")[0] == 200)
    assert 'bojagi_backend_up{backend="app",server="a"} 1' in fetch(admin, "/metrics")[1]


def test_one_kind_of_connection_is_listed_once_whichever_worker_had_it(origin, gateway, pki):
    server, port, admin = origin("a"), kit.free_port(), kit.free_port()
    gateway(f"""workers 3; admin 127.0.0.1:{admin}; log access {{ file off; }}
        tls site {{ certificate "{pki}/site.pem"; }}
        listener web 127.0.0.1:{port} {{ protocol http; tls site; otherwise {{ pool app; }} }}
        pool app {{ server a 127.0.0.1:{server.port}; }}""", admin)
    for _ in range(24):
        client = kit.Raw(port, tls=kit.client_tls(pki))
        assert client.get()[0] == 200
        client.close()
    found = json.loads(fetch(admin, "/api/v1/status")[1])["negotiated"]
    assert [(k["version"], k["alpn"], k["count"]) for k in found] == [("TLSv1.3", "http/1.1", 24)]


def test_idle_tls_connections_cost_little(origin, gateway, pki, program):
    if "asan" in str(program):
        pytest.skip("sanitizers have their own memory")
    server = origin("a")
    port = kit.free_port()
    running = gateway(f"""workers 1; log access {{ file off; }} tls site {{ certificate "{pki}/site.pem"; }}
        listener web 127.0.0.1:{port} {{ protocol http; tls site; limits {{ connections_per_client 10000; }} otherwise {{ pool app; }} }}
        pool app {{ server a 127.0.0.1:{server.port}; }}""")
    context = kit.client_tls(pki)

    def hold(count):
        made = [kit.Raw(port, tls=context) for _ in range(count)]
        for client in made:
            assert client.get()[0] == 200
        time.sleep(0.8)
        return made
    held = hold(50)
    before = resident(running)
    held += hold(300)
    assert (resident(running) - before) / 300 <= 6 * 1024
