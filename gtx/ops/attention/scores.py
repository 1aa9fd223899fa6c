"""Scores: pure functions that compute a logit from a receiver's query and a sender's key.

The scores of this file read only query and key. Scores that also read features of an edge or a
pair are in `entry_scores`.
"""

import dataclasses
import functools
import math
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Scale = float | Float[Array, ""]


@runtime_checkable
class Score(Protocol):
    """The methods that a score must have. Write your own score as a frozen dataclass.

    Register it with `jax.tree_util.register_dataclass`. Arrays that are learned are data fields
    of floats and get gradients; everything else is a meta field.

    A score may also have a method `edge_value(message)`, whose result is added to the values: see
    `gtx.ops.attention`. It returns [..., heads, value_dim], or None for nothing.
    """

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        """Logits, or a pair of logits and a message.

        The score must be finite and differentiable where all its arguments are 0, because padding
        holds 0.

        Args:
          query: [..., heads, head_dim]. Its leading axes stand for receivers and senders, or for
            edges. They broadcast against those of the key, as in `[rows, 1]` and `[1, columns]`.
          key: [..., heads, head_dim]. The `edge_key` of the call has already been added to it.
          entry: the `entry` of the call: a tree of arrays [..., *rest] with all leading axes, or
            None. Its floats have at least 32 bits.
          scale: a number, or a float array without axes.

        Returns:
          Logits [..., heads], or `(logits, message)`. The message is an intermediate result that
          a layer may use: a tree of float arrays [..., *rest].
        """
        ...

    def default_scale(self, head_dim: int) -> float:
        """The scale when the caller gives none."""
        ...


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=())
@dataclasses.dataclass(frozen=True)
class Dot:
    """scale * q_i . k_j: Vaswani et al. (2017); with `scale=1`, equation 14 of Joshi (2025).

    A score that needs only the dot product of query and key can be a subclass with its own
    `from_products`. Over complete graphs it then runs as a matrix product.
    """

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        return self.from_products(jnp.sum(query * key, axis=-1), entry, scale)

    def from_products(self, products: Any, entry: Any, scale: Scale) -> Any:
        """The result of the score, from the dot products [..., heads] of queries and keys."""
        _refuse_entry(self, entry)
        return scale * products

    def default_scale(self, head_dim: int) -> float:
        return 1 / math.sqrt(head_dim)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("limit",))
@dataclasses.dataclass(frozen=True)
class Clamped(Dot):
    """The scaled dot product clamped to [-limit, limit], before any bias is added.

    The gradient of a clamped logit is 0.

    Attributes:
      limit: static, above 0.
    """

    limit: float = 5.0

    def from_products(self, products: Any, entry: Any, scale: Scale) -> Any:
        _refuse_entry(self, entry)
        return jnp.clip(scale * products, -self.limit, self.limit)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("slope",))
@dataclasses.dataclass(frozen=True)
class Additive:
    """scale * LeakyReLU(sum(q_i + k_j)): GAT, Velickovic et al. (2018), equation 3.

    One half of GAT's vector a acts on the receiver, the other on the sender. Pass
    q_i = a_receiver * W h_i and k_j = a_sender * W h_j; or pass their sums over head_dim as
    queries and keys with head_dim 1.

    Attributes:
      slope: static, of the LeakyReLU.
    """

    slope: float = 0.2

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        _refuse_entry(self, entry)
        total = jnp.sum(query, axis=-1) + jnp.sum(key, axis=-1)
        return scale * jax.nn.leaky_relu(total, self.slope)

    def default_scale(self, head_dim: int) -> float:
        return 1.0


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=("vector",), meta_fields=("slope",)
)
@dataclasses.dataclass(frozen=True)
class Dynamic:
    """scale * a . LeakyReLU(q_i + k_j): GATv2, Brody et al. (2022), equation 7.

    Attributes:
      vector: a, float [heads, head_dim].
      slope: static, of the LeakyReLU.
    """

    vector: Any
    slope: float = 0.2

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        _refuse_entry(self, entry)
        hidden = jax.nn.leaky_relu(query + key, self.slope)
        return scale * jnp.sum(hidden * self.vector.astype(hidden.dtype), axis=-1)

    def default_scale(self, head_dim: int) -> float:
        return 1.0


# These scores take no entry and return no message, so that no call of them needs to be traced.
PLAIN = (Dot, Clamped, Additive, Dynamic)


def evaluate(score: Any, query: Any, key: Any, entry: Any, scale: Any) -> tuple[Any, Any]:
    """Logits and message of a score, with all leading axes; None if it returns no message."""
    axes = jnp.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    return spread(score(query, key, entry, scale), axes)


def evaluate_products(score: Dot, products: Any, entry: Any, scale: Any) -> tuple[Any, Any]:
    """The same results, from dot products [..., heads]."""
    return spread(score.from_products(products, entry, scale), products.shape[:-1])


def spread(result: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """The result of a score as logits and message that have all of the leading `axes`.

    A score may return axes of length 1 along which all that it reads is constant.
    """
    logits, message = result if isinstance(result, tuple) else (result, None)

    def one(values: Any) -> Any:
        return jnp.broadcast_to(values, (*axes, *values.shape[len(axes) :]))

    return one(logits), jax.tree.map(one, message)


def edge_value_of(score: Any, message: Any) -> Any:
    """The term that a message adds to the values, [..., heads, value_dim], or None."""
    method = getattr(score, "edge_value", None)
    return None if method is None or message is None else method(message)


def _refuse_entry(score: Any, entry: Any) -> None:
    if entry is not None:
        raise ValueError(
            f"The score {type(score).__name__} reads no entry. Leave `entry` out, add features of "
            "an edge to the key by `edge_key`, or take a score that reads them, such as Multiplied."
        )
