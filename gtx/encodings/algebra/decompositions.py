"""Eigenvectors and singular vectors with derivatives that are finite everywhere.

A rotation of the vectors of one eigenvalue among themselves has no derivative and gets 0. Two
eigenvalues count as one if they differ by less than sqrt(machine epsilon) times `scale`.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gtx.encodings.algebra.products import matmul


@jax.custom_jvp
def eigh(matrix: Any, scale: Any) -> tuple[Any, Any]:
    """Eigenvalues [graphs, n], ascending, and eigenvectors of symmetric or Hermitian matrices.

    Args:
      matrix: [graphs, n, n], real or complex.
      scale: [graphs], what the eigenvalues are compared with.
    """
    del scale
    return tuple(jnp.linalg.eigh(matrix))


@eigh.defjvp
def _eigh_derivative(primals, tangents):
    # The rule of jnp.linalg.eigh divides by every difference of eigenvalues. This one leaves out
    # those that count as equal.
    (matrix, scale), (change, _) = primals, tangents
    values, vectors = eigh(matrix, scale)
    change = matmul((change + _adjoint(change)) / 2, vectors, jnp)
    change = matmul(_adjoint(vectors), change, jnp)
    gap = values[:, None, :] - values[:, :, None]
    rotation = _divide(change, gap, scale)
    diagonal = jnp.diagonal(change, axis1=1, axis2=2)
    return (values, vectors), (diagonal.real, matmul(vectors, rotation, jnp))


@jax.custom_jvp
def svd(matrix: Any, scale: Any) -> tuple[Any, Any, Any]:
    """U, s and V of square matrices U diag(s) V^T, the singular values s [graphs, n] descending.

    Args:
      matrix: [graphs, n, n], real.
      scale: [graphs], what the singular values are compared with.
    """
    del scale
    left, values, right = jnp.linalg.svd(matrix, full_matrices=True)
    return left, values, jnp.swapaxes(right, 1, 2)


@svd.defjvp
def _svd_derivative(primals, tangents):
    (matrix, scale), (change, _) = primals, tangents
    left, values, right = svd(matrix, scale)
    change = matmul(matmul(_adjoint(left), change, jnp), right, jnp)
    # The usual quotients by s_j^2 - s_i^2, as quotients by s_j - s_i and by s_j + s_i.
    apart = _divide(change + _adjoint(change), values[:, None, :] - values[:, :, None], scale)
    above = _divide(change - _adjoint(change), values[:, None, :] + values[:, :, None], scale)
    changes = (
        matmul(left, (apart + above) / 2, jnp),
        jnp.diagonal(change, axis1=1, axis2=2),
        matmul(right, (apart - above) / 2, jnp),
    )
    return (left, values, right), changes


def select(values: Any, vectors: Any, first: Any, count: int, xp: Any) -> tuple[Any, Any, Any]:
    """`count` eigenpairs and their mask, from number `first` [graphs] on (None: from 0).

    Missing eigenpairs are 0, and False in the mask.
    """
    (graphs, n), missing = values.shape, max(0, count - values.shape[1])
    if first is None:
        mask = xp.broadcast_to(np.arange(count) < n, (graphs, count))
        values, vectors = values[:, :count], vectors[:, :, :count]
        if missing:
            values = xp.pad(values, ((0, 0), (0, missing)))
            vectors = xp.pad(vectors, ((0, 0), (0, 0), (0, missing)))
        return values, vectors, mask
    place = first[:, None] + np.arange(count, dtype=np.int32)
    mask, place = place < n, xp.minimum(place, n)
    values = xp.pad(values, ((0, 0), (0, 1)))  # the added 0 stands for all missing eigenpairs
    vectors = xp.pad(vectors, ((0, 0), (0, 0), (0, 1)))
    values = xp.take_along_axis(values, place, axis=1)
    return values, xp.take_along_axis(vectors, place[:, None], axis=2), mask


def _adjoint(matrix):
    return jnp.swapaxes(matrix, 1, 2).conj()


def _divide(numbers, gap, scale):
    """Quotients, 0 where the gap counts as 0."""
    apart = jnp.abs(gap) > jnp.sqrt(jnp.finfo(gap.dtype).eps) * scale[:, None, None]
    return jnp.where(apart, numbers / jnp.where(apart, gap, 1), 0)
