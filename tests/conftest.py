"""conftest.py - what every system test shares: where the build is, a free port, processes that end with their test."""
import os
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 30


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; runs with script/check --full")
    config.addinivalue_line("markers", "soak: takes minutes or hours; runs with script/check --soak")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def build():
    return Path(os.environ.get("BOJAGI_BUILD", ROOT / "build"))


@pytest.fixture(scope="session")
def vectors():
    """The folder of test vectors; the test is skipped where there is none."""
    folder = Path(os.environ.get("BOJAGI_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip("no test vectors here")
    return folder


@pytest.fixture(scope="session")
def program(build):
    path = build / "bojagi"
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


class Bojagi:
    """Runs the program in an environment of its own: no colours, no settings of whoever runs the tests."""

    def __init__(self, path, home):
        self.path = path
        self.home = home
        self.env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "100"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self, *arguments, stdin=b"", env=None, timeout=SECONDS_MAX):
        return subprocess.run([str(self.path), *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                              env={**self.env, **(env or {})}, cwd=self.home, check=False)

    def start(self, *arguments, env=None, **more):
        return subprocess.Popen([str(self.path), *map(str, arguments)], env={**self.env, **(env or {})}, cwd=self.home, **more)


@pytest.fixture
def bojagi(program, tmp_path):
    return Bojagi(program, tmp_path)


@pytest.fixture
def free_port():
    """A function that gives a TCP port on which nobody listened a moment ago."""
    def pick():
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]
    return pick
