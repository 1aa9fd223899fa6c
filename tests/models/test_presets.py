import functools

import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from gtx.models import presets
from gtx.nn.parts.initializers import xavier_uniform
from tests.batches import build_batch, random_graphs

partial = functools.partial


def batch_with(**columns):
    """The shapes of a batch with the given node, edge and graph columns."""
    batch = build_batch(random_graphs())
    levels = {level: dict(getattr(batch.graph, level)) for level in ("nodes", "edges", "globals")}
    for name, (level, width, dtype) in columns.items():
        rows = len(next(iter(levels[level].values())))
        levels[level][name] = jnp.zeros((rows, width), dtype)
    return batch.replace(graph=batch.graph._replace(**levels))


def count(model, batch):
    shapes = jax.eval_shape(model.init, jax.random.key(0), batch)
    return sum(np.prod(x.shape, dtype=int) for x in jax.tree.leaves(shapes["params"]))


def test_gps_on_zinc_has_the_423717_parameters_of_the_paper():
    model = presets.gps(
        num_outputs=1,
        nodes={"type": partial(nn.CategoricalEncoder, sizes=(28,))},
        edges={"type": partial(nn.CategoricalEncoder, sizes=(4,))},
        encodings={"rwse": partial(nn.RandomWalkEncoder, dim=28)},
    )
    batch = batch_with(type=("nodes", 1, int), rwse=("nodes", 20, float))
    edges = dict(type=jnp.zeros(len(batch.edge_mask), int))
    assert count(model, batch.replace(graph=batch.graph._replace(edges=edges))) == 423_717


def test_gps_on_peptides_func_has_the_504362_parameters_of_graphgps():
    atoms, bonds = (119, 4, 12, 12, 10, 6, 6, 2, 2), (5, 6, 2)  # OGB's, 173 and 13 rows
    model = presets.gps(
        num_outputs=10,
        nodes={"atom": partial(nn.CategoricalEncoder, sizes=atoms, embedding_init=xavier_uniform)},
        edges={"bond": partial(nn.CategoricalEncoder, sizes=bonds, embedding_init=xavier_uniform)},
        encodings={"lap": partial(nn.LaplacianEncoder, dim=16)},
        dim=96,
        num_layers=4,
        local=nn.GatedGCN,
        pool="mean",
        num_head_layers=1,
    )
    batch = batch_with(
        atom=("nodes", 9, int),
        bond=("edges", 3, int),
        lap_vectors=("nodes", 10, float),
        lap_values=("globals", 10, float),
        lap_mask=("globals", 10, float),
    )
    assert count(model, batch) == 504_362


def test_gps_binds_heads_and_dropouts_where_they_belong():
    model = presets.gps(
        num_outputs=1,
        nodes={},
        edges={},
        num_heads=8,
        dropout_rate=0.1,
        attention_dropout_rate=0.2,
        pool=None,
    )
    block = model.block()
    attention, feed_forward = block.attention(dim=64), block.feed_forward(dim=64)
    assert (attention.num_heads, attention.dropout_rate) == (8, 0.2)
    assert (feed_forward.dropout_rate, block.dropout_rate) == (0.1, 0.1)
    assert isinstance(model.readout(), nn.NodeReadout)
    assert presets.gps(num_outputs=1, nodes={}, edges={}, attention=None).block().attention is None


def test_gps_with_pairs_has_their_encoders_and_a_bias_in_every_layer():
    def model(**pairs):
        atoms = {"atom": partial(nn.CategoricalEncoder, sizes=(5, 3))}
        return presets.gps(num_outputs=1, nodes=atoms, edges={}, num_layers=3, **pairs)

    batch, pairs = batch_with(), {"x": nn.LinearEncoder}
    plain = count(model(), batch)
    assert count(model(pairs=pairs, pair_dim=6), batch) == plain + (8 * 6 + 6) + 3 * 6 * 4
    assert count(model(pairs=pairs), batch) == plain + (8 * 64 + 64) + 3 * 64 * 4
