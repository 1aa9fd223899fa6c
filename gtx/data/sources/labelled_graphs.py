"""Small random graphs with labels of every level and kind, for trying out tasks."""

import dataclasses
from typing import Any, Literal

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, GraphSpec, Label, LabelKind, mixed_label
from gtx.data.subtokens import encoded, sequence_label
from gtx.limits import Count, Rate, Seed
from gtx.typing import Level

_COLORS = 4
# Larger numbers are words that cannot be predicted.
_WORDS = ("none", "one", "many", "high", "0", "1")


@dataclasses.dataclass(frozen=True)
class LabelledGraphs(DataSource):
    """Random graphs of 6 to 12 coloured nodes. Every label follows from the graph.

    The value of a node is the number of its neighbours of its own colour; of an edge or a pair, the
    number of common neighbours; of a graph, the mean value of its nodes. Labels of kind regression
    are values; binary, whether a value exceeds 0.9; multiclass, 0, 1, and 2 or more; multilabel,
    whether it exceeds 0.4 and 1.4; mixed, the value, whether it exceeds 0.9, and the class, as
    heads `value`, `exceeds` and `class`; sequence, words for the class, for the whole part of the
    value, and for a value above 1.4. Of pairs, 8 are drawn in each graph.

    Attributes:
      level: what has a label: "graph", "node", "edge" or "pair".
      kind: the kind of the label.
      num_graphs: number of graphs, of which 60 % are train, 20 % valid and 20 % test.
      missing: share of the labels that are missing, drawn at random.
      weighted: whether targets have weights in the loss: 2 for each second target, 1 for others.
      split_seed: seed of the graphs and of the missing labels.
    """

    level: Level = "graph"
    kind: LabelKind | Literal["mixed", "sequence"] = "regression"
    num_graphs: Count = 200
    missing: Rate = 0.0
    weighted: bool = False
    split_seed: Seed = 0

    @property
    def label(self) -> Label:
        if self.kind == "mixed":
            kinds: dict[str, tuple[Literal["regression", "binary", "multiclass"], int]] = {
                "value": ("regression", 1), "exceeds": ("binary", 1), "class": ("multiclass", 3),
            }  # fmt: skip
            return mixed_label(
                [Label(self.level, kind, dim, name=name) for name, (kind, dim) in kinds.items()]
            )
        if self.kind == "sequence":
            return dataclasses.replace(sequence_label(_WORDS, 3, 3), level=self.level)
        dim = {"multiclass": 3, "multilabel": 2}.get(self.kind, 1)
        return Label(self.level, self.kind, dim)

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(color=Categorical((_COLORS,))), label=self.label)

    def load(self) -> Dataset:
        rng = np.random.default_rng(self.split_seed)
        sizes = rng.integers(6, 13, self.num_graphs)
        colors, senders, receivers, pairs, values = [], [], [], [], []
        first = 0
        for size in sizes:
            color = rng.integers(0, _COLORS, size)
            upper = np.triu(rng.random((size, size)) < 0.35, 1)
            adjacency = upper | upper.T
            # np.nonzero is row-major: with receivers as rows they do not fall.
            receiver, sender = np.nonzero(adjacency)
            own = (adjacency & (color[:, None] == color)).sum(axis=1).astype(float)
            common = adjacency.astype(np.int64) @ adjacency
            pair = rng.integers(0, size, (8, 2))
            values.append(
                {
                    "graph": own.mean(keepdims=True),
                    "node": own,
                    "edge": common[sender, receiver],
                    "pair": common[pair[:, 0], pair[:, 1]],
                }[self.level]
            )
            colors.append(color)
            senders.append(sender)
            receivers.append(receiver)
            pairs.append(pair + first)
            first += int(size)
        dataset = Dataset.from_columns(
            nodes=dict(color=np.concatenate(colors)[:, None]),
            node_ptr=np.concatenate([[0], np.cumsum(sizes)]),
            edge_ptr=np.concatenate([[0], np.cumsum([len(each) for each in senders])]),
            senders=np.concatenate(senders),
            receivers=np.concatenate(receivers),
            spec=self.declared_spec().replace(label=None),
        )
        graph = np.repeat(np.arange(self.num_graphs), [len(each) for each in values])
        labels = self._labels(np.concatenate(values).astype(float), rng)
        weights = 1.0 + np.arange(len(graph)) % 2
        index: Any = np.concatenate(pairs) if self.level == "pair" else None
        part = np.array([0, 0, 0, 1, 2])[graph % 5]
        return dataset.with_targets(
            self.level,
            index,
            labels,
            part,
            label=self.label,
            weights=weights if self.weighted else None,
        )

    def _labels(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        classes = np.digitize(values, (0.9, 1.9)).astype(float)
        if self.kind == "sequence":
            kinds = [_WORDS[int(one)] for one in classes]
            numbers = [str(int(value)) for value in values]
            high = [["high"] if value > 1.4 else [] for value in values]
            rows = [[*one] for one in zip(kinds, numbers, strict=True)]
            words = [row + more for row, more in zip(rows, high, strict=True)]
            found = np.full((len(words), 3), np.nan)
            found[:, :] = encoded([*words, ["none", "0", "high"]], _WORDS)[:-1]
            found[rng.random(len(found)) < self.missing] = np.nan
            return found
        columns = {
            "regression": [values],
            "binary": [values > 0.9],
            "multiclass": [classes],
            "multilabel": [values > 0.4, values > 1.4],
            "mixed": [values, values > 0.9, classes],
        }[self.kind]
        labels = np.stack(columns, axis=1).astype(float)
        labels[rng.random(labels.shape) < self.missing] = np.nan
        return labels
