"""Mistakes in calls of modules: each is refused in words that say what to pass instead."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.batch import Batch, Features, mask_features
from gtx.batching import batch_graphs
from gtx.graphs import from_arrays
from gtx.models import GraphTransformer
from gtx.nn.attention import edges_of
from tests.batches import DIM
from tests.descriptors import DESCRIPTORS, inputs
from tests.nn.layers import BATCH, KEY, features

pytestmark = pytest.mark.usefixtures("unchecked_types")
F = features()
NODES = F.nodes
LAYERS = [layer for layer in DESCRIPTORS if layer.kind == "layer"]
READOUTS = [layer for layer in DESCRIPTORS if layer.kind == "readout"]
OF_BATCHES = [layer for layer in DESCRIPTORS if layer.kind in ("encoder", "embed", "model")]
GAT = functools.partial(nn.GAT, num_heads=2)
HEADS = functools.partial(nn.MultiHeadAttention, num_heads=2)


def init(module, *arguments, train=True, **options):
    """Shapes alone: a mistake is found before anything is computed."""
    keys = dict(params=KEY, dropout=KEY)
    call = functools.partial(module.init, keys, train=train, **options)
    return jax.eval_shape(lambda: call(*arguments))


def layer(module, given=F, batch=BATCH):
    return init(module, given, batch)


STACKED = jax.tree.map(lambda x: jnp.stack([x, x]), BATCH)
CALLS = {
    "an array": ((NODES, BATCH), r"must be gtx.batch.Features, got float32 .*Features\(nodes=arr"),
    "a dict": (({"nodes": NODES}, BATCH), "must be gtx.batch.Features, got dict"),
    "a GraphsTuple": ((BATCH.graph, BATCH), "must be gtx.batch.Features, got GraphsTuple"),
    "nothing": ((None, BATCH), "must be gtx.batch.Features, got NoneType"),
    "the batch twice": ((BATCH, BATCH), "must be gtx.batch.Features, got Batch"),
    "the other order": ((BATCH, F), r"called as layer\(features, batch\), and got the batch first"),
    "a GraphsTuple for the batch": ((F, BATCH.graph), r"Batch, got GraphsTuple.*batch_graphs"),
    "a layout for the batch": ((F, BATCH.layout), "must be a gtx.batch.Batch, got Layout"),
    "stacked batches": ((F, STACKED), r"batch.node_mask must have one axis.*jax.vmap"),
    "a mask of numbers": (
        (F, BATCH.replace(edge_mask=BATCH.edge_mask * 1.0)),
        "batch.edge_mask must be bool",
    ),
    "a mask of other edges": (
        (F, BATCH.replace(edge_mask=BATCH.edge_mask[:2])),
        r"batch.edge_mask must have shape|features.edges has",
    ),
    "narrow ids": (
        (F, BATCH.replace(graph=BATCH.graph._replace(senders=BATCH.senders.astype(jnp.int8)))),
        "batch.graph.senders must be int32, as gtx.batching makes it, and is int8",
    ),
    "no nodes": ((Features(edges=F.edges), BATCH), "needs features of nodes"),
    "columns": (
        (Features(nodes=BATCH.graph.nodes), BATCH),
        r"features.nodes must be one array \[nodes, feat\], got a dict of columns .*gtx.nn.Embed",
    ),
    "categories": (
        (F.replace(nodes=BATCH.graph.nodes["atom"]), BATCH),
        "features.nodes must be floats and is int32. Encode categories, by gtx.nn.Categ",
    ),
    "bools": ((F.replace(edges=F.edges > 0), BATCH), "features.edges must be floats and is bool"),
    "complex numbers": ((F.replace(nodes=NODES + 0j), BATCH), "nodes must be floats and is compl"),
    "a list": ((F.replace(nodes=[[1.0]]), BATCH), "features.nodes must be an array .* got list"),
    "one number a node": (
        (F.replace(nodes=NODES[:, 0]), BATCH),
        r"features.nodes must have shape \[nodes, feat\], got",
    ),
    "an axis of batches": ((F.replace(nodes=NODES[None]), BATCH), "must have shape"),
    "fewer nodes": ((F.replace(nodes=NODES[:2]), BATCH), "features.nodes has 2 rows, but the ba"),
    "nodes for edges": ((F.replace(edges=NODES), BATCH), r"features.edges has \d+ rows"),
    "pairs as matrices": ((F.replace(pairs=jnp.ones((4, 4, 6, 8))), BATCH), "features.pairs must"),
    "graphs for nodes": ((F.replace(nodes=F.graphs), BATCH), "features.nodes has 5 rows, but"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_of_a_layer_is_refused(name):
    arguments, message = CALLS[name]
    for module in (nn.GINE(DIM), nn.MultiHeadAttention(DIM), nn.Pool()):
        with pytest.raises((TypeError, ValueError), match=message):
            init(module, *arguments)
    with pytest.raises((TypeError, ValueError), match=message):
        mask_features(*arguments)


@pytest.mark.parametrize("described", LAYERS + READOUTS, ids=lambda layer: layer.name)
def test_every_layer_and_readout_checks_its_arguments(described):
    module = described.factory()
    for name in ("an array", "a GraphsTuple for the batch", "categories", "fewer nodes"):
        arguments, message = CALLS[name]
        with pytest.raises((TypeError, ValueError), match=message):
            init(module, *arguments)


@pytest.mark.parametrize("described", OF_BATCHES, ids=lambda layer: layer.name)
def test_every_encoder_and_model_checks_its_batch(described):
    for wrong in (BATCH.graph, inputs(BATCH), [BATCH], STACKED):
        with pytest.raises(
            (TypeError, ValueError), match="must be a gtx.batch.Batch, got|one axis"
        ):
            init(described.factory(), wrong)


def embed(batch=BATCH, dim=DIM, nodes=None, **columns):
    return init(
        nn.Embed(dim, {"x": nn.LinearEncoder} if nodes is None else nodes, **columns), batch
    )


def model(batch=BATCH, **parts):
    parts = (
        dict(
            embed=functools.partial(nn.Embed, DIM, {"x": nn.LinearEncoder}),
            block=functools.partial(nn.TransformerBlock, DIM, HEADS),
            num_layers=1,
            readout=nn.Pool,
            head=functools.partial(nn.MLPHead, 1),
        )
        | parts
    )
    return init(GraphTransformer(**parts), batch)


GRAPH = from_arrays([0, 1], [1, 0], n_node=2, nodes={"x": np.ones((2, 1))})
MODULES = {
    "dim no multiple": (lambda: layer(nn.MultiHeadAttention(7)), "7 is not a multiple of num_he"),
    "no heads": (lambda: layer(nn.MultiHeadAttention(DIM, 0)), "num_heads must be an int of 1"),
    "heads as a float": (lambda: layer(GAT(DIM, num_heads=2.0)), "num_heads must be an int"),
    "no dim": (lambda: layer(nn.GATv2(0)), "dim must be an int of 1 or more, got 0"),
    "heads of an average": (lambda: layer(GAT(DIM, num_heads=0, concat=False)), "num_heads must"),
    "dim of a layer": (lambda: layer(nn.GINE(-1)), "must be an int of 1 or more, got -1"),
    "structure of attention": (
        lambda: layer(nn.MultiHeadAttention(DIM, structure="graph")),
        "must be 'complete' or 'edges'",
    ),
    "implementation": (lambda: layer(HEADS(DIM, implementation="fast")), "there are dense, chunk"),
    "scale of each head": (lambda: layer(HEADS(DIM, scale=np.ones(2))), "scale must be one number"),
    "rate of attention": (lambda: layer(HEADS(DIM, dropout_rate=-0.5)), r"\[0, 1\), got -0.5"),
    "rate as a name": (lambda: layer(HEADS(DIM, dropout_rate="0.5")), "number in .*not a str"),
    "pair bias without pairs": (
        lambda: layer(HEADS(DIM, pair_bias=True), Features(nodes=NODES)),
        "needs pair features",
    ),
    "GatedGCN without edges": (
        lambda: layer(nn.GatedGCN(DIM), Features(nodes=NODES)),
        "needs edge features; ConstantEncoder",
    ),
    "GatedGCN of another width": (
        lambda: layer(nn.GatedGCN(DIM + 1)),
        f"has dim {DIM + 1} and adds its results to the edges, which have width {DIM}",
    ),
    "GINE of other edges": (
        lambda: layer(nn.GINE(DIM), F.replace(edges=F.edges[:, :3])),
        "encode both to the same width",
    ),
    "points": (lambda: layer(nn.ISAB(DIM, num_points=0)), "num_points must be an int of 1"),
    "width of a set": (lambda: layer(nn.SetAttentionBlock(4)), "encode nodes to width 4"),
    "seeds": (lambda: layer(nn.PMA(num_seeds=0)), "num_seeds must be an int of 1"),
    "block of another width": (
        lambda: layer(nn.TransformerBlock(16, HEADS)),
        f"TransformerBlock has dim 16 and adds its results to the nodes, which have width {DIM}",
    ),
    "GPS of another width": (lambda: layer(nn.GPSBlock(16, nn.GINE, HEADS)), "has dim 16 and adds"),
    "a module in a block": (
        lambda: layer(nn.GPSBlock(DIM, nn.GINE(DIM), HEADS)),
        r"local must be a factory, got a module, GINE\(\.\.\.\).*functools.partial\(GINE",
    ),
    "a name in a block": (
        lambda: layer(nn.GPSBlock(DIM, "gine", HEADS)),
        "local must be a factory",
    ),
    "an attention module": (
        lambda: layer(nn.TransformerBlock(DIM, nn.MultiHeadAttention(DIM))),
        "attention must be a factory, got a module",
    ),
    "no attention": (lambda: layer(nn.TransformerBlock(DIM, None)), "attention must be a factory"),
    "a norm module": (
        lambda: layer(nn.GPSBlock(DIM, nn.GINE, None, norm=nn.LayerNorm())),
        "norm must be a factory",
    ),
    "no parts": (lambda: layer(nn.GPSBlock(DIM, None, None)), "a local layer, an attention layer"),
    "form": (lambda: layer(nn.TransformerBlock(DIM, HEADS, form="pre")), "'post_ln' or 'pre_ln'"),
    "pooling": (lambda: layer(nn.Pool("median")), "no pooling 'median'; there are sum, mean, max"),
    "Linear of Features": (
        lambda: nn.Linear(3).init(KEY, F),
        "input of Linear must be an array .* got Features",
    ),
    "Linear of a number": (lambda: nn.Linear(3).init(KEY, jnp.float32(1)), "an axis of features"),
    "Linear to nothing": (lambda: nn.Linear(None).init(KEY, NODES), "features of Linear must be"),
    "head of Features": (lambda: init(nn.MLPHead(1), F), "input of MLPHead must be an array"),
    "head of nothing left": (
        lambda: init(nn.MLPHead(1), NODES[:, :2]),
        "halves the width 2 of its input 2 times, which leaves nothing",
    ),
    "no head layers": (lambda: init(nn.MLPHead(1, num_layers=0), NODES), "num_layers must be an"),
    "norm of Features": (lambda: init(nn.LayerNorm(), F, BATCH.node_mask), "a norm must be an arr"),
    "norm of integers": (
        lambda: init(nn.BatchNorm(), NODES.astype(int), BATCH.node_mask),
        "must hold floats",
    ),
    "norm by a batch": (lambda: init(nn.RMSNorm(), NODES, BATCH), "mask of a norm must be an arr"),
    "norm by numbers": (
        lambda: init(nn.LayerNorm(), NODES, BATCH.node_mask * 1.0),
        "mask of a norm must be bool",
    ),
    "norm by no mask": (lambda: init(nn.BatchNorm(), NODES, None), "needs the mask of its rows"),
    "norm by edges": (lambda: init(nn.BatchNorm(), NODES, BATCH.edge_mask), "mask of a norm must"),
    "dropout of Features": (
        lambda: init(nn.Dropout(0.5), F, BATCH.node_ids),
        "input of Dropout must be an array",
    ),
    "dropout of integers": (
        lambda: init(nn.Dropout(0.5), NODES.astype(int), BATCH.node_ids),
        "must hold floats",
    ),
    "dropout without ids": (lambda: init(nn.Dropout(0.5), NODES), r"integer ids \[rows\] that say"),
    "dropout by edges": (
        lambda: init(nn.Dropout(0.5), NODES, jnp.arange(3)),
        r"such as batch.node_ids, and got \[\[3\]\]",
    ),
    "dropout by a mask": (
        lambda: init(nn.Dropout(0.5), NODES, BATCH.node_mask),
        "must be integers, which say whose noise",
    ),
    "rate of dropout": (lambda: init(nn.Dropout(1.0), NODES, BATCH.node_ids), r"\[0, 1\)"),
    "cross attention of Features": (
        lambda: init(nn.CrossAttention(DIM), F, F, edges_of(BATCH)),
        "receivers must be an array .* got Features",
    ),
    "cross attention without a structure": (
        lambda: init(nn.CrossAttention(DIM), NODES, NODES, BATCH),
        r"Batch: pass Edges\(batch.senders, batch.receivers, where=batch.edge_mask\)",
    ),
    "edges of a GraphsTuple": (lambda: edges_of(BATCH.graph), "must be a gtx.batch.Batch, got Gr"),
    "missing column": (lambda: embed(nodes={"y": nn.LinearEncoder}), "no node column 'y'; it has"),
    "columns as a list": (lambda: embed(nodes=["x"]), "nodes of Embed must be a dict"),
    "an encoder for columns": (lambda: embed(nodes=nn.LinearEncoder), "nodes of Embed must be a d"),
    "an encoder by name": (lambda: embed(nodes={"x": "linear"}), r"nodes\['x'\] must be a factory"),
    "an encoder module": (
        lambda: embed(edges={"x": nn.LinearEncoder("x", DIM)}),
        r"edges\['x'\] must be a factory, got a module, LinearEncoder",
    ),
    "encodings too wide": (
        lambda: embed(encodings={"rwse": functools.partial(nn.RandomWalkEncoder, dim=DIM + 1)}),
        f"Encodings take {DIM + 1} of the {DIM} features",
    ),
    "categories of floats": (
        lambda: init(nn.CategoricalEncoder("x", (3,) * DIM, DIM), BATCH),
        "categories are integers",
    ),
    "categories of fewer sizes": (
        lambda: init(nn.CategoricalEncoder("atom", (3,), DIM), BATCH),
        "has 2 features, but sizes has 1",
    ),
    "level": (
        lambda: init(nn.LinearEncoder("x", DIM, level="nodes"), BATCH),
        "no level 'nodes'; t",
    ),
    "column of another length": (
        lambda: init(
            nn.LinearEncoder("x", DIM),
            BATCH.replace(graph=BATCH.graph._replace(nodes={"x": NODES[:3]})),
        ),
        "one row for each of the",
    ),
    "model of a GraphsTuple": (
        lambda: model(BATCH.graph),
        "batch must be a gtx.batch.Batch, got G",
    ),
    "model with a block module": (
        lambda: model(block=nn.TransformerBlock(DIM, HEADS)),
        "block must be a factory, got a module",
    ),
    "model without a head": (lambda: model(head=None), "head must be a factory"),
    "model of fewer blocks": (lambda: model(block=(HEADS,), num_layers=2), "there are 1 blocks"),
    "batch of a number": (lambda: batch_graphs(3), "expected a jraph.GraphsTuple, got int"),
    "batch of a batch": (lambda: batch_graphs(BATCH), "expected a jraph.GraphsTuple, got Batch"),
    "batch of arrays": (
        lambda: batch_graphs((np.ones(2), np.ones(2))),
        "graph 0: expected a jraph",
    ),
    "batch of nothing": (lambda: batch_graphs([]), "none to join"),
    "batch of names": (
        lambda: batch_graphs(["CCO"]),
        "graph 0: expected a jraph.GraphsTuple, got s",
    ),
    "batch of float ids": (
        lambda: batch_graphs(GRAPH._replace(senders=np.ones(2))),
        "senders has dtype float64",
    ),
    "batch of unknown nodes": (
        lambda: batch_graphs(GRAPH._replace(senders=np.array([0, 5]))),
        r"senders\[1\] is 5, but the graph has 2 nodes",
    ),
    "batch of NaN": (
        lambda: batch_graphs(GRAPH._replace(nodes={"x": np.array([[1.0], [np.nan]])})),
        "holds NaN or Inf",
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_mistake_is_refused_in_words_that_say_what_to_pass(name):
    mistake, message = MODULES[name]
    with pytest.raises((TypeError, ValueError), match=message):
        mistake()


def test_numpy_batches_and_float16_are_taken():
    batch: Batch = jax.tree.map(np.asarray, BATCH)
    given = jax.tree.map(lambda x: np.asarray(x, np.float16), F)
    rows = layer(nn.GINE(DIM), given, batch)
    assert jax.tree.structure(rows) == jax.tree.structure(layer(nn.GINE(DIM)))
    only_edges = mask_features(Features(edges=F.edges), BATCH, needs=("edges",))
    assert only_edges.nodes is None and dataclasses.is_dataclass(only_edges)
