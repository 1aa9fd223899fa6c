"""Personalised PageRank: the probabilities that a walk from one node stops at another."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.base import Key


@dataclasses.dataclass(frozen=True)
class PageRank:
    """The probability that a walk stops at its start, and the PageRank, for each alpha.

    With P = alpha (I - (1 - alpha) T)^-1 (see `PersonalizedPageRank`), the first is the diagonal,
    P_ii, and the second the sum over all starts, sum_s P_is. The sum is n times the PageRank of
    Page et al. (1999) with a uniform restart, so that its mean is 1 for any number of nodes. The
    columns hold first P_ii for every alpha, then the sums.

    Column: node "<name>" [nodes, 2 * alphas].

    Attributes:
      alphas: probabilities to stop (1 minus the damping factor), each between 0 and 1.
    """

    alphas: tuple[float, ...] = (0.15,)
    name: str = "pagerank"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        _check(self.alphas)

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(2 * len(self.alphas))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        returns, ranks = [], []
        for alpha in self.alphas:
            stops = _stops(adjacency, alpha, xp)
            # "+ 0" copies: in numpy the diagonal is a view that would keep the whole array alive.
            returns.append(xp.einsum("gii->gi", stops) + 0)
            ranks.append(stops.sum(axis=2))
        return {("node", self.name): xp.stack(returns + ranks, axis=-1)}


@dataclasses.dataclass(frozen=True)
class PersonalizedPageRank:
    """P = alpha (I - (1 - alpha) T)^-1: the probability that a walk from s stops at i is P_is.

    A walk stops with probability alpha before each step.

    Page et al. (1999); Geisler et al. (2023) use its transpose as an encoding of pairs. T is the
    step of `RandomWalk`: from the sender of an edge to its receiver, each of the sender's edges
    with equal probability. Duplicates count, and a self-loop is a step that stays. A walk stops at
    a node without outgoing edges. An isolated node therefore has P_ii = 1, and every column of P
    is a distribution. (networkx restarts such walks. PyTorch Geometric's GDC adds self-loops and
    normalises symmetrically by default.) Walks never leave a component. Because 1 - alpha < 1, the
    matrix is invertible on every graph, and the gradient with respect to edge weights is finite.
    There is no gradient at the point where a node gets its first outgoing edge, because P jumps
    there.

    Column: pair "<name>" [nodes, nodes, alphas].

    Attributes:
      alphas: probabilities to stop (1 minus the damping factor), each between 0 and 1.
    """

    alphas: tuple[float, ...] = (0.15,)
    name: str = "ppr"
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        _check(self.alphas)

    def columns(self) -> dict[Key, Column]:
        return {("pair", self.name): Continuous(len(self.alphas))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        stops = [_stops(adjacency, alpha, xp) for alpha in self.alphas]
        return {("pair", self.name): xp.stack(stops, axis=-1)}


def _check(alphas: Any) -> None:
    if not isinstance(alphas, tuple):
        raise ValueError(f"alphas must be a tuple such as (0.15,), got {alphas!r}.")
    if not alphas or not all(0 < alpha < 1 for alpha in alphas):
        raise ValueError(f"alphas must be one or more numbers between 0 and 1, got {alphas!r}.")


def _stops(adjacency: Any, alpha: float, xp: Any) -> Any:
    """P [graphs, receivers, senders]."""
    identity = np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
    out_degree = adjacency.sum(axis=1, keepdims=True)
    step = adjacency / xp.where(out_degree > 0, out_degree, 1)
    # A node without outgoing edges keeps the walk: to stay for ever is to stop there.
    step = xp.where(out_degree > 0, step, identity)
    return alpha * xp.linalg.inv(identity - (1 - alpha) * step)
