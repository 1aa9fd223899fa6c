"""Sinusoids of the node number: positions in a sequence."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class Sinusoidal:
    """p_(t, 2i) = sin(t / 10000^(2i / dim)), p_(t, 2i+1) its cosine, for the node with number t.

    Vaswani et al. (2017), section 3.5. It reads only the order in which nodes are stored. This is
    right for sequences, which are fully connected graphs of words. It is wrong for graphs in which
    the order of the nodes has no meaning.

    Attributes:
      dim: number of columns; if it is odd, the last is a sine.
    """

    dim: int = 64
    name: str = "sinusoidal"
    # The default encoder of its columns in a model.
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
        # Only the shape is read. The broadcast array takes no memory.
        no_edges = np.broadcast_to(0.0, (1, n, n))
        return {key: values[0] for key, values in self(no_edges).items()}

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return (40 * self.dim + 16) * n_node
