#!/usr/bin/env python3
"""gateway - our gateway beside nginx and HAProxy: processor time per operation, and memory per idle connection.

Each terminates TLS 1.3 with one worker in front of the same origin (an nginx of its own, not counted). The three run at the
same time and are loaded in turn; what counts is the processor time of the proxy's own processes, from /proc, so the load
generator's speed does not matter. Median of the rounds.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOAD = BUILD / "bench" / "bench-load"
SMALL = 1024
LARGE = 1024 * 1024

ORIGIN = """
worker_processes 1; daemon off; pid {dir}/origin.pid; error_log {dir}/origin.log;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 1h; sendfile on; tcp_nopush on;
    client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
    server {{ listen 127.0.0.1:{origin}; root {dir}/www; index index.html; }}
}}
"""

NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.log;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 1h; tcp_nodelay on;
    client_body_temp_path {dir}/n1; proxy_temp_path {dir}/n2; fastcgi_temp_path {dir}/n3; uwsgi_temp_path {dir}/n4; scgi_temp_path {dir}/n5;
    upstream app {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} ssl; server_name bench.example.com;
        ssl_certificate {dir}/chain.pem; ssl_certificate_key {dir}/chain.pem;
        ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:P-256;
        location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
                      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 8192
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-curves X25519:P-256
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout http-keep-alive 1h
    option http-keep-alive
    option forwardfor
    http-reuse always
frontend web
    bind 127.0.0.1:{port} ssl crt {dir}/chain.pem
    default_backend app
backend app
    server a 127.0.0.1:{origin}
"""

BOJAGI = """
workers 1;
log access {{ file off; }}
tls site {{ certificate "{dir}/chain.pem"; }}
listener web 127.0.0.1:{port} {{ protocol http; tls site; limits {{ connections_per_client 8192; }} otherwise {{ pool app; }} }}
pool app {{ server a 127.0.0.1:{origin}; }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """The process and its children, grandchildren and so on."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            for child in (task / "children").read_text().split():
                found += tree(int(child))
        except FileNotFoundError:
            pass
    return found


def cpu_ns(pid):
    total = 0
    for p in tree(pid):
        for task in pathlib.Path(f"/proc/{p}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


def rss_bytes(pid):
    return sum(int(pathlib.Path(f"/proc/{p}/statm").read_text().split()[1]) for p in tree(pid)) * os.sysconf("SC_PAGESIZE")


class Proxy:
    def __init__(self, name, folder, origin, text, command):
        self.name, self.port = name, free_port()
        self.conf = folder / f"{name}.conf"
        self.conf.write_text(text.format(dir=folder, origin=origin, port=self.port))
        self.log = open(folder / f"{name}.out", "wb")
        self.process = subprocess.Popen([c.format(conf=self.conf) for c in command], stdout=self.log, stderr=self.log, cwd=folder)

    def wait(self, folder):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"bench: {self.name} did not start:\n{(folder / (self.name + '.out')).read_text()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def load(mode, proxy, root, count, threads, path="/"):
    done = subprocess.run([LOAD, mode, str(proxy.port), root, str(count), str(threads), path])
    if done.returncode != 0:
        sys.exit(f"bench: {proxy.name}: a response of {mode} {path} was wrong")


def per_operation(mode, proxy, root, count, threads, path):
    load(mode, proxy, root, max(count // 10, threads), threads, path)  # warm up
    before = cpu_ns(proxy.process.pid)
    load(mode, proxy, root, count, threads, path)
    time.sleep(0.05)  # what the last close costs
    return (cpu_ns(proxy.process.pid) - before) / count / 1000


def idle_bytes(proxy, root, few, many):
    def hold(count):
        p = subprocess.Popen([LOAD, "idle", str(proxy.port), root, str(count), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if p.stdout.readline().strip() != b"ready":
            sys.exit(f"bench: {proxy.name}: idle connections failed")
        return p

    first = hold(few)
    time.sleep(0.3)
    before = rss_bytes(proxy.process.pid)
    second = hold(many)
    time.sleep(0.3)
    after = rss_bytes(proxy.process.pid)
    for p in (first, second):
        p.stdin.close()
        p.wait()
    return (after - before) / many


def show(args, name, unit, values):
    """`values` by proxy; ours comes first."""
    best = min(v for k, v in values.items() if k != "bojagi")
    ratio = values["bojagi"] / best
    if args.json:
        print(json.dumps({"bench": name, "side": "proxy", "unit": unit, **{k: round(v, 2) for k, v in values.items()},
                          "ratio": round(ratio, 3)}), flush=True)
    else:
        cells = "".join(f"{values[k]:12.2f}" for k in values)
        print(f"{name:32} {unit:6}{cells}   {ratio:6.2f}{'' if ratio < 1 else '  MISSED'}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="bench gateway", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for program in ("nginx", "haproxy"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            sys.exit(f"bench: {program} is not installed (apt-get install nginx-core haproxy)")
    os.environ["PATH"] += ":/usr/sbin:/sbin"

    with tempfile.TemporaryDirectory(prefix="bojagi-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_bytes(b"x" * SMALL)
        (folder / "www" / "large").write_bytes(b"y" * LARGE)
        subprocess.run([LOAD, "chain", folder], check=True)
        root = folder / "root.pem"
        origin = Proxy("origin", folder, 0, "", ["true"])
        origin.process.wait()
        origin.conf.write_text(ORIGIN.format(dir=folder, origin=origin.port))
        origin.process = subprocess.Popen(["nginx", "-p", str(folder), "-e", "origin.log", "-c", str(origin.conf)],
                                          stdout=origin.log, stderr=origin.log)
        proxies = []
        try:
            origin.wait(folder)
            proxies.append(Proxy("bojagi", folder, origin.port, BOJAGI, [str(BUILD / "bojagi"), "proxy", "-c", "{conf}"]))
            proxies.append(Proxy("nginx", folder, origin.port, NGINX, ["nginx", "-p", str(folder), "-e", "nginx.log", "-c", "{conf}"]))
            proxies.append(Proxy("haproxy", folder, origin.port, HAPROXY, ["haproxy", "-db", "-f", "{conf}"]))
            for p in proxies:
                p.wait(folder)
            if not args.json:
                print(f"{'':32} {'unit':6}{''.join(f'{p.name:>12}' for p in proxies)}    ratio to the better peer")
            for title, mode, count, threads, path in (
                ("gateway-new-connection", "connect", 500, 4, "/"),
                ("gateway-keep-alive-request", "request", 8000, 4, "/"),
                ("gateway-download-1MiB", "request", 120, 2, "/large"),
            ):
                rounds = [{p.name: per_operation(mode, p, root, count, threads, path) for p in proxies} for _ in range(args.rounds)]
                show(args, title, "us", {p.name: statistics.median(r[p.name] for r in rounds) for p in proxies})
            show(args, "gateway-idle-tls13", "B", {p.name: idle_bytes(p, root, 100, 1000) for p in proxies})
        finally:
            for p in proxies + [origin]:
                p.stop()


if __name__ == "__main__":
    main()
