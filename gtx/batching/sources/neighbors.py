"""Random neighbourhoods of seed nodes in one large graph (Hamilton et al. 2017, GraphSAGE)."""

import dataclasses
import functools
import warnings
from typing import Any, ClassVar

import numpy as np

from gtx.batching.budget import BudgetError
from gtx.batching.sources.sampled import NUM_TRIALS, Part, Sampled, with_slack
from gtx.limits import Width


class SampleWarning(UserWarning):
    """A sample did not fit the room of a batch and was drawn with fewer neighbours."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Neighbors(Sampled):
    """Seed nodes with random neighbours, the neighbours' neighbours, and so on.

    The targets are the seeds: each is in one step of an epoch. Hop after hop, every node that the
    hop before has reached first gets up to `fanouts[hop]` of its incoming edges, drawn uniformly
    without replacement, and all of them if it has no more. A node is in a batch once, with one
    sample of edges, as in PyG's `NeighborLoader` (where the paper draws with replacement, and
    algorithm 2 draws for each layer anew). With at least as many hops as the model has layers, and
    fan-outs of at least the largest degree, outputs of seeds equal those of the whole graph, for
    layers that read no more of a node than its edges and its features. GCN's degrees are those
    within the sample, and a norm or attention over all nodes is one over the sample.

    The room is fitted to `NUM_TRIALS` random samples, with 5 % more and 64. It never exceeds what
    the fan-outs can reach. A hop that does not fit is drawn again with a fan-out of one less, until
    it fits. A `SampleWarning` says so the first time, and `num_reduced` counts. Seeds always fit.

    Attributes:
      fanouts: the largest number of edges of a node, for each hop from the seeds.
    """

    fanouts: tuple[Width, ...]

    unit: ClassVar[str] = "node"

    def __post_init__(self) -> None:
        if len(self.fanouts) == 0:
            raise BudgetError("fanouts must hold a number for each hop, as (15, 10), and has none.")
        super().__post_init__()
        seeds = min(self.size_per_shard, int(self.dataset.node_ptr[-1]))
        if self.room[0] < seeds:
            raise BudgetError(
                f"num_nodes {self.num_nodes} has no room for {seeds} seeds and a node of padding."
            )

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        """Seeds of each step. The last place of a row is -2 minus the number of its draw."""
        rng = np.random.default_rng([seed, epoch])
        return self._rows(rng.permutation(self.dataset.targets.index), rng)

    def fixed_plan(self) -> np.ndarray:
        return self._rows(self.dataset.targets.index, np.random.default_rng(0))

    def _rows(self, seeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        filling = np.full(-len(seeds) % self.size, -1)
        rows = np.concatenate([seeds, filling]).reshape(-1, self.num_shards, self.size_per_shard)
        # The draw is part of the plan, so that a run that goes on draws the same neighbours.
        draws = rng.integers(0, 2**31 - 2, (len(rows), self.num_shards, 1))
        return np.concatenate([rows, -2 - draws], axis=2).astype(np.int32)

    def part(self, row: np.ndarray) -> Part:
        seeds = row[:-1][row[:-1] >= 0].astype(np.int64)
        rng = np.random.default_rng(int(-2 - row[-1]) if row[-1] < -1 else 0)
        part, reduced = self._drawn(seeds, rng, self.room)
        if reduced:
            if not self._reduced:
                warnings.warn(
                    f"a sample of {len(seeds)} seeds with the fan-outs {self.fanouts} does not fit "
                    f"the room for {self.room[0]} nodes and {self.room[1]} edges, and was drawn "
                    "with fewer neighbours. Give more num_nodes and num_edges to avoid this.",
                    SampleWarning,
                    stacklevel=2,
                )
            self._reduced.append(1)
        return part

    @property
    def num_reduced(self) -> int:
        """Samples so far that were drawn with fewer neighbours, because they did not fit."""
        return len(self._reduced)

    @functools.cached_property
    def _reduced(self) -> list[int]:
        return []

    @functools.cached_property
    def _places(self) -> np.ndarray:
        """The place of each node of the graph in the sample that is drawn; -1 between samples."""
        return np.full(int(self.dataset.node_ptr[-1]), -1, np.int32)

    def _drawn(
        self, seeds: np.ndarray, rng: np.random.Generator, room: tuple[int, int]
    ) -> tuple[Part, bool]:
        """The sample of some seeds, and whether a fan-out was reduced to make it fit."""
        places = self._places
        parts, count, num_edges, reduced = [seeds], len(seeds), 0, False
        edges, receivers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        places[seeds] = np.arange(count)
        for fanout in self.fanouts:
            frontier, first = parts[-1], count - len(parts[-1])
            for limit in range(fanout, -1, -1):
                chosen, counts = choose(self.pointer, frontier, limit, rng)
                found = self.dataset.senders[chosen]
                new = found[places[found] < 0]
                # Of equal numbers the last is stored, and only this one is kept.
                places[new] = np.arange(len(new))
                kept = new[places[new] == np.arange(len(new))]
                places[new] = -1
                if count + len(kept) <= room[0] and num_edges + len(chosen) <= room[1]:
                    reduced = reduced or limit < fanout
                    break
            places[kept] = count + np.arange(len(kept))
            receivers.append(np.repeat(np.arange(first, count), counts))
            edges.append(chosen)
            parts.append(kept.astype(np.int64))
            count += len(kept)
            num_edges += len(chosen)
        nodes, drawn = np.concatenate(parts), np.concatenate(edges)
        senders = places[self.dataset.senders[drawn]]
        places[nodes] = -1
        targets = np.arange(count) < len(seeds)
        return Part(nodes, drawn, senders, np.concatenate(receivers), targets), reduced

    def fitted(self) -> tuple[int, int]:
        rng = np.random.default_rng(0)
        most, reach = self._bounds()
        # Other parts of the data, which are scored, have other seeds: half of the trials take any.
        seeds = (self.dataset.targets.index, np.arange(int(self.dataset.node_ptr[-1])))
        nodes = edges = 0
        for trial in range(NUM_TRIALS):
            some = seeds[trial % 2]
            some = rng.choice(some, min(self.size_per_shard, len(some)), replace=False)
            part, _ = self._drawn(some, rng, (most, reach))
            nodes, edges = max(nodes, len(part.nodes)), max(edges, len(part.edges))
        return min(with_slack(nodes), most) + 1, min(with_slack(edges), reach)

    def _bounds(self) -> tuple[int, int]:
        """Numbers of nodes and edges that no sample exceeds."""
        total, edges = int(self.dataset.node_ptr[-1]), 0
        degrees = np.sort(np.diff(self.pointer))[::-1]
        nodes = frontier = min(self.size_per_shard, total)
        for fanout in self.fanouts:
            # Those with the largest samples, if the hop reached as many nodes as it could.
            found = int(np.minimum(degrees[:frontier], fanout).sum())
            edges += found
            frontier = min(found, total - nodes)
            nodes += frontier
        return max(nodes, 1), max(min(edges, len(self.dataset.senders)), 1)

    def identity(self) -> dict[str, Any]:
        return dict(
            size=self.size,
            fanouts=list(self.fanouts),
            num_shards=self.num_shards,
            # A sample that does not fit is drawn again.
            num_nodes=self.num_nodes,
            num_edges=self.num_edges,
            evaluation=self.evaluation,
        )


def choose(
    pointer: np.ndarray, nodes: np.ndarray, fanout: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Up to `fanout` of the edges of each node, uniformly and without replacement.

    Args:
      pointer: int64 [all nodes + 1], the first edge of each node.
      nodes: the nodes, in the order of the result.
      fanout: the largest number of edges of a node.
      rng: is drawn from for the nodes that have more edges.

    Returns:
      Numbers of edges, node by node, and how many each node has.
    """
    degree = pointer[nodes + 1] - pointer[nodes]
    counts = np.minimum(degree, fanout)
    start = np.cumsum(counts) - counts
    chosen = np.repeat(pointer[nodes] - start, counts) + np.arange(counts.sum())
    many = np.flatnonzero(degree > fanout)
    if len(many) and fanout:
        # Floyd's algorithm, for all nodes at once: entry j is a number below degree - fanout + j
        # + 1, or the largest of these if the number is there already.
        picks = np.empty((len(many), fanout), np.int64)
        for j in range(fanout):
            last = degree[many] - fanout + j
            pick = (rng.random(len(many)) * (last + 1)).astype(np.int64)
            repeated = (picks[:, :j] == pick[:, None]).any(axis=1)
            picks[:, j] = np.where(repeated, last, pick)
        chosen[start[many][:, None] + np.arange(fanout)] = pointer[nodes[many]][:, None] + picks
    return chosen, counts
