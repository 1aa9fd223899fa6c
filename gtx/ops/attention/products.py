"""The products of attention, in the forms that XLA runs fast on a CPU.

Over pairs there are two matrix products of arrays [graphs, heads, ...], with i receivers, j senders
and d features. Automatic differentiation computes one of their gradients as [i, j]^T [i, d], which
takes 44 ms. The same sum as [i, d]^T [i, j], transposed back, takes 6 ms (16 blocks of 256 x 1,024,
4 heads of 16, one core). On a GPU both are one call of the same library.

Along edges, rows are summed or multiplied head by head. As a sum over a last axis of 16 numbers
this takes three times as long as a matrix product over all heads at once, whose matrix of ones and
zeros says which feature belongs to which head: 145 against 44 ms for a million logits, gathers
included, and 179 against 56 ms for a million weighted rows (4 heads of 16, one core). But 0 times
infinity is NaN, so that one head that overflows would spoil all others. In this case the slower
form runs. The test for it costs 1 to 2 % of value and gradient of `chunked` over 100,000 edges.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gtx.ops.attention.scores import Dot, evaluate, evaluate_products
from gtx.ops.varying import vary_like


@jax.custom_vjp
def query_key(query: Array, key: Array) -> Array:
    """Dot products [.., i, j] of query [.., i, d] and key [.., j, d]."""
    return jnp.einsum("ghid,ghjd->ghij", query, key)


@jax.custom_vjp
def weights_value(weights: Array, value: Array) -> Array:
    """Sums [.., i, d] of value [.., j, d], weighted by weights [.., i, j]."""
    return jnp.einsum("ghij,ghjd->ghid", weights, value)


def _over_rows(wide: Array, narrow: Array) -> Array:
    """Sum over i of wide [.., i, j] and narrow [.., i, d]: [.., j, d]."""
    return jnp.swapaxes(jnp.einsum("ghid,ghij->ghdj", narrow, wide), 2, 3)


def _query_key_backward(saved, cotangent):
    query, key = saved
    return weights_value(cotangent, key), _over_rows(cotangent, query)


def _weights_value_backward(saved, cotangent):
    weights, value = saved
    return query_key(cotangent, value), _over_rows(weights, cotangent)


query_key.defvjp(lambda query, key: (query_key(query, key), (query, key)), _query_key_backward)
weights_value.defvjp(
    lambda weights, value: (weights_value(weights, value), (weights, value)),
    _weights_value_backward,
)


def sum_by_head(rows: Array, num_heads: int) -> Array:
    """Sums [edges, heads] of rows [edges, heads * width] over each head's features."""
    return _sum_by_head(rows, num_heads, rows.shape[-1] // num_heads)


def times_by_head(weights: Array, rows: Array) -> Array:
    """Rows [edges, heads * width] with each head's features multiplied by its weight.

    `weights` are [edges, heads]; the result has the dtype of `rows`.
    """
    num_heads = weights.shape[-1]
    width = rows.shape[-1] // num_heads
    return _repeat_by_head(weights.astype(rows.dtype), num_heads, width) * rows


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _sum_by_head(rows, num_heads, width):
    def one_by_one(rows, _):
        return jnp.sum(rows.reshape(-1, num_heads, width), axis=-1)

    if not _multiplies():
        return one_by_one(rows, None)
    # precision="highest": the default may round float32 factors to fewer bits.
    sums = jnp.matmul(rows, _membership(num_heads, width, rows), precision="highest")
    return jax.lax.cond(_all_finite(sums), lambda _, sums: sums, one_by_one, rows, sums)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _repeat_by_head(values, num_heads, width):
    """[edges, heads] -> [edges, heads * width], the value of a head for each of its features."""

    def one_by_one(values):
        return jnp.repeat(values, width, axis=-1)

    if not _multiplies():
        return one_by_one(values)
    ones = _membership(num_heads, width, values).T

    def product(values):
        return jnp.matmul(values, ones, precision="highest")

    return jax.lax.cond(_all_finite(values), product, one_by_one, values)


# Each of the two is the transpose of the other. Without these rules, automatic differentiation
# would differentiate both branches of the conditions.
_sum_by_head.defvjp(
    lambda rows, num_heads, width: (_sum_by_head(rows, num_heads, width), None),
    lambda num_heads, width, _, cotangent: (_repeat_by_head(cotangent, num_heads, width),),
)
_repeat_by_head.defvjp(
    lambda values, num_heads, width: (_repeat_by_head(values, num_heads, width), None),
    lambda num_heads, width, _, cotangent: (_sum_by_head(cotangent, num_heads, width),),
)


def _all_finite(values: Array) -> Array:
    """False if any value or their sum is not finite.

    The sum is written as a dot product, which is the fastest sum on a CPU.
    """
    row = values.reshape(-1)
    return jnp.isfinite(jnp.dot(row, jnp.ones_like(row)))


def _multiplies() -> bool:
    """Whether the matrix product with ones and zeros is the faster form on this platform."""
    return jax.default_backend() == "cpu"


def flat(values: Any) -> Any:
    """[rows, heads, width] -> [rows, heads * width]; None stays None."""
    if values is None:
        return None
    rows, heads, width = values.shape
    return values.reshape(rows, heads * width)


def score_rows(
    score: Any, query: Array, key: Array, entry: Any, scale: Any, num_heads: int
) -> tuple[Array, Any]:
    """Logits [edges, heads] and message of rows [edges, heads * head_dim]."""
    if isinstance(score, Dot):
        return evaluate_products(score, sum_by_head(query * key, num_heads), entry, scale)
    shape = (len(query), num_heads, -1)
    return evaluate(score, query.reshape(shape), key.reshape(shape), entry, scale)


def _membership(num_heads: int, width: int, like: Array) -> Array:
    """[heads * width, heads], 1 where the feature belongs to the head."""
    ones = jnp.asarray(np.repeat(np.eye(num_heads), width, axis=0), like.dtype)
    # Cast here, because jax 0.10.2 cannot cast inside a branch of a condition in a vmap in a
    # shard_map.
    return vary_like(ones, like)
