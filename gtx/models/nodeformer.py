"""NodeFormer: attention to all nodes by a kernelised Gumbel softmax."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax

from gtx.limits import Layers, Rate, Real, Whole, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FunctionOf
from gtx.nn.attention import NodeFormerAttention
from gtx.nn.blocks import SGFormerBlock
from gtx.nn.parts import ACTIVATIONS, LayerNorm
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeFormer(LayeredModel):
    """NodeFormer (Wu et al., 2022). The defaults are the authors' for Cora.

    x = drop(norm(attention(x) + x)) in each block, after an embedding with a norm and ELU. The
    edge loss, which the trainer adds, is the mean over the blocks. Jumping connections, which the
    authors have for their largest graphs alone, are left out.

    Attributes:
      num_heads: of the attention, each as wide as the nodes.
      tau: temperature of the softmax.
      num_features: random features.
      num_samples: of the Gumbel noise in training; 0 for none.
      relations: edge sets of each order of adjacency, whose normalised sums are added. The second
        order is the graph and, as a structure, the pairs of nodes two edges apart.
      relation_activation: "sigmoid" or "identity" of the factors of these sums.
      edge_loss: the weight of the edge loss; 0 for none.
      activation: after the norm of a block; "none" but for the authors' largest graphs.
    """

    paper: ClassVar[str] = "Wu et al. (2022), NeurIPS"
    complexity: ClassVar[str] = "n d² + n f d + m d, f the random features"
    recipe: ClassVar[str] = "cora_nodeformer"
    published: ClassVar[str] = "test accuracy 83.4 %"

    dim: Width = 32
    num_layers: Layers = 2
    num_heads: Width = 4
    tau: Annotated[float, Real(above=0.0)] = 0.25
    num_features: Width = 30
    num_samples: Annotated[int, Whole(0, 2**10)] = 10
    relations: tuple[tuple[str, ...], ...] = (("graph",), ("graph", "k_hop"))
    relation_activation: Literal["sigmoid", "identity"] = "sigmoid"
    edge_loss: Annotated[float, Real(least=0.0)] = 1.0
    activation: Annotated[Any, FunctionOf(ACTIVATIONS, optional=True)] = "none"
    dropout_rate: Rate = 0.0
    pool: Pooling = "mean"
    head_layers: Layers = 1

    def needs(self) -> Needs:
        names = {name for relation in self.relations for name in relation}
        structures = ("k_hop",) if "k_hop" in names else ()
        return dataclasses.replace(super().needs(), structures=structures)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        block = partial(
            SGFormerBlock,
            self.dim,
            partial(
                NodeFormerAttention,
                num_heads=self.num_heads,
                tau=self.tau,
                num_features=self.num_features,
                num_samples=self.num_samples,
                relations=self.relations,
                relation_activation=self.relation_activation,
                edge_loss=self.edge_loss / self.num_layers,
            ),
            alpha=None,
            activation=self.made("activation"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        embed = partial(
            self.embed(encoders),
            norm=LayerNorm,
            activation=jax.nn.elu,
            dropout_rate=self.dropout_rate,
        )
        return self.transformer(spec, structures, embed=embed, block=block)
