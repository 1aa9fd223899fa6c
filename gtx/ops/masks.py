"""The one way to clear what is not real: padding, masked edges, pairs of different graphs."""

from typing import Any

import jax.numpy as jnp


def clean(values: Any, where: Any, dtype: Any = None, *, fill: float = 0) -> Any:
    """`values` with `fill` in the rows that are not real, whatever stands there.

    It selects and does not multiply: 0 * NaN is NaN, and padding may hold NaN. For the same
    reason it goes before the arithmetic that reads the rows. Behind it, the gradient of that
    arithmetic would still multiply NaN by 0.

    Args:
      values: [rows, ...] or any other shape that begins with that of `where`, or None.
      where: bool, True for what is real; None where all is.
      dtype: of the result; None for that of `values`.
      fill: what stands in the other rows.

    Returns:
      An array of the shape of `values`; None if `values` is None.
    """
    if values is None:
        return None
    values = values if dtype is None else values.astype(dtype)
    if where is None:
        return values
    where = where.reshape(where.shape + (1,) * (values.ndim - where.ndim))
    # In the dtype of the values: a plain 0 would make integers of bools.
    return jnp.where(where, values, jnp.asarray(fill, values.dtype))
