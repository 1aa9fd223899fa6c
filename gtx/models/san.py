"""SAN: attention to all nodes, in which edges and other pairs have maps of their own."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, ClassVar

from gtx.limits import Real, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Norm
from gtx.nn.blocks import SANBlock
from gtx.nn.encoders import ComplementEmbed


@dataclasses.dataclass(frozen=True, kw_only=True)
class SAN(LayeredModel):
    """SAN (Kreuzer et al., 2021). The defaults are the authors' optimised model for ZINC.

    Positions are those of `LaplacianTransformerEncoder`, the Transformer over the eigenvectors of
    a node, by `node_encoders={"laplacian": dict(name="laplacian_transformer", hidden_dim=2048)}`,
    in `encoding_dim` features of each node. Pairs without an edge have the features of an edge
    whose columns are all of class 0, as in the authors' code, or a learned vector if edges have no
    columns. See `gtx.nn.attention.SANAttention`. Positions of edges, the authors' other variant,
    are left out.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      gamma: the weight of a pair without an edge; that of an edge is 1.
      norm: twice a block.
      dropout_rate: before the output map of the attention and inside the feed-forward layer.
      use_bias: of the maps of the attention, but for that of its output, which has one.
      edges: names of the edge sets that are the edges, several as one.
    """

    paper: ClassVar[str] = "Kreuzer et al. (2021), NeurIPS"
    complexity: ClassVar[str] = "n² d + n d² + m d²"
    recipe: ClassVar[str] = "zinc_san"
    published: ClassVar[str] = "test MAE 0.139 ± 0.006"

    dim: Width = 56
    num_heads: Width = 8
    gamma: Annotated[float, Real(above=0.0)] = 1e-5
    norm: Norm = "batch"
    use_bias: bool = False
    encoding_dim: Width | None = 8
    edges: tuple[str, ...] = ("graph",)

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        encoders = self.encoders(spec, encodings).for_edges(self.edges)
        embed = partial(
            ComplementEmbed,
            self.dim,
            self.embed(encoders),
            as_class="graph" in self.edges and bool(spec.edges),
            param_dtype=self.dtypes["param_dtype"],
        )
        block = partial(
            SANBlock,
            self.dim,
            self.num_heads,
            self.gamma,
            dropout_rate=self.dropout_rate,
            use_bias=self.use_bias,
            norm=self.made("norm"),
            edges=self.edges,
            **self.dtypes,
        )
        return self.transformer(spec, structures, embed=embed, block=block)
