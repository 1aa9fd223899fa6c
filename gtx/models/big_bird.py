"""BigBird: a Transformer along edges that follow from the order of the nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar, Literal

from gtx.limits import Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FeedForwardActivation, Implementation, Norm
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward


@dataclasses.dataclass(frozen=True, kw_only=True)
class BigBird(LayeredModel):
    """BigBird (Zaheer et al., 2020) on graphs, as GraphGPS has it: attention knows no edges of it.

    A Transformer whose nodes attend along the edge set of `gtx.structures.BigBird`: a window in
    the order of the nodes, random nodes, and hubs. What the graph is enters by encodings. In a
    GPS block the same attention is `attention=dict(name="edges", edges=("big_bird",))`.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      edges: names of the edge sets that attention runs over.
      form: of the blocks, see `gtx.nn.TransformerBlock`.
      norm: of a block.
      activation: in the feed-forward layer.
      dropout_rate: after the attention and in the feed-forward layer.
      attention_dropout_rate: of the attention weights.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Zaheer et al. (2020), NeurIPS"
    complexity: ClassVar[str] = "n d² + m d, m the edges of window, random nodes and hubs"

    num_heads: Width = 4
    edges: tuple[str, ...] = ("big_bird",)
    form: Literal["post_ln", "pre_ln"] = "post_ln"
    norm: Norm = "layer"
    activation: FeedForwardActivation = "gelu"
    dropout_rate: Rate = 0.1
    attention_dropout_rate: Rate = 0.1
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        structures = ("big_bird",) if "big_bird" in self.edges else ()
        return dataclasses.replace(super().needs(), structures=structures)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            structure="edges",
            implementation=self.attention_implementation,
            edges=self.edges,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            partial(
                FeedForward,
                **self.feed_forward_fields(),
                dropout_rate=self.dropout_rate,
            ),
            norm=self.made("norm"),
            form=self.form,
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        return self.transformer(spec, structures, embed=self.embed(encoders), block=block)
