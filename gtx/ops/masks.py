"""The only function that clears entries that are not real: padding and masked edges or pairs."""

from typing import Any

import jax.numpy as jnp


def clean(values: Any, where: Any, dtype: Any = None, *, fill: float = 0) -> Any:
    """`values` with `fill` in the rows that are not real, whatever these rows hold.

    The function selects and does not multiply, because padding may hold NaN, and 0 * NaN is NaN.
    For the same reason, call it before the arithmetic that reads the rows. After the arithmetic it
    would be too late: the gradient of the arithmetic would still multiply NaN by 0.

    Args:
      values: [rows, ...] or any other shape that begins with the shape of `where`, or None.
      where: bool, True for real rows; None if all rows are real.
      dtype: dtype of the result; None for the dtype of `values`.
      fill: the value of the rows that are not real.

    Returns:
      An array of the shape of `values`; None if `values` is None.
    """
    if values is None:
        return None
    values = values if dtype is None else values.astype(dtype)
    if where is None:
        return values
    where = where.reshape(where.shape + (1,) * (values.ndim - where.ndim))
    # `fill` gets the dtype of the values, because a plain 0 would turn bools into integers.
    return jnp.where(where, values, jnp.asarray(fill, values.dtype))
