"""Where the two nodes of a pair are (CKGConv)."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.ops import pair_ends
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class PlacePairEncoder(nn.Module):
    """A r_j + B r_i for the pair of a receiver i and a sender j, where r_i is the place of node i.

    The code of CKGConv (Ma et al., 2024) adds it to the features of pairs of superpixels.

    Attributes:
      dim: width of the result.
      positions: name of a node column [nodes, feat] whose last `num_axes` numbers are r.
      num_axes: of r.
      column: a name only; no pair column is read.
      level: "pair".
      kernel_init: of A and B.
    """

    dim: int
    positions: str
    num_axes: int = 2
    column: str = ""
    level: Level = "pair"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        del train
        if self.level != "pair":
            raise ValueError("PlacePairEncoder encodes pairs.")
        values, mask = read_column(batch, "node", self.positions)
        values = clean(values.reshape(values.shape[0], -1).astype(self.param_dtype), mask)
        if not 0 < self.num_axes <= values.shape[1]:
            raise ValueError(
                f"num_axes: the node column {self.positions!r} has {values.shape[1]} numbers, and "
                f"num_axes is {self.num_axes}. Give a number from 1 to {values.shape[1]}."
            )
        places = values[:, -self.num_axes :]

        def project(name: str) -> Array:
            return Linear(
                self.dim,
                use_bias=False,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                name=name,
            )(places)

        receivers, senders = pair_ends(require_layout(batch))
        pairs = project("senders")[senders] + project("receivers")[receivers]
        return clean(pairs, batch.pair_mask)
