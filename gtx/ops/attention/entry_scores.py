"""Scores that read features of an edge or a pair (its `entry`) and return a message for it.

Each is an example for a score of your own. A layer computes the entry from the features of edges
or pairs before the attention, and reads the message afterwards.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from gtx.ops.arguments import check_floats
from gtx.ops.attention.scores import Dot, Scale


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("limit",))
@dataclasses.dataclass(frozen=True)
class Multiplied:
    """sum_d of scale * q_id k_jd e_ijd, clamped to [-limit, limit].

    Dwivedi and Bresson (2021), equation 12, for graphs with edge features. SAN (Kreuzer et al.,
    2021) and Exphormer (Shirzad et al., 2023) use it too. The code of all three clamps the sum to
    5; the papers do not mention this.

    The entry is e, [entries, heads, head_dim]. The message is the product before it is summed, of
    the same shape. The Graph Transformer updates its edges from it; the other two do not.

    Attributes:
      limit: static, above 0; None for no clamp.
    """

    limit: float | None = 5.0

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        _check_like(self, "entry", entry, query, "[entries, heads, head_dim]")
        message = scale * (query * key * entry)
        return _clamp(self, jnp.sum(message, axis=-1)), message

    def default_scale(self, head_dim: int) -> float:
        return 1 / math.sqrt(head_dim)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("limit",))
@dataclasses.dataclass(frozen=True)
class EGTScore(Dot):
    """clamp(scale * q_i . k_j) + e_ij: the Edge-augmented Graph Transformer.

    Hussain et al. (2022), section 3.2. The entry is e, [entries, heads], a linear map of the
    edge channels. The message is the logits themselves, [entries, heads]; EGT updates its edge
    channels from them. Its gates, sigmoid(g_ij), are the `gate` of `gtx.ops.attention`.

    Attributes:
      limit: static, above 0; None for no clamp, as in TGT (Hussain et al., 2024).
    """

    limit: float | None = 5.0

    def from_products(self, products: Any, entry: Any, scale: Scale) -> Any:
        _check_like(self, "entry", entry, products, "[entries, heads]")
        logits = _clamp(self, scale * products) + entry
        return logits, logits


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("vector", "value"),
    meta_fields=("limit", "activation"),
)
@dataclasses.dataclass(frozen=True)
class GRITScore:
    """scale * a . m_ij with m_ij = activation(rho((q_i + k_j) * w_ij) + b_ij), clamped.

    Ma et al. (2023), equation 2, where rho(x) = sign(x) sqrt(|x|). Only the authors' code has the
    clamp. The entry is `{"weight": w, "bias": b}`, both [entries, heads, head_dim] and linear maps
    of the pair features. The message is m, [entries, heads, head_dim]. GRIT updates its pairs from
    it and adds W m_ij to the value.

    The slope of rho at 0 is infinite, and the gradients of the authors' code are NaN there. Here
    the slope at 0 is 0.

    Attributes:
      vector: a, float [heads, head_dim].
      value: W, float [heads, head_dim, value_dim]; None to add nothing to the value.
      limit: static, above 0; None for no clamp.
      activation: static, a function.
    """

    vector: Any
    value: Any = None
    limit: float | None = 5.0
    activation: Callable[[Any], Any] = jax.nn.relu

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        if not isinstance(entry, dict) or set(entry) != {"weight", "bias"}:
            raise ValueError('GRITScore needs an entry {"weight": w, "bias": b}.')
        for name, values in entry.items():
            _check_like(self, f"entry {name!r}", values, query, "[entries, heads, head_dim]")
        check_floats(self.vector, "GRITScore's vector", "[heads, head_dim]")
        shape = query.shape[-2:]
        if self.vector.shape != shape:
            raise ValueError(
                f"GRITScore's vector must have shape {list(shape)} [heads, head_dim], got "
                f"{list(self.vector.shape)}."
            )
        message = signed_sqrt((query + key) * entry["weight"]) + entry["bias"]
        message = self.activation(message)
        logits = scale * jnp.sum(message * self.vector.astype(message.dtype), axis=-1)
        return _clamp(self, logits), message

    def edge_value(self, message: Any) -> Any:
        """The term W m_ij that is added to the values, [..., heads, value_dim]."""
        if self.value is None:
            return None
        check_floats(self.value, "GRITScore's value", "[heads, head_dim, value_dim]")
        if self.value.shape[:2] != message.shape[-2:]:
            raise ValueError(
                f"GRITScore's value must begin with the axes {list(message.shape[-2:])} [heads, "
                f"head_dim], got shape {list(self.value.shape)}."
            )
        return jnp.einsum("...hd,hdv->...hv", message, self.value.astype(message.dtype))

    def default_scale(self, head_dim: int) -> float:
        return 1.0


def signed_sqrt(x: Any) -> Any:
    """sign(x) sqrt(|x|), with gradient 0 at 0."""
    # The root of 1 stands in for that of 0: its gradient is finite, and `where` then drops it.
    root = jnp.sqrt(jnp.where(x == 0, 1, jnp.abs(x)))
    return jnp.where(x == 0, 0, jnp.sign(x) * root)


def _clamp(score: Any, logits: Any) -> Any:
    limit = score.limit
    if limit is None:
        return logits
    if not isinstance(limit, int | float) or not limit > 0:
        raise ValueError(f"{type(score).__name__} needs a limit above 0, or None, got {limit!r}.")
    return jnp.clip(logits, -limit, limit)


def _check_like(score: Any, name: str, values: Any, like: Any, axes: str) -> None:
    """Raise unless an entry has the last axes of `like`; others would broadcast silently."""
    count = axes.count(",")
    found = getattr(values, "shape", ())
    expected = like.shape[len(like.shape) - count :]
    if len(found) == like.ndim and found[-count:] == expected:
        if jnp.issubdtype(values.dtype, jnp.floating):
            return
    got = "none" if values is None else f"one whose axes end with {list(found[-count:])}"
    raise ValueError(
        f"{type(score).__name__} needs an {name} of floats {axes}, here [entries, "
        f"{', '.join(map(str, expected))}], and got {got}."
    )
