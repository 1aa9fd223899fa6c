"""docs/paper.md and the README say what the claims and docs/claims.json say, and gtx still has the
lines that they quote. When one of these fails: correct the text that is quoted, then run
`python -m experiments.paper.write_docs`."""

import re

import pytest

from experiments.paper import record, write_docs
from experiments.paper.claims import CLAIMS, load, load_all, padded
from experiments.paper.decisions import DECISIONS
from experiments.paper.equations import EQUATIONS
from experiments.paper.quotes import ROOT, Line, squeeze
from experiments.paper.statements import ABSTRACT, SECTIONS
from tests.experiments.test_paper_lottery import LOTTERY

ROWS, CURVES = record.read(record.CLAIMS_JSON), record.read(record.CURVES_JSON)
MISSING = [name for name in CLAIMS if name not in ROWS]
all_measured = pytest.mark.skipif(
    bool(MISSING), reason=f"not measured yet: {', '.join(MISSING)}; make claims does"
)
LINES = [(f"equation {e.number}", line) for e in EQUATIONS for line in e.lines]
LINES += [(f"decision {d.letter}", line) for d in DECISIONS for line in d.lines]


@pytest.mark.parametrize("where, line", LINES, ids=[where for where, _ in LINES])
def test_a_quoted_line_is_still_there_and_its_number_leads_to_it(where, line):
    assert line.problem() is None
    source = (ROOT / line.file).read_text().splitlines()[line.number() - 1]
    assert squeeze(line.quote)[:6] in squeeze(source)


@pytest.mark.parametrize(
    "line, problem",
    [
        (Line("gtx/ops/none.py", "attend", "x"), "is no file"),
        (Line("gtx/ops/attention/dense.py", "other", "x"), "defines no other"),
        (Line("gtx/ops/attention/dense.py", "attend", "jnp.exp(logits)"), "no longer has"),
        (Line("gtx/ops/attention/dense.py", "attend", "never read"), "no longer has"),  # docstring
    ],
)
def test_a_line_that_is_gone_is_noticed(line, problem):
    assert problem in line.problem()


def test_the_tables_are_complete():
    assert [equation.number for equation in EQUATIONS] == list(range(1, 21))
    assert "".join(decision.letter for decision in DECISIONS) == "abcdefghi"
    numbers = {claim.number for claim in load_all()}
    assert {row for one in (*ABSTRACT, *SECTIONS) for row in one.rows} == numbers
    assert {row for e in EQUATIONS for row in e.rows} < numbers
    for one in (*ABSTRACT, *SECTIONS):
        assert one.rows or one.note.startswith("Not tested")


def test_a_claim_has_the_name_its_file_is_listed_under_and_a_marker(pytestconfig):
    markers = [line.partition(":")[0] for line in pytestconfig.getini("markers")]
    for name, file in CLAIMS.items():
        assert load(name).name == name
        assert file.startswith(padded(name).lower())
        assert f"claim_{padded(name)}" in markers


@all_measured
def test_every_claim_was_measured_and_judged_by_the_gates_of_the_table():
    assert list(ROWS) == list(CLAIMS)
    for claim in load_all():
        assert record.judged(claim, ROWS[claim.name]) == ROWS[claim.name], claim.name


STALE = "stale: python -m experiments.paper.write_docs"


@all_measured
def test_the_page_is_what_the_tables_measurements_and_sources_make():
    assert write_docs.PAPER_MD.read_text() == write_docs.paper(ROWS, CURVES), STALE


@all_measured
def test_the_part_of_the_readme_is_what_the_measurements_make():
    text = write_docs.README_MD.read_text()
    assert text == write_docs.readme(text, ROWS), STALE


def test_the_readme_has_a_place_for_the_claims():
    text = write_docs.README_MD.read_text()
    assert text.count(write_docs.START) == text.count(write_docs.END) == 1
    with pytest.raises(ValueError, match="markers"):
        write_docs.readme("no markers", ROWS)


RUN = dict(command="measure", seconds=1.0, machine="a machine", versions="", date="", metrics={})
RUNS = {"lottery": RUN}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_row_leads_to_code_test_picture_and_what_it_stands_for(name):
    claim = load(name)
    row = dict(gates=[], verdict="holds", argument="It does.", runs=RUNS)
    text = write_docs.details(claim, row, {"E17": LOTTERY})
    assert f"](figures/{padded(name)}.svg)" in text
    assert f"`pytest -m claim_{padded(name)}`" in text
    for file, line in re.findall(r"\]\(\.\./([\w/.]+)(?:#L(\d+))?\)", text):
        assert (ROOT / file).is_file()
        if line:
            source = (ROOT / file).read_text().splitlines()[int(line) - 1]
            assert source.startswith(tuple(f"def {part}(" for part in claim.measurements))
    for part in claim.measurements:
        assert f"[`{part}` in experiments/paper/" in text
    assert "(#statement-" in text  # every row stands for a sentence of the paper


def test_every_mark_that_a_row_links_to_is_on_the_page():
    row = dict(gates=[], verdict="holds", argument="", effect="", runs=RUNS)
    text = write_docs.paper({claim.name: row for claim in load_all()}, {"E17": LOTTERY})
    marks = set(re.findall(r'<a id="([\w-]+)">', text))
    linked = set(re.findall(r"\(#((?:equation|decision|statement)-\w+)\)", text))
    assert linked <= marks and len(linked) > 40
    for file, line in re.findall(r"\]\(\.\./([\w/.]+)#L(\d+)\)", text):
        assert int(line) <= len((ROOT / file).read_text().splitlines())


def test_a_quoted_line_knows_its_number():
    line = Line("gtx/ops/attention/scores.py", "Dot.default_scale", "1 / math.sqrt(head_dim)")
    source = (ROOT / line.file).read_text().splitlines()
    assert "1 / math.sqrt(head_dim)" in source[line.number() - 1]
    assert f"scores.py#L{line.number()}): `1 / " in line.markdown("../")


def test_a_notebook_names_the_claims_that_it_shows():
    for claim in load_all():
        if claim.notebook is not None:
            text = (ROOT / "notebooks" / f"{claim.notebook}.py").read_text()
            assert re.search(rf"\b{claim.name}\b", text), claim.name
