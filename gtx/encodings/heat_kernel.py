"""The heat kernel exp(-t L) of a graph, as an encoding of nodes and of pairs."""

import dataclasses
import functools
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.products import matmul
from gtx.encodings.algebra.pseudoinverse import laplacian
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class HeatKernelDiagonal:
    """The heat that remains at each node after each time: diag(exp(-t L)), L = D - A.

    It is the "heat kernel signature" of Sun et al. (2009), and HKdiagSE in GraphGPS. GraphGPS
    leaves out the eigenvalue 0, so that its values are smaller by 1 / (nodes of the component),
    which is the value at t = infinity. It computes exp(-t lambda), although its comments say
    exp(-2 t lambda). The value is 1 at an isolated node. At other nodes it lies between
    1 / (nodes of the component) and 1.

    Column: node "<name>" [nodes, times]. Edges and gradient as in `HeatKernel`.

    Attributes:
      times: positive; in units of one over an edge's weight.
    """

    times: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    name: str = "heat_diagonal"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        _check(self.times)

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(len(self.times))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        matrix = laplacian(adjacency, xp)
        if xp is not np:
            return {("node", self.name): jnp.einsum("giit->git", _kernel(matrix, self.times))}
        # Given the eigenvectors, the diagonal costs n^2 for each time, and the whole kernel n^3.
        values, vectors = _eigh(matrix, np)
        heat = np.exp(-values[:, :, None] * np.array(self.times))
        return {("node", self.name): vectors**2 @ heat}


@dataclasses.dataclass(frozen=True)
class HeatKernel:
    """K_t = exp(-t L) with L = D - A: the heat at i at time t if one unit starts at j.

    Kondor and Lafferty (2002). (GraphGPS names it HKfullPE, but raises NotImplementedError.) The
    kernel is symmetric and positive, and each row sums to 1. K_0 is the identity. At t = infinity
    the heat is uniform over each component and 0 elsewhere, up to rounding.

    Edges become undirected (two nodes get as many edges as the more frequent direction has),
    self-loops have no effect, duplicates and weights count as conductance. The gradient with
    respect to weights is exact and finite, at repeated eigenvalues too: it uses the divided
    differences of Daleckii and Krein (Higham, 2008, theorem 3.11). Second derivatives at repeated
    eigenvalues may not be finite. If both directions of an edge have the same weight, each gets
    half of the derivative.

    Column: pair "<name>" [nodes, nodes, times].

    Attributes:
      times: positive; in units of one over an edge's weight.
    """

    times: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    name: str = "heat"
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        _check(self.times)

    def columns(self) -> dict[Key, Column]:
        return {("pair", self.name): Continuous(len(self.times))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        matrix = laplacian(adjacency, xp)
        if xp is not np:
            return {("pair", self.name): _kernel(matrix, self.times)}
        return {("pair", self.name): _spread(*_eigh(matrix, np), self.times, np)}


def _check(times: Any) -> None:
    if not isinstance(times, tuple):
        raise ValueError(f"times must be a tuple such as (1.0,), got {times!r}.")
    if not times or not all(0 < time < np.inf for time in times):
        raise ValueError(f"times must be one or more positive numbers, got {times!r}.")


def _eigh(matrix: Any, xp: Any) -> tuple[Any, Any]:
    if matrix.shape[-1] == 0:  # eigh refuses an empty matrix
        return matrix.sum(axis=-1), matrix
    values, vectors = xp.linalg.eigh(matrix)
    # Rounding may make an eigenvalue 0 slightly negative, and exp(-t lambda) would exceed 1.
    return xp.maximum(values, 0), vectors


def _spread(values: Any, vectors: Any, times: tuple[float, ...], xp: Any) -> Any:
    transposed = xp.swapaxes(vectors, 1, 2)
    heat = [matmul(vectors * xp.exp(-time * values)[:, None, :], transposed, xp) for time in times]
    return xp.stack(heat, axis=-1)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _kernel(matrix: Any, times: tuple[float, ...]) -> Any:
    """exp(-t L) [graphs, n, n, times], with a derivative that is valid at repeated eigenvalues.

    The derivative of eigh itself divides by the differences of eigenvalues.
    """
    return _spread(*_eigh(matrix, jnp), times, jnp)


def _between(one: Any, matrix: Any, other: Any) -> Any:
    return matmul(matmul(one, matrix, jnp), other, jnp)


@_kernel.defjvp
def _kernel_derivative(times, primals, tangents):
    values, vectors = _eigh(primals[0], jnp)
    transposed = jnp.swapaxes(vectors, 1, 2)
    change = _between(transposed, tangents[0], vectors)
    least = jnp.minimum(values[:, :, None], values[:, None, :])
    gap = jnp.abs(values[:, :, None] - values[:, None, :])
    tangent = []
    for time in times:
        # (exp(-t a) - exp(-t b)) / (a - b), written with expm1 to avoid cancellation where a and b
        # are close. For a = b it is the limit.
        ratio = jnp.where(gap > 0, jnp.expm1(-time * gap) / jnp.where(gap > 0, gap, 1), -time)
        spread = jnp.exp(-time * least) * ratio * change
        tangent.append(_between(vectors, spread, transposed))
    return _spread(values, vectors, times, jnp), jnp.stack(tangent, axis=-1)
