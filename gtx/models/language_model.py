"""A language model that only decodes: a graph network over a directed graph without cycles."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Layers, Name, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FeedForwardActivation, Implementation
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward, LayerNorm

# Structures whose edges never lead from a later node to an earlier one. A plugin with another one
# adds its name.
CAUSAL = {"causal"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageModel(LayeredModel):
    """GPT-2 (Radford et al., 2019). The defaults are the smallest of its four models.

    A node is a token, with its place as another column, and its label is the next token. Attention
    runs along the edges of `gtx.structures.Causal`, from each node to itself and to all later ones,
    so that a prediction depends on no later token (Joshi, 2025, section 1.1). All places of a text
    are trained at once.

    Differs from GPT-2 in that: the head is a linear map of its own with a bias, where GPT-2 uses
    the table of tokens; initial values are those of the parts.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      hidden_dim: width of the hidden layer of the feed-forward layer; None for `4 dim`.
      over: names of the edge sets that attention runs over, of those in `CAUSAL`. Others are
        refused: along edges that run backward a token would see what it has to predict.
      activation: in the feed-forward layer; "gelu" is the approximation by tanh, as in GPT-2.
      dropout_rate: of what enters the first block, after attention and feed-forward layer.
      attention_dropout_rate: of the attention weights.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Radford et al. (2019), OpenAI"
    complexity: ClassVar[str] = "n² d + n d²; w n d + n d² in a window of w tokens"
    recipe: ClassVar[str] = "characters_decoder"

    dim: Width = 768
    num_layers: Layers = 12
    num_heads: Width = 12
    hidden_dim: Width | None = None
    over: tuple[Name, ...] = ("causal",)
    activation: FeedForwardActivation = "gelu"
    dropout_rate: Rate = 0.1
    attention_dropout_rate: Rate = 0.1
    head_layers: Layers = 1
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return Needs(structures=self.over)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        if wrong := [name for name in self.over if name not in CAUSAL]:
            raise ValueError(
                f"over: the edges of {wrong[0]!r} may run from later nodes to earlier ones, which "
                "shows a token what it has to predict. Use 'causal', or add the name of a "
                "structure of your own to gtx.models.language_model.CAUSAL."
            )
        encoders = self.encoders(spec, encodings).for_edges(self.over, required=False, field="over")
        encoders = encoders.replace(edges={}, edge_sets={})
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            structure="edges",
            edges=self.over,
            implementation=self.attention_implementation,
        )
        feed_forward = partial(
            FeedForward,
            hidden_dim=self.hidden_dim or 4 * self.dim,
            **self.feed_forward_fields(),
            dropout_rate=self.dropout_rate,
            hidden_dropout_rate=0.0,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            feed_forward,
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = partial(self.embed(encoders), dropout_rate=self.dropout_rate)
        return self.transformer(spec, structures, embed=embed, block=block, norm=LayerNorm)
