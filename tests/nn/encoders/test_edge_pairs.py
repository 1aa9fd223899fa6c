"""From edges to pairs, and from pairs to edges."""

import functools

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


def test_what_cannot_be_encoded_says_why():
    with pytest.raises(ValueError, match="encodes pairs"):
        encode(nn.EdgePairEncoder(DIM, EDGES, level="node"))
    with pytest.raises(ValueError, match="ConstantEncoder is one"):
        encode(nn.EdgePairEncoder(DIM, {}))
    with pytest.raises(ValueError, match="no column of pairs is encoded"):
        encode(nn.Embed(DIM, {"x": nn.LinearEncoder}, pairs_over=("graph",)))
