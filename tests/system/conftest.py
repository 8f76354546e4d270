"""conftest.py - fixtures of the gateway's tests: a CA with certificates, origins and gateways that end with their test."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import kit
import pytest

EXTENSIONS = """subjectAltName={names}
basicConstraints=CA:FALSE
keyUsage=digitalSignature
extendedKeyUsage=serverAuth,clientAuth
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
"""


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def make_ca(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.pem", "-days", "30", "-subj", f"/CN=Test {name}", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")


def make_certificate(folder, name, names, subject, ca="ca"):
    (folder / f"{name}.ext").write_text(EXTENSIONS.format(names=names))
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-subj", subject)
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "20",
            "-extfile", f"{name}.ext", "-out", f"{name}.crt")
    pem = folder / f"{name}.pem"
    pem.write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
    pem.chmod(0o600)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A folder with ca.pem, other-ca.pem and certificates: site (localhost), www, ann (a client), mallory (of the other CA)."""
    folder = tmp_path_factory.mktemp("pki")
    make_ca(folder, "ca")
    make_ca(folder, "other-ca")
    make_certificate(folder, "site", "DNS:localhost,IP:127.0.0.1", "/CN=localhost")
    make_certificate(folder, "www", "DNS:www.example.test", "/CN=www.example.test")
    make_certificate(folder, "ann", "DNS:ann.ops.example.test", "/O=Ops/CN=ann")
    make_certificate(folder, "bob", "DNS:bob.dev.example.test", "/O=Dev/CN=bob")
    make_certificate(folder, "mallory", "DNS:ann.ops.example.test", "/CN=mallory", ca="other-ca")
    return folder


@pytest.fixture
def origin():
    """A function that starts an origin server."""
    made = []

    def start(*arguments, **more):
        made.append(kit.Origin(*arguments, **more))
        return made[-1]
    yield start
    for one in made:
        one.stop()


@pytest.fixture
def gateway(program, tmp_path):
    """A function that starts a gateway; at the end it must still run and end in order."""
    made = []

    def start(text, *ports, **more):
        made.append(kit.Gateway(program, tmp_path, text, ports, **more))
        return made[-1]
    yield start
    for one in made:
        code = one.stop()
        assert code == 0, f"exit {code}\n{one.stderr()}"
        assert "Sanitizer" not in one.stderr() and "runtime error" not in one.stderr(), one.stderr()
