"""conftest.py - the fixtures of tests/interop; what they are made of is in peers.py."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from peers import pki, pytest_sessionfinish, serve, table, workdir  # noqa: E402,F401
