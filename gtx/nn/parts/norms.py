"""Norms on which padding has no influence.

Every norm is called as `norm(x, mask, train=..., axis_name=...)`. `mask` is True for real rows.
The other rows are ignored, even where they hold NaN, and are 0 in the result. Only BatchNorm uses
`train` and `axis_name`. The others take them too, so that a block can use any norm. Statistics are
computed in at least float32. `NORMS` holds the norms by name.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gtx.ops.arguments import check_floats, check_where
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, ModuleFactory

_ones = jax.nn.initializers.ones


_zeros = jax.nn.initializers.zeros


class BatchNorm(nn.Module):
    """Standardise each feature over the real rows of a batch (Ioffe and Szegedy, 2015).

    It equals `torch.nn.BatchNorm1d`. Batches are normalised by the biased variance, and the running
    variance is the unbiased one. (The running variance of flax's own BatchNorm is biased, so that
    evaluation would differ from PyTorch's.) The variance is computed in two passes. A batch without
    real rows does not change the running statistics.

    Attributes:
      momentum: the share of the old running statistics that remains at a step. PyTorch's momentum
        is 1 minus this one.
      epsilon: added to the variance.
      dtype: of the result; None keeps that of x.
      param_dtype: storage dtype of scale, bias and running statistics.
      scale_init: of the factor.
      bias_init: of the offset.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = _ones
    bias_init: Initializer = _zeros

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Bool[Array, " rows"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows feat"]:
        """Normalise; with `axis_name`, by the statistics of all shards of that mesh axis."""
        _check_rows(x, mask)
        shape = (x.shape[-1],)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, shape, self.param_dtype)
        running_var = self.variable("batch_stats", "var", jnp.ones, shape, self.param_dtype)
        scale = self.param("scale", self.scale_init, shape, self.param_dtype)
        bias = self.param("bias", self.bias_init, shape, self.param_dtype)

        dtype = self.dtype or x.dtype
        x = clean(x, mask).astype(jnp.promote_types(x.dtype, jnp.float32))
        real = mask.astype(x.dtype)
        if train:
            # During initialisation there is no mesh axis to sum over.
            def total(values):
                if axis_name is None or self.is_initializing():
                    return values
                return jax.lax.psum(values, axis_name)

            count = total(real.sum())
            mean = total(_sum_rows(real, x)) / jnp.maximum(count, 1)
            centred = x - _to_rows(real, mean)
            squares = total(_sum_rows(real, centred**2))
            var = squares / jnp.maximum(count, 1)
            if not self.is_initializing():
                # A batch without real rows gets the weight 0 and keeps the statistics.
                weight = jnp.where(count > 0, 1 - self.momentum, 0)
                unbiased = squares / jnp.maximum(count - 1, 1)
                for running, value in ((running_mean, mean), (running_var, unbiased)):
                    step = weight * (jax.lax.stop_gradient(value) - running.value)
                    running.value = (running.value + step).astype(self.param_dtype)
        else:
            mean, var = running_mean.value, running_var.value
            centred = x - _to_rows(real, mean)
        factor = jax.lax.rsqrt(var + self.epsilon) * scale
        return (centred * _to_rows(real, factor) + _to_rows(real, bias)).astype(dtype)


class LayerNorm(nn.Module):
    """Standardise each row over its features (Ba et al., 2016), the variance in two passes.

    Attributes:
      epsilon: added to the variance.
      dtype: of the result; None keeps that of x.
      param_dtype: storage dtype of scale and bias.
      scale_init: of the factor.
      bias_init: of the offset.
      use_scale: whether there is a factor.
      use_bias: whether there is an offset.
    """

    epsilon: float = 1e-5
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = _ones
    bias_init: Initializer = _zeros
    use_scale: bool = True
    use_bias: bool = True

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Bool[Array, " rows"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows feat"]:
        del train, axis_name
        _check_rows(x, mask)
        scale = bias = None
        if self.use_scale:
            scale = self.param("scale", self.scale_init, (x.shape[-1],), self.param_dtype)
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (x.shape[-1],), self.param_dtype)
        dtype = self.dtype or x.dtype
        x = clean(x, mask).astype(jnp.promote_types(x.dtype, jnp.float32))
        real = mask.astype(x.dtype)
        centred = x - _mean_features(x)
        y = centred * jax.lax.rsqrt(_mean_features(centred**2) + self.epsilon)
        y = y if scale is None else y * _to_rows(real, scale)
        return (y if bias is None else y + _to_rows(real, bias)).astype(dtype)


class AdaRMSNorm(nn.Module):
    """Divide each row by its root mean square, and multiply it by that of a * x + b.

    y = x / rms(x) rms(a * x + b) with vectors a and b: Ma et al. (2026), PPGT. With a = 0 and b = 1
    it is RMSNorm, and so it starts. With a = 1 and b = 0 it keeps x, and so the length of a row.

    Attributes:
      epsilon: added to both mean squares.
      dtype: of the result; None keeps that of x.
      param_dtype: storage dtype of the vectors.
      scale_init: of a.
      bias_init: of b.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = _zeros
    bias_init: Initializer = _ones

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Bool[Array, " rows"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows feat"]:
        del train, axis_name
        _check_rows(x, mask)
        scale = self.param("scale", self.scale_init, (x.shape[-1],), self.param_dtype)
        bias = self.param("bias", self.bias_init, (x.shape[-1],), self.param_dtype)
        dtype = self.dtype or x.dtype
        x = clean(x, mask).astype(jnp.promote_types(x.dtype, jnp.float32))
        real = mask.astype(x.dtype)
        y = x * jax.lax.rsqrt(_mean_features(x**2) + self.epsilon)
        affine = x * _to_rows(real, scale) + _to_rows(real, bias)
        return (y * jnp.sqrt(_mean_features(affine**2) + self.epsilon)).astype(dtype)


class RMSNorm(nn.Module):
    """Divide each row by the root mean square of its features (Zhang and Sennrich, 2019).

    Attributes:
      epsilon: added to the mean square.
      dtype: of the result; None keeps that of x.
      param_dtype: storage dtype of scale.
      scale_init: of the factor.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = _ones

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Bool[Array, " rows"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows feat"]:
        del train, axis_name
        _check_rows(x, mask)
        scale = self.param("scale", self.scale_init, (x.shape[-1],), self.param_dtype)
        dtype = self.dtype or x.dtype
        x = clean(x, mask).astype(jnp.promote_types(x.dtype, jnp.float32))
        y = x * jax.lax.rsqrt(_mean_features(x**2) + self.epsilon)
        return (y * _to_rows(mask.astype(x.dtype), scale)).astype(dtype)


def _check_rows(x, mask):
    check_floats(x, "The input of a norm", "[rows, feat]")
    check_where(mask, x.shape[0], "the mask of a norm")
    if mask is None:
        raise TypeError("A norm needs the mask of its rows, such as batch.node_mask.")


# Sums and broadcasts are written as products of matrices. XLA on CPU fuses a plain reduction, here
# or in the gradient of a broadcast, with the operations that compute the rows, and then computes
# these several times. A training step of a deep GPS takes 2.5 times as long with plain reductions.


def _sum_rows(real, values):
    """Sum of the real rows."""
    return jnp.dot(real, values, precision=jax.lax.Precision.HIGHEST)


def _to_rows(real, values):
    """`values` in each real row, 0 in the others. Its transpose is `_sum_rows`."""
    values = values[None].astype(real.dtype)
    return jax.lax.dot(real[:, None], values, precision=jax.lax.Precision.HIGHEST)


def _mean_features(values):
    """Mean of each row, [rows, 1]."""
    width = values.shape[-1]
    weights = jnp.full((width, 1), 1 / width, values.dtype)
    return jax.lax.dot(values, weights, precision=jax.lax.Precision.HIGHEST)


NORMS: dict[str, ModuleFactory] = {
    "ada_rms": AdaRMSNorm,
    "batch": BatchNorm,
    "layer": LayerNorm,
    "rms": RMSNorm,
}
