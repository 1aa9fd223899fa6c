"""From edges to pairs, and from pairs to edges."""

import functools

import jax
import numpy as np
import pytest

from gtx import nn
from gtx.ops import edge_pairs
from tests.batches import DIM
from tests.nn.layers import BATCH, REAL_EDGES, RECEIVERS, SENDERS, affine, close, encode

EDGES = {"x": nn.LinearEncoder}
PAIRS = np.asarray(edge_pairs(SENDERS, RECEIVERS, BATCH.layout))


def test_parallel_edges_are_summed_at_their_pair_and_other_pairs_have_zero():
    params, out = encode(nn.EdgePairEncoder(DIM, EDGES, level="pair"))
    edges = affine(np.float64(BATCH.graph.edges["x"]), params["edge_x"]["linear"])[REAL_EDGES]
    expected = np.zeros((BATCH.layout.num_pairs, DIM))
    np.add.at(expected, PAIRS, edges)
    assert len(set(PAIRS)) < len(PAIRS)
    close(out, expected)


def test_features_of_pairs_are_read_at_the_edges_of_a_set_in_place_of_all_pairs():
    pairs = functools.partial(nn.Embed, DIM, {"x": nn.LinearEncoder}, pairs={"x": nn.LinearEncoder})
    _, everywhere = encode(pairs())
    _, at_edges = encode(pairs(pairs_over=("graph",)))
    assert at_edges.pairs is None
    close(at_edges.edges[REAL_EDGES], everywhere.pairs[PAIRS])
    assert not at_edges.edges[~REAL_EDGES].any()


def with_slash():
    """The batch with the columns "a/b" and "a:b" of edges."""
    edges = {"a/b": BATCH.graph.edges["x"], "a:b": BATCH.graph.edges["x"]}
    return BATCH.replace(graph=BATCH.graph._replace(edges=edges))


SLASH = {
    "pairs": functools.partial(nn.EdgePairEncoder, DIM),
    "paths": functools.partial(nn.EdgePathEncoder, "paths", DIM),
    "columns": lambda edges: nn.Embed(DIM, {"x": nn.LinearEncoder}, edges=edges),
}


@pytest.mark.parametrize("name", SLASH)
def test_a_slash_in_the_name_of_a_column_parts_no_path_of_parameters(name):
    def init(*columns):
        encoder = SLASH[name](edges=dict.fromkeys(columns, nn.LinearEncoder))
        return jax.eval_shape(lambda: encoder.init(jax.random.key(0), with_slash(), train=False))

    assert {"edge_a:b"} <= init("a/b")["params"].keys()
    with pytest.raises(ValueError, match="columns 'a/b' and 'a:b' would both be read by a module"):
        init("a/b", "a:b")


def test_a_column_of_a_set_and_one_of_the_graph_have_modules_of_their_own():
    encoder = nn.Embed(
        DIM, {"x": nn.LinearEncoder}, edges={"set_k_hop": nn.LinearEncoder},
        edge_sets={"k": {"hop": nn.LinearEncoder}},
    )  # fmt: skip
    with pytest.raises(ValueError, match="'set_k_hop' and 'hop' would both .* 'edge_set_k_hop'"):
        encode(encoder)


def test_what_cannot_be_encoded_says_why():
    with pytest.raises(ValueError, match="encodes pairs"):
        encode(nn.EdgePairEncoder(DIM, EDGES, level="node"))
    with pytest.raises(ValueError, match="ConstantEncoder is one"):
        encode(nn.EdgePairEncoder(DIM, {}))
    with pytest.raises(ValueError, match="no column of pairs is encoded"):
        encode(nn.Embed(DIM, {"x": nn.LinearEncoder}, pairs_over=("graph",)))
