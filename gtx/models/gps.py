"""GPS: a message-passing layer beside attention in every block (Rampášek et al. 2022)."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar

from gtx.limits import Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.models.parts import (
    Attention,
    FeedForwardActivation,
    FeedForwardPart,
    Implementation,
    Local,
    Norm,
    bind,
    fields_of,
    needs_layout,
)
from gtx.nn.blocks import GPSBlock
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class GPS(LayeredModel):
    """GPS. The defaults are table 1's model for ZINC; initial values are PyTorch's, as in GraphGPS.

    Attributes:
      num_heads: of the attention, and of a message-passing layer that attends.
      local: the message-passing layer; "none" leaves that half of the block out. Its setting
        `edges` names the edge sets that it runs over, several as one. Its setting `positions`, as
        in dict(name="gated_gcn", positions="laplacian"), takes that encoding out of the nodes: its
        distances gate the messages (EquivStableLapPE in GraphGPS).
      attention: "complete" to all nodes of a graph, "edges" to the senders of its edges, or "none".
        dict(name="edges", edges=("expander",)) attends along an edge set that a structure adds.
      attention_implementation: of `gtx.ops.attention`.
      feed_forward: the feed-forward layer.
      activation: of the feed-forward layer, which "swiglu" makes gated, and of the message-passing
        layer, as in GraphGPS. Between the maps of a head whose widths halve, too; GraphGym's other
        head always has a ReLU.
      norm: of a block.
      dropout_rate: after local layer and attention, and in the feed-forward layer.
      attention_dropout_rate: of the attention weights.
      pair_bias: whether columns of pairs, where there are any, bias complete attention.
      pair_dim: features of a pair, which each layer maps to a number a head.
    """

    paper: ClassVar[str] = "Rampášek et al. (2022), NeurIPS"
    complexity: ClassVar[str] = "n² d + n d² + m d; without n² d with attention along edges"
    recipe: ClassVar[str] = "zinc_gps"
    published: ClassVar[str] = "test MAE 0.070 ± 0.004"

    num_heads: Width = 4
    local: Local = "gine"
    attention: Attention = "complete"
    attention_implementation: Implementation = "auto"
    feed_forward: FeedForwardPart = "mlp"
    activation: FeedForwardActivation = "relu"
    norm: Norm = "batch"
    attention_dropout_rate: Rate = 0.5
    encoding_dim: Width | None = 28
    pair_bias: bool = True
    pair_dim: Width = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        layers = [each for each in map(self.made, ("local", "attention")) if each is not None]
        if not layers:
            raise ValueError(
                "attention: 'none' with local 'none' leaves no layer. Give another to one of them."
            )
        if any("num_heads" in fields_of(each) for each in layers):
            self.check_heads()

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        local, attention = self._local(), self._attention()
        encoders = self.encoders(spec, encodings).for_layer(local)
        if not self.pair_bias:
            encoders = encoders.replace(pairs={})
        if encoders.pairs:
            if attention is None or not needs_layout(attention):
                raise ValueError(
                    f"attention: {self.attention!r} reads no pairs, but there are the pair columns "
                    f"{sorted(encoders.pairs)}. Use 'complete', or pair_bias=False."
                )
            attention = partial(attention, pair_bias=True)
        block = partial(
            GPSBlock,
            self.dim,
            local=local,
            attention=attention,
            feed_forward=self.made(
                "feed_forward",
                **self.feed_forward_fields(),
                dropout_rate=self.dropout_rate,
            ),
            norm=self.made("norm"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = self.embed_for(local, encoders, pair_dim=self.pair_dim)
        return self.transformer(spec, structures, embed=embed, block=block)

    def _local(self) -> Any:
        """The message-passing layer. Of one with heads, the dropout is that of its weights."""
        local = self.made("local")
        if local is not None and "num_heads" in fields_of(local):
            rate = self.attention_dropout_rate
            return self.made("local", num_heads=self.num_heads, dropout_rate=rate)
        return self.made(
            "local",
            norm=self.made("norm"),
            activation=self.made("activation"),
            dropout_rate=self.dropout_rate,
        )

    def head(self, spec: Spec) -> ModuleFactory:
        """The head, with the model's activation."""
        found = super().head(spec)
        return (
            found
            if self.head_widths == "equal"
            else bind(found, activation=self.made("activation"))
        )

    def _attention(self) -> Any:
        return self.made(
            "attention",
            implementation=self.attention_implementation,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
        )
