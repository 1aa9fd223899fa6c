"""Scores: how well a sender's key answers a receiver's query. One pure function each.

The scores of this file read query and key alone. Those that also read features of an edge or a
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
    """What a score must be able to do; write your own as a frozen dataclass.

    It is registered with `jax.tree_util.register_dataclass`: arrays that it learns are data
    fields, float, and get their gradients; everything else is a meta field.

    A score that also has a method `edge_value(message)` lets its message enter the values: see
    `gtx.ops.attention`. It returns [..., heads, value_dim], or None for nothing.
    """

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        """Logits, or a pair of logits and a message.

        The score must be finite and differentiable where all its arguments are 0: that is what
        it meets in padding.

        Args:
          query: [..., heads, head_dim]. Its leading axes stand for receivers and senders, or for
            edges. They broadcast against those of the key, as in `[rows, 1]` and `[1, columns]`.
          key: [..., heads, head_dim]. What an edge adds to the key (`edge_key`) is in it already.
          entry: the `entry` of the call: a tree of arrays [..., *rest] with all leading axes, or
            None. Its floats have at least 32 bits.
          scale: a number, or a float array without axes.

        Returns:
          Logits [..., heads], or `(logits, message)`. The message is what the score computed on
          the way and what others may read: a tree of float arrays [..., *rest].
        """
        ...

    def default_scale(self, head_dim: int) -> float:
        """The scale when the caller gives none."""
        ...


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=())
@dataclasses.dataclass(frozen=True)
class Dot:
    """scale * q_i . k_j: Vaswani et al. (2017); with `scale=1`, equation 14 of Joshi (2025).

    A score that needs no more of query and key than their dot product is a subclass, with a
    `from_products` of its own: over complete graphs it then runs as a matrix product.
    """

    def __call__(self, query: Any, key: Any, entry: Any, scale: Scale) -> Any:
        return self.from_products(jnp.sum(query * key, axis=-1), entry, scale)

    def from_products(self, products: Any, entry: Any, scale: Scale) -> Any:
        """What the score returns, given the dot products [..., heads] of queries and keys."""
        _refuse_entry(self, entry)
        return scale * products

    def default_scale(self, head_dim: int) -> float:
        return 1 / math.sqrt(head_dim)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("limit",))
@dataclasses.dataclass(frozen=True)
class Clamped(Dot):
    """The scaled dot product clamped to [-limit, limit], before any bias is added.

    A clamped logit has no gradient.

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

    The two halves of GAT's vector a act on receiver and sender apart: hand in
    q_i = a_receiver * W h_i and k_j = a_sender * W h_j, or their sums, with head_dim 1.

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


# These take no entry and leave no message: nothing about a call need be asked of them.
PLAIN = (Dot, Clamped, Additive, Dynamic)


def evaluate(score: Any, query: Any, key: Any, entry: Any, scale: Any) -> tuple[Any, Any]:
    """Logits and message of a score, with all leading axes; None if it leaves no message."""
    axes = jnp.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    return spread(score(query, key, entry, scale), axes)


def evaluate_products(score: Dot, products: Any, entry: Any, scale: Any) -> tuple[Any, Any]:
    """The same, from dot products [..., heads]."""
    return spread(score.from_products(products, entry, scale), products.shape[:-1])


def spread(result: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """What a score returned, as logits and message that have all of the leading `axes`.

    A score leaves axes of length 1 where nothing that it read differs.
    """
    logits, message = result if isinstance(result, tuple) else (result, None)

    def one(values: Any) -> Any:
        return jnp.broadcast_to(values, (*axes, *values.shape[len(axes) :]))

    return one(logits), jax.tree.map(one, message)


def edge_value_of(score: Any, message: Any) -> Any:
    """What a message adds to the values, [..., heads, value_dim], or None."""
    method = getattr(score, "edge_value", None)
    return None if method is None or message is None else method(message)


def _refuse_entry(score: Any, entry: Any) -> None:
    if entry is not None:
        raise ValueError(
            f"The score {type(score).__name__} reads no entry. Leave `entry` out, add features of "
            "an edge to the key by `edge_key`, or take a score that reads them, such as Multiplied."
        )
