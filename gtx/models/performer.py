"""Performer: a Transformer whose attention is by random features, linear in the nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, ClassVar, Literal

from gtx.limits import Rate, Whole, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.models.parts import FeedForwardActivation, Norm
from gtx.nn.attention import PerformerAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward


@dataclasses.dataclass(frozen=True, kw_only=True)
class Performer(LayeredModel):
    """Performer (Choromanski et al., 2021) over the nodes of a graph, which enters by encodings.

    Blocks are pre-LN Transformers, as in the package `performer-pytorch` that GraphGPS takes. In a
    GPS block the same attention is `attention="performer"`. See `gtx.nn.PerformerAttention`.

    Attributes:
      num_heads: heads.
      head_dim: of each; None is `dim / num_heads`. The package has 64.
      kernel: "softmax" or the generalised "relu".
      num_features: random directions; None is `head_dim * log(head_dim)`.
      redraw_every: updates after which they are drawn anew; 0 keeps the first.
      norm: of a block.
      activation: in the feed-forward layer.
      feed_forward_dim: its hidden width; None is four times `dim`.
      dropout_rate: after attention and in the feed-forward layer.
    """

    paper: ClassVar[str] = "Choromanski et al. (2021), ICLR"
    complexity: ClassVar[str] = "n d² + n f d, f the random features of a head"

    num_heads: Width = 4
    head_dim: Width | None = None
    kernel: Literal["softmax", "relu"] = "softmax"
    num_features: Width | None = None
    redraw_every: Annotated[int, Whole(0, 2**31)] = 1000
    norm: Norm = "layer"
    activation: FeedForwardActivation = "gelu"
    feed_forward_dim: Width | None = None
    dropout_rate: Rate = 0.0

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        if self.head_dim is None:
            self.check_heads()
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        attention = partial(
            PerformerAttention,
            num_heads=self.num_heads,
            head_dim=self.head_dim,
            kernel=self.kernel,
            num_features=self.num_features,
            redraw_every=self.redraw_every,
        )
        hidden = 4 * self.dim if self.feed_forward_dim is None else self.feed_forward_dim
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            partial(
                FeedForward,
                hidden_dim=hidden,
                **self.feed_forward_fields(),
                dropout_rate=self.dropout_rate,
            ),
            norm=self.made("norm"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        return self.transformer(
            spec,
            structures,
            embed=self.embed(encoders),
            block=block,
            norm=self.made("norm"),
        )
