"""Fresh weights come from the distributions from which PyTorch draws them."""

import functools

import jax
import numpy as np
import pytest
import scipy.stats

torch = pytest.importorskip("torch")
torch_geometric = pytest.importorskip("torch_geometric")

from experiments.benchmarks import gps, weights  # noqa: E402
from experiments.benchmarks.peer import PeerGPS  # noqa: E402
from gtx import nn  # noqa: E402
from tests.torch import pairs  # noqa: E402

pytestmark = pytest.mark.torch
LAYERS = 3


def pooled(draws):
    """All values of each leaf over several draws; the leaves of all blocks together."""
    values = {}
    for params in draws:
        for path, leaf in jax.tree_util.tree_leaves_with_path(params):
            names = [key.key for key in path]
            name = "/".join("block" if n.startswith("block_") else n for n in names)
            values.setdefault(name, []).append(np.asarray(leaf).reshape(-1))
    return {name: np.concatenate(parts) for name, parts in values.items()}


def assert_same_distributions(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        wanted = theirs[name]
        if np.ptp(wanted) == 0:
            np.testing.assert_array_equal(values, wanted, name)
            continue
        assert len(values) == len(wanted), name
        # Five standard errors; that of a mean is std / sqrt(n), that of a std at most 0.71 of it.
        error, std = 5 / len(values) ** 0.5, float(np.std(wanted))
        assert float(np.std(values)) == pytest.approx(std, abs=error * std), name
        assert float(np.mean(values)) == pytest.approx(0, abs=error * std), name
        assert scipy.stats.ks_2samp(values, wanted).pvalue > 1e-4, name


def test_gps_starts_from_the_distributions_of_pyg():
    torch.manual_seed(0)
    draws = 12
    theirs = [
        weights.gps(weights.arrays(PeerGPS(num_layers=LAYERS).state_dict()))["params"]
        for _ in range(draws)
    ]
    batch = pairs.make_batch(pairs.make_dataset())
    init = jax.jit(gps.model(num_layers=LAYERS).init)
    ours = [init(jax.random.key(seed), batch)["params"] for seed in range(draws)]
    ours, theirs = pooled(ours), pooled(theirs)
    assert_same_distributions(ours, theirs)

    for name, values in ours.items():
        if name.endswith("kernel"):  # uniform: the largest of n values falls short by about 1/n
            bound = np.abs(theirs[name]).max()
            assert np.abs(values).max() == pytest.approx(bound, rel=10 / len(values)), name


def test_res_gated_graph_conv_starts_from_the_distributions_of_pyg():
    torch.manual_seed(0)
    inputs = pairs.make_inputs(16, 6)
    batch, features = inputs.batch, jax.tree.map(np.nan_to_num, inputs.features)
    layer, draws = nn.ResGatedGraphConv(16), 8
    convert = functools.partial(weights.res_gated_graph_conv, prefix=pairs.PREFIX)
    peers = [torch_geometric.nn.ResGatedGraphConv(16, 16, edge_dim=6) for _ in range(draws)]
    theirs = split(pooled(convert(pairs.state(peer))["params"] for peer in peers), draws)
    init = jax.jit(functools.partial(layer.init, train=False))
    ours = [init(jax.random.key(s), features, batch)["params"] for s in range(draws)]
    assert_same_distributions(split(pooled(ours), draws), theirs)


peers, aggr = torch_geometric.nn, torch_geometric.nn.aggr.utils
PAIRS = {
    "gcn": (nn.GCN(12), lambda: peers.GCNConv(16, 12)),
    "graph_sage": (nn.GraphSAGE(12), lambda: peers.SAGEConv(16, 12)),
    "gat": (nn.GAT(12), lambda: peers.GATConv(16, 3, 4, edge_dim=6)),
    "gatv2": (nn.GATv2(12), lambda: peers.GATv2Conv(16, 3, 4, edge_dim=6)),
    "transformer_conv": (
        nn.TransformerConv(12, beta=True),
        lambda: peers.TransformerConv(16, 3, 4, beta=True, edge_dim=6),
    ),
    "isab": (nn.ISAB(16, 5), lambda: aggr.InducedSetAttentionBlock(16, 5, 4)),
    "pma": (nn.PMA(5), lambda: aggr.PoolingByMultiheadAttention(16, 5, 4)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_layers_start_from_the_distributions_of_pyg(name):
    torch.manual_seed(0)
    layer, peer = PAIRS[name]
    inputs, draws = pairs.make_inputs(16, 6), 12
    features = jax.tree.map(np.nan_to_num, inputs.features)
    convert = functools.partial(getattr(weights, name), prefix=pairs.PREFIX)
    theirs = pooled(convert(pairs.state(peer()))["params"] for _ in range(draws))
    init = jax.jit(functools.partial(layer.init, train=False))
    keys = jax.random.split(jax.random.key(0), draws)
    ours = pooled(init(key, features, inputs.batch)["params"] for key in keys)
    assert_same_distributions(ours, theirs)


def split(values, draws):
    """The bias of the gates is drawn, that of the skip is 0."""
    bias = values.pop("nodes/bias").reshape(draws, 4, 16)
    kernel = values.pop("nodes/kernel").reshape(draws, 16, 4, 16)
    return dict(
        values,
        gates_bias=bias[:, :3].reshape(-1),
        skip_bias=bias[:, 3].reshape(-1),
        gates=kernel[:, :, :3].reshape(-1),
        skip=kernel[:, :, 3].reshape(-1),
    )
