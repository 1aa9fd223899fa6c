"""Gaussian kernels of distances, against float64 numpy."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import norm

from gtx import nn
from gtx.ops import split_pairs
from tests.nn.layers import BATCH, REAL, affine, close, encode

pytestmark = pytest.mark.usefixtures("quick_compilation")
GRAPH = np.asarray(BATCH.node_graph)
MASK = np.asarray(BATCH.pair_mask)


def expected(distance, params):
    widths = np.abs(params["widths"]) + 0.01
    phi = norm.pdf(distance[..., None], params["means"], widths)
    hidden = affine(phi, params["hidden"])
    return affine(hidden * (1 + erf(hidden / np.sqrt(2))) / 2, params["output"])


def test_they_read_the_distances_of_positions_in_space():
    params, out = encode(nn.GaussianKernelEncoder("", 3, positions="x", num_kernels=6))
    assert params["means"].shape == (6,) and 0 <= params["means"].min() < 1.5
    places = np.float64(BATCH.graph.nodes["x"])
    matrices = [one for tier in split_pairs(out, BATCH.layout.tiers) for one in tier]
    for graph, matrix in enumerate(matrices):
        own = places[(graph == GRAPH) & REAL]
        distance = np.linalg.norm(own[:, None] - own[None], axis=-1)
        close(matrix[: len(own), : len(own)], expected(distance, params), 1e-4)
    assert not out[~MASK].any()


def test_they_read_a_column_of_pairs():
    column = jnp.abs(BATCH.pairs["x"][:, :1])
    batch = BATCH.replace(pairs={**BATCH.pairs, "far": column})
    params, out = encode(nn.GaussianKernelEncoder("far", 3, num_kernels=6), batch)
    close(out[MASK], expected(np.float64(column[:, 0]), params)[MASK], 1e-4)


def test_columns_of_several_numbers_and_other_levels_are_refused():
    with pytest.raises(ValueError, match="'x' has 8 numbers, and a distance is one"):
        encode(nn.GaussianKernelEncoder("x", 3))
    with pytest.raises(ValueError, match="GaussianKernelEncoder encodes pairs"):
        encode(nn.GaussianKernelEncoder("x", 3, level="node"))
