"""DIFFormer: diffusion over all pairs of nodes, linear in their number."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, ClassVar

import jax

from gtx.limits import Layers, Probability, Rate, Real, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.nn.attention import SGFormerAttention
from gtx.nn.blocks import SGFormerBlock
from gtx.nn.parts import LayerNorm
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class DIFFormer(LayeredModel):
    """DIFFormer-s (Wu et al., 2023). The defaults are the authors' for Cora.

    x = drop(norm(alpha (attention(x) + A x) + (1 - alpha) x)) in each block, with A the normalised
    adjacency. The weight of two nodes is 1 + q . k: see `gtx.nn.SGFormerAttention`. DIFFormer-a,
    whose weights are sigmoids of all pairs, is left out.

    Attributes:
      num_heads: of the attention, each as wide as the nodes.
      alpha: the step of the diffusion.
      edges: names of the edge sets of A, several as one; () for none.
      graph_weight: of A x in a mean with the attention; None adds the two.
      use_value: a map of the values; the authors have one for large graphs.
      dropout_rate: after the embedding and each block.
    """

    paper: ClassVar[str] = "Wu et al. (2023), ICLR"
    complexity: ClassVar[str] = "n d² + m d"
    recipe: ClassVar[str] = "cora_difformer"
    published: ClassVar[str] = "test accuracy 85.9 ± 0.4 %"

    num_layers: Layers = 8
    num_heads: Width = 1
    alpha: Probability = 0.5
    edges: tuple[str, ...] = ("graph",)
    graph_weight: Annotated[float, Real(least=0.0, most=1.0)] | None = None
    use_value: bool = False
    dropout_rate: Rate = 0.2
    pool: Pooling = "mean"
    head_layers: Layers = 1

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        block = partial(
            SGFormerBlock,
            self.dim,
            partial(
                SGFormerAttention,
                num_heads=self.num_heads,
                adds="all",
                edges=self.edges,
                graph_weight=self.graph_weight,
                use_value=self.use_value,
            ),
            alpha=self.alpha,
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = partial(
            self.embed(encoders),
            norm=LayerNorm,
            activation=jax.nn.relu,
            dropout_rate=self.dropout_rate,
        )
        return self.transformer(spec, structures, embed=embed, block=block)
