"""Weights that enter by `gtx.interop.torch`: the outputs are those of PyTorch, in float64."""

import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch_geometric = pytest.importorskip("torch_geometric")

import gtx  # noqa: E402
from gtx import nn  # noqa: E402
from gtx.data import Categorical, Dataset, GraphSpec, Label  # noqa: E402
from gtx.encodings import RRWP, DegreeClass, ShortestPathDistance, ShortestPaths  # noqa: E402
from gtx.interop.torch import convert, gps_conv, graphormer, read  # noqa: E402
from gtx.models import GRIT, Graphormer  # noqa: E402
from tests.models.test_graphormer import paths_of  # noqa: E402
from tests.models.test_grit import molecules  # noqa: E402
from tests.torch import pairs  # noqa: E402
from tests.variables import quick_jit  # noqa: E402

pytestmark = pytest.mark.torch
peers, partial = torch_geometric.nn, functools.partial
DIM, EDGE_DIM = 8, 6
EXACT = dict(dtype="float64", param_dtype="float64")


def mlp():
    parts = torch.nn.Linear(DIM, DIM), torch.nn.ReLU(), torch.nn.Linear(DIM, DIM)
    return torch.nn.Sequential(*parts)


def attention():
    return partial(nn.MultiHeadAttention, num_heads=2)


# Factory of the gtx layer, of PyG's, the table, and the width of the edges that both read.
LAYERS = {
    "gat": (partial(nn.GAT, num_heads=2),
            lambda: peers.GATConv(DIM, 4, 2, add_self_loops=False, edge_dim=EDGE_DIM),
            "gat_conv", EDGE_DIM),
    "gat_without_edges": (partial(nn.GAT, num_heads=2, use_edges=False, use_bias=False),
                          lambda: peers.GATConv(DIM, 4, 2, add_self_loops=False, bias=False),
                          "gat_conv", None),
    "gatv2": (partial(nn.GATv2, num_heads=2),
              lambda: peers.GATv2Conv(DIM, 4, 2, add_self_loops=False, edge_dim=EDGE_DIM),
              "gatv2_conv", EDGE_DIM),
    "gatv2_shared": (partial(nn.GATv2, num_heads=2, share_weights=True, use_edges=False),
                     lambda: peers.GATv2Conv(DIM, 4, 2, add_self_loops=False, share_weights=True),
                     "gatv2_conv", None),
    "transformer": (partial(nn.TransformerConv, num_heads=2, beta=True),
                    lambda: peers.TransformerConv(DIM, 4, 2, beta=True, edge_dim=EDGE_DIM),
                    "transformer_conv", EDGE_DIM),
    "transformer_without_root": (
        partial(nn.TransformerConv, num_heads=2, root_weight=False, use_edges=False),
        lambda: peers.TransformerConv(DIM, 4, 2, root_weight=False), "transformer_conv", None),
    "gin": (nn.GIN, lambda: peers.GINConv(mlp()), "gin_conv", None),
    "gin_epsilon": (partial(nn.GIN, train_epsilon=True),
                    lambda: peers.GINConv(mlp(), train_eps=True), "gin_conv", None),
    "gine": (nn.GINE, lambda: peers.GINEConv(mlp()), "gine_conv", DIM),
    "gps": (partial(nn.GPSBlock, local=nn.GINE, attention=attention()),
            lambda: peers.GPSConv(DIM, peers.GINEConv(mlp()), heads=2), "gps_conv", DIM),
    "gps_with_gin": (partial(nn.GPSBlock, local=nn.GIN, attention=attention()),
                     lambda: peers.GPSConv(DIM, peers.GINConv(mlp()), heads=2),
                     gps_conv("gin_conv"), None),
}  # fmt: skip


def shake(module):
    """Also running statistics that are not those of a fresh layer."""
    pairs.shake(module)
    generator = torch.Generator().manual_seed(0)
    for name, buffer in module.named_buffers():
        if "running" in name:
            buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return module.eval()


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_pyg(name):
    factory, peer, table, edge_dim = LAYERS[name]
    inputs, module = pairs.make_inputs(DIM, edge_dim or DIM), shake(peer())
    layer = factory(DIM, param_dtype=jnp.float64)
    start = partial(layer.init, train=False)
    like = jax.eval_shape(start, jax.random.key(0), inputs.features, inputs.batch)
    state = module.state_dict()
    if name == "transformer_without_root":
        with pytest.raises(ValueError, match="'nodes' has the shape"):
            convert(state, table, like)
        state = {key: value for key, value in state.items() if "lin_skip" not in key}
    variables = convert(state, table, like)
    out = quick_jit(partial(layer.apply, train=False))(variables, inputs.features, inputs.batch)
    named = {} if edge_dim is None else dict(edge_attr=inputs.edges)
    places = (inputs.graph,) if name.startswith("gps") else ()
    wanted = module(inputs.nodes, inputs.edge_index, *places, **named).detach().numpy()
    pairs.assert_close(out.nodes[inputs.batch.node_mask], wanted)


def test_files_of_torch_save_are_read_and_nothing_in_them_runs(tmp_path):
    module = torch.nn.Linear(3, 2)
    like = {"params": dict(kernel=np.zeros((3, 2)), bias=np.zeros(2))}
    torch.save({"state_dict": module.state_dict()}, tmp_path / "it.ckpt")
    made = convert(tmp_path / "it.ckpt", "linear", like, key="state_dict")
    np.testing.assert_array_equal(made["params"]["kernel"], module.weight.detach().numpy().T)
    torch.save(module, tmp_path / "whole.pt")
    with pytest.raises(pickle.UnpicklingError):
        read(tmp_path / "whole.pt")


def test_half_precision_enters_exactly():
    array = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
    assert read({"x": array})["x"].tolist() == [1.5, -2.0]


class GRITAttention(torch.nn.Module):
    """With the authors' names of parameters; pairs are [receivers, senders, width]."""

    def __init__(self, dim, heads):
        super().__init__()
        self.shape = heads, dim // heads
        self.Q, self.E = torch.nn.Linear(dim, dim), torch.nn.Linear(dim, 2 * dim)
        self.K, self.V = (torch.nn.Linear(dim, dim, bias=False) for _ in range(2))
        self.Aw = torch.nn.Parameter(torch.randn(dim // heads, heads, 1))
        self.VeRow = torch.nn.Parameter(torch.randn(dim // heads, heads, dim // heads))

    def forward(self, x, e):
        n = len(x)
        query, key, value = (each(x).view(n, *self.shape) for each in (self.Q, self.K, self.V))
        weight, bias = self.E(e).view(n, n, self.shape[0], -1).chunk(2, dim=-1)
        score = (query[:, None] + key[None]) * weight
        score = torch.relu(torch.relu(score).sqrt() - torch.relu(-score).sqrt() + bias)
        logits = torch.einsum("ijhd,dhc->ijh", score, self.Aw).clamp(-5, 5)
        share = logits.softmax(dim=1)
        of_pairs = torch.einsum("ijh,ijhd->ihd", share, score)
        out = torch.einsum("ijh,jhd->ihd", share, value)
        out = out + torch.einsum("nhd,dhc->nhc", of_pairs, self.VeRow)
        return out.flatten(1), score.flatten(2)


class GRITLayer(torch.nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        linear, norm = torch.nn.Linear, torch.nn.BatchNorm1d
        self.attention = GRITAttention(dim, heads)
        self.O_h, self.O_e = linear(dim, dim), linear(dim, dim)
        self.deg_coef = torch.nn.Parameter(torch.randn(1, dim, 2))
        self.batch_norm1_h, self.batch_norm1_e, self.batch_norm2_h = (norm(dim) for _ in range(3))
        self.FFN_h_layer1, self.FFN_h_layer2 = linear(dim, 2 * dim), linear(2 * dim, dim)

    def forward(self, x, e, log_degree):
        h, s = self.attention(x, e)
        h = (torch.stack([h, h * log_degree], dim=-1) * self.deg_coef).sum(-1)
        h = self.batch_norm1_h(x + self.O_h(h))
        e = self.batch_norm1_e((e + self.O_e(s)).flatten(0, 1)).view_as(e)
        return self.batch_norm2_h(h + self.FFN_h_layer2(torch.relu(self.FFN_h_layer1(h)))), e


def holding(**modules):
    """A module with these submodules, for the dots in their names."""
    return torch.nn.ModuleDict(modules)


class TorchGRIT(torch.nn.Module):
    def __init__(self, dim, heads, layers, walk):
        super().__init__()
        embedding, linear = torch.nn.Embedding, torch.nn.Linear
        self.encoder = holding(
            node_encoder=holding(encoder=embedding(21, dim)),
            edge_encoder=holding(encoder=embedding(4, dim)),
        )
        self.rrwp_abs_encoder = holding(fc=linear(walk, dim, bias=False))
        self.rrwp_rel_encoder = holding(fc=linear(walk, dim, bias=False))
        self.rrwp_rel_encoder.register_buffer("padding", torch.zeros(1, dim))
        self.layers = torch.nn.Sequential(*(GRITLayer(dim, heads) for _ in range(layers)))
        widths = [dim, dim // 2, dim // 4, 1]
        linears = [linear(a, b) for a, b in zip(widths, widths[1:], strict=False)]
        self.post_mp = holding(FC_layers=torch.nn.ModuleList(linears))

    def forward(self, types, walks, pair_walks, ends, bonds):
        x = self.encoder["node_encoder"]["encoder"](types) + self.rrwp_abs_encoder["fc"](walks)
        e = self.rrwp_rel_encoder["fc"](pair_walks)
        edges = self.encoder["edge_encoder"]["encoder"](bonds)
        e = e.index_put((ends[1], ends[0]), edges, accumulate=True)
        degree = torch.bincount(ends[1], minlength=len(x)).double()
        for layer in self.layers:
            x, e = layer(x, e, torch.log(degree + 1)[:, None])
        row = x.sum(0)
        *hidden, last = self.post_mp["FC_layers"]
        for linear in hidden:
            row = torch.relu(linear(row))
        return last(row)


def test_grit():
    walk = 21
    dataset, encodings = molecules(), [RRWP(walk_length=walk)]
    module = shake(TorchGRIT(8, 2, 2, walk))
    model = GRIT(dim=8, num_layers=2, num_heads=2, **EXACT).build(dataset.spec, encodings=encodings)
    batch = gtx.batching.batch_graphs(dataset)
    like = jax.eval_shape(model.init, jax.random.key(0), batch)
    variables = convert(module.state_dict(), "grit", like)
    out = quick_jit(partial(model.apply, train=False))(variables, batch)
    for number, ours in enumerate(out[: len(dataset)]):
        nodes, edges = (
            slice(*ptr[number : number + 2]) for ptr in (dataset.node_ptr, dataset.edge_ptr)
        )
        size = int(dataset.num_nodes[number])
        pairs_of = slice(*dataset.pair_ptr[number : number + 2])
        walks = torch.from_numpy(np.float64(dataset.pairs["rrwp"][pairs_of]))
        theirs = module(
            torch.from_numpy(np.int64(dataset.nodes["type"][nodes, 0])),
            torch.from_numpy(np.float64(dataset.nodes["rrwp"][nodes])),
            walks.view(size, size, walk),
            torch.from_numpy(
                np.stack([dataset.senders[edges], dataset.receivers[edges]]).astype(np.int64)
            ),
            torch.from_numpy(np.int64(dataset.edges["type"][edges, 0])),
        )
        pairs.assert_close(ours, theirs.detach().numpy())

    state = {**module.state_dict(), "rrwp_rel_encoder.padding": torch.ones(1, 8)}
    with pytest.raises(ValueError, match="'rrwp_rel_encoder.padding' other than 0"):
        convert(state, "grit", like)
    state = {**module.state_dict(), "layers.2.O_h.bias": torch.ones(8)}
    with pytest.raises(ValueError, match=r"has 'layers.2.O_h.bias' \(8,\) for which"):
        convert(state, "grit", like)
    state = module.state_dict()
    del state["layers.1.attention.Aw"]
    with pytest.raises(ValueError, match="'score' of the layer 'block_1/attention'.* no 'layers.1"):
        convert(state, "grit", like)


class GraphormerLayer(torch.nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.self_attention_norm, self.ffn_norm = (torch.nn.LayerNorm(dim) for _ in range(2))
        names = "linear_q", "linear_k", "linear_v", "output_layer"
        self.self_attention = holding(**{name: torch.nn.Linear(dim, dim) for name in names})
        self.ffn = holding(**{name: torch.nn.Linear(dim, dim) for name in ("layer1", "layer2")})

    def forward(self, x, bias):
        y, maps = self.self_attention_norm(x), self.self_attention
        query, key, value = (
            maps[f"linear_{name}"](y).view(len(x), self.heads, -1) for name in "qkv"
        )
        logits = torch.einsum("ihd,jhd->hij", query, key) / query.shape[-1] ** 0.5 + bias
        y = torch.einsum("hij,jhd->ihd", logits.softmax(-1), value).flatten(1)
        x = x + maps["output_layer"](y)
        hidden = torch.nn.functional.gelu(self.ffn["layer1"](self.ffn_norm(x)))
        return x + self.ffn["layer2"](hidden)


class TorchGraphormer(torch.nn.Module):
    """With the names of v1 and its numbers of rows: 2 + type, 3 + bond, 1 + degree or distance."""

    def __init__(self, dim, heads, layers, hops):
        super().__init__()
        embedding = torch.nn.Embedding
        self.hops, self.heads = hops, heads
        self.atom_encoder, self.edge_encoder = embedding(10, dim), embedding(8, heads)
        self.edge_dis_encoder = embedding(5 * heads**2, 1)
        self.rel_pos_encoder = embedding(6, heads)
        self.in_degree_encoder, self.out_degree_encoder = embedding(7, dim), embedding(7, dim)
        self.layers = torch.nn.ModuleList(GraphormerLayer(dim, heads) for _ in range(layers))
        self.final_ln = torch.nn.LayerNorm(dim)
        self.downstream_out_proj = torch.nn.Linear(dim, 1)
        self.graph_token = embedding(1, dim)
        self.graph_token_virtual_distance = embedding(1, heads)

    def forward(self, size, bonds, atoms):
        degree = torch.tensor([sum(node in ends for ends in bonds) for node in range(size)])
        x = self.atom_encoder(torch.tensor(atoms) + 2)
        x = x + self.in_degree_encoder(degree + 1) + self.out_degree_encoder(degree + 1)
        x = torch.cat([self.graph_token.weight, x])
        token = self.graph_token_virtual_distance.weight[0]
        bias = token.expand(size + 1, size + 1, self.heads).clone()
        matrices = self.edge_dis_encoder.weight.view(-1, self.heads, self.heads)
        for (i, j), way in paths_of(size, bonds).items():
            entry = self.rel_pos_encoder.weight[len(way) + 1]
            way = way[: self.hops]
            for bond, matrix in zip(way, matrices, strict=False):
                entry = entry + self.edge_encoder.weight[bond + 3] @ matrix / len(way)
            bias[i + 1, j + 1] = entry
        for layer in self.layers:
            x = layer(x, bias.permute(2, 0, 1))
        return self.downstream_out_proj(self.final_ln(x)[0])


def test_graphormer():
    drawn = (
        (5, {(0, 1): 0, (1, 2): 1, (2, 3): 2, (3, 4): 1}, (0, 1, 2, 3, 1)),
        (3, {(0, 2): 2, (1, 2): 0}, (3, 0, 1)),
    )
    graphs = []
    for size, bonds, atoms in drawn:
        ends, kinds = np.array(list(bonds)), np.array(list(bonds.values()))
        both = np.concatenate([ends, ends[:, ::-1]]).T
        graphs.append(gtx.graphs.from_arrays(
            *both, n_node=size, nodes=dict(atom=np.array(atoms)[:, None]),
            edges=dict(bond=np.tile(kinds, 2)[:, None]),
        ))  # fmt: skip
    spec = GraphSpec(
        nodes=dict(atom=Categorical((4,))),
        edges=dict(bond=Categorical((3,))),
        label=Label("graph", "regression", 1),
    )
    dataset = Dataset.from_graphs(graphs, np.zeros((2, 1), np.float32), spec=spec)
    encodings = [DegreeClass(max_degree=4), ShortestPathDistance(3), ShortestPaths()]
    dataset = gtx.encodings.apply(dataset, encodings)
    dataset = gtx.structures.apply(dataset, [gtx.structures.VirtualNodes()])
    model = Graphormer(
        dim=8, num_layers=2, num_heads=2, max_hops=3, table_hops=5, final_norm=True, **EXACT
    ).build(dataset.spec, encodings=encodings, structures=("virtual_nodes",))
    batch = gtx.batching.batch_graphs(dataset)
    like = jax.eval_shape(model.init, jax.random.key(0), batch)

    module = shake(TorchGraphormer(8, 2, 2, hops=3))
    columns = dict(node_column="atom", edge_column="bond")
    with pytest.raises(ValueError, match="row 0 of edge_encoder.weight is not 0"):
        convert(module.state_dict(), graphormer(4, **columns), like)
    variables = convert(module.state_dict(), graphormer(4, **columns, drop_padding=True), like)
    out = quick_jit(partial(model.apply, train=False))(variables, batch)
    for ours, graph in zip(out, drawn, strict=False):
        pairs.assert_close(ours, module(*graph).detach().numpy())
