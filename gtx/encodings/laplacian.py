"""Eigenvectors of the graph Laplacian (LapPE)."""

import dataclasses
from typing import Any, Literal

import jax
import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class LaplacianEigenvectors:
    """The eigenvectors of the k smallest eigenvalues of the Laplacian, orthonormal.

    Belkin and Niyogi (2003); Dwivedi and Bresson (2020). As in GraphGPS
    (`get_lap_decomp_stats`) the k smallest are taken with the trivial ones among them, and
    eigenvalues are clipped at 0. An encoder must not rely on the sign of a vector or on the
    basis of a repeated eigenvalue: both are accidents of the solver.

    Answers in all cases: edges become undirected (between two nodes as many as the more
    frequent direction has), self-loops are removed, duplicates count. A graph of fewer nodes
    than vectors has 0 in the missing columns and a mask that says so (GraphGPS: NaN). Every
    component, an isolated node too, adds one eigenvalue 0 (Chung, 1997; PyTorch Geometric
    gives an isolated node the eigenvalue 1 under "sym"). Under "rw" the vectors v are the right
    eigenvectors of I - D^-1 A, orthonormal under the weights w = degree / mean degree (degree 1
    if isolated): sum_i w_i v_i^2 = 1. Scaling each to length 1 would make a repeated
    eigenvalue's vectors depend on the basis. (GraphGPS hands that matrix to a solver for
    symmetric ones.) No gradient flows: at a repeated eigenvalue there is none.

    Columns: node "<name>_vectors" [nodes, k]; graph "<name>_values" and "<name>_mask"
    [graphs, k].

    Attributes:
      num_vectors: k.
      normalization: "none" D - A, "sym" I - D^-1/2 A D^-1/2, "rw" I - D^-1 A.
    """

    num_vectors: int = 8
    normalization: Literal["sym", "none", "rw"] = "sym"
    name: str = "laplacian"
    level: Literal["node"] = dataclasses.field(default="node", init=False)
    symmetry: Literal["up_to_basis"] = dataclasses.field(default="up_to_basis", init=False)
    version: int = dataclasses.field(default=1, init=False)

    def __post_init__(self):
        if self.num_vectors < 1:
            raise ValueError(f"num_vectors must be at least 1, got {self.num_vectors}")
        if self.normalization not in ("sym", "none", "rw"):
            raise ValueError(
                f"normalization must be 'sym', 'none' or 'rw', got {self.normalization!r}"
            )

    def columns(self) -> dict[Key, Column]:
        column: Column = Continuous(self.num_vectors)
        return {
            ("node", f"{self.name}_vectors"): column,
            ("graph", f"{self.name}_values"): column,
            ("graph", f"{self.name}_mask"): column,
        }

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        if xp is not np:
            adjacency = jax.lax.stop_gradient(adjacency)
        graphs, n, _ = adjacency.shape
        kept = min(n, self.num_vectors)
        laplacian, weights = _laplacian(adjacency, self.normalization, xp)
        if n:
            values, vectors = xp.linalg.eigh(laplacian)  # ascending
            values, vectors = xp.maximum(values[:, :kept], 0), vectors[:, :, :kept]
        else:
            values, vectors = laplacian[:, :, 0:0].sum(axis=1), laplacian
        if self.normalization == "rw":
            vectors = vectors * weights[:, :, None]
        missing = self.num_vectors - kept
        mask = xp.broadcast_to(np.arange(self.num_vectors) < kept, (graphs, self.num_vectors))
        return {
            ("node", f"{self.name}_vectors"): xp.pad(vectors, ((0, 0), (0, 0), (0, missing))),
            ("graph", f"{self.name}_values"): xp.pad(values, ((0, 0), (0, missing))),
            ("graph", f"{self.name}_mask"): mask.astype(adjacency.dtype),
        }


def _laplacian(adjacency: Any, normalization: str, xp: Any) -> tuple[Any, Any]:
    """The symmetric matrix to decompose, and what takes eigenvectors of "sym" to "rw"."""
    identity = np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
    adjacency = xp.maximum(adjacency, xp.swapaxes(adjacency, 1, 2)) * (1 - identity)
    degree = adjacency.sum(axis=-1)
    connected = (degree > 0).astype(adjacency.dtype)
    positive = xp.where(degree > 0, degree, 1)
    scale = 1 / xp.sqrt(positive)
    mean = positive.sum(axis=-1, keepdims=True) / max(1, adjacency.shape[-1])
    if normalization == "none":
        laplacian = degree[:, :, None] * identity - adjacency
    else:
        laplacian = connected[:, :, None] * identity
        laplacian = laplacian - scale[:, :, None] * adjacency * scale[:, None, :]
    return laplacian, xp.sqrt(mean) * scale
