"""Pictures of graphs: what is drawn adds up, and large graphs are drawn around their target."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gtx.explain import EdgeShares, Explanation, graph_drawing

PNG = b"\x89PNG\r\n\x1a\n"
RING = np.arange(5)
ENDS = (
    np.concatenate([RING, (RING + 1) % 5]),
    np.concatenate([(RING + 1) % 5, RING]),
)


def explanation(edges, method="integrated gradients", nodes=5, **fields):
    values = np.random.default_rng(0).normal(size=nodes)
    return Explanation(method, "y", "prediction", values, 5, edges=edges, **fields)


def test_colours_of_nodes_and_edges_add_up_as_the_explanation_does():
    rng = np.random.default_rng(1)
    pairs = EdgeShares(np.tile(RING, 5), np.repeat(RING, 5), rng.normal(size=25))
    own = EdgeShares(*ENDS, rng.normal(size=10))
    added = EdgeShares(np.array([5, 0]), np.array([0, 5]), rng.normal(size=2))
    found = explanation({"graph": own, "pairs": pairs, "virtual": added}, nodes=6, graph=0.3)
    drawn = graph_drawing.drawn(found, *ENDS)
    assert not drawn.directed and len(drawn.edges) == 5 and len(drawn.nodes) == 5
    assert drawn.nodes.sum() + drawn.edges.sum() + found.rest == pytest.approx(found.total)
    for sender, receiver, value in zip(drawn.senders, drawn.receivers, drawn.edges, strict=True):
        both = {(sender, receiver), (receiver, sender)}
        rows = [row for row, ends in enumerate(zip(*ENDS, strict=True)) if ends in both]
        assert value == pytest.approx(own.values[rows].sum())


def test_edges_with_directions_are_arrows_and_lost_edges_do_not_add_up():
    ends = np.array([0, 0, 1]), np.array([1, 1, 2])
    own = EdgeShares(*ends, np.array([1.0, -3.0, 0.5]))
    drawn = graph_drawing.drawn(explanation({"graph": own}), *ends)
    assert drawn.directed and drawn.edges.tolist() == [-2.0, 0.5]
    lost = graph_drawing.drawn(explanation({"graph": own}, "leave one edge out"), *ends)
    assert lost.edges.tolist() == [-3.0, 0.5]
    bare = graph_drawing.drawn(explanation({}), *ENDS)  # nothing is said of edges
    assert len(bare.edges) == 5 and np.isnan(bare.edges).all()


def path_graph(size, target=()):
    rng = np.random.default_rng(0)
    ends = np.arange(size - 1), np.arange(1, size)
    return graph_drawing.Drawn(
        rng.normal(size=size), *ends, rng.normal(size=size - 1), False, target
    )


def test_a_large_graph_is_drawn_around_its_target():
    nodes, text = graph_drawing.near(path_graph(100, (40,)), most=8)
    assert nodes.tolist() == list(range(37, 44))
    assert text == "7 of 100 nodes: node 40 and up to 3 steps around"
    nodes, text = graph_drawing.near(path_graph(100, (40, 43)), most=9)
    assert nodes.tolist() == list(range(38, 46))
    assert text == "8 of 100 nodes: nodes 40 and 43 and up to 2 steps around"
    assert graph_drawing.near(path_graph(9), most=9)[1] == ""
    whole = path_graph(50)
    whole.nodes[20] = -9
    nodes, text = graph_drawing.near(whole, most=5)
    assert 20 in nodes and len(nodes) <= 5 and "node 20 and up to" in text or "node 21" in text


def test_of_too_many_neighbours_those_that_contribute_most_are_drawn():
    star = graph_drawing.Drawn(
        np.arange(30.0), np.zeros(29, int), np.arange(1, 30), np.zeros(29), False, (0,)
    )
    nodes, text = graph_drawing.near(star, most=4)
    assert nodes.tolist() == [0, 27, 28, 29]
    assert text == "4 of 30 nodes: node 0, 3 of its 29 neighbours"
    alone = graph_drawing.Drawn(np.zeros(9), *np.zeros((2, 0), int), np.zeros(0), False, (3,))
    assert graph_drawing.near(alone, most=4)[0].tolist() == [3]


@pytest.mark.parametrize(
    "graph",
    [
        path_graph(3, (1,)),
        path_graph(100),
        graph_drawing.Drawn(np.zeros(2), *np.array([[0, 1], [1, 1]]), np.ones(2), True),
        graph_drawing.Drawn(np.full(1, np.nan), *np.zeros((2, 0), int), np.zeros(0), False),
        graph_drawing.Drawn(np.zeros(0), *np.zeros((2, 0), int), np.zeros(0), False),
    ],
    ids=["path", "large", "arrows", "one node", "no node"],
)
def test_a_picture_is_png_and_the_same_svg_again(graph):
    pytest.importorskip("networkx")
    svg, png = graph_drawing.draw(graph, "a $b$ <c> 溶", "of 100 % \\alpha $_{")
    assert png.startswith(PNG)
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and "http" not in svg.split("<defs", 1)[1]
    if len(graph.nodes) < 10:
        assert graph_drawing.draw(graph, "a $b$ <c> 溶", "of 100 % \\alpha $_{")[0] == svg
