"""Norms over the nodes of each graph, called as layers: they read which graph a node is in."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.ops.masks import clean
from gtx.ops.pooling import pool
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer

_ones, _zeros = jax.nn.initializers.ones, jax.nn.initializers.zeros


class GraphNorm(nn.Module):
    """x_i' = s * (x_i - a * mean) / sqrt(mean_i((x_i - a * mean)^2) + epsilon) + b.

    Cai et al. (2021), "GraphNorm", equation 3, with means over the nodes of the graph of i, feature
    by feature; PyG's GraphNorm. The learned share a of the mean keeps what a mean tells of a graph.

    Attributes:
      epsilon: added to the variance.
      scale_init: of s and a.
      bias_init: of b.
    """

    epsilon: float = 1e-5
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = _ones
    bias_init: Initializer = _zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        x = mask_features(features, batch).nodes
        shape, dtype = (x.shape[-1],), self.dtype or x.dtype
        scale = self.param("scale", self.scale_init, shape, self.param_dtype)
        share = self.param("mean_scale", self.scale_init, shape, self.param_dtype)
        bias = self.param("bias", self.bias_init, shape, self.param_dtype)
        x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        x = x - share * _mean(x, batch)
        variance = _mean(x**2, batch)
        nodes = scale * x * jax.lax.rsqrt(variance + self.epsilon) + bias
        return features.replace(nodes=clean(nodes.astype(dtype), batch.node_mask))


class PairNorm(nn.Module):
    """x_i' = s (x_i - mean) / sqrt(mean_i |x_i - mean|^2 + epsilon), one number s for all.

    Zhao and Akoglu (2020), "PairNorm", equations 10 and 11, with means over the nodes of the graph
    of i: the total distance of its pairs of nodes stays the same from layer to layer. With
    `individually` each node is divided by its own length plus epsilon, the paper's "PairNorm-SI".
    PyG's PairNorm, without parameters.

    Attributes:
      scale: s.
      individually: divide each node by its own length.
      epsilon: added to the mean, or to the length.
    """

    scale: float = 1.0
    individually: bool = False
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        given = mask_features(features, batch).nodes
        x = given.astype(jnp.promote_types(given.dtype, jnp.float32))
        x = x - _mean(x, batch)
        square = (x**2).sum(-1, keepdims=True)
        if self.individually:
            # The slope of the root at 0 is infinite, and a node alone in its graph is 0 here.
            some = square > 0
            length = jnp.where(some, jnp.sqrt(jnp.where(some, square, 1)), 0)
            nodes = self.scale * x / (self.epsilon + length)
        else:
            nodes = self.scale * x * jax.lax.rsqrt(self.epsilon + _mean(square, batch))
        return features.replace(nodes=clean(nodes.astype(given.dtype), batch.node_mask))


def _mean(values: Any, batch: Batch) -> Any:
    """The mean over its graph, at each node."""
    numbers, count = batch.node_graph, batch.graph_mask.shape[0]
    means = pool(values, numbers, count, method="mean", where=batch.node_mask)
    return gather(means, numbers, indices_are_sorted=True)
