"""One large graph, drawn: classes of nodes, of which neighbours tell more than features."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Count, Probability, Seed, Width


@dataclasses.dataclass(frozen=True)
class LargeGraph(DataSource):
    """A graph of any size, such as a million nodes and ten million edges, made in seconds.

    The class of a node is drawn uniformly. Its column "feat" is the centre of its class plus
    normal noise. One end of an edge is drawn in proportion to weights with the tail of a power law
    (Pareto, exponent 3 of the density), so that there are hubs. The other end is drawn from the
    class of the first with the probability `same_class`, and otherwise from all nodes. Every edge
    is there in both directions; loops and repeated edges occur. Half of the nodes are in train, a
    quarter in valid and a quarter in test.

    Attributes:
      num_nodes: number of nodes.
      num_edges: number of directed edges; an even number.
      num_classes: number of classes.
      dim: number of features.
      noise: standard deviation of the noise; centres have one of 1.
      same_class: see above.
      split_seed: seed of everything that is drawn.
    """

    num_nodes: Count = 1_000_000
    num_edges: Count = 10_000_000
    num_classes: Width = 16
    dim: Width = 32
    noise: float = 4.0
    same_class: Probability = 0.6
    split_seed: Seed = 0

    splits: ClassVar[tuple[str, ...]] = ("given", "random")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_edges % 2 or self.num_nodes < self.num_classes or self.num_classes < 2:
            raise DatasetError(
                f"LargeGraph: {self.num_edges} edges between {self.num_nodes} nodes of "
                f"{self.num_classes} classes. Give an even number of edges, and at least two "
                "classes and a node for each."
            )

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", self.num_classes)

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(feat=Continuous(self.dim)), label=self.label)

    def load(self) -> Dataset:
        rng = np.random.default_rng(self.split_seed)
        count, pairs = self.num_nodes, self.num_edges // 2
        # Every class has a node, so that an edge can always find one of its class.
        classes = np.arange(count, dtype=np.int32) % self.num_classes
        rng.shuffle(classes)
        centres = rng.normal(size=(self.num_classes, self.dim)).astype(np.float32)
        feat = rng.standard_normal((count, self.dim), np.float32)
        feat *= np.float32(self.noise)
        feat += centres[classes]

        weights = np.cumsum((1 - rng.random(count)) ** -0.5)
        one = np.searchsorted(weights, rng.random(pairs) * weights[-1])
        one = np.minimum(one, count - 1)  # rounding may reach the sum of all weights
        members = np.argsort(classes, kind="stable")
        first = offsets(np.bincount(classes, minlength=self.num_classes))
        alike = (rng.random(pairs) * np.diff(first)[classes[one]]).astype(np.int64)
        alike = members[first[classes[one]] + alike]
        two = np.where(rng.random(pairs) < self.same_class, alike, rng.integers(0, count, pairs))
        return Dataset.from_columns(
            node_ptr=[0, count],
            edge_ptr=[0, self.num_edges],
            senders=np.concatenate([one, two]),
            receivers=np.concatenate([two, one]),
            nodes=dict(feat=feat),
            labels=classes,
            spec=self.declared_spec(),
            split=rng.choice([0, 0, 1, 2], count).astype(np.int8),
        )
