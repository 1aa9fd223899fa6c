"""Values of fields that rows of several rooms have."""

import functools

import jax
import jax.numpy as jnp

from gtx import nn
from tests.batches import NUM_ATOMS, NUM_BONDS

partial = functools.partial
BF16 = jnp.bfloat16
half = jax.nn.initializers.constant(0.5)
DTYPES = dict(dtype=BF16, param_dtype=BF16)
LINEAR = dict(DTYPES, kernel_init=half, bias_init=half)
ATOM = partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)
BOND = partial(nn.CategoricalEncoder, sizes=NUM_BONDS)
HEADS = partial(nn.MultiHeadAttention, num_heads=2)
