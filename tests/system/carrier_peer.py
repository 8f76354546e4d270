"""carrier_peer.py - what the tests of our own TCP do from the kernel's side: run in a network namespace, one command each.

Prints one line of JSON. Ends by itself: every socket has a timeout.
"""
import ctypes
import fcntl
import hashlib
import json
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

SECONDS = 60
STALL_SECONDS = 600  # of a transfer: where every fifth exchange is lost, one in some ten thousand waits for minutes
PIECE = 1 << 16


def connect(host, port, ca=None):
    sock = socket.create_connection((host, int(port)), SECONDS)
    if ca:
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        sock = context.wrap_socket(sock)
    return sock


def exactly(sock, count):
    out = b""
    while len(out) < count:
        got = sock.recv(min(PIECE, count - len(out)))
        if not got:
            raise EOFError(f"{len(out)} of {count}")
        out += got
    return out


def transfer(host, port, count, ca=None):
    """Sends bytes, gets their hash; gets as many bytes, then their hash. Both must agree."""
    count = int(count)
    sock = connect(host, port, ca)
    sock.settimeout(STALL_SECONDS)
    block = os.urandom(1 << 20)
    sock.sendall(struct.pack(">Q", count))
    digest, left, began = hashlib.sha256(), count, time.monotonic()
    while left:
        piece = block[:min(left, len(block))]
        sock.sendall(piece)
        digest.update(piece)
        left -= len(piece)
    there = exactly(sock, 32) == digest.digest()
    up = time.monotonic() - began
    digest, left, began = hashlib.sha256(), count, time.monotonic()
    while left:
        piece = sock.recv(min(left, 1 << 20))
        if not piece:
            raise EOFError("the answer is cut")
        digest.update(piece)
        left -= len(piece)
    back = exactly(sock, 32) == digest.digest()
    down = time.monotonic() - began
    sock.close()
    return {"there": there, "back": back, "up_mbit_s": round(count * 8e-6 / up), "down_mbit_s": round(count * 8e-6 / down)}


def load(host, port, streams, count, ca=None):
    """As many transfers at once, each there and back."""
    done, began = [], time.monotonic()
    threads = [threading.Thread(target=lambda: done.append(transfer(host, port, count, ca))) for _ in range(int(streams))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - began
    good = sum(one["there"] and one["back"] for one in done)
    return {"good": good, "mbit_s": round(2 * good * int(count) * 8e-6 / took)}


def many(host, port, count):
    """Opens and closes connections, a byte there and back on each."""
    good, bad, began, lock = 0, [], time.monotonic(), threading.Lock()

    def work(n):
        nonlocal good
        for _ in range(n):
            try:
                with connect(host, port) as sock:
                    sock.sendall(b"x")
                    assert sock.recv(1) == b"x"
                    sock.shutdown(socket.SHUT_WR)
                    assert sock.recv(1) == b""
                with lock:
                    good += 1
            except (OSError, AssertionError) as e:
                bad.append(str(e))
    threads = [threading.Thread(target=work, args=(int(count) // 8,)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return {"good": good, "bad": bad[:3], "per_s": round(good / (time.monotonic() - began))}


def total(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff


def segment(source, to, source_port, port, seq, ack, flags, payload=b""):
    """A whole IPv4 packet."""
    tcp = struct.pack(">HHIIBBHHH", source_port, port, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(to) + struct.pack(">BBH", 0, 6, len(tcp) + len(payload))
    check = total(pseudo + tcp + payload)
    tcp = tcp[:16] + struct.pack(">H", check) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0x4000, 64, 6, 0, socket.inet_aton(source), socket.inet_aton(to))
    return ip[:10] + struct.pack(">H", total(ip)) + ip[12:] + tcp + payload


def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def ask(host, port):
    with connect(host, port) as sock:
        sock.sendall(b"x")
        return sock.recv(1) == b"x"


def flood(host, port, kind, count):
    """Packets of a stranger while a friend tries to be served."""
    raw, rng, good, sent = raw_socket(), random.Random(7), 0, 0
    friend = connect(host, port)
    mine = friend.getsockname()
    for n in range(int(count)):
        source = f"10.9.0.{rng.randrange(3, 250)}"
        if kind == "syn":
            packet = segment(source, host, rng.randrange(1024, 65535), int(port), rng.getrandbits(32), 0, 0x02)
        elif kind == "reset":
            packet = segment(mine[0], host, mine[1], int(port), rng.getrandbits(32), 0, 0x04)
        elif kind == "ack":
            packet = segment(source, host, rng.randrange(1024, 65535), int(port), rng.getrandbits(32), rng.getrandbits(32), 0x10, b"data")
        else:
            packet = segment(mine[0], host, mine[1], int(port), rng.getrandbits(32), rng.getrandbits(32), 0x10, bytes(1000))
        try:
            raw.sendto(packet, (host, 0))
            sent += 1
        except OSError:
            pass
        if n % (int(count) // 10) == 0:
            good += ask(host, port)
    friend.sendall(b"x")
    alive = friend.recv(1) == b"x"
    return {"sent": sent, "served": good, "friend_is_alive": alive}


def half_open(host, port, count):
    """Connections that never say a word, and one that does."""
    silent = [connect(host, port) for _ in range(int(count))]
    good = ask(host, port)
    for sock in silent:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    return {"open": len(silent), "served": good}


def no_offload(interface):
    """Checksums are finished, and segments cut, before they leave this interface (ETHTOOL_STXCSUM of SIOCETHTOOL)."""
    value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8946, struct.pack("16sP16x", interface.encode(), ctypes.addressof(value)))
    return {}


if __name__ == "__main__":
    command = {"transfer": transfer, "load": load, "many": many, "flood": flood, "half_open": half_open,
               "no-offload": no_offload}[sys.argv[1]]
    print(json.dumps(command(*sys.argv[2:])))
