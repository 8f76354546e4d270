#!/usr/bin/env python3
"""Finds a hash without collisions for the names of field_names.def and prints it as C.

usage: field_slots.py field_names.def > field_slots.inc   (run by the build)
The hash looks at the length and at four bytes, so a name of any length costs the same.
"""
import random
import re
import sys

SLOTS = 512


def slot(text, a, b, c, d, e):
    n = len(text)
    return (n * a + text[0] * b + text[n // 2] * c + text[n * 3 // 4] * d + text[-1] * e) % SLOTS


def main():
    names = re.findall(r'^HTTP_NAME\((\w+), "([^"]+)"\)', open(sys.argv[1]).read(), re.M)
    assert 0 < len(names) < 128, "between 1 and 127 names"
    # a capital letter and its small one are the same, as in field.c
    folded = [(ident, bytes(c | 32 for c in text.encode())) for ident, text in names]
    rng = random.Random(1)
    for _ in range(2_000_000):
        m = [rng.randrange(1, SLOTS) for _ in range(5)]
        used = {}
        for ident, text in folded:
            if used.setdefault(slot(text, *m), ident) != ident:
                break
        else:
            break
    else:
        sys.exit("no hash without collisions found: give it more slots or other bytes")
    print("#define HTTP_SLOTS %d" % SLOTS)
    for key, value in zip(("LEN", "FIRST", "MID", "LATE", "LAST"), m):
        print("#define HTTP_SLOT_%s %du" % (key, value))
    print("static const uint8_t http_slots[HTTP_SLOTS] = {")
    for s, ident in sorted(used.items()):
        print("\t[%d] = HTTP_N_%s," % (s, ident))
    print("};")


main()
