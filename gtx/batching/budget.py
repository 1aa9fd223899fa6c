"""The static shape of a batch: its numbers of nodes, edges and slots."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gtx.batching.strata import stratify
from gtx.data.dataset import Dataset
from gtx.ops.layout import Tier

INT32_MAX = 2**31 - 1


class BudgetError(ValueError):
    """A graph or a batch does not fit a budget."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """Shapes of one shard of a batch. All batches of a run have them, so that it compiles once.

    Attributes:
      num_nodes: length of the node axis; at least one node is padding.
      num_edges: length of the edge axis.
      tiers: places for graphs, smallest first: `num_graphs` graphs of up to `size` nodes each.
      num_shards: number of devices that share a global batch.
      dense: whether batches have a layout, in which graphs can become matrices, and pair columns.
        A model that runs only over edges needs neither. Without them, memory does not grow with
        the square of the graph size. The tiers then only state which graph fits in which place.
      num_targets: length of the axis of targets that are edges or pairs; None if targets are
        graphs or nodes and share their axes.
      stratified: whether the shape is made for stratified batches, which contain fixed numbers of
        graphs of each size and which `gtx.batching.plan` then makes. If not, it is made for plain
        shuffling.
      edge_sets: length of the edge axis of each further edge set, as pairs (name, edges). Edge
        sets of the data that are not named are left out of the batches.
    """

    num_nodes: int
    num_edges: int
    tiers: tuple[Tier, ...]
    num_shards: int = 1
    dense: bool = True
    num_targets: int | None = None
    edge_sets: tuple[tuple[str, int], ...] = ()
    stratified: bool = True

    def __post_init__(self):
        if min((count for _, count in self.edge_sets), default=1) < 1:
            raise BudgetError(f"Every edge set needs room for an edge, got {self.edge_sets}.")
        if min(self.num_nodes, self.num_edges, self.num_shards) < 1:
            raise BudgetError("num_nodes, num_edges and num_shards must be at least 1.")
        if self.num_targets is not None and self.num_targets < 1:
            raise BudgetError(f"num_targets must be at least 1 or None, got {self.num_targets}.")
        if not self.tiers or any(min(tier) < 1 for tier in self.tiers):
            raise BudgetError(f"tiers need at least one graph and one slot each, got {self.tiers}.")
        if any(a.size > b.size for a, b in zip(self.tiers, self.tiers[1:], strict=False)):
            raise BudgetError(f"tiers must be in increasing order of size, got {self.tiers}.")
        if self.num_pairs > INT32_MAX:
            raise BudgetError(
                f"{self.num_pairs:,} padded node pairs do not fit int32 indices. Lower the batch "
                "size, or split graphs beyond about 40,000 nodes into subgraphs, or give "
                "dense=False, if the model runs over edges alone."
            )

    @property
    def graphs_per_shard(self) -> int:
        return sum(tier.num_graphs for tier in self.tiers)

    @property
    def batch_size(self) -> int:
        return self.graphs_per_shard * self.num_shards

    @property
    def num_pairs(self) -> int:
        """Length of the pair axis; 0 where there is none."""
        return sum(tier.num_graphs * tier.size**2 for tier in self.tiers) if self.dense else 0

    @property
    def slot_sizes(self) -> np.ndarray:
        """The largest number of nodes in each graph slot of a shard, in slot order."""
        return np.repeat([t.size for t in self.tiers], [t.num_graphs for t in self.tiers])

    @property
    def edge_room(self) -> np.ndarray:
        """Room for edges of the given graph and then of each edge set, int64 [1 + sets]."""
        return np.array([self.num_edges, *(count for _, count in self.edge_sets)], np.int64)

    def count_edges(self, dataset: Dataset) -> np.ndarray:
        """Edges of each graph, in the order of `edge_room`: int64 [graphs, 1 + sets].

        Raises:
          BudgetError: the dataset lacks an edge set of the budget.
        """
        missing = [name for name, _ in self.edge_sets if name not in dataset.edge_sets]
        if missing:
            raise BudgetError(
                f"The budget has the edge sets {[name for name, _ in self.edge_sets]}, and the "
                f"dataset only {sorted(dataset.edge_sets)}. Add them by gtx.structures, or fit a "
                "budget to this dataset."
            )
        sets = [dataset.edge_sets[name].num_edges for name, _ in self.edge_sets]
        return np.stack([dataset.num_edges, *sets], axis=1)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` builds an equal budget."""
        # Fields of later versions are left out if they have their default. The data of an old
        # budget then equal those of the same budget now.
        data = dataclasses.asdict(self)
        for name in ("dense", "stratified"):
            if data[name]:
                del data[name]
        if self.num_targets is None:
            del data["num_targets"]
        sets = data.pop("edge_sets")
        return data | ({"edge_sets": dict(sets)} if sets else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Budget":
        """The budget that `to_json` wrote."""
        tiers = tuple(Tier(int(count), int(size)) for count, size in data["tiers"])
        counts = {name: int(data[name]) for name in ("num_nodes", "num_edges", "num_shards")}
        # Fields of later versions get the value that old budgets imply.
        targets = data.get("num_targets")
        return cls(
            tiers=tiers,
            **counts,
            dense=bool(data.get("dense", True)),
            stratified=bool(data.get("stratified", True)),
            num_targets=None if targets is None else int(targets),
            edge_sets=tuple((str(k), int(v)) for k, v in data.get("edge_sets", {}).items()),
        )

    def covers(self, dataset: Dataset) -> bool:
        """Whether every graph of `dataset` fits into a batch, if necessary alone."""
        return self.first_too_large(dataset) is None

    @property
    def largest_graph(self) -> int:
        """The number of nodes of the largest graph that fits."""
        return min(self.tiers[-1].size, self.num_nodes - 1)

    def too_large(self, dataset: Dataset) -> np.ndarray:
        """Whether each graph fits no batch, bool [graphs]."""
        edges = np.any(self.count_edges(dataset) > self.edge_room, axis=1)
        return (dataset.num_nodes > self.largest_graph) | edges

    def first_too_large(self, dataset: Dataset) -> int | None:
        """The place of the first graph that fits no batch, or None."""
        too_large = self.too_large(dataset)
        return int(np.argmax(too_large)) if too_large.any() else None


def fit_budget(
    dataset: Dataset,
    batch_size: int,
    *,
    num_tiers: int = 4,
    multiple_of: int = 1,
    num_shards: int = 1,
    stratified: bool = True,
    dense: bool = True,
    cover: Sequence[Dataset] = (),
) -> Budget:
    """The tightest budget for batches of `batch_size` graphs of `dataset`.

    For stratified batches the budget is a proven bound: in every epoch `plan` needs exactly
    `ceil(graphs / batch_size)` steps. For plain shuffling the budget is the 99.9th percentile of
    random batches, and a graph that does not fit waits for the next batch.

    Args:
      dataset: the graphs that will be batched, usually the training part.
      batch_size: number of graphs of a global batch, over all shards.
      num_tiers: largest number of different slot sizes. With more tiers, attention pads fewer node
        pairs, but compilation takes longer.
      multiple_of: sizes are rounded up to a multiple of it: 1 on CPU, 8 or 128 on accelerators.
      num_shards: number of devices; must divide `batch_size`.
      stratified: the kind of plan; see `Budget`.
      dense: whether batches have a layout and pairs; see `Budget`.
      cover: other datasets (valid, test) whose graphs must fit one by one.

    Raises:
      BudgetError: there are no graphs, an argument is not valid, or there are more node pairs than
        int32 can count.
    """
    if len(dataset) == 0:
        raise BudgetError("the dataset has no graphs to fit a budget to.")
    if batch_size < 1 or num_tiers < 1 or multiple_of < 1 or num_shards < 1:
        raise BudgetError("batch_size, num_tiers, multiple_of and num_shards must be at least 1.")
    if batch_size % num_shards:
        raise BudgetError(f"batch_size {batch_size} does not divide by num_shards {num_shards}.")
    n_node, n_edge = dataset.num_nodes, dataset.num_edges
    if stratified:
        strata = stratify(n_node, n_edge, batch_size)
        sizes, num_edges = strata.shard_slots(num_shards), strata.shard_edges(num_shards)
        num_nodes = int(sizes.sum())
        sets = {
            name: strata.shard_total(edges.num_edges, num_shards)
            for name, edges in dataset.edge_sets.items()
        }
    else:
        counts = {name: edges.num_edges for name, edges in dataset.edge_sets.items()}
        sizes, num_nodes, num_edges, sets = _percentiles(
            n_node, n_edge, counts, batch_size // num_shards
        )
    # Only the largest graph of other datasets must fit: their batches may hold fewer graphs.
    for other in cover:
        if len(other):
            more_nodes, more_edges = int(other.num_nodes.max()), int(other.num_edges.max())
            sizes[-1] = max(sizes[-1], more_nodes)
            num_nodes, num_edges = max(num_nodes, more_nodes), max(num_edges, more_edges)
            for name in sets:
                sets[name] = max(sets[name], int(other.edge_sets[name].num_edges.max()))

    per_shard = [most_targets(part, batch_size // num_shards) for part in (dataset, *cover)]
    num_targets = None if per_shard[0] is None else max(count or 0 for count in per_shard)

    def up(count):
        return -(-count // multiple_of) * multiple_of

    return Budget(
        num_nodes=int(up(num_nodes + 1)),
        num_edges=int(up(max(num_edges, 1))),
        tiers=choose_tiers(up(np.maximum(sizes, 1)), num_tiers),
        num_shards=num_shards,
        dense=dense,
        stratified=stratified,
        num_targets=None if num_targets is None else int(up(max(num_targets, 1))),
        edge_sets=tuple((name, int(up(max(count, 1)))) for name, count in sets.items()),
    )


def joined(budgets: Sequence[Budget], num_tiers: int) -> Budget:
    """The smallest shape into which the batches of all these budgets fit.

    It is a proven bound for the stratified batches of each of their datasets.

    Args:
      budgets: for the same number of graphs in a batch, on as many devices.
      num_tiers: as for `fit_budget`.
    """
    first = budgets[0]
    sizes = np.max([budget.slot_sizes for budget in budgets], axis=0)
    targets = [budget.num_targets for budget in budgets if budget.num_targets is not None]
    return dataclasses.replace(
        first,
        num_nodes=max(budget.num_nodes for budget in budgets),
        num_edges=max(budget.num_edges for budget in budgets),
        tiers=choose_tiers(sizes, num_tiers),
        num_targets=max(targets) if targets else None,
        edge_sets=tuple(
            (name, max(dict(budget.edge_sets)[name] for budget in budgets))
            for name, _ in first.edge_sets
        ),
    )


def most_targets(dataset: Dataset, num_graphs: int) -> int | None:
    """The largest number of targets of any `num_graphs` graphs; None for graphs and nodes.

    No shard of a batch has more targets, in any plan.
    """
    if dataset.targets.level in ("graph", "node"):
        return None
    counts = np.sort(np.diff(dataset.targets_by_graph[1]))
    return int(counts[max(len(counts) - num_graphs, 0) :].sum())


def choose_tiers(sizes: np.ndarray, num_tiers: int) -> tuple[Tier, ...]:
    """Group slots of increasing `sizes` into at most `num_tiers` with the fewest padded pairs.

    Dynamic programming over the distinct sizes; a tier takes the size of its largest slot.
    """
    size, count = np.unique(sizes, return_counts=True)
    ends = np.concatenate([[0], np.cumsum(count)])
    num_tiers = min(num_tiers, len(size))
    cost = np.full(len(size) + 1, np.inf)
    cost[0] = 0
    choices = []
    for _ in range(num_tiers):
        # total[i, j]: cost with the first i sizes in earlier tiers and sizes i to j in this one.
        total = cost[:-1, None] + (ends[None, 1:] - ends[:-1, None]) * size[None, :] ** 2.0
        total[np.tril_indices(len(size), -1)] = np.inf
        choices.append(np.argmin(total, axis=0))
        cost = np.concatenate([[np.inf], np.min(total, axis=0)])
    # Walk back from the last tier: each choice names the first size of its tier.
    tiers, stop = [], len(size)
    for choice in reversed(choices):
        start = choice[stop - 1]
        tiers.append(Tier(int(ends[stop] - ends[start]), int(size[stop - 1])))
        stop = start
    return tuple(reversed(tiers))


def _percentiles(
    n_node: np.ndarray,
    n_edge: np.ndarray,
    sets: Mapping[str, np.ndarray],
    graphs: int,
    level: float = 0.999,
) -> tuple[np.ndarray, int, int, dict[str, int]]:
    """Slot sizes, nodes and edges of random groups of `graphs` graphs, at a percentile."""
    # About 4,096 batches, so that the 99.9th percentile rests on four of them. A fixed seed: the
    # same dataset must always get the same budget.
    rng = np.random.default_rng(0)
    width = min(graphs, len(n_node))
    epochs = max(1, 4096 * width // len(n_node))
    order = np.concatenate([rng.permutation(len(n_node)) for _ in range(epochs)])
    order = order[: len(order) // width * width].reshape(-1, width)
    nodes = n_node[order]
    sizes = np.zeros(graphs, np.int64)
    sizes[graphs - width :] = np.ceil(np.quantile(np.sort(nodes, axis=1), level, axis=0))
    sizes[-1] = n_node.max()
    num_nodes = max(int(np.ceil(np.quantile(nodes.sum(1), level))), int(n_node.max()))

    def room(count):
        return max(int(np.ceil(np.quantile(count[order].sum(1), level))), int(count.max()))

    rooms = {name: room(count) for name, count in sets.items()}
    return np.maximum.accumulate(sizes), num_nodes, room(n_edge), rooms


def budget_for(known: Budget, num_nodes: int, num_edges: Sequence[int]) -> Budget:
    """The given shapes if a graph fits into them, otherwise powers of two.

    Rounding up to powers of two keeps the number of programs small. A batch has at most about as
    many nodes and pairs as one of `known`, but at least one graph.

    Args:
      known: the shapes of a training run.
      num_nodes: number of nodes of the graph.
      num_edges: number of its edges, and of those of each edge set.
    """
    if num_nodes <= known.largest_graph:
        if np.all(num_edges <= known.edge_room):
            return known
    size, own, *others = (1 << max(n - 1, 0).bit_length() for n in (num_nodes, *num_edges))
    slots = known.num_nodes // size
    if known.dense:
        slots = min(slots, known.num_pairs // size**2)
    slots = max(slots, 1)
    sets = zip(known.edge_sets, others, strict=True)
    return Budget(
        slots * size + 1,
        slots * own,
        (Tier(slots, size),),
        dense=known.dense,
        edge_sets=tuple((name, slots * count) for (name, _), count in sets),
    )


def evaluation_parts(known: Budget, dataset: Dataset) -> list[tuple[np.ndarray, Budget]]:
    """Graphs to score together, and the shape of their batches.

    The graphs that fit `known` are scored in it. Others have shapes of their own, one for graphs of
    up to four times the room of `known`, one for up to sixteen times, and so on, so that few very
    large graphs do not decide the place of all. A batch of such a shape has at most as many graphs,
    nodes and pairs as one of `known`, but at least one graph.

    Args:
      known: the shapes of a training run.
      dataset: graphs to score.

    Returns:
      For each shape the places of its graphs in the dataset, int64 rising, and the shape.
    """
    if known.covers(dataset):
        return [(np.arange(len(dataset)), with_room(known, dataset))]
    room = [max(known.largest_graph, 1), *known.edge_room]
    sizes = np.column_stack([dataset.num_nodes, known.count_edges(dataset)])
    times = np.maximum((sizes / room).max(axis=1), 1 + 1e-9)
    group = np.where(known.too_large(dataset), np.ceil(np.log(times) / np.log(4)), 0)
    found = []
    for each in np.unique(group):
        places = np.flatnonzero(group == each)
        part = dataset.select(places)
        found.append((places, _shape_beyond(known, part) if each else with_room(known, part)))
    return found


def _shape_beyond(known: Budget, dataset: Dataset) -> Budget:
    """A shape for graphs that do not fit `known`."""
    largest = max(int(dataset.num_nodes.max()), 1)
    fit = min(known.graphs_per_shard, known.num_nodes // largest)
    if known.dense:
        fit = min(fit, known.num_pairs // largest**2)
    return fit_budget(
        dataset,
        max(fit, 1) * known.num_shards,
        num_tiers=len(known.tiers),
        num_shards=known.num_shards,
        stratified=known.stratified,
        dense=known.dense,
    )


def with_room(budget: Budget, dataset: Dataset) -> Budget:
    """The budget with room for the targets of these graphs, if these have their own axis."""
    targets = most_targets(dataset, budget.graphs_per_shard)
    if targets is None or targets <= (budget.num_targets or 0):
        return budget
    return dataclasses.replace(budget, num_targets=1 << max(targets - 1, 0).bit_length())
