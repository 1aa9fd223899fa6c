"""FloydNet: pivotal attention over pairs of nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Layers, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import label_of
from gtx.models.model import Encoding, Spec
from gtx.models.pairs import PairModel
from gtx.models.parts import ActivationName, Norm
from gtx.nn.blocks import PivotalBlock
from gtx.nn.parts import PairSums
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class FloydNet(PairModel):
    """FloydNet over pairs. The defaults are those of the authors' code, which are large.

    "FloydNet: A Learning Paradigm for Global Relational Reasoning" (arXiv 2601.19094). A pair is
    first the sum of the features of its edge, those of its columns and a linear map of its two
    nodes. The authors' examples give the features of nodes to the pairs of one more node that is
    joined to all, and their norm is a scale and an offset alone. The label of a graph is read from
    the sum of all pairs, that of a node from the sums of its row and its column.

    Attributes:
      dropout_rate: of weights and of what is added to the pairs.
      num_heads: of the attention.
      expansion: width of the hidden layer of a block in units of `dim`.
      activation: of that layer.
      norm: of the blocks.
      mix: whether a pair reads the reversed pair too.
    """

    paper: ClassVar[str] = "FloydNet (2026), arXiv 2601.19094"
    complexity: ClassVar[str] = "n³ d + n² d²"
    recipe: ClassVar[str] = "pcqm_contact_floydnet"
    published: ClassVar[str] = "test MRR 0.6143"

    dim: Width = 768
    num_layers: Layers = 12
    num_heads: Width = 12
    expansion: Width = 4
    activation: ActivationName = "silu"
    norm: Norm = "layer"
    mix: bool = True
    head_layers: Layers = 1

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        block = partial(
            PivotalBlock,
            self.dim,
            num_heads=self.num_heads,
            dropout_rate=self.dropout_rate,
            expansion=self.expansion,
            activation=self.made("activation"),
            norm=self.made("norm"),
            mix=self.mix,
            implementation=self.implementation,
            **self.dtypes,
        )
        embed = self.pair_embed(spec, encodings)
        return self.transformer(spec, structures, embed=embed, block=block)

    def pair_sums(self, spec: Spec) -> ModuleFactory:
        return partial(PairSums, self.dim, both=label_of(spec).level != "graph", **self.dtypes)
