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
from gtx.batch import Features  # noqa: E402
from tests.torch import pairs  # noqa: E402

pytestmark = pytest.mark.torch
partial = functools.partial
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
    """Rows that come out, new statistics, gradients of parameters and features."""

    def forward(params, stats, features, batch):
        variables = {"params": params, "batch_stats": stats}
        out, changed = layer.apply(
            variables, features, batch, train=train, mutable=["batch_stats"] if train else []
        )
        rows = out.nodes if isinstance(out, Features) else out
        return rows, changed.get("batch_stats", {})

    @jax.jit
    def run(variables, features, batch, cotangent):
        def function(params, features):
            return forward(params, variables["batch_stats"], features, batch)

        rows, pull, stats = jax.vjp(function, variables["params"], features, has_aux=True)
        return rows, stats, *pull(cotangent)

    return run


def run(layer, variables, inputs, cotangent, *, train):
    """The same without padding: [rows, stats, params, node features, edge features]."""
    batch, real = inputs.batch, inputs.batch.node_mask
    rows = batch.graph_mask if isinstance(layer, nn.PMA) else real
    padded = np.zeros((len(rows), cotangent.shape[1]))
    padded[rows] = cotangent
    out, stats, params, features = program(layer, train)(variables, inputs.features, batch, padded)
    assert not any(np.isnan(leaf).any() for leaf in jax.tree.leaves(features))
    edges = None if features.edges is None else features.edges[batch.edge_mask]
    return out[rows], stats, params, features.nodes[real], edges


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


peers = torch_geometric.nn
PAIRS = {
    "gcn": (nn.GCN, lambda: peers.GCNConv(DIM, 6), weights.gcn),
    "sage_mean": (nn.GraphSAGE, lambda: peers.SAGEConv(DIM, 6), weights.graph_sage),
    "sage_max": (
        partial(nn.GraphSAGE, method="max"),
        lambda: peers.SAGEConv(DIM, 6, aggr="max"),
        weights.graph_sage,
    ),
    "gat": (nn.GAT, lambda: peers.GATConv(DIM, 3, 2, add_self_loops=False), weights.gat),
    "gat_mean_loops": (
        partial(nn.GAT, concat=False, self_loops=True, negative_slope=0.1),
        lambda: peers.GATConv(DIM, 6, 2, concat=False, negative_slope=0.1),
        weights.gat,
    ),
    "gatv2": (
        nn.GATv2,
        lambda: peers.GATv2Conv(DIM, 3, 2, add_self_loops=False),
        weights.gatv2,
    ),
    "gatv2_shared_mean_loops": (
        partial(nn.GATv2, concat=False, self_loops=True, share_weights=True),
        lambda: peers.GATv2Conv(DIM, 6, 2, concat=False, share_weights=True),
        partial(weights.gatv2, share_weights=True),
    ),
}
EDGE_PAIRS = {
    "gat": (
        nn.GAT,
        lambda: peers.GATConv(DIM, 3, 2, add_self_loops=False, edge_dim=EDGE_DIM),
        weights.gat,
    ),
    "gat_loops": (
        partial(nn.GAT, self_loops=True),
        lambda: peers.GATConv(DIM, 3, 2, edge_dim=EDGE_DIM),
        weights.gat,
    ),
    "gatv2": (
        nn.GATv2,
        lambda: peers.GATv2Conv(DIM, 3, 2, add_self_loops=False, edge_dim=EDGE_DIM),
        weights.gatv2,
    ),
    "gatv2_loops": (
        partial(nn.GATv2, self_loops=True),
        lambda: peers.GATv2Conv(DIM, 3, 2, edge_dim=EDGE_DIM),
        weights.gatv2,
    ),
    "transformer_conv": (
        nn.TransformerConv,
        lambda: peers.TransformerConv(DIM, 3, 2, edge_dim=EDGE_DIM),
        weights.transformer_conv,
    ),
    "transformer_conv_beta": (
        partial(nn.TransformerConv, beta=True),
        lambda: peers.TransformerConv(DIM, 3, 2, beta=True, edge_dim=EDGE_DIM),
        weights.transformer_conv,
    ),
    "transformer_conv_mean_beta": (
        partial(nn.TransformerConv, concat=False, beta=True),
        lambda: peers.TransformerConv(DIM, 6, 2, concat=False, beta=True, edge_dim=EDGE_DIM),
        weights.transformer_conv,
    ),
}


ALL_SCALERS = ("identity", "amplification", "attenuation", "linear", "inverse_linear")
DEGREES = torch.tensor([2, 3, 1, 4])
HALF = dict(aggregators=("mean", "max"), scalers=("identity", "attenuation"))
# a and b of PNA from this number of nodes of each degree
MEANS = dict(
    mean_log_degree=float((DEGREES * torch.arange(1, 5).double().log()).sum()) / 10,
    mean_degree=1.7,
)


def pna_conv(towers, edge_dim=None, **options):
    """With the means in float64, which PyG computes in float32."""
    options = dict(aggregators=["mean", "min", "max", "std"], scalers=[*ALL_SCALERS]) | options
    options = {name: list(x) if isinstance(x, tuple) else x for name, x in options.items()}
    conv = peers.PNAConv(DIM, 6, deg=DEGREES, edge_dim=edge_dim, towers=towers, **options).double()
    conv.aggr_module.avg_deg_log.fill_(MEANS["mean_log_degree"])
    conv.aggr_module.avg_deg_lin.fill_(MEANS["mean_degree"])
    return conv


PNAS = partial(nn.PNA, scalers=ALL_SCALERS, **MEANS)
PAIRS |= {
    "pna": (PNAS, lambda: pna_conv(1), weights.pna),
    "pna_towers": (
        partial(nn.PNA, towers=2, divide_input=True, **HALF, **MEANS),
        lambda: pna_conv(2, divide_input=True, **HALF),
        weights.pna,
    ),
    "gen": (nn.GEN, lambda: peers.GENConv(DIM, 6), weights.gen),
}
EDGE_PAIRS |= {
    "pna": (
        partial(PNAS, towers=2),
        lambda: pna_conv(2, edge_dim=EDGE_DIM),
        weights.pna,
    ),
    "gen_softmax": (
        partial(nn.GEN, beta=0.5, train_beta=True),
        lambda: peers.GENConv(DIM, 6, t=0.5, learn_t=True, edge_dim=EDGE_DIM),
        weights.gen,
    ),
    "gen_power_mean": (
        partial(nn.GEN, method="power_mean", beta=2.0, train_beta=True, use_bias=True),
        lambda: peers.GENConv(
            DIM, 6, aggr="powermean", p=2.0, learn_p=True, bias=True, edge_dim=EDGE_DIM
        ),
        weights.gen,
    ),
    "gen_mean": (
        partial(nn.GEN, method="power_mean"),
        lambda: peers.GENConv(DIM, 6, aggr="powermean", edge_dim=EDGE_DIM),
        weights.gen,
    ),
}


def bind(factory):
    """Six wide, with two heads where there are heads."""
    cls = factory.func if isinstance(factory, partial) else factory
    heads = dict(num_heads=2) if "num_heads" in cls.__dataclass_fields__ else {}
    return factory(6, **heads, **OPTIONS)


@pytest.mark.parametrize("name", PAIRS)
def test_layers_of_nodes(name):
    factory, peer, convert = PAIRS[name]
    inputs, module, layer = pairs.make_inputs(DIM), pairs.shake(peer()), bind(factory)
    if "use_edges" in layer.__dataclass_fields__:
        layer = layer.clone(use_edges=False)
    elif getattr(layer, "edge_features", "") != "ignored":
        inputs.features = inputs.features.replace(edges=None)

    def forward():
        return module(inputs.nodes, inputs.edge_index)

    assert_same(layer, module, convert, inputs, forward, uses_edges=False)


@pytest.mark.parametrize("name", EDGE_PAIRS)
def test_layers_of_nodes_and_edges(name):
    factory, peer, convert = EDGE_PAIRS[name]
    inputs, module = pairs.make_inputs(DIM, EDGE_DIM), pairs.shake(peer())

    def forward():
        return module(inputs.nodes, inputs.edge_index, inputs.edges)

    assert_same(bind(factory), module, convert, inputs, forward)


def test_gin():
    mlp = torch.nn.Sequential(torch.nn.Linear(DIM, 5), torch.nn.ReLU(), torch.nn.Linear(5, 6))
    inputs, module = pairs.make_inputs(DIM), pairs.shake(peers.GINConv(mlp, train_eps=True))
    layer = nn.GIN(6, hidden_dim=5, train_epsilon=True, **OPTIONS)

    def forward():
        return module(inputs.nodes, inputs.edge_index)

    assert_same(layer, module, weights.gin, inputs, forward, uses_edges=False)


def test_gine():
    mlp = torch.nn.Sequential(torch.nn.Linear(DIM, 5), torch.nn.ReLU(), torch.nn.Linear(5, 6))
    inputs, module = pairs.make_inputs(DIM), pairs.shake(peers.GINEConv(mlp, train_eps=True))
    layer = nn.GINE(6, hidden_dim=5, train_epsilon=True, **OPTIONS)

    def forward():
        return module(inputs.nodes, inputs.edge_index, inputs.edges)

    assert_same(layer, module, weights.gin, inputs, forward)


@pytest.mark.parametrize("name", ["set_attention_block", "isab", "pma"])
def test_set_transformer(name):
    inputs, blocks = pairs.make_inputs(DIM), torch_geometric.nn.aggr.utils
    layer, module = dict(
        set_attention_block=(
            nn.SetAttentionBlock(DIM, HEADS, **OPTIONS),
            blocks.SetAttentionBlock(DIM, HEADS),
        ),
        isab=(nn.ISAB(DIM, 3, HEADS, **OPTIONS), blocks.InducedSetAttentionBlock(DIM, 3, HEADS)),
        pma=(nn.PMA(3, HEADS, **OPTIONS), blocks.PoolingByMultiheadAttention(DIM, 3, HEADS)),
    )[name]
    pairs.shake(module)

    def forward():
        dense, mask = torch_geometric.utils.to_dense_batch(inputs.nodes, inputs.graph)
        out = module(dense, mask)
        return out.flatten(1) if name == "pma" else out[mask]

    assert_same(layer, module, getattr(weights, name), inputs, forward, uses_edges=False)


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
