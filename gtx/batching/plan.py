"""Plans: the assignment of graphs to batches, as an array of indices. Host, numpy.

A plan is int32 [steps, num_shards, graphs_per_shard]: the index of the graph in each slot, -1 in
an empty slot. It contains every graph of the dataset exactly once.
"""

import bisect
import collections

import numpy as np

from gtx.batching.budget import Budget, BudgetError, most_targets
from gtx.batching.strata import Strata, exchange, size_order, stratify
from gtx.data.dataset import Dataset


def plan(
    dataset: Dataset,
    budget: Budget,
    *,
    seed: int,
    epoch: int = 0,
    shuffle: bool = True,
) -> np.ndarray:
    """The batches of one epoch; the same (seed, epoch) gives the same plan.

    If the budget is stratified, every batch holds one graph of each of `batch_size` size strata
    (see `gtx.batching.strata`), drawn at random; the remainder is in a last batch. The graphs of a
    step do not depend on `num_shards`. If the budget was fitted to another dataset, such batches
    are not guaranteed to fit, and the plan is then a plain one.

    A plain plan has a random order, and each graph goes to the smallest free slot with room for
    it. A graph that does not fit waits for the next batch. The number of steps can therefore differ
    between epochs, and the graphs of a step depend on the budget.

    Raises:
      BudgetError: a graph does not fit into any batch; the message names it.
    """
    _check_sizes(dataset, budget)
    if not shuffle:
        return evaluation_plan(dataset, budget)
    rng = np.random.default_rng([seed, epoch])
    if budget.stratified:
        strata = stratify(dataset.num_nodes, dataset.num_edges, budget.batch_size)
        if _proves(strata, dataset, budget):
            rows = _stratified(dataset, strata, budget.batch_size, rng)
            return _deal(rows, dataset.num_edges, budget)
    return _greedy(dataset, budget, rng.permutation(len(dataset)))


def evaluation_plan(dataset: Dataset, budget: Budget) -> np.ndarray:
    """A plan with few batches, balanced in nodes and edges, without randomness.

    Large graphs are placed first, so that a plan exists for every dataset that the budget covers.

    Raises:
      BudgetError: a graph does not fit into any batch; the message names it.
    """
    _check_sizes(dataset, budget)
    # Largest graphs first, in slots of falling size: small graphs fill the rest.
    order = size_order(dataset.num_nodes, dataset.num_edges, np.arange(len(dataset)))[::-1]
    n_node, n_edge = dataset.num_nodes[order], budget.count_edges(dataset)[order]
    room = np.array([budget.num_nodes - 1, *budget.edge_room])
    sizes = budget.slot_sizes[::-1]
    steps = -(-len(dataset) // budget.batch_size)
    while True:
        bins = steps * budget.num_shards
        slot = np.arange(len(dataset)) // max(bins, 1)
        if np.all(n_node <= sizes[slot]):
            # For one slot after the other, the graph with the most nodes or edges goes to the bin
            # with the fewest so far.
            weight = np.column_stack([n_node, n_edge]) / np.maximum(room, 1)
            load = np.zeros((bins, len(room)))
            rows = np.full((bins, budget.graphs_per_shard), -1, np.int32)
            for number, start in enumerate(range(0, len(dataset), max(bins, 1))):
                part = slice(start, start + bins)
                lightest = np.argsort(load.max(axis=1), kind="stable")
                heaviest = np.argsort(-weight[part].max(axis=1), kind="stable")
                lightest = lightest[: len(heaviest)]
                rows[lightest, -1 - number] = order[part][heaviest]
                load[lightest] += weight[part][heaviest]
            if np.all(load <= 1 + 1e-9):
                return rows.reshape(steps, budget.num_shards, budget.graphs_per_shard)
        # Ends at the latest when each graph has its own batch. Steps of 1 % keep the search short.
        steps += 1 + steps // 100


def waste(dataset: Dataset, budget: Budget, rows: np.ndarray) -> dict[str, float]:
    """Padded size / useful size over a plan.

    For `nodes`, `edges`, each edge set by its name, `pairs` if there are any, and `targets` if they
    have an axis of their own.
    """
    index = rows[rows >= 0]
    batches = rows.shape[0] * rows.shape[1]
    n_node, n_edge = dataset.num_nodes[index], dataset.num_edges[index]
    useful = dict(nodes=n_node.sum(), edges=n_edge.sum())
    padded = dict(nodes=budget.num_nodes, edges=budget.num_edges)
    for name, room in budget.edge_sets:
        useful[name], padded[name] = dataset.edge_sets[name].num_edges[index].sum(), room
    if budget.dense:
        useful["pairs"], padded["pairs"] = (n_node**2).sum(), budget.num_pairs
    if budget.num_targets is not None:
        useful["targets"], padded["targets"] = len(dataset.targets), budget.num_targets
    return {name: float(batches * padded[name] / max(useful[name], 1)) for name in useful}


def _check_sizes(dataset: Dataset, budget: Budget) -> None:
    targets = most_targets(dataset, budget.graphs_per_shard)
    if targets is not None and targets > (budget.num_targets or 0):
        raise BudgetError(
            f"a batch may have {targets} targets of level {dataset.targets.level!r}, and this "
            f"budget has room for {budget.num_targets or 'none'}. Fit a budget with cover=[this "
            "dataset], or a budget of its own."
        )
    index = budget.first_too_large(dataset)
    if index is None:
        return
    name = "" if dataset.names is None else f" ({dataset.names[index]})"
    counts_here = {n: dataset.edge_sets[n].num_edges[index] for n, _ in budget.edge_sets}

    def of_sets(counts):
        return "".join(f", {count} in {name!r}" for name, count in counts.items())

    raise BudgetError(
        f"graph {dataset.ids[index]}{name} has {dataset.num_nodes[index]} nodes and "
        f"{dataset.num_edges[index]} edges{of_sets(counts_here)}; this budget has room for "
        f"graphs of {budget.largest_graph} nodes and "
        f"{budget.num_edges} edges{of_sets(dict(budget.edge_sets))}. "
        "Fit a budget with cover=[this dataset], or a budget of its own."
    )


def _proves(strata: Strata, dataset: Dataset, budget: Budget) -> bool:
    """Whether the bounds of the strata lie within the budget, so that all batches fit."""
    slots = strata.shard_slots(budget.num_shards)
    sets = (
        strata.shard_total(dataset.edge_sets[name].num_edges, budget.num_shards) <= room
        for name, room in budget.edge_sets
    )
    return bool(
        np.all(slots <= budget.slot_sizes)
        and slots.sum() < budget.num_nodes
        and strata.shard_edges(budget.num_shards) <= budget.num_edges
        and all(sets)
    )


def _stratified(
    dataset: Dataset, strata: Strata, batch_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Graph indices [steps, batch_size] in order of size, before they are dealt to shards."""
    # Random ties: graphs of equal size take turns at the borders of strata.
    order = size_order(dataset.num_nodes, dataset.num_edges, rng.random(len(dataset)))
    limits = strata.segments
    left_out = rng.integers(limits[:-1], limits[1:])
    excess = strata.n_edge[left_out].sum() - strata.last_edges
    if excess > 0:
        # The last batch would have too many edges. In random segments, one after the other, the
        # graph with the fewest edges replaces the one drawn, until the batch fits.
        least = np.array(
            [a + np.argmin(strata.n_edge[a:b]) for a, b in zip(limits, limits[1:], strict=False)]
        )
        for segment in rng.permutation(len(left_out)):
            excess -= strata.n_edge[left_out[segment]] - strata.n_edge[least[segment]]
            left_out[segment] = least[segment]
            if excess <= 0:
                break
    kept = np.delete(order, left_out).reshape(batch_size, -1)
    rows = rng.permuted(kept, axis=1).T
    # Strata are mixed at random, so a batch may have too many edges; exchanges repair this.
    if len(rows):
        source = exchange(dataset.num_edges[rows], strata.batch_edges)
        rows = np.take_along_axis(rows, source, axis=0)
    if len(left_out):
        last = np.full((1, batch_size), -1, rows.dtype)
        last[0, batch_size - len(left_out) :] = order[left_out]
        rows = np.concatenate([rows, last])
    return rows


def _deal(rows: np.ndarray, n_edge: np.ndarray, budget: Budget) -> np.ndarray:
    """Deal each batch to its shards, neighbouring slots to different ones."""
    steps, shards, graphs = len(rows), budget.num_shards, budget.graphs_per_shard
    rows = rows.reshape(steps, graphs, shards).swapaxes(1, 2)
    # Every second group in reverse: otherwise the last shard would get the largest graph of each.
    rows[:, :, 1::2] = rows[:, ::-1, 1::2].copy()
    edges = np.where(rows >= 0, n_edge[rows], 0)
    for step in np.nonzero((edges.sum(axis=2) > budget.num_edges).any(axis=1))[0]:
        source = exchange(edges[step], budget.num_edges)
        rows[step] = np.take_along_axis(rows[step], source, axis=0)
    return np.ascontiguousarray(rows, dtype=np.int32)


def _greedy(dataset: Dataset, budget: Budget, order: np.ndarray) -> np.ndarray:
    """Put graphs in this order into the smallest free slot; a graph that does not fit waits."""
    n_node, n_edge = dataset.num_nodes.tolist(), budget.count_edges(dataset)
    sizes = budget.slot_sizes.tolist()
    queue, batches = collections.deque(order.tolist()), []
    while queue:
        # Free slots sorted by size, so that bisection finds the smallest with room.
        free = [list(zip(sizes, range(len(sizes)), strict=True)) for _ in range(budget.num_shards)]
        nodes = [0] * budget.num_shards
        edges = np.zeros((budget.num_shards, len(budget.edge_room)), np.int64)
        rows = np.full((budget.num_shards, len(sizes)), -1, np.int32)
        waiting: list[int] = []
        left = budget.batch_size
        # A batch is closed when it is full, or after `batch_size` graphs that did not fit.
        while queue and left and len(waiting) < budget.batch_size:
            index = queue.popleft()
            for shard in sorted(range(budget.num_shards), key=nodes.__getitem__):
                place = bisect.bisect_left(free[shard], (n_node[index], -1))
                if (
                    place < len(free[shard])
                    and nodes[shard] + n_node[index] < budget.num_nodes
                    and np.all(edges[shard] + n_edge[index] <= budget.edge_room)
                ):
                    rows[shard, free[shard].pop(place)[1]] = index
                    nodes[shard] += n_node[index]
                    edges[shard] += n_edge[index]
                    left -= 1
                    break
            else:
                waiting.append(index)
        queue.extendleft(reversed(waiting))
        batches.append(rows)
    shape = (0, budget.num_shards, len(sizes))
    return np.stack(batches) if batches else np.zeros(shape, np.int32)
