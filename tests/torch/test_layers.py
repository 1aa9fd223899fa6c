"""Layers at the same weights: values, gradients of parameters and inputs, running statistics."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch_geometric = pytest.importorskip("torch_geometric")

from experiments.benchmarks import weights  # noqa: E402
from gtx import nn  # noqa: E402
from tests.torch import pairs  # noqa: E402

pytestmark = pytest.mark.torch
DIM, EDGE_DIM, HEADS = 8, 6, 2
OPTIONS = dict(param_dtype=jnp.float64)


def gps_conv():
    mlp = torch.nn.Sequential(torch.nn.Linear(DIM, DIM), torch.nn.ReLU(), torch.nn.Linear(DIM, DIM))
    conv = torch_geometric.nn.GINEConv(mlp)
    return pairs.shake(torch_geometric.nn.GPSConv(DIM, conv, heads=HEADS))


def gps_block():
    attention = functools.partial(nn.MultiHeadAttention, num_heads=HEADS)
    return nn.GPSBlock(DIM, local=nn.GINE, attention=attention, **OPTIONS)


@functools.cache
def program(layer, train):
    """Nodes that come out, new statistics, gradients of parameters and features."""

    def forward(params, stats, features, batch):
        variables = {"params": params, "batch_stats": stats}
        out, changed = layer.apply(
            variables, features, batch, train=train, mutable=["batch_stats"] if train else []
        )
        return out.nodes, changed.get("batch_stats", {})

    @jax.jit
    def run(variables, features, batch, cotangent):
        def function(params, features):
            return forward(params, variables["batch_stats"], features, batch)

        nodes, pull, stats = jax.vjp(function, variables["params"], features, has_aux=True)
        return nodes, stats, *pull(cotangent)

    return run


def run(layer, variables, inputs, cotangent, *, train):
    """The same without padding: [nodes, stats, params, node features, edge features]."""
    batch, real = inputs.batch, inputs.batch.node_mask
    padded = np.zeros((len(real), cotangent.shape[1]))
    padded[real] = cotangent
    nodes, stats, params, features = program(layer, train)(
        variables, inputs.features, batch, padded
    )
    assert not np.isnan(features.nodes).any() and not np.isnan(features.edges).any()
    return nodes[real], stats, params, features.nodes[real], features.edges[batch.edge_mask]


def assert_same(layer, module, convert, inputs, forward, *, train=True, uses_edges=True):
    """`forward()` is what the peer computes from `inputs`."""
    module.train(train)
    variables = convert(pairs.state(module), pairs.PREFIX)
    theirs = forward()
    cotangent = np.random.default_rng(1).normal(size=theirs.shape)
    theirs.backward(torch.from_numpy(cotangent))
    nodes, stats, params, nodes_grad, edges_grad = run(
        layer, variables, inputs, cotangent, train=train
    )
    pairs.assert_close(nodes, theirs.detach().numpy())
    grads = convert(pairs.gradients(module), pairs.PREFIX)
    pairs.assert_close(params, grads["params"])
    pairs.assert_close(nodes_grad, inputs.nodes.grad.numpy())
    if uses_edges:
        pairs.assert_close(edges_grad, inputs.edges.grad.numpy())
    if train:
        after = convert(pairs.state(module), pairs.PREFIX)
        pairs.assert_close(stats, after["batch_stats"])


def test_a_gps_block_trains_as_gps_conv():
    inputs, module = pairs.make_inputs(DIM), gps_conv()

    def forward():
        return module(inputs.nodes, inputs.edge_index, inputs.graph, edge_attr=inputs.edges)

    assert_same(gps_block(), module, weights.gps_block, inputs, forward)


def test_a_gps_block_evaluates_with_trained_statistics_as_gps_conv():
    module, layer = gps_conv(), gps_block()
    variables = weights.gps_block(pairs.state(module), pairs.PREFIX)
    start = variables["batch_stats"]
    for seed in range(1, 5):
        inputs = pairs.make_inputs(DIM, seed=seed)
        module(inputs.nodes, inputs.edge_index, inputs.graph, edge_attr=inputs.edges)
        _, stats, *_ = run(layer, variables, inputs, np.ones(inputs.nodes.shape), train=True)
        variables = {**variables, "batch_stats": stats}
    trained = weights.gps_block(pairs.state(module), pairs.PREFIX)["batch_stats"]
    pairs.assert_close(variables["batch_stats"], trained)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), start, trained)
    assert min(jax.tree.leaves(moved)) > 0.01

    inputs = pairs.make_inputs(DIM)

    def forward():
        return module(inputs.nodes, inputs.edge_index, inputs.graph, edge_attr=inputs.edges)

    assert_same(layer, module, weights.gps_block, inputs, forward, train=False)


def test_res_gated_graph_conv():
    inputs = pairs.make_inputs(DIM, EDGE_DIM)
    module = pairs.shake(torch_geometric.nn.ResGatedGraphConv(DIM, 2 * DIM, edge_dim=EDGE_DIM))
    layer = nn.ResGatedGraphConv(2 * DIM, **OPTIONS)

    def forward():
        return module(inputs.nodes, inputs.edge_index, inputs.edges)

    assert_same(layer, module, weights.res_gated_graph_conv, inputs, forward)


def test_multi_head_attention():
    inputs = pairs.make_inputs(DIM)
    module = pairs.shake(torch.nn.MultiheadAttention(DIM, HEADS, batch_first=True))
    layer = nn.MultiHeadAttention(DIM, HEADS, **OPTIONS)

    def forward():
        dense, mask = torch_geometric.utils.to_dense_batch(inputs.nodes, inputs.graph)
        out, _ = module(dense, dense, dense, key_padding_mask=~mask, need_weights=False)
        return out[mask]

    assert_same(layer, module, weights.attention, inputs, forward, uses_edges=False)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", ["BatchNorm", "LayerNorm"])
def test_norms(name, train):
    theirs = dict(BatchNorm=torch.nn.BatchNorm1d, LayerNorm=torch.nn.LayerNorm)[name](DIM)
    pairs.shake(theirs)
    norm = getattr(nn, name)(**OPTIONS)
    rng = np.random.default_rng(0)
    mask = rng.random(30) < 0.6
    x = 3 + 2 * rng.normal(size=(30, DIM))
    if name == "BatchNorm":  # statistics that are not those of a fresh layer
        theirs.train()
        theirs(torch.from_numpy(1 + rng.normal(size=(9, DIM))))
    theirs.train(train)
    variables = weights.norm(pairs.state(theirs), pairs.PREFIX)
    rows, cotangent = pairs.tensor(x[mask]), rng.normal(size=(30, DIM))
    wanted = theirs(rows)
    wanted.backward(torch.from_numpy(cotangent[mask]))

    def forward(params, x):
        return norm.apply(
            {**variables, "params": params},
            x,
            jnp.asarray(mask),
            train=train,
            mutable=["batch_stats"],
        )

    filled = np.where(mask[:, None], x, np.nan)
    y, pull, changed = jax.vjp(forward, variables["params"], filled, has_aux=True)
    params, x_grad = pull(jnp.asarray(cotangent))
    pairs.assert_close(y[mask], wanted.detach().numpy())
    pairs.assert_close(x_grad[mask], rows.grad.numpy())
    assert not np.any(y[~mask]) and not np.any(x_grad[~mask])
    grads = weights.norm(pairs.gradients(theirs), pairs.PREFIX)
    pairs.assert_close(params, grads["params"])
    after = weights.norm(pairs.state(theirs), pairs.PREFIX)
    pairs.assert_close(changed.get("batch_stats", {}), after["batch_stats"])
