"""Principal neighbourhood aggregation (Corso et al., 2020): several means, scaled by degree."""

import math
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import aggregate, segment_count
from gtx.ops.message_passing import Reduction
from gtx.ops.segment import gather
from gtx.typing import Dtype

Scaler = Literal["identity", "amplification", "attenuation", "linear", "inverse_linear"]
# A smaller standard deviation is taken as 0, as in PyG: there its gradient is noise.
SMALLEST_STD = math.sqrt(1e-5)


class PNA(nn.Module):
    """x_i' = O U [x_i; S_1(d_i) A_1(m_ij); S_1(d_i) A_2(m_ij); ...],   m_ij = M [x_i; x_j; E e_ij].

    Corso et al. (2020), equations 5 to 8: every aggregator A over the messages that arrive, times
    every scaler S of the number d of them; PyG's PNAConv with one layer before and one after the
    aggregation, with its parameters and initial values. With `towers`, M and U are several maps
    side by side, whose results O joins. M is computed as one map for each of its three inputs, so
    that each node is multiplied once and not once per edge. Without edge features there is no E.

    The scalers are 1, log(d + 1) / a, a / log(max(d, 1) + 1), d / b and b / max(d, 1). The authors
    take for a and b the means of log(d + 1) and d over the nodes in training. U can undo any other
    number, so that these only decide with which size learning starts.

    Attributes:
      dim: width of the result, a multiple of `towers`.
      aggregators: of "mean", "min", "max", "std" and "sum".
      scalers: of "identity", "amplification", "attenuation", "linear" and "inverse_linear".
      towers: number of towers.
      divide_input: each tower reads its part of the nodes; else every tower reads all of them.
      mean_log_degree: a.
      mean_degree: b.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    aggregators: tuple[Reduction, ...] = ("mean", "min", "max", "std")
    scalers: tuple[Scaler, ...] = ("identity", "amplification", "attenuation")
    towers: int = 1
    divide_input: bool = False
    mean_log_degree: float = 1.0
    mean_degree: float = 1.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        check_heads(self.dim, self.towers)
        if not self.aggregators or not self.scalers:
            raise ValueError("PNA needs at least one of aggregators and one of scalers.")
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        into: dict[str, Any] = dict(where=over.mask, indices_are_sorted=over.are_sorted)
        x, e = features.nodes, features.edges_over(self.edges)
        width = x.shape[-1]
        if self.divide_input:
            if width % self.towers:
                raise ValueError(
                    f"divide_input: the width {width} of the nodes is not a multiple of towers "
                    f"{self.towers}."
                )
            width //= self.towers
            x = x.reshape(-1, self.towers, width)
        else:
            x = jnp.broadcast_to(x[:, None], (len(x), self.towers, width))
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)

        def each_tower(name, values, dim, fan_in, use_bias=False):
            """A map of its own for each tower: [rows, towers, in] to [rows, towers, dim]."""
            init, shape = uniform(1 / math.sqrt(fan_in)), (self.towers, values.shape[-1], dim)
            kernel = self.param(name, init, shape, self.param_dtype)
            bias = None
            if use_bias:
                bias = self.param(f"{name}_bias", init, (self.towers, dim), self.param_dtype)
            values, kernel, bias = nn.dtypes.promote_dtype(values, kernel, bias, dtype=self.dtype)
            result = jnp.einsum("...tf,tfg->...tg", values, kernel)
            return result if bias is None else result + bias

        fan_in = width * (2 if e is None else 3)
        to = each_tower("receivers", x, width, fan_in, use_bias=True)
        message = gather(to, over.receivers, indices_are_sorted=over.are_sorted)
        message += gather(each_tower("senders", x, width, fan_in), over.senders)
        if e is not None:
            e = Linear(width, **options, name="edges")(e)[:, None]
            message += each_tower("messages", jnp.repeat(e, self.towers, 1), width, fan_in)

        arrived = []
        for method in self.aggregators:
            found = aggregate(message, over.receivers, len(x), method=method, **into)
            arrived.append(jnp.where(found > SMALLEST_STD, found, 0) if method == "std" else found)
        joined = jnp.concatenate(arrived, axis=-1)
        degree = segment_count(over.receivers, len(x), **into).astype(joined.dtype)
        scaled = [joined * self._scale(scaler, degree)[:, None, None] for scaler in self.scalers]
        x = jnp.concatenate([x, *scaled], axis=-1)
        x = each_tower("update", x, self.dim // self.towers, x.shape[-1], use_bias=True)
        return features.replace(nodes=Linear(self.dim, **options, name="output")(_flat(x)))

    def _scale(self, scaler: str, degree: Any) -> Any:
        some = jnp.maximum(degree, 1)
        scales = dict(
            identity=jnp.ones_like(degree),
            amplification=jnp.log1p(degree) / self.mean_log_degree,
            attenuation=self.mean_log_degree / jnp.log1p(some),
            linear=degree / self.mean_degree,
            inverse_linear=self.mean_degree / some,
        )
        if scaler not in scales:
            raise ValueError(f"there is no scaler {scaler!r}; there are {', '.join(scales)}.")
        return scales[scaler]


def _flat(values: Any) -> Any:
    return values.reshape(len(values), -1)
