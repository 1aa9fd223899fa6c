"""RingTransfer: carry a class half way round a ring (Di Giovanni et al. 2023)."""

import dataclasses
from typing import Annotated, ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Whole


@dataclasses.dataclass(frozen=True)
class RingTransfer(DataSource):
    """The label of node 0 of a ring is the class that the opposite node holds.

    Node column "feat" is that class as a one-hot vector at node `size // 2`, zeros at node 0, which
    is the only target, and ones elsewhere, as in the authors' code (lrnzgiusti/on-oversquashing). A
    model must carry it over size // 2 steps; one that does not guesses one of `classes`. The graphs
    of a class are equal, so that train, valid and test hold the same few graphs: the task tells
    whether a model can learn this at all, not whether it generalises.

    Classes follow one another from graph to graph. In the authors' code they come in blocks, and
    whole numbers of graphs beyond the last block are an error there.

    Attributes:
      size: nodes of the ring.
      classes: number of classes, which is also the width of the column.
      train_count, test_count: numbers of graphs; valid has as many as test.
      crosses: also join node i to the nodes opposite to it and to the next but one of these, as
        `add_crosses` does: edges across the ring that shorten no way between its two ends.
    """

    size: Annotated[int, Whole(4, 2**14)] = 10
    classes: Annotated[int, Whole(2, 2**10)] = 5
    train_count: Annotated[int, Whole(1, 2**24)] = 5_000
    test_count: Annotated[int, Whole(1, 2**24)] = 500
    crosses: bool = False

    splits: ClassVar[tuple[str, ...]] = ("given",)

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", self.classes)

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(feat=Continuous(self.classes)), label=self.label)

    def load(self) -> Dataset:
        counts = np.array([self.train_count, self.test_count, self.test_count])
        total, split = counts.sum(), np.repeat([0, 1, 2], counts)
        label = (np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)) % self.classes
        feat = np.ones((total, self.size, self.classes), np.float32)
        feat[:, 0] = 0
        feat[:, self.size // 2] = np.eye(self.classes, dtype=np.float32)[label]
        ends = ring(self.size, self.crosses)
        dataset = Dataset.from_columns(
            nodes=dict(feat=feat.reshape(-1, self.classes)),
            node_ptr=np.arange(total + 1) * self.size,
            edge_ptr=np.arange(total + 1) * ends.shape[1],
            senders=np.tile(ends[0], total),
            receivers=np.tile(ends[1], total),
            spec=self.declared_spec().replace(label=None),
        )
        first = np.arange(total) * self.size
        return dataset.with_targets("node", first, label, split, label=self.label)


def ring(size: int, crosses: bool) -> np.ndarray:
    """Edges of a ring both ways, and those across it, each once; int64 [2, edges]."""
    pairs = {(node, (node + 1) % size) for node in range(size)}
    if crosses:
        pairs |= {(node, size - 1 - node) for node in range(size // 2)}
        pairs |= {(node, size + 1 - node) for node in range(2, size // 2)}
    both = {pair for one, other in pairs for pair in ((one, other), (other, one)) if one != other}
    return np.array(sorted(both)).T
