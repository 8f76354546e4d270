"""Revocation at the gateway: lists of clients' certificates and stapled responses, and what happens when their files change."""
import ssl
import subprocess

import kit
import pytest


@pytest.fixture(name="made")
def make_all(program, tmp_path):
    """A local CA in ca/ with site, alice and bob, and a function that runs `bojagi cert`."""
    def cert(*arguments):
        done = subprocess.run([str(program), "cert", *arguments, "--dir", "ca"], cwd=tmp_path, capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, done.stderr
        return done
    cert("init")
    cert("server", "localhost", "--out", "site")
    cert("client", "alice")
    cert("client", "bob")
    cert("crl")
    return tmp_path, cert


def start(gateway, made, more):
    folder, _ = made
    port = kit.free_port()
    running = gateway(f"""
        workers 1;
        log access {{ file "access.log"; format json; }}
        tls site {{ certificate "{folder}/site.pem" key "{folder}/site.key"; {more} }}
        listener web 127.0.0.1:{port} {{ protocol http; tls site; otherwise {{ reject 404; }} }}
    """, port)
    return running, port


def get(folder, port, name):
    """The status that curl sees, 0 if it is refused."""
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "ca/ca.pem", "--cert", f"{name}.pem", "--key",
                           f"{name}.key", f"https://localhost:{port}/"], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return int(done.stdout)


def staple_of(folder, port):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-status", "-CAfile",
                           "ca/ca.pem"], cwd=folder, input="", capture_output=True, text=True, timeout=30, check=False)
    for word in ("good", "revoked"):
        if f"Cert Status: {word}" in done.stdout:
            return word
    assert "OCSP response: no response sent" in done.stdout
    return None


def test_a_revoked_client_is_refused_as_soon_as_the_list_says_so(gateway, made):
    folder, cert = made
    running, port = start(gateway, made, 'client_certificate required { ca "ca/ca.pem"; crl "ca/ca.crl"; }')
    assert get(folder, port, "alice") == 404 and get(folder, port, "bob") == 404
    cert("revoke", "alice.pem", "--reason", "key-compromise")
    kit.wait_until(lambda: get(folder, port, "alice") == 0)  # nobody asked for a reload
    assert get(folder, port, "bob") == 404
    refused = kit.wait_until(lambda: [line for line in running.log(of="handshake") if line["result"] == "certificate_revoked"])
    error = refused[-1]["error"]
    assert error["certificate"] == 1 and "alice" in error["subject"] and "key compromise" in error["detail"] and error["fix"]
    assert error["rule"] == "rfc5280:6.3.3"


def test_a_connection_of_a_client_that_was_revoked_ends_with_its_next_response(gateway, made):
    folder, cert = made
    running, port = start(gateway, made, 'client_certificate required { ca "ca/ca.pem"; crl "ca/ca.crl"; }')
    context = ssl.create_default_context(cafile=folder / "ca/ca.pem")
    context.load_cert_chain(folder / "alice.pem", folder / "alice.key")
    client = kit.Raw(port, tls=context)
    assert [client.get()[0] for _ in range(3)] == [404, 404, 404]
    cert("revoke", "alice.pem")
    kit.wait_until(lambda: "reloaded" in running.stderr())
    kit.wait_until(lambda: get(folder, port, "alice") == 0)
    status, head, _ = client.get()
    assert status == 404 and b"Connection: close" in head
    assert client.rest() == b""


def test_a_broken_list_changes_nothing(gateway, made):
    folder, cert = made
    running, port = start(gateway, made, 'client_certificate required { ca "ca/ca.pem"; crl "ca/ca.crl"; }')
    cert("revoke", "bob.pem")
    kit.wait_until(lambda: get(folder, port, "bob") == 0)
    (folder / "ca" / "ca.crl").write_text("nothing\n")
    kit.wait_until(lambda: "the old configuration stays" in running.stderr())
    assert get(folder, port, "bob") == 0 and get(folder, port, "alice") == 404


@pytest.mark.parametrize("policy, status", [("", 0), ("revocation required;", 0), ("revocation if_present;", 404)])
def test_without_a_list_in_force_the_policy_decides(gateway, made, policy, status):
    folder, cert = made
    other = subprocess.run(["bash", "-c", "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -out o.pem "
                            "-days 2 -subj /CN=other && touch index.txt && printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\n"
                            "default_md=sha256\\ndefault_crl_days=5\\n' > o.cnf && openssl ca -gencrl -config o.cnf -keyfile o.key "
                            "-cert o.pem -out o.crl"], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert other.returncode == 0, other.stderr
    _, port = start(gateway, made, f'client_certificate required {{ ca "ca/ca.pem"; crl "o.crl"; {policy} }}')
    assert get(folder, port, "alice") == status


def test_a_stapled_response_is_sent_and_replaced_when_its_file_changes(gateway, made):
    folder, cert = made
    cert("ocsp", "site.pem")
    _, port = start(gateway, made, 'ocsp staple "site.ocsp";')
    assert staple_of(folder, port) == "good"
    cert("revoke", "site.pem")
    cert("ocsp", "site.pem")
    kit.wait_until(lambda: staple_of(folder, port) == "revoked")


def test_check_says_what_is_wrong_with_these_files(made, program):
    folder, cert = made
    cert("ocsp", "site.pem")
    cert("server", "a.test", "--out", "other")
    text = """
        tls site {{ certificate "site.pem" key "site.key"; ocsp staple "{staple}"; client_certificate required {{ ca "ca/ca.pem"; crl "{crl}"; }} }}
        listener web 127.0.0.1:1 {{ protocol http; tls site; otherwise {{ reject 404; }} }}
    """
    for staple, crl, words, code in (("site.ocsp", "ca/ca.crl", "", 0), ("other.ocsp", "ca/ca.crl", "none of the certificates", 2),
                                     ("site.pem", "ca/ca.crl", "seems to be a certificate in PEM", 2),
                                     ("site.ocsp", "site.pem", "conf-054", 2), ("site.ocsp", "soon.crl", "will be out of date in 2", 0)):
        cert("ocsp", "other.pem")
        cert("crl", "--days", "1", "--out", "soon.crl")
        (folder / "check.conf").write_text(text.format(staple=staple, crl=crl))
        done = subprocess.run([str(program), "check", "check.conf"], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == code and words in done.stdout + done.stderr, done.stdout + done.stderr
