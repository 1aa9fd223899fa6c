"""Graphs in many folders, of which a few are read at a time."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.batch import Batch
from gtx.batching.batches import stack_batches
from gtx.batching.budget import Budget, BudgetError, fit_budget
from gtx.batching.plan import plan, waste
from gtx.batching.sources.source import Source
from gtx.data.columns import offsets
from gtx.data.content import content
from gtx.data.dataset import Dataset
from gtx.data.exact import INT32_MAX, DatasetError
from gtx.data.joined import check_alike, joined
from gtx.data.labels import check_trainable
from gtx.data.sharded import in_memory
from gtx.data.spec import GraphSpec
from gtx.data.targets import all_rows


@dataclasses.dataclass(frozen=True, eq=False)
class Sharded(Source):
    """Batches of whole graphs out of several Datasets, each graph once per epoch.

    An epoch takes the Datasets in a random order, `window` of them at a time, and shuffles the
    graphs of these together. Each epoch has other windows. If the Datasets are memory-mapped, as
    those of `gtx.data.packed_shards.load` are, a disk reads the files of one window at a
    time, and memory holds the graphs of a few batches. Besides, two numbers for each graph are in
    memory.

        shards = [each.part("train") for each in packed_shards.load("mine")]
        source = Sharded.fit(shards, batch_size=32)

    The plan is that of plain shuffling: the last batch of a window may be small. The graphs are
    numbered through all Datasets, in their order.

    Attributes:
      shards: Datasets of one spec, whose targets are graphs or nodes.
      budget: the static shape of a batch; `fit` makes one that suits.
      window: how many Datasets are shuffled together. More of them shuffle better, and read more
        places of the disk.
    """

    shards: Sequence[Dataset]
    budget: Budget
    window: int = 4

    @classmethod
    def fit(
        cls,
        shards: Sequence[Dataset],
        batch_size: int,
        *,
        window: int = 4,
        num_tiers: int = 4,
        num_shards: int = 1,
        dense: bool = True,
        cover: Sequence[Dataset] = (),
    ) -> "Sharded":
        """The source with a budget for batches of `batch_size` graphs.

        Args:
          shards, window: see the class.
          batch_size, num_tiers, num_shards, dense, cover: see `gtx.batching.fit_budget`.
        """
        _check(shards, window)
        budget = fit_budget(
            _sizes(shards), batch_size, num_tiers=num_tiers, num_shards=num_shards,
            stratified=False, dense=dense, cover=cover,
        )  # fmt: skip
        return cls(shards, budget, window)

    def __post_init__(self) -> None:
        _check(self.shards, self.window)
        if self.budget.stratified:
            raise BudgetError(
                "the budget is for stratified batches, which are drawn from all graphs at once. "
                "Give Sharded.fit(shards, batch_size), or one of fit_budget(stratified=False)."
            )

    @property
    def streams(self) -> bool:
        return True

    def ids(self, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([each.ids for each in self.shards])[rows]

    @functools.cached_property
    def _starts(self) -> np.ndarray:
        """The number of the first graph of each Dataset, and of all graphs."""
        return offsets([len(each) for each in self.shards])

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        order = np.random.default_rng([seed, epoch]).permutation(len(self.shards))
        firsts = range(0, len(order), self.window)
        plans = []
        for number, first in enumerate(firsts):
            group = np.sort(order[first : first + self.window])
            ids = np.concatenate([np.arange(*self._starts[each : each + 2]) for each in group])
            sizes = _sizes([self.shards[each] for each in group])
            rows = plan(sizes, self.budget, seed=seed, epoch=epoch * len(firsts) + number)
            plans.append(np.where(rows < 0, -1, ids[np.maximum(rows, 0)]).astype(np.int32))
        return np.concatenate(plans)

    def chunk(self, rows: np.ndarray) -> Batch:
        used = np.unique(rows[rows >= 0])
        if not len(used):
            used = np.zeros(1, np.int64)  # steps that are only padding have their shape from it
        shard = np.searchsorted(self._starts, used, side="right") - 1
        parts = [
            in_memory(self.shards[each].select(used[shard == each] - self._starts[each]))
            for each in np.unique(shard)
        ]
        graphs = dataclasses.replace(joined(parts), ids=used.astype(np.int32))
        places = np.searchsorted(used, np.maximum(rows, used[0]))
        return stack_batches(graphs, self.budget, np.where(rows < 0, -1, places).astype(np.int32))

    def batch(self, constants: None, element: Batch, key: Any) -> Batch:
        del constants, key  # the element is the batch
        return element

    def identity(self) -> dict[str, Any]:
        return dict(
            window=self.window,
            budget={k: v for k, v in self.budget.to_json().items() if k != "dense"},
            shards=self._contents,
        )

    @functools.cached_property
    def _contents(self) -> list[dict[str, Any]]:
        return [content(each) for each in self.shards]

    def waste(self, rows: np.ndarray) -> dict[str, float]:
        return waste(_sizes(self.shards), self.budget, rows)

    def check(self) -> None:
        first = self.shards[0]
        tables = [each.targets for each in self.shards]
        if first.targets.labels is not None:  # a target may have all its labels in one Dataset
            labels = np.concatenate([table.labels for table in tables if table.labels is not None])
            table = all_rows(first.targets.level, len(labels)).replace(labels=labels)
            first = dataclasses.replace(first, targets=table)
        check_trainable(first)


def _check(shards: Sequence[Dataset], window: int) -> None:
    if not len(shards) or not all(len(each) for each in shards):
        raise DatasetError(
            "shards: there are none, or one has no graphs. Leave out shards whose part is empty."
        )
    if window < 1:
        raise BudgetError(f"window is {window}. Give at least 1.")
    check_alike(shards, [f"Dataset {place}" for place in range(len(shards))])
    if shards[0].edge_sets:
        raise DatasetError(
            f"shards: they have the edge sets {sorted(shards[0].edge_sets)}, which Sharded does "
            "not read. Leave out gtx.structures, or join the shards with packed_folder.save."
        )
    level = shards[0].targets.level
    if level not in ("graph", "node"):
        raise DatasetError(
            f"shards: the targets are of level {level!r}. Sharded reads targets that are graphs or "
            "nodes; join the shards in one folder with packed_folder.save for others."
        )
    if sum(map(len, shards)) > INT32_MAX:
        raise DatasetError("shards: there are more graphs than int32 can number.")


def _sizes(shards: Sequence[Dataset]) -> Dataset:
    """A Dataset with the sizes of all graphs and nothing else, which takes no memory for edges."""
    node_ptr = offsets(np.concatenate([each.num_nodes for each in shards]))
    edge_ptr = offsets(np.concatenate([each.num_edges for each in shards]))
    count = len(node_ptr) - 1
    none = np.broadcast_to(np.int32(0), (int(edge_ptr[-1]),))
    return Dataset(
        nodes={}, edges={}, pairs={}, graphs={}, node_ptr=node_ptr, edge_ptr=edge_ptr,
        senders=none, receivers=none, targets=all_rows("graph", count),
        ids=np.arange(count, dtype=np.int32), names=None,
        spec=GraphSpec(),
    )  # fmt: skip
