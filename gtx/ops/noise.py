"""Noise by hashing: random decisions that depend on the identity of a node, not on its position.

Dropout is usually drawn from a counter of array positions. Such noise changes with the padding and
with the batch, and drawing threefry bits for every pair of nodes costs as much as attention itself.
Here each decision is a hash of (key, identities). An identity belongs to a node and not to its
position in an array. The noise is therefore the same in every layout and with any padding, and it
costs a few integer instructions. The mixing function is `lowbias32` (Wellons, 2018, "Prospecting
for hash functions"). It is good enough for dropout, but not for cryptography or sampling.

An id is an integer of any type and counts modulo 2**32. So int8 -1, int64 -1 and uint32 2**32 - 1
are the same identity, in numpy and in jax, inside and outside of a compiled function. Nodes whose
64-bit ids agree in the lower 32 bits share their noise.
"""

import numbers
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, Integer, Shaped, UInt32

from gtx.ops.arguments import refuse_masked

_GOLDEN = 0x9E3779B9  # 2^32 / golden ratio; added to an id because _mix(0) is 0


def _mix(values: Any) -> Any:
    """A bijection of uint32 in which each input bit flips each output bit half the time."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x7FEB352D)
    values = (values ^ (values >> np.uint32(15))) * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))


def key_bits(key: Shaped[Array, "..."]) -> UInt32[Array, " 2"]:
    """The two words of a jax PRNG key, typed or raw, from which noise is drawn."""
    if not isinstance(key, jax.Array | np.ndarray):
        raise TypeError(
            f"Expected one jax PRNG key, got {type(key).__name__}; "
            "make one with jax.random.key(seed)."
        )
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    if key.dtype != jnp.uint32 or key.shape not in ((2,), (4,)):
        raise ValueError(
            f"Expected one jax PRNG key, got {key.dtype}{list(key.shape)}; "
            "make one with jax.random.key(seed)."
        )
    key = jnp.asarray(key)
    # The two halves of an `rbg` key may be equal. Without mixing, their XOR would then be 0.
    return key if key.shape == (2,) else key[:2] ^ _mix(key[2:])


def identities(ids: Any, name: str = "ids") -> Any:
    """Ids of any integer type as uint32, modulo 2**32; a numpy array stays a numpy array.

    Raises:
      TypeError: the ids are not integers (bools are refused too).
    """
    refuse_masked(ids, name)
    ids = ids if isinstance(ids, jax.Array) else np.asarray(ids)
    if not jnp.issubdtype(ids.dtype, jnp.integer):
        raise TypeError(
            f"{name} must be integers, which say whose noise is drawn, and are {ids.dtype}. "
            "Pass one integer for each row, such as batch.node_ids or jnp.arange(num_nodes)."
        )
    return ids.astype(np.uint32)


def node_ids(graph_ids: Any, positions: Any, xp: Any = jnp) -> Any:
    """The identity of each node: a hash of its graph's id and its position in that graph.

    Args:
      graph_ids: integers, the id of each node's graph in its dataset (-1 in padding).
      positions: integers of a shape that broadcasts, the position within the graph.
      xp: `numpy` or `jax.numpy`; both give the same bits.

    Returns:
      uint32. One in 2^32 pairs of nodes has the same identity by chance and so shares its noise.
    """
    graph_ids = xp.asarray(identities(graph_ids, "graph_ids"))
    positions = xp.asarray(identities(positions, "positions"))
    with np.errstate(over="ignore"):  # numpy warns when its scalars wrap around
        return _mix(_mix(graph_ids + np.uint32(_GOLDEN)) + positions)


def keep_mask(
    bits: UInt32[Array, " 2"], rate: float, *ids: Integer[Any, "..."] | int
) -> Bool[Array, "..."]:
    """Keep each combination of identities with probability `1 - rate`, independently.

    The result for a combination depends only on `bits`, `rate`, the values of the ids and their
    order. Each id is hashed at its own shape before the ids are combined. For ids of shapes
    `[n, 1, 1]`, `[1, n, 1]` and `[heads]`, only one short hash is therefore computed per element
    of `[n, n, heads]`.

    Args:
      bits: from `key_bits`.
      rate: static, in [0, 1).
      *ids: integers of any type, of shapes that broadcast; modulo 2**32, see the module.

    Returns:
      bool of the broadcast shape, True where kept.
    """
    check_rate(rate)
    # Compares integers: a float32 in [0, 1) would have only 24 of the 32 bits of the hash.
    return _hash(bits, ids) >= np.uint32(min(round(rate * 2**32), 2**32 - 1))


def integers(
    bits: UInt32[Array, " 2"], size: int, *ids: Integer[Any, "..."] | int
) -> Int32[Array, "..."]:
    """An integer in [0, size) for each combination of identities, independently.

    Like `keep_mask`, it depends only on `bits`, `size` and the ids in their order. One of 2^24
    evenly spaced numbers is scaled, so the probabilities of two integers differ by 2^-24 at most.

    Args:
      bits: from `key_bits`.
      size: static, from 1 to 2^24.
      *ids: as for `keep_mask`.
    """
    if not 1 <= size <= 2**24:
        raise ValueError(f"size must lie in [1, 2^24], got {size}.")
    steps = (_hash(bits, ids) >> np.uint32(8)).astype(jnp.float32)
    # The product may round up to `size` itself.
    return jnp.minimum(jnp.floor(steps * np.float32(size / 2**24)).astype(jnp.int32), size - 1)


def normal(bits: UInt32[Array, " 2"], *ids: Integer[Any, "..."] | int) -> Float32[Array, "..."]:
    """A number from N(0, 1) for each combination of identities, independently.

    Like `keep_mask`, it depends only on `bits` and on the ids in their order. The number is the
    quantile of one of 2^23 evenly spaced probabilities, so its absolute value is below 5.3.

    Args:
      bits: from `key_bits`.
      *ids: as for `keep_mask`.
    """
    # 23 bits, at the middle of each step: float32 holds these exactly, and neither end is +-1,
    # where erf_inv is infinite.
    steps = (_hash(bits, ids) >> np.uint32(9)).astype(jnp.float32)
    return np.float32(np.sqrt(2)) * jax.lax.erf_inv((2 * steps + 1) / 2**23 - 1)


def gumbel(bits: UInt32[Array, " 2"], *ids: Integer[Any, "..."] | int) -> Float32[Array, "..."]:
    """A number from the Gumbel distribution for each combination of identities, independently.

    It is -log(-log u), where u is one of 2^23 evenly spaced probabilities, so that it lies between
    -2.9 and 16.7.

    Args:
      bits: from `key_bits`.
      *ids: as for `keep_mask`.
    """
    steps = (_hash(bits, ids) >> np.uint32(9)).astype(jnp.float32)
    return -jnp.log(-jnp.log((2 * steps + 1) / 2**24))


def _hash(bits: Any, ids: tuple[Any, ...]) -> Any:
    if not isinstance(bits, jax.Array | np.ndarray) or (bits.shape, bits.dtype) != ((2,), "uint32"):
        raise TypeError("bits must be two words uint32 [2]; key_bits makes them of a jax PRNG key.")
    if not ids:
        raise ValueError("Noise needs at least one array of ids, which say whose it is.")
    state = None
    for number, values in enumerate(ids):
        # Each position gets a constant of its own, so that (a, b) and (b, a) differ. Hashes are
        # combined by a sum, because it broadcasts; the last mixing removes its linearity.
        values = jnp.asarray(identities(values))
        first = _mix(bits[0] + np.uint32((number + 1) * _GOLDEN & 0xFFFFFFFF))
        hashed = _mix(_mix(values ^ first) + bits[1])
        state = hashed if state is None else state + hashed
    return _mix(state)


def check_rate(rate: float) -> None:
    """Raise unless `rate` is a possible dropout rate.

    Raises:
      TypeError: `rate` is not a number of Python or numpy.
      ValueError: `rate` lies outside of [0, 1).
    """
    if not isinstance(rate, numbers.Real) or isinstance(rate, bool):
        raise TypeError(
            f"A dropout rate is static, a number in [0, 1), and not a {type(rate).__name__}."
        )
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"A dropout rate must lie in [0, 1), got {rate}.")
