"""Dropout whose noise depends on nodes, edges and graphs, not on their positions in an array."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from gtx.ops import noise
from gtx.ops.arguments import check_floats


class Dropout(nn.Module):
    """Zero each entry with probability `rate` and divide the others by `1 - rate`.

    The noise is a hash of the key, the ids of the row and the column. At a given step a graph
    therefore loses the same entries in every batch, with any padding and on any number of devices.

    Attributes:
      rate: in [0, 1).
    """

    rate: float

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], *ids: Integer[Any, " rows"], train: bool
    ) -> Float[Array, "rows feat"]:
        """Apply dropout if `train`; `ids` are the identities of the rows, such as `batch.node_ids`.

        Raises:
          TypeError: ids are not integers, or x is not floats.
          ValueError: there are no ids, or not one for each row.
        """
        noise.check_rate(self.rate)
        check_floats(x, "The input of Dropout", "[rows, feat]")
        rows = [noise.identities(values) for values in ids]
        if not rows or any(values.shape != x.shape[:1] for values in rows):
            raise ValueError(
                f"Dropout needs integer ids [rows] that say who its rows {list(x.shape)} are, such "
                f"as batch.node_ids, and got {[list(values.shape) for values in rows]}."
            )
        if not train or self.rate == 0:
            return x
        bits = noise.key_bits(self.make_rng("dropout"))
        columns = jnp.arange(x.shape[-1], dtype=jnp.uint32)
        keep = noise.keep_mask(bits, self.rate, *(values[:, None] for values in rows), columns)
        return jnp.where(keep, x / (1 - self.rate), 0).astype(x.dtype)
