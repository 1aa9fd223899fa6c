"""Dropout whose noise belongs to nodes, edges and graphs, not to places in a padded array."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from gtx.ops import noise


class Dropout(nn.Module):
    """Zero each entry with probability `rate` and divide the others by `1 - rate`.

    The noise is a hash of the key, the ids of the row and the column. The same graph loses
    the same entries in every batch, padding and sharding, at the same step.

    Attributes:
      rate: in [0, 1).
    """

    rate: float

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], *ids: UInt32[Array, " rows"], train: bool
    ) -> Float[Array, "rows feat"]:
        """Apply it when `train`; `ids` say who the rows are, such as `batch.node_ids`."""
        noise.check_rate(self.rate)
        if not train or self.rate == 0:
            return x
        bits = noise.key_bits(self.make_rng("dropout"))
        columns = jnp.arange(x.shape[-1], dtype=jnp.uint32)
        keep = noise.keep_mask(bits, self.rate, *(i[:, None] for i in ids), columns)
        return jnp.where(keep, x / (1 - self.rate), 0).astype(x.dtype)
