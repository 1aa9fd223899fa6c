"""Scores: how well a sender's key answers a receiver's query. One pure function each."""

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
    """

    def __call__(self, query: Any, key: Any, scale: Scale) -> Any:
        """Logits [...] of [..., heads, head_dim] arrays that broadcast against each other.

        What an edge adds to the key (`edge_key`) is in `key` already. The score must be
        differentiable where query and key are 0, which is what stands in padding.
        """
        ...

    def default_scale(self, head_dim: int) -> float:
        """The scale when the caller gives none."""
        ...


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=())
@dataclasses.dataclass(frozen=True)
class Dot:
    """scale * q_i . k_j: Vaswani et al. (2017); with `scale=1`, equation 14 of Joshi (2025)."""

    def __call__(self, query: Any, key: Any, scale: Scale) -> Any:
        return self.from_products(jnp.sum(query * key, axis=-1), scale)

    def from_products(self, products: Any, scale: Scale) -> Any:
        """The logits, given the dot products of queries and keys."""
        return scale * products

    def default_scale(self, head_dim: int) -> float:
        return 1 / math.sqrt(head_dim)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("limit",))
@dataclasses.dataclass(frozen=True)
class Clamped(Dot):
    """The scaled dot product clamped to [-limit, limit], before any bias is added.

    As in SAN (Kreuzer et al., 2021) and Exphormer (Shirzad et al., 2023), with limit 5.
    A clamped logit has no gradient.
    """

    limit: float = 5.0

    def from_products(self, products: Any, scale: Scale) -> Any:
        return jnp.clip(scale * products, -self.limit, self.limit)


@functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=("slope",))
@dataclasses.dataclass(frozen=True)
class Additive:
    """scale * LeakyReLU(sum(q_i + k_j)): GAT, Velickovic et al. (2018), equation 3.

    The two halves of GAT's vector a act on receiver and sender apart: hand in
    q_i = a_receiver * W h_i and k_j = a_sender * W h_j, or their sums, with head_dim 1.
    """

    slope: float = 0.2

    def __call__(self, query: Any, key: Any, scale: Scale) -> Any:
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

    def __call__(self, query: Any, key: Any, scale: Scale) -> Any:
        hidden = jax.nn.leaky_relu(query + key, self.slope)
        return scale * jnp.sum(hidden * self.vector.astype(hidden.dtype), axis=-1)

    def default_scale(self, head_dim: int) -> float:
        return 1.0
