"""SGFormer: one layer of linear attention beside a graph network."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax

from gtx.limits import Layers, Probability, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.models.parts import FunctionOf, Local, PartOf, fields_of
from gtx.nn.attention import SGFormerAttention
from gtx.nn.attention.sgformer import Normalization
from gtx.nn.blocks import InitialResidualBlock, MixStreams, MPNNBlock, OnStream, SGFormerBlock
from gtx.nn.encoders import StreamEmbed
from gtx.nn.parts import ACTIVATIONS, NORMS, BatchNorm
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory

STREAM = "attention"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SGFormer(LayeredModel):
    """SGFormer (Wu et al., 2023). The defaults are the authors' for Cora, but for the GCN.

    Two streams start from embeddings of their own. On one runs attention to all nodes, linear in
    their number, on the other message passing. The head reads graph_weight times the second plus
    the rest of the first. The message passing is "residual", PyG's and that of the authors' code
    for large graphs: an embedding with batch norm, then layers with a residual to it. Or it is
    "plain", that of their code for small graphs: layers without residuals and norms, with ReLU and
    dropout between them. Theirs read the columns themselves: the encoder "identity" of a column of
    nodes is that of the message passing, and the attention has a linear map in its place.

    Attributes:
      num_layers: of message passing.
      num_attention_layers: of attention; the paper's point is that one is enough.
      num_heads: of the attention, and of a message-passing layer that attends.
      local: the message-passing layer.
      message_passing: "residual" or "plain".
      alpha: the weight of the attention against its residual; 1 leaves no residual.
      graph_weight: the weight of the message passing.
      mix: "add" the streams, or "concatenate" them.
      normalization: of queries and keys; the paper's is by "graph", PyG's by "rows".
      attention_norm: of the embedding that the attention reads, and after each of its layers.
        The authors' commands for small graphs have "none", an alpha of 1, and no map of values:
      use_value: whether the attention maps its values.
      attention_activation: after the norm of a layer of attention; "relu" in PyG.
      use_bias: of the maps of the attention. PyG has none.
      dropout_rate: after each layer of message passing and its embedding.
      attention_dropout_rate: after each layer of attention and its embedding.
    """

    paper: ClassVar[str] = "Wu et al. (2023), NeurIPS"
    complexity: ClassVar[str] = "n d² + m d"
    recipe: ClassVar[str] = "cora_sgformer"
    published: ClassVar[str] = "test accuracy 84.5 ± 0.8 %"

    num_layers: Layers = 4
    num_attention_layers: Layers = 1
    num_heads: Width = 1
    local: Local = "gcn"
    message_passing: Literal["residual", "plain"] = "residual"
    alpha: Probability = 0.5
    graph_weight: Probability = 0.8
    mix: Literal["add", "concatenate"] = "add"
    normalization: Normalization = "graph"
    attention_norm: Annotated[Any, PartOf(NORMS, optional=True)] = "layer"
    use_value: bool = True
    attention_activation: Annotated[Any, FunctionOf(ACTIVATIONS, optional=True)] = "none"
    use_bias: bool = True
    dropout_rate: Rate = 0.5
    attention_dropout_rate: Rate = 0.2
    pool: Pooling = "mean"
    head_layers: Layers = 1

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        local = self.made("local")
        if local is None:
            raise ValueError("local: SGFormer needs a message-passing layer; give 'gcn'.")
        if "num_heads" in fields_of(local):
            local = self.made("local", num_heads=self.num_heads)
        encoders = self.encoders(spec, encodings).for_layer(local)
        mapped = {name: kind for name, kind in self.node_encoders.items() if kind != "identity"}
        of_nodes = dataclasses.replace(self, node_encoders=mapped).encoders(spec, encodings)
        of_nodes = of_nodes.replace(edges={}, edge_sets={}, pairs={}, graphs={})
        attention = partial(
            SGFormerBlock,
            attention=partial(
                SGFormerAttention,
                num_heads=self.num_heads,
                normalization=self.normalization,
                use_value=self.use_value,
                use_bias=self.use_bias,
            ),
            alpha=self.alpha,
            norm=self.made("attention_norm"),
            activation=self.made("attention_activation"),
            dropout_rate=self.attention_dropout_rate,
        )
        first, along_edges = self._message_passing(self.embed(encoders), local)
        second = partial(
            self.embed(of_nodes),
            norm=self.made("attention_norm"),
            activation=jax.nn.relu,
            dropout_rate=self.attention_dropout_rate,
        )
        on_stream = partial(OnStream, self.dim, STREAM, attention, **self.dtypes)
        blocks: tuple[ModuleFactory, ...] = (
            *[on_stream] * self.num_attention_layers,
            *along_edges,
            partial(MixStreams, STREAM, self.graph_weight, self.mix),
        )
        return self.transformer(
            spec, structures, embed=partial(StreamEmbed, first, {STREAM: second}), block=blocks
        )

    def _message_passing(
        self, embed: ModuleFactory, local: ModuleFactory
    ) -> tuple[ModuleFactory, list[ModuleFactory]]:
        """The embedding and the blocks of the stream of message passing."""
        shared: dict[str, Any] = dict(local=local, dropout_rate=self.dropout_rate, **self.dtypes)
        if self.message_passing == "residual":
            first = dict(norm=BatchNorm, activation=jax.nn.relu, dropout_rate=self.dropout_rate)
            block: ModuleFactory = partial(InitialResidualBlock, self.dim, **shared)
            return partial(embed, **first), [block] * self.num_layers
        none: dict[str, Any] = dict(residual="none", local_norm=None, feed_forward=None)
        block = partial(MPNNBlock, self.dim, **shared, **none)
        last = partial(block, activation=None, dropout_rate=0.0)
        return embed, [*[block] * (self.num_layers - 1), last]
