"""Several Datasets as one whose columns stay where they are, on the disk for example."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gtx.data import check as rules
from gtx.data.columns import as_places, as_slice, offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.joined import check_alike, joined, joined_targets
from gtx.data.targets import of_graphs
from gtx.graphs import GraphsTuple


@dataclasses.dataclass(frozen=True, eq=False)
class ShardedDataset(Dataset):
    """The graphs of all shards, in their order. `select` and `part` copy no column.

    In memory are the offsets and targets of all graphs. Columns and edges are read by `in_memory`,
    of the graphs that are selected then; the fields for them are empty.

    Attributes:
      shards: Datasets of one spec, without edge sets.
      places: int64 [graphs], the number of each graph in all shards together.
      window: how many shards are shuffled together in training.
    """

    shards: tuple[Dataset, ...] = ()
    places: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    window: int = 4

    @classmethod
    def of(cls, shards: Sequence[Dataset], window: int = 4) -> "ShardedDataset":
        """All graphs of these Datasets, numbered anew.

        Raises:
          DatasetError: there is none, they differ in form, or have edge sets.
        """
        shards = tuple(shards)
        if not shards:
            raise DatasetError("shards: there are none. Give at least one Dataset.")
        check_alike(shards, [f"Dataset {place}" for place in range(len(shards))])
        first, none = shards[0], np.zeros(0, np.int32)
        if first.edge_sets:
            raise DatasetError(
                f"shards: they have the edge sets {sorted(first.edge_sets)}, which are not read. "
                "Write them without structures."
            )
        count = sum(map(len, shards))
        return cls(
            nodes={}, edges={}, pairs={}, graphs={}, senders=none, receivers=none,
            node_ptr=offsets(np.concatenate([each.num_nodes for each in shards])),
            edge_ptr=offsets(np.concatenate([each.num_edges for each in shards])),
            targets=joined_targets(shards),
            ids=np.arange(count, dtype=np.int32),
            names=_names(shards),
            spec=first.spec,
            shards=shards,
            places=np.arange(count),
            window=window,
        )  # fmt: skip

    @property
    def _starts(self) -> np.ndarray:
        return offsets([len(each) for each in self.shards])

    def select(self, indices: Any) -> "ShardedDataset":
        """The graphs at these places, in this order; see `Dataset.select`."""
        indices = as_places(indices, len(self))
        node_ptr, edge_ptr = offsets(self.num_nodes[indices]), offsets(self.num_edges[indices])
        starts = dict(node=(self.node_ptr, node_ptr), edge=(self.edge_ptr, edge_ptr))
        rows = as_slice(indices)
        return dataclasses.replace(
            self,
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            targets=of_graphs(self.targets, self.targets_by_graph, indices, starts),
            ids=self.ids[rows],
            names=None if self.names is None else self.names[rows],
            places=self.places[rows],
        )

    def by_shard(self) -> list["ShardedDataset"]:
        """The graphs of each shard that has any, in the order of the shards."""
        shard = np.searchsorted(self._starts, self.places, side="right") - 1
        return [self.select(np.flatnonzero(shard == each)) for each in np.unique(shard)]

    def stored(self) -> Iterator[Dataset]:
        """What each shard holds of these graphs, in the order of the shards and of their graphs.

        Labels, parts and spec are those that were stored, not those of this Dataset.
        """
        starts, rising = self._starts, np.sort(self.places)
        shard = np.searchsorted(starts, rising, side="right") - 1
        for each in np.unique(shard):
            yield self.shards[each].select(rising[shard == each] - starts[each])

    def in_memory(self) -> Dataset:
        """A Dataset with the columns of these graphs, which are read now."""
        whole = joined(list(self.stored())) if len(self) else self.shards[0].select([])
        if np.any(np.diff(self.places) < 0):
            whole = whole.select(np.argsort(np.argsort(self.places)))
        own = ("node_ptr", "edge_ptr", "targets", "ids", "names", "spec")
        return dataclasses.replace(whole, **{name: getattr(self, name) for name in own})

    def __getitem__(self, index: int) -> GraphsTuple:
        return self.select([index]).in_memory()[0]

    def check(self) -> None:
        """Check the targets, and the columns of one shard after the other."""
        rules.check_form(self)
        rules.check_targets(self)
        for part in self.by_shard():
            part.in_memory().check()


def _names(shards: Sequence[Dataset]) -> np.ndarray | None:
    names = [each.names for each in shards]
    return None if names[0] is None else np.concatenate(names)  # type: ignore[arg-type]


def in_memory(dataset: Dataset) -> Dataset:
    """The dataset, with its columns if they are in shards."""
    return dataset.in_memory() if isinstance(dataset, ShardedDataset) else dataset


def pieces(dataset: Dataset) -> Iterator[Dataset]:
    """Datasets with columns whose graphs are those of this one: itself, or one for each shard."""
    if not isinstance(dataset, ShardedDataset):
        yield dataset
        return
    yield from dataset.stored()
