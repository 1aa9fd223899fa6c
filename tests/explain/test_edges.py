"""Leaving out edges, against loops over what is left."""

import dataclasses

import numpy as np
import pytest

from gtx.explain import Explainer, ExplainWarning, mean_of
from gtx.explain.edges import removable, reverses, without_edges
from gtx.explain.items import one_target_each
from tests.explain.squares import Squares, arrays, graphs

pytestmark = pytest.mark.usefixtures("quick_compilation")

GRAPHS = graphs()
VARIABLES = {"params": {}}


def ends_of(dataset, graph):
    edge = slice(dataset.edge_ptr[graph], dataset.edge_ptr[graph + 1])
    return dataset.senders[edge], dataset.receivers[edge]


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([(0, 1), (1, 0), (1, 2), (2, 1)], [1, 0, 3, 2]),
        ([(0, 1), (1, 0), (0, 1), (1, 0), (2, 2)], [1, 0, 3, 2, 4]),
        ([(0, 1), (0, 1), (1, 0), (1, 0)], [2, 3, 0, 1]),
        ([(0, 1), (1, 0), (1, 2)], None),
        ([(0, 1), (0, 1), (1, 0)], None),
        ([], []),
    ],
)
def test_a_graph_without_directions_has_every_edge_both_ways(ends, expected):
    senders, receivers = np.array(ends, np.int64).reshape(-1, 2).T
    found = reverses(senders, receivers)
    assert (None if found is None else found.tolist()) == expected


def test_a_graph_loses_edges_and_nothing_else():
    removed = [(2, np.array([0, 3])), (0, np.array([1])), (1, np.zeros(0, int))]
    found = without_edges(GRAPHS, removed)
    found.check()
    for place, (graph, edges) in enumerate(removed):
        expected, got = arrays(GRAPHS, graph), arrays(found, place)
        expected["edges"] = np.delete(expected["edges"], edges)
        for name in expected:
            np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
        for old, new in zip(ends_of(GRAPHS, graph), ends_of(found, place), strict=True):
            np.testing.assert_array_equal(np.delete(old, edges), new)


def test_what_is_lost_is_the_difference_to_the_graph_without_the_edge():
    explainer = Explainer(Squares(), VARIABLES, num_outputs=2)
    for graph, found in enumerate(explainer.leave_one_edge_out(GRAPHS, 0)):
        own = arrays(GRAPHS, graph)
        total = sum(values.sum() for values in own.values())
        shares = found.edges["graph"]
        partner = reverses(*ends_of(GRAPHS, graph))
        assert (partner is None) == (graph != 1)  # random edges have directions
        for edge, value in enumerate(own["edges"]):
            assert shares.values[edge] == pytest.approx(
                total**2 - (total - value) ** 2, rel=1e-4, abs=1e-4
            )
        assert found.prediction == pytest.approx(total**2, rel=1e-4)
        assert np.isnan(found.nodes).all() and len(found.nodes) == GRAPHS.num_nodes[graph]


def both_ways():
    """The third graph with the reverse of each of its edges beside it, with columns of its own."""
    graph = GRAPHS.select([2])
    rng = np.random.default_rng(1)
    ends = np.concatenate([[graph.senders, graph.receivers], [graph.receivers, graph.senders]], 1)
    order = np.argsort(ends[1], kind="stable")
    columns = {
        name: np.concatenate([values, rng.normal(size=values.shape).astype(np.float32)])[order]
        for name, values in graph.edges.items()
    }
    return dataclasses.replace(
        graph, senders=ends[0][order], receivers=ends[1][order], edges=columns,
        edge_ptr=np.array([0, len(order)]),
    )  # fmt: skip


def test_both_directions_of_an_edge_are_left_out_together():
    graph = both_ways()
    explainer = Explainer(Squares(), VARIABLES, num_outputs=2)
    (found,) = explainer.leave_one_edge_out(graph, 1)
    own, partner = arrays(graph, 0), reverses(graph.senders, graph.receivers)
    expected = [
        own["edges"][edge] + (own["edges"][other] if other != edge else 0)
        for edge, other in enumerate(partner.tolist())
    ]
    np.testing.assert_allclose(found.edges["graph"].values, expected, rtol=1e-4, atol=1e-4)
    double = mean_of([found, found])
    np.testing.assert_array_equal(double.mean.edges["graph"].values, found.edges["graph"].values)


def test_a_target_keeps_its_edge_and_its_node():
    chosen = one_target_each(GRAPHS.with_targets("edge", [1, 6]))
    removed = removable(chosen, chosen.num_nodes)
    assert [(place, edges.tolist()) for place, edges in removed] == [
        *((0, [edge]) for edge in (0, 2, 3)), *((1, [edge]) for edge in (0, 1, 3, 4))
    ]  # fmt: skip
    left = without_edges(chosen, removed)
    for row, (place, _) in enumerate(removed):
        asked, kept = chosen.targets.index[place], left.targets.index[row]
        np.testing.assert_array_equal(left.edges["x"][kept], chosen.edges["x"][asked])

    heard_by = [int(ends_of(GRAPHS, graph)[1][0]) for graph in (0, 2)]
    node = GRAPHS.with_targets("node", GRAPHS.node_ptr[[0, 2]] + heard_by)
    explainer = Explainer(Squares("node"), VARIABLES)
    for (graph, own), found in zip(
        zip((0, 2), heard_by, strict=True), explainer.leave_one_edge_out(node), strict=True
    ):
        parts = arrays(GRAPHS, graph)
        x = parts["nodes"] + parts["extra/p"]
        senders, receivers = ends_of(GRAPHS, graph)
        heard = [
            parts["edges"][e] + x[senders[e]] for e in np.flatnonzero(receivers == own).tolist()
        ]
        lost = iter(heard)
        expected = [
            (x[own] + sum(heard)) ** 2 - (x[own] + sum(heard) - next(lost)) ** 2
            if receiver == own
            else 0.0
            for receiver in receivers
        ]
        np.testing.assert_allclose(found.edges["graph"].values, expected, rtol=1e-4, atol=1e-4)


class Deaf(Squares):
    """A model that no edge reaches."""

    def __call__(self, batch, *, train=False):
        return super().__call__(batch)[:, :1] * 0


def test_a_model_that_misses_no_edge_says_so():
    with pytest.warns(ExplainWarning, match="no edge that is left out changes"):
        Explainer(Deaf(), VARIABLES).leave_one_edge_out(GRAPHS)
