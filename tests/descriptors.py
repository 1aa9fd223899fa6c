"""One line for every layer of gtx: what conformance tests need to know of it.

A new layer gets a line here and is tested by `tests/test_conformance.py` and
`tests/test_golden.py` from then on. Its `options` name every field that has a default, with
another value that must change the result.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from gtx import nn
from gtx.batch import Batch, Features, Targets, mask_features
from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.encodings import LaplacianEigenvectors
from gtx.models import GPS, GraphTransformer
from gtx.nn.attention import edges_of
from tests.batches import DIM, NUM_ATOMS, NUM_BONDS

partial = functools.partial
Kind = Literal["layer", "cross", "norm", "rows", "encoder", "embed", "readout", "model"]


@dataclasses.dataclass(frozen=True, eq=False)
class Descriptor:
    """A layer, how to call it, and what its fields do.

    Attributes:
      name: unique.
      factory: makes it, with a few more fields if wished.
      kind: the signature of its call, see `outputs`.
      level: of the rows it returns, where the kind does not tell.
      options: field -> another value, which changes the result.
      neutral: fields that must not change the result.
    """

    name: str
    factory: Callable[..., Any]
    kind: Kind
    level: Literal["nodes", "edges", "pairs", "graphs"] = "nodes"
    options: dict = dataclasses.field(default_factory=dict)
    neutral: tuple[str, ...] = ()

    def outputs(self, module, variables, features, batch, *, train, **apply) -> Any:
        """Call the module; its rows by level (and the changed collections, if any)."""
        arguments, options = {
            "layer": ((features, batch), {}),
            "cross": ((clean := mask_features(features, batch).nodes, clean, edges_of(batch)), {}),
            "norm": ((features.nodes, batch.node_mask), {}),
            "rows": ((mask_features(features, batch).nodes,), {}),
            "encoder": ((batch,), {}),
            "embed": ((batch,), {}),
            "readout": ((features, batch), {}),
            "model": ((batch,), {}),
        }[self.kind]
        if self.name in ("edge_readout", "pair_readout"):
            arguments = (features, edges_as_targets(batch, self.name.removesuffix("_readout")))
        if self.name == "dropout":
            arguments += (batch.node_ids,)
        if self.name != "linear":
            options = dict(train=train)
        out = module.apply(variables, *arguments, **options, **apply)
        out, changed = out if "mutable" in apply else (out, {})
        if isinstance(out, Features):
            rows = {k: v for k, v in by_level(out).items() if v is not None}
        else:
            rows = {self.level: out}
        return (rows, changed) if "mutable" in apply else rows


def edges_as_targets(batch: Batch, level: str) -> Batch:
    """The batch with a target for each edge: the edge itself, or the pair of its ends."""
    index = jnp.arange(len(batch.senders), dtype=jnp.int32)
    if level == "pair":
        index = jnp.stack([batch.senders, batch.receivers], axis=1)
    return batch.replace(targets=Targets(level, index, None, batch.edge_mask))


def by_level(features: Features) -> dict[str, Any]:
    """The four levels; edge sets have a test of their own."""
    return {name: getattr(features, name) for name in ("nodes", "edges", "pairs", "graphs")}


def inputs(batch: Batch) -> Features:
    """Features of every level, straight from columns: padding holds what the batch holds."""
    graph = batch.graph
    return Features(graph.nodes["x"], graph.edges["x"], batch.pairs["x"], graph.globals["x"])


BF16 = jnp.bfloat16
half = jax.nn.initializers.constant(0.5)
DTYPES = dict(dtype=BF16, param_dtype=BF16)
LINEAR = dict(DTYPES, kernel_init=half, bias_init=half)
ATOM = partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)
BOND = partial(nn.CategoricalEncoder, sizes=NUM_BONDS)
HEADS = partial(nn.MultiHeadAttention, num_heads=2)
ATTENTION = dict(
    LINEAR,
    num_heads=4,
    dropout_rate=0.5,
    use_bias=False,
    scale=1.0,
    query_key_value_init=half,
)
GAT = dict(
    LINEAR,
    num_heads=2,
    concat=False,
    dropout_rate=0.5,
    negative_slope=0.5,
    self_loops=True,
    use_edges=False,
    use_bias=False,
)
SET = dict(DTYPES, num_heads=2, dropout_rate=0.5)
RANDOM = dict(random_signs=False, random_bases=True)
NORM = dict(epsilon=1.0, **DTYPES, scale_init=half)
COLUMNS = dict(nodes={"atom": ATOM}, edges={"bond": BOND})
BLOCK = partial(nn.GPSBlock, DIM, nn.GINE, HEADS)
PARTS = dict(
    embed=partial(
        nn.Embed, DIM, **COLUMNS, encodings={"rwse": partial(nn.RandomWalkEncoder, dim=3)}
    ),
    readout=nn.Pool,
    head=partial(nn.MLPHead, 2),
)

DESCRIPTORS = (
    Descriptor("linear", partial(nn.Linear, 5), "rows", options=dict(LINEAR, use_bias=False)),
    Descriptor("dropout", partial(nn.Dropout, 0.3), "rows"),
    Descriptor(
        "mlp_head",
        partial(nn.MLPHead, 2),
        "rows",
        options=dict(LINEAR, num_layers=1, activation=jnp.tanh),
    ),
    Descriptor(
        "batch_norm", nn.BatchNorm, "norm", options=dict(NORM, bias_init=half, momentum=0.5)
    ),
    Descriptor("layer_norm", nn.LayerNorm, "norm", options=dict(NORM, bias_init=half)),
    Descriptor("rms_norm", nn.RMSNorm, "norm", options=NORM),
    Descriptor(
        "attention",
        partial(nn.MultiHeadAttention, DIM, num_heads=2),
        "layer",
        options=dict(ATTENTION, pair_bias=True, structure="edges"),
        neutral=("implementation",),
    ),
    Descriptor(
        "attention_with_pair_bias",
        partial(nn.MultiHeadAttention, DIM, num_heads=2, dropout_rate=0.3, pair_bias=True),
        "layer",
        options=dict(ATTENTION, pair_bias=False, structure="edges"),
        neutral=("implementation",),
    ),
    Descriptor(
        "attention_over_edges",
        partial(
            nn.MultiHeadAttention,
            DIM,
            num_heads=2,
            dropout_rate=0.3,
            structure="edges",
            pair_bias=True,
        ),
        "layer",
        options=dict(ATTENTION, pair_bias=False, structure="complete"),
        neutral=("implementation",),
    ),
    Descriptor(
        "cross_attention",
        partial(nn.CrossAttention, DIM, num_heads=2),
        "cross",
        options=ATTENTION,
        neutral=("implementation",),
    ),
    Descriptor(
        "set_attention_block",
        partial(nn.SetAttentionBlock, DIM),
        "layer",
        options=SET,
        neutral=("implementation",),
    ),
    Descriptor(
        "isab",
        partial(nn.ISAB, DIM, num_points=3, dropout_rate=0.3),
        "layer",
        options=dict(SET, num_points=2, points_init=half),
        neutral=("implementation",),
    ),
    Descriptor(
        "gat",
        partial(nn.GAT, DIM, dropout_rate=0.3),
        "layer",
        options=GAT,
        neutral=("implementation",),
    ),
    Descriptor(
        "gatv2",
        partial(nn.GATv2, DIM, self_loops=True),
        "layer",
        options=dict(GAT, self_loops=False, share_weights=True),
        neutral=("implementation",),
    ),
    Descriptor(
        "transformer_conv",
        partial(nn.TransformerConv, DIM, num_heads=2, beta=True),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            concat=False,
            beta=False,
            dropout_rate=0.5,
            use_edges=False,
            use_bias=False,
            scale=1.0,
        ),
        neutral=("implementation", "root_weight"),
    ),
    Descriptor("gcn", partial(nn.GCN, DIM), "layer", options=dict(LINEAR, use_bias=False)),
    Descriptor(
        "graph_sage",
        partial(nn.GraphSAGE, DIM),
        "layer",
        options=dict(LINEAR, method="max", root_weight=False, use_bias=False),
    ),
    Descriptor(
        "mpnn",
        partial(nn.MPNN, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, method="mean", activation=jnp.tanh),
    ),
    Descriptor(
        "gin",
        partial(nn.GIN, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, epsilon=1.0, train_epsilon=True, activation=jnp.tanh),
    ),
    Descriptor(
        "gine",
        partial(nn.GINE, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, epsilon=1.0, train_epsilon=True, activation=jnp.tanh),
    ),
    Descriptor(
        "gated_gcn",
        partial(nn.GatedGCN, DIM),
        "layer",
        options=dict(
            LINEAR, residual=True, dropout_rate=0.5, norm=nn.LayerNorm, activation=jnp.tanh
        ),
    ),
    Descriptor("res_gated_graph_conv", partial(nn.ResGatedGraphConv, DIM), "layer", options=DTYPES),
    Descriptor(
        "feed_forward",
        partial(nn.FeedForward, DIM),
        "layer",
        options=dict(
            LINEAR,
            hidden_dim=5,
            activation=jnp.tanh,
            gated=True,
            use_bias=False,
            dropout_rate=0.5,
        ),
    ),
    Descriptor(
        "swiglu",
        partial(nn.FeedForward, DIM, activation=jax.nn.silu, gated=True, dropout_rate=0.3),
        "layer",
        options=dict(
            LINEAR,
            hidden_dim=5,
            activation=jnp.tanh,
            gated=False,
            use_bias=False,
            dropout_rate=0.5,
        ),
    ),
    Descriptor(
        "gps_block",
        BLOCK,
        "layer",
        options=dict(
            DTYPES,
            feed_forward=partial(nn.FeedForward, gated=True),
            norm=nn.LayerNorm,
            dropout_rate=0.5,
        ),
    ),
    Descriptor(
        "gps_block_gated_gcn",
        partial(nn.GPSBlock, DIM, partial(nn.GatedGCN, dropout_rate=0.2), HEADS, dropout_rate=0.2),
        "layer",
        options=dict(DTYPES, feed_forward=partial(nn.FeedForward, gated=True), norm=nn.LayerNorm),
        neutral=("dropout_rate",),
    ),
    Descriptor(
        "transformer_block",
        partial(nn.TransformerBlock, DIM, HEADS),
        "layer",
        options=dict(
            DTYPES,
            feed_forward=partial(nn.FeedForward, gated=True),
            norm=nn.RMSNorm,
            form="paper",
            dropout_rate=0.5,
        ),
    ),
    Descriptor(
        "categorical_encoder",
        partial(ATOM, "atom", dim=DIM),
        "encoder",
        options=dict(DTYPES, embedding_init=half),
        neutral=("level",),
    ),
    Descriptor(
        "categorical_edge_encoder",
        partial(BOND, "bond", dim=DIM, level="edge"),
        "encoder",
        level="edges",
        options=dict(DTYPES, embedding_init=half),
        neutral=("level",),
    ),
    Descriptor(
        "constant_encoder",
        partial(nn.ConstantEncoder, DIM),
        "encoder",
        options=dict(DTYPES, embedding_init=half, level="edge"),
        neutral=("column",),
    ),
    Descriptor(
        "linear_encoder",
        partial(nn.LinearEncoder, "x", DIM, level="graph"),
        "encoder",
        level="graphs",
        options=dict(LINEAR, norm=nn.LayerNorm, level="node"),
    ),
    Descriptor(
        "random_walk_encoder",
        partial(nn.RandomWalkEncoder, "rwse", DIM),
        "encoder",
        options=dict(LINEAR, norm=None),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_encoder",
        partial(nn.LaplacianEncoder, "lap", DIM),
        "encoder",
        options=dict(LINEAR, num_layers=3, **RANDOM),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_linear_encoder",
        partial(nn.LaplacianLinearEncoder, "lap", DIM),
        "encoder",
        options=dict(LINEAR, **RANDOM),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_transformer_encoder",
        partial(nn.LaplacianTransformerEncoder, "lap", DIM, num_layers=1, random_bases=True),
        "encoder",
        options=dict(
            DTYPES,
            num_layers=2,
            num_heads=2,
            hidden_dim=3,
            dropout_rate=0.5,
            random_signs=False,
            random_bases=False,
        ),
        neutral=("level",),
    ),
    Descriptor(
        "signnet_encoder",
        partial(nn.SignNetEncoder, "lap", DIM, hidden_dim=8),
        "encoder",
        options=dict(
            LINEAR,
            phi="mlp",
            num_layers=1,
            hidden_dim=3,
            phi_dim=2,
            combine="sum",
            read_values=True,
            norm=None,
        ),
        neutral=("level",),
    ),
    Descriptor(
        "spe_encoder",
        partial(nn.SPEEncoder, "lap", DIM, hidden_dim=8, num_functions=4),
        "encoder",
        options=dict(LINEAR, rho="mlp", num_layers=1, hidden_dim=3, num_functions=2, norm=None),
        neutral=("level",),
    ),
    Descriptor(
        "edge_path_encoder",
        partial(nn.EdgePathEncoder, "paths", DIM, {"bond": BOND}),
        "encoder",
        level="pairs",
        options=dict(DTYPES, kernel_init=half, edge_dim=5, max_hops=1),
        neutral=("level",),
    ),
    Descriptor(
        "embed",
        partial(PARTS["embed"], pairs={"x": nn.LinearEncoder}),
        "embed",
        options=dict(
            DTYPES,
            encodings={"lap": partial(nn.LaplacianEncoder, dim=3)},
            edges={"x": nn.LinearEncoder},
            pairs={"paths": partial(nn.CategoricalEncoder, sizes=(7,))},
            graphs={"x": nn.LinearEncoder},
            pair_dim=3,
        ),
        neutral=("edge_sets",),  # see tests/nn/encoders/test_embed.py
    ),
    Descriptor(
        "pool",
        nn.Pool,
        "readout",
        level="graphs",
        options=dict(method="mean", dropout_rate=0.5, virtual_nodes=False),
    ),
    Descriptor(
        "pool_max",
        partial(nn.Pool, method="max", virtual_nodes=False),
        "readout",
        "graphs",
        dict(method="sum", dropout_rate=0.5, virtual_nodes=True),
    ),
    Descriptor(
        "pma",
        partial(nn.PMA, num_seeds=2, num_heads=2),
        "readout",
        "graphs",
        dict(
            DTYPES,
            num_seeds=1,
            num_heads=4,
            dropout_rate=0.5,
            attention_dropout_rate=0.5,
            seeds_init=half,
        ),
        neutral=("implementation",),
    ),
    Descriptor("node_readout", nn.NodeReadout, "readout", options=dict(dropout_rate=0.5)),
    Descriptor(
        "edge_readout", nn.EdgeReadout, "readout", "edges", dict(ends="product", dropout_rate=0.5)
    ),
    Descriptor(
        "pair_readout",
        nn.PairReadout,
        "readout",
        "edges",
        dict(ends="concatenate", dropout_rate=0.5),
    ),
    Descriptor(
        "graph_transformer",
        partial(GraphTransformer, block=BLOCK, num_layers=2, **PARTS),
        "model",
        level="graphs",
        neutral=("remat",),
    ),
    Descriptor(
        "gps_of_nodes",
        lambda: GPS(
            dim=DIM,
            num_layers=1,
            num_heads=2,
            local=nn.ResGatedGraphConv,
            encoding_dim=3,
            dropout_rate=0.2,
        ).build(
            GraphSpec(
                nodes={"atom": Categorical(NUM_ATOMS)},
                edges={"bond": Categorical(NUM_BONDS)},
                graphs={"x": Continuous(DIM)},
                label=Label("node", "multiclass", 3),
            ),
            encodings=[LaplacianEigenvectors(name="lap")],
        ),
        "model",
    ),
)
