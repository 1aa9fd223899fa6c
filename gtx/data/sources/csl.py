"""CSL: which skip does a circulant graph take? (Murphy et al. 2019; Dwivedi et al. 2020)."""

import dataclasses
from typing import Annotated, ClassVar

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Count, Seed, Whole

NUM_NODES = 41
SKIPS = (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)  # no two of these graphs are isomorphic


@dataclasses.dataclass(frozen=True)
class CSL(DataSource):
    """Renumbered copies of each of ten graphs; node column "type" is 0 everywhere.

    A circular skip link graph is a cycle of 41 nodes of which each is also joined to the node
    `skip` steps on. All are 4-regular, so message passing tells none from another: without
    encodings a model guesses, one class in ten. Drawn here from the description in the paper, with
    the classes and the sizes of the published file but other numberings. Graph i depends on the
    seed and on i alone.

    The label is the place of the skip in SKIPS. The copies of each class are dealt out to the
    folds in turn: fold number `fold` is tested, the next one (the first after the last) is the
    validation part, the others are trained on, 3:1:1 for five folds as in the benchmark.

    Attributes:
      split_seed: of the numberings.
      copies: of each class, graph i being copy i % copies of class i // copies.
      num_folds: at least 3, not more than copies.
      fold: which is tested, from 0.
    """

    split_seed: Seed = 0
    copies: Count = 15
    num_folds: Annotated[int, Whole(3)] = 5
    fold: Annotated[int, Whole(0)] = 0

    label: ClassVar[Label] = Label(
        "graph", "multiclass", len(SKIPS), tuple(f"skip {skip}" for skip in SKIPS)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_folds > self.copies:
            raise DatasetError(
                f"CSL: num_folds is {self.num_folds}, and there are {self.copies} copies of each "
                "graph. Give at most one fold a copy."
            )
        if self.fold >= self.num_folds:
            raise DatasetError(
                f"CSL: there is no fold {self.fold} of num_folds {self.num_folds}. Give an integer "
                f"of at least 0 and below {self.num_folds}."
            )

    def load(self) -> Dataset:
        classes = np.repeat(np.arange(len(SKIPS)), self.copies)
        edges = []
        for number, label in enumerate(classes):
            order = np.random.default_rng((self.split_seed, number)).permutation(NUM_NODES)
            edges.append(order[circulant(NUM_NODES, SKIPS[label])])
        index = np.concatenate(edges, axis=1)
        which = np.tile(np.arange(self.copies) % self.num_folds, len(SKIPS))
        split = np.full(len(classes), SPLITS.index("train"), np.int8)
        split[which == (self.fold + 1) % self.num_folds] = SPLITS.index("valid")
        split[which == self.fold] = SPLITS.index("test")
        count = np.arange(len(classes) + 1)
        return Dataset.from_columns(
            nodes=dict(type=np.zeros(len(classes) * NUM_NODES, np.int32)),
            node_ptr=count * NUM_NODES,
            edge_ptr=count * edges[0].shape[1],
            senders=index[0],
            receivers=index[1],
            labels=classes.astype(np.int32),
            split=split,
            spec=GraphSpec(
                nodes=dict(type=Categorical((1,))),
                label=self.label,
            ),
        )


def circulant(num_nodes: int, skip: int) -> np.ndarray:
    """Senders and receivers [2, edges] of a cycle with skip links, both directions."""
    node = np.arange(num_nodes)
    ahead = np.concatenate([(node + step) % num_nodes for step in (1, skip)])
    start = np.tile(node, 2)
    return np.concatenate([[start, ahead], [ahead, start]], axis=1)
