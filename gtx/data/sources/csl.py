"""CSL: classify circulant graphs by their skip (Murphy et al. 2019; Dwivedi et al. 2020)."""

import dataclasses
from typing import Annotated, ClassVar

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Count, Seed, Whole

NUM_NODES = 41
SKIPS = (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)  # no two of these graphs are isomorphic


@dataclasses.dataclass(frozen=True)
class CSL(DataSource):
    """Renumbered copies of each of ten graphs; node column "type" is 0 everywhere.

    A circular skip link graph is a cycle of 41 nodes in which each node is also joined to the node
    `skip` steps ahead. All graphs are 4-regular, so that message passing cannot distinguish them:
    without encodings a model only guesses one of ten classes. They are drawn from the description
    in the paper, with the classes and sizes of the published file but other numberings. Graph i
    depends only on the seed and on i.

    The label is the place of the skip in SKIPS. The copies of each class are distributed over the
    folds in turn. Fold number `fold` is test, the next one (after the last, the first) is the
    validation part, and the others are train: 3:1:1 for five folds, as in the benchmark.

    Attributes:
      split_seed: seed of the numberings.
      copies: number of copies of each class; graph i is copy i % copies of class i // copies.
      num_folds: number of folds, at least 3 and at most `copies`.
      fold: number of the test fold, from 0.
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

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(type=Categorical((1,))), label=self.label)

    def published(self) -> Published:
        # 150 graphs of 41 nodes with 164 directed edges each, in five folds.
        parts = (90, 30, 30) if self.num_folds == 5 else None
        sizes = Statistics(150, 6150, 24_600, parts) if self.copies == 15 else None
        return Published(
            files=(),
            statistics=sizes,
            licence="none needed, as it is drawn from its description",
            citation="Murphy et al. (2019), arXiv:1903.02541; Dwivedi et al. (2020), "
            "arXiv:2003.00982",
            page="https://github.com/PurdueMINDS/RelationalPooling",
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
            spec=self.declared_spec(),
        )


def circulant(num_nodes: int, skip: int) -> np.ndarray:
    """Senders and receivers [2, edges] of a cycle with skip links, both directions."""
    node = np.arange(num_nodes)
    ahead = np.concatenate([(node + step) % num_nodes for step in (1, skip)])
    start = np.tile(node, 2)
    return np.concatenate([[start, ahead], [ahead, start]], axis=1)
