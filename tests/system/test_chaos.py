"""test_chaos.py - everything at once, from a seed: clients that vanish, bodies of all sizes, servers that come and go, reloads.

What is asked: the gateway lives, no client of a healthy exchange gets another one's bytes, every log line is whole, and memory and
descriptors are given back.
"""
import json
import os
import random
import socket
import ssl
import threading
import time
import urllib.request

import kit
import pytest

PATHS = ["/", "/echo", "/big", "/chunked", "/close", "/204", "/cut", "/badchunk", "/garbage", "/extra", "/early", "/status/503"]
CLIENTS = 16


class Client:
    def __init__(self, seed, ports, pki, until):
        self.random, self.ports, self.pki, self.until = random.Random(seed), ports, pki, until
        self.count, self.mixed_up = 0, []

    def run(self):
        while time.monotonic() < self.until:
            name, port = self.random.choice(list(self.ports.items()))
            try:
                self.connection(name, port)
            except (OSError, EOFError):
                pass

    def connection(self, name, port):
        r, tls = self.random, None
        if name != "clear":
            tls = kit.client_tls(self.pki, r.choice([None, "ann"]), r.choice([None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]))
        client = kit.Raw(port, tls=tls, timeout=5)
        for _ in range(r.randint(1, 8)):
            if not self.exchange(client):
                break
        if r.random() < 0.3:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

    def exchange(self, client):
        """One of many ways to use a connection; false where it must not be used again."""
        r, kind = self.random, self.random.randint(0, 9)
        body = os.urandom(r.choice([0, 1, 100, 5000, 70000, 600000]))
        if kind == 0:
            client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * r.randint(0, 99999))
            return False
        if kind == 1:
            client.send(b"GET " + r.choice(PATHS).encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(r.random() * 0.01)
            return False
        if kind == 2:
            client.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * r.randint(2, 10))
            return False
        if kind == 3:
            client.send(os.urandom(r.randint(1, 3000)))
            return False
        if kind == 4:
            client.send(b"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(body), 9000):
                client.send(b"%x\r\n" % len(body[at:at + 9000]) + body[at:at + 9000] + b"\r\n")
            client.send(b"0\r\n\r\n")
            status, head, got = client.response()
            path = "/echo"
        else:
            path = r.choice(PATHS)
            status, head, got = client.get(path, method=r.choice(["GET", "POST", "PUT"]), body=body)
        if status == 200 and got != {"/echo": body, "/big": kit.BIG, "/chunked": b"z" * 71011, "/extra": b"ok"}.get(path, got):
            self.mixed_up.append((path, len(body), len(got)))
        self.count += 1
        return b"connection: close" not in head.lower()


def memory(pid):
    return int(open(f"/proc/{pid}/statm", encoding="ascii").read().split()[1]) * os.sysconf("SC_PAGESIZE")


def storm(seconds, seed, ports, pki, origins, running, start):
    until, r = time.monotonic() + seconds, random.Random(seed)
    clients = [Client(seed * 100 + n, ports, pki, until) for n in range(CLIENTS)]
    threads = [threading.Thread(target=c.run) for c in clients]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        time.sleep(0.5)
        n = r.randrange(len(origins))
        origins[n].stop()
        time.sleep(0.2)
        origins[n] = start(origins[n].name, port=origins[n].port)
        origins[n].remember = False
        if r.random() < 0.4:
            running.reload()
    for thread in threads:
        thread.join()
    assert [c.mixed_up for c in clients if c.mixed_up] == []
    return sum(c.count for c in clients)


@pytest.mark.parametrize("seed, seconds", [(1, 4), pytest.param(2, 60, marks=pytest.mark.slow)])
def test_the_gateway_lives_through_everything_at_once(origin, gateway, pki, seed, seconds):
    origins = [origin(name) for name in "abc"]
    secure = origin("t", tls=kit.server_tls(pki, "site"))
    for one in origins + [secure]:
        one.remember = False
    ports = {name: kit.free_port() for name in ("clear", "tls", "again")}
    admin = kit.free_port()
    running = gateway(f"""workers 2; admin 127.0.0.1:{admin}; log access {{ file "access.log"; format json; }}
        tls site {{ certificate "{pki}/site.pem"; client_certificate optional {{ ca "{pki}/ca.pem"; }} }}
        listener clear 127.0.0.1:{ports["clear"]} {{ protocol http; otherwise {{ pool app; }} }}
        listener tls 127.0.0.1:{ports["tls"]} {{ protocol http; tls site; otherwise {{ pool app; }} }}
        listener again 127.0.0.1:{ports["again"]} {{ protocol http; tls site; otherwise {{ pool secure; }} }}
        pool app {{ balance least_connections; retries 2; {" ".join(f"server {o.name} 127.0.0.1:{o.port};" for o in origins)} }}
        pool secure {{ tls {{ ca "{pki}/ca.pem"; name localhost; }} server t 127.0.0.1:{secure.port}; }}""", *ports.values(), admin)
    assert storm(seconds, seed, ports, pki, origins, running, origin) > 20

    def quiet():
        status = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{admin}/api/v1/status", timeout=5).read())
        return status["connections"]["open"] == 0 and status["requests"]["in_progress"] == 0
    kit.wait_until(quiet, 60)
    for line in running.log_path.read_text().splitlines():
        json.loads(line)
    assert len(os.listdir(f"/proc/{running.process.pid}/fd")) < 200
