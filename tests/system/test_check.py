"""test_check.py - `bojagi check` on real files: certificates, keys and CAs that do not fit are found, and all in one run."""
import json
import re

import pytest
from conftest import make_certificate, openssl


@pytest.fixture
def check(bojagi, tmp_path):
    """A function that checks a configuration and gives exit code and problems as (line, rule, message)."""
    def run(text, *arguments):
        (tmp_path / "bojagi.conf").write_text(text)
        done = bojagi.run("check", "bojagi.conf", "--json", *arguments)
        report = json.loads(done.stdout)
        assert report["schema"] == "bojagi.check/1" and report["file"] == "bojagi.conf"
        return done.returncode, [(p["line"], p["rule"], p["message"]) for p in report["problems"]]
    return run


def rules(problems):
    return sorted({rule for _, rule, _ in problems})


def test_every_wrong_file_is_found_in_one_run(check, pki, tmp_path):
    (tmp_path / "mixed.pem").write_text((pki / "site.crt").read_text() + (pki / "www.key").read_text())
    (tmp_path / "nothing.pem").write_text("no certificate here\n")
    (tmp_path / "disorder.pem").write_text((pki / "site.crt").read_text() + (pki / "www.crt").read_text() + (pki / "site.key").read_text())
    for name in ("mixed.pem", "nothing.pem", "disorder.pem"):
        (tmp_path / name).chmod(0o600)
    code, problems = check(f"""
tls a {{ certificate "mixed.pem"; }}
tls b {{ certificate "nothing.pem"; }}
tls c {{ certificate "disorder.pem"; }}
tls d {{ certificate "absent.pem"; }}
tls e {{ certificate "{pki}/site.pem"; client_certificate optional {{ ca "nothing.pem"; }} }}
tls f {{ certificate "{pki}/site.crt" key "{pki}/www.key"; }}
tls g {{ certificate "{pki}/site.crt"; }}
listener web 127.0.0.1:1 {{ protocol http; tls e; pool app; }}
pool app {{ server a localhost:2; tls {{ ca "absent.pem"; }} }}
""")
    found = {line: rule for line, rule, _ in problems if rule < "conf-070"}
    assert code == 2
    assert found == {2: "conf-044", 3: "conf-043", 4: "conf-045", 5: "conf-043", 6: "conf-046", 7: "conf-044", 8: "conf-043", 10: "conf-046"}


def test_good_files_are_good(check, pki):
    code, problems = check(f"""
tls site {{ certificate "{pki}/site.pem"; certificate "{pki}/www.pem"; client_certificate optional {{ ca "{pki}/ca.pem"; }} }}
listener web 127.0.0.1:1 {{
    protocol http; tls site;
    route host localhost path /admin/ {{ require client_certificate san "*.ops.example.test"; pool app; }}
    route host www.example.test {{ pool app; }}
    otherwise {{ pool app; }}
}}
pool app {{ server a localhost:2; tls {{ ca "{pki}/ca.pem"; name localhost; certificate "{pki}/ann.pem"; }} }}
""")
    assert (code, problems) == (0, [])


def test_addresses_clash_only_where_one_takes_the_others_connections(check):
    def clash(one, other):
        code, problems = check("".join(f"listener {name} {address} {{ protocol http; otherwise {{ reject; }} }}\n"
                                       for name, address in (("a", one), ("b", other))))
        return bool(problems)
    assert clash(":1", "127.0.0.1:1") and clash("[::1]:1", ":1") and clash("0.0.0.0:1", "127.0.0.1:1") and clash("0.0.0.0:1", ":1")
    assert not clash("0.0.0.0:1", "[::1]:1") and not clash("[::1]:1", "127.0.0.1:1") and not clash(":1", "127.0.0.1:2")


def test_hosts_that_no_certificate_covers_are_warned_about(check, pki, tmp_path):
    make_certificate(tmp_path, "wild", "DNS:*.wild.test", "/CN=wild", ca=str(pki / "ca"))
    code, problems = check(f"""
tls site {{ certificate "{pki}/site.pem"; certificate "wild.pem"; }}
listener web 127.0.0.1:1 {{
    protocol http; tls site;
    route host 127.0.0.1 {{ pool app; }}
    route host one.wild.test {{ pool app; }}
    route host *.wild.test path /x {{ pool app; }}
    route host wild.test {{ pool app; }}
    route host two.one.wild.test {{ pool app; }}
    route host *.localhost {{ pool app; }}
}}
pool app {{ server a 127.0.0.1:2; }}
""")
    assert code == 0
    assert [(line, rule) for line, rule, _ in problems] == [(8, "conf-074"), (9, "conf-074"), (10, "conf-074")]


def test_dates_and_modes_are_warned_about(check, pki, tmp_path):
    openssl(tmp_path, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "soon.key", "-out",
            "soon.crt", "-days", "3", "-subj", "/CN=soon", "-addext", "subjectAltName=DNS:soon.test")
    (tmp_path / "soon.key").chmod(0o644)
    code, problems = check("""
tls site { certificate "soon.crt" key "soon.key"; }
listener web 127.0.0.1:1 { protocol tcp; tls site; pool app; }
pool app { server a 127.0.0.1:2; }
""")
    assert code == 0
    assert rules(problems) == ["conf-073", "conf-086"]
    assert re.search(r"expires in [23] days", str(problems))


def test_a_name_that_does_not_resolve_is_an_error(check):
    code, problems = check("listener web 127.0.0.1:1 { protocol tcp; pool app; }\npool app { server a name.invalid:80; }")
    assert code == 2 and rules(problems) == ["conf-021"]


@pytest.mark.parametrize("name", ["absent.conf", "."])
def test_a_file_that_cannot_be_read_is_told(bojagi, name):
    done = bojagi.run("check", name)
    assert done.returncode == 2
    assert b"conf-001" in done.stdout + done.stderr


def test_people_get_the_line_and_a_caret(bojagi, tmp_path):
    (tmp_path / "x.conf").write_text("tls site {\n\tclient_certificate requird;\n}\n")
    done = bojagi.run("check", "x.conf")
    lines = done.stdout.decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("x.conf:2:21: error: unknown value 'requird'"))
    assert lines[at].endswith("[conf-017]")
    assert lines[at + 1] == "       2 | \tclient_certificate requird;"
    assert lines[at + 2] == "         | \t                   ^~~~~~~ did you mean 'required'?  (none, optional, required)"
    assert done.returncode == 2


def test_the_guides_example_is_a_good_configuration(bojagi, root, tmp_path):
    text = (root / "docs/guide/configuration.md").read_text()
    examples = re.findall(r"```\n(.*?)```", text, re.S)
    assert examples
    for number, example in enumerate(examples):
        (tmp_path / f"{number}.conf").write_text(example)
        done = bojagi.run("check", f"{number}.conf")
        assert done.returncode == 0, done.stdout
