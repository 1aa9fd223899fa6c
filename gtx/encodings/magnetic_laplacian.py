"""Eigenvectors of the magnetic Laplacian: positions in directed graphs."""

import dataclasses
from typing import Any, ClassVar, Literal

import jax
import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.decompositions import eigh, select
from gtx.encodings.algebra.pseudoinverse import undirected
from gtx.encodings.base import Key

NORMALIZATIONS = ("sym", "none")


@dataclasses.dataclass(frozen=True)
class MagneticLaplacian:
    """The eigenvectors of the k smallest eigenvalues of the magnetic Laplacian, orthonormal.

    H_ij = S_ij exp(2 pi i q T_ij), L = D - H or I - D^-1/2 H D^-1/2 with D = diag(sum_j S_ij).
    S_ij is the weight of the edges between i and j, of the more frequent direction, and
    T_ij = (A_ij - A_ji) / S_ij with A_ij the edges from i to j: 1 for an edge from i to j
    alone, -1 for one from j to i alone, 0 if both weigh the same. L is Hermitian, so its
    eigenvalues are real and not negative, and its eigenvectors are complex. Where the phases of
    neighbours differ, an edge leads from one to the other. With q = 0 the values and vectors are
    those of `LaplacianEigenvectors`, and for an undirected graph they are so with every q.

    Zhang et al. (2021), MagNet; as encoding Geisler et al. (2023), Transformers Meet Directed
    Graphs, section 4. Differences: MagNet's S is (A + A^T) / 2, so that a directed edge counts
    half. Both have T_ij = A_ij - A_ji, which is the same for edges of weight 1. Geisler et al.
    divide q by the smaller of n and the number of edges that have one direction only, and turn
    every vector to a phase of their choice. Here q is what is given, for all graphs alike, and the
    phase is left to the encoder, which can draw it.

    A vector is given up to its phase, a unit complex number, and those of a repeated eigenvalue
    up to a unitary matrix. Columns hold the real parts of all vectors, then the imaginary
    parts. Self-loops are removed, duplicates count. A graph of fewer nodes than vectors has 0 in
    the missing columns and a mask that says so. Derivatives are as in `LaplacianEigenvectors`.

    Columns: node "<name>_vectors" [nodes, 2 k]; graph "<name>_values" and "<name>_mask"
    [graphs, k].

    Attributes:
      num_vectors: k.
      q: the phase of a directed edge, in turns. With 1 / 4 an edge and its reverse are opposite.
      normalization: "none" D - H, "sym" I - D^-1/2 H D^-1/2.
    """

    num_vectors: int = 8
    q: float = 0.25
    normalization: Literal["sym", "none"] = "sym"
    name: str = "magnetic"
    # What learns from its columns, where a model does not say otherwise.
    encoder: ClassVar[dict[str, Any]] = {"name": "vector_pairs", "random": "phases"}
    parts: ClassVar[tuple[str, str]] = ("real", "imaginary")
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["up_to_basis"]] = "up_to_basis"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.num_vectors < 1:
            raise ValueError(f"num_vectors must be at least 1, got {self.num_vectors}.")
        if not 0 <= self.q <= 0.5:  # beyond, the phases come back from the other side
            raise ValueError(f"q must be between 0 and 0.5, got {self.q}.")
        if self.normalization not in NORMALIZATIONS:
            raise ValueError(
                f"normalization must be one of {NORMALIZATIONS}, got {self.normalization!r}."
            )

    def columns(self) -> dict[Key, Column]:
        return {
            ("node", f"{self.name}_vectors"): Continuous(2 * self.num_vectors),
            ("graph", f"{self.name}_values"): Continuous(self.num_vectors),
            ("graph", f"{self.name}_mask"): Continuous(self.num_vectors),
        }

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        real, imaginary = self._laplacian(adjacency, xp)
        scale = (xp.abs(real) + xp.abs(imaginary)).sum(axis=-1).max(axis=-1, initial=0)
        if adjacency.shape[-1] == 0:
            values, vectors = real.sum(axis=1), real + 1j * imaginary
        elif xp is np:
            values, vectors = np.linalg.eigh(real + 1j * imaginary)  # ascending
        else:
            values, vectors = eigh(jax.lax.complex(real, imaginary), scale)
        values, vectors, mask = select(values, vectors, None, self.num_vectors, xp)
        clipped = xp.maximum(values, 0)
        if xp is not np:  # an eigenvalue that rounding made negative keeps its derivative
            clipped = values + jax.lax.stop_gradient(clipped - values)
        vectors = xp.concatenate([vectors.real, vectors.imag], axis=2)
        return {
            ("node", f"{self.name}_vectors"): vectors,
            ("graph", f"{self.name}_values"): clipped,
            ("graph", f"{self.name}_mask"): mask.astype(clipped.dtype),
        }

    def _laplacian(self, adjacency: Any, xp: Any) -> tuple[Any, Any]:
        """Its real and its imaginary part, [graphs, n, n]."""
        joined = undirected(adjacency, xp)
        degree = joined.sum(axis=-1)
        # An edge from i to j is adjacency[j, i].
        direction = xp.swapaxes(adjacency, 1, 2) - adjacency
        angle = 2 * np.pi * self.q * direction / xp.where(joined > 0, joined, 1)
        weight, diagonal = joined, degree
        if self.normalization == "sym":
            scale = 1 / xp.sqrt(xp.where(degree > 0, degree, 1))
            weight = scale[:, :, None] * joined * scale[:, None, :]
            diagonal = (degree > 0).astype(degree.dtype)
        identity = np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
        real = diagonal[:, :, None] * identity - weight * xp.cos(angle)
        return real, -weight * xp.sin(angle)
