"""run.py DIR - runs pkt-runner over every script below DIR; prints what failed and ends with `N passed, N failed`."""
import argparse
import subprocess
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir", type=Path)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--isn", default="0", help="where the peer's sequence numbers begin")
    options = parser.parse_args()
    failed = 0
    scripts = sorted(options.dir.rglob("*.pkt"))
    for script in scripts:
        result = subprocess.run([options.runner, f"--isn={options.isn}", str(script)], capture_output=True, text=True,
                                timeout=60, check=False)
        if result.returncode != 0:
            failed += 1
            print(result.stderr.strip() or f"{script}: exit {result.returncode}")
    print(f"{len(scripts) - failed} passed, {failed} failed")
    return 1 if failed or not scripts else 0


if __name__ == "__main__":
    sys.exit(main())
