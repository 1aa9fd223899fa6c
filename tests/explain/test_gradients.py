"""Integrated gradients against their closed form, with arrays of every level."""

import jax.numpy as jnp
import numpy as np
import pytest

import gtx
from gtx.explain import Explainer, ExplainError, ExplainWarning
from tests.explain.squares import WEIGHTS, Squares, arrays, graphs

pytestmark = pytest.mark.usefixtures("quick_compilation")

GRAPHS = graphs()
VARIABLES = {"params": {}}


@pytest.fixture(scope="module")
def explainer():
    return Explainer(Squares(), VARIABLES, num_outputs=2)


def baseline_of(kind, explainer):
    """A baseline, and what each array holds there, as a weighted sum of a row."""
    if kind == "zero":
        return "zero", dict.fromkeys(WEIGHTS, 0.0)
    mean = explainer.mean(GRAPHS)
    every = [arrays(GRAPHS, graph) for graph in range(3)]
    return mean, {name: np.concatenate([each[name] for each in every]).mean() for name in WEIGHTS}


@pytest.mark.parametrize("kind", ["zero", "mean"])
def test_contributions_are_those_of_the_closed_form(kind, explainer):
    baseline, rows = baseline_of(kind, explainer)
    found = explainer.integrated_gradients(GRAPHS, 0, baseline=baseline)
    for graph, explanation in enumerate(found):
        own = arrays(GRAPHS, graph)
        last = sum(values.sum() for values in own.values())
        first = sum(rows[name] * len(values) for name, values in own.items())
        # f = s^2 along the line from first to last: its slope is (first + last) on average.
        parts = {name: (own[name] - rows[name]) * (first + last) for name in own}
        close = dict(rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(explanation.prediction, last**2, **close)
        np.testing.assert_allclose(explanation.baseline, first**2, **close)
        np.testing.assert_allclose(
            explanation.node_features, parts["nodes"] + parts["extra/p"], **close
        )
        for name, key in (("graph", "edges"), ("more", "edge_sets/more"), ("pairs", "pairs")):
            np.testing.assert_allclose(explanation.edges[name].values, parts[key], **close)
        np.testing.assert_allclose(explanation.graph, parts["graphs"][0], **close)
        np.testing.assert_allclose(explanation.total, last**2 - first**2, **close)
        assert explanation.gap < 1e-4 and explanation.steps == 16


def test_an_edge_belongs_to_both_of_its_ends(explainer):
    found = explainer.integrated_gradients(GRAPHS, 0, baseline="zero")[0]
    shares = np.array(found.node_features)
    for edges in found.edges.values():
        ends = zip(edges.senders, edges.receivers, edges.values, strict=True)
        for sender, receiver, value in ends:
            shares[sender] += value / 2
            shares[receiver] += value / 2
    np.testing.assert_allclose(found.nodes, shares, rtol=1e-12)
    assert found.motif([2, 0, 2]) == pytest.approx(shares[0] + shares[2])
    assert found.rest == pytest.approx(found.graph)
    with pytest.raises(IndexError, match="nodes 0 to 2"):
        found.motif([3])


def test_columns_of_a_baseline_take_the_place_of_the_graphs_own(explainer):
    values = {"nodes": {"x": [0.5, -1.0]}, "edges": {"x": 0.25}}
    found = explainer.integrated_gradients(GRAPHS, 1, baseline=values)
    for graph, explanation in enumerate(found):
        own = arrays(GRAPHS, graph)  # output 1 is linear
        np.testing.assert_allclose(
            explanation.node_features, own["nodes"] - WEIGHTS["nodes"] * -0.5, atol=2e-5
        )
        np.testing.assert_allclose(
            explanation.edges["graph"].values, own["edges"] - WEIGHTS["edges"] * 0.5, atol=2e-5
        )
        assert explanation.graph == pytest.approx(0, abs=1e-6)


def test_a_node_that_is_predicted_is_explained_by_what_it_hears():
    explainer = Explainer(Squares("node"), VARIABLES)
    places = [5, 1, 2]  # nodes of all graphs: node 1 of graph 2, then nodes 1 and 2 of graph 0
    nodes = GRAPHS.with_targets("node", places)
    found = explainer.integrated_gradients(nodes, baseline="zero")
    for (graph, node), explanation in zip(((2, 1), (0, 1), (0, 2)), found, strict=True):
        own = arrays(GRAPHS, graph)
        x = own["nodes"] + own["extra/p"]
        edge = slice(GRAPHS.edge_ptr[graph], GRAPHS.edge_ptr[graph + 1])
        senders, heard = GRAPHS.senders[edge], GRAPHS.receivers[edge] == node
        total = x[node] + (x[senders] + own["edges"])[heard].sum()
        times = np.bincount(senders[heard], minlength=len(x)) + (np.arange(len(x)) == node)
        np.testing.assert_allclose(explanation.prediction, total**2, rtol=1e-4)
        np.testing.assert_allclose(explanation.node_features, times * x * total, atol=1e-4)
        expected = np.where(heard, own["edges"], 0) * total
        np.testing.assert_allclose(explanation.edges["graph"].values, expected, atol=1e-4)


class Steep(Squares):
    """tanh of a multiple of (the sum - a third of that of graph 0): steep at a third of the way."""

    steepness: float = 1.0

    def __call__(self, batch, *, train=False):
        whole = sum(float(values.sum()) for values in arrays(GRAPHS, 0).values())
        share = super().__call__(batch, train=train)[:, 1:] / whole
        return jnp.tanh(self.steepness * (share - 0.31))


def test_a_steep_path_is_cut_into_pieces_until_contributions_add_up():
    steep = Explainer(Steep(steepness=60.0), VARIABLES)
    (found,) = steep.integrated_gradients(GRAPHS.select([0]), baseline="zero")
    assert found.steps > 16
    assert found.total == pytest.approx(2, rel=0.01)


def test_contributions_that_never_add_up_are_warned_of():
    steep = Explainer(Steep(steepness=1e6), VARIABLES)
    with pytest.warns(ExplainWarning, match="graph 0: after 32 steps the contributions to 0 add"):
        (found,) = steep.integrated_gradients(GRAPHS.select([0]), baseline="zero", most_steps=32)
    assert found.steps == 32 and found.gap > 0.02


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(target="logS"), "no target 'logS'. The model has 0, 1"),
        (dict(target=2), "no target 2"),
        (dict(tolerance=0.0), "tolerance must be"),
        (dict(baseline="mean"), "baseline is 'mean'. Give \"zero\", Explainer.mean"),
        (dict(baseline={"nodes": {"y": 0}}), "no column 'y' of nodes"),
        (dict(baseline={"nodes": {"x": [1, 2, 3]}}), "needs 2 values"),
        (dict(graphs=GRAPHS.select([])), "nothing to explain"),
        (dict(graphs="CCO"), "needs a gtx.data.Dataset"),
    ],
)
def test_what_cannot_be_explained_is_refused(options, message, explainer, unchecked_types):
    with pytest.raises(ExplainError, match=message):
        explainer.integrated_gradients(**{"graphs": GRAPHS, "baseline": "zero", **options})


def test_contributions_that_are_all_0_are_warned_of():
    class Constant(Squares):
        def __call__(self, batch, *, train=False):
            super().__call__(batch, train=train)
            return batch.graph.globals["x"][:, :1]

    with pytest.warns(ExplainWarning, match="no feature that was moved changes 0"):
        found = Explainer(Constant(), VARIABLES).integrated_gradients(GRAPHS, baseline="zero")
    assert all(each.total == 0 and each.prediction == each.baseline for each in found)


def test_a_model_without_an_embedding_says_what_is_missing():
    class Sums(Squares):
        def __call__(self, batch, *, train=False):
            return batch.graph.globals["x"][:, :1]

    with pytest.raises(ExplainError, match="Sums has no submodule 'embed'"):
        Explainer(Sums(), VARIABLES).integrated_gradients(GRAPHS, baseline="zero")
    lost = Explainer(Sums(), VARIABLES).leave_one_out(GRAPHS)
    assert [each.nodes.tolist() for each in lost] == [[0.0] * 3, [0.0], [0.0] * 4]


def test_the_room_is_a_part_of_gtx():
    assert gtx.explain.Explainer is Explainer
