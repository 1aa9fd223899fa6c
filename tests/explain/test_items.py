"""Graphs without some nodes, against loops over their parts."""

import numpy as np
import pytest

from gtx.data import Dataset
from gtx.explain import Explainer, ExplainError
from gtx.explain.items import batches, one_target_each, without_nodes
from tests.explain.squares import Squares, arrays, graphs

pytestmark = pytest.mark.usefixtures("quick_compilation")

GRAPHS = graphs()
VARIABLES = {"params": {}}


def left(graph, removed):
    """The parts of a graph without nodes: weighted sums by array, and the ends of its edges."""
    own = arrays(GRAPHS, graph)
    size = len(own["nodes"])
    keep = [node for node in range(size) if node not in removed]
    number = {node: place for place, node in enumerate(keep)}
    edge = slice(GRAPHS.edge_ptr[graph], GRAPHS.edge_ptr[graph + 1])
    more = GRAPHS.edge_sets["more"]
    row = slice(more.ptr[graph], more.ptr[graph + 1])
    ends = {
        "edges": (GRAPHS.senders[edge], GRAPHS.receivers[edge]),
        "edge_sets/more": (more.senders[row], more.receivers[row]),
        "pairs": (np.tile(np.arange(size), size), np.repeat(np.arange(size), size)),
    }
    found, kept_ends = dict(own), {}
    for name in ("nodes", "extra/p"):
        found[name] = own[name][keep]
    for name, (senders, receivers) in ends.items():
        rows = [i for i, pair in enumerate(zip(senders, receivers, strict=True))
                if not set(pair) & set(removed)]  # fmt: skip
        found[name] = own[name][rows]
        kept_ends[name] = [(number[senders[i]], number[receivers[i]]) for i in rows]
    return found, kept_ends


def test_a_graph_loses_nodes_with_their_edges_and_pairs():
    cases = [(2, (0,)), (0, (1,)), (1, (0,)), (2, (1, 3)), (0, (0, 1, 2))]
    found = without_nodes(GRAPHS, [(graph, np.array(nodes)) for graph, nodes in cases])
    found.check()
    for place, (graph, nodes) in enumerate(cases):
        expected, ends = left(graph, nodes)
        got = arrays(found, place)
        for name in expected:
            np.testing.assert_allclose(got[name], expected[name], err_msg=f"{name} of {place}")
        edge = slice(found.edge_ptr[place], found.edge_ptr[place + 1])
        pairs = zip(found.senders[edge], found.receivers[edge], strict=True)
        assert list(pairs) == ends["edges"]
        more = found.edge_sets["more"]
        row = slice(more.ptr[place], more.ptr[place + 1])
        pairs = zip(more.senders[row], more.receivers[row], strict=True)
        assert list(pairs) == ends["edge_sets/more"]


def test_what_is_lost_is_the_difference_to_the_graph_without_the_node():
    explainer = Explainer(Squares(), VARIABLES, num_outputs=2)

    def value(graph, removed):
        return sum(values.sum() for values in left(graph, removed)[0].values()) ** 2

    for graph, found in enumerate(explainer.leave_one_out(GRAPHS, 0)):
        size = int(GRAPHS.num_nodes[graph])
        expected = [value(graph, ()) - value(graph, (node,)) for node in range(size)]
        np.testing.assert_allclose(found.nodes, expected, rtol=1e-4, atol=1e-4)
        assert np.isnan(found.gap) and found.prediction == pytest.approx(value(graph, ()), 1e-4)
    groups = [[0, 2], [3], [1, 2, 3]]
    lost = explainer.leave_out(GRAPHS.select([2]), groups, 0)
    expected = [value(2, ()) - value(2, group) for group in groups]
    np.testing.assert_allclose(lost, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("groups", "message"),
    [([[4]], "nodes 0 to 3"), ([[]], "at least one"), ([[0.5]], "numbers of nodes")],
)
def test_groups_that_are_no_nodes_are_refused(groups, message, unchecked_types):
    with pytest.raises(ExplainError, match=message):
        Explainer(Squares(), VARIABLES, num_outputs=2).leave_out(GRAPHS.select([2]), groups)


def test_groups_are_of_one_graph():
    with pytest.raises(ExplainError, match="of one graph, and there are 3"):
        Explainer(Squares(), VARIABLES, num_outputs=2).leave_out(GRAPHS, [[0]])


@pytest.mark.parametrize(
    ("level", "index"), [("node", [5, 1, 7]), ("edge", [6, 0]), ("pair", [[4, 7], [2, 2]])]
)
def test_a_target_keeps_its_place_when_other_nodes_are_left_out(level, index):
    items = one_target_each(GRAPHS.with_targets(level, index))
    assert len(items) == len(index) == len(items.targets)
    values = GRAPHS.nodes["x"] if level != "edge" else GRAPHS.edges["x"]
    inside = items.nodes["x"] if level != "edge" else items.edges["x"]
    np.testing.assert_array_equal(inside[items.targets.index], values[np.array(index)])
    starts = items.edge_ptr if level == "edge" else items.node_ptr
    # The nodes of the first target stay; another node of its graph, which has four, goes.
    ends = {
        "node": items.targets.index[:1],
        "pair": items.targets.index[0] if level == "pair" else (),
        "edge": (),
    }[level]
    if level == "edge":
        edge = items.targets.index[0]
        ends = items.senders[edge], items.receivers[edge]
    (other, *_) = set(range(4)) - {int(end) - (starts[0] if level != "edge" else 0) for end in ends}
    less = without_nodes(items, [(0, np.array([other]))])
    inside_less = less.nodes["x"] if level != "edge" else less.edges["x"]
    np.testing.assert_array_equal(
        inside_less[less.targets.index[0]], inside[items.targets.index[0]]
    )


def test_a_node_cannot_be_left_out_of_its_own_prediction():
    explainer = Explainer(Squares("node"), VARIABLES)
    nodes = GRAPHS.with_targets("node", [1])
    (found,) = explainer.leave_one_out(nodes)
    assert np.isnan(found.nodes).tolist() == [False, True, False]
    with pytest.raises(ExplainError, match="holds the target itself"):
        explainer.leave_out(nodes, [[0, 1]])


def test_batches_of_large_graphs_hold_fewer_of_them():
    def sizes(num_nodes, dense):
        empty = [0] * 41
        many = Dataset.from_columns(
            node_ptr=num_nodes * np.arange(41),
            edge_ptr=empty,
            senders=[],
            receivers=[],
            nodes={"x": np.zeros((40 * num_nodes, 1), np.float32)},
        )
        parts = list(batches(many, dense=dense, most=32))
        assert sorted(np.concatenate([part.graphs for part in parts]).tolist()) == list(range(40))
        return max(len(part.graphs) for part in parts)

    assert sizes(60, dense=True) >= 20  # 32 places; two batches are balanced
    assert sizes(200, dense=True) == 4
    assert sizes(200, dense=False) >= 20
    assert sizes(600, dense=True) == 1
