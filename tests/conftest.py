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


class Running:
    """A process that was started, and the address that it printed."""

    def __init__(self, process, port, ready_line):
        self.process = process
        self.port = port
        self.ready_line = ready_line

    def stop(self):
        """Ends it by SIGTERM and returns its exit code and what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.terminate()
        error = self.process.communicate(timeout=SECONDS_MAX)[1]
        return self.process.returncode, error.decode()


@pytest.fixture
def serve(bojagi):
    """A function that starts `bojagi serve ARGUMENTS --port 0` and waits until it listens."""
    started = []

    def start(*arguments, **more):
        process = bojagi.start("serve", *arguments, "--port", "0", stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        for line in iter(process.stdout.readline, b""):
            if b"  serving " in line:
                running = Running(process, int(line.split()[0].rsplit(b":", 1)[1]), line.decode())
                started.append(running)
                return running
        raise AssertionError(f"serve did not start: {process.communicate(timeout=SECONDS_MAX)[1].decode()}")

    yield start
    for running in started:
        code, error = running.stop()
        assert code in (143, -15), error
        assert "Sanitizer" not in error, error
