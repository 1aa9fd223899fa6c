"""ViT: the patches of an image as the nodes of a graph."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Attention, FeedForwardActivation, Implementation, needs_layout
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward, GraphToken, LayerNorm
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViT(LayeredModel):
    """Vision Transformer (Dosovitskiy et al., 2021). The defaults are ViT-Base.

    A node is a patch with its pixels as one column and its place as another; the class token is the
    virtual node of `gtx.structures.VirtualNodes`, whose place is a class of its own. The
    authors' token has a vector beside that of its place, which here are one: 86,566,888 parameters
    for ImageNet in patches of 16 x 16, theirs 86,567,656. Its pixels count as 0.

    Attention is from all to all, and the edges of the grid are not read. With
    `attention=dict(name="edges", edges=("graph", "virtual"))` a patch attends to its
    neighbours and to the token, so that an image of many patches costs little.

    Differs from the authors' code in that: LayerNorm adds 1e-5 and not 1e-6 to the variance, and
    biases and the head start as those of PyTorch.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      hidden_dim: width of the hidden layer of the feed-forward layer; None for `4 dim`.
      attention: "complete", or "edges" with the names of edge sets.
      attention_implementation: of `gtx.ops.attention`.
      activation: in the feed-forward layer; "gelu" is the approximation by tanh, as in the code.
      dropout_rate: of what enters the first block, and in the feed-forward layers.
      attention_dropout_rate: of the attention weights.
    """

    paper: ClassVar[str] = "Dosovitskiy et al. (2021), ICLR"
    complexity: ClassVar[str] = "n² d + n d²; m d + n d² with attention along edges"
    recipe: ClassVar[str] = "digits_vit"
    unread: ClassVar[tuple[str, ...]] = ("pool",)

    dim: Width = 768
    num_layers: Layers = 12
    num_heads: Width = 12
    hidden_dim: Width | None = None
    attention: Attention = "complete"
    attention_implementation: Implementation = "auto"
    activation: FeedForwardActivation = "gelu"
    dropout_rate: Rate = 0.1
    attention_dropout_rate: Rate = 0.0
    head_layers: Layers = 1

    def needs(self) -> Needs:
        dense = needs_layout(self.made("attention"))
        return Needs(structures=("virtual_nodes",), dense=dense)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        found = self.encoders(spec, encodings)
        # The token is told from the patches by its place.
        nodes = {name: each for name, each in found.nodes.items() if name != "kind"}
        encoders = found.replace(nodes=nodes, edges={}, edge_sets={})
        attention = self.made(
            "attention",
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
        )
        if attention is None:
            raise ValueError("attention: ViT has no layer but its attention. Give 'complete'.")
        feed_forward = partial(
            FeedForward,
            hidden_dim=self.hidden_dim or 4 * self.dim,
            **self.feed_forward_fields(),
            dropout_rate=self.dropout_rate,
        )
        block = partial(TransformerBlock, self.dim, attention, feed_forward, **self.dtypes)
        embed = partial(self.embed(encoders), dropout_rate=self.dropout_rate)
        return self.transformer(spec, structures, embed=embed, block=block, norm=LayerNorm)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level != "graph":
            return super().readout(spec, structures)
        if "kind" not in spec.nodes:
            raise ValueError(
                "ViT reads the token of a graph, and the graphs have none. Add the structure "
                "'virtual_nodes'."
            )
        return partial(GraphToken, dropout_rate=self.readout_dropout_rate)
