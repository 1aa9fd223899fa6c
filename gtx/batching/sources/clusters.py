"""Clusters of one large graph, several in a batch (Chiang et al. 2019, Cluster-GCN)."""

import collections
import dataclasses
import functools
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.batching.budget import BudgetError
from gtx.batching.sources.sampled import NUM_TRIALS, Part, Sampled, with_slack
from gtx.data.columns import block_rows, offsets
from gtx.limits import Count, Seed

Partition = Literal["random", "cuthill_mckee"]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Clusters(Sampled):
    """The nodes of `size` random clusters of a partition, and all edges between them.

    Chiang et al. (2019), algorithm 1 with the stochastic multiple partitions of section 3.2: the
    edges between the clusters of a step are kept. Every cluster is in one step of an epoch, and
    the targets are those of the dataset in it. The paper partitions with METIS, which is not used
    here. As in the paper, degrees are those within the batch.

    The room is that of the `size` largest clusters for nodes. For edges it is 5 % and 64 more than
    in the largest of `NUM_TRIALS` random steps, and at least that of any one cluster. A cluster
    whose edges do not fit a step waits for a later one. The number of steps can therefore differ
    between epochs.

    Attributes:
      num_clusters: number of clusters, of equal size up to one node.
      partition: "random" deals nodes at random. "cuthill_mckee" cuts the order of Cuthill and McKee
        (scipy) into pieces, which keeps neighbours together where a graph has a geometry.
      partition_seed: of the random partition.
    """

    num_clusters: Count
    partition: Partition = "random"
    partition_seed: Seed = 0

    unit: ClassVar[str] = "cluster"

    def __post_init__(self) -> None:
        if not self.size <= self.num_clusters <= int(self.dataset.node_ptr[-1]):
            raise BudgetError(
                f"num_clusters {self.num_clusters} must be at least size {self.size}, and at most "
                f"the {int(self.dataset.node_ptr[-1])} nodes."
            )
        super().__post_init__()
        largest = int(self._between.diagonal().max(initial=0))
        if self.room[1] < largest:
            raise BudgetError(
                f"num_edges {self.num_edges} has no room for the {largest} edges within one of "
                "the clusters. Give that many, or more clusters."
            )

    @functools.cached_property
    def clusters(self) -> np.ndarray:
        """The cluster of each node, int32 [nodes]."""
        count = int(self.dataset.node_ptr[-1])
        if self.partition == "random":
            order = np.random.default_rng(self.partition_seed).permutation(count)
        else:
            from scipy.sparse import csr_array
            from scipy.sparse.csgraph import reverse_cuthill_mckee

            ends = (self.dataset.receivers, self.dataset.senders)
            matrix = csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(count, count))
            order = reverse_cuthill_mckee(matrix.tocsr())
        clusters = np.empty(count, np.int32)
        clusters[order] = np.arange(count) * self.num_clusters // count
        return clusters

    @functools.cached_property
    def _members(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes sorted by cluster, and the first of each cluster."""
        counts = np.bincount(self.clusters, minlength=self.num_clusters)
        return np.argsort(self.clusters, kind="stable"), offsets(counts)

    @functools.cached_property
    def _between(self) -> Any:
        """Edges between each two clusters in either direction; within one on the diagonal."""
        from scipy.sparse import csr_array

        ends = (self.clusters[self.dataset.receivers], self.clusters[self.dataset.senders])
        shape = (self.num_clusters, self.num_clusters)
        one_way = csr_array((np.ones(len(ends[0]), np.int64), ends), shape=shape)
        both = (one_way + one_way.T).tocsr()
        both.setdiag(one_way.diagonal())
        return both

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        rng = np.random.default_rng([seed, epoch])
        return self._rows(rng.permutation(self.num_clusters), self.room[1])

    def fixed_plan(self) -> np.ndarray:
        return self._rows(np.arange(self.num_clusters), self.room[1])

    def _rows(self, order: np.ndarray, room: int) -> np.ndarray:
        """Steps of clusters in this order; one whose edges do not fit waits."""
        queue, groups = collections.deque(order.tolist()), []
        between = self._between
        near = np.zeros(self.num_clusters, np.int64)
        while queue:
            group: list[int] = []
            waiting: list[int] = []
            edges = 0
            while queue and len(group) < self.size_per_shard and len(waiting) < self.size:
                one = queue.popleft()
                found = slice(between.indptr[one], between.indptr[one + 1])
                near[between.indices[found]] = between.data[found]
                more = int(near[one] + near[group].sum())
                near[between.indices[found]] = 0
                if edges + more <= room:
                    group.append(one)
                    edges += more
                else:
                    waiting.append(one)
            queue.extendleft(reversed(waiting))
            groups.append(group + [-1] * (self.size_per_shard - len(group)))
        empty = [-1] * self.size_per_shard
        groups += [empty] * (-len(groups) % self.num_shards)
        rows = np.array(groups, np.int32)
        return rows.reshape(-1, self.num_shards, self.size_per_shard)

    def part(self, row: np.ndarray) -> Part:
        order, first = self._members
        rows, _ = block_rows(first, row[row >= 0])
        nodes = np.sort(order[rows])
        places = self._places
        places[nodes] = np.arange(len(nodes))
        edges, pointer = block_rows(self.pointer, nodes)
        senders = places[self.dataset.senders[edges]]
        receivers = np.repeat(np.arange(len(nodes)), np.diff(pointer))
        kept = senders >= 0
        places[nodes] = -1
        return Part(nodes, edges[kept], senders[kept], receivers[kept], self._is_target[nodes])

    @functools.cached_property
    def _places(self) -> np.ndarray:
        """The place of each node of the graph in the part that is made; -1 between parts."""
        return np.full(int(self.dataset.node_ptr[-1]), -1, np.int32)

    @functools.cached_property
    def _is_target(self) -> np.ndarray:
        found = np.zeros(int(self.dataset.node_ptr[-1]), bool)
        found[self.dataset.targets.index] = True
        return found

    def fitted(self) -> tuple[int, int]:
        rng = np.random.default_rng(0)
        size = self.size_per_shard
        nodes = int(np.sort(np.diff(self._members[1]))[-size:].sum())
        alone = int(self._between.diagonal().max(initial=0))
        trials = [
            len(self.part(rng.choice(self.num_clusters, size, replace=False)).edges)
            for _ in range(NUM_TRIALS)
        ]
        edges = max(alone, with_slack(max(trials)))
        return nodes + 1, max(min(edges, len(self.dataset.senders)), 1)

    def identity(self) -> dict[str, Any]:
        return dict(
            size=self.size,
            num_clusters=self.num_clusters,
            partition=self.partition,
            partition_seed=self.partition_seed,
            num_shards=self.num_shards,
            num_edges=self.num_edges,  # a cluster that does not fit waits
            evaluation=self.evaluation,
        )
