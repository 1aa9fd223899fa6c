"""Reductions over the entries that share a segment id, such as the edges of one receiver.

The following holds for all of them. Sums run in at least float32, and the result has the dtype of
the values. A masked entry (`where`) has no influence on values and gradients, even if it holds NaN.
A segment without entries gives 0, with zero gradients. An entry with an id outside
`[0, num_segments)` is dropped. `indices_are_sorted` promises that the ids do not decrease, which
makes the scatter faster. Ids are of any integer type. Values are floats; sums, counts and `gather`
also take integers.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Integer, Num, Shaped

from gtx.ops.arguments import (
    as_ids,
    check_array,
    check_count,
    check_floats,
    check_length,
    check_where,
)
from gtx.ops.masks import clean

# Stands for minus infinity. It is finite, because -inf minus -inf would be NaN.
NEGATIVE = -1e30


def gather(
    values: Shaped[Array, " segments *rest"],
    segment_ids: Integer[Array, " entries"],
    *,
    indices_are_sorted: bool = False,
) -> Shaped[Array, " entries *rest"]:
    """`values[segment_ids]` for ids in `[0, segments)`.

    An id beyond the last segment is clipped to it, and a negative one counts from the end; both
    are mistakes. Unlike with plain indexing, the gradient is summed in at least float32, and by a
    faster scatter if the ids are sorted.
    """
    check_array(values, "values", "[segments, ...]")
    segment_ids = as_ids(segment_ids, "segment_ids")
    # The cast comes before the gather, so that its transpose, a scatter-add, sums in float32.
    wide = jnp.asarray(values).astype(_wide(values.dtype))
    taken = wide.at[segment_ids].get(indices_are_sorted=indices_are_sorted, mode="clip")
    return taken.astype(values.dtype)


def segment_sum(
    values: Num[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Num[Array, " segments *rest"]:
    """Sum of the values of each segment."""
    check_array(values, "values", "[entries, ...]")
    if values.dtype == bool:
        raise TypeError("values must be numbers to be summed; segment_count counts bools.")
    segment_ids = _check(values, segment_ids, num_segments, where)
    total = jax.ops.segment_sum(
        clean(values, where, _wide(values.dtype)), segment_ids, num_segments, indices_are_sorted
    )
    return total.astype(values.dtype)


def segment_count(
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Int[Array, " segments"]:
    """Number of entries of each segment."""
    segment_ids = as_ids(segment_ids, "segment_ids")
    _check(segment_ids, segment_ids, num_segments, where)
    ones = jnp.ones(segment_ids.shape, jnp.int32) if where is None else where.astype(jnp.int32)
    return jax.ops.segment_sum(ones, segment_ids, num_segments, indices_are_sorted)


def segment_mean(
    values: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Float[Array, " segments *rest"]:
    """Mean of the values of each segment."""
    check_floats(values, "values", "[entries, ...]")
    options: dict[str, Any] = dict(where=where, indices_are_sorted=indices_are_sorted)
    # Widened before the sum: segment_sum itself would round the sum to the dtype of the values.
    total = segment_sum(values.astype(_wide(values.dtype)), segment_ids, num_segments, **options)
    count = segment_count(segment_ids, num_segments, **options)
    return (total / _trailing(jnp.maximum(count, 1), total.ndim)).astype(values.dtype)


def segment_max(
    values: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Float[Array, " segments *rest"]:
    """Largest value of each segment; entries that tie for it share the gradient equally."""
    check_floats(values, "values", "[entries, ...]")
    segment_ids = _check(values, segment_ids, num_segments, where)
    options: dict[str, Any] = dict(indices_are_sorted=indices_are_sorted)
    peak = jax.ops.segment_max(
        clean(values, where, _wide(values.dtype), fill=-jnp.inf),
        segment_ids,
        num_segments,
        **options,
    )
    count = segment_count(segment_ids, num_segments, where=where, **options)
    # An empty segment has -inf. It is found by its count, because real values may be -inf too.
    return jnp.where(_trailing(count, peak.ndim) > 0, peak, 0).astype(values.dtype)


def segment_min(
    values: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Float[Array, " segments *rest"]:
    """Smallest value of each segment; entries that tie for it share the gradient equally."""
    check_floats(values, "values", "[entries, ...]")
    options: dict[str, Any] = dict(where=where, indices_are_sorted=indices_are_sorted)
    return -segment_max(-values, segment_ids, num_segments, **options)


def segment_std(
    values: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Float[Array, " segments *rest"]:
    """Standard deviation (divided by the number of entries) of the values of each segment.

    Computed in two passes (first the mean, then the offsets from it), because E[x^2] - E[x]^2
    cancels digits. Where all values are equal, the result is 0 with zero gradient.
    """
    check_floats(values, "values", "[entries, ...]")
    options: dict[str, Any] = dict(where=where, indices_are_sorted=indices_are_sorted)
    wide = clean(values, where, _wide(values.dtype))
    mean = segment_mean(wide, segment_ids, num_segments, **options)
    offset = wide - gather(mean, segment_ids, indices_are_sorted=indices_are_sorted)
    variance = segment_mean(offset**2, segment_ids, num_segments, **options)
    spread = variance > 0
    # The slope of the root at 0 is infinite. The inner `where` keeps 0 out of the root: the outer
    # one alone would multiply this slope by 0 in the gradient, which is NaN.
    root = jnp.where(spread, jnp.sqrt(jnp.where(spread, variance, 1)), 0)
    return root.astype(values.dtype)


def segment_softmax(
    logits: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> Float[Array, " entries *rest"]:
    """Softmax over the entries of a segment: w_e = exp(s_e) / sum_{e' in seg(e)} exp(s_e').

    Equation 15 of Joshi (2025), with the edges of one receiver as a segment. The weights of
    a segment sum to 1 if it has an entry; a masked entry has weight 0.
    """
    segment_ids = as_ids(segment_ids, "segment_ids")
    weights, total, _ = segment_exp(
        logits,
        segment_ids,
        num_segments,
        where=where,
        indices_are_sorted=indices_are_sorted,
    )
    total = jnp.where(total > 0, total, 1)  # no division by 0 in an empty segment
    weights = weights / gather(total, segment_ids, indices_are_sorted=indices_are_sorted)
    return weights.astype(logits.dtype)


def segment_exp(
    logits: Float[Array, " entries *rest"],
    segment_ids: Integer[Array, " entries"],
    num_segments: int,
    *,
    where: Bool[Array, " entries"] | None = None,
    indices_are_sorted: bool = False,
) -> tuple[
    Float[Array, " entries *rest"], Float[Array, " segments *rest"], Float[Array, " segments *rest"]
]:
    """The parts of a softmax before its division, in at least float32.

    Returns:
      `(weights, total, peak)`: exp(s_e - peak), the sum of these over each segment, and the
      largest logit of each segment (-1e30 if it has none). The peak has no gradient.
    """
    check_floats(logits, "logits", "[entries, ...]")
    segment_ids = _check(logits, segment_ids, num_segments, where)
    options: dict[str, Any] = dict(indices_are_sorted=indices_are_sorted)
    scores = clean(logits, where, _wide(logits.dtype), fill=NEGATIVE)
    # The softmax does not depend on the peak, so its gradient is 0 and need not be computed.
    peak = jax.ops.segment_max(jax.lax.stop_gradient(scores), segment_ids, num_segments, **options)
    peak = jnp.maximum(peak, NEGATIVE)  # an empty segment has -inf
    weights = jnp.exp(scores - gather(peak, segment_ids, **options))
    # Where all entries of a segment are masked, exp(-1e30 + 1e30) is 1 and not 0.
    weights = clean(weights, where, _wide(weights.dtype))
    total = jax.ops.segment_sum(weights, segment_ids, num_segments, **options)
    return weights, total, peak


def _check(values, segment_ids, num_segments, where):
    """The ids as an array, after checking that ids, mask and number of segments fit the values."""
    segment_ids = as_ids(segment_ids, "segment_ids")
    check_length(segment_ids, values.shape[0], "segment_ids", "entries")
    check_where(where, values.shape[0])
    check_count(num_segments, "num_segments")
    return segment_ids


def _wide(dtype):
    """The dtype to sum in."""
    if jnp.issubdtype(dtype, jnp.floating):
        return jnp.promote_types(dtype, jnp.float32)
    return dtype


def _trailing(values, ndim):
    """Append axes of length 1 until `values` broadcasts against an array of `ndim` axes."""
    return values.reshape(values.shape + (1,) * (ndim - values.ndim))
