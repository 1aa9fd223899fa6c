"""The number of edges of each node: as numbers, and as classes (Graphormer's centrality)."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import sparse

from gtx.data.spec import Categorical, Column, Continuous
from gtx.encodings.base import Key

Direction = Literal["in", "out", "total"]
_DIRECTIONS = ("in", "out", "total")


@dataclasses.dataclass(frozen=True)
class Degree:
    """The number of edges at each node, d or log(1 + d).

    "in" counts the edges that the node receives, "out" those that it sends, "total" both. An
    undirected edge is stored in both directions, so that each of its ends receives one and sends
    one. Then "in" is the degree in the sense of undirected graphs, and "total" is twice that.
    Duplicates count. A self-loop counts as one received and one sent edge. An isolated node has 0.
    Edge weights are summed, and the gradient flows to them.

    The logarithm is the degree scaler of PNA (Corso et al., 2020) and GRIT (Ma et al., 2023),
    without their division by its mean over the training set.

    Attributes:
      directions: which edges are counted; one column for each.
      transform: "none" for d, "log" for log(1 + d).
    """

    directions: tuple[Direction, ...] = ("in",)
    transform: Literal["none", "log"] = "none"
    name: str = "degree"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1
    dense_matrices: ClassVar[int] = 3

    def __post_init__(self):
        _check(self.directions)
        if self.transform not in ("none", "log"):
            raise ValueError(f"transform must be 'none' or 'log', got {self.transform!r}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(len(self.directions))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        return self._columns(adjacency.sum(axis=2), adjacency.sum(axis=1), xp)

    def sparse(self, adjacency: sparse.csr_array) -> dict[Key, np.ndarray]:
        return self._columns(adjacency.sum(axis=1), adjacency.sum(axis=0), np)

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return (48 + 32 * len(self.directions)) * n_node + 8 * n_edge

    def _columns(self, received: Any, sent: Any, xp: Any) -> dict[Key, Any]:
        degrees = _stack(received, sent, self.directions, xp)
        return {("node", self.name): xp.log1p(degrees) if self.transform == "log" else degrees}


@dataclasses.dataclass(frozen=True)
class DegreeClass:
    """The degree as a class for an embedding table: Graphormer's centrality encoding.

    Ying et al. (2021), equation 5: x_i + z-[in-degree of i] + z+[out-degree of i]. Classes 0 to
    `max_degree` are the degrees, class `max_degree + 1` is every larger degree. (Graphormer has no
    such class and fails on a degree beyond its table. GraphGPS refuses such a degree and counts
    duplicates of an edge once. Graphormer's code also uses the in-degree in place of the
    out-degree, which is right for undirected graphs only.) Edges are counted as in `Degree`; a sum
    of weights is rounded.

    Attributes:
      max_degree: the largest degree with a class of its own.
      directions: one categorical feature each, all with the same classes.
    """

    max_degree: int = 64
    directions: tuple[Direction, ...] = ("in", "out")
    name: str = "degree_class"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1
    dense_matrices: ClassVar[int] = 3

    def __post_init__(self):
        _check(self.directions)
        if self.max_degree < 0:
            raise ValueError(f"max_degree must not be negative, got {self.max_degree}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Categorical((self.max_degree + 2,) * len(self.directions))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        return self._columns(adjacency.sum(axis=2), adjacency.sum(axis=1), xp)

    def sparse(self, adjacency: sparse.csr_array) -> dict[Key, np.ndarray]:
        return self._columns(adjacency.sum(axis=1), adjacency.sum(axis=0), np)

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return (48 + 32 * len(self.directions)) * n_node + 8 * n_edge

    def _columns(self, received: Any, sent: Any, xp: Any) -> dict[Key, Any]:
        degrees = xp.rint(_stack(received, sent, self.directions, xp))
        return {("node", self.name): xp.clip(degrees, 0, self.max_degree + 1).astype(np.int32)}


def _check(directions: Any) -> None:
    if not isinstance(directions, tuple):
        raise ValueError(f"directions must be a tuple such as ('in',), got {directions!r}.")
    if not directions or not set(directions) <= set(_DIRECTIONS):
        raise ValueError(f"directions must be some of {_DIRECTIONS}, got {directions!r}.")


def _stack(received: Any, sent: Any, directions: tuple[Direction, ...], xp: Any) -> Any:
    by_name = {"in": received, "out": sent, "total": received + sent}
    return xp.stack([by_name[direction] for direction in directions], axis=-1)
