"""Linear attention, and the models around it, at the same weights as PyG."""

import functools

import flax.linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch_geometric = pytest.importorskip("torch_geometric")

import torch_geometric.nn.attention as attentions  # noqa: E402
from torch_geometric.nn import models as peers  # noqa: E402

from experiments.benchmarks import weights  # noqa: E402
from gtx import graphs, nn  # noqa: E402
from gtx.batch import Features  # noqa: E402
from gtx.batching import batch_graphs  # noqa: E402
from gtx.data import Continuous, GraphSpec, Label  # noqa: E402
from gtx.models import GraphTransformer, SGFormer  # noqa: E402
from gtx.nn import blocks  # noqa: E402
from tests.torch import pairs  # noqa: E402
from tests.torch.test_layers import assert_same  # noqa: E402

pytestmark = pytest.mark.torch
DIM, HEADS = 8, 2
OPTIONS = dict(param_dtype=jnp.float64)


@pytest.fixture(autouse=True)
def torch_float64():
    """PyG makes ones and zeros of the default dtype on the way."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def joined(**parts):
    """The collections of a module from those of its parts."""
    return {
        kind: {name: part[kind] for name, part in parts.items() if part[kind]}
        for kind in ("params", "batch_stats")
    }


def side_by_side(*linears):
    """Linear maps as one, their results one after the other."""
    params = [each["params"] for each in linears]
    merged = {n: np.concatenate([p[n] for p in params], axis=-1) for n in params[0]}
    return {"params": merged, "batch_stats": {}}


def graph_by_graph(module, inputs):
    """PyG's result without padding, which would enter its sums."""
    out = [module(inputs.nodes[inputs.graph == g][None])[0] for g in inputs.graph.unique()]
    return torch.cat(out)


def performer(state, prefix):
    maps = [weights.linear(state, f"{prefix}.{name}") for name in "qkv"]
    found = joined(
        query_key_value=side_by_side(*maps), output=weights.linear(state, f"{prefix}.attn_out")
    )
    name = f"{prefix}.fast_attn.projection_matrix"
    if name in state:
        found["batch_stats"]["projection"] = state[name]
    return found


def test_performer_with_the_generalised_kernel():
    inputs = pairs.make_inputs(DIM)
    module = pairs.shake(attentions.PerformerAttention(DIM, HEADS, head_channels=5, qkv_bias=True))
    layer = nn.PerformerAttention(
        DIM, HEADS, head_dim=5, kernel="relu", num_features=8, use_bias=True, **OPTIONS
    )
    assert module.fast_attn.num_rows == 8 == int(5 * np.log(5))
    assert_same(
        layer, module, performer, inputs, lambda: graph_by_graph(module, inputs), uses_edges=False
    )


def polynormer_attention(state, prefix):
    names = dict(gate="h_lins", query="q", key="k", value="v", output="lin_out")
    maps = {m: weights.linear(state, f"{prefix}.{t}") for m, t in names.items()}
    return joined(**maps, norm=weights.norm(state, f"{prefix}.lns"))


def test_polynormer_attention_interleaves_heads():
    inputs = pairs.make_inputs(DIM)
    module = attentions.PolynormerAttention(DIM, HEADS, DIM // HEADS, qk_shared=False)
    pairs.shake(module)
    layer = blocks.PolynormerGlobalBlock(
        DIM, HEADS, beta=0.9, train_beta=False, share_query_key=False, use_bias=False,
        epsilon=1e-6, **OPTIONS,
    )  # fmt: skip
    assert_same(
        layer,
        module,
        polynormer_attention,
        inputs,
        lambda: graph_by_graph(module, inputs),
        uses_edges=False,
    )


def sgformer_attention(state, prefix):
    names = dict(query="q", key="k", value="v")
    return joined(**{m: weights.linear(state, f"{prefix}.{t}") for m, t in names.items()})


def test_sgformer_attention():
    inputs = pairs.make_inputs(DIM)
    module = pairs.shake(attentions.SGFormerAttention(DIM, HEADS, head_channels=DIM))
    layer = nn.SGFormerAttention(DIM, HEADS, normalization="rows", use_bias=False, **OPTIONS)
    assert_same(
        layer,
        module,
        sgformer_attention,
        inputs,
        lambda: graph_by_graph(module, inputs),
        uses_edges=False,
    )


def one_graph(num_nodes=9, seed=0):
    """A graph with a column "x" whose numbers are those of float32 in both frameworks."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, num_nodes, (2, 3 * num_nodes))
    ends = ends[:, ends[0] != ends[1]]
    x = rng.normal(size=(num_nodes, 5)).astype(np.float32)
    graph = graphs.from_arrays(*ends, n_node=[num_nodes], nodes=dict(x=x))
    return batch_graphs([graph]), torch.from_numpy(np.float64(x)), torch.from_numpy(ends)


SPEC = GraphSpec(nodes=dict(x=Continuous(5)), label=Label("node", "multiclass", 3))


def assert_models_agree(model, module, convert, batch, forward, *, train=True):
    """Logits, gradients of all parameters and running statistics, of the real nodes."""
    module.train(train)
    state = pairs.state(module)
    variables = convert(state, pairs.PREFIX)
    theirs = forward()
    cotangent = np.random.default_rng(1).normal(size=theirs.shape)
    theirs.backward(torch.from_numpy(cotangent))
    real, batch = np.asarray(batch.node_mask), jax.tree.map(jnp.asarray, batch)
    padded = np.zeros((len(real), cotangent.shape[1]))
    padded[real] = cotangent

    @jax.jit
    def run(variables, padded):
        def function(params):
            rows, changed = model.apply(
                {**variables, "params": params}, batch, train=train, mutable=["batch_stats"]
            )
            return jax.nn.log_softmax(rows), changed["batch_stats"]

        rows, pull, stats = jax.vjp(function, variables["params"], has_aux=True)
        return rows, stats, pull(padded)[0]

    rows, stats, params = run(variables, padded)
    pairs.assert_close(rows[real], theirs.detach().numpy())
    pairs.assert_close(params, convert(gradients(module), pairs.PREFIX)["params"])
    pairs.assert_close(stats, convert(pairs.state(module), pairs.PREFIX)["batch_stats"])


def gradients(module):
    """The gradient of every parameter, 0 of those that nothing reads."""
    named = torch.nn.ModuleDict({pairs.PREFIX: module}).named_parameters()
    return {
        name: np.zeros(value.shape) if value.grad is None else value.grad.numpy().copy()
        for name, value in named
    }


def embedded(linear, norm):
    return joined(node_x=joined(linear=linear), norm=norm)


def sgformer(state, prefix, num_layers, num_attention_layers):
    def part(convert, name):
        return convert(state, f"{prefix}.{name}")

    parts = dict(
        embed=joined(
            embed=embedded(
                part(weights.linear, "graph_conv.fcs.0"), part(weights.norm, "graph_conv.bns.0")
            ),
            embed_attention=embedded(
                part(weights.linear, "trans_conv.fcs.0"), part(weights.norm, "trans_conv.bns.0")
            ),
        ),
        head=joined(linear_0=part(weights.linear, "fc")),
    )
    for layer in range(num_attention_layers):
        block = joined(
            attention=part(sgformer_attention, f"trans_conv.attns.{layer}"),
            norm=part(weights.norm, f"trans_conv.bns.{layer + 1}"),
        )
        parts[f"block_{layer}"] = joined(block=block)
    for layer in range(num_layers):
        parts[f"block_{num_attention_layers + layer}"] = joined(
            local=part(weights.gcn, f"graph_conv.convs.{layer}"),
            norm=part(weights.norm, f"graph_conv.bns.{layer + 1}"),
        )
    return joined(**parts)


@pytest.mark.parametrize("mix", ["add", "concatenate"])
def test_sgformer(mix):
    batch, x, ends = one_graph()
    module = pairs.shake(
        peers.SGFormer(
            5, DIM, 3, trans_num_layers=2, gnn_num_layers=2, trans_num_heads=HEADS,
            trans_dropout=0.0, gnn_dropout=0.0, graph_weight=0.7,
            aggregate="add" if mix == "add" else "cat",
        )
    )  # fmt: skip
    model = SGFormer(
        dim=DIM, num_layers=2, num_attention_layers=2, num_heads=HEADS, graph_weight=0.7, mix=mix,
        normalization="rows", attention_activation="relu", use_bias=False, dropout_rate=0.0,
        attention_dropout_rate=0.0, dtype="float64", param_dtype="float64",
    ).build(SPEC)  # fmt: skip

    def forward():
        return module(x, ends, torch.zeros(len(x), dtype=torch.long))

    def convert(state, prefix):
        return sgformer(state, prefix, 2, 2)

    assert_models_agree(model, module, convert, batch, forward)


class Raw(flax.linen.Module):
    """The column itself: PyG's Polynormer has no embedding."""

    @flax.linen.compact
    def __call__(self, batch, *, train):
        del train
        return Features(nodes=jnp.where(batch.node_mask[:, None], batch.graph.nodes["x"], 0))


def polynormer(state, prefix, local):
    """Two local and two global blocks."""

    def part(convert, name):
        return convert(state, f"{prefix}.{name}")

    parts = {"block_2": joined(norm=part(weights.norm, "ln"))}
    for layer in range(2):
        parts[f"block_{layer}"] = joined(
            gate=part(weights.linear, f"h_lins.{layer}"),
            local=part(local, f"local_convs.{layer}"),
            root=part(weights.linear, f"lins.{layer}"),
            norm=part(weights.norm, f"lns.{layer}"),
            post_norm=part(weights.norm, f"post_bns.{layer}"),
        )
        names = dict(gate="h_lins", query="q", key="k", value="v", output="lin_out")
        maps = {m: part(weights.linear, f"global_attn.{layer}.{t}") for m, t in names.items()}
        norm = part(weights.norm, f"global_attn.{layer}.lns")
        parts[f"block_{3 + layer}"] = joined(**maps, norm=norm)
    # Two heads of PyG are one here, of which a phase reads one half; one of the biases is 0.
    near, far = (part(weights.linear, f"pred_{name}")["params"] for name in ("local", "global"))
    head = dict(
        kernel=np.concatenate([near["kernel"], far["kernel"]]), bias=near["bias"] + far["bias"]
    )
    return joined(**parts, head=joined(linear_0=dict(params=head, batch_stats={})))


def gat_without_bias(state, prefix):
    params = dict(
        nodes=weights.linear(state, f"{prefix}.lin")["params"],
        receiver_vector=state[f"{prefix}.att_dst"][0],
        sender_vector=state[f"{prefix}.att_src"][0],
    )
    return {"params": params, "batch_stats": {}}


@pytest.mark.parametrize("local", ["gcn", "gat"])
@pytest.mark.parametrize("phase", ["local", "global"])
def test_polynormer(local, phase):
    """Width 5 with one head, as PyG's first layer takes the columns themselves."""
    batch, x, ends = one_graph()
    module = pairs.shake(
        peers.Polynormer(
            5, 5, 3, local_layers=2, global_layers=2, in_dropout=0.0, dropout=0.0,
            global_dropout=0.0, heads=1, beta=0.3, qk_shared=False, local_attn=local == "gat",
        )
    )  # fmt: skip
    module._global = phase == "global"
    unused = module.pred_local if phase == "global" else module.pred_global
    torch.nn.init.zeros_(unused.bias)
    layer, convert = dict(
        gcn=(nn.GCN, weights.gcn),
        gat=(functools.partial(nn.GAT, num_heads=1, use_bias=False), gat_without_bias),
    )[local]
    options = dict(beta=0.3, train_beta=False, **OPTIONS)
    near = functools.partial(
        blocks.PolynormerLocalBlock, 5, layer, post_norm=nn.BatchNorm, **options
    )
    far = functools.partial(
        blocks.PolynormerGlobalBlock,
        5,
        share_query_key=False,
        use_bias=False,
        epsilon=1e-6,
        **options,
    )
    between = functools.partial(blocks.LocalToGlobal, **OPTIONS)
    model = GraphTransformer(
        embed=Raw,
        block=(near, near, between, far, far, functools.partial(blocks.ByStep, 10)),
        num_layers=6,
        readout=nn.NodeReadout,
        head=functools.partial(nn.MLPHead, 3, 1, **OPTIONS),
    )

    def forward():
        return module(x, ends, torch.zeros(len(x), dtype=torch.long))

    batch = batch.replace(step=np.int32(9 if phase == "local" else 10))
    converted = functools.partial(polynormer, local=convert)
    assert_models_agree(model, module, converted, batch, forward)
