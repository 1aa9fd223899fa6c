"""How many small subgraphs of each kind a node is in."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import jax
import numpy as np

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.pseudoinverse import undirected
from gtx.encodings.base import Key

Pattern = Literal["cycle_3", "cycle_4", "cycle_5", "cycle_6", "clique_4"]


def _cycle(length: int) -> tuple[tuple[int, int], ...]:
    return tuple((place, (place + 1) % length) for place in range(length))


# The edges of each pattern. Every one has symmetries that take any node to any other.
PATTERNS: dict[str, tuple[tuple[int, int], ...]] = {
    **{f"cycle_{length}": _cycle(length) for length in (3, 4, 5, 6)},
    "clique_4": tuple(itertools.combinations(range(4), 2)),
}


@dataclasses.dataclass(frozen=True)
class SubstructureCounts:
    """The number of cycles of each length, or of cliques of 4, that a node is in.

    The counts at nodes of Bouritsas et al. (2020), GSN, section 3, "subgraph matching" and not
    "induced": the cycle of a graph may have chords. Message passing cannot count cycles, and
    chemistry asks for rings: of 5 and 6 above all.

    Counts are exact, as sums over all maps of the pattern into the graph (Lovász, 1967). Of the
    maps that take different nodes to different nodes there are sum_P mu(P) hom(pattern / P) over
    the partitions P of the pattern's nodes, mu(P) = prod_blocks (-1)^(b - 1) (b - 1)!, and each
    hom is a product of matrices. Only whether there is an edge counts, in either direction; there
    is no gradient. Self-loops are removed.

    Column: node "<name>" [nodes, patterns].

    Attributes:
      patterns: of "cycle_3" to "cycle_6", and "clique_4", which costs n^4.
      transform: "none", or "log" for log(1 + count). Dense graphs have very many.
    """

    patterns: tuple[Pattern, ...] = ("cycle_3", "cycle_4", "cycle_5", "cycle_6")
    transform: Literal["none", "log"] = "none"
    name: str = "substructures"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not isinstance(self.patterns, tuple):
            raise ValueError(
                f"patterns must be a tuple such as ('cycle_6',), got {self.patterns!r}."
            )
        if not self.patterns or not set(self.patterns) <= set(PATTERNS):
            raise ValueError(f"patterns must be some of {tuple(PATTERNS)}, got {self.patterns!r}.")
        if self.transform not in ("none", "log"):
            raise ValueError(f"transform must be 'none' or 'log', got {self.transform!r}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(len(self.patterns))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        linked = (undirected(adjacency, xp) > 0).astype(adjacency.dtype)
        counts = xp.stack([_count(name, linked, xp) for name in self.patterns], axis=-1)
        return {("node", self.name): xp.log1p(counts) if self.transform == "log" else counts}


def _count(pattern: str, linked: Any, xp: Any) -> Any:
    """[graphs, n]."""
    options: dict[str, Any] = {} if xp is np else dict(precision=jax.lax.Precision.HIGHEST)
    total = 0
    for weight, equation in _terms(pattern):
        matrices = [linked] * (equation.count(",") + 1)
        total = total + weight * xp.einsum(equation, *matrices, optimize="greedy", **options)
    return xp.rint(total / _stabilizer(pattern))


@functools.cache
def _terms(pattern: str) -> list[tuple[int, str]]:
    """The Möbius numbers of the partitions, and the maps of their quotients as sums of products.

    The node of the result is that to which the pattern's node 0 goes. A quotient in which an
    edge becomes a loop has no maps.
    """
    edges = PATTERNS[pattern]
    found: dict[str, int] = {}
    for blocks in _partitions(1 + max(max(edge) for edge in edges)):
        ends = [(blocks[one], blocks[two]) for one, two in edges]
        quotient = {(min(pair), max(pair)) for pair in ends}
        if any(one == two for one, two in quotient):
            continue
        weight = 1
        for block in set(blocks):
            for factor in range(1, blocks.count(block)):
                weight *= -factor
        equation = min(_equations(quotient, 1 + max(blocks)))  # one for all that are alike
        found[equation] = found.get(equation, 0) + weight
    return [(weight, equation) for equation, weight in found.items()]


def _equations(edges: set[tuple[int, int]], size: int) -> Iterator[str]:
    """The sum of products over the edges, with all names for the nodes; "a" is node 0."""
    for names in itertools.permutations("bcdefh"[: size - 1]):
        letters = ("a", *names)
        terms = sorted("".join(sorted(letters[node] for node in edge)) for edge in edges)
        yield ",".join(f"g{term}" for term in terms) + "->ga"


def _partitions(size: int) -> Iterator[tuple[int, ...]]:
    """All ways to put nodes into blocks: the number of its block for each node, from 0 on."""
    if size == 0:
        yield ()
        return
    for blocks in _partitions(size - 1):
        for block in range(max(blocks, default=-1) + 2):
            yield (*blocks, block)


@functools.cache
def _stabilizer(pattern: str) -> int:
    """How many symmetries of the pattern leave its node 0 where it is."""
    edges = {frozenset(edge) for edge in PATTERNS[pattern]}
    size = 1 + max(max(edge) for edge in edges)
    others = ((0, *places) for places in itertools.permutations(range(1, size)))
    return sum(
        {frozenset(places[node] for node in edge) for edge in edges} == edges for places in others
    )
