"""Stochastic depth: a branch of a residual is left out for whole graphs."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from gtx.ops import noise
from gtx.ops.arguments import check_floats


class DropPath(nn.Module):
    """Zero all rows of one id with probability `rate` and divide the others by `1 - rate`.

    Huang et al. (2016), where a branch is dropped for one picture, here for one graph: the ids are
    `batch.graph_ids[batch.node_graph]`. The noise is a hash of the key and the id. So at a given
    step the same graphs lose the branch in every batch and on any number of devices.

    Attributes:
      rate: in [0, 1).
    """

    rate: float

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], ids: Integer[Array, " rows"], *, train: bool
    ) -> Float[Array, "rows feat"]:
        noise.check_rate(self.rate)
        check_floats(x, "The input of DropPath", "[rows, feat]")
        if not train or self.rate == 0:
            return x
        bits = noise.key_bits(self.make_rng("dropout"))
        keep = noise.keep_mask(bits, self.rate, noise.identities(ids))
        return jnp.where(keep[:, None], x / (1 - self.rate), 0).astype(x.dtype)
