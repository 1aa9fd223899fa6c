"""Singular vectors of the adjacency matrix: positions that know directions."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.decompositions import select, svd
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class SingularVectors:
    """[U sqrt(s), V sqrt(s)] of A + I = U diag(s) V^T, for the k largest singular values s.

    Hussain et al. (2022), EGT, section 3.3. The row of U says how a node sends, and that of V how
    it receives: U_i . V_j with the roots is the best approximation of rank k of the edge from i
    to j. As in EGT's code the diagonal is 1, so that self-loops do not matter. Repeated edges
    count as often as they are there, and weights count as they are. (EGT's code has 1 for them. It
    lists the two numbers of a vector one after the other; here all of U come first.)

    A pair of vectors (u, v) is given up to a common sign, those of a repeated singular value up
    to a common basis. In bipartite graphs most singular values are repeated. A graph of fewer
    nodes than vectors has 0 in the missing columns and a mask that says so. Inside a step the
    gradient is that of `LaplacianEigenvectors`: finite, and right where singular values are
    simple. A singular value below sqrt(machine epsilon) of the largest counts as 0.

    Columns: node "<name>_vectors" [nodes, 2 k]; graph "<name>_values" and "<name>_mask"
    [graphs, k].

    Attributes:
      num_vectors: k.
      self_loops: whether the diagonal is 1; else it counts self-loops as they are.
    """

    num_vectors: int = 8
    self_loops: bool = True
    name: str = "singular"
    # What learns from its columns, where a model does not say otherwise.
    encoder: ClassVar[dict[str, Any]] = {"name": "vector_pairs"}
    parts: ClassVar[tuple[str, str]] = ("left", "right")
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["up_to_basis"]] = "up_to_basis"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.num_vectors < 1:
            raise ValueError(f"num_vectors must be at least 1, got {self.num_vectors}.")

    def columns(self) -> dict[Key, Column]:
        return {
            ("node", f"{self.name}_vectors"): Continuous(2 * self.num_vectors),
            ("graph", f"{self.name}_values"): Continuous(self.num_vectors),
            ("graph", f"{self.name}_mask"): Continuous(self.num_vectors),
        }

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        matrix = xp.swapaxes(adjacency, 1, 2)  # sender by receiver
        if self.self_loops:
            identity = np.eye(matrix.shape[-1], dtype=matrix.dtype)
            matrix = matrix * (1 - identity) + identity
        scale = xp.abs(matrix).sum(axis=-1).max(axis=-1, initial=0)  # above all of them
        if matrix.shape[-1] == 0:
            left, values, right = matrix, matrix.sum(axis=1), matrix
        elif xp is np:
            left, values, right = np.linalg.svd(matrix)
            right = np.swapaxes(right, 1, 2)
        else:
            left, values, right = svd(matrix, scale)
        _, left, _ = select(values, left, None, self.num_vectors, xp)
        values, right, mask = select(values, right, None, self.num_vectors, xp)
        tolerance = np.sqrt(np.finfo(values.dtype).eps) * scale[:, None]
        positive = values > tolerance
        root = xp.where(positive, xp.sqrt(xp.where(positive, values, 1)), 0)[:, None]
        return {
            ("node", f"{self.name}_vectors"): xp.concatenate([left * root, right * root], axis=2),
            ("graph", f"{self.name}_values"): values,
            ("graph", f"{self.name}_mask"): mask.astype(values.dtype),
        }
