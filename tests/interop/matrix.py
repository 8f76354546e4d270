"""matrix.py - which things were seen with which peer, in each role: made from the rows of the table; and what a peer cannot do, and why."""
import re

# name, what the names of its rows match
PEERS = [
    ("OpenSSL 3.0", r"OpenSSL (s_\w+ )?3\.0\."),
    ("OpenSSL 3.5", r"OpenSSL (s_\w+ )?3\.5\."),
    ("BoringSSL", r"BoringSSL "),
    ("rustls", r"rustls "),
    ("Go", r"Go crypto/tls 1\.(2[6-9]|[3-9]\d)"),
    ("GnuTLS", r"gnutls-\w+ "),
    ("NSS", r"NSS "),
    ("wolfSSL", r"wolfSSL "),
    ("Java", r"Java "),
]

THINGS = [
    ("1.2", r"1\.2\b"),
    ("1.3", r"1\.3\b"),
    ("1.2 resumed", r"1\.2 .*resumed"),
    ("1.3 resumed", r"1\.3 .*resumed"),
    ("1.2 client certificate", r"1\.2 client certificate$"),
    ("1.3 client certificate", r"1\.3 client certificate$"),
    ("key update", r"1\.3 key update"),
    ("early data", r"1\.3 early data"),
    ("ML-KEM hybrid", r"1\.3 .*MLKEM768"),
]

CANNOT = {
    ("OpenSSL 3.0", "ML-KEM hybrid"): "OpenSSL has ML-KEM from 3.5 on",
    ("Go", "early data"): "crypto/tls has early data for QUIC alone",
    ("GnuTLS", "ML-KEM hybrid"): "GnuTLS 3.7 has no ML-KEM",
    ("NSS", "ML-KEM hybrid"): "NSS 3.87 has no ML-KEM",
    ("wolfSSL", "ML-KEM hybrid"): "wolfSSL 5.5 has no ML-KEM",
    ("wolfSSL", "early data"): "Debian builds wolfSSL without WOLFSSL_EARLY_DATA",
    ("Java", "ML-KEM hybrid"): "JSSE 17 has no ML-KEM",
    ("Java", "early data"): "JSSE has no early data",
}
ROLES = ["client", "server"]


def seen(rows, role, peer, thing):
    return any(row[0] == role and re.match(peer, row[1]) and re.match(thing, row[2]) for row in rows)


def cells(rows):
    """{(peer, role): ["good", the reason why not, or None for each thing]}"""
    return {(name, role): ["good" if seen(rows, role, peer, thing) else CANNOT.get((name, what)) for what, thing in THINGS]
            for name, peer in PEERS for role in ROLES}


def lines(rows):
    """The matrix as a table of Markdown; a cell that is empty lacks."""
    reasons, out = [], ["| peer | our side | " + " | ".join(what for what, _ in THINGS) + " |", "|-" * (len(THINGS) + 2) + "|"]
    for (name, role), found in cells(rows).items():
        shown = []
        for cell in found:
            if cell not in (None, "good") and cell not in reasons:
                reasons.append(cell)
            shown.append({None: "", "good": "good"}.get(cell, f"- ({reasons.index(cell) + 1})" if cell in reasons else ""))
        out.append(f"| {name} | {role} | " + " | ".join(shown) + " |")
    return out + [""] + [f"{n}. {reason}" for n, reason in enumerate(reasons, 1)]
