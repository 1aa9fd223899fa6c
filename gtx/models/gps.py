"""GPS: a message-passing layer beside attention in every block (Rampášek et al. 2022)."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp

from gtx.limits import Layers, OneOf, Rate, Width, unknown
from gtx.models.encoders import ColumnEncoders, column_encoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.model import Encoding, Model, Needs, Spec
from gtx.models.parts import (
    ActivationName,
    Attention,
    Encoders,
    FeedForwardPart,
    Local,
    Norm,
    bind,
    fields_of,
    needs_layout,
    part,
    unwrapped,
)
from gtx.nn.blocks import GPSBlock
from gtx.nn.encoders import ConstantEncoder, Embed
from gtx.nn.parts import EdgeReadout, MLPHead, NodeReadout, PairReadout, Pool
from gtx.ops.attention.select import IMPLEMENTATIONS
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory

Float = Literal["float32", "bfloat16", "float16", "float64"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GPS(Model):
    """GPS. The defaults are table 1's model for ZINC; initial values are PyTorch's, as in GraphGPS.

    Attributes:
      dim: width of nodes and edges.
      num_layers: blocks.
      num_heads: of the attention, and of a message-passing layer that attends.
      local: the message-passing layer; "none" leaves that half of the block out. Its setting
        `edges` names the edge sets that it runs over, several as one.
      attention: "complete" to all nodes of a graph, "edges" to the senders of its edges, or "none".
        dict(name="edges", edges=("expander",)) attends along an edge set that a structure adds.
      attention_implementation: of `gtx.ops.attention`.
      feed_forward: the feed-forward layer.
      activation: in the feed-forward layer; "swiglu" makes it gated.
      norm: of a block.
      dropout_rate: after local layer and attention, and in the feed-forward layer.
      attention_dropout_rate: of the attention weights.
      readout_dropout_rate: of what the head reads.
      pool: how the nodes of a graph become one vector, for labels of graphs; the size of a graph
        matters in "sum".
      head_layers: linear maps of the head.
      ends: what becomes of two nodes where edges or pairs are predicted. "auto" is the product for
        pairs, which often have no direction, and concatenates for edges.
      encoding_dim: width that each encoding takes of `dim` at the nodes.
      node_encoders: by the names of node columns and of encodings, in place of those that follow
        from the data; likewise:
      edge_encoders: by the names of edge columns.
      pair_encoders: by the names of pair columns.
      graph_encoders: by the names of graph columns.
      pair_bias: whether columns of pairs, where there are any, bias complete attention.
      pair_dim: features of a pair, which each layer maps to a number a head.
      dtype: of the computation.
      param_dtype: in which parameters are kept.
      remat: as in `GraphTransformer`.
    """

    dim: Width = 64
    num_layers: Layers = 10
    num_heads: Width = 4
    local: Local = "gine"
    attention: Attention = "complete"
    attention_implementation: Annotated[str, OneOf(("auto", *IMPLEMENTATIONS))] = "auto"
    feed_forward: FeedForwardPart = "mlp"
    activation: ActivationName = "relu"
    norm: Norm = "batch"
    dropout_rate: Rate = 0.0
    attention_dropout_rate: Rate = 0.5
    readout_dropout_rate: Rate = 0.0
    pool: Pooling = "sum"
    head_layers: Layers = 3
    ends: Literal["auto", "product", "concatenate"] = "auto"
    encoding_dim: Width = 28
    node_encoders: Encoders = dataclasses.field(default_factory=dict)
    edge_encoders: Encoders = dataclasses.field(default_factory=dict)
    pair_encoders: Encoders = dataclasses.field(default_factory=dict)
    graph_encoders: Encoders = dataclasses.field(default_factory=dict)
    pair_bias: bool = True
    pair_dim: Width = 16
    dtype: Float = "float32"
    param_dtype: Float = "float32"
    remat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("dtype", "param_dtype"):
            if getattr(self, field) == "float64" and not jax.config.values["jax_enable_x64"]:
                raise ValueError(
                    f"{field}: 'float64' needs jax_enable_x64, which is off. Give 'float32'."
                )
        local, attention = part(self, "local"), part(self, "attention")
        if local is None and attention is None:
            raise ValueError(
                "attention: 'none' with local 'none' leaves no layer. Give another to one of them."
            )
        layers = [each for each in (local, attention) if each is not None]
        heads = any("num_heads" in fields_of(each) for each in layers)
        if heads and self.dim % self.num_heads:
            raise ValueError(
                f"dim: {self.dim} is not a multiple of num_heads {self.num_heads}. Give a "
                "multiple, as each head takes an equal part."
            )

    def needs(self) -> Needs:
        encoders = (*part(self, "node_encoders").values(), *part(self, "graph_encoders").values())
        parts = (part(self, "attention"), part(self, "local"), *encoders)
        return Needs(dense=any(map(needs_layout, parts)))

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        if spec.label is None:
            raise ValueError("the data have no label, and the head needs to know its width.")
        encoders = column_encoders(
            spec,
            encodings,
            encoding_dim=self.encoding_dim,
            nodes=self.node_encoders,
            edges=self.edge_encoders,
            pairs=self.pair_encoders,
            graphs=self.graph_encoders,
        )
        local, edges, edge_sets = self._local(encoders)
        pairs = self._pairs(spec, encoders.pairs)
        attention = part(self, "attention")
        if attention is not None:
            attention = bind(
                attention,
                implementation=self.attention_implementation,
                num_heads=self.num_heads,
                dropout_rate=self.attention_dropout_rate,
            )
            if pairs:
                attention = partial(attention, pair_bias=True)
        ends: dict[str, Any] = {} if self.ends == "auto" else dict(ends=self.ends)
        readouts: dict[str, Any] = {
            "graph": partial(Pool, self.pool, virtual_nodes="virtual_nodes" not in structures),
            "node": NodeReadout,
            "edge": partial(EdgeReadout, **ends) if ends else EdgeReadout,
            "pair": partial(PairReadout, **ends) if ends else PairReadout,
        }
        readout = readouts[spec.label.level]
        options: dict[str, Any] = dict(
            dtype=jnp.dtype(self.dtype), param_dtype=jnp.dtype(self.param_dtype)
        )
        return GraphTransformer(
            embed=partial(
                Embed,
                self.dim,
                encoders.nodes,
                encodings=encoders.encodings,
                edges=edges,
                edge_sets=edge_sets,
                pairs=pairs,
                graphs=encoders.graphs,
                pair_dim=self.pair_dim if pairs else None,
                **options,
            ),
            block=partial(
                GPSBlock,
                self.dim,
                local=local,
                attention=attention,
                feed_forward=bind(
                    part(self, "feed_forward"),
                    activation=part(self, "activation"),
                    gated=self.activation == "swiglu",
                    dropout_rate=self.dropout_rate,
                ),
                norm=part(self, "norm"),
                dropout_rate=self.dropout_rate,
                **options,
            ),
            num_layers=self.num_layers,
            readout=partial(readout, dropout_rate=self.readout_dropout_rate),
            head=partial(MLPHead, spec.label.dim, self.head_layers, **options),
            remat=self.remat,
        )

    def _local(
        self, encoders: ColumnEncoders
    ) -> tuple[Any, dict[str, ModuleFactory], dict[str, dict[str, ModuleFactory]]]:
        """The message-passing layer, and the encoders of the edges that it reads.

        They are those of the given graph's edges and, by name, of other edge sets. Where the layer
        runs over several sets as one, a set without columns gets a learned vector, which tells its
        edges from those of the others.
        """
        local = part(self, "local")
        if local is None:
            return None, encoders.edges, {}
        # What a layer calls dropout is that of its attention weights where it has heads.
        if "num_heads" in fields_of(local):
            local = bind(local, num_heads=self.num_heads, dropout_rate=self.attention_dropout_rate)
        else:
            local = bind(local, norm=part(self, "norm"), dropout_rate=self.dropout_rate)
        kind, bound = unwrapped(local)
        reads = getattr(kind, "edge_features", "optional")
        if reads == "ignored":
            return local, {}, {}
        sets, over = {"graph": encoders.edges, **encoders.edge_sets}, bound.get("edges", ("graph",))
        for name in over:
            if name not in sets:
                raise ValueError(f"local.edges: {unknown(name, sets)}")
        read = {name: sets[name] for name in over}
        if reads == "required" or len(over) > 1:
            constant: dict[str, ModuleFactory] = {"constant": ConstantEncoder}
            read = {name: columns or constant for name, columns in read.items()}
        return local, read.pop("graph", {}), read

    def _pairs(self, spec: Spec, pairs: dict[str, ModuleFactory]) -> dict[str, ModuleFactory]:
        """The encoders of pair columns, if attention is to be biased by them."""
        if not spec.pairs or not self.pair_bias:
            return {}
        attention = part(self, "attention")
        if attention is None or not needs_layout(attention):
            raise ValueError(
                f"attention: {self.attention!r} reads no pairs, but there are the pair columns "
                f"{sorted(spec.pairs)}. Use 'complete', or pair_bias=False."
            )
        return pairs
