"""Return probabilities of random walks (RWSE)."""

import dataclasses
from typing import Any, Literal

import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class RandomWalk:
    """Return probabilities of a random walk: p_i = [(T^1)_ii, ..., (T^K)_ii] with T = D^-1 A.

    Li et al. (2020), "Distance encoding"; RWSE in Dwivedi et al. (2022) and GraphGPS, whose
    values these are. A step follows an edge from its sender to its receiver, each of the
    sender's outgoing edges with equal probability, so a duplicate edge counts twice and a
    self-loop is a return. A walk ends at a node without outgoing edges: an isolated node has
    the encoding 0, and so has every node of a graph without edges. (GraphGPS returns an
    integer array for a graph without edges.) Probabilities never leave a component.

    Attributes:
      walk_length: K, the number of columns.
    """

    walk_length: int = 20
    name: str = "rwse"
    level: Literal["node"] = dataclasses.field(default="node", init=False)
    symmetry: Literal["exact"] = dataclasses.field(default="exact", init=False)
    version: int = dataclasses.field(default=1, init=False)

    def __post_init__(self):
        if self.walk_length < 1:
            raise ValueError(f"walk_length must be at least 1, got {self.walk_length}")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(self.walk_length)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        out_degree = adjacency.sum(axis=1, keepdims=True)
        step = adjacency / xp.where(out_degree > 0, out_degree, 1)  # [receiver, sender]
        # diag(T^(a + b))_i = sum_j (T^a)_ij (T^b)_ji costs n^2 where the product costs n^3:
        # with powers 1 to m, and m, 2m, ..., 6 products give the diagonals of 20 powers.
        stride = max(1, int(np.ceil(np.sqrt(self.walk_length))))
        powers = [step]
        while len(powers) < min(stride, self.walk_length):
            powers.append(powers[-1] @ step)
        diagonals = [xp.einsum("gii->gi", power) for power in powers]
        giant = powers[-1]
        while len(diagonals) < self.walk_length:
            for power in powers[: self.walk_length - len(diagonals)]:
                diagonals.append(xp.einsum("gij,gji->gi", giant, power))
            if len(diagonals) < self.walk_length:
                giant = giant @ powers[-1]
        return {("node", self.name): xp.stack(diagonals, axis=-1)}
