"""Encoders of vectors of two parts and of random identifiers, against float64 numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.batches import build_batch, random_graphs
from tests.nn.layers import BATCH, REAL, affine, close, encode

pytestmark = pytest.mark.usefixtures("quick_compilation")

GRAPH = np.asarray(BATCH.node_graph)
FIRST, SECOND = np.split(np.float64(BATCH.graph.nodes["svd_vectors"]), 2, axis=1)
SECOND_GRAPH = GRAPH == 1  # six nodes, three vectors


def drawn(encoder, seed):
    """The parts that were mapped in training, of the nodes of one graph: [nodes, 2, 3]."""
    params, out = encode(encoder, train=True, seed=seed)
    kernel, bias = (params["linear"][name] for name in ("kernel", "bias"))
    inputs = np.linalg.lstsq(kernel.T, (out[SECOND_GRAPH] - bias).T, rcond=None)[0].T
    return inputs.reshape(-1, 2, 3)


def test_both_parts_are_mapped_linearly():
    params, out = encode(nn.VectorPairsEncoder("svd", 5))
    assert params["linear"]["kernel"].shape == (6, 5)
    both = np.concatenate([FIRST, SECOND], axis=1)
    close(out, np.where(REAL[:, None], affine(both, params["linear"]), 0))


def test_signs_are_common_to_both_parts_of_a_vector():
    seen = set()
    for seed in range(8):
        found = drawn(nn.VectorPairsEncoder("svd", 8), seed)
        signs = np.rint(found[:, 0] / FIRST[SECOND_GRAPH])
        assert (signs == signs[0]).all() and set(signs[0]) <= {-1.0, 1.0}
        close(found[:, 1], SECOND[SECOND_GRAPH] * signs, 1e-4)
        seen.add(tuple(signs[0]))
    assert len(seen) > 2


def test_phases_turn_a_vector_as_a_whole():
    angles = []
    for seed in range(8):
        found = drawn(nn.VectorPairsEncoder("svd", 8, random="phases"), seed)
        turn = (found[:, 0] + 1j * found[:, 1]) / (FIRST + 1j * SECOND)[SECOND_GRAPH]
        close(np.abs(turn), np.ones_like(FIRST[SECOND_GRAPH]), 1e-4)
        close(np.abs(turn - turn[0]), np.zeros_like(FIRST[SECOND_GRAPH]), 1e-3)
        angles.extend(np.angle(turn[0]))
    assert np.histogram(angles, bins=4, range=(-np.pi, np.pi))[0].min() > 1  # all around


def test_other_columns_and_settings_are_refused():
    with pytest.raises(ValueError, match="VectorPairsEncoder encodes nodes"):
        encode(nn.VectorPairsEncoder("svd", 5, level="graph"))
    columns = {**BATCH.graph.nodes, "svd_vectors": jnp.asarray(FIRST, jnp.float32)}
    batch = BATCH.replace(graph=BATCH.graph._replace(nodes=columns))
    with pytest.raises(ValueError, match="svd_vectors has 3 numbers for 3 vectors"):
        encode(nn.VectorPairsEncoder("svd", 5), batch)


def rows(encoder, seed, batch=BATCH):
    params, out = encode(encoder, batch, train=True, seed=seed)
    kernel, bias = (params["linear"][name] for name in ("kernel", "bias"))
    return np.linalg.solve(kernel.T, (out - bias).T).T


def test_rotations_keep_the_products_of_the_rows_of_a_graph():
    x = np.float64(BATCH.graph.nodes["x"])
    for seed in (0, 1):
        found = rows(nn.RandomFeaturesEncoder("x", 8), seed)
        for graph in range(4):
            one, two = found[(graph == GRAPH) & REAL], x[(graph == GRAPH) & REAL]
            close(one @ one.T, two @ two.T, 1e-3)
            assert np.abs(one - two).max() > 0.1
    first, second = (rows(nn.RandomFeaturesEncoder("x", 8), seed) for seed in (0, 1))
    assert np.abs(first - second)[REAL].max() > 0.1


def test_normal_rows_do_not_depend_on_the_column_but_on_who_the_node_is():
    encoder = nn.RandomFeaturesEncoder("x", 8, redraw="normal")
    found = rows(encoder, 0)
    assert 0.6 < found[REAL].std() < 1.4
    columns = {**BATCH.graph.nodes, "x": BATCH.graph.nodes["x"] * 2}
    other = BATCH.replace(graph=BATCH.graph._replace(nodes=columns))
    close(rows(encoder, 0, other)[REAL], found[REAL], 1e-4)
    alone = build_batch(random_graphs()[1:2], ids=[1])
    close(rows(encoder, 0, alone)[:6], found[GRAPH == 1], 1e-4)


@pytest.mark.parametrize("redraw", ["rotation", "normal", "none"])
def test_evaluation_reads_the_column(redraw):
    params, out = encode(nn.RandomFeaturesEncoder("x", 5, redraw=redraw))
    expected = affine(np.float64(BATCH.graph.nodes["x"]), params["linear"])
    close(out, np.where(REAL[:, None], expected, 0))
    layout = nn.RandomFeaturesEncoder.needs_layout(dict(redraw=redraw))
    assert layout == (redraw == "rotation")
