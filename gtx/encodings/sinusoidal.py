"""Sinusoids of the node order: positions of a sequence."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class Sinusoidal:
    """p_(t, 2i) = sin(t / 10000^(2i / dim)) and p_(t, 2i+1) the cosine, t the node's number.

    Vaswani et al. (2017), section 3.5. It reads only the order in which nodes are stored. That is
    right for sequences, which are fully connected graphs of words, and wrong for graphs in which
    the order of the nodes has no meaning.

    Attributes:
      dim: number of columns; an odd one ends with a sine.
    """

    dim: int = 64
    name: str = "sinusoidal"
    # What learns from its columns, where a model does not say otherwise.
    encoder: ClassVar[dict[str, Any]] = {"name": "linear"}
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["none"]] = "none"
    version: ClassVar[int] = 1
    dense_matrices: ClassVar[int] = 3

    def __post_init__(self):
        if self.dim < 1:
            raise ValueError(f"dim must be at least 1, got {self.dim}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(self.dim)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        graphs, n, _ = adjacency.shape
        column = np.arange(self.dim)
        angle = np.arange(n)[:, None] / 10000.0 ** (column // 2 * 2 / self.dim)
        values = np.where(column % 2 == 0, np.sin(angle), np.cos(angle))
        values = xp.asarray(values, dtype=adjacency.dtype)
        return {("node", self.name): xp.broadcast_to(values, (graphs, n, self.dim))}

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        n = adjacency.shape[0]
        no_edges = np.broadcast_to(0.0, (1, n, n))
        return {key: values[0] for key, values in self(no_edges).items()}

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return (40 * self.dim + 16) * n_node
