"""BigBird: a Transformer along edges that follow from the order of the nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FeedForwardActivation, Implementation, Local, Norm, fields_of
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import GPSBlock, TransformerBlock
from gtx.nn.parts import FeedForward
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class BigBird(LayeredModel):
    """BigBird (Zaheer et al., 2020) on graphs, as GraphGPS has it: attention knows no edges of it.

    A Transformer whose nodes attend along the edge set of `gtx.structures.BigBird`: a window in
    the order of the nodes, random nodes, and hubs. What the graph is enters by encodings, or by
    `local`: then each block is that of GPS with the whole block of a Transformer, residuals
    included, in place of attention. This is "BigBird" in a GraphGPS layer. (Without the second
    feed-forward layer it is `attention=dict(name="edges", edges=("big_bird",))` in GPS.)

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      edges: names of the edge sets that attention runs over.
      local: the message-passing layer beside each Transformer block; "none" for none.
      use_bias: of the query, key and value. The map of the result has a bias.
      expansion: width of the hidden layer of a Transformer block in units of `dim`.
      form: of the blocks, see `gtx.nn.TransformerBlock`.
      norm: of a block.
      outer_norm: with `local`, of the GPS block.
      activation: in the feed-forward layers, and in `local`.
      dropout_rate: after the attention, in the feed-forward layers, and in and after `local`.
      attention_dropout_rate: of the attention weights, and of those of a `local` that attends.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Zaheer et al. (2020), NeurIPS"
    complexity: ClassVar[str] = "n d² + m d, m the edges of window, random nodes and hubs"
    recipe: ClassVar[str] = "cifar10_big_bird"
    published: ClassVar[str] = "test accuracy 70.48 ± 0.11 %"

    num_heads: Width = 4
    edges: tuple[str, ...] = ("big_bird",)
    local: Local = "none"
    use_bias: bool = True
    expansion: Width = 2
    form: Literal["post_ln", "pre_ln"] = "post_ln"
    norm: Norm = "layer"
    outer_norm: Norm = "batch"
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
        local = self._local()
        encoders = self.encoders(spec, encodings)
        if local is None:
            encoders = encoders.replace(edges={}, edge_sets={})
        else:
            encoders = encoders.for_layer(local)
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            structure="edges",
            use_bias=self.use_bias,
            output_bias=True,
            implementation=self.attention_implementation,
            edges=self.edges,
        )
        feed_forward = partial(
            FeedForward, **self.feed_forward_fields(), dropout_rate=self.dropout_rate
        )
        inner = partial(
            TransformerBlock,
            attention=attention,
            feed_forward=partial(feed_forward, hidden_dim=self.expansion * self.dim),
            norm=self.made("norm"),
            form=self.form,
            dropout_rate=self.dropout_rate,
        )
        block: ModuleFactory = partial(inner, self.dim, **self.dtypes)
        if local is not None:
            block = partial(
                GPSBlock,
                self.dim,
                local=local,
                attention=inner,
                feed_forward=feed_forward,
                norm=self.made("outer_norm"),
                dropout_rate=self.dropout_rate,
                **self.dtypes,
            )
        embed = self.embed_for(local, encoders)
        return self.transformer(spec, structures, embed=embed, block=block)

    def _local(self) -> Any:
        """The message-passing layer. Of one with heads, the dropout is that of its weights."""
        local = self.made("local")
        if local is not None and "num_heads" in fields_of(local):
            rate = self.attention_dropout_rate
            return self.made("local", num_heads=self.num_heads, dropout_rate=rate)
        return self.made(
            "local",
            norm=self.made("outer_norm"),
            activation=self.made("activation"),
            dropout_rate=self.dropout_rate,
        )
