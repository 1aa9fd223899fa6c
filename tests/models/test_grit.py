"""GRIT: its published size, and one result over pairs and over the edges of a complete graph."""

import jax
import pytest

import gtx
from gtx.encodings import RRWP
from gtx.models import GRIT
from tests.models.pair_models import assert_dense_equals_listed, molecules


def test_the_model_of_zinc_has_the_published_number_of_parameters():
    dataset = molecules()
    module = GRIT().build(dataset.spec, encodings=[RRWP(walk_length=21)])
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), batch))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == 473_473


def test_a_pair_column_cannot_have_the_name_of_the_edges_at_pairs():
    spec = molecules().spec
    spec = spec.replace(pairs={"edges": spec.pairs["rrwp"]})
    with pytest.raises(ValueError, match="pair column 'edges' another name"):
        GRIT().build(spec)


def test_small_graphs_run_dense_and_large_ones_along_edges_with_the_same_parameters():
    assert_dense_equals_listed(GRIT)
