"""Tree-neighbours-match: a root looks a key up among the leaves (Alon and Yahav 2021)."""

import dataclasses
import math
from typing import Annotated, ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Real, Seed, Whole


@dataclasses.dataclass(frozen=True)
class TreeNeighboursMatch(DataSource):
    """A full binary tree whose leaves hold the keys 1 to 2^depth and a random order of values.

    The root holds one of the keys, and its label, the only target of a graph, is the value at the
    leaf with that key. Edges lead from children to parents, so that the tree squeezes all leaves
    into the root. Node columns "key" and "value" are 0 where a node has none. The label is the
    value less 1.

    As in the authors' code (tech-srl/bottleneck), min(1000, (2^depth)!) orders, for a depth above 3
    at most 32,000 / 2^depth, are drawn, each is asked for every key, and `train_fraction` of each
    class is for training. There the rest serves as validation and test at once; here it is halved.
    Their graphs have self-loops too, which a model here adds as `structures.self_loops` where it
    wants them. Up to depth 3 all orders differ; beyond, each is drawn on its own, as there.

    Attributes:
      depth: steps from a leaf to the root.
      train_fraction: share of the graphs of each class in train.
      split_seed: seed of orders and parts.
    """

    depth: Annotated[int, Whole(2, 13)] = 3
    train_fraction: Annotated[float, Real(above=0.0, below=1.0)] = 0.8
    split_seed: Seed = 0

    splits: ClassVar[tuple[str, ...]] = ("given",)

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", 2**self.depth)

    def declared_spec(self) -> GraphSpec:
        held = Categorical((2**self.depth + 1,))
        return GraphSpec(nodes=dict(key=held, value=held), label=self.label)

    def load(self) -> Dataset:
        leaves = 2**self.depth
        rng = np.random.default_rng(self.split_seed)
        orders = permutations(self.depth, rng)
        total, nodes = len(orders) * leaves, 2 * leaves - 1
        # Nodes in the order of a heap: the children of i are 2 i + 1 and 2 i + 2.
        key = np.zeros((total, nodes), np.int32)
        value = np.zeros((total, nodes), np.int32)
        asked = np.tile(np.arange(1, leaves + 1, dtype=np.int32), len(orders))
        key[:, leaves - 1 :] = np.arange(1, leaves + 1)
        key[:, 0] = asked
        value[:, leaves - 1 :] = np.repeat(orders + 1, leaves, axis=0)
        label = value[np.arange(total), leaves - 2 + asked] - 1
        child = np.arange(1, nodes)
        dataset = Dataset.from_columns(
            nodes=dict(key=key.reshape(-1, 1), value=value.reshape(-1, 1)),
            node_ptr=np.arange(total + 1) * nodes,
            edge_ptr=np.arange(total + 1) * (nodes - 1),
            senders=np.tile(child, total),
            receivers=np.tile((child - 1) // 2, total),
            spec=self.declared_spec().replace(label=None),
        )
        split = parts(label, leaves, self.train_fraction, rng)
        root = np.arange(total) * nodes
        return dataset.with_targets("node", root, label, split, label=self.label)


def permutations(depth: int, rng: np.random.Generator) -> np.ndarray:
    """The orders of 0 to 2^depth - 1 that graphs have, int32 [orders, leaves]."""
    leaves = 2**depth
    count = min(1000, math.factorial(leaves))
    if depth > 3:
        count = min(count, 32_000 // leaves)
        return np.stack([rng.permutation(leaves) for _ in range(count)]).astype(np.int32)
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        found[tuple(rng.permutation(leaves).tolist())] = None
    return np.array(list(found), np.int32)


def parts(label: np.ndarray, classes: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Places in SPLITS: `share` of each class in train, the rest halved, int8 [graphs]."""
    split = np.full(len(label), 2, np.int8)
    for each in range(classes):
        rows = rng.permutation(np.flatnonzero(label == each))
        train = round(share * len(rows))
        split[rows[:train]] = 0
        split[rows[train : train + (len(rows) - train + 1) // 2]] = 1
    return split
