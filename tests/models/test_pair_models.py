"""Models whose layers look at triangles of pairs: sizes, readouts, and what they refuse."""

import jax
import numpy as np
import pytest

import gtx
from gtx.encodings import RRWP
from gtx.models import TGT, EdgeTransformer, FloydNet
from tests.models.pair_models import molecules


def parameters(model, dataset):
    module = model.build(dataset.spec)
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), batch))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))


def test_the_edge_transformer_of_zinc_is_as_large_as_the_authors_code_makes_it():
    block = 5 * 64**2 + 65 * 128 + 129 * 64 + 3 * 2 * 64
    readout = 2 * 64 + 65 * 128 + 129 * 128 + 2 * 64 + 2 * 65 * 64
    head = 65 * 32 + 33 * 16 + 17
    embedded = 64 * (28 + 4) + 129 * 64
    expected = 10 * block + readout + head + embedded
    assert parameters(EdgeTransformer(), molecules(types=28, encodings=())) == expected == 420_737


def test_a_triplet_layer_adds_its_maps_to_all_blocks_but_the_last():
    small = dict(dim=8, pair_dim=8, num_layers=3, num_heads=2, triplet_heads=2)
    dataset = molecules()
    attention = 2 * 8 + 2 * (9 * 24 + 9 * 4) + 17 * 8
    update = 2 * 8 + 2 * 9 * 8 + 5 * 16
    of_attention, of_update = (
        parameters(TGT(triplet=kind, **small), dataset) for kind in ("attention", "update")
    )
    assert of_attention - of_update == 2 * (attention - update)


def test_large_graphs_need_no_more_than_chunks():
    dataset = molecules()
    batch = gtx.batching.batch_graphs(dataset)
    fields = dict(dim=8, num_layers=1, num_heads=2, expansion=1)
    dense, chunked = (
        FloydNet(implementation=name, **fields).build(dataset.spec, encodings=[RRWP()])
        for name in ("dense", "chunked")
    )
    variables = jax.jit(dense.init)(jax.random.key(0), batch)
    found = [jax.jit(model.apply)(variables, batch)[:2] for model in (dense, chunked)]
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_triangles_need_all_pairs():
    with pytest.raises(ValueError, match="structure: TGT does not read it"):
        TGT(structure="edges")
    assert EdgeTransformer().needs().dense
