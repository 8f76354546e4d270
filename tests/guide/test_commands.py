"""docs/guide/commands.md: its lines are run as they stand, and say what it says."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60
SAYS = {
    "-CAfile ca/ca.pem -status": "OCSP: good since ",
    "--ocsp --crl ca/ca.crl": "OCSP: good since ",
    "-sess_in session --early-data request": "early data: 18 bytes accepted",
    "-reconnect --early-data request": "early data: 18 bytes accepted",
    "--cert-compression zlib": "the certificates came compressed by zlib: ",
    "--key-update -msg": "-> keys: updated",
    "--psk-identity office": "both sides have the key office",
    "--peer-key server.pub": "its raw public key is one of those that are expected",
    "--ech public.test.ech": "the server opened the encrypted hello",
    "--ct-logs logs.pem": "no timestamps of logs",
}


def lines():
    text = (ROOT / "docs" / "guide" / "commands.md").read_text()
    return re.findall(r"^    (.*)$", text, re.M)


@pytest.fixture
def shell(bojagi, program, free_port):
    """Runs a line in a shell where `bojagi` is ours; those that end in & go on. Ports are others than on the page."""
    ports, servers = {}, []
    folder = bojagi.home / "bin"
    folder.mkdir()
    (folder / "bojagi").symlink_to(Path(program).resolve())
    env = {**bojagi.env, "PATH": f"{folder}:{bojagi.env['PATH']}"}

    def port(match):
        return ports.setdefault(match.group(0), str(free_port()))

    def run(line):
        line = re.sub(r"\b844\d\b", port, line)
        if not line.endswith("&"):
            return subprocess.run(["sh", "-c", line], cwd=bojagi.home, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=SECONDS_MAX, check=False)
        server = subprocess.Popen(["sh", "-c", "exec " + line[:-1]], cwd=bojagi.home, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        servers.append(server)
        assert any("  serving " in said for said in iter(server.stdout.readline, "")), line
        return None

    yield run
    for server in servers:
        server.terminate()
        server.communicate(timeout=SECONDS_MAX)


def test_the_lines_of_the_page_do_what_it_says(shell):
    said = set()
    assert len(lines()) > 15
    for line in lines():
        done = shell(line)
        if done is None:
            continue
        assert done.returncode == 0, (line, done.stdout + done.stderr)
        for end, words in SAYS.items():
            if line.endswith(end) and "connect" in line:
                assert words in done.stdout + done.stderr, (line, done.stdout + done.stderr)
                said.add(end)
    assert said == set(SAYS)


def test_every_setter_is_on_the_page_of_capabilities_and_every_call_on_a_page_exists():
    headers = "".join(path.read_text() for path in (ROOT / "include" / "bojagi").glob("*.h"))
    named = {path.name: set(re.findall(r"`(bj_\w+)\(", path.read_text())) for path in (ROOT / "docs" / "guide").glob("*.md")}
    declared = set(re.findall(r"\b(bj_\w+)\(", headers))
    assert {name for names in named.values() for name in names} <= declared
    setters = {name for name in declared if name.startswith("bj_tls_config_")} - {f"bj_tls_config_{name}" for name in ("new", "ref", "free")}
    assert setters == {name for name in named["capabilities.md"] if name.startswith("bj_tls_config_")}
