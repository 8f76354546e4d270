"""The local CA: what it makes is accepted by others, what it must not sign it does not, and nothing is overwritten."""
import json
import re
import stat

import pytest

from pki import make, openssl
from snapshot import same_as


@pytest.fixture
def ca(bojagi):
    result = bojagi.run("cert", "init", "--dir", "ca")
    assert result.returncode == 0, result.stderr
    return bojagi.home / "ca" / "ca.pem"


def test_without_a_ca_nothing_is_signed(bojagi):
    result = bojagi.run("cert", "server", "localhost", "--dir", "nowhere")
    assert result.returncode == 2 and b"make one with: bojagi cert init" in result.stderr
    assert not list(bojagi.home.glob("*.pem"))


@pytest.mark.parametrize("name", ["example.com", "localhost.example", "attest", "192.0.2.1", "::2", "*.example.com"])
def test_a_name_that_is_not_local_is_refused(bojagi, ca, name):
    result = bojagi.run("cert", "server", name, "--dir", "ca")
    assert result.returncode == 2 and b"may not sign" in result.stderr
    assert not list(bojagi.home.glob("*.pem"))


@pytest.mark.parametrize("name", ["a..b", "a-.test", "*.test", "a b.test", "", "x" * 300 + ".test", "localhost:8443"])
def test_what_is_no_name_is_refused(bojagi, ca, name):
    result = bojagi.run("cert", "server", name, "--dir", "ca")
    assert result.returncode == 2 and b"is neither a DNS name nor an address" in result.stderr


def test_nothing_is_overwritten_without_force(bojagi, ca):
    before = ca.read_bytes()
    result = bojagi.run("cert", "init", "--dir", "ca")
    assert result.returncode == 2 and b"--force overwrites" in result.stderr and ca.read_bytes() == before
    assert bojagi.run("cert", "init", "--dir", "ca", "--force").returncode == 0 and ca.read_bytes() != before
    assert bojagi.run("cert", "server", "a.test", "--dir", "ca", "--out", "x").returncode == 0
    (bojagi.home / "x.pem").unlink()
    assert bojagi.run("cert", "server", "a.test", "--dir", "ca", "--out", "x").returncode == 2
    assert not (bojagi.home / "x.pem").exists()


def test_a_certificate_lives_at_most_90_days(bojagi, ca):
    assert bojagi.run("cert", "server", "a.test", "--dir", "ca", "--days", "91").returncode == 2
    assert bojagi.run("cert", "server", "a.test", "--dir", "ca").returncode == 0
    assert openssl("x509", "-in", "a.test.pem", "-noout", "-checkend", 89 * 86400, cwd=bojagi.home).returncode == 0
    assert openssl("x509", "-in", "a.test.pem", "-noout", "-checkend", 90 * 86400 + 120, cwd=bojagi.home).returncode == 1


def test_keys_are_readable_by_their_owner_alone(bojagi, ca):
    bojagi.run("cert", "server", "localhost", "--dir", "ca", "--out", "site")
    for key in (bojagi.home / "site.key", bojagi.home / "ca" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((bojagi.home / "ca").stat().st_mode) == 0o700


def test_what_is_made_passes_the_strict_checks_of_openssl(bojagi, ca):
    bojagi.run("cert", "server", "localhost", "127.0.0.1", "::1", "*.shop.test", "--dir", "ca", "--out", "site")
    bojagi.run("cert", "client", "alice", "--dir", "ca")
    bojagi.run("cert", "client", "bob@example.com", "--dir", "ca", "--out", "bob")
    for name, purpose in (("site", "sslserver"), ("alice", "sslclient"), ("bob", "sslclient")):
        result = openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca, f"{name}.pem", cwd=bojagi.home)
        assert result.returncode == 0, result.stderr
    for name in ("localhost", "x.shop.test"):
        assert openssl("verify", "-CAfile", ca, "-verify_hostname", name, "site.pem", cwd=bojagi.home).returncode == 0
    assert openssl("verify", "-CAfile", ca, "-purpose", "sslclient", "site.pem", cwd=bojagi.home).returncode != 0
    public = openssl("pkey", "-in", "site.key", "-pubout", cwd=bojagi.home).stdout
    assert public and public == openssl("x509", "-in", "site.pem", "-noout", "-pubkey", cwd=bojagi.home).stdout


def test_a_ca_that_was_asked_for_more_names_signs_them(bojagi):
    assert bojagi.run("cert", "init", "example.org", "192.0.2.0/24", "--dir", "more").returncode == 0
    assert bojagi.run("cert", "server", "www.example.org", "192.0.2.7", "--dir", "more").returncode == 0
    result = openssl("verify", "-x509_strict", "-CAfile", "more/ca.pem", "www.example.org.pem", cwd=bojagi.home)
    assert result.returncode == 0, result.stderr
    assert bojagi.run("cert", "server", "www.example.com", "--dir", "more").returncode == 2


def test_what_init_and_server_print(bojagi):
    made = bojagi.run("cert", "init", "--dir", "ca").stdout.decode()
    made += bojagi.run("cert", "server", "localhost", "127.0.0.1", "--dir", "ca", "--out", "site").stdout.decode()
    made += bojagi.run("cert", "client", "alice", "--dir", "ca").stdout.decode()
    same_as("cert-made.txt", made)


def test_what_show_prints(bojagi, ca):
    bojagi.run("cert", "server", "localhost", "127.0.0.1", "--dir", "ca", "--out", "site")
    (bojagi.home / "both.pem").write_bytes((bojagi.home / "site.pem").read_bytes() + b"words between\n" + ca.read_bytes())
    same_as("cert-show.txt", bojagi.run("cert", "show", "both.pem").stdout.decode())
    rows = json.loads(bojagi.run("cert", "show", "both.pem", "--json").stdout)["certificates"]
    assert [row["ca"] for row in rows] == [False, True] and rows[0]["names"] == ["DNS:localhost", "IP:127.0.0.1"]


def test_show_tells_in_json_what_it_tells_in_text(bojagi, ca):
    uris = {"OCSP": ["http://ocsp.test/a", "http://ocsp.test/b"], "Issuer at": ["http://ca.test/ca.der"],
            "CRL": ["http://ca.test/a.crl", "http://ca.test/b.crl"]}
    make(bojagi.home, "told", more="\n".join([
        "authorityInfoAccess = " + ", ".join([f"OCSP;URI:{u}" for u in uris["OCSP"]] + [f"caIssuers;URI:{u}" for u in uris["Issuer at"]]),
        "crlDistributionPoints = " + ", ".join(f"URI:{u}" for u in uris["CRL"]),
        "certificatePolicies = 2.23.140.1.2.1, 2.25.340282366920938463463374607431768211455", "tlsfeature = status_request"]))
    (bojagi.home / "both.pem").write_bytes((bojagi.home / "told.pem").read_bytes() + ca.read_bytes())
    text = bojagi.run("cert", "show", "both.pem").stdout.decode()
    told, made = json.loads(bojagi.run("cert", "show", "both.pem", "--json").stdout)["certificates"]
    for label, key in (("OCSP", "ocsp_urls"), ("Issuer at", "issuer_urls"), ("CRL", "crl_urls")):
        assert re.findall(rf"^ +{label} +(\S+)$", text, re.M) == told[key] == uris[label] and made[key] == []
    assert told["policies"] == ["2.23.140.1.2.1", "#69" + "83" + "ff" * 17 + "7f"] and re.findall(r"Policy +(\S+)", text) == told["policies"]
    assert told["must_staple"] is True and text.count("Must staple   yes") == 1 and made["must_staple"] is False
    assert told["key_usage"] == ["digitalSignature"] and told["purposes"] == ["serverAuth"] and told["cas_below"] is None
    assert made["key_usage"] == ["keyCertSign", "cRLSign"] and made["purposes"] is None and made["cas_below"] == 0
    assert "DNS:localhost" in made["permitted"] and ", ".join(made["permitted"]) in text and made["excluded"] == told["permitted"] == []
    assert told["issuer_key_id"] == made["key_id"] and f"Issuer key id {made['key_id']}" in text
    assert told["timestamps"] == made["timestamps"] == []


@pytest.mark.parametrize("value", ["0400", "04020000", "040400020001", "0404000300010000"])
def test_show_calls_a_malformed_list_of_timestamps_so(bojagi, ca, value):
    make(bojagi.home, "bad", more=f"1.3.6.1.4.1.11129.2.4.2 = DER:{value}")
    shown = bojagi.run("cert", "show", "bad.pem").stdout.decode()
    row = json.loads(bojagi.run("cert", "show", "bad.pem", "--json").stdout)["certificates"][0]
    assert ("Timestamp     malformed" in shown) == (row["timestamps"] is None) == (value != "04020000"), shown


def test_show_tells_in_json_what_key_a_p12_has(bojagi, ca):
    made = json.loads(bojagi.run("cert", "client", "dora", "--p12", "--dir", "ca", "--json").stdout)
    shown = bojagi.run("cert", "show", "dora.p12", "--passin", "env:PASS", "--json", env={"PASS": made["p12_passphrase"]})
    assert json.loads(shown.stdout)["private_key"] == "P-256"


def test_show_reads_der_and_says_when_a_certificate_has_expired(bojagi, ca):
    make(bojagi.home, "old")
    openssl("x509", "-in", "old.pem", "-outform", "DER", "-out", "old.der", cwd=bojagi.home)
    result = bojagi.run("cert", "show", "old.der")
    assert result.returncode == 0 and "1 ✗ old   expired " in result.stdout.decode()
    row = json.loads(bojagi.run("cert", "show", "old.der", "--json").stdout)["certificates"][0]
    assert row["valid_now"] is False and row["seconds_left"] < 0


def test_show_shows_signing_requests_and_whether_their_key_signed_them(bojagi):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem", "-out", "r.csr", "-subj",
            "/O=Toys/CN=www.example.com", "-addext", "subjectAltName=DNS:www.example.com,IP:192.0.2.1", cwd=bojagi.home)
    openssl("req", "-in", "r.csr", "-outform", "DER", "-out", "r.der", cwd=bojagi.home)
    shown = bojagi.run("cert", "show", "r.csr").stdout.decode()
    assert "✓ www.example.com   signing request, signed by its own key" in shown and "DNS:www.example.com,IP:192.0.2.1" in shown
    assert bojagi.run("cert", "show", "r.der").stdout.decode() == shown
    row = json.loads(bojagi.run("cert", "show", "r.der", "--json").stdout)["certificates"][0]
    assert row["request_subject"] == "CN=www.example.com,O=Toys" and row["signed_by_its_key"] is True
    der = bytearray((bojagi.home / "r.der").read_bytes())
    at = der.index(b"Toys")
    der[at] ^= 1
    (bojagi.home / "r.der").write_bytes(der)
    result = bojagi.run("cert", "show", "r.der", "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["certificates"][0]["signed_by_its_key"] is False
    assert "✗ www.example.com" in bojagi.run("cert", "show", "r.der").stdout.decode()


@pytest.mark.parametrize("content", [b"", b"hello\n", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                     b"-----BEGIN CERTIFICATE-----\n", b"\x30\x03\x02\x01", b"\x30\x82\xff\xff" + b"\0" * 40])
def test_show_refuses_what_is_no_certificate(bojagi, content):
    (bojagi.home / "bad").write_bytes(content)
    result = bojagi.run("cert", "show", "bad")
    assert result.returncode == 58 and b"bojagi explain" in result.stderr


def test_show_prints_no_control_character_of_a_strangers_name(bojagi):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem", "-out", "c.pem",
            "-subj", "/CN=evil\x1b[31m\x07name", cwd=bojagi.home)
    result = bojagi.run("cert", "show", "c.pem")
    assert result.returncode == 0 and b"evil" in result.stdout and b"\x1b" not in result.stdout and b"\x07" not in result.stdout


def test_show_a_host_shows_its_certificates_and_judges_them(bojagi, ca, serve):
    target = f"localhost:{serve('--dir', 'ca').port}"
    result = bojagi.run("cert", "show", target)
    assert result.returncode == 60 and "✗ localhost: no path from the certificate" in result.stdout.decode()
    result = bojagi.run("cert", "show", target, "--ca", ca)
    assert result.returncode == 0 and "✓ localhost: trusted by " in result.stdout.decode()
    found = json.loads(bojagi.run("cert", "show", f"https://{target}/", "--ca", ca, "--json").stdout)
    assert found["trusted"] is True and found["certificates"][0]["names"] == ["DNS:localhost", "IP:127.0.0.1", "IP:::1"]


@pytest.mark.parametrize("target,code", [("nothing.pem", 2), ("./nothing", 2), ("no-such-host.invalid", 6), ("127.0.0.1:1", 7), ("a:b:c", 6),
                                         ("a:0", 2)])
def test_show_tells_files_from_hosts(bojagi, target, code):
    result = bojagi.run("cert", "show", target)
    assert result.returncode == code and result.stderr != b""
