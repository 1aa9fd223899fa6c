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

    E_ij is the potential at i of a unit charge at j, relative to the potential at j itself. It is
    called ElstaticSE in GraphGPS (Rampasek et al., 2022). Kreuzer et al. (2021) interpret G as the
    electric interaction of nodes.

    The eight numbers of a node i are:
      - of column E_.i (the potential of the node's charge at all nodes): minimum, mean and standard
        deviation (divided by n - 1);
      - of row E_i. (the potential of all charges at the node): the same three;
      - sums over neighbours j with the weights of a random walk's step: sum_j A_ij / d_j E_ji, and
        sum_j A_ij / d_i E_ij, which is a mean.

    GraphGPS (`get_electrostatic_function_encoding`) differs in four ways:
      - It inverts in float32 and treats singular values above 1e-15 of the largest as nonzero. The
        eigenvalue 0 of every Laplacian, which is not exactly 0 after rounding, is then inverted
        too: for a path of four nodes G has 1.1e7 where 0.875 is right.
      - One isolated node makes both sums over neighbours NaN at all nodes (a division by its
        degree). In a graph of one node the standard deviations are NaN too. Here both are 0.
      - Its statistics run over the nodes of all components, here over the node's own component. A
        charge has no potential in other components, and an encoding must not depend on them.
      - It has two maxima, the second a copy of the first. They are left out here, because
        E_ij <= 0 = E_jj makes them 0 on every graph.

    Edges become undirected (two nodes get as many edges as the more frequent direction has),
    self-loops have no effect, duplicates and weights count as conductance. The gradient with
    respect to weights is finite. It takes the components as fixed, because the values jump when a
    first edge joins two components.

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
            # In a component of one node the variance is 0, where the root has no derivative.
            deviation = xp.where(count > 1, xp.sqrt(xp.where(count > 1, variance, 1)), 0)
            columns += [potential.min(axis=axis, initial=0), mean, deviation]
        columns += [(step * potential).sum(axis=axis) for axis in (1, 2)]
        return {("node", self.name): xp.stack(columns, axis=-1)}
