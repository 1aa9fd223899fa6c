"""Deep Sets: the nodes of a graph as a set, without edges."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar, Literal

import jax.numpy as jnp

from gtx.limits import Layers, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.nn.blocks import DeepSetsLayer
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepSets(LayeredModel):
    """Deep Sets (Zaheer et al., 2017): rho(pool_i phi(x_i)), with equivariant layers for phi.

    The defaults are those of section 4.1.3 for clouds of points: three equivariant layers of width
    256 with max pooling and tanh, the maximum over the nodes, and two linear maps. Here the columns
    are encoded to `dim` first, so that the first layer is no wider than the others, and the head
    has relu between its maps and halves the width.

    Attributes:
      equivariant: what a layer subtracts from each node: a linear map of the pooled nodes, or
        "none", so that phi treats each node alone.
      dropout_rate: after each layer.
    """

    paper: ClassVar[str] = "Zaheer et al. (2017), NeurIPS"
    complexity: ClassVar[str] = "n d²"
    recipe: ClassVar[str] = "digits_deep_sets"

    dim: Width = 256
    num_layers: Layers = 3
    equivariant: Literal["max", "mean", "sum", "none"] = "max"
    pool: Pooling = "max"
    head_layers: Layers = 2

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        layer = partial(
            DeepSetsLayer,
            self.dim,
            pool=None if self.equivariant == "none" else self.equivariant,
            activation=jnp.tanh,
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        return self.transformer(spec, structures, embed=self.embed(encoders), block=layer)
