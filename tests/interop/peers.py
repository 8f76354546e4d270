"""Peers for the interoperation tests: a PKI made with openssl, servers on free loopback ports, and the table of results.

The table is collected while the tests run and written to build/interop.md with the peers that are absent; `docs/interop.md` holds the
reviewed copy. BOJAGI_UPDATE_DOCS=1 rewrites it, BOJAGI_UPDATE_DOCS=add adds the rows of peers that only another machine or PATH has.
"""

import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

import matrix

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOJAGI_BUILD", ROOT / "build"))
BOJAGI = BUILD / "bojagi"
TIMEOUT_S = 20


def run(args, **kw):
    """Runs a command with a time limit; stdout and stderr as text."""
    kw.setdefault("timeout", TIMEOUT_S)
    kw.setdefault("stdin", subprocess.DEVNULL if "input" not in kw else None)
    if kw["stdin"] is None:
        del kw["stdin"]
    return subprocess.run([str(a) for a in args], text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)


def free_port():
    """A port below those that the system hands out by itself, so that no outgoing connection takes it in between."""
    for _ in range(100):
        port = random.randrange(15000, 32000)
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port was found")


def wait_port(port, process=None, limit_s=10):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as s:
            s.settimeout(0.5)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")


class Server:
    """A process of ours or of a peer that listens on a port; ended by its id."""

    def __init__(self, args, port, cwd=None, stdin=None, env=None):
        self.port = port
        self.log = open(pathlib.Path(cwd or ".") / f"server-{port}.log", "wb")
        self.process = subprocess.Popen([str(a) for a in args], cwd=cwd, stdout=self.log, stderr=self.log,
                                        stdin=stdin if stdin is not None else subprocess.DEVNULL, env=env)
        try:
            wait_port(port, self.process)
        except RuntimeError as trouble:
            self.stop()
            raise RuntimeError(f"{trouble}: {pathlib.Path(self.log.name).read_text(errors='replace')[-2000:]}") from None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Pki:
    """Root, intermediate, server leaves (ECDSA and RSA) and a client leaf, made with openssl."""

    def __init__(self, folder):
        self.dir = folder
        self.root = folder / "root.pem"
        self._make("root", None, "ec:P-256", "/CN=Interop Root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                   "subjectKeyIdentifier=hash")
        self._make("middle", "root", "ec:P-256", "/CN=Interop Intermediate",
                   "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                   "authorityKeyIdentifier=keyid")
        names = "subjectAltName=DNS:localhost,DNS:site.test,IP:127.0.0.1,IP:::1"
        leaf = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n"
        for name, key in (("ecdsa", "ec:P-256"), ("rsa", "rsa:2048"), ("p384", "ec:P-384"), ("ed25519", "ed25519"), ("pss384", "pss:sha384")):
            self._make(name, "middle", key, "/CN=localhost", leaf + "extendedKeyUsage=serverAuth\n" + names)
        self._make("client", "middle", "ec:P-256", "/CN=alice", leaf + "extendedKeyUsage=clientAuth\nsubjectAltName=email:alice@site.test")

    def _make(self, name, issuer, key, subject, extensions):
        d = self.dir
        kind, _, arg = key.partition(":")
        opts = {"ec": ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{arg}"], "rsa": ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{arg}"],
                "ed25519": ["-algorithm", "ED25519"],
                "pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", f"rsa_pss_keygen_md:{arg}", "-pkeyopt",
                        f"rsa_pss_keygen_mgf1_md:{arg}", "-pkeyopt", "rsa_pss_keygen_saltlen:48"]}[kind]
        self._openssl("genpkey", *opts, "-out", d / f"{name}.key")
        ext = d / f"{name}.ext"
        ext.write_text(extensions + "\n")
        self._openssl("req", "-new", "-key", d / f"{name}.key", "-subj", subject, "-out", d / f"{name}.csr")
        sign = ["-signkey", d / f"{name}.key"] if issuer is None else ["-CA", d / f"{issuer}.pem", "-CAkey", d / f"{issuer}.key"]
        self._openssl("x509", "-req", "-in", d / f"{name}.csr", *sign, "-set_serial", str(1000 + len(list(d.iterdir()))), "-days", "60", "-sha256",
                      "-extfile", ext, "-out", d / f"{name}.pem")
        if issuer == "middle":
            (d / f"{name}-chain.pem").write_text((d / f"{name}.pem").read_text() + (d / "middle.pem").read_text())

    @staticmethod
    def _openssl(*args):
        done = run(["openssl", *args])
        assert done.returncode == 0, done.stderr

    def chain(self, name):
        return self.dir / f"{name}-chain.pem"

    def key(self, name):
        return self.dir / f"{name}.key"


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="session")
def serve(pki, workdir):
    """serve(key='ecdsa', *options) gives a running `bojagi serve --echo`; one process for each different call."""
    if not BOJAGI.exists():
        pytest.skip(f"{BOJAGI} is not built")
    running = {}

    def start(key="ecdsa", *options):
        at = (key, options)
        if at not in running:
            port = free_port()
            running[at] = Server([BOJAGI, "serve", "--echo", "--port", port, "--cert", pki.chain(key), "--key", pki.key(key), *options], port, workdir)
        return running[at]

    yield start
    for server in running.values():
        server.stop()


ABSENT = set()


def need(program):
    path = shutil.which(program)
    if path is None:
        ABSENT.add(program)
        pytest.skip(f"{program} is not installed")
    return path


def version_of(*args):
    """The first thing in a program's version text that looks like a version."""
    try:
        done = run(args)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found.group(0) if found else "?"


def version_number(text):
    return tuple(int(n) for n in re.findall(r"\d+", text))


HYBRIDS = ["X25519MLKEM768", "SecP256r1MLKEM768"]


def need_openssl_35():
    need("openssl")
    if version_number(version_of("openssl", "version")) < (3, 5):
        pytest.skip("ML-KEM comes with OpenSSL 3.5")


COMPRESSIONS = ["zlib", "brotli", "zstd"]


def need_openssl_compression(algorithm):
    need("openssl")
    if version_number(version_of("openssl", "version")) < (3, 2):
        pytest.skip("certificate compression comes with OpenSSL 3.2")
    if algorithm.upper() in run(["openssl", "list", "-disabled"]).stdout.split():
        pytest.skip(f"this OpenSSL was built without {algorithm}")


def json_of(done):
    """The report of `connect --json`: on standard error where standard output is the server's."""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    assert len(lines) == 1, done.stdout + done.stderr
    return json.loads(lines[0])


class Table:
    def __init__(self):
        self.rows = {}

    def add(self, role, peer, what, result="good"):
        self.rows[(role, peer, what)] = result


TABLE = Table()


@pytest.fixture(scope="session")
def table():
    return TABLE


ROW = re.compile(r"\| (client|server) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)


def page(rows, absent):
    lines = ["# Interoperation", "", "Produced by `tests/interop`; each row is a connection that a test made and checked. `BOJAGI_UPDATE_DOCS=1` rewrites this page,",
             "`BOJAGI_UPDATE_DOCS=add` adds the rows of other peers to it.", "", *matrix.lines(rows), "", "## The rows", "",
             "| our side | peer | what | result |", "|-|-|-|-|"]
    lines += [f"| {role} | {peer} | {what} | {result} |" for (role, peer, what), result in sorted(rows.items())]
    if absent:
        lines += ["", "Absent when this was made: " + ", ".join(sorted(absent)) + "."]
    return "\n".join(lines) + "\n"


def pytest_sessionfinish(session, exitstatus):
    if not TABLE.rows:
        return
    update = os.environ.get("BOJAGI_UPDATE_DOCS")
    try:
        (BUILD / "interop.md").write_text(page(TABLE.rows, ABSENT))
        if update:
            book = ROOT / "docs" / "interop.md"
            old = {found[:3]: found[3] for found in ROW.findall(book.read_text())} if update == "add" else {}
            book.write_text(page({**old, **TABLE.rows}, set()))
    except OSError as trouble:
        print(f"the table of interoperation was not written: {trouble}")
