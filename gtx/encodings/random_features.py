"""Random identifiers: rows that say which node is which, and nothing else."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class RandomIdentifiers:
    """A row of independent N(0, 1) for each node: Abboud et al. (2021), Sato et al. (2021).

    With them message passing tells all nodes apart and can count anything, but only on average
    does the result not depend on the numbering. So the numbers must be drawn anew all the time: its
    encoder draws them for each graph and step of training. The columns hold the numbers that
    evaluation reads, one draw for each position within a graph.

    Column: node "<name>" [nodes, dim].

    Attributes:
      dim: numbers of a node.
      seed: of the draw that the columns hold.
    """

    dim: int = 32
    seed: int = 0
    name: str = "random_identifiers"
    # What learns from its columns, where a model does not say otherwise.
    encoder: ClassVar[dict[str, Any]] = {"name": "random_features", "redraw": "normal"}
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["none"]] = "none"
    version: ClassVar[int] = 1
    dense_matrices: ClassVar[int] = 3

    def __post_init__(self):
        _check(self)

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(self.dim)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        graphs, n, _ = adjacency.shape
        rows = np.random.default_rng(self.seed).normal(size=(n, self.dim))
        return {("node", self.name): _same_for_all(rows, graphs, adjacency.dtype, xp)}

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        no_edges = np.broadcast_to(0.0, (1, *adjacency.shape))
        return {key: values[0] for key, values in self(no_edges).items()}

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return (40 * self.dim + 16) * n_node


@dataclasses.dataclass(frozen=True)
class OrthogonalRandomFeatures:
    """Rows of a random orthogonal matrix: the identifiers of Kim et al. (2022), TokenGT.

    The matrix has max(n, dim) rows and columns and Haar's distribution. The row of a node is its
    first `dim` numbers, at length 1. Up to `dim` nodes are orthogonal, so that a product of two
    rows says whether two nodes are one. (TokenGT's matrix has as many rows as the largest graph
    of a batch, and columns of 0 fill it up to `dim`.) Its encoder turns all rows of a graph by a
    random rotation, drawn for each graph and step of training. The columns hold those that
    evaluation reads.

    Column: node "<name>" [nodes, dim].

    Attributes:
      dim: numbers of a node.
      seed: of the draw that the columns hold.
    """

    dim: int = 64
    seed: int = 0
    name: str = "orthogonal_random_features"
    # What learns from its columns, where a model does not say otherwise.
    encoder: ClassVar[dict[str, Any]] = {"name": "random_features", "redraw": "rotation"}
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["none"]] = "none"
    version: ClassVar[int] = 1

    def __post_init__(self):
        _check(self)

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(self.dim)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        graphs, n, _ = adjacency.shape
        size = max(n, self.dim)
        drawn = np.random.default_rng(self.seed).normal(size=(size, size))
        basis, triangle = np.linalg.qr(drawn)
        basis = basis * np.where(np.diagonal(triangle) >= 0, 1, -1)  # Haar: Stewart (1980)
        rows = basis[:n, : self.dim]
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return {("node", self.name): _same_for_all(rows, graphs, adjacency.dtype, xp)}


def _check(encoding: Any) -> None:
    if encoding.dim < 1:
        raise ValueError(f"dim must be at least 1, got {encoding.dim}.")
    if encoding.seed < 0:
        raise ValueError(f"seed must not be negative, got {encoding.seed}.")


def _same_for_all(rows: np.ndarray, graphs: int, dtype: Any, xp: Any) -> Any:
    rows = xp.asarray(rows, dtype=dtype)
    return xp.broadcast_to(rows, (graphs, *rows.shape))
