"""A sum over senders scaled by the number of senders, which a mean has lost."""

import math
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import normal
from gtx.ops.segment import segment_count
from gtx.typing import Dtype, Initializer


class DegreeScaler(nn.Module):
    """x_i' = a * x_i + b * log(1 + d_i) x_i, with vectors a and b.

    Ma et al. (2023), GRIT, equation 3, after Corso et al. (2020). Attention is a mean, from which
    no layer can tell how many neighbours a node has. d_i counts the edges that node i receives.

    Attributes:
      edges: names of the edge sets whose edges count; see `Batch.edges_over`.
      coefficients_init: of a and b, `[2, feat]`; None is GRIT's, N(0, 1 / (1 + feat)).
    """

    edges: tuple[str, ...] = ("graph",)
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    coefficients_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features, over = mask_features(features, batch), batch.edges_over(self.edges)
        x = features.nodes
        width = x.shape[-1]
        init = self.coefficients_init or normal(1 / math.sqrt(1 + width))
        coefficients = self.param("coefficients", init, (2, width), self.param_dtype)
        x, coefficients = nn.dtypes.promote_dtype(x, coefficients, dtype=self.dtype)
        degree: Any = segment_count(
            over.receivers, len(x), where=over.mask, indices_are_sorted=over.are_sorted
        )
        degree = jnp.log1p(degree.astype(x.dtype))[:, None]
        return features.replace(nodes=x * (coefficients[0] + degree * coefficients[1]))
