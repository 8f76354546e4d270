"""What the local CA takes back, and renews: its lists and answers are those of openssl and GnuTLS, too."""
import base64
import json
import os
import re
import resource
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from pki import openssl


@pytest.fixture(name="ca")
def make_ca(bojagi):
    """A CA in the folder ca, and what it made: site, alice, bob."""
    for command in (["init"], ["server", "localhost", "127.0.0.1", "--out", "site"], ["client", "alice"], ["client", "bob@example.com",
                                                                                                              "--out", "bob"]):
        result = bojagi.run("cert", *command, "--dir", "ca")
        assert result.returncode == 0, result.stderr
    return bojagi.home


def serial_of(folder, name):
    return openssl("x509", "-in", name, "-noout", "-serial", cwd=folder).stdout.split("=")[1].strip().lower()


def verify(folder, name):
    return openssl("verify", "-x509_strict", "-crl_check", "-CAfile", "ca/ca.pem", "-CRLfile", "ca/ca.crl", name, cwd=folder)


@pytest.mark.parametrize("what, words", [
    ("nothing.pem", b"neither a file nor a serial number"),
    ("abcd", b"issued no certificate with this serial number"),
    ("ca/ca.key", b"seems to be a private key in PEM"),
])
def test_what_the_ca_did_not_issue_is_not_revoked(bojagi, ca, what, words):
    result = bojagi.run("cert", "revoke", what, "--dir", "ca")
    assert result.returncode in (2, 58) and words in result.stderr
    assert not (ca / "ca" / "ca.crl").exists()


def test_a_strangers_certificate_is_not_revoked(bojagi, ca):
    assert bojagi.run("cert", "init", "--dir", "other").returncode == 0
    assert bojagi.run("cert", "client", "carol", "--dir", "other").returncode == 0
    result = bojagi.run("cert", "revoke", "carol.pem", "--dir", "ca")
    assert result.returncode == 2 and b"was not issued by the CA" in result.stderr


def test_what_only_looks_as_if_the_ca_had_signed_it_is_not_its(bojagi, ca):
    shown = openssl("x509", "-in", "ca/ca.pem", "-noout", "-subject", "-nameopt", "multiline,-esc_msb", "-ext", "subjectKeyIdentifier", cwd=ca).stdout
    name, key_id = re.search(r"commonName += (.*)", shown).group(1), shown.strip().split("\n")[-1].strip()
    (ca / "ext").write_text("authorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\nsubjectAltName = DNS:a.test\n")
    for command in (["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "evil.key", "-out", "evil.pem", "-subj", f"/CN={name}",
                     "-addext", f"subjectKeyIdentifier = {key_id}"],
                    ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "forged.key", "-out", "forged.csr", "-subj", "/CN=a.test"],
                    ["x509", "-req", "-sha1", "-in", "forged.csr", "-CA", "evil.pem", "-CAkey", "evil.key", "-extfile", "ext", "-out", "forged.pem"]):
        result = openssl(*command, cwd=ca)
        assert result.returncode == 0, result.stderr
    for command in ("ocsp", "renew", "revoke"):
        result = bojagi.run("cert", command, "forged.pem", "--dir", "ca")
        assert result.returncode == 2 and b"was not issued by the CA" in result.stderr, (command, result.stderr)


def test_an_unknown_reason_is_refused(bojagi, ca):
    result = bojagi.run("cert", "revoke", "alice.pem", "--dir", "ca", "--reason", "superceded")
    assert result.returncode == 2 and b"did you mean 'superseded'" in result.stderr


def test_openssl_refuses_what_is_on_the_list(bojagi, ca):
    assert bojagi.run("cert", "crl", "--dir", "ca").returncode == 0
    assert verify(ca, "alice.pem").returncode == 0
    result = bojagi.run("cert", "revoke", "alice.pem", "--dir", "ca", "--reason", "key-compromise", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["serial"] == serial_of(ca, "alice.pem") and said["revoked_count"] == 1
    assert "certificate revoked" in verify(ca, "alice.pem").stderr
    assert verify(ca, "bob.pem").returncode == 0 and verify(ca, "site.pem").returncode == 0
    text = openssl("crl", "-in", "ca/ca.crl", "-noout", "-text", "-CAfile", "ca/ca.pem", cwd=ca)
    assert "verify OK" in text.stderr and "Key Compromise" in text.stdout and "X509v3 CRL Number" in text.stdout
    assert bojagi.run("cert", "revoke", said["serial"], "--dir", "ca").returncode == 0  # again, by number: the first date stays
    assert (ca / "ca" / "issued").read_text().count("revoked") == 1


def test_certtool_refuses_it_too(bojagi, ca):
    assert bojagi.run("cert", "revoke", "alice.pem", "--dir", "ca").returncode == 0
    show = subprocess.run(["certtool", "--crl-info", "--infile", "ca/ca.crl"], cwd=ca, capture_output=True, text=True, timeout=30, check=False)
    assert show.returncode == 0 and serial_of(ca, "alice.pem") in show.stdout.lower()
    for name, good in (("alice.pem", False), ("bob.pem", True)):
        done = subprocess.run(["certtool", "--verify", "--load-ca-certificate", "ca/ca.pem", "--load-crl", "ca/ca.crl", "--infile", name],
                              cwd=ca, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode == 0) == good, done.stdout
    check = subprocess.run(["certtool", "--verify-crl", "--load-ca-certificate", "ca/ca.pem", "--infile", "ca/ca.crl"], cwd=ca,
                           capture_output=True, text=True, timeout=30, check=False)
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_list_without_anything_is_a_list(bojagi, ca):
    assert bojagi.run("cert", "crl", "--dir", "ca", "--out", "empty.crl", "--days", "3").returncode == 0
    text = openssl("crl", "-in", "empty.crl", "-noout", "-text", cwd=ca).stdout
    assert "No Revoked Certificates" in text
    shown = bojagi.run("cert", "show", "empty.crl", "--json")
    assert json.loads(shown.stdout)["certificates"][0]["revoked_count"] == 0


def ocsp(ca, name, url, *more):
    return openssl("ocsp", "-CAfile", "ca/ca.pem", "-issuer", "ca/ca.pem", "-cert", name, "-url", url, *more, cwd=ca)


@pytest.fixture(name="responder")
def start_responder(bojagi, ca):
    process = bojagi.start("cert", "ocsp", "--dir", "ca", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield process.stdout.readline().decode().split()[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143
    process.stdout.close()
    process.stderr.close()


def test_openssl_believes_the_responder(bojagi, ca, responder):
    result = ocsp(ca, "alice.pem", responder)
    assert "Response verify OK" in result.stderr and "alice.pem: good" in result.stdout and "WARNING" not in result.stderr
    assert bojagi.run("cert", "revoke", "alice.pem", "--dir", "ca", "--reason", "superseded").returncode == 0
    result = ocsp(ca, "alice.pem", responder)
    assert "Response verify OK" in result.stderr and "alice.pem: revoked" in result.stdout and "superseded" in result.stdout
    assert "bob.pem: good" in ocsp(ca, "bob.pem", responder, "-sha256", "-cert", "bob.pem").stdout
    assert bojagi.run("cert", "init", "--dir", "other").returncode == 0
    assert bojagi.run("cert", "client", "carol", "--dir", "other").returncode == 0
    result = openssl("ocsp", "-CAfile", "ca/ca.pem", "-issuer", "other/ca.pem", "-cert", "carol.pem", "-url", responder, "-noverify", cwd=ca)
    assert "carol.pem: unknown" in result.stdout


def test_gnutls_believes_the_responder(bojagi, ca, responder):
    for name, word in (("bob.pem", "good"), ("alice.pem", "revoked")):
        if word == "revoked":
            assert bojagi.run("cert", "revoke", name, "--dir", "ca").returncode == 0
        done = subprocess.run(["ocsptool", f"--ask={responder}", "--load-cert", name, "--load-issuer", "ca/ca.pem", "--load-trust", "ca/ca.pem"],
                              cwd=ca, capture_output=True, text=True, timeout=30, check=False)
        assert f"Certificate Status: {word}" in done.stdout and "Verifying OCSP Response: Success" in done.stdout, done.stdout + done.stderr


def test_a_request_may_stand_in_the_path(bojagi, ca, responder):
    assert openssl("ocsp", "-issuer", "ca/ca.pem", "-cert", "bob.pem", "-no_nonce", "-reqout", "req.der", cwd=ca).returncode == 0
    text = base64.b64encode((ca / "req.der").read_bytes()).decode()
    for path in (text, urllib.parse.quote(text, safe="")):
        with urllib.request.urlopen(f"{responder}/{path}", timeout=10) as response:
            assert response.headers["Content-Type"] == "application/ocsp-response"
            (ca / "resp.der").write_bytes(response.read())
        result = openssl("ocsp", "-respin", "resp.der", "-CAfile", "ca/ca.pem", "-issuer", "ca/ca.pem", "-cert", "bob.pem", cwd=ca)
        assert "bob.pem: good" in result.stdout and "Response verify OK" in result.stderr


@pytest.mark.parametrize("sent, status", [
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
    (b"GET /%%% HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"405"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", b"413"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"200"),
    (b"nonsense\r\n\r\n", b"400"),
])
def test_the_responder_outlives_what_is_no_request(responder, sent, status):
    host, port = responder[7:].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(sent)
        got = sock.recv(4096)
        while more := sock.recv(4096):
            got += more
    assert got.startswith(b"HTTP/1.1 " + status), got
    if status == b"200":
        assert got.endswith(b"\x30\x03\x0a\x01\x01")  # malformedRequest


def test_a_response_to_staple(bojagi, ca):
    for name, status in (("site.pem", "good"), ("site.pem", "revoked")):
        if status == "revoked":
            assert bojagi.run("cert", "revoke", name, "--dir", "ca").returncode == 0
        result = bojagi.run("cert", "ocsp", name, "--dir", "ca", "--json")
        assert result.returncode == 0 and json.loads(result.stdout) == {"schema": "bojagi.cert/1", "status": status,
                                                                          "ocsp_file": "site.ocsp"}
        check = openssl("ocsp", "-respin", "site.ocsp", "-CAfile", "ca/ca.pem", "-issuer", "ca/ca.pem", "-cert", name, cwd=ca)
        assert f"{name}: {status}" in check.stdout and "Response verify OK" in check.stderr


def test_renewal_keeps_names_and_purpose_and_changes_the_key(bojagi, ca):
    for name in ("site", "alice", "bob"):
        def ask(*what):
            return openssl("x509", "-in", f"{name}.pem", "-noout", *what, cwd=ca).stdout
        before = {what: ask(what) for what in ("-subject", "-pubkey", "-serial")}
        names = ask("-ext", "subjectAltName,extendedKeyUsage")
        result = bojagi.run("cert", "renew", f"{name}.pem", "--dir", "ca")
        assert result.returncode == 0, result.stderr
        assert (b"bojagi reload" in result.stdout) == (name == "site")  # nobody has the new one yet
        assert ask("-subject") == before["-subject"] and ask("-ext", "subjectAltName,extendedKeyUsage") == names
        assert ask("-pubkey") != before["-pubkey"] and ask("-serial") != before["-serial"]
        assert openssl("pkey", "-in", f"{name}.key", "-pubout", cwd=ca).stdout == ask("-pubkey")
        assert openssl("verify", "-x509_strict", "-CAfile", "ca/ca.pem", f"{name}.pem", cwd=ca).returncode == 0


def test_a_renewed_client_is_told_that_its_p12_is_old(bojagi, ca):
    assert bojagi.run("cert", "client", "dora", "--p12", "--dir", "ca").returncode == 0
    before = (ca / "dora.p12").read_bytes()
    result = bojagi.run("cert", "renew", "dora.pem", "--dir", "ca")
    assert result.returncode == 0 and b"dora.p12 keeps the old certificate" in result.stderr and (ca / "dora.p12").read_bytes() == before
    result = bojagi.run("cert", "renew", "dora.pem", "--p12", "--dir", "ca")
    assert result.returncode == 0 and result.stderr == b"" and (ca / "dora.p12").read_bytes() != before
    result = bojagi.run("cert", "renew", "dora.pem", "--within", "30", "--dir", "ca", "--json")
    assert json.loads(result.stdout)["renewed"] is False


@pytest.mark.parametrize("arguments, word", [
    (["revoke", "site.pem", "--dry-run"], "--dry-run is not for cert revoke"), (["crl", "--reason", "superseded"], "--reason is not for cert crl"),
    (["init", "--p12"], "--p12 is not for cert init"), (["show", "site.pem", "--force"], "--force is not for cert show"),
    (["client", "x", "--passout", "env:HOME"], "say --p12, too"), (["ocsp", "site.pem", "--port", "80"], "listens nowhere"),
])
def test_an_option_that_would_do_nothing_is_a_mistake_and_nothing_is_done(bojagi, ca, arguments, word):
    before = {p: p.read_bytes() for p in ca.rglob("*") if p.is_file()}
    result = bojagi.run("cert", *arguments, "--dir", "ca")
    assert result.returncode == 2 and word in result.stderr.decode(), result.stderr
    assert {p: p.read_bytes() for p in ca.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("source, word", [("env:NOT_SET", "the variable NOT_SET is not set"), ("secret", "is file:PATH or env:NAME"),
                                          ("file:nothing", "cannot read nothing: No such file")])
def test_a_passphrase_that_is_not_there_is_named(bojagi, ca, source, word):
    assert bojagi.run("cert", "client", "dora", "--p12", "--dir", "ca").returncode == 0
    for arguments in (["show", "dora.p12", "--passin", source], ["client", "emil", "--p12", "--passout", source]):
        result = bojagi.run("cert", *arguments, "--dir", "ca")
        assert result.returncode == 2 and word in result.stderr.decode() and result.stdout == b"", result.stderr
    assert not (ca / "emil.pem").exists()


def test_a_response_is_shown(bojagi, ca):
    for status in ("good", "revoked"):
        if status == "revoked":
            assert bojagi.run("cert", "revoke", "site.pem", "--dir", "ca", "--reason", "superseded").returncode == 0
        assert bojagi.run("cert", "ocsp", "site.pem", "--dir", "ca").returncode == 0
        shown = json.loads(bojagi.run("cert", "show", "site.ocsp", "--json").stdout)["certificates"]
        assert [(one["ocsp_serial"], one["ocsp_status"], one["valid_now"]) for one in shown] == [(serial_of(ca, "site.pem"), status, True)]
        assert (shown[0]["revoked"] is not None) == (status == "revoked")
        assert shown[0]["reason"] == ("superseded" if status == "revoked" else None)
        text = bojagi.run("cert", "show", "site.ocsp").stdout.decode()
        assert f"OCSP response: {status}" in text and ("(superseded)" in text) == (status == "revoked"), text
    (ca / "cut.ocsp").write_bytes((ca / "site.ocsp").read_bytes()[:-1])
    assert bojagi.run("cert", "show", "cut.ocsp").returncode == 58


def test_only_what_ends_soon_is_renewed(bojagi, ca):
    before = (ca / "site.pem").read_bytes()
    result = bojagi.run("cert", "renew", "site.pem", "--within", "30", "--dir", "ca")
    assert result.returncode == 0 and b"not yet, 89 days are left" in result.stderr and (ca / "site.pem").read_bytes() == before
    assert bojagi.run("cert", "server", "a.test", "--days", "20", "--dir", "ca").returncode == 0
    before = (ca / "a.test.pem").read_bytes()
    assert bojagi.run("cert", "renew", "site.pem", "a.test.pem", "--within", "30", "--dir", "ca").returncode == 0
    assert (ca / "a.test.pem").read_bytes() != before


def test_no_name_is_lost_in_a_renewal(bojagi, ca):
    names = [f"{letter * 60}.{letter * 20}.test" for letter in "abcdefghij"] + [f"{'n' * 50}{i}.{'m' * 50}.test" for i in range(80)]
    names += ["https://a.test/" + "way/" * 80 + "%5c", r"https://a.test/\x"]
    assert bojagi.run("cert", "server", *names, "--out", "many", "--dir", "ca").returncode == 0
    before = openssl("x509", "-in", "many.pem", "-noout", "-ext", "subjectAltName", cwd=ca).stdout
    assert before.count("test") >= 92
    assert bojagi.run("cert", "renew", "many.pem", "--dir", "ca").returncode == 0
    assert openssl("x509", "-in", "many.pem", "-noout", "-ext", "subjectAltName", cwd=ca).stdout == before


def test_a_line_that_was_cut_swallows_no_revocation(bojagi, ca):
    issued = ca / "ca" / "issued"
    issued.write_bytes(issued.read_bytes().rstrip(b"\n")[:-3])  # the disk was full
    assert bojagi.run("cert", "revoke", "alice.pem", "--dir", "ca").returncode == 0
    assert verify(ca, "alice.pem").returncode != 0 and "certificate revoked" in verify(ca, "alice.pem").stderr
    revoked = issued.read_bytes()
    issued.write_bytes(revoked.replace(b"revoked ", b"\0\0\0\0 "))  # the power failed
    result = bojagi.run("cert", "crl", "--dir", "ca")
    assert result.returncode == 58 and b"issued cannot be read" in result.stderr


def test_a_long_list_of_what_was_issued_is_read_in_its_length(bojagi, ca):
    with (ca / "ca" / "issued").open("a") as issued:
        issued.writelines(f"issued 41{i:030x} 1800000000 client c{i}\n" for i in range(95000))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert bojagi.run("cert", "crl", "--dir", "ca", timeout=120).returncode == 0
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 3  # seconds of the processor: one by one it would take ten times that


@pytest.mark.parametrize("name", ["ca/ca.pem", "carol.pem", "nothing.pem", "ca/ca.key"])
def test_what_is_not_the_cas_is_not_renewed(bojagi, ca, name):
    assert bojagi.run("cert", "init", "--dir", "other").returncode == 0
    assert bojagi.run("cert", "client", "carol", "--dir", "other").returncode == 0
    assert bojagi.run("cert", "renew", name, "--dir", "ca").returncode in (2, 58)


def test_a_clients_p12_goes_into_openssl_and_nss(bojagi, ca):
    result = bojagi.run("cert", "client", "dora", "--p12", "--dir", "ca", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["p12_file"] == "dora.p12" and len(said["p12_passphrase"]) == 20
    assert (ca / "dora.p12").stat().st_mode & 0o777 == 0o600
    info = openssl("pkcs12", "-in", "dora.p12", "-passin", f"pass:{said['p12_passphrase']}", "-nodes", "-info", cwd=ca)
    assert info.returncode == 0 and info.stdout.count("BEGIN CERTIFICATE") == 2 and "AES-256-CBC" in info.stderr
    (ca / "db").mkdir()
    for command in (["certutil", "-N", "-d", "sql:db", "--empty-password"],
                    ["pk12util", "-i", "dora.p12", "-d", "sql:db", "-W", said["p12_passphrase"]]):
        done = subprocess.run(command, cwd=ca, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    shown = bojagi.run("cert", "show", "dora.p12", "--passin", f"pass:{said['p12_passphrase']}")
    assert shown.returncode == 0 and b"private key   P-256" in shown.stdout
    assert b"a passphrase is needed" in bojagi.run("cert", "show", "dora.p12").stderr
    (ca / "pass").write_text("word\n")
    result = bojagi.run("cert", "client", "emil", "--p12", "--passout", "file:pass", "--dir", "ca")
    assert result.returncode == 0 and b"passphrase" not in result.stdout
    assert openssl("pkcs12", "-in", "emil.p12", "-passin", "pass:word", "-noout", cwd=ca).returncode == 0
    assert bojagi.run("cert", "client", "emil", "--p12", "--dir", "ca", "--out", "x").returncode == 0


def test_a_dry_run_changes_nothing(bojagi, ca):
    database = bojagi.home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{database}", "--empty-password"], check=True, capture_output=True, timeout=60)
    before = {p: p.read_bytes() for p in database.iterdir()}
    result = bojagi.run("cert", "install", "--dry-run", "--json", "--dir", "ca")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["dry_run"] and any(s["store"] == "browser" and s["place"] == str(database) and not s["done"] for s in said["stores"])
    assert {p: p.read_bytes() for p in database.iterdir()} == before
    for store in said["stores"]:
        if store["store"] == "system":
            assert store["message"] == "would be added" and not os.path.exists(store["place"])


# In a mount namespace of its own nothing reaches the real stores.
SANDBOX = """set -e
mkdir -p $HOME/stores/local $HOME/stores/etc && cp -a /etc/ssl/certs/. $HOME/stores/etc/
mount --bind $HOME/stores/local /usr/local/share/ca-certificates
mount --bind $HOME/stores/etc /etc/ssl/certs
"$@" cert install --dir ca
echo --- $?; unset SSL_CERT_FILE; openssl verify -CApath /etc/ssl/certs site.pem
"$@" cert install --dir ca
"$@" cert uninstall --dir ca; echo --- $?
openssl verify -CApath /etc/ssl/certs site.pem || echo untrusted
"$@" cert uninstall --dir ca; ls $HOME/stores/local | wc -l
"""


def test_the_stores_trust_the_ca_and_then_no_more(bojagi, ca):
    probe = subprocess.run(["unshare", "-m", "mount", "--bind", "/tmp", "/tmp"], capture_output=True, timeout=30, check=False)
    if probe.returncode != 0 or not os.path.exists("/usr/sbin/update-ca-certificates"):
        pytest.skip("needs the right to make a mount namespace, and a system with update-ca-certificates")
    profile = bojagi.home / ".mozilla" / "firefox" / "abc.default"
    profile.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{profile}", "--empty-password"], check=True, capture_output=True, timeout=60)
    done = subprocess.run(["unshare", "-m", "sh", "-c", SANDBOX, "sh", str(bojagi.path)], cwd=bojagi.home, env=bojagi.env, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second, third = re.split(r"^--- 0$", done.stdout, flags=re.M)
    assert first.count("added") == 2 and "site.pem: OK" in second and "is there already" in second
    assert second.count("removed") == 2 and "untrusted" in third and third.rstrip().endswith("0")
    listed = subprocess.run(["certutil", "-L", "-d", f"sql:{profile}"], capture_output=True, text=True, timeout=60, check=False).stdout
    assert "bojagi" not in listed
