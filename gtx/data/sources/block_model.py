"""The base class of the two stochastic block models (CLUSTER and PATTERN)."""

import dataclasses
from typing import Annotated

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import GraphSpec
from gtx.limits import Probability, Seed, Whole

_FRACTIONS = (10 / 12, 1 / 12, 1 / 12)  # of 12,000 in the paper
Size = Annotated[int, Whole(1, 2**16)]
Graphs = Annotated[int, Whole(1, 2**24)]


@dataclasses.dataclass(frozen=True)
class BlockModel(DataSource):
    """Graphs of communities with a label at each node (Dwivedi et al. 2020).

    They are drawn from the description in the paper; these are not the published files. Graph i
    depends only on the seed and on i.

    Attributes:
      num_graphs: number of graphs of all parts, which have the proportions 10:1:1.
      split_seed: seed of everything that is drawn.
      num_communities: number of blocks of a graph.
      min_size: smallest number of nodes in a block; sizes are uniform up to `max_size`.
      max_size: largest number of nodes in a block.
      inside: probability of an edge within a block.
      across: probability of an edge between blocks.
    """

    num_graphs: Graphs = 12_000
    split_seed: Seed = 0
    num_communities: Size = 5
    min_size: Size = 5
    max_size: Size = 35
    inside: Probability = 0.5
    across: Probability = 0.35

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_size > self.max_size:
            raise DatasetError(
                f"{type(self).__name__}: min_size {self.min_size} exceeds max_size "
                f"{self.max_size}. Give at most that."
            )

    def sizes(self, rng: np.random.Generator) -> np.ndarray:
        """The number of nodes in each block of one graph."""
        return rng.integers(self.min_size, self.max_size + 1, self.num_communities)

    def chances(self, block: np.ndarray) -> np.ndarray:
        """The probability of an edge between each two nodes, from their blocks."""
        return np.where(block[:, None] == block[None, :], self.inside, self.across)


def upper(chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Edges above the diagonal, each with its own probability."""
    return np.triu(rng.random(chance.shape) < chance, 1)


def both_ways(linked: np.ndarray) -> np.ndarray:
    receivers, senders = np.nonzero(linked)
    return np.stack([senders, receivers])


def dataset_of(
    nodes: list[np.ndarray],
    labels: list[np.ndarray],
    edges: list[np.ndarray],
    counts: list[int],
    spec: GraphSpec,
) -> Dataset:
    index = np.concatenate([np.zeros((2, 0), np.int64), *edges], axis=1)
    train = round(len(counts) * _FRACTIONS[0])
    valid = round(len(counts) * _FRACTIONS[1])
    split = np.repeat([0, 1, 2], [train, valid, len(counts) - train - valid])
    return Dataset.from_columns(
        nodes=dict(type=np.concatenate([np.zeros(0, np.int32), *nodes])),
        node_ptr=offsets(counts),
        edge_ptr=offsets([part.shape[1] for part in edges]),
        senders=index[0],
        receivers=index[1],
        labels=np.concatenate([np.zeros(0, np.int32), *labels]),
        split=split,
        spec=spec,
    )
