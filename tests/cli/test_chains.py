"""Chains of others: made by openssl and certtool in many shapes, judged here, by `openssl verify` and by `certtool --verify`.

docs/chains.md is the table of what came out; BOJAGI_UPDATE=1 writes it anew. A difference without a reason in WHY fails.
"""
import json
import os
import subprocess
import time

import pytest

CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
ROOT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = ("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\nsubjectAltName=DNS:www.example.test,DNS:*.shop.example.test,IP:192.0.2.7\n")
KEYS = {"p256": ["EC", "ec_paramgen_curve:P-256"], "p384": ["EC", "ec_paramgen_curve:P-384"], "p521": ["EC", "ec_paramgen_curve:P-521"],
        "k1": ["EC", "ec_paramgen_curve:secp256k1"], "rsa": ["RSA", "rsa_keygen_bits:2048"], "rsa1024": ["RSA", "rsa_keygen_bits:1024"],
        "rsa3072": ["RSA", "rsa_keygen_bits:3072"], "pss": ["RSA-PSS", "rsa_keygen_bits:2048"], "ed25519": ["ED25519", None],
        "ed448": ["ED448", None]}
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
LATER = 400 * 86400

# Why a verdict of ours is another than openssl's: the decision behind it.
WHY = {
    "Ed448 all the way": "Ed448 is no signature of TLS that anybody on the web accepts",
    "secp256k1 leaf": "no curve of TLS",
    "SHA-1 on the leaf": "SHA-1 proves nothing since 2017; openssl's own s_client refuses it, too, at its security level",
    "RSA with 1024 bits": "too weak (cabf-br:6.1.5); openssl's tools judge it by a level that is 0 here",
    "a leaf without authorityKeyIdentifier": "rfc5280:4.2.1.1 wants it, and without it a CA with two keys costs a signature each",
    "an intermediate without subjectKeyIdentifier": "rfc5280:4.2.1.2",
    "only a common name": "rfc9525:6.3: the common name is no name of a host",
    "a leaf for any purpose": "cabf-br:7.1.2.7.10",
    "a leaf without extendedKeyUsage": "cabf-br:7.1.2.7.6 (docs/decisions/0026)",
    "a common name of the same domain that is no alternative name": "cabf-br:7.1.4.3 (docs/decisions/0026)",
    "basicConstraints of a CA not critical": "rfc5280:4.2.1.9",
    "version 1 root": "a certificate without extensions does not say that it is a CA",
    "the CA itself as server": "cabf-br:7.1.2.7.8: a CA is no server",
    "a key for signing only in keyUsage of encryption": "the key signs the handshake (rfc5280:4.2.1.3)",
    "a wildcard over two labels": "rfc9525:6.3",
    "a leaf with name constraints": "rfc5280:4.2.1.10: only CAs have them",
    "a wildcard that covers an excluded name": "the wildcard is the excluded name, too; openssl and certtool compare it as if it were a name",
    "RSA-PSS keys, the longest salt": "TLS has RSA-PSS with a salt as long as the hash only (rfc9846:4.2.3), and so does cabf-br:7.1.3.2.1",
    "cross-signed by a stranger": "openssl and certtool follow the first issuer that fits and do not come back from it",
    "the leaf is the anchor": "here and with openssl's -partial_chain an anchor can be an end entity (docs/decisions/0020)",
}


def no(line, of=LEAF):
    """Without a line; openssl adds key identifiers of its own where they are not forbidden."""
    left = "".join(part + "\n" for part in of.split("\n") if part and not part.startswith(line))
    return left + {"authorityKey": "authorityKeyIdentifier=none\n", "subjectKey": "subjectKeyIdentifier=none\n"}.get(line, "")


def run(*command, cwd, **more):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=60, check=False, **more)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


class Maker:
    def __init__(self, folder):
        self.folder = folder
        self.serial = 1000

    def key(self, name, kind):
        algorithm, option = KEYS[kind]
        path = self.folder / f"{name}.key"
        if not path.exists():
            run("openssl", "genpkey", "-algorithm", algorithm, *(["-pkeyopt", option] if option else []), "-out", path, cwd=self.folder)

    def cert(self, name, kind, issuer=None, ext=None, days=300, subject=None, more=(), md="sha256", key=None):
        """NAME.pem for the key of `key` (else NAME), signed by `issuer` or itself."""
        key = key or name
        self.key(key, kind)
        self.serial += 1
        ext = (LEAF if issuer else ROOT) if ext is None else ext
        (self.folder / "x.ext").write_text(ext)
        edwards = kind.startswith("ed")
        run("openssl", "req", "-new", "-key", f"{key}.key", "-subj", subject or f"/O=Chains/CN={name}", "-out", "x.csr", cwd=self.folder)
        sign = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else ["-signkey", f"{key}.key"]
        run("openssl", "x509", "-req", "-in", "x.csr", *sign, *(["-extfile", "x.ext"] if ext else []), "-days", days, "-set_serial", self.serial,
            *([] if edwards and not issuer else [f"-{md}"]), *more, "-out", f"{name}.pem", cwd=self.folder)
        return name

    def copy_key(self, name, of):
        (self.folder / f"{name}.key").write_text((self.folder / f"{of}.key").read_text())


def three(kind, leaf=None, middle=None, **more):
    def make(m):
        m.cert("root", kind)
        m.cert("middle", middle or kind, "root", CA)
        m.cert("leaf", leaf or kind, "middle", **more)
        return "root", ["middle"], "leaf"
    return make


def all_pss(more):
    def make(m):
        m.cert("root", "pss", more=more)
        m.cert("middle", "pss", "root", CA, more=more)
        m.cert("leaf", "pss", "middle", more=more)
        return "root", ["middle"], "leaf"
    return make


def middle_with(ext, leaf_ext=None):
    def make(m):
        m.cert("root", "p256")
        m.cert("middle", "p256", "root", ext)
        m.cert("leaf", "p256", "middle", leaf_ext)
        return "root", ["middle"], "leaf"
    return make


def cross_signed(old_is_dead):
    """The same key and name below an old root that nobody trusts and below a new one."""
    def make(m):
        m.cert("old", "rsa", days=1 if old_is_dead else 300)
        m.cert("root", "p256")
        m.cert("cross", "p256", "old", CA, subject="/CN=Middle", days=1 if old_is_dead else 300)
        m.copy_key("middle", "cross")
        m.cert("middle", "p256", "root", CA, subject="/CN=Middle", key="cross")
        m.cert("leaf", "p256", "cross")
        return "root", ["cross", "middle"], "leaf"
    return make


def root_cross_signed(m):
    """The new root is sent as an intermediate below the old one, which is trusted; so is the new one."""
    m.cert("old", "rsa", days=1)
    m.cert("root", "p256", subject="/CN=New root")
    m.cert("bridge", "p256", "old", CA, subject="/CN=New root", key="root", days=1)
    m.cert("middle", "rsa", "root", CA)
    m.cert("leaf", "ed25519", "middle")
    return "root", ["middle", "bridge"], "leaf"


def wrong_order(m):
    m.cert("root", "p256")
    m.cert("upper", "p256", "root", CA)
    m.cert("lower", "p256", "upper", CA)
    m.cert("leaf", "p256", "lower")
    return "root", ["upper", "lower"], "leaf"


def too_much(m):
    root, middle, leaf = three("p256")(m)
    m.cert("stranger", "rsa")
    return root, ["stranger", *middle, "root"], leaf


def missing(m):
    root, _, leaf = three("p256")(m)
    return root, [], leaf


def pinned(m):
    m.cert("leaf", "p256", ext=no("authorityKey"))
    return "leaf", [], "leaf"


def version_1(m):
    m.cert("root", "p256", ext="")
    m.cert("leaf", "p256", "root", no("authorityKey"))
    return "root", [], "leaf"


def step_like(m):
    m.cert("root", "p256", ext=ROOT.replace("CA:TRUE", "CA:TRUE,pathlen:1"), subject="/O=Smallstep/CN=Root CA")
    m.cert("middle", "p256", "root", CA.replace("CA:TRUE", "CA:TRUE,pathlen:0"), subject="/O=Smallstep/CN=Intermediate CA")
    m.cert("leaf", "p256", "middle", "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\n"
           "authorityKeyIdentifier=keyid\nsubjectAltName=DNS:www.example.test\n", days=1, subject="/CN=www.example.test")
    return "root", ["middle"], "leaf"


def ca_as_leaf(m):
    m.cert("root", "p256")
    m.cert("leaf", "p256", "root", CA + "subjectAltName=DNS:www.example.test\n")
    return "root", [], "leaf"


def certtool(kind, more=()):
    def make(m):
        template = "cn={name}\nserial={serial}\nexpiration_days=300\n"
        run("certtool", "--generate-privkey", *kind, "--outfile", "root.key", cwd=m.folder)
        run("certtool", "--generate-privkey", *kind, "--outfile", "leaf.key", cwd=m.folder)
        (m.folder / "root.tmpl").write_text(template.format(name="Certtool root", serial=1) + "ca\ncert_signing_key\ncrl_signing_key\n")
        (m.folder / "leaf.tmpl").write_text(template.format(name="leaf", serial=2) + "dns_name=www.example.test\ntls_www_server\nsigning_key\n")
        run("certtool", "--generate-self-signed", "--load-privkey", "root.key", "--template", "root.tmpl", *more, "--outfile", "root.pem", cwd=m.folder)
        run("certtool", "--generate-certificate", "--load-privkey", "leaf.key", "--load-ca-certificate", "root.pem", "--load-ca-privkey",
            "root.key", "--template", "leaf.tmpl", *more, "--outfile", "leaf.pem", cwd=m.folder)
        return "root", [], "leaf"
    return make


NAME = "www.example.test"
CHAINS = [
    ("P-256 all the way", three("p256"), NAME, 0), ("P-384 and P-521", three("p384", "p521"), NAME, 0),
    ("RSA all the way", three("rsa"), NAME, 0), ("RSA, ECDSA, Ed25519", three("rsa", "ed25519", "p256"), NAME, 0),
    ("RSA root of 3072 bits, P-256 below", three("rsa3072", "p256", "p256"), NAME, 0),
    ("Ed25519 all the way", three("ed25519"), NAME, 0), ("Ed448 all the way", three("ed448"), NAME, 0),
    ("secp256k1 leaf", three("p256", "k1"), NAME, 0), ("RSA-PSS keys", all_pss(PSS), NAME, 0), ("RSA-PSS keys, the longest salt", all_pss([]), NAME, 0),
    ("RSA-PSS signature of an RSA key", three("rsa", more=PSS), NAME, 0),
    ("RSA with 1024 bits", three("p256", "rsa1024"), NAME, 0), ("SHA-1 on the leaf", three("rsa", md="sha1"), NAME, 0),
    ("SHA-512 on the leaf", three("p256", md="sha512"), NAME, 0),
    ("as step-ca makes it", step_like, NAME, 0), ("certtool, ECDSA", certtool(["--key-type", "ecdsa", "--curve", "secp256r1"]), NAME, 0),
    ("certtool, RSA", certtool(["--key-type", "rsa", "--bits", "2048"]), NAME, 0), ("certtool, Ed25519", certtool(["--key-type", "ed25519"]), NAME, 0),
    ("certtool, RSA-PSS", certtool(["--key-type", "rsa-pss", "--bits", "2048"]), NAME, 0),
    ("cross-signed by a stranger", cross_signed(False), NAME, 0), ("cross-signed by an expired stranger", cross_signed(True), NAME, 10 * 86400),
    ("a new root below an expired one", root_cross_signed, NAME, 10 * 86400), ("a chain in the wrong order", wrong_order, NAME, 0),
    ("a chain with more than it needs", too_much, NAME, 0), ("the intermediate is missing", missing, NAME, 0),
    ("the leaf is the anchor", pinned, NAME, 0), ("version 1 root", version_1, NAME, 0), ("the CA itself as server", ca_as_leaf, NAME, 0),
    ("expired", three("p256"), NAME, LATER), ("another name", three("p256"), "www.example.org", 0),
    ("a wildcard", three("p256"), "a.shop.example.test", 0), ("a wildcard over two labels", three("p256"), "a.b.shop.example.test", 0),
    ("an address", three("p256"), "192.0.2.7", 0), ("another address", three("p256"), "192.0.2.8", 0),
    ("only a common name", three("p256", ext=no("subjectAltName"), subject=f"/CN={NAME}"), NAME, 0),
    ("a leaf without authorityKeyIdentifier", three("p256", ext=no("authorityKey")), NAME, 0),
    ("a leaf for clients only", three("p256", ext=LEAF.replace("serverAuth", "clientAuth")), NAME, 0),
    ("a leaf for any purpose", three("p256", ext=LEAF.replace("serverAuth", "anyExtendedKeyUsage")), NAME, 0),
    ("a leaf without extendedKeyUsage", three("p256", ext=no("extendedKeyUsage")), NAME, 0),
    ("a common name of the same domain that is no alternative name", three("p256", subject="/CN=mail.example.test"), NAME, 0),
    ("a common name of another domain", three("p256", subject="/CN=www.example.org"), NAME, 0),
    ("a common name for people", three("p256", subject="/CN=A server of ours"), NAME, 0),
    ("a key for signing only in keyUsage of encryption", three("rsa", ext=LEAF.replace("digitalSignature", "keyEncipherment")), NAME, 0),
    ("an unknown critical extension", three("p256", ext=LEAF + "1.2.3.4=critical,ASN1:NULL\n"), NAME, 0),
    ("an unknown extension", three("p256", ext=LEAF + "1.2.3.4=ASN1:NULL\n"), NAME, 0),
    ("a leaf with name constraints", three("p256", ext=LEAF + "nameConstraints=critical,permitted;DNS:example.test\n"), NAME, 0),
    ("an intermediate that is no CA", middle_with(CA.replace("CA:TRUE", "CA:FALSE")), NAME, 0),
    ("an intermediate without keyCertSign", middle_with(CA.replace("keyCertSign,", "")), NAME, 0),
    ("an intermediate without subjectKeyIdentifier", middle_with(no("subjectKey", CA), no("authorityKey")), NAME, 0),
    ("basicConstraints of a CA not critical", middle_with(CA.replace("basicConstraints=critical,", "basicConstraints=")), NAME, 0),
    ("name constraints that permit it", middle_with(CA + "nameConstraints=critical,permitted;DNS:example.test,permitted;IP:192.0.2.0/255.255.255.0\n"), NAME, 0),
    ("name constraints that exclude it", middle_with(CA + "nameConstraints=critical,excluded;DNS:shop.example.test\n"), NAME, 0),
    ("a wildcard that covers an excluded name", middle_with(CA + "nameConstraints=critical,excluded;DNS:a.shop.example.test\n"), "a.shop.example.test", 0),
    ("name constraints that permit another", middle_with(CA + "nameConstraints=critical,permitted;DNS:example.org\n"), NAME, 0),
    ("name constraints not critical", middle_with(CA + "nameConstraints=permitted;DNS:example.test,permitted;IP:192.0.2.0/255.255.255.0\n"), NAME, 0),
]


def ours(build, folder, root, middle, leaf, name, at):
    case = {"id": "chain", "features": [], "importance": "high", "description": "", "validation_kind": "SERVER",
            "trusted_certs": [(folder / f"{root}.pem").read_text()], "untrusted_intermediates": [(folder / f"{m}.pem").read_text() for m in middle],
            "peer_certificate": (folder / f"{leaf}.pem").read_text(), "peer_certificate_key": None,
            "validation_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), "signature_algorithms": [], "key_usage": [],
            "extended_key_usage": [], "expected_result": "SUCCESS", "expected_peer_names": [], "max_chain_depth": None, "crls": [],
            "expected_peer_name": {"kind": "IP" if name[0].isdigit() else "DNS", "value": name}, "conflicts_with": []}
    done = subprocess.run([build / "tests" / "limbo-harness"], input=json.dumps({"version": 1, "testcases": [case]}), capture_output=True, text=True,
                          timeout=30, check=True)
    result = json.loads(done.stdout)["results"][0]
    return result["actual_result"] == "SUCCESS", result.get("context") or ""


def by_openssl(folder, root, middle, leaf, name, at):
    (folder / "middle.all").write_text("".join((folder / f"{m}.pem").read_text() for m in middle))
    check = ["-verify_ip" if name[0].isdigit() else "-verify_hostname", name]
    partial = ["-partial_chain"] if root == leaf else []
    return subprocess.run(["openssl", "verify", "-purpose", "sslserver", "-attime", str(at), *partial, *check, "-CAfile", f"{root}.pem",
                           *(["-untrusted", "middle.all"] if middle else []), f"{leaf}.pem"], cwd=folder, capture_output=True, text=True,
                          timeout=30, check=False).returncode == 0


def by_certtool(folder, root, middle, leaf, name, offset):
    if offset:
        return None  # it only knows now
    (folder / "chain.all").write_text("".join((folder / f"{c}.pem").read_text() for c in (leaf, *middle)))
    return subprocess.run(["certtool", "--verify", "--verify-hostname", name, "--verify-purpose", "1.3.6.1.5.5.7.3.1", "--load-ca-certificate",
                           f"{root}.pem", "--infile", "chain.all"], cwd=folder, capture_output=True, text=True, timeout=30, check=False).returncode == 0


HEAD = """# Chains of others

Chains in the shapes that people make, by openssl 3.0 and by certtool of GnuTLS 3.7, judged by all three for `www.example.test` unless the row
says otherwise. `tests/cli/test_chains.py` makes them anew and holds this page to what comes out.

| chain | here | openssl | certtool | here otherwise, because |
|-|-|-|-|-|
"""


def word(good):
    return "–" if good is None else "good" if good else "refused"


@pytest.mark.slow
def test_chains_of_others_are_judged_as_the_page_says(build, root, tmp_path):
    if not (build / "tests" / "limbo-harness").exists():
        pytest.skip("the harness is not built")
    page, unexplained = HEAD, []
    for number, (what, make, name, offset) in enumerate(CHAINS):
        folder = tmp_path / str(number)
        folder.mkdir()
        anchor, middle, leaf = make(Maker(folder))
        at = int(time.time()) + 60 + offset
        here, context = ours(build, folder, anchor, middle, leaf, name, at)
        openssl = by_openssl(folder, anchor, middle, leaf, name, at)
        other = by_certtool(folder, anchor, middle, leaf, name, offset)
        why = WHY.get(what, "") if here != openssl or (other is not None and here != other) else ""
        if here != openssl and not why:
            unexplained.append((what, here, openssl, context))
        page += f"| {what} | {word(here)} | {word(openssl)} | {word(other)} | {why} |\n"
    path = root / "docs" / "chains.md"
    if os.environ.get("BOJAGI_UPDATE"):
        path.write_text(page)
    assert not unexplained
    assert page == path.read_text(), f"differs from {path}; BOJAGI_UPDATE=1 writes it anew"
