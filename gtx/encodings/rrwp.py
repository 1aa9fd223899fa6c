"""Relative random walk probabilities (RRWP)."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.products import matmul
from gtx.encodings.base import Key

# Sparse products are faster than dense ones in graphs with more nodes and a smaller share of edges
# among the pairs.
_DENSE_NODES, _SPARSE_SHARE = 64, 1 / 8


@dataclasses.dataclass(frozen=True)
class RRWP:
    """P_ij = [I, M, M^2, ..., M^(K-1)]_ij with M = D^-1 A: Ma et al. (2023), GRIT, equation 1.

    P_ij[k] is the probability that a walk of k steps from the receiver i ends at the sender j. If
    every node has an outgoing edge, each row sums to 1. A step follows an edge from its sender to
    its receiver, as in `RandomWalk`, with a probability proportional to the weight of the edge. A
    duplicate edge therefore counts twice, and a self-loop is a step. A walk ends at a node without
    outgoing edges, so that an isolated node has only zeros beyond k = 0. The first k with
    P_ij[k] > 0 is the distance from i to j of `ShortestPathDistance`. The encoding is
    differentiable in the weights. Where the weight of a node's last outgoing edge becomes 0, the
    values jump, but the gradient is finite.

    GRIT gives P_ii to the nodes and P_ij to the pairs, and so do the two columns here. (Its code
    first exchanged i and j of the pairs and changed this after publication; the values here are
    the later ones. With a walk length of 1 its code makes two columns.)

    `apply` multiplies in float32, as GRIT does. No term is negative, so that the relative error of
    a probability grows by about one rounding per step: to about 1e-6 after 20 steps.

    Columns: pair "<name>" [pairs, K]; node "<name>" [nodes, K], the diagonal.

    Attributes:
      walk_length: K; GRIT's `ksteps`, which counts the identity.
      diagonal: whether to make the node column too.
      identity: whether the columns begin with I; else they hold [M, ..., M^K]. At the ends of an
        edge that is no self-loop, I is 0.
      reverse: whether the pair column holds P_ji at (i, j), the walk from the sender to the
        receiver, as at the edges of GNN+ (Luo et al., 2025).
    """

    walk_length: int = 21
    diagonal: bool = True
    identity: bool = True
    reverse: bool = False
    name: str = "rrwp"
    # The default encoder of its columns in a model.
    encoder: ClassVar[dict[str, Any]] = {"name": "linear"}
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 2

    def __post_init__(self):
        if self.walk_length < 1:
            raise ValueError(f"walk_length must be at least 1, got {self.walk_length}.")

    def columns(self) -> dict[Key, Column]:
        columns: dict[Key, Column] = {("pair", self.name): Continuous(self.walk_length)}
        if self.diagonal:
            columns["node", self.name] = Continuous(self.walk_length)
        return columns

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        return self._columns(_step(adjacency, xp), xp)

    def rounded(self, adjacency: np.ndarray) -> dict[Key, np.ndarray]:
        return self._columns(_step(adjacency, np).astype(np.float32), np)

    def _columns(self, step: Any, xp: Any) -> dict[Key, Any]:
        length = self.walk_length + (not self.identity)
        if xp is np:
            powers: Any = _powers(step, length)[:, :, length - self.walk_length :]
        else:
            identity = xp.broadcast_to(np.eye(step.shape[-1], dtype=step.dtype), step.shape)
            stack = [identity, step][:length]
            while len(stack) < length:
                stack.append(matmul(stack[-1], step, xp))
            powers = xp.stack(stack[length - self.walk_length :], axis=2)
        # On the host this is a view. Writing it to the column makes it contiguous.
        pairs = xp.swapaxes(powers, 2, 3)
        if self.reverse:
            pairs = xp.swapaxes(pairs, 1, 2)
        columns: dict[Key, Any] = {("pair", self.name): pairs}
        if self.diagonal:
            columns["node", self.name] = xp.einsum("giki->gik", powers)
        return columns


def _step(adjacency: Any, xp: Any) -> Any:
    """Probabilities [graphs, from, to]."""
    out_degree = adjacency.sum(axis=1)[:, :, None]
    return xp.swapaxes(adjacency, 1, 2) / xp.where(out_degree > 0, out_degree, 1)


def _powers(step: np.ndarray, count: int) -> np.ndarray:
    """step^0 to step^(count - 1), [graphs, n, count, n].

    The axis of powers lies between row and column, so that several powers of one graph form one
    wide matrix and one matrix product makes several powers.
    """
    graphs, n, _ = step.shape
    powers = np.empty((graphs, n, count, n), step.dtype)
    powers[:, :, 0] = np.eye(n)
    powers[:, :, 1:2] = step[:, :, None]
    if n > _DENSE_NODES and np.count_nonzero(step) < _SPARSE_SHARE * step.size:
        _fill_sparse(powers, step)
        return powers
    beside = powers.reshape(graphs, n, count * n)
    last = 1
    while last < count - 1:  # step^last times step^1, ..., step^more gives the next `more` powers
        more = min(last, count - 1 - last)
        known, fresh = beside[:, :, n : (1 + more) * n], beside[:, :, (1 + last) * n :]
        np.matmul(powers[:, :, last], known, out=fresh[:, :, : more * n])
        last += more
    return powers


def _fill_sparse(powers: np.ndarray, step: np.ndarray) -> None:
    graphs, n, _ = step.shape
    entry = np.flatnonzero(step != 0)  # faster than flatnonzero of the floats themselves
    rows = graphs * n  # all graphs form one block-diagonal matrix
    row = entry // n
    start = np.searchsorted(row, np.arange(rows + 1))
    column = entry - row * n + row // n * n
    entries = (step.reshape(-1)[entry], column, start)
    blocks = scipy.sparse.csr_array(entries, shape=(rows, rows))
    power = np.ascontiguousarray(step).reshape(rows, n)
    for k in range(2, powers.shape[2]):
        power = blocks @ power
        powers[:, :, k] = power.reshape(step.shape)
