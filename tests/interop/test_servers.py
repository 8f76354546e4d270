"""`bojagi connect` against other people's servers."""

import json
import shutil

import pytest

from peers import BOJAGI, COMPRESSIONS, HYBRIDS, Server, free_port, json_of, need, need_openssl_35, need_openssl_compression, run, version_number, version_of


@pytest.fixture(scope="module")
def connect():
    if not BOJAGI.exists():
        pytest.skip(f"{BOJAGI} is not built")

    def go(port, *options, text=None):
        kw = {"input": text} if text is not None else {}
        return run([BOJAGI, "connect", f"localhost:{port}", *options], **kw)

    return go


@pytest.fixture(scope="module")
def s_server(pki, workdir):
    openssl = need("openssl")
    running = {}

    def start(key, *options):
        if (key, options) not in running:
            port = free_port()
            running[(key, options)] = Server([openssl, "s_server", "-accept", port, "-cert", pki.dir / f"{key}.pem", "-cert_chain", pki.dir / "middle.pem", "-key",
                                              pki.key(key), "-www", *options], port, workdir)
        return running[(key, options)]

    yield start
    for server in running.values():
        server.stop()


@pytest.mark.parametrize("key", ["ecdsa", "rsa", "p384", "ed25519"])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_connect_judges_s_server(pki, connect, s_server, table, key, version):
    done = connect(s_server(key, version).port, version, "-CAfile", pki.root, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert version[4:].replace("_", ".") in json.dumps(json_of(done))
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"{version[4:].replace('_', '.')} {key}")


@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384", "P-521"])
def test_connect_agrees_on_each_group(pki, connect, s_server, table, group):
    done = connect(s_server("ecdsa", "-tls1_3", "-groups", group).port, "-CAfile", pki.root)
    assert done.returncode == 0, done.stdout + done.stderr
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"1.3 group {group}" + ("" if group == "X25519" else " after HelloRetryRequest"))


@pytest.mark.parametrize("algorithm", COMPRESSIONS)
def test_connect_takes_the_compressed_certificates_of_s_server(pki, connect, s_server, table, algorithm):
    need_openssl_compression(algorithm)
    done = connect(s_server("ecdsa", "-tls1_3", "-cert_comp").port, "-CAfile", pki.root, "--cert-compression", algorithm, "--json")
    assert done.returncode == 0 and json_of(done)["tls"]["certificate_compression"]["algorithm"] == algorithm, done.stdout + done.stderr
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"1.3 certificates compressed by {algorithm}")


@pytest.mark.parametrize("group", HYBRIDS)
def test_connect_agrees_on_each_hybrid(pki, connect, s_server, table, group):
    need_openssl_35()
    done = connect(s_server("ecdsa", "-tls1_3", "-groups", group).port, "-CAfile", pki.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert group in done.stdout, done.stdout
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"1.3 group {group}" + ("" if group == "X25519MLKEM768" else " after HelloRetryRequest"))


GO = """package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strconv"
)

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if len(os.Args) > 4 {
		group, _ := strconv.ParseUint(os.Args[4], 16, 16)
		config.CurvePreferences = []tls.CurveID{tls.CurveID(group)}
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+os.Args[1], config)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for {
		conn, err := listener.Accept()
		if err == nil {
			io.WriteString(conn, "hello\\n")
			conn.Close()
		}
	}
}
"""


@pytest.mark.parametrize("group,name", [(None, "X25519MLKEM768"), ("11ec", "X25519MLKEM768"), ("11eb", "SecP256r1MLKEM768"), ("1d", "X25519"), ("18", "secp384r1")])
def test_connect_agrees_with_go(pki, connect, table, workdir, group, name):
    go = need("go")
    if version_number(version_of("go", "version")) < (1, 26):
        pytest.skip("this Go is older than 1.26")
    folder = workdir / "go-server"
    if not folder.exists():
        folder.mkdir()
        (folder / "main.go").write_text(GO)
        built = run([go, "build", "-o", folder / "server", folder / "main.go"], timeout=300, cwd=folder)
        assert built.returncode == 0, built.stderr
    port = free_port()
    server = Server([folder / "server", port, pki.chain("ecdsa"), pki.key("ecdsa"), *([group] if group else [])], port, workdir)
    try:
        done = connect(port, "-CAfile", pki.root)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f" {name} " in done.stdout, done.stdout
    finally:
        server.stop()
    table.add("client", "Go crypto/tls " + version_of("go", "version"), f"1.3 {'usual ' if group is None else ''}group {name}")


def test_connect_does_not_believe_a_stranger(connect, s_server):
    done = connect(s_server("ecdsa", "-tls1_3").port)
    assert done.returncode == 60, done.stdout + done.stderr


def test_connect_checks_the_name(pki, connect, s_server):
    done = connect(s_server("ecdsa", "-tls1_3").port, "-CAfile", pki.root, "-servername", "other.test")
    assert done.returncode == 60, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_connect_proves_itself(pki, connect, s_server, table, version):
    server = s_server("ecdsa", version, "-Verify", "5", "-CAfile", str(pki.root), "-verify_return_error")
    good = connect(server.port, "-CAfile", pki.root, "-cert", pki.chain("client"), "-key", pki.key("client"), text="GET / HTTP/1.0\r\n\r\n")
    assert good.returncode == 0, good.stdout + good.stderr
    without = connect(server.port, "-CAfile", pki.root, text="GET / HTTP/1.0\r\n\r\n")
    assert without.returncode in (35, 56, 98), without.stdout + without.stderr
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"{version[4:].replace('_', '.')} client certificate")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_connect_resumes(pki, connect, s_server, table, workdir, version):
    server = s_server("ecdsa", version)
    saved = workdir / f"ours{version}.session"
    first = connect(server.port, "-CAfile", pki.root, "-sess_out", saved, "--json", text="GET / HTTP/1.0\r\n\r\n")
    assert first.returncode == 0 and saved.exists(), first.stdout + first.stderr
    second = connect(server.port, "-CAfile", pki.root, "-sess_in", saved, "--json")
    assert second.returncode == 0, second.stdout + second.stderr
    assert json_of(second)["tls"]["resumed"] is True
    table.add("client", "OpenSSL s_server " + version_of("openssl", "version"), f"{version[4:].replace('_', '.')} resumed")


def test_connect_speaks_with_nginx(pki, connect, table, workdir):
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    conf = workdir / "nginx.conf"
    conf.write_text(f"""daemon off; master_process off; pid {workdir}/nginx.pid; error_log {workdir}/nginx.err;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {workdir}/b; proxy_temp_path {workdir}/p; fastcgi_temp_path {workdir}/f; uwsgi_temp_path {workdir}/u; scgi_temp_path {workdir}/s;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {pki.chain('rsa')}; ssl_certificate_key {pki.key('rsa')}; ssl_protocols TLSv1.2 TLSv1.3; return 200 "hello"; }} }}
""")
    server = Server([nginx, "-c", conf, "-p", workdir], port, workdir)
    try:
        for version in ("-tls1_2", "-tls1_3"):
            done = connect(port, version, "-CAfile", pki.root, text="GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert done.returncode == 0 and "hello" in done.stdout, done.stdout + done.stderr
            table.add("client", "nginx " + version_of(nginx, "-v"), version[4:].replace("_", "."))
    finally:
        server.stop()


@pytest.mark.parametrize("priority,what", [("NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.3"), ("NORMAL:-VERS-ALL:+VERS-TLS1.2", "1.2")])
def test_connect_speaks_with_gnutls_serv(pki, connect, table, workdir, priority, what):
    port = free_port()
    server = Server([need("gnutls-serv"), "-p", port, "--x509certfile", pki.chain("ecdsa"), "--x509keyfile", pki.key("ecdsa"), "--priority", priority, "--echo"], port,
                    workdir)
    try:
        done = connect(port, "-CAfile", pki.root, text="hello gnutls\n")
        assert done.returncode == 0 and "hello gnutls" in done.stdout, done.stdout + done.stderr
        table.add("client", "gnutls-serv " + version_of("gnutls-serv", "--version"), what)
    finally:
        server.stop()


GNUTLS_ONLY = {"1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}


def gnutls_serv(pki, workdir, version, *more):
    port = free_port()
    return port, Server([need("gnutls-serv"), "-p", port, "--x509certfile", pki.chain("ecdsa"), "--x509keyfile", pki.key("ecdsa"), "--priority", GNUTLS_ONLY[version],
                         "--echo", *more], port, workdir)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_gnutls_serv_resumes(pki, connect, table, workdir, version):
    port, server = gnutls_serv(pki, workdir, version)
    saved = workdir / f"gnutls-{version}.session"
    try:
        first = connect(port, "-CAfile", pki.root, "-sess_out", saved, text="hello\n")
        assert first.returncode == 0, first.stdout + first.stderr
        second = connect(port, "-CAfile", pki.root, "-sess_in", saved, "--json", text="hello\n")
    finally:
        server.stop()
    assert second.returncode == 0 and json_of(second)["tls"]["resumed"] is True, second.stdout + second.stderr
    table.add("client", "gnutls-serv " + version_of("gnutls-serv", "--version"), f"{version} resumed")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_gnutls_serv_lets_us_prove_ourselves(pki, connect, table, workdir, version):
    port, server = gnutls_serv(pki, workdir, version, "--x509cafile", pki.root, "--require-client-cert", "--verify-client-cert")
    try:
        good = connect(port, "-CAfile", pki.root, "-cert", pki.chain("client"), "-key", pki.key("client"), text="hello\n")
        without = connect(port, "-CAfile", pki.root, text="hello\n")
    finally:
        server.stop()
    assert good.returncode == 0 and "hello" in good.stdout, good.stdout + good.stderr
    assert without.returncode in (35, 56, 98), without.stdout + without.stderr
    table.add("client", "gnutls-serv " + version_of("gnutls-serv", "--version"), f"{version} client certificate")
