"""Exphormer: attention along the graph, an expander and virtual nodes, beside message passing."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar

from gtx.limits import Rate, Whole, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import (
    FeedForwardActivation,
    FeedForwardPart,
    Implementation,
    Local,
    Norm,
    fields_of,
    unwrapped,
)
from gtx.nn.attention import ExphormerAttention
from gtx.nn.blocks import GPSBlock
from gtx.nn.encoders import ExphormerEmbed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exphormer(LayeredModel):
    """Exphormer (Shirzad et al., 2023): GPS with sparse attention. Its defaults are those for ZINC.

    The blocks are those of GPS. Their attention has no output map and runs over `edges`, several
    sets as one: the graph's own edges with their features, and those of structures. A set without
    columns has one learned vector. With them are the edges to and from the virtual nodes of each
    graph, which are none of the batch's nodes; see `gtx.nn.ExphormerAttention`. (Virtual nodes
    that are nodes, with residuals and norms, are the structure of that name and one more set.)

    The attention reads the features of edges as they are embedded, while a GatedGCN beside it
    updates its own. Nobody reads those that the last GatedGCN returns.

    Attributes:
      num_heads: of the attention, and of a message-passing layer that attends.
      local: the message-passing layer; "none" leaves it out. Its setting `positions` names an
        encoding whose distances gate its messages, as in `gtx.models.GPS`.
      edges: names of the edge sets that attention runs over.
      num_virtual_nodes: of each graph; 0 for none.
      norm: of a block.
      feed_forward: the feed-forward layer.
      activation: in it.
      dropout_rate: after local layer and attention, and in the feed-forward layer.
      attention_dropout_rate: of the weights. The authors' code has such a setting, 0.5 in most
        of its configs, which their attention does not read.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Shirzad et al. (2023), ICML"
    complexity: ClassVar[str] = "n d² + m d², m with the edges of the expander"
    recipe: ClassVar[str] = "zinc_exphormer"

    num_heads: Width = 4
    local: Local = "gine"
    edges: tuple[str, ...] = ("graph", "expander")
    num_virtual_nodes: Annotated[int, Whole(0, 2**10)] = 1
    norm: Norm = "batch"
    feed_forward: FeedForwardPart = "mlp"
    activation: FeedForwardActivation = "relu"
    attention_dropout_rate: Rate = 0.0
    encoding_dim: Width | None = 28
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        structures = ("expander",) if "expander" in self.edges else ()
        return dataclasses.replace(super().needs(), structures=structures)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        local = self._local()
        over = () if local is None else unwrapped(local)[1].get("edges", ("graph",))
        names = tuple(dict.fromkeys((*self.edges, *over)))
        encoders = self.encoders(spec, encodings).for_edges(names)
        block = partial(
            GPSBlock,
            self.dim,
            local=local,
            attention=partial(
                ExphormerAttention,
                num_heads=self.num_heads,
                dropout_rate=self.attention_dropout_rate,
                implementation=self.attention_implementation,
                edges=self.edges,
            ),
            feed_forward=self.made(
                "feed_forward",
                **self.feed_forward_fields(),
                dropout_rate=self.dropout_rate,
            ),
            norm=self.made("norm"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = partial(
            ExphormerEmbed,
            self.dim,
            self.embed_for(local, encoders),
            self.edges,
            self.num_virtual_nodes,
            param_dtype=self.dtypes["param_dtype"],
        )
        return self.transformer(spec, structures, embed=embed, block=block)

    def _local(self) -> Any:
        """The message-passing layer. Of one with heads, the dropout is that of its weights."""
        local = self.made("local")
        if local is not None and "num_heads" in fields_of(local):
            rate = self.attention_dropout_rate
            return self.made("local", num_heads=self.num_heads, dropout_rate=rate)
        return self.made("local", norm=self.made("norm"), dropout_rate=self.dropout_rate)
