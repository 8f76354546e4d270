"""snapshot.py - compares an output with a reviewed file beside the tests; BOJAGI_UPDATE=1 writes the files anew."""
import os
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "snapshot"
# What differs from run to run and from machine to machine.
CHANGING = [
    (re.compile(r"\(\S+@\S+\)"), "(USER@HOST)"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "DATE"),
    (re.compile(r"\b\d+ d( \d+ h)? left"), "SPAN left"),
    (re.compile(r"\b\d+ h \d+ min left"), "SPAN left"),
    (re.compile(r"expired \d+ .* ago"), "expired SPAN ago"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "KEYID"),
    (re.compile(r"(Serial +)[0-9a-f]+"), r"\1SERIAL"),
    (re.compile(r"pin-sha256=[A-Za-z0-9+/]{43}="), "pin-sha256=PIN"),
    (re.compile(r"\b\d+(\.\d+)? ms"), "N ms"),
]


def normal(text):
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text


def same_as(name, text, **replaced):
    """True if the text is that of snapshot/NAME; `replaced` maps what to write instead of a value of this run."""
    for instead, value in replaced.items():
        text = text.replace(str(value), instead)
    text = normal(text)
    path = FOLDER / name
    if os.environ.get("BOJAGI_UPDATE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), f"differs from {path}; BOJAGI_UPDATE=1 writes it anew"
