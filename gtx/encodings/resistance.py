"""Resistance distances: a graph as a network of resistors."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.pseudoinverse import check_conductances, pseudoinverse
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class ResistanceDistance:
    """R_ij = L+_ii + L+_jj - L+_ij - L+_ji, with L+ the pseudoinverse of the Laplacian D - A.

    Klein and Randic (1993). R_ij is the voltage between i and j when a current of 1 flows from one
    to the other. The weights of edges are their conductances. R_ij times the sum of the
    component's degrees is the commute time of a random walk. The column holds two numbers: R_ij,
    and 1 if i and j are in the same component. Between components no current flows, and both are 0.
    (Exphormer approximates R to 10 % by default; this is exact.)

    Edges become undirected (two nodes get the conductance of the stronger direction), self-loops
    carry no current, duplicates add up. R depends smoothly on the weights. Its gradient takes the
    components as fixed, because R jumps when a first edge joins two components.

    Column: pair "<name>" [pairs, 2].

    Raises (on the host):
      EncodingError: an edge has a negative weight.
    """

    name: str = "resistance"
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def columns(self) -> dict[Key, Column]:
        return {("pair", self.name): Continuous(2)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        check_conductances(self.name, adjacency, xp)
        inverse, together = pseudoinverse(adjacency, xp)
        diagonal = xp.einsum("gii->gi", inverse)
        resistance = diagonal[:, :, None] + diagonal[:, None, :]
        # The sum of L+_ij and L+_ji is made first and then subtracted. Both orders of a pair are
        # then rounded in the same way, and the diagonal is exactly 0.
        resistance = xp.where(together, resistance - (inverse + xp.swapaxes(inverse, 1, 2)), 0)
        return {
            ("pair", self.name): xp.stack([resistance, together.astype(inverse.dtype)], axis=-1)
        }
