"""docs/paper.md and the README say what the tables and docs/claims.json say, and gtx still has
the lines that they quote. When one of these fails: correct the table that is quoted, then
`python -m experiments.paper.write_docs`."""

import configparser
import dataclasses
import re

import numpy as np
import pytest
from scipy import sparse, stats

from experiments.paper import graphs, hardware, locality, ranking, record, write_docs
from experiments.paper.claims import CLAIMS
from experiments.paper.equations import EQUATIONS
from experiments.paper.gates import RELATIONS, VERDICTS, Gate, limit, verdict, wording
from experiments.paper.results import Measurement, confidence, largest_difference
from experiments.paper.source import ROOT, Line, squeeze
from experiments.paper.statements import ABSTRACT, DECISIONS, SECTIONS
from gtx import encodings

ROWS, CURVES = record.read(record.CLAIMS_JSON), record.read(record.CURVES_JSON)
MISSING = [claim.name for claim in CLAIMS if claim.name not in ROWS]
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
    assert [claim.number for claim in CLAIMS] == list(range(1, 22))
    assert {row for one in (*ABSTRACT, *SECTIONS) for row in one.rows} == set(range(1, 22))
    assert {row for e in EQUATIONS for row in e.rows} < set(range(1, 22))
    for one in (*ABSTRACT, *SECTIONS):
        assert one.rows or one.note.startswith("Not tested")


def test_every_claim_has_a_marker():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    markers = setup["tool:pytest"]["markers"]
    assert all(f"{claim.marker}: " in markers for claim in CLAIMS)


@all_measured
def test_every_claim_was_measured_and_judged_by_the_gates_of_the_table():
    assert list(ROWS) == [claim.name for claim in CLAIMS]
    for claim in CLAIMS:
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


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_row_leads_to_code_test_picture_and_what_it_stands_for(claim):
    row = dict(gates=[], verdict="holds", argument="It does.", runs=RUNS)
    text = write_docs.details(claim, row, CURVES | {"E17": LOTTERY})
    assert f"](figures/{claim.name[0]}{claim.number:02}.svg)" in text
    assert f"`pytest -m {claim.marker}`" in text
    for file, line in re.findall(r"\]\(\.\./([\w/.]+)(?:#L(\d+))?\)", text):
        assert (ROOT / file).is_file()
        if line:
            source = (ROOT / file).read_text().splitlines()[int(line) - 1]
            assert source.startswith(tuple(f"def {part}(" for part in claim.parts))
    for part in claim.parts:
        assert f"[`{part}` in experiments/paper/" in text
    assert "(#statement-" in text  # every row stands for a sentence of the paper


def test_every_mark_that_a_row_links_to_is_on_the_page():
    row = dict(gates=[], verdict="holds", argument="", effect="", runs=RUNS)
    text = write_docs.paper({claim.name: row for claim in CLAIMS}, {"E17": LOTTERY})
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
    broken = Line(
        "gtx/nn/attention/multi_head.py",
        "MultiHeadAttention._structure",
        "Complete(batch.layout, node_ids=batch.node_ids)",
    )
    source = (ROOT / broken.file).read_text().splitlines()
    assert "Complete(" in source[broken.number() - 1]


@pytest.mark.parametrize("name, rows", write_docs.NOTEBOOKS.items())
def test_a_notebook_names_the_rows_that_it_shows(name, rows):
    text = (ROOT / "notebooks" / f"{name}.py").read_text()
    assert set(map(int, re.findall(r"\bE(\d+)\b", text))) >= set(rows)


UNSEEN = "a limit that was expected was not seen: error outside is 0.5, not ≥ 1"
GATES = (
    Gate("error", "<=", 1e-3, "error"),
    wording("factor", ">=", 100, "factor"),
    limit("outside", ">=", 1, "error outside"),
)


@pytest.mark.parametrize(
    "error, factor, outside, conditional, expected",
    [
        (1e-4, 200, 2, False, ("holds", "as x = 2.0")),
        (1e-4, 200, 2, True, ("holds under a condition", "as x = 2.0")),
        (1e-4, 20, 2, True, ("not as worded", "only 20")),
        (1e-4, 20, 0.5, True, ("not as worded", "only 20")),
        (1e-2, 20, 2, True, ("does not hold", "error is 0.01, not ≤ 0.001")),
        (np.inf, 200, 2, False, ("does not hold", "error is inf, not ≤ 0.001")),
        (1e-4, 200, 0.5, True, ("holds under a condition", UNSEEN)),
        (1e-2, 200, 0.5, False, ("does not hold", "error is 0.01, not ≤ 0.001")),
    ],
)  # fmt: skip
def test_a_verdict_follows_from_gates(error, factor, outside, conditional, expected):
    (claim,) = (claim for claim in CLAIMS if claim.number == 20)
    claim = dataclasses.replace(
        claim,
        gates=GATES,
        argument="as x = {outside:.1f}",
        words="only {factor:.0f}",
        conditional=conditional,
    )
    measured = Measurement(dict(error=error, factor=factor, outside=outside))
    assert verdict(claim, measured) == expected
    assert expected[0] in VERDICTS


def test_words_are_argued_where_they_are_tested_and_every_verdict_has_a_sentence():
    for claim in CLAIMS:
        tested = any(gate.role == "wording" for gate in claim.gates)
        assert tested == (claim.words is not None), claim.name
        if claim.conditional and claim.number != 2:  # the condition of E2 is E1's
            assert any(gate.role == "limit" for gate in claim.gates) or tested, claim.name
        for text in (claim.argument, claim.words or "It."):
            assert text[0].isupper() and text[-1] in ".)", claim.name
    for name in VERDICTS:
        assert f"*{name[0].upper()}{name[1:]}*: " in write_docs.TABLE_TEXT


@all_measured
def test_a_factor_of_twenty_is_not_orders_of_magnitude():
    row = ROWS["E17"]
    assert row["verdict"] == "not as worded"
    metrics = record.metrics_of(row)
    assert metrics["largest_slowdown"]["value"] < metrics["largest_slowdown_plain_edges"]["value"]
    faster = {name: m["value"] for name, m in metrics.items()} | {
        "largest_slowdown": 250.0,
        "largest_slowdown_plain_edges": 400.0,
    }
    (claim,) = (claim for claim in CLAIMS if claim.number == 17)
    assert verdict(claim, Measurement(faster))[0] == "holds under a condition"


def test_of_seeds_the_whole_interval_must_pass():
    samples = [0.9, 1.0, 1.1]
    low, high = stats.t.interval(0.95, 2, loc=1.0, scale=stats.sem(samples))
    np.testing.assert_allclose(confidence(samples), (low, high))
    measured = Measurement({}, dict(gap=samples))
    assert Gate("gap", ">=", low - 1e-6, "").met(measured)
    assert not Gate("gap", ">=", low + 1e-6, "").met(measured)
    assert not Gate("gap", "<=", high - 1e-6, "").met(measured)
    assert not Gate("gap", ">", -1e9, "").met(Measurement({}, dict(gap=[1.0])))  # one seed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("relation", RELATIONS)
def test_what_is_not_finite_meets_no_gate(value, relation):
    assert not Gate("error", relation, 0.0, "").met(Measurement(dict(error=value)))
    assert not Gate("error", relation, 0.0, "").met(Measurement({}, dict(error=[value, 1.0])))


def test_what_is_not_finite_is_infinitely_wrong():
    assert largest_difference([1.0, np.nan], [1.0, np.nan]) == np.inf
    assert largest_difference([1.0, 2.0], [1.5, 2.0]) == 0.5
    with pytest.raises(ValueError, match="shapes"):
        largest_difference([1.0], 1.0)


def test_records_survive_a_file(tmp_path):
    claim = next(claim for claim in CLAIMS if claim.number == 20)
    values = {gate.metric: 1.0 for gate in claim.gates} | dict(at_zero=np.nan, at_infinity=0.0)
    about = dict(machine="one", versions="two", date="three")
    row = record.entry(claim, "local_to_global", Measurement(values), 1.5, about)
    record.write(tmp_path / "rows.json", {"E20": row, "E3": row}, indent=1)
    rows = record.read(tmp_path / "rows.json")
    assert list(rows) == ["E3", "E20"] and rows["E20"] == row
    assert record.metrics_of(row)["at_zero"]["value"] is None
    assert row["verdict"] == "does not hold"
    assert row["argument"].startswith("difference of beta = 0")


def test_a_row_of_several_measurements_is_judged_when_it_has_all_and_keeps_the_others():
    (claim,) = (claim for claim in CLAIMS if claim.number == 11)
    first, second = claim.parts
    about = dict(machine="one", versions="two", date="three")
    gated = [gate.metric for gate in claim.gates]
    read = re.findall(r"{(\w+)", claim.effect + claim.argument)
    half = record.entry(claim, first, Measurement({"fall_tree": 0.5}), 1.5, about)
    assert "verdict" not in half and half["runs"][first]["command"].endswith(f"E11.{first}")
    row = record.entry(
        claim, second, Measurement(dict.fromkeys(gated + read, 1.0)), 1.5, about, half
    )
    assert list(row["runs"]) == [first, second] and row["verdict"]
    again = record.entry(claim, first, Measurement({"fall_ring": 0.7}), 9.0, about, row)
    assert again["runs"][second] == row["runs"][second]
    assert list(again["runs"][first]["metrics"]) == ["fall_ring"]


NAMED = {
    "ring": (graphs.ring(7), 14),
    "grid": (graphs.grid(3, 4), 34),
    "tree": (graphs.binary_tree(3), 28),
    "circulant": (graphs.circulant(41, (1, 3)), 164),
    "decalin": (graphs.decalin(), 22),
    "bicyclopentyl": (graphs.bicyclopentyl(), 22),
    "rook": (graphs.rook(), 96),
    "shrikhande": (graphs.shrikhande(), 96),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_graphs_are_simple_and_have_their_edges(name):
    adjacency, edges = NAMED[name]
    assert (adjacency == adjacency.T).all() and not adjacency.trace()
    assert set(np.unique(adjacency)) == {0, 1} and adjacency.sum() == edges
    expected = sparse.csgraph.shortest_path(sparse.csr_array(adjacency), unweighted=True)
    np.testing.assert_array_equal(graphs.distances(adjacency), expected)


def test_rook_and_shrikhande_are_strongly_regular_and_not_the_same():
    for adjacency in (graphs.rook(), graphs.shrikhande()):
        square = 6 * np.eye(16) + 2 * adjacency + 2 * (1 - np.eye(16) - adjacency)
        np.testing.assert_array_equal(adjacency @ adjacency, square)

    def cliques_of_four(adjacency):
        """Edges within the common neighbourhoods of the ends of each edge."""
        ends = np.argwhere(adjacency)
        common = adjacency[ends[:, 0]] * adjacency[ends[:, 1]]
        return np.einsum("ei,ij,ej->", common, adjacency, common)

    assert cliques_of_four(graphs.rook()) > 0 == cliques_of_four(graphs.shrikhande())


def test_columns_stand_where_their_graphs_are():
    found = [graphs.path(3), graphs.ring(5)]
    batch = graphs.batch_of(found)
    columns = [
        {**graphs.encoded(encodings.RRWP(3), [g])[0], ("graph", "n"): np.full(1, len(g))}
        for g in found
    ]
    filled = graphs.with_columns(batch, columns)
    nodes = np.asarray(filled.graph.nodes["rrwp"])
    np.testing.assert_allclose(nodes[3:8], columns[1]["node", "rrwp"], atol=1e-6)
    assert not nodes[8:].any()
    pairs = np.asarray(filled.pairs["rrwp"]).reshape(2, 5, 5, 3)
    np.testing.assert_allclose(pairs[0, :3, :3], columns[0]["pair", "rrwp"], atol=1e-6)
    assert not pairs[0, 3:].any() and not pairs[0, :, 3:].any()
    np.testing.assert_array_equal(filled.graph.globals["n"], [[3], [5], [0]])


def point(edges, ratio):
    """A size of 100 nodes at which edges take `ratio` times as long as matrices."""
    times = {"masked dense": 1.0, "blocked masked dense": 2.0, "edges": ratio, "blocked edges": 9.0}
    forms = {form: dict(p25=0.9 * t, median=t, p75=1.1 * t) for form, t in times.items()}
    return dict(n=100, edges=edges) | {name: dict(forms) for name in hardware.PASSES}


LOTTERY = dict(
    points=[point(100, 0.25), point(10_000, 4.0)],
    crossover_density={name: {"100": 0.1} for name in hardware.PASSES},
    device="a chip",
)


@pytest.mark.parametrize(
    "ratios, expected",
    [((0.25, 4.0), 0.1), ((0.5, 0.9), 1.0), ((2.0, 4.0), 0.0), ((0.5, 8.0), 10**-1.5)],
)
def test_the_crossover_is_where_both_take_equal_time(ratios, expected):
    points = [point(100, ratios[0]), point(10_000, ratios[1])]
    assert hardware.sparse_over_dense(points[0], "forward") == ratios[0]
    np.testing.assert_allclose(hardware.crossover(points, "forward"), expected)


def test_a_size_without_its_densest_points_crosses_where_it_was_measured_last():
    points = [point(100, 0.25), point(1000, 0.5)]
    np.testing.assert_allclose(hardware.crossover(points, "forward"), 0.1)
    assert write_docs._share(0.1, 0.1) == "up to 0.1, the most"
    assert write_docs._share(0.0, 0.1) == "never"


def test_plain_edges_are_compared_where_they_ran():
    points = [point(100, 0.25), point(10_000, 4.0)]
    del points[1]["forward"]["edges"]
    assert hardware.plain_over_dense(points) == [0.25, 0.25, 4.0]
    np.testing.assert_allclose(hardware.spread(points)["largest"], 0.2)


def test_the_page_shows_the_crossover_of_each_size_the_device_and_the_spread():
    (claim,) = (claim for claim in CLAIMS if claim.number == 17)
    row = dict(gates=[], verdict="holds", argument="It does.", runs=RUNS)
    text = write_docs.details(claim, row, {"E17": LOTTERY})
    assert "| 100 | 0.1 | 0.1 | 20 % | 20 % |" in text
    assert "a chip, a machine" in text


def test_masses_by_hop_share_out_all_attention():
    distance = graphs.distances(graphs.path(4))
    masses = locality.mass_by_hop(np.full((4, 4), 0.25), distance)
    np.testing.assert_allclose(masses, np.array([4, 6, 4, 2]) / 16)


def test_first_choices_are_counted_over_nodes_that_receive():
    matrix = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 0.0]])
    assert ranking.distinct_favourites(matrix) == 2
