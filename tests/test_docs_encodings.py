"""The page on encodings says of each what the code says."""

import dataclasses
import pathlib
import re

import pytest

import gtx.encodings
from gtx.encodings.base import Encoding, Scalable

PAGE = (pathlib.Path(__file__).parents[1] / "docs" / "encodings.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \[\w+\]\(#", line)
]
# The classes of a row, their names in a config, and what the row says of them.
DESCRIBED = [
    (kind, name, row)
    for row in ROWS
    for kind, name in zip(
        re.findall(r"[A-Z]\w*[a-z]\w*|RRWP", re.sub(r"\(.*?\)", "", row[0])),
        re.findall(r"`(\w+)`", row[1]),
        strict=True,
    )
]


def test_every_encoding_has_a_row():
    known = {
        name
        for name, kind in vars(gtx.encodings).items()
        if dataclasses.is_dataclass(kind) and "columns" in vars(kind)
    }
    assert {kind for kind, _, _ in DESCRIBED} == known
    assert {name for _, name, _ in DESCRIBED} == set(gtx.encodings.ENCODINGS)


@pytest.mark.parametrize(("kind", "name", "row"), DESCRIBED, ids=[one[0] for one in DESCRIBED])
def test_a_row_says_what_the_code_says(kind, name, row):
    encoding = getattr(gtx.encodings, kind)()
    assert gtx.encodings.ENCODINGS[name] is type(encoding)
    assert row[2].startswith(encoding.level)
    assert row[4].replace(" ", "_") == encoding.symmetry
    assert row[6].startswith("yes") == isinstance(encoding, Scalable)


def test_links_within_the_page_lead_to_headings():
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


def test_the_members_of_an_encoding_are_those_that_the_page_counts():
    members = {name for name in vars(Encoding) if not name.startswith("_")} | {"__call__"}
    fields = {name for name in members if isinstance(vars(Encoding)[name], property)}
    assert (len(fields), len(members - fields)) == (4, 2)
    assert "a name, three constants and two methods" in PAGE
