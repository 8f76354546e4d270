"""connect --ct-logs: timestamps of logs are made here as RFC 6962 says, and shown with what they are worth."""
import base64
import hashlib
import json
import struct
import sys

import pytest

from pki import make, openssl
from test_connect import openssl_server  # noqa: F401 (a fixture)

WHEN_MS = 1735700000123
TIME = "2025-01-01 02:53:20 UTC"


def vector(data, width):
    return len(data).to_bytes(width, "big") + data


def items(der):
    """The items of a DER SEQUENCE's content."""
    while der:
        length, start = der[1], 2
        if length >= 0x80:
            start += length - 0x80
            length = int.from_bytes(der[2:start], "big")
        yield der[:start + length], der[start:start + length]
        der = der[start + length:]


def der_of(folder, arguments):
    path = folder / "out.der"
    result = openssl(*arguments, "-outform", "DER", "-out", path, cwd=folder)
    assert result.returncode == 0, result.stderr
    return path.read_bytes()


class Log:
    """A log with its key, which promises what it is asked to."""

    def __init__(self, folder):
        self.folder = folder
        assert openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "log.key", cwd=folder).returncode == 0
        self.key = der_of(folder, ["pkey", "-in", "log.key", "-pubout"])

    def sct(self, entry):
        head = struct.pack(">BBQ", 0, 0, WHEN_MS)
        (self.folder / "signed").write_bytes(head + entry + vector(b"", 2))
        assert openssl("dgst", "-sha256", "-sign", "log.key", "-out", "signature", "signed", cwd=self.folder).returncode == 0
        signature = (self.folder / "signature").read_bytes()
        return (b"\0" + hashlib.sha256(self.key).digest() + struct.pack(">Q", WHEN_MS) + vector(b"", 2) + b"\4\3" + vector(signature, 2))


@pytest.fixture
def log(bojagi):
    return Log(bojagi.home)


@pytest.fixture
def site(bojagi, log):
    """site.pem and site.key with a timestamp in them; the certificate's DER."""
    home = bojagi.home
    assert bojagi.run("cert", "init", "--dir", "ca").returncode == 0
    make(home, "site", start="20241231000000Z", end="20480101000000Z")
    _, content = next(items(der_of(home, ["x509", "-in", "site.pem"])))
    tbs = next(items(content))[0]
    issuer = key_of(home, "ca/ca.pem")
    sct = log.sct(b"\0\1" + hashlib.sha256(issuer).digest() + vector(tbs, 3))
    listed = vector(vector(sct, 2), 2)
    octets = b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else b"\x81" + bytes([len(listed)])) + listed
    make(home, "site", start="20241231000000Z", end="20480101000000Z",
         more="1.3.6.1.4.1.11129.2.4.2 = DER:" + octets.hex(":"))
    return der_of(home, ["x509", "-in", "site.pem"])


def key_of(folder, pem):
    result = openssl("x509", "-in", pem, "-pubkey", "-noout", cwd=folder)
    assert result.returncode == 0, result.stderr
    return base64.b64decode("".join(result.stdout.split("\n")[1:-2]))


def write_list(folder, key, name="Acme Oak"):
    (folder / "logs.json").write_text(json.dumps({"operators": [{"name": "Acme", "logs": [
        {"description": name, "log_id": "x", "key": base64.b64encode(key).decode()}]}]}))


def look(bojagi, port, *arguments, anchors="ca/ca.pem"):
    result = bojagi.run("connect", f"localhost:{port}", "-CAfile", anchors, "--no-input", "--ct-logs", "logs.json", *arguments)
    return result.returncode, result.stdout.decode()


def test_timestamps_of_certificate_and_handshake_are_checked(bojagi, log, site, openssl_server):  # noqa: F811
    data = vector(vector(log.sct(b"\0\0" + vector(site, 3)), 2), 2)
    info = struct.pack(">IH", 0x1180, 18) + vector(data, 2)  # both hellos of 1.2, ClientHello and Certificate of 1.3
    (bojagi.home / "info.pem").write_text("-----BEGIN SERVERINFOV2 FOR CT-----\n" + base64.encodebytes(info).decode() +
                                          "-----END SERVERINFOV2 FOR CT-----\n")
    write_list(bojagi.home, log.key)
    for version in ("-tls1_2", "-tls1_3"):
        port = openssl_server(version, "-serverinfo", "info.pem")
        code, text = look(bojagi, port)
        assert code == 0, text
        assert f"✓ timestamp {TIME}, Acme Oak (certificate): good" in text
        assert f"✓ timestamp {TIME}, Acme Oak (handshake): good" in text
        code, text = look(bojagi, port, "--json")
        found = json.loads(text)["timestamps"]
        assert code == 0 and [t["from"] for t in found] == ["certificate", "handshake"]
        assert all(t["checked"] == "good" and t["log"] == "Acme Oak" and t["time"] == TIME.replace(" UTC", "Z").replace(" ", "T") for t in found)


def test_a_timestamp_for_something_else_is_bad(bojagi, log, site, openssl_server):  # noqa: F811
    home = bojagi.home
    extension = next(line for line in (home / "site.cnf").read_text().split("\n") if line.startswith("1.3.6.1.4.1.11129"))
    make(home, "other", names="DNS:localhost,DNS:b.test", start="20241231000000Z", end="20480101000000Z", more=extension)
    write_list(home, log.key)
    code, text = look(bojagi, openssl_server(certificate="other"))
    assert code == 0 and f"✗ timestamp {TIME}, Acme Oak (certificate): the log has not signed this" in text


def test_a_timestamp_of_a_time_to_come_is_bad(bojagi, log, site, openssl_server, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sys.modules[__name__], "WHEN_MS", 4000000000000)
    data = vector(vector(log.sct(b"\0\0" + vector(site, 3)), 2), 2)
    (bojagi.home / "info.pem").write_text("-----BEGIN SERVERINFOV2 FOR CT-----\n" +
                                          base64.encodebytes(struct.pack(">IH", 0x1180, 18) + vector(data, 2)).decode() +
                                          "-----END SERVERINFOV2 FOR CT-----\n")
    write_list(bojagi.home, log.key)
    port = openssl_server("-serverinfo", "info.pem")
    code, text = look(bojagi, port)
    assert code == 0 and "✗ timestamp 2096-10-02 07:06:40 UTC, Acme Oak (handshake): its time has not come" in text, text
    code, text = look(bojagi, port, "--json")
    assert code == 0 and [t["checked"] for t in json.loads(text)["timestamps"]] == ["good", "future"]


def test_of_two_cas_with_one_name_the_one_that_signed_counts(bojagi, log, site, openssl_server):  # noqa: F811
    home = bojagi.home
    assert bojagi.run("cert", "init", "--dir", "newer").returncode == 0
    write_list(home, log.key)
    port = openssl_server()
    ours, newer = (home / "ca" / "ca.pem").read_text(), (home / "newer" / "ca.pem").read_text()
    for order in (ours + newer, newer + ours):
        (home / "both.pem").write_text(order)
        code, text = look(bojagi, port, anchors="both.pem")
        assert code == 0 and f"✓ timestamp {TIME}, Acme Oak (certificate): good" in text, text


def test_a_log_that_is_not_listed_and_no_timestamps_at_all_are_said(bojagi, log, site, openssl_server):  # noqa: F811
    home = bojagi.home
    write_list(home, key_of(home, "ca/ca.pem"))
    identifier = base64.b64encode(hashlib.sha256(log.key).digest()).decode()
    code, text = look(bojagi, openssl_server())
    assert code == 0 and f"! timestamp {TIME}, log {identifier} (certificate): a log that is not in the list" in text
    make(home, "bare", start="20241231000000Z", end="20480101000000Z")
    code, text = look(bojagi, openssl_server(certificate="bare"))
    assert code == 0 and "! no timestamps of logs (RFC 6962), neither in the certificate nor in the handshake" in text
    shown = json.loads(bojagi.run("cert", "show", "site.pem", "--json").stdout)["certificates"][0]["timestamps"]
    assert shown == [{"version": 1, "log_id": identifier, "time": TIME.replace(" UTC", "Z").replace(" ", "T")}]
    assert f"Timestamp     {TIME}, log {identifier}" in bojagi.run("cert", "show", "site.pem").stdout.decode()


def test_cert_show_names_the_log(bojagi, log, site):
    identifier = base64.b64encode(hashlib.sha256(log.key).digest()).decode()
    assert f"Timestamp     {TIME}, log {identifier}" in bojagi.run("cert", "show", "site.pem").stdout.decode()


def test_a_file_without_keys_is_said_to_be_none(bojagi, log):
    (bojagi.home / "logs.json").write_text('{"operators": []}')
    result = bojagi.run("connect", "localhost:1", "--ct-logs", "logs.json")
    assert result.returncode == 2 and b"no keys of logs in it" in result.stderr
    result = bojagi.run("connect", "localhost:1", "--ct-logs", "no-such-file")
    assert result.returncode == 2 and b"No such file" in result.stderr
