"""Sequences as graphs: copy what came before, or sort it."""

import dataclasses
from typing import Annotated, ClassVar, Literal

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Seed, Whole

Size = Annotated[int, Whole(1, 2**12)]
Number = Annotated[int, Whole(1, 2**24)]


@dataclasses.dataclass(frozen=True)
class Sequences(DataSource):
    """A graph is a sequence of nodes with a random symbol each; an edge leads to the next node.

    "sort": there are `length` nodes, and the label of node i is the i-th smallest of their symbols.

    "copy": there are 2 `length` nodes. The symbols of the second half are hidden, and node
    `length` + i has the label of node i, the only one that it needs; nodes of the first half are no
    targets. It is the task of Graves et al. (2014), without their marker between the halves, which
    the column "place" makes needless.

    Node column "symbol" is 1 to `symbols`, or 0 where it is hidden, and "place" the number of the
    node. A label is a symbol less 1. Test sequences may be longer than those of training: "place"
    has a category for each of them, of which the higher ones are then untrained. Graph i of a part
    depends only on the seed, on i, and on the fields that say what it is.

    Attributes:
      task: "copy" or "sort".
      length: symbols of a sequence.
      test_length: those of test sequences; 0 for the same.
      symbols: number of different symbols.
      train_count, valid_count, test_count: numbers of sequences.
      split_seed: seed of the symbols.
    """

    task: Literal["copy", "sort"] = "sort"
    length: Size = 16
    test_length: Annotated[int, Whole(0, 2**12)] = 0
    symbols: Annotated[int, Whole(2, 2**16)] = 10
    train_count: Number = 10_000
    valid_count: Number = 1_000
    test_count: Number = 1_000
    split_seed: Seed = 0

    splits: ClassVar[tuple[str, ...]] = ("given",)

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", self.symbols)

    def declared_spec(self) -> GraphSpec:
        most = max(self.length, self.test_length) * (2 if self.task == "copy" else 1)
        columns = dict(symbol=Categorical((self.symbols + 1,)), place=Categorical((most,)))
        return GraphSpec(nodes=columns, label=self.label)

    def load(self) -> Dataset:
        lengths = (self.length, self.length, self.test_length or self.length)
        numbers = (self.train_count, self.valid_count, self.test_count)
        twice = self.task == "copy"
        symbols, targets, labels, sizes, start = [], [], [], [], 0
        for part, (length, count) in enumerate(zip(lengths, numbers, strict=True)):
            rng = np.random.default_rng((self.split_seed, part))
            drawn = rng.integers(0, self.symbols, (count, length), dtype=np.int32)
            hidden = np.zeros((count, length if twice else 0), np.int32)
            symbols.append(np.concatenate([drawn + 1, hidden], axis=1).reshape(-1))
            nodes = length * (1 + twice)
            first = start + np.arange(count)[:, None] * nodes + (length if twice else 0)
            targets.append((first + np.arange(length)).reshape(-1))
            labels.append((drawn if twice else np.sort(drawn, axis=1)).reshape(-1))
            sizes += [nodes] * count
            start += count * nodes
        size = np.array(sizes)
        ptr = np.concatenate([[0], np.cumsum(size)])
        place = np.arange(start) - np.repeat(ptr[:-1], size)
        receivers = np.flatnonzero(place)
        dataset = Dataset.from_columns(
            nodes=dict(
                symbol=np.concatenate(symbols)[:, None], place=place.astype(np.int32)[:, None]
            ),
            node_ptr=ptr,
            edge_ptr=np.concatenate([[0], np.cumsum(size - 1)]),
            senders=place[receivers] - 1,
            receivers=place[receivers],
            spec=self.declared_spec().replace(label=None),
        )
        split = np.repeat([0, 1, 2], [len(each) for each in labels])
        index = np.concatenate(targets)
        return dataset.with_targets("node", index, np.concatenate(labels), split, label=self.label)
