"""Products of matrices in the full precision of their dtype, on every device."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# By default GPUs and TPUs round float32 factors to TF32 or bfloat16, which have 3 digits.
_FULL = jax.lax.Precision.HIGHEST


def matmul(one: Any, other: Any, xp: Any) -> Any:
    """The product one @ other, of numpy arrays or in a compiled step."""
    return one @ other if xp is np else jnp.matmul(one, other, precision=_FULL)


def diagonal(one: Any, other: Any, xp: Any) -> Any:
    """The diagonal of one @ other, [graphs, n]."""
    full = {} if xp is np else dict(precision=_FULL)
    return xp.einsum("gij,gji->gi", one, other, **full)
