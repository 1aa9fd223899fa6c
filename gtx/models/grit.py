"""GRIT: attention computed from relative random walks, which evolve (Ma et al., 2023)."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Name, Rate, Width
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FeedForwardActivation, Implementation, Norm, bind
from gtx.nn.attention import GRITAttention
from gtx.nn.blocks import GRITBlock
from gtx.nn.parts import FeedForward
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class GRIT(LayeredModel):
    """GRIT. The defaults are the authors' configuration for ZINC, with RRWP of 21 steps.

    Ma et al. (2023), "Graph Inductive Biases in Transformers without Message Passing". Encodings of
    nodes are added to the columns of nodes, those of pairs to the features of the edge between the
    two nodes. A linear map of an encoding has no bias, as in the code. Features of pairs have the
    width of those of nodes.

    In the last block nobody reads the features of pairs, so that its `pairs` and `norm_pairs` learn
    nothing; the published numbers of parameters count them.

    Attributes:
      num_heads: of the attention.
      attention_dropout_rate: of the attention weights.
      activation: in the feed-forward layer and, if its widths are halving, in the head. That of
        the scores is relu.
      norm: after attention and feed-forward layer, of nodes and pairs.
      structure: "complete" runs over all pairs, "edges" over the edge sets `over`, with the same
        parameters: less memory where these are few. Encodings of pairs are dense in both.
      over: names of edge sets. Over those of `gtx.structures.Complete(loops=True)` the result is
        that over all pairs.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Ma et al. (2023), ICML"
    complexity: ClassVar[str] = "n² d²"
    recipe: ClassVar[str] = "zinc_grit"
    published: ClassVar[str] = "test MAE 0.059 ± 0.002"

    num_heads: Width = 8
    attention_dropout_rate: Rate = 0.2
    activation: FeedForwardActivation = "relu"
    norm: Norm = "batch"
    structure: Literal["complete", "edges"] = "complete"
    over: tuple[Name, ...] = ("complete",)
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        sets = [name for name in self.over if name != "graph" and self.structure == "edges"]
        return dataclasses.replace(super().needs(), structures=tuple(sets), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        listed: dict[str, Any] = dict(edges=self.over) if self.structure == "edges" else {}
        attention = partial(
            GRITAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            structure=self.structure,
            implementation=self.attention_implementation,
            **listed,
        )
        feed_forward = partial(
            FeedForward,
            **self.feed_forward_fields(),
            dropout_rate=self.dropout_rate,
            output_dropout=False,
        )
        block = partial(
            GRITBlock,
            self.dim,
            attention=attention,
            feed_forward=feed_forward,
            norm=self.made("norm"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = self.embed(self.encoders(spec, encodings), pair_dim=self.dim)
        if listed:
            embed = partial(embed, pairs_over=self.over)
        return self.transformer(spec, structures, embed=embed, block=block)

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Those of the edges are for pairs, and linear maps of encodings have no bias."""
        plain: dict[str, Any] = dict(name="linear", use_bias=False, kernel_init="xavier_uniform")
        linear = [one for one in encodings if getattr(one, "encoder", {}).get("name") == "linear"]
        at_nodes = {one.name: plain for one in linear if _at(one, "node")}
        at_pairs = {name: plain for one in linear for name in _at(one, "pair")}
        filled = dataclasses.replace(
            self,
            node_encoders={**at_nodes, **self.node_encoders},
            pair_encoders={**at_pairs, **self.pair_encoders},
        )
        return LayeredModel.encoders(filled, spec, encodings).edges_at_pairs()

    def head(self, spec: Spec) -> ModuleFactory:
        """The head, with the model's activation; GraphGym's, whose widths are equal, has a ReLU."""
        found = super().head(spec)
        equal = self.head_widths == "equal"
        return found if equal else bind(found, activation=self.made("activation"))


def _at(encoding: Encoding, level: str) -> list[str]:
    """The names of an encoding's columns of a level."""
    return [name for of, name in encoding.columns() if of == level]
