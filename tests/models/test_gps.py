"""GPS: published sizes, and what its fields bind."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.encodings import LaplacianEigenvectors, RandomWalk
from gtx.models import GPS
from tests.batches import build_batch, random_graphs

LABEL = Label("graph", "regression", 1)


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
    types = dict(type=Categorical((28,))), dict(type=Categorical((4,)))
    spec = GraphSpec(nodes={**types[0], "rwse": Continuous(20)}, edges=types[1], label=LABEL)
    model = GPS().build(spec, encodings=[RandomWalk(20)])
    batch = batch_with(type=("nodes", 1, int), rwse=("nodes", 20, float))
    edges = dict(type=jnp.zeros(len(batch.edge_mask), int))
    assert count(model, batch.replace(graph=batch.graph._replace(edges=edges))) == 423_717


def test_gps_on_peptides_func_has_the_504362_parameters_of_graphgps():
    atoms, bonds = (119, 4, 12, 12, 10, 6, 6, 2, 2), (5, 6, 2)  # OGB's, 173 and 13 rows
    spec = GraphSpec(
        nodes={"atom": Categorical(atoms)},
        edges={"bond": Categorical(bonds)},
        label=Label("graph", "multilabel", 10),
    )
    table = dict(name="categorical", embedding_init="xavier_uniform")
    model = GPS(
        dim=96,
        num_layers=4,
        local="gated_gcn",
        encoding_dim=16,
        node_encoders={"atom": table},
        edge_encoders={"bond": table},
        pool="mean",
        head_layers=1,
    ).build(spec, encodings=[LaplacianEigenvectors(10, name="lap")])
    batch = batch_with(
        atom=("nodes", 9, int),
        bond=("edges", 3, int),
        lap_vectors=("nodes", 10, float),
        lap_values=("globals", 10, float),
        lap_mask=("globals", 10, float),
    )
    assert count(model, batch) == 504_362


def test_gps_binds_heads_and_dropouts_where_they_belong():
    fields = dict(num_heads=8, dropout_rate=0.1, attention_dropout_rate=0.2)
    spec = GraphSpec(label=Label("node", "multiclass", 3))
    model = GPS(**fields, local=dict(name="gat", self_loops=True)).build(spec)
    block = model.block()
    attention, feed_forward = block.attention(dim=64), block.feed_forward(dim=64)
    local = block.local(dim=64)
    assert (attention.num_heads, attention.dropout_rate) == (8, 0.2)
    assert (local.num_heads, local.dropout_rate, local.self_loops) == (8, 0.2, True)
    assert (feed_forward.dropout_rate, block.dropout_rate) == (0.1, 0.1)
    assert isinstance(model.readout(), nn.NodeReadout)
    assert GPS(attention="none").build(spec).block().attention is None
    swiglu = GPS(activation="swiglu").build(spec).block().feed_forward(dim=64)
    assert swiglu.gated and swiglu.activation is jax.nn.silu


def test_what_a_part_says_itself_goes_before_what_the_model_says():
    spec = GraphSpec(label=LABEL)
    gated = functools.partial(nn.GatedGCN, dropout_rate=0.7)
    local = GPS(local=gated, dropout_rate=0.1).build(spec).block().local(dim=8)
    assert local.dropout_rate == 0.7 and local.norm is nn.BatchNorm
    attention = dict(name="complete", dropout_rate=0.4, implementation="dense")
    attention = GPS(attention=attention).build(spec).block().attention(dim=64)
    assert (attention.dropout_rate, attention.implementation) == (0.4, "dense")


def test_gps_with_pairs_has_their_encoders_and_a_bias_in_every_layer():
    def model(columns, **fields):
        spec = GraphSpec(nodes={"atom": Categorical((5, 3))}, pairs=columns, label=LABEL)
        return GPS(num_layers=3, **fields).build(spec)

    batch, pairs = batch_with(), {"x": Continuous(8)}
    plain = count(model({}), batch)
    assert count(model(pairs, pair_dim=6), batch) == plain + (8 * 6 + 6) + 3 * 6 * 4


def test_the_layout_is_needed_by_what_reads_pairs():
    assert GPS().needs().dense and not GPS(attention="edges").needs().dense
    for part, dense in (
        ("laplacian", False),
        ("spe", True),
        (dict(name="laplacian_linear", random_bases=True), True),
    ):
        model = GPS(attention="none", node_encoders={"laplacian": part})
        assert model.needs().dense == dense


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (dict(dim=0), "GPS.dim: 0 is not allowed. Give an integer of at least 1"),
        (dict(dim=6), "dim: 6 is not a multiple of num_heads 4"),
        (dict(attention="none", local="none"), "leaves no layer"),
        (dict(local="gine2"), "there is no 'gine2' among .*did you mean 'gine'"),
        (dict(dtype="float64"), "needs jax_enable_x64"),
    ],
)
def test_a_field_that_cannot_be_is_refused_when_the_model_is_made(fields, says):
    with pytest.raises(ValueError, match=says):
        GPS(**fields)


@pytest.mark.parametrize(
    ("encoders", "says"),
    [
        ({"atmo": "categorical"}, "node_encoders.atmo: there is no 'atmo'.*did you mean 'atom'"),
        ({"atom": dict(name="categorical", sizes=(4, 3))}, "has no row for some categories"),
        ({"x": "categorical"}, "the column holds numbers"),
    ],
)
def test_an_encoder_that_does_not_suit_its_column_is_refused(encoders, says):
    nodes = {"atom": Categorical((5, 3)), "x": Continuous(2)}
    with pytest.raises(ValueError, match=says):
        GPS(node_encoders=encoders).build(GraphSpec(nodes=nodes, label=LABEL))


def test_a_table_may_have_more_rows_than_the_column_has_categories():
    spec = GraphSpec(nodes={"degree": Categorical((10,))}, label=LABEL)
    table = dict(name="categorical", sizes=(64,))
    model = GPS(node_encoders={"degree": table}, local="gcn", num_layers=1).build(spec)
    batch = batch_with(degree=("nodes", 1, int))
    shapes = jax.eval_shape(model.init, jax.random.key(0), batch)["params"]["embed"]
    assert shapes["node_degree"]["embedding"].shape == (64, 64)
