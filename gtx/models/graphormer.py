"""Graphormer: a Transformer whose attention is biased by distances and by the edges between."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, bind, unwrapped
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward, GraphToken, LayerNorm
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.initializers import normal, zeros
from gtx.typing import ModuleFactory

_NORMAL = normal(0.02)  # of every table and of the kernels along paths


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graphormer(LayeredModel):
    """Graphormer (Ying et al., 2021). The defaults are Graphormer-slim, the paper's for ZINC.

    x_i = types + in-degree + out-degree (equation 5); logits q_i . k_j / sqrt(d) + b_ij + c_ij
    (equations 6 and 7) with b a table of distances and c the features of the edges on a shortest
    path; blocks of equations 8 and 9; the graph's vector is that of its token. The encodings are
    `degree_class`, `spd` and `shortest_paths`, and other encodings of pairs can take their place.
    Every pair column is encoded to one number a head, and their sum is the bias of all layers.

    The token is the virtual node of `gtx.structures.VirtualNodes`. Its type, its degrees and its
    distance to any node are rows of their own in the tables, so that a table here has one row
    more than the authors', and their `graph_token` and `graph_token_virtual_distance` are these
    rows. The token's degrees are one vector more that is added to it.

    "pre_ln" is the paper and the authors' v1.0; "post_ln" is what v2 has by default, with its
    `input_norm=True` and the head of a language model, which is `head_layers=2` with `head_norm`.
    The map `masked_lm_pooler` of v2, which it never calls, is left out. The paper's 489,321
    parameters on ZINC are those of its equations, which normalise nothing after the last block. The
    code of v1.0 has one LayerNorm there, `final_norm=True`: 489,481.

    Also in the code and not in the paper: initial values; of a path of more than `max_hops` edges
    the first ones count; nodes 20 steps apart or further do not attend to each other, where
    here they have a distance as others; out-degrees are in-degrees. Of several features of a bond
    the code takes the mean where here it is the sum.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      hidden_dim: width of the hidden layer of the feed-forward layer; None for `dim`.
      form: where the norms of a block stand, see `gtx.nn.TransformerBlock`.
      input_norm: whether the nodes are normalised before the first block.
      final_norm: whether they are after the last.
      dropout_rate: after attention and feed-forward layer.
      input_dropout_rate: of what enters the first block.
      attention_dropout_rate: of the attention weights.
      activation_dropout_rate: inside the feed-forward layer.
      max_hops: edges of a path that are read.
      head_norm: whether hidden layers of the head are as wide as the nodes, with GELU and then a
        LayerNorm.
      table_hops: matrices for them in the table, see `gtx.nn.EdgePathEncoder`.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Ying et al. (2021), NeurIPS"
    complexity: ClassVar[str] = "n² d + n d²"
    recipe: ClassVar[str] = "zinc_graphormer"
    published: ClassVar[str] = "test MAE 0.122 ± 0.006"
    unread: ClassVar[tuple[str, ...]] = ("pool",)

    dim: Width = 80
    num_layers: Layers = 12
    num_heads: Width = 8
    hidden_dim: Width | None = None
    form: Literal["pre_ln", "post_ln"] = "pre_ln"
    input_norm: bool = False
    final_norm: bool = False
    dropout_rate: Rate = 0.1
    input_dropout_rate: Rate = 0.1
    attention_dropout_rate: Rate = 0.1
    activation_dropout_rate: Rate = 0.0
    max_hops: Width = 20
    table_hops: Width = 40
    head_layers: Layers = 1
    head_norm: bool = False
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return Needs(structures=("virtual_nodes",), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        found = self.encoders(spec, encodings)
        encoders = found.replace(
            # The token is told from the other nodes by its classes in the other columns.
            nodes={name: _started(each) for name, each in found.nodes.items() if name != "kind"},
            pairs={name: self._pair(each) for name, each in found.pairs.items()},
            edges={},
            edge_sets={},
        )
        linear = normal(0.02 / self.num_layers**0.5)
        inits: dict[str, Any] = dict(kernel_init=linear, bias_init=zeros)
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            pair_bias=bool(encoders.pairs),
            shared_pair_bias=True,
            implementation=self.attention_implementation,
            query_key_value_init=linear,
            **inits,
        )
        feed_forward = partial(
            FeedForward,
            hidden_dim=self.hidden_dim or self.dim,
            activation=gelu_exact,
            dropout_rate=self.dropout_rate,
            hidden_dropout_rate=self.activation_dropout_rate,
            **inits,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            feed_forward,
            form=self.form,
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = partial(
            self.embed(encoders, pair_dim=self.num_heads),
            norm=LayerNorm if self.input_norm else None,
            dropout_rate=self.input_dropout_rate,
        )
        norm = LayerNorm if self.final_norm else None
        return self.transformer(spec, structures, embed=embed, block=block, norm=norm)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level != "graph":
            return super().readout(spec, structures)
        if "kind" not in spec.nodes:
            raise ValueError(
                "Graphormer reads the token of a graph, and the graphs have none. Add the "
                "structure 'virtual_nodes'."
            )
        return partial(GraphToken, dropout_rate=self.readout_dropout_rate)

    def head(self, spec: Spec) -> ModuleFactory:
        found = super().head(spec)
        if not self.head_norm:
            return found
        return partial(found, activation=gelu_exact, widths="equal", layer_norm=True)

    def _pair(self, factory: ModuleFactory) -> ModuleFactory:
        """An encoder of pairs to one number a head, along paths by numbers a head as well."""
        edges = unwrapped(factory)[1].get("edges")
        if edges is not None:
            started = {name: _started(each) for name, each in edges.items()}
            factory = partial(factory, edges=started)
        hops = dict(max_hops=self.max_hops, table_hops=self.table_hops)
        return _started(bind(factory, edge_dim=self.num_heads, **hops))


def _started(factory: ModuleFactory) -> ModuleFactory:
    """The factory with the authors' initial values of tables and of kernels along paths."""
    return bind(factory, embedding_init=_NORMAL, kernel_init=_NORMAL)
