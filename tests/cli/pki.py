"""pki.py - certificates that our own tools refuse to make, by way of openssl."""
import subprocess

CA_CONFIG = """
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = supplied
[e]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
{more}
"""


def openssl(*arguments, cwd):
    return subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=30, check=False)


def make(folder, name, names="DNS:localhost,IP:127.0.0.1", start="20250101000000Z", end="20250201000000Z", ca="ca/ca",
         more=""):
    """NAME.pem and NAME.key below `folder`, signed by the local CA in its folder ca/; expired unless told otherwise. A key that is
    there stays, and so does the serial number: the same is made again, but for further lines of extensions."""
    (folder / f"{name}.cnf").write_text(CA_CONFIG.format(names=names, more=more))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1234567890\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
    if (folder / f"{name}.key").exists():
        key = ["-new", "-key", f"{name}.key"]
    for arguments in (["req", *key, "-out", f"{name}.csr", "-subj", f"/CN={name}"],
                      ["ca", "-batch", "-notext", "-config", f"{name}.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem",
                       "-cert", f"{ca}.pem", "-keyfile", f"{ca}.key", "-startdate", start, "-enddate", end]):
        result = openssl(*arguments, cwd=folder)
        assert result.returncode == 0, result.stderr
