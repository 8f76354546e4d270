"""Chromium opens a page of ours: trusted with the CA in its store, refused without."""

import os
import shutil

import pytest

from peers import BUILD, need, run, version_number, version_of

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--window-size=900,600", "--virtual-time-budget=4000"]


@pytest.fixture(scope="module")
def browser(pki, workdir):
    chromium = shutil.which("chromium") or need("chromium-browser")
    certutil = need("certutil")

    def open_page(url, trusted, screenshot=None):
        home = workdir / ("home-trusted" if trusted else "home-plain")
        store = home / ".pki" / "nssdb"
        if not store.exists():
            store.mkdir(parents=True)
            assert run([certutil, "-d", f"sql:{store}", "-N", "--empty-password"]).returncode == 0
            if trusted:
                done = run([certutil, "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "interop", "-i", pki.root])
                assert done.returncode == 0, done.stderr
        env = dict(os.environ, HOME=str(home))
        base = [chromium, *FLAGS, f"--user-data-dir={home}/profile"]
        if screenshot:
            run([*base, f"--screenshot={screenshot}", url], env=env, timeout=60)
        return run([*base, "--dump-dom", url], env=env, timeout=60)

    return open_page


def test_chromium_shows_a_trusted_page(browser, serve, table):
    picture = BUILD / "chromium.png"
    picture.unlink(missing_ok=True)
    done = browser(f"https://localhost:{serve('ecdsa').port}/", True, picture)
    assert "TLSv1.3" in done.stdout, done.stdout + done.stderr[-2000:]
    if version_number(version_of("chromium", "--version")) >= (131,):
        assert "X25519MLKEM768" in done.stdout, done.stdout
        table.add("server", "Chromium " + version_of("chromium", "--version"), "1.3 group X25519MLKEM768")
    assert picture.stat().st_size > 1000
    table.add("server", "Chromium " + version_of("chromium", "--version"), "page loads as trusted")


def test_chromium_loads_a_page_whose_certificates_may_come_compressed(browser, serve):
    """Whether they do is its choice, and nothing here sees it: so this is no row of the table."""
    done = browser(f"https://localhost:{serve('ecdsa', '--cert-compression', 'brotli').port}/", True)
    assert "TLSv1.3" in done.stdout, done.stdout + done.stderr[-2000:]


def test_chromium_refuses_an_unknown_ca(browser, serve):
    done = browser(f"https://localhost:{serve('ecdsa').port}/", False)
    assert "TLSv1.3" not in done.stdout
    assert "ERR_CERT_AUTHORITY_INVALID" in done.stdout + done.stderr, done.stderr[-2000:]
