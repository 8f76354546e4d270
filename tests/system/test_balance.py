"""test_balance.py - who gets how many requests."""
import asyncio
import collections
import threading
import time

import kit
import pytest

CONF = """
workers 2;
log access {{ file "access.log"; format json; }}
listener web 127.0.0.1:{port} {{ protocol http; otherwise {{ pool app; }} }}
pool app {{ {pool} }}
"""


async def ask(port, count, path=b"/", source=None, names=None):
    """`count` requests one after the other on one connection; gives the servers' names."""
    names = [] if names is None else names
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0) if source else None)
    for _ in range(count):
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        names.append(await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])))
    writer.close()
    return names


def ask_all(port, connections, each):
    async def run():
        return await asyncio.gather(*(ask(port, each) for _ in range(connections)))
    return collections.Counter(name for names in asyncio.run(run()) for name in names)


def servers(origins, extra=""):
    return " ".join(f"server {o.name} 127.0.0.1:{o.port} {extra};" for o in origins)


def start(origin, gateway, names, pool):
    origins = [origin(name) for name in names]
    for o in origins:
        o.remember = False
    port = kit.free_port()
    gateway(CONF.format(port=port, pool=pool.format(*origins, all=servers(origins))), port)
    return origins, port


def test_round_robin_is_exact_over_10000_requests(origin, gateway):
    _, port = start(origin, gateway, "abcd", "balance round_robin; {all}")
    assert ask_all(port, 10, 1000) == {b"a": 2500, b"b": 2500, b"c": 2500, b"d": 2500}


def test_weights_are_met_within_one_percent(origin, gateway):
    _, port = start(origin, gateway, "abc", "balance weighted_round_robin; server a 127.0.0.1:{0.port} weight 5; "
                    "server b 127.0.0.1:{1.port} weight 3; server c 127.0.0.1:{2.port} weight 2;")
    got = ask_all(port, 10, 500)
    for name, share in ((b"a", 2500), (b"b", 1500), (b"c", 1000)):
        assert abs(got[name] - share) <= share / 100, got


def test_least_connections_spares_a_slow_server(origin, gateway):
    origins, port = start(origin, gateway, "ab", "balance least_connections; {all}")
    origins[0].delay = 0.05
    got = ask_all(port, 8, 40)
    assert got[b"a"] * 3 < got[b"b"], got


def test_ip_hash_keeps_clients_and_moves_only_those_of_a_server_that_went(origin, gateway):
    origins, port = start(origin, gateway, "abcd", "balance ip_hash; retries 1; eject {{ errors 1; for 60s; at_most 100%; }} {all}")
    clients = [f"127.0.0.{n}" for n in range(2, 82)]

    async def where():
        return {c: (await ask(port, 1, source=c))[0] for c in clients}
    first, second = asyncio.run(where()), asyncio.run(where())
    assert first == second
    assert len(set(first.values())) == 4
    origins[2].stop()
    third = asyncio.run(where())
    for c in clients:
        assert third[c] == first[c] if first[c] != b"c" else third[c] != b"c"


def test_ip_hash_follows_the_client_behind_a_trusted_proxy(origin, gateway):
    origins = [origin(name) for name in "abcd"]
    port = kit.free_port()
    gateway(CONF.format(port=port, pool="balance ip_hash; " + servers(origins)).replace("otherwise", "trusted_proxies 127.0.0.0/8; otherwise"),
            port)
    client = kit.Raw(port)
    first = [client.get("/", f"X-Forwarded-For: 198.51.100.{n}\r\n")[2] for n in range(40)]
    second = [client.get("/", f"X-Forwarded-For: 192.0.2.1, 198.51.100.{n}\r\n")[2] for n in range(40)]
    assert first == second and len(set(first)) == 4


@pytest.mark.parametrize("pool", ["", "balance least_connections;", "balance round_robin; retries 2 budget 50%;"])
def test_a_server_killed_under_load_fails_no_idempotent_request(origin, gateway, pool):
    origins, port = start(origin, gateway, "abc", pool + " {all}")
    for o in origins:
        o.delay = 0.002
    names = []

    async def run():
        await asyncio.gather(*(ask(port, 300, names=names) for _ in range(20)))
    threading.Timer(0.5, origins[1].stop).start()
    asyncio.run(run())
    assert len(names) == 6000
    assert b"b" in names[:1000] and b"b" not in names[-1000:], names[-1000:].count(b"b")


def test_a_server_that_comes_back_gets_requests_again(origin, gateway):
    origins, port = start(origin, gateway, "ab",
                          "balance round_robin; eject {{ errors 1; for 1s; at_most 50%; }} {all}")
    origins[0].stop()
    assert ask_all(port, 1, 20)[b"b"] == 20
    origin("a", port=origins[0].port)
    deadline = time.monotonic() + 10
    while b"a" not in ask_all(port, 1, 4):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_backups_serve_only_when_the_others_are_gone(origin, gateway):
    origins, port = start(origin, gateway, "ab", "balance round_robin; eject {{ errors 1; for 60s; at_most 100%; }} "
                          "server a 127.0.0.1:{0.port}; server b 127.0.0.1:{1.port} backup;")
    assert ask_all(port, 1, 20) == {b"a": 20}
    origins[0].stop()
    assert ask_all(port, 1, 20) == {b"b": 20}
