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

    Klein and Randic (1993). The voltage between i and j when a current of 1 flows from one to
    the other through edges whose conductances are their weights; R_ij times the sum of the
    component's degrees is the commute time of a random walk. Two columns: R_ij, and 1 if i and
    j are in one component. Between components, where no current flows, both are 0. (Exphormer
    approximates R to 10 % by default; this is exact.)

    Answers in all cases: edges become undirected (between two nodes the conductance of the
    stronger direction), self-loops carry no current, duplicates add up. R depends smoothly on
    the weights; its gradient takes the components as given, as the weight of an edge that
    would join two of them has none.

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
        # The sum of both orders is subtracted as a whole. So the two orders of a pair are rounded
        # alike, and the diagonal is 0.
        resistance = xp.where(together, resistance - (inverse + xp.swapaxes(inverse, 1, 2)), 0)
        return {
            ("pair", self.name): xp.stack([resistance, together.astype(inverse.dtype)], axis=-1)
        }
