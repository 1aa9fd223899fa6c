"""The Edge Transformer: triangular attention over pairs of nodes, as strong as 2-FWL."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.model import Encoding, Spec
from gtx.models.pairs import PairModel
from gtx.models.parts import ActivationName, Norm, bind
from gtx.nn.blocks import EdgeTransformerBlock
from gtx.nn.parts import PairSums
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class EdgeTransformer(PairModel):
    """The Edge Transformer of graphs. The defaults are the authors' configuration for ZINC.

    Müller, Kusuma, Bonet and Morris (2024), "Towards Principled Graph Transformers", after Bergen
    et al. (2021). A pair begins as the features of its edge, those of its columns, which the code's
    RRWP variant concatenates instead, and a linear map of its two nodes. Initial values are
    PyTorch's, as the code never calls its own.

    Attributes:
      dropout_rate: in the feed-forward layers.
      num_heads: of the attention.
      attention_dropout_rate: of the attention weights.
      activation: of feed-forward layers and head. That of the readout is relu.
      norm: of the blocks.
    """

    paper: ClassVar[str] = "Müller et al. (2024), NeurIPS"
    complexity: ClassVar[str] = "n³ d + n² d²"
    recipe: ClassVar[str] = "zinc_edge_transformer"
    published: ClassVar[str] = ""

    num_heads: Width = 8
    attention_dropout_rate: Rate = 0.2
    activation: ActivationName = "gelu"
    norm: Norm = "layer"

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        block = partial(
            EdgeTransformerBlock,
            self.dim,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            feed_forward_dropout_rate=self.dropout_rate,
            activation=self.made("activation"),
            norm=self.made("norm"),
            implementation=self.implementation,
            **self.dtypes,
        )
        embed = self.pair_embed(spec, encodings)
        return self.transformer(spec, structures, embed=embed, block=block)

    def pair_sums(self, spec: Spec) -> ModuleFactory:
        return partial(PairSums, self.dim, perceptrons=True, **self.dtypes)

    def head(self, spec: Spec) -> ModuleFactory:
        """The head, with the model's activation."""
        return bind(super().head(spec), activation=self.made("activation"))
