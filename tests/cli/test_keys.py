"""Keys and their certificates in every form that people have them: read here as openssl reads them, or refused with the reason.

A connection to a port where nobody listens ends with 7 once the credential was loaded, and with 58 if it could not be.
"""
import os
import pty
import shutil
import signal
import subprocess
import termios

import pytest

from pki import openssl

SOFTHSM = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]


def loaded(bojagi, cert, key=None, passin=None, env=None):
    arguments = ["connect", "127.0.0.1:1", "-insecure", "-cert", cert]
    arguments += ["-key", key] if key else []
    arguments += ["-pass", passin] if passin else []
    return bojagi.run(*arguments, env=env) if env else bojagi.run(*arguments)


@pytest.fixture(name="made")
def make_forms(bojagi):
    """c.pem and its key k.pem (P-256), rc.pem and rk.pem (RSA)."""
    for name, kind in (("", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("r", ["rsa:2048"])):
        result = openssl("req", "-x509", "-newkey", *kind, "-nodes", "-keyout", f"{name}k.pem", "-out", f"{name}c.pem", "-subj", "/CN=me",
                         cwd=bojagi.home)
        assert result.returncode == 0, result.stderr
    (bojagi.home / "pass").write_text("se cret\n")
    return bojagi.home


PKCS8 = ["pkcs8", "-topk8", "-in", "k.pem"]
SECRET = ["-passout", "pass:se cret"]


@pytest.mark.parametrize("why, command, sealed", [
    ("PKCS#8", [*PKCS8, "-nocrypt"], False),
    ("PKCS#8 in DER", [*PKCS8, "-nocrypt", "-outform", "DER"], False),
    ("SEC1", ["ec", "-in", "k.pem"], False),
    ("SEC1 in DER", ["ec", "-in", "k.pem", "-outform", "DER"], False),
    ("PBES2 as openssl writes it", [*PKCS8, *SECRET], True),
    ("PBES2 in DER", [*PKCS8, *SECRET, "-outform", "DER"], True),
    ("PBES2 with AES-128 and SHA-1", [*PKCS8, *SECRET, "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"], True),
    ("PBES2 with scrypt", [*PKCS8, *SECRET, "-scrypt"], True),
    ("PBES2 with 3DES", [*PKCS8, *SECRET, "-v2", "des3"], True),
    ("the scheme of PKCS#12 with 3DES", [*PKCS8, *SECRET, "-v1", "PBE-SHA1-3DES"], True),
])
def test_a_key_in_this_form_is_read(bojagi, made, why, command, sealed):
    assert openssl(*command, "-out", "form", cwd=made).returncode == 0
    result = loaded(bojagi, "c.pem", "form", "file:pass" if sealed else None)
    assert result.returncode == 7, (why, result.stderr)
    if sealed:
        assert loaded(bojagi, "c.pem", "form").returncode == 58
        result = loaded(bojagi, "c.pem", "form", "pass:wrong")
        assert result.returncode == 58 and b"the passphrase is wrong" in result.stderr


def test_rsa_keys_of_the_old_form_are_read(bojagi, made):
    for form in ("PEM", "DER"):
        assert openssl("rsa", "-traditional", "-in", "rk.pem", "-outform", form, "-out", "form", cwd=made).returncode == 0
        assert loaded(bojagi, "rc.pem", "form").returncode == 7


@pytest.mark.parametrize("options", [["-traditional", "-aes256"], ["-traditional", "-des3"]])
def test_the_old_encryption_of_pem_is_refused_with_the_way_out(bojagi, made, options):
    assert openssl("pkey", "-in", "rk.pem", *options, *SECRET, "-out", "form", cwd=made).returncode == 0
    result = loaded(bojagi, "rc.pem", "form", "file:pass")
    assert result.returncode == 58 and b"openssl pkcs8 -topk8" in result.stderr


@pytest.mark.parametrize("options, good", [
    ([], True), (["-certpbe", "AES-128-CBC", "-keypbe", "AES-128-CBC", "-macalg", "SHA512"], True),
    (["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"], True), (["-nomac"], True), (["-certpbe", "NONE"], True),
    (["-legacy"], False),
])
def test_pkcs12_of_openssl(bojagi, made, options, good):
    result = openssl("pkcs12", "-export", "-in", "c.pem", "-inkey", "k.pem", *SECRET, *options, "-out", "me.p12", cwd=made)
    assert result.returncode == 0, result.stderr
    result = loaded(bojagi, "me.p12", None, "file:pass")
    assert result.returncode == (7 if good else 58), result.stderr
    if not good:
        assert b"RC2" in result.stderr and b"-legacy" in result.stderr
    else:
        assert loaded(bojagi, "me.p12", None, "pass:se crets").returncode == 58


def test_pkcs12_of_gnutls(bojagi, made):
    command = ["certtool", "--to-p12", "--load-certificate", "c.pem", "--load-privkey", "k.pem", "--p12-name", "me", "--password", "se cret",
               "--outder", "--outfile", "me.p12"]
    for cipher in ("aes-256", "aes-128"):
        result = subprocess.run([*command, "--pkcs-cipher", cipher], cwd=made, capture_output=True, timeout=30, check=False)
        assert result.returncode == 0, result.stderr
        assert loaded(bojagi, "me.p12", None, "file:pass").returncode == 7


def test_pkcs12_of_nss(bojagi, made):
    assert openssl("pkcs12", "-export", "-in", "c.pem", "-inkey", "k.pem", "-name", "me", *SECRET, "-out", "in.p12", cwd=made).returncode == 0
    (made / "db").mkdir()
    for command in (["certutil", "-N", "-d", "sql:db", "--empty-password"], ["pk12util", "-i", "in.p12", "-d", "sql:db", "-W", "se cret"],
                    ["pk12util", "-o", "out.p12", "-n", "me", "-d", "sql:db", "-W", "se cret", "-C", "AES-256-CBC", "-c", "AES-256-CBC"]):
        result = subprocess.run(command, cwd=made, capture_output=True, timeout=60, check=False)
        assert result.returncode == 0, (command, result.stdout, result.stderr)
    result = loaded(bojagi, "out.p12", None, "file:pass")
    assert result.returncode == 7, result.stderr


def test_without_a_terminal_nobody_is_asked(bojagi, made):
    assert openssl(*PKCS8, *SECRET, "-out", "form", cwd=made).returncode == 0
    result = loaded(bojagi, "c.pem", "form")
    assert result.returncode == 58 and b"--passin file:PATH" in result.stderr


@pytest.mark.parametrize("content, words", [
    (b"<!DOCTYPE html><html>404</html>", b"an HTML or XML page"),
    (b"", b"an empty file"),
    (b"ssh-ed25519 AAAA me@host\n", b"a public key of OpenSSH"),
    (b"\xfe\xed\xfe\xed\0\0\0\2", b"a Java keystore"),
    (b"PK\3\4xxxx", b"a compressed archive"),
    (b"MIIB" * 40, b"Base64 without BEGIN and END lines"),
])
def test_what_the_file_seems_to_be_is_said(bojagi, made, content, words):
    (made / "odd").write_bytes(content)
    result = loaded(bojagi, "odd", "k.pem")
    assert result.returncode == 58 and b"the chain seems to be " + words in result.stderr
    result = loaded(bojagi, "c.pem", "odd")
    assert result.returncode == 58 and b"the key seems to be " + words in result.stderr


def test_files_of_the_wrong_kind_are_named(bojagi, made):
    assert openssl("req", "-new", "-key", "k.pem", "-subj", "/CN=me", "-out", "r.pem", cwd=made).returncode == 0
    assert openssl("req", "-new", "-key", "k.pem", "-subj", "/CN=me", "-outform", "DER", "-out", "r.der", cwd=made).returncode == 0
    assert openssl("pkey", "-in", "k.pem", "-pubout", "-out", "p.pem", cwd=made).returncode == 0
    assert openssl("crl2pkcs7", "-nocrl", "-certfile", "c.pem", "-out", "c.p7b", cwd=made).returncode == 0
    for name, words in (("r.pem", b"a certificate signing request in PEM"), ("r.der", b"a certificate signing request in DER"),
                        ("p.pem", b"a public key in PEM"), ("c.p7b", b"PKCS#7 in PEM"), ("k.pem", b"a private key in PEM")):
        result = loaded(bojagi, name, "k.pem")
        assert result.returncode == 58 and words in result.stderr, (name, result.stderr)
    result = loaded(bojagi, "c.pem", "rk.pem")
    assert b'certificate 1 "me" is for another key: P-256, the private key is RSA 2048' in result.stderr


def test_a_key_in_a_token_is_used_where_libcrypto_has_the_provider(bojagi, made, serve):
    providers = subprocess.run(["openssl", "list", "-providers", "-provider", "pkcs11"], capture_output=True, timeout=30, check=False)
    if providers.returncode == 0 and "asan" in str(bojagi):
        pytest.skip("the address sanitizer ends programs that load libraries as the provider does (RTLD_DEEPBIND)")
    result = loaded(bojagi, "c.pem", "pkcs11:token=bojagi;object=me?pin-value=1234")
    if providers.returncode != 0:
        assert result.returncode == 58 and b'provider "pkcs11" is not installed' in result.stderr
        pytest.skip("libcrypto has no provider pkcs11 here (Debian 12 has none), so no token can be asked")
    modules = [path for path in SOFTHSM if os.path.exists(path)]
    if not modules or not shutil.which("softhsm2-util"):
        pytest.skip("there is no SoftHSM (softhsm2), so no token can be asked")
    token = {"SOFTHSM2_CONF": str(made / "softhsm.conf"), "PKCS11_PROVIDER_MODULE": modules[0]}
    (made / "tokens").mkdir()
    (made / "softhsm.conf").write_text(f"directories.tokendir = {made / 'tokens'}\n")
    softhsm = ["softhsm2-util", "--token", "bojagi", "--pin", "1234"]
    for command in (["softhsm2-util", "--init-token", "--free", "--label", "bojagi", "--pin", "1234", "--so-pin", "5678"],
                    [*softhsm, "--import", "k.pem", "--label", "me", "--id", "01"],
                    [*softhsm, "--import", "rk.pem", "--label", "rsa", "--id", "02"]):
        done = subprocess.run(command, cwd=made, env={**os.environ, **token}, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
    uri = "pkcs11:token=bojagi;object={}?pin-value={}"
    assert loaded(bojagi, "c.pem", uri.format("me", 1234), env=token).returncode == 7
    assert loaded(bojagi, "rc.pem", uri.format("rsa", 1234), env=token).returncode == 7
    for why, chain, key in ((b"no token has a private key of this name", "c.pem", uri.format("you", 1234)),
                            (b"no token has a private key of this name", "c.pem", uri.format("me", 4321)),
                            (b"no token has a private key of this name", "c.pem", "pkcs11:token=bojagi;object=me"),
                            (b"certificate 1", "c.pem", uri.format("rsa", 1234))):
        result = loaded(bojagi, chain, key, env=token)
        assert result.returncode == 58 and why in result.stderr, (key, result.stderr)
    result = loaded(bojagi, "c.pem", uri.format("me", 1234), env={**token, "PKCS11_PROVIDER_MODULE": "/nonexistent"})
    assert result.returncode == 58 and b"PKCS11_PROVIDER_MODULE" in result.stderr, result.stderr
    port = serve("--echo", "--cert", "c.pem", "--key", uri.format("me", 1234), env=token).port
    result = bojagi.run("connect", f"127.0.0.1:{port}", "-insecure", "--no-input")
    assert result.returncode == 0, result.stderr  # the token signed, and the signature is right


def asked(bojagi, made):
    """Its process and terminal, where it has just asked for the passphrase, and what it has said."""
    assert openssl(*PKCS8, *SECRET, "-out", "form", cwd=made).returncode == 0
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(made)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # it is ignored where we were started in the background
        os.execv(bojagi.path, [bojagi.path, "connect", "127.0.0.1:1", "-insecure", "-cert", "c.pem", "-key", "form"])
    seen = b""
    while b"passphrase of form: " not in seen:
        seen += os.read(terminal, 1000)
    return pid, terminal, seen


def test_a_person_at_a_terminal_is_asked(bojagi, made):
    pid, terminal, seen = asked(bojagi, made)
    os.write(terminal, b"se cret\n")
    try:
        while True:
            seen += os.read(terminal, 1000)
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 7 and b"se cret" not in seen, seen


def test_a_person_who_goes_instead_leaves_a_terminal_that_shows_what_is_typed(bojagi, made):
    pid, terminal, _ = asked(bojagi, made)
    assert not termios.tcgetattr(terminal)[3] & termios.ECHO
    os.write(terminal, b"half\x03")
    _, status = os.waitpid(pid, 0)
    shown = termios.tcgetattr(terminal)[3] & termios.ECHO
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT and shown
