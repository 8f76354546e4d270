"""Other people's clients against `bojagi serve`."""

import json
import re
import ssl
import socket
import subprocess
import time

import pytest

from peers import COMPRESSIONS, HYBRIDS, TIMEOUT_S, Server, free_port, need, need_openssl_35, need_openssl_compression, run, version_number, version_of

SUITES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
SUITES_12 = {
    "ecdsa": ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    "rsa": ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"],
}
GROUPS = ["X25519", "P-256", "P-384", "P-521"]
GET = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def s_client(pki, server, *options, text=GET):
    return run([need("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost", "-CAfile", pki.root,
                "-verify_return_error", "-verify_hostname", "localhost", "-ign_eof", *options], input=text)


def openssl_row():
    return "OpenSSL s_client " + version_of("openssl", "version")


@pytest.mark.parametrize("key", ["ecdsa", "rsa", "p384", "ed25519"])
@pytest.mark.parametrize("suite", SUITES_13)
def test_s_client_speaks_13_with_each_suite_and_key(pki, serve, table, key, suite):
    done = s_client(pki, serve(key), "-tls1_3", "-ciphersuites", suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Cipher is {suite}" in done.stdout and "HTTP/1.1 200" in done.stdout
    assert "Verify return code: 0 (ok)" in done.stdout
    table.add("server", openssl_row(), f"1.3 {suite} {key}")


@pytest.mark.parametrize("key,suite", [(k, s) for k, list_ in SUITES_12.items() for s in list_])
def test_s_client_speaks_12_with_each_suite(pki, serve, table, key, suite):
    done = s_client(pki, serve(key), "-tls1_2", "-cipher", suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Cipher is {suite}" in done.stdout and "HTTP/1.1 200" in done.stdout
    table.add("server", openssl_row(), f"1.2 {suite}")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("group", GROUPS)
def test_s_client_speaks_with_each_group(pki, serve, table, version, group):
    # in 1.2 the groups say which curves a certificate may have, too (rfc8422:5.1)
    done = s_client(pki, serve("rsa" if version == "-tls1_2" else "ecdsa"), version, "-groups", group)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.search(r"(?:Server|Peer) Temp Key: (.*)", done.stdout).group(1)
    assert {"X25519": "X25519", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}[group] in shown
    table.add("server", openssl_row(), f"{'1.2' if version == '-tls1_2' else '1.3'} group {group}")


@pytest.mark.parametrize("group", HYBRIDS)
def test_s_client_speaks_with_each_hybrid(pki, serve, table, group):
    need_openssl_35()
    done = s_client(pki, serve("ecdsa"), "-tls1_3", "-groups", group)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Negotiated TLS1.3 group: {group}" in done.stdout, done.stdout
    table.add("server", openssl_row(), f"1.3 group {group}")


def test_s_client_prefers_the_hybrid(pki, serve, table):
    need_openssl_35()
    done = s_client(pki, serve("ecdsa"), "-tls1_3")
    assert "Negotiated TLS1.3 group: X25519MLKEM768" in done.stdout, done.stdout
    table.add("server", openssl_row(), "1.3 usual group X25519MLKEM768")


@pytest.mark.parametrize("algorithm", COMPRESSIONS)
def test_s_client_takes_compressed_certificates(pki, serve, table, algorithm):
    need_openssl_compression(algorithm)
    done = s_client(pki, serve("ecdsa", "--cert-compression", algorithm), "-tls1_3", "-msg")
    assert done.returncode == 0 and "<<< TLS 1.3, Handshake" in done.stdout and ", CompressedCertificate" in done.stdout, done.stdout + done.stderr
    table.add("server", openssl_row(), f"1.3 certificates compressed by {algorithm}")


def test_s_client_is_asked_to_retry_when_its_share_does_not_fit(pki, serve, table):
    """OpenSSL sends a share for its first group only; the server has it but prefers what was sent; FFDHE first makes it retry."""
    done = s_client(pki, serve("ecdsa"), "-tls1_3", "-groups", "ffdhe2048:P-256", "-msg")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ClientHello") == 2
    table.add("server", openssl_row(), "1.3 HelloRetryRequest")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("ticket", [True, False])
def test_s_client_resumes(pki, serve, table, workdir, version, ticket):
    if version == "-tls1_3" and not ticket:
        pytest.skip("1.3 has no session ids")
    server = serve("ecdsa")
    saved = workdir / f"session{version}-{ticket}.pem"
    options = [version] + ([] if ticket else ["-no_ticket"])
    first = s_client(pki, server, *options, "-sess_out", saved)
    assert first.returncode == 0 and "New, " in first.stdout, first.stdout + first.stderr
    second = s_client(pki, server, *options, "-sess_in", saved)
    assert second.returncode == 0 and "Reused, " in second.stdout, second.stdout + second.stderr
    assert "HTTP/1.1 200" in second.stdout
    table.add("server", openssl_row(), f"{'1.2' if version == '-tls1_2' else '1.3'} resumed by {'ticket' if ticket else 'session id'}")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_key_that_is_bound_to_one_algorithm_signs_with_it(pki, serve, table, version):
    done = s_client(pki, serve("pss384"), version, "-sigalgs", "rsa_pss_pss_sha256:rsa_pss_pss_sha384:ecdsa_secp256r1_sha256")
    assert done.returncode == 0 and "Peer signing digest: SHA384" in done.stdout, done.stdout + done.stderr
    refused = s_client(pki, serve("pss384"), version, "-sigalgs", "rsa_pss_pss_sha256:ecdsa_secp256r1_sha256")
    assert "handshake failure" in refused.stderr, refused.stderr
    table.add("server", openssl_row(), f"{'1.2' if version == '-tls1_2' else '1.3'} RSA-PSS key bound to SHA-384")


def test_s_client_updates_its_keys(pki, serve, table):
    process = subprocess.Popen([need("openssl"), "s_client", "-connect", f"127.0.0.1:{serve('ecdsa').port}", "-CAfile", str(pki.root), "-tls1_3"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
    try:
        # a command is one only when it is read alone; what s_client says of it stays in its buffer, so there is nothing to wait for
        for command in ("K\n", "one-two-three\n", "Q\n"):
            time.sleep(0.5)
            process.stdin.write(command)
            process.stdin.flush()
        seen, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "KEYUPDATE" in seen and "one-two-three" in seen, seen[-1500:]
    table.add("server", openssl_row(), "1.3 key update asked for")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_client_proves_itself(pki, serve, table, version):
    server = serve("ecdsa", "--ca", pki.root, "--require-client-cert")
    good = s_client(pki, server, version, "-cert", pki.chain("client"), "-key", pki.key("client"), "-cert_chain", pki.chain("client"))
    assert good.returncode == 0 and "HTTP/1.1 200" in good.stdout, good.stdout + good.stderr
    bad = s_client(pki, server, version)
    assert "HTTP/1.1 200" not in bad.stdout
    assert "alert" in bad.stderr, bad.stderr
    table.add("server", openssl_row(), f"{'1.2' if version == '-tls1_2' else '1.3'} client certificate")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused_with_an_alert(pki, serve, version):
    done = s_client(pki, serve("ecdsa"), version, "-cipher", "DEFAULT:@SECLEVEL=0")
    assert done.returncode != 0 and "protocol version" in done.stderr, done.stderr


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"])
def test_weak_suites_are_refused(pki, serve, cipher):
    done = s_client(pki, serve("rsa" if "RSA" in cipher else "ecdsa"), "-tls1_2", "-cipher", cipher)
    assert done.returncode != 0 and "handshake failure" in done.stderr, done.stderr


def test_curl_gets_a_page(pki, serve, table):
    curl = need("curl")
    for version, option in (("1.2", ["--tls-max", "1.2"]), ("1.3", ["--tlsv1.3"])):
        done = run([curl, "-sS", *option, "--cacert", pki.root, f"https://localhost:{serve('ecdsa').port}/"])
        assert done.returncode == 0 and done.stdout, done.stderr
        table.add("server", "curl " + version_of("curl", "--version"), version)
    refused = run([curl, "-sS", f"https://localhost:{serve('ecdsa').port}/"])
    assert refused.returncode == 60, refused.stderr


def test_wget_gets_a_page(pki, serve, table):
    done = run([need("wget"), "-q", "-O", "-", f"--ca-certificate={pki.root}", f"https://localhost:{serve('rsa').port}/"])
    assert done.returncode == 0 and done.stdout, done.stderr
    table.add("server", "wget " + version_of("wget", "--version"), "default")


@pytest.mark.parametrize("priority,what", [("NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.3"), ("NORMAL:-VERS-ALL:+VERS-TLS1.2", "1.2")])
def test_gnutls_cli_speaks_and_resumes(pki, serve, table, priority, what):
    gnutls = need("gnutls-cli")
    done = run([gnutls, "-p", serve("ecdsa").port, f"--x509cafile={pki.root}", f"--priority={priority}", "localhost"], input="hello there\n")
    assert done.returncode == 0 and "hello there" in done.stdout, done.stdout + done.stderr
    row = "gnutls-cli " + version_of("gnutls-cli", "--version")
    table.add("server", row, what)
    again = run([gnutls, "-p", serve("ecdsa").port, f"--x509cafile={pki.root}", f"--priority={priority}", "--resume", "--waitresumption", "localhost"], input="hello\n")
    assert "This is a resumed session" in again.stdout, again.stdout + again.stderr
    table.add("server", row, what + " resumed")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_gnutls_proves_itself(pki, serve, table, version):
    server = serve("ecdsa", "--ca", pki.root, "--require-client-cert")
    args = [need("gnutls-cli"), "-p", server.port, f"--x509cafile={pki.root}", f"--priority=NORMAL:-VERS-ALL:+VERS-TLS{version}"]
    good = run([*args, f"--x509certfile={pki.chain('client')}", f"--x509keyfile={pki.key('client')}", "localhost"], input="hello\n")
    assert good.returncode == 0 and "\nhello\n" in good.stdout, good.stdout + good.stderr
    without = run([*args, "localhost"], input="hello\n")
    assert "\nhello\n" not in without.stdout, without.stdout + without.stderr
    table.add("server", "gnutls-cli " + version_of("gnutls-cli", "--version"), f"{version} client certificate")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_python_speaks_and_resumes(pki, serve, table, version):
    context = ssl.create_default_context(cafile=str(pki.root))
    context.minimum_version = context.maximum_version = version
    session = None
    for turn in range(2):
        with socket.create_connection(("127.0.0.1", serve("ecdsa").port), timeout=TIMEOUT_S) as raw:
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
                tls.sendall(b"some bytes to echo\n")
                assert tls.recv(100) == b"some bytes to echo\n"
                assert tls.session_reused == (turn == 1)
                session = tls.session
    table.add("server", "Python ssl " + version_of("/usr/bin/python3", "--version"), tls_name(version) + ", resumed")


def tls_name(version):
    return {ssl.TLSVersion.TLSv1_2: "1.2", ssl.TLSVersion.TLSv1_3: "1.3"}[version]


NODE = """
const tls = require('tls'), fs = require('fs');
const [port, ca, version] = process.argv.slice(2);
let sessions = [];
function once(session, then) {
  const s = tls.connect({port: +port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(ca), minVersion: version, maxVersion: version, session}, () => s.write('ping\\n'));
  s.on('session', x => { sessions.push(x); });
  s.on('data', d => { const out = {echo: d.toString(), authorized: s.authorized, reused: s.isSessionReused(), protocol: s.getProtocol()}; setTimeout(() => { s.end(); then(out); }, 100); });
  s.on('error', e => { console.error(String(e)); process.exit(1); });
}
once(undefined, a => once(sessions[sessions.length - 1], b => { console.log(JSON.stringify([a, b])); process.exit(0); }));
"""


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_node_speaks_and_resumes(pki, serve, table, workdir, version):
    node = need("node")
    script = workdir / "client.js"
    script.write_text(NODE)
    done = run([node, script, serve("ecdsa").port, pki.root, version])
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert first["echo"] == second["echo"] == "ping\n" and first["authorized"] and first["protocol"] == version
    assert not first["reused"] and second["reused"]
    table.add("server", "Node " + version_of("node", "--version"), version[4:] + ", resumed")


GO = """
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
)

func main() {
	pem, _ := os.ReadFile(os.Args[2])
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	version, _ := strconv.ParseUint(os.Args[3], 16, 16)
	groups := []tls.CurveID(nil) // the defaults
	if len(os.Args) > 4 {
		group, _ := strconv.ParseUint(os.Args[4], 16, 16)
		groups = []tls.CurveID{tls.CurveID(group)}
	}
	config := &tls.Config{CurvePreferences: groups, RootCAs: pool, ServerName: "localhost", MinVersion: uint16(version), MaxVersion: uint16(version), ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	for turn := 0; turn < 2; turn++ {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], config)
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		conn.Write([]byte("ping\\n"))
		reply := make([]byte, 5)
		io.ReadFull(conn, reply)
		state := conn.ConnectionState()
		fmt.Printf("%x %x %v %s", state.Version, uint16(state.CurveID), state.DidResume, reply)
		conn.Close()
	}
}
"""


@pytest.fixture(scope="module")
def go_client(workdir):
    go = need("go")
    if version_number(version_of("go", "version")) < (1, 26):
        pytest.skip("this Go is older than 1.26")
    folder = workdir / "go"
    folder.mkdir(exist_ok=True)
    (folder / "main.go").write_text(GO)
    built = run([go, "build", "-o", folder / "client", folder / "main.go"], timeout=300, cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder / "client"


@pytest.mark.parametrize("version", ["303", "304"])
def test_an_older_go_speaks_and_resumes(pki, serve, table, workdir, version):
    """Without what Go 1.26 can say: its group."""
    go = need("go")
    number = version_number(version_of("go", "version"))
    if number >= (1, 26):
        pytest.skip("this Go is not older than 1.26")
    resumes = version == "304" or number >= (1, 21)  # before that without extended master secret (docs/decisions/0065)
    folder = workdir / "older-go"
    folder.mkdir(exist_ok=True)
    (folder / "main.go").write_text(GO.replace("uint16(state.CurveID)", "0"))
    built = run([go, "build", "-o", folder / "client", folder / "main.go"], timeout=300, cwd=folder)
    assert built.returncode == 0, built.stderr
    done = run([folder / "client", serve("ecdsa").port, pki.root, version])
    assert done.stdout == f"{version} 0 false ping\n{version} 0 {'true' if resumes else 'false'} ping\n", done.stdout
    what = {"303": "1.2", "304": "1.3"}[version] + (", resumed" if resumes else ", without extended master secret")
    table.add("server", "Go crypto/tls " + version_of("go", "version"), what)


@pytest.mark.parametrize("version,group", [("303", "1d"), ("304", "11ec")])
def test_go_speaks_and_resumes(pki, serve, table, go_client, version, group):
    done = run([go_client, serve("ecdsa").port, pki.root, version])
    assert done.returncode == 0, done.stdout
    if version == "304":
        assert done.stdout == f"{version} {group} false ping\n{version} {group} true ping\n"
    else:
        assert re.fullmatch(r"303 1d false ping\n303 [0-9a-f]+ true ping\n", done.stdout), done.stdout
    table.add("server", "Go crypto/tls " + version_of("go", "version"), {"303": "1.2", "304": "1.3 X25519MLKEM768"}[version] + ", resumed")


@pytest.mark.parametrize("group,name", [("11eb", "SecP256r1MLKEM768"), ("11ec", "X25519MLKEM768"), ("1d", "X25519"), ("17", "P-256")])
def test_go_speaks_with_one_group_alone(pki, serve, table, go_client, group, name):
    done = run([go_client, serve("ecdsa").port, pki.root, "304", group])
    assert done.returncode == 0, done.stdout
    assert done.stdout == f"304 {group} false ping\n304 {group} true ping\n"
    table.add("server", "Go crypto/tls " + version_of("go", "version"), f"1.3 group {name}")
