"""Features of edges at the pairs of nodes that they join, for layers over all pairs."""

from collections.abc import Mapping

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.parts.columns import check_module_names, module_name
from gtx.nn.parts.factories import make
from gtx.ops import edge_pairs, segment_sum
from gtx.typing import Dtype, Level, ModuleFactory


class EdgePairEncoder(nn.Module):
    """The features of the edges from j to i at the pair (i, j), and 0 where there is no edge.

    Parallel edges are summed, as in the authors' code of GRIT (Ma et al., 2023).

    Attributes:
      dim: width of the result.
      edges: encoders of edge columns, which are summed.
      column: a name only; no pair column is read.
      level: "pair".
    """

    dim: int
    edges: Mapping[str, ModuleFactory]
    column: str = ""
    level: Level = "pair"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        if self.level != "pair":
            raise ValueError("EdgePairEncoder encodes pairs.")
        check_module_names(("edge", name) for name in self.edges)
        encoded = [
            make(
                factory,
                f"edges[{name!r}]",
                column=name,
                level="edge",
                dim=self.dim,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                name=module_name("edge", name),
            )(batch, train=train)
            for name, factory in sorted(self.edges.items())
        ]
        if not encoded:
            raise ValueError("EdgePairEncoder needs an encoder of edges; ConstantEncoder is one.")
        layout = require_layout(batch)
        pairs = jnp.asarray(edge_pairs(batch.senders, batch.receivers, layout))
        return segment_sum(sum(encoded), pairs, layout.num_pairs, where=batch.edge_mask)
