"""Gated message passing in the form of PyG (Bresson and Laurent, 2017)."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import fan_in_uniform, uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Dtype


class ResGatedGraphConv(nn.Module):
    """x_i' = S x_i + b + sum_j sigmoid(K [x_i; e_ij] + Q [x_j; e_ij]) * V [x_j; e_ij].

    Bresson and Laurent (2017) as in PyG's ResGatedGraphConv, with its parameters; no residual.
    K [x; e] is computed as K_x x + K_e e, so that each node is multiplied once and not once per
    edge, and K_e e + Q_e e as (K_e + Q_e) e. The kernel `nodes` holds K_x, Q_x, V_x and S, in this
    order, and its bias those of K, Q, V and b; `edges` holds K_e, Q_e and V_e. Without edge
    features there is no `edges`.

    Attributes:
      dim: width of the result.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        x, e = features.nodes, features.edges_over(self.edges)
        width = x.shape[-1]
        joint = width + (0 if e is None else e.shape[-1])
        concatenated = uniform(1 / math.sqrt(joint))

        def kernel_init(key, shape, dtype):
            first, second = jax.random.split(key)
            gates = concatenated(first, (shape[0], 3 * self.dim), dtype)
            skip = fan_in_uniform(second, (shape[0], self.dim), dtype)
            return jnp.concatenate([gates, skip], axis=-1)

        def bias_init(key, shape, dtype):
            del shape
            gates = concatenated(key, (3 * self.dim,), dtype)
            return jnp.concatenate([gates, zeros(key, (self.dim,), dtype)])

        projected = Linear(
            4 * self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=kernel_init,
            bias_init=bias_init,
            name="nodes",
        )(x)
        key, query, value, skip = jnp.split(projected, 4, axis=-1)
        query_value = gather(jnp.concatenate([query, value], axis=-1), over.senders)
        if e is not None:
            kernel = self.param(
                "edges", concatenated, (e.shape[-1], 3 * self.dim), self.param_dtype
            )
            e, kernel = nn.dtypes.promote_dtype(e, kernel, dtype=self.dtype)
            key_e, query_e, value_e = jnp.split(kernel, 3, axis=-1)
            query_value += e @ jnp.concatenate([key_e + query_e, value_e], axis=-1)
        query, value = jnp.split(query_value, 2, axis=-1)
        gate = jax.nn.sigmoid(
            gather(key, over.receivers, indices_are_sorted=over.are_sorted) + query
        )
        messages = segment_sum(
            gate * value,
            over.receivers,
            x.shape[0],
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        return features.replace(nodes=skip + messages)
