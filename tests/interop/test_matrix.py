"""docs/interop.md: its matrix is what its rows say, and no cell of it is empty."""
from matrix import CANNOT, ROLES, THINGS, cells, lines
from peers import ROOT, ROW


def rows():
    return {found[:3] for found in ROW.findall((ROOT / "docs" / "interop.md").read_text())}


def test_every_peer_was_met_in_every_thing_that_it_can_do():
    lacking = [(at, n) for at, found in cells(rows()).items() for n, cell in enumerate(found) if cell is None]
    assert not lacking


def test_what_a_peer_is_said_not_to_do_was_not_seen():
    number = {what: n for n, (what, _) in enumerate(THINGS)}
    found = cells(rows())
    assert not [(name, what, role) for name, what in CANNOT for role in ROLES if found[name, role][number[what]] == "good"]


def test_the_matrix_of_the_page_is_made_of_its_rows():
    page = (ROOT / "docs" / "interop.md").read_text()
    assert "\n".join(lines(rows())) in page
