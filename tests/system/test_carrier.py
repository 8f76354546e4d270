"""test_carrier.py - our own TCP/IP against the kernel's, each in a network namespace of its own.

The gateway (or `bojagi serve`, `bojagi connect`) has a TUN or TAP device, or one end of a veth pair by a packet socket or AF_XDP; the kernel on the other side
talks to it with curl, openssl and sockets. Needs namespaces (root's, or those of a user); skipped, with the reason, without.
"""
import hashlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import kit
import pytest

OURS, THEIRS, OURS6, THEIRS6 = "10.9.0.2", "10.9.0.1", "fd00:9::2", "fd00:9::1"
PEER = pathlib.Path(__file__).with_name("carrier_peer.py")
LIFE = 280  # seconds after which everything ends by itself
LONG_LIFE = 4 * 3600  # of the transfers that take long: RTO after RTO at 10 % loss
MB = 1 << 20
FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter"


class Namespaces:
    """`home`, where the gateway runs, and `peer`, where its clients are."""

    def __init__(self, life=LIFE):
        self.life = life
        user = [] if os.geteuid() == 0 else ["-Ur"]
        self.made = []
        self.home = self.make(["unshare", *user, "-n"])
        self.peer = self.make([*self.enter(self.home), "unshare", "-n"])

    def make(self, how):
        process = subprocess.Popen([*how, "sh", "-c", f"echo ready; exec sleep {self.life}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.made.append(process)
        if process.stdout.readline() != b"ready\n":
            self.end()
            pytest.skip(f"SKIPPED: no network namespaces here: {process.stderr.read().decode().strip()}")
        return process.pid

    def enter(self, pid):
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", *user, "-t", str(pid), "-n"]

    def run(self, pid, *command, check=True, timeout=120, **more):
        done = subprocess.run([*self.enter(pid), *map(str, command)], capture_output=True, timeout=timeout, check=False, **more)
        if check:
            assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def end(self):
        for process in self.made:
            process.kill()
            process.wait()


@pytest.fixture
def spaces(request):
    for tool in ("unshare", "nsenter", "ip"):
        if not shutil.which(tool):
            pytest.skip(f"SKIPPED: {tool} is not here")
    made = Namespaces(LONG_LIFE if request.node.get_closest_marker("soak") else LIFE)
    made.run(made.home, "ip", "link", "set", "lo", "up")
    made.run(made.peer, "ip", "link", "set", "lo", "up")
    yield made
    made.end()


class World:
    """A device between the namespaces; the kernel's end gets its addresses once the other end is taken."""

    def __init__(self, spaces, kind, program=None):
        self.spaces, self.kind, self.device = spaces, kind, "bj0"
        if kind in ("veth", "xdp", "xdpgeneric"):
            end = "below" if kind == "xdpgeneric" else "bj0"
            spaces.run(spaces.home, "ip", "link", "add", end, "type", "veth", "peer", "name", "k0", "netns", spaces.peer)
            if kind == "xdpgeneric":  # a bridge has no XDP of its own
                spaces.run(spaces.home, "ip", "link", "add", "bj0", "type", "bridge")
                spaces.run(spaces.home, "ip", "link", "set", end, "master", "bj0", "up")
                spaces.run(spaces.peer, sys.executable, PEER, "no-offload", "k0")
            spaces.run(spaces.home, "ip", "link", "set", "bj0", "up")
            self.kernel = "k0"
            if kind != "veth":
                self.device = "xdp:bj0"
                self.may_use_xdp(program)
        else:
            done = spaces.run(spaces.home, "ip", "tuntap", "add", "dev", "bj0", "mode", kind, check=False)
            if done.returncode:
                pytest.skip(f"SKIPPED: no {kind} device here: {done.stderr.decode().strip()}")
            self.kernel = "bj0"

    def may_use_xdp(self, program):
        """Skips where it is not permitted: the device is opened, and then a word is wrong."""
        done = self.spaces.run(self.spaces.home, program, "connect", f"{THEIRS}:1", "--carrier", self.device, "--from", f"{OURS}/24", "--gateway", "none",
                               check=False)
        words = done.stderr.decode()
        if "--gateway is an address" not in words:
            pytest.skip(f"SKIPPED: {words.strip()}")

    def has_program(self):
        return b"xdp" in self.spaces.run(self.spaces.home, "ip", "link", "show", "bj0").stdout

    def join(self, pid=None):
        """The kernel's end comes up, in the peer's namespace unless another one is said."""
        pid = pid or self.spaces.peer
        run = self.spaces.run
        if self.kernel == "bj0" and pid != self.spaces.home:
            run(self.spaces.home, "ip", "link", "set", "bj0", "netns", pid)
        run(pid, "ip", "addr", "add", f"{THEIRS}/24", "dev", self.kernel)
        run(pid, "ip", "addr", "add", f"{THEIRS6}/64", "dev", self.kernel, "nodad")
        run(pid, "ip", "link", "set", self.kernel, "up")

    def peer(self, *command, **more):
        return self.spaces.run(self.spaces.peer, *command, **more)

    def ask(self, *command, timeout=120):
        """A command of carrier_peer.py; its answer."""
        return json.loads(self.peer(sys.executable, PEER, *command, timeout=timeout).stdout)


@pytest.fixture(params=["tun", "tap", "veth", "xdp"])
def world(request, spaces, program):
    return World(spaces, request.param, program)


@pytest.fixture
def tun(spaces):
    return World(spaces, "tun")


class Partner(threading.Thread):
    """A server on a unix socket behind the gateway: echoes single bytes, or takes a transfer and gives one back."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(str(path))
        self.sock.listen(4096)
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        with client:
            first = client.recv(8, socket.MSG_WAITALL)
            if len(first) == 8:
                self.transfer(client, struct.unpack(">Q", first)[0])

    @staticmethod
    def transfer(client, count):
        digest, left = hashlib.sha256(), count
        while left:
            piece = client.recv(min(left, MB))
            if not piece:
                return
            digest.update(piece)
            left -= len(piece)
        client.sendall(digest.digest())
        block, digest, left = os.urandom(MB), hashlib.sha256(), count
        while left:
            piece = block[:min(left, MB)]
            client.sendall(piece)
            digest.update(piece)
            left -= len(piece)
        client.sendall(digest.digest())

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Echo(Partner):
    def one(self, client):
        with client:
            while data := client.recv(65536):
                client.sendall(data)


CONF = """
workers 2;
log access {{ file "access.log"; format json; }}
tls site {{ certificate "{pki}/site.pem"; }}
listener web {device} {ip}:8443 {{ protocol http; tls site; carrier bojagi {carrier}; pool app; }}
listener web6 {device} [{ip6}]:8443 {{ protocol http; tls site; carrier bojagi; pool app; }}
listener raw {device} {ip}:9000 {{ protocol tcp; carrier bojagi {carrier}; pool raw; }}
listener rawtls {device} {ip}:9001 {{ protocol tcp; tls site; carrier bojagi {carrier}; pool raw; }}
listener echo {device} {ip}:9002 {{ protocol tcp; carrier bojagi {carrier}; pool echo; }}
pool app {{ server a unix:{folder}/app.sock; }}
pool raw {{ server a unix:{folder}/raw.sock; timeouts {{ idle 5m; }} }}
pool echo {{ server a unix:{folder}/echo.sock; }}
"""


@pytest.fixture
def proxy(program, pki, tmp_path, origin):
    """A function that starts the gateway in a world, before an origin of each kind."""
    made = []

    def start(world, carrier="", ip=OURS, join=True):
        if not made:
            origin("a", path=str(tmp_path / "app.sock"))
            made.extend([Partner(tmp_path / "raw.sock"), Echo(tmp_path / "echo.sock")])
        text = CONF.format(pki=pki, folder=tmp_path, carrier=carrier, ip=ip, ip6=OURS6, device=world.device)
        running = kit.Gateway(program, tmp_path, text, enter=world.spaces.enter(world.spaces.home))
        made.append(running)
        if join:
            world.join()
        return running
    yield start
    for one in made:
        code = one.stop() or 0
        if isinstance(one, kit.Gateway):
            assert code == 0, one.stderr()
            assert "Sanitizer" not in one.stderr() and "runtime error" not in one.stderr(), one.stderr()


def curl(world, pki, url, *more, check=True):
    return world.peer("curl", "-sS", "--max-time", "60", "--cacert", pki / "ca.pem", "--connect-to", f"localhost:8443:{url}:8443",
                      "https://localhost:8443/" + (more[0] if more else ""), *more[1:], check=check)


@pytest.mark.parametrize("ip", [OURS, f"[{OURS6}]"])
def test_curl_in_another_namespace_talks_to_the_gateway(world, proxy, pki, ip):
    gateway = proxy(world)
    assert curl(world, pki, ip).stdout == b"a"
    assert curl(world, pki, ip, "big").stdout == kit.BIG
    line = gateway.log(2)[0]
    assert line["client"].startswith(THEIRS if ip == OURS else THEIRS6), line


def test_openssl_in_another_namespace_talks_to_the_gateway(world, proxy, pki):
    proxy(world)
    for version, words in (("-tls1_2", b"TLSv1.2"), ("-tls1_3", b"TLSv1.3")):
        done = world.peer("openssl", "s_client", "-connect", f"{OURS}:8443", version, "-CAfile", pki / "ca.pem", "-verify_hostname", "localhost",
                          "-verify_return_error", "-servername", "localhost", "-quiet", "-ign_eof",
                          input=b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert done.stdout.startswith(b"HTTP/1.1 200") and done.stdout.endswith(b"\r\n\r\na"), (words, done)


def test_the_kernel_is_refused_where_nobody_listens_and_pings_are_answered(world, proxy):
    proxy(world)
    done = world.peer("curl", "-sS", "--max-time", "10", f"http://{OURS}:8444/", check=False)
    assert done.returncode == 7
    if shutil.which("ping"):
        world.peer("ping", "-c", "1", "-W", "5", OURS)
        world.peer("ping", "-6", "-c", "1", "-W", "5", OURS6)


def test_bytes_are_the_same_both_ways(world, proxy, pki):
    proxy(world)
    for port, ca in ((9000, []), (9001, [pki / "ca.pem"])):
        got = world.ask("transfer", OURS, port, 8 * MB, *ca)
        print(world.kind, "TLS" if ca else "plain", got)
        assert got["there"] and got["back"]


@pytest.mark.parametrize("kind", ["veth", "xdp", "tap", "tun"])
def test_an_interface_that_was_down_for_a_while_is_used_again(spaces, program, proxy, pki, kind):
    world = World(spaces, kind, program)
    proxy(world)
    assert curl(world, pki, OURS).stdout == b"a"
    end = (spaces.home, "bj0") if kind in ("veth", "xdp") else (spaces.peer, world.kernel)
    spaces.run(end[0], "ip", "link", "set", end[1], "down")
    time.sleep(0.2)
    spaces.run(end[0], "ip", "link", "set", end[1], "up")
    assert curl(world, pki, OURS).stdout == b"a"


def test_bytes_are_the_same_without_offload(world, proxy):
    proxy(world, carrier="offload off")
    got = world.ask("transfer", OURS, 9000, 8 * MB)
    print(world.kind, "no offload", got)
    assert got["there"] and got["back"]


@pytest.fixture
def lossy(tun, proxy):
    """A function that starts the gateway behind a kernel that forwards and throws away some of what it should, of both directions.

    kernel in peer - veth - kernel in home, with the rules - TUN - our stack. Not in the peer itself: a kernel that throws away what it is
    about to send knows it.
    """
    run, home, peer = tun.spaces.run, tun.spaces.home, tun.spaces.peer

    def start(percent, congestion="cubic"):
        if not shutil.which("nft"):
            pytest.skip("SKIPPED: nft is not here")
        done = run(home, "nft", f"table inet bad {{ chain forward {{ type filter hook forward priority 0; numgen random mod 100 < {percent} drop; }}; }}",
                   check=False)
        if done.returncode:
            pytest.skip(f"SKIPPED: nft does not work here: {done.stderr.decode().strip()}")
        run(home, "ip", "link", "add", "w0", "type", "veth", "peer", "name", "w1", "netns", peer)
        run(home, "ip", "addr", "add", "10.8.0.2/24", "dev", "w0")
        run(peer, "ip", "addr", "add", "10.8.0.1/24", "dev", "w1")
        run(home, "ip", "link", "set", "w0", "up")
        # packets of one segment each, so that what is lost is a segment
        run(peer, "ip", "link", "set", "w1", "gso_max_segs", "1", "up")
        run(peer, "ip", "route", "add", "10.9.0.0/24", "via", "10.8.0.2")
        proxy(tun, carrier=f"offload off congestion {congestion}", join=False)
        tun.join(home)
        run(home, "sh", "-c", FORWARD)
    return start


@pytest.mark.parametrize("percent,congestion", [(1, "cubic"), (5, "cubic"), (5, "reno"), (5, "bbr"), (10, "bbr")])
def test_bytes_are_the_same_with_loss(tun, lossy, percent, congestion):
    lossy(percent, congestion)
    got = tun.ask("transfer", OURS, 9000, 4 * MB)
    print("loss", percent, congestion, got)
    assert got["there"] and got["back"]


@pytest.mark.slow
def test_a_gigabyte_is_the_same_both_ways(tun, proxy):
    proxy(tun)
    got = tun.ask("transfer", OURS, 9000, 1024 * MB, timeout=250)
    print("1 GB", got)
    assert got["there"] and got["back"]


@pytest.mark.parametrize("percent", [pytest.param(1, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.soak),
                                     pytest.param(10, marks=pytest.mark.soak)])
def test_a_gigabyte_is_the_same_with_loss(tun, lossy, percent):
    lossy(percent)
    got = tun.ask("transfer", OURS, 9000, 1024 * MB, timeout=250 if percent < 5 else LONG_LIFE)
    print("1 GB, loss", percent, got)
    assert got["there"] and got["back"]


BAD_WIRES = {  # loss, duplicate, reorder, corrupt: parts of a million
    "reordering": (0, 0, 50000, 0), "duplication": (0, 100000, 0, 0), "corruption": (0, 0, 0, 10000), "loss": (20000, 0, 0, 0),
    "everything": (10000, 30000, 30000, 5000),
}


@pytest.fixture
def bad_wire(tun, proxy, build):
    """A function that starts the gateway behind: kernel in peer - TUN - impair - TUN - kernel in home, which forwards - TUN - our stack"""
    run, home, peer = tun.spaces.run, tun.spaces.home, tun.spaces.peer
    wires = []

    def start(bad):
        run(home, "ip", "tuntap", "add", "dev", "w0", "mode", "tun")
        run(home, "ip", "tuntap", "add", "dev", "w1", "mode", "tun")
        wires.append(subprocess.Popen([*tun.spaces.enter(home), str(build / "tests" / "impair"), "w0", "w1", *map(str, BAD_WIRES[bad]), "7"],
                                      stdout=subprocess.PIPE))
        assert wires[0].stdout.readline() == b"ready\n"
        run(home, "ip", "link", "set", "w1", "netns", peer)
        run(peer, "ip", "addr", "add", "10.8.0.1/24", "dev", "w1")
        run(peer, "ip", "link", "set", "w1", "up")
        run(peer, "ip", "route", "add", "10.9.0.0/24", "dev", "w1")
        proxy(tun, join=False)
        tun.join(home)
        run(home, "ip", "link", "set", "w0", "up")
        run(home, "ip", "route", "add", "10.8.0.0/24", "dev", "w0")
        run(home, "sh", "-c", FORWARD)
    yield start
    for wire in wires:
        wire.kill()
        wire.wait()


@pytest.mark.parametrize("bad", BAD_WIRES)
def test_bytes_are_the_same_over_a_bad_wire(tun, bad_wire, bad):
    bad_wire(bad)
    got = tun.ask("transfer", OURS, 9000, 4 * MB)
    print("wire with", bad, got)
    assert got["there"] and got["back"]


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["reordering", "duplication"])
def test_a_gigabyte_is_the_same_over_a_bad_wire(tun, bad_wire, bad):
    bad_wire(bad)
    got = tun.ask("transfer", OURS, 9000, 1024 * MB, timeout=250)
    print("1 GB, wire with", bad, got)
    assert got["there"] and got["back"]


@pytest.mark.parametrize("streams,size", [(8, 4 * MB), pytest.param(16, 64 * MB, marks=pytest.mark.slow)])
def test_many_streams_at_once_through_tls(tun, proxy, pki, streams, size):
    proxy(tun)
    got = tun.ask("load", OURS, 9001, streams, size, pki / "ca.pem", timeout=250)
    print("TLS,", streams, "streams of", size // MB, "MB:", got)
    assert got["good"] == streams


def test_ten_thousand_connections_open_and_close(tun, proxy):
    proxy(tun)
    got = tun.ask("many", OURS, 9002, 10000, timeout=200)
    print("connections", got)
    assert got["good"] == 10000, got


@pytest.mark.parametrize("kind", ["syn", "reset", "ack", "data"])
def test_a_flood_keeps_nobody_from_being_served(tun, proxy, kind):
    proxy(tun)
    got = tun.ask("flood", OURS, 9002, kind, 20000)
    print("flood", kind, got)
    assert got["served"] == 10 and got["friend_is_alive"] and got["sent"] > 10000, got


def test_silent_connections_keep_nobody_from_being_served(tun, proxy):
    proxy(tun)
    got = tun.ask("half_open", OURS, 9002, 500)
    assert got == {"open": 500, "served": True}


def test_a_reload_keeps_the_device_and_its_connections(tun, proxy, pki):
    gateway = proxy(tun)
    client = subprocess.Popen([*tun.spaces.enter(tun.spaces.peer), sys.executable, "-c",
                               f"import socket,sys\ns=socket.create_connection(('{OURS}',9002),20)\n"
                               "for line in sys.stdin:\n s.sendall(line.encode()); print(s.recv(100).decode().strip(), flush=True)"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for n in range(4):
        client.stdin.write(b"hello\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"hello\n"
        gateway.reload()
        assert "the old configuration stays" not in gateway.stderr()
        assert curl(tun, pki, OURS).stdout == b"a"
    gateway.write((gateway.folder / "bojagi.conf").read_text().replace(":9000", ":9005"))
    gateway.reload()
    assert tun.ask("transfer", OURS, 9005, 1000)["there"]
    client.stdin.close()
    client.wait(10)


def test_a_device_that_cannot_be_had_is_said(spaces, program, pki, tmp_path):
    world = World(spaces, "tun")
    taken = subprocess.Popen([*spaces.enter(spaces.home), str(program), "serve", "--http", "--name", "x", "--carrier", "bj0", "--listen", OURS],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert taken.stdout.readline()
    text = CONF.format(pki=pki, folder=tmp_path, carrier="", ip=OURS, ip6=OURS6, device=world.device)
    gateway = kit.Gateway(program, tmp_path, text, wait=False, enter=world.spaces.enter(world.spaces.home))
    assert gateway.process.wait(20) == 2
    assert "cannot listen on" in gateway.stderr() and "in use" in gateway.stderr()
    taken.terminate()
    taken.wait(10)


# ---- the small server and the client


def test_serve_on_a_device(world, program, pki, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "big.bin").write_bytes(os.urandom(5 * MB))
    server = subprocess.Popen([*world.spaces.enter(world.spaces.home), str(program), "serve", str(site), "--carrier", world.device, "--listen",
                               f"{OURS}/24", "--cert", str(pki / "site.pem"), "--packets", str(tmp_path / "packets.pcap")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert b"serving" in server.stdout.readline()
        world.join()
        got = curl(world, pki, OURS, "big.bin").stdout
        assert hashlib.sha256(got).digest() == hashlib.sha256((site / "big.bin").read_bytes()).digest()
    finally:
        server.terminate()
        assert server.wait(10) in (143, -15), server.stderr.read()
    assert (tmp_path / "packets.pcap").stat().st_size > 5 * MB


@pytest.mark.parametrize("kind", ["tun", "veth", "xdp", "xdpgeneric"])
def test_connect_over_a_device(spaces, kind, bojagi, pki, tmp_path):
    world = World(spaces, kind, bojagi.path)
    if kind == "tun":
        world.join(spaces.home)  # the kernel of the same namespace is the peer
    else:
        world.join()
    place = spaces.home if kind == "tun" else spaces.peer
    server = subprocess.Popen([*spaces.enter(place), str(bojagi.path), "serve", "--echo", "--listen", THEIRS, "--port", "8443", "--cert",
                               str(pki / "site.pem")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert b"serving" in server.stdout.readline()
        command = [*spaces.enter(spaces.home), str(bojagi.path), "connect", f"{THEIRS}:8443", "-servername", "localhost", "-CAfile",
                   str(pki / "ca.pem"), "--carrier", world.device, "--from", f"{OURS}/24"]
        done = subprocess.run([*command, "--json", "-reconnect"], capture_output=True, timeout=30, check=False, env=bojagi.env, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done
        assert json.loads(done.stdout)["address"] == THEIRS
        done = subprocess.run(command, input=b"say it again", capture_output=True, timeout=30, check=False, env=bojagi.env)
        assert done.returncode == 0 and done.stdout == b"say it again", done
        nobody = [f"{THEIRS}:1" if argument == f"{THEIRS}:8443" else argument for argument in command]
        done = subprocess.run(nobody, capture_output=True, timeout=30, check=False, env=bojagi.env, stdin=subprocess.DEVNULL)
        assert done.returncode == 7, done
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize("kind", ["xdp", "xdpgeneric"])
def test_a_program_on_an_interface_ends_with_us(spaces, kind, program, pki, tmp_path):
    world = World(spaces, kind, program)
    assert not world.has_program()
    (tmp_path / "index.html").write_bytes(b"x" * MB)
    server = subprocess.Popen([*spaces.enter(spaces.home), str(program), "serve", str(tmp_path), "--carrier", world.device, "--listen", f"{OURS}/24",
                               "--cert", str(pki / "site.pem")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert b"serving" in server.stdout.readline()
        world.join()
        assert world.has_program()
        assert curl(world, pki, OURS).stdout == b"x" * MB
        second = spaces.run(spaces.home, program, "connect", f"{THEIRS}:1", "--carrier", world.device, "--from", "10.9.0.3", check=False)
        assert second.returncode == 2 and "another XDP program is on the interface" in second.stderr.decode(), second
    finally:
        server.kill()
        server.wait(10)
    assert not world.has_program()


@pytest.mark.parametrize("device, words", [
    ("xdp:bj1", "there is no such interface"),
    ("xdp:bj0:1", "the interface has no such queue"),
    ("xdp:two", "the interface has several queues"),
])
def test_a_queue_that_cannot_be_had_is_told(spaces, program, device, words):
    world = World(spaces, "veth")
    spaces.run(spaces.home, "ip", "link", "add", "two", "numrxqueues", "2", "numtxqueues", "2", "type", "veth", "peer", "name", "three", "netns", spaces.peer)
    done = spaces.run(spaces.home, program, "connect", f"{THEIRS}:1", "--carrier", device, "--from", OURS, check=False)
    assert done.returncode == 2 and words in done.stderr.decode(), (world.kind, done)


@pytest.mark.parametrize("arguments, words", [
    (["--carrier", "bj0"], "needs an address of its own"),
    (["--carrier", "bj0", "--from", "10.9.0.256"], "needs an address of its own"),
    (["--carrier", "bj0", "--from", "10.9.0.2/33"], "needs an address of its own"),
    (["--carrier", "no/such", "--from", "10.9.0.2"], "cannot be opened"),
    (["--carrier", "xdp:", "--from", "10.9.0.2"], "the name is xdp:INTERFACE or xdp:INTERFACE:QUEUE"),
    (["--carrier", "xdp:lo:x", "--from", "10.9.0.2"], "the name is xdp:INTERFACE or xdp:INTERFACE:QUEUE"),
    (["--from", "10.9.0.2"], "need --carrier"),
])
def test_wrong_words_about_the_carrier_are_told(bojagi, arguments, words):
    done = bojagi.run("connect", "127.0.0.1:1", *arguments)
    assert done.returncode == 2 and words in done.stderr.decode(), done
