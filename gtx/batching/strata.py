"""Size strata, and proven bounds on every batch that is drawn from them.

Sort the N graphs by (nodes, edges), and let B be the batch size. First, r = N mod B graphs are left
out for a last, partly empty batch: one from each of r equal segments of the sorted list. The others
are cut into B strata of S = N // B graphs. Every full batch holds one graph of each stratum.

The choice of the graph that a segment leaves out shifts later graphs in the list. The shift lies
between those of two extreme choices: always the first graph, and always the last. Stratum k
therefore always lies within fixed bounds of the sorted list (`low[k]` to `high[k]`). It follows:

* nodes: slot k needs room for the largest graph of stratum k. Strata are consecutive, so that the
  sum of these sizes exceeds the mean batch by less than the largest graph.
* edges: an exchange of two graphs of one stratum between the fullest and the emptiest batch moves
  at most R edges, where R is the largest range of edges in a stratum. With room for mean + R edges,
  exchanges therefore make every batch fit. They end, because each one lowers the overflow of one
  batch and creates none in the other.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Strata:
    """Bounds on stratified batches of one dataset.

    Attributes:
      slots: int64 [batch_size], the number of nodes that each slot must hold; increasing.
      batch_edges: number of edges per batch that exchanges between batches can always reach.
      segments: int64 [r + 1], limits of the segments that give one graph to the last batch.
      last_edges: number of edges that the last, partly empty batch can always reach; 0 if there is
        no such batch.
      n_node: int64 [graphs], nodes of the sorted graphs.
      low, high: int64 [batch_size], first and last place of each stratum in the sorted list.
      n_edge: int64 [graphs], edges of the sorted graphs.
      order: int64 [graphs], the graph in each place of the sorted list.
    """

    slots: np.ndarray
    batch_edges: int
    segments: np.ndarray
    last_edges: int
    low: np.ndarray
    high: np.ndarray
    n_node: np.ndarray
    n_edge: np.ndarray
    order: np.ndarray

    def shard_slots(self, num_shards: int) -> np.ndarray:
        """Nodes of the slots of one shard: the largest of `num_shards` neighbouring slots."""
        return self.slots[num_shards - 1 :: num_shards].copy()

    def shard_edges(self, num_shards: int) -> int:
        """Number of edges per shard that exchanges between the shards of a batch always reach.

        The slots in a group of `num_shards` neighbours have the same size, so that their graphs
        can be exchanged. The bound is again the mean + the widest range of a group, for full
        batches and for the last one.
        """
        if num_shards == 1:
            return self.batch_edges
        groups = np.arange(len(self.slots)).reshape(-1, num_shards)
        edges = -(-self.batch_edges // num_shards)
        if len(self.low):
            spans = [self.n_edge[self.low[g[0]] : self.high[g[-1]] + 1] for g in groups]
            edges += max(int(np.ptp(span)) for span in spans)
        remainder = len(self.segments) - 1
        if not remainder:
            return edges
        widest = 0
        for group in groups - (len(self.slots) - remainder):  # segments in these slots
            if group[-1] >= 0:
                start = self.segments[max(group[0], 0)]
                part = self.n_edge[start : self.segments[group[-1] + 1]]
                # An empty slot counts as 0 edges.
                widest = max(widest, part.max() - (part.min() if group[0] >= 0 else 0))
        return int(max(edges, -(-self.last_edges // num_shards) + widest))

    def shard_total(self, count: np.ndarray, num_shards: int) -> int:
        """Upper bound of the sum of `count` over the graphs of a shard, for any batch.

        It is the sum over slots of the largest count that a graph in this slot can have. Graphs are
        exchanged only within a stratum, so that the bound holds for all results of `exchange`. It
        is tight for counts that depend only on the number of nodes, as those of most edge sets that
        structures add.

        Args:
          count: int64 [graphs], in the order of the dataset.
          num_shards: number of devices that share a batch; neighbouring slots may be on any of
            them.
        """
        # Ties in the sorted list are broken at random in every epoch. Any graph of equal size can
        # therefore be in a place.
        count = _largest_of_equals(count[self.order], self.n_node, self.n_edge)
        most = np.zeros(len(self.slots), np.int64)
        if len(self.low):
            most[:] = [count[a : b + 1].max() for a, b in zip(self.low, self.high, strict=True)]
        remainder = len(self.segments) - 1
        if remainder:
            first = len(self.slots) - remainder
            parts = [int(count[a:b].max()) for a, b in _pairs(self.segments)]
            most[first:] = np.maximum(most[first:], parts)
        return int(most.reshape(-1, num_shards).max(axis=1).sum())


def _largest_of_equals(count: np.ndarray, n_node: np.ndarray, n_edge: np.ndarray) -> np.ndarray:
    """For each place of the sorted list the largest count among graphs of the same size."""
    if not len(count):
        return count
    new = np.concatenate([[True], (np.diff(n_node) != 0) | (np.diff(n_edge) != 0)])
    return np.maximum.reduceat(count, np.flatnonzero(new))[np.cumsum(new) - 1]


def size_order(n_node: np.ndarray, n_edge: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Indices that sort graphs by (nodes, edges, ties)."""
    return np.lexsort((ties, n_edge, n_node))


def stratify(n_node: np.ndarray, n_edge: np.ndarray, batch_size: int) -> Strata:
    """The strata of graphs of these sizes. `n_node`, `n_edge`: int [graphs], any order."""
    order = size_order(n_node, n_edge, np.arange(len(n_node)))
    n_node, n_edge = n_node[order], n_edge[order]
    steps, remainder = divmod(len(n_node), batch_size)
    segments = np.arange(remainder + 1) * len(n_node) // max(remainder, 1)
    slots = np.zeros(batch_size, np.int64)
    low = high = np.zeros(0, np.int64)
    batch_edges = last_edges = 0
    if steps:
        place = np.arange(len(n_node))
        low = np.delete(place, segments[1:] - 1 if remainder else [])[::steps]
        high = np.delete(place, segments[:-1] if remainder else [])[steps - 1 :: steps]
        slots = n_node[high]
        spans = [n_edge[first : last + 1] for first, last in zip(low, high, strict=True)]
        least_left_out = sum(int(n_edge[a:b].min()) for a, b in _pairs(segments))
        mean = -(-(int(n_edge.sum()) - least_left_out) // steps)
        batch_edges = min(
            mean + max(int(np.ptp(span)) for span in spans), sum(int(span.max()) for span in spans)
        )
    if remainder:
        # Graphs of segment j go to slot j + B - r. The maximum makes sure that they fit there.
        slots[batch_size - remainder :] = np.maximum(
            slots[batch_size - remainder :], n_node[segments[1:] - 1]
        )
        parts = [n_edge[first:stop] for first, stop in _pairs(segments)]
        batch_edges = max(batch_edges, sum(int(np.ceil(part.mean())) for part in parts))
        last_edges = min(batch_edges, sum(int(part.max()) for part in parts))
    return Strata(
        slots=np.maximum.accumulate(slots),
        batch_edges=batch_edges,
        segments=segments,
        last_edges=last_edges,
        low=low,
        high=high,
        n_node=n_node,
        n_edge=n_edge,
        order=order,
    )


def _pairs(limits: np.ndarray) -> zip:
    return zip(limits[:-1], limits[1:], strict=True)


def exchange(n_edge: np.ndarray, room: int) -> np.ndarray:
    """Exchange entries within columns until no row sums to more than `room`.

    Args:
      n_edge: int [bins, columns]. Bins are batches and columns strata, or bins are shards and
        columns groups of slots.
      room: at least the mean row sum + the widest range of a column. A smaller room may not be
        reached.

    Returns:
      int [bins, columns], the row from which each entry came. Each exchange is between the fullest
      and the emptiest row and lowers the overflow, so that the loop ends.
    """
    n_edge = n_edge.copy()
    rows, columns = n_edge.shape
    source = np.repeat(np.arange(rows)[:, None], columns, axis=1)
    load = n_edge.sum(axis=1)
    while load.max(initial=0) > room:
        full, empty = int(np.argmax(load)), int(np.argmin(load))
        moved = n_edge[full] - n_edge[empty]
        allowed = (moved > 0) & (load[empty] + moved <= room)
        if not allowed.any():
            break
        # The smallest move that removes the overflow; if there is none, the largest one.
        enough = allowed & (moved >= load[full] - room)
        if enough.any():
            column = int(np.argmin(np.where(enough, moved, np.iinfo(np.int64).max)))
        else:
            column = int(np.argmax(np.where(allowed, moved, -1)))
        for array in (n_edge, source):
            array[[full, empty], column] = array[[empty, full], column]
        load[full] -= moved[column]
        load[empty] += moved[column]
    return source
