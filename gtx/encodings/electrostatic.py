"""Potentials of unit charges at the nodes (ElstaticSE)."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.pseudoinverse import check_conductances, pseudoinverse, undirected
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class Electrostatic:
    """Statistics of E_ij = G_ij - G_jj with G = L^+, the pseudo-inverse of L = D - A.

    E_ij is the potential at i that a unit charge at j makes, relative to that at j itself.

    ElstaticSE in GraphGPS (Rampasek et al., 2022); Kreuzer et al. (2021) see G as the electric
    interaction of nodes. Of column E_.i, the potential that the node's charge makes at all
    nodes: minimum, mean, standard deviation (by n - 1). Of row E_i., the potential at the node
    of all charges: the same three. Then over neighbours j of the node i with the weights of a
    random walk's step, sum_j A_ij / d_j E_ji and sum_j A_ij / d_i E_ij, the latter a mean.

    GraphGPS (`get_electrostatic_function_encoding`) differs in four ways:
      - it inverts in float32 and takes singular values above 1e-15 of the largest for nonzero,
        so that the eigenvalue 0 of every Laplacian is inverted as rounding left it: for a path
        of four nodes it finds 1.1e7 in G where 0.875 is right;
      - one isolated node makes both sums over neighbours NaN at all nodes (a division by its
        degree), a graph of one node the standard deviations too; here both are 0;
      - statistics run over the nodes of all components, here over the node's own: a charge
        has no potential elsewhere, and an encoding does not depend on other components;
      - its two maxima, the second a copy of the first, are left out: E_ij <= 0 = E_jj, so
        they are 0 on every graph.

    Edges become undirected (between two nodes as many as the more frequent direction has),
    self-loops do nothing, duplicates and weights count as conductance. The gradient with
    respect to weights is finite; it holds components fixed, as adding the first edge between
    two is a jump.

    Column: node "<name>" [nodes, 8].

    Raises (on the host):
      EncodingError: an edge has a negative weight.
    """

    name: str = "electrostatic"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(8)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        check_conductances(self.name, adjacency, xp)
        inverse, together = pseudoinverse(adjacency, xp)
        adjacency = undirected(adjacency, xp)
        potential = inverse - xp.einsum("gii->gi", inverse)[:, None, :]
        potential = xp.where(together, potential, 0)
        degree = adjacency.sum(axis=-1)
        step = adjacency / xp.where(degree > 0, degree, 1)[:, :, None]
        columns = []
        for axis in (1, 2):  # of the node's charge, at the node
            count = together.sum(axis=axis).astype(adjacency.dtype)
            mean = potential.sum(axis=axis) / xp.maximum(count, 1)
            offset = xp.where(together, potential - xp.expand_dims(mean, axis), 0)
            variance = (offset**2).sum(axis=axis) / xp.maximum(count - 1, 1)
            # At a lone node the variance is 0, where the root has no derivative.
            deviation = xp.where(count > 1, xp.sqrt(xp.where(count > 1, variance, 1)), 0)
            columns += [potential.min(axis=axis, initial=0), mean, deviation]
        columns += [(step * potential).sum(axis=axis) for axis in (1, 2)]
        return {("node", self.name): xp.stack(columns, axis=-1)}
