"""GT: the Graph Transformer of Dwivedi and Bresson, with edge features in the score."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.models.parts import Implementation, Norm
from gtx.nn.blocks import GTBlock
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class GT(LayeredModel):
    """GT (Dwivedi and Bresson, 2021). The defaults are the authors' sparse LapPE-BN model for ZINC.

    Attention runs along the edges of the graph, whose features multiply its scores and are updated
    in every block; where the data have no columns of edges, the scores are those of nodes alone,
    as in the authors' model for PATTERN and CLUSTER. The authors' full graphs are
    `edges=("complete",)` with that structure. Positions are `node_encoders={"laplacian":
    "laplacian_linear"}`, whose signs are drawn anew in training.

    What the code does and the paper does not say, and how attention differs from it, is in
    `gtx.nn.MultipliedAttention`. Nobody reads the edges of the last block: the parameters of their
    stream there, 20,992 on ZINC, are counted and have no gradient.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      norm: of nodes and edges, twice a block.
      use_bias: of query, key, value and of the map of the edges in the score.
      attention_implementation: of `gtx.ops.attention`.
      edges: names of the edge sets that attention runs over, several as one.
    """

    paper: ClassVar[str] = "Dwivedi and Bresson (2021), AAAI workshop DLG"
    complexity: ClassVar[str] = "m d² + n d²"
    recipe: ClassVar[str] = "zinc_gt"
    published: ClassVar[str] = "test MAE 0.226 ± 0.014"

    num_heads: Width = 8
    norm: Norm = "batch"
    use_bias: bool = False
    pool: Pooling = "mean"
    attention_implementation: Implementation = "auto"
    edges: tuple[str, ...] = ("graph",)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        encoders = self.encoders(spec, encodings).for_edges(self.edges, required=False)
        block = partial(
            GTBlock,
            self.dim,
            self.num_heads,
            dropout_rate=self.dropout_rate,
            use_bias=self.use_bias,
            norm=self.made("norm"),
            implementation=self.attention_implementation,
            edges=self.edges,
            **self.dtypes,
        )
        return self.transformer(spec, structures, embed=self.embed(encoders), block=block)
