"""The commands of README.md do what it says: those that end by themselves are run, of the others the usage is asked for."""
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENDS = {"build/bojagi", "build/bojagi cert init", "build/bojagi explain CERT_EXPIRED",
        "build/bojagi sim --drop server:2"}
SECONDS_MAX = 300


def commands(page):
    found = []
    for line in (ROOT / page).read_text().splitlines():
        match = re.match(r"^    ((?:build|script)/[^ ].*?)(?:\s{2,}.*)?$", line)
        if match:
            found.append(match.group(1))
    return found


def test_both_pages_name_the_same_commands():
    assert commands("README.md") == commands("README.ko.md")
    assert len(commands("README.md")) >= 8


def test_every_command_of_the_page_exists(bojagi):
    for command in commands("README.md"):
        program, *rest = command.split()
        if program == "build/bojagi":
            done = bojagi.run(*rest) if command in ENDS else bojagi.run(rest[0], "--help")
            assert done.returncode == 0 and done.stdout, (command, done.stderr)
        else:
            assert os.access(ROOT / program, os.X_OK), command


def test_the_demo_serves_from_both_servers(free_port):
    ports = {name: str(free_port()) for name in ("BOJAGI_DEMO_PORT", "BOJAGI_DEMO_ADMIN", "BOJAGI_DEMO_A", "BOJAGI_DEMO_B")}
    done = subprocess.run([str(ROOT / "script" / "demo"), "--smoke"], env={**os.environ, **ports}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout
    assert "server a answered 5, server b answered 5" in done.stdout


def test_both_pages_list_every_tool(bojagi):
    tools = set(re.findall(r"^  ([a-z]+) ", bojagi.run("--help").stdout.decode(), re.M)) - {"proxy"}
    assert len(tools) >= 6
    for page, word in (("README.md", "**tools**"), ("README.ko.md", "**도구**")):
        line = next(line for line in (ROOT / page).read_text().splitlines() if word in line)
        assert set(re.findall(r"`([a-z]+)`", line)) == tools, page
