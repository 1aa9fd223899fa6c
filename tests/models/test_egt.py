"""EGT: its size, and one result over pairs and over the edges of a complete graph."""

import jax
import pytest

import gtx
from gtx.data import Categorical
from gtx.encodings import ShortestPathDistance
from gtx.models import EGT
from tests.models.pair_models import assert_dense_equals_listed, molecules


def test_the_model_of_zinc_is_as_large_as_the_authors_code_makes_it():
    dataset = molecules(types=28, encodings=[ShortestPathDistance(max_distance=16)])
    module = EGT().build(dataset.spec)
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), batch))
    found = sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))
    # Keras counts no map that no output reads: the last layer's update of pairs.
    attention = 64 * 192 + 192 + 2 * (64 * 8 + 8) + 65 * 64
    feed_forward = 64 * 128 + 128 + 128 * 64 + 64
    last = 3 * 2 * 64 + attention + feed_forward
    layer = last + 2 * 64 + 8 * 64 + 64 + feed_forward
    head = 65 * 32 + 33 * 16 + 17
    assert dataset.spec.pairs["spd"] == Categorical((19,))
    embedded = 64 * (28 + 4 + 19)
    assert found == 9 * layer + last + 2 * 64 + head + embedded == 507_937


def test_small_graphs_run_dense_and_large_ones_along_edges_with_the_same_parameters():
    assert_dense_equals_listed(EGT, pair_dim=4, scale_degree=True)


def test_reading_virtual_nodes_needs_them_and_all_pairs():
    assert EGT(read_virtual_nodes=True).needs().structures == ("virtual_nodes",)
    dataset = molecules()
    with pytest.raises(ValueError, match="Add the structure 'virtual_nodes'"):
        EGT(read_virtual_nodes=True).build(dataset.spec)
    with pytest.raises(ValueError, match="Give the structure 'complete'"):
        EGT(read_virtual_nodes=True, structure="edges").build(dataset.spec)
