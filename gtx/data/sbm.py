"""Stochastic block models with a label at each node: CLUSTER and PATTERN (Dwivedi et al. 2020).

Drawn here from the description in the paper; these are not the published files. Graph i
depends on the seed and on i alone.
"""

import numpy as np

from gtx.data import exact
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label

_FRACTIONS = (10 / 12, 1 / 12, 1 / 12)  # of 12,000 in the paper


def cluster(
    num_graphs: int = 12_000,
    *,
    seed: int,
    num_communities: int = 6,
    sizes: tuple[int, int] = (5, 35),
    inside: float = 0.55,
    across: float = 0.25,
) -> Dataset:
    """Find the communities of a graph when one node of each is known.

    Node column "type" is 1 + its community at one random node of each and 0 elsewhere; the label
    is the community.

    Args:
      num_graphs: parts are 10:1:1.
      seed: of everything.
      num_communities: blocks of a graph.
      sizes: least and largest number of nodes in a block, uniform.
      inside, across: probability of an edge in a block and between blocks.

    Raises:
      DatasetError: a number is out of its range.
    """
    _check(num_graphs, seed, num_communities, sizes, inside, across)
    nodes, labels, edges, counts = [], [], [], []
    for number in range(num_graphs):
        rng = np.random.default_rng((seed, number))
        blocks = rng.integers(sizes[0], sizes[1] + 1, num_communities)
        block = rng.permutation(np.repeat(np.arange(num_communities), blocks))
        chance = np.where(block[:, None] == block[None, :], inside, across)
        feature = np.zeros(len(block), np.int32)
        for community in range(num_communities):
            feature[rng.choice(np.nonzero(block == community)[0])] = community + 1
        nodes.append(feature)
        labels.append(block)
        edges.append(_edges(chance, rng))
        counts.append(len(block))
    return _dataset(nodes, labels, edges, counts, num_communities + 1, num_communities)


def pattern(
    num_graphs: int = 12_000,
    *,
    seed: int,
    num_communities: int = 5,
    sizes: tuple[int, int] = (5, 35),
    inside: float = 0.5,
    across: float = 0.35,
    pattern_size: int = 20,
    num_patterns: int = 100,
) -> Dataset:
    """Find the nodes of a pattern that is planted in a block model.

    One of `num_patterns` fixed random graphs (edge probability 0.5) joins the graph, each of its
    nodes linked to each other node with probability 0.5. Node column "type" is 0, 1 or 2 at
    random, fixed in the patterns; the label is 1 in the pattern and 0 elsewhere.

    Args:
      num_graphs: parts are 10:1:1.
      seed: of everything.
      num_communities, sizes, inside, across: of the background, as in `cluster`.
      pattern_size: nodes of a pattern.
      num_patterns: how many there are.

    Raises:
      DatasetError: a number is out of its range.
    """
    _check(num_graphs, seed, num_communities, sizes, inside, across)
    exact.count(pattern_size, "sbm: pattern_size")
    exact.count(num_patterns, "sbm: num_patterns")
    rng = np.random.default_rng(seed)
    wired = [_upper(np.full((pattern_size,) * 2, 0.5), rng) for _ in range(num_patterns)]
    signals = rng.integers(0, 3, (num_patterns, pattern_size), dtype=np.int32)
    nodes, labels, edges, counts = [], [], [], []
    for number in range(num_graphs):
        rng = np.random.default_rng((seed, number))
        blocks = rng.integers(sizes[0], sizes[1] + 1, num_communities)
        block = np.repeat(np.arange(num_communities), blocks)
        background, total = len(block), len(block) + pattern_size
        chance = np.full((total, total), 0.5)
        chance[:background, :background] = np.where(
            block[:, None] == block[None, :], inside, across
        )
        which = rng.integers(num_patterns)
        linked = _upper(chance, rng)
        linked[background:, background:] = wired[which]
        order = rng.permutation(total)
        feature = np.concatenate([rng.integers(0, 3, background, dtype=np.int32), signals[which]])
        nodes.append(feature[order])
        labels.append((np.arange(total) >= background).astype(np.int32)[order])
        edges.append(_both_ways((linked | linked.T)[np.ix_(order, order)]))
        counts.append(total)
    return _dataset(nodes, labels, edges, counts, 3, 2)


def _check(
    num_graphs: int,
    seed: int,
    num_communities: int,
    sizes: tuple[int, int],
    inside: float,
    across: float,
) -> None:
    exact.count(num_graphs, "sbm: num_graphs")
    exact.count(seed, "sbm: seed", low=0, high=2**63)
    exact.count(num_communities, "sbm: num_communities")
    if len(sizes) != 2:
        raise exact.DatasetError(f"sbm: sizes is {sizes}. Give the least and the largest.")
    least = exact.count(sizes[0], "sbm: sizes[0]")
    exact.count(sizes[1], "sbm: sizes[1]", low=least)
    exact.fraction(inside, "sbm: inside")
    exact.fraction(across, "sbm: across")


def _upper(chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Edges above the diagonal, each with its own probability."""
    return np.triu(rng.random(chance.shape) < chance, 1)


def _both_ways(linked: np.ndarray) -> np.ndarray:
    receivers, senders = np.nonzero(linked)
    return np.stack([senders, receivers])


def _edges(chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    linked = _upper(chance, rng)
    return _both_ways(linked | linked.T)


def _dataset(
    nodes: list[np.ndarray],
    labels: list[np.ndarray],
    edges: list[np.ndarray],
    counts: list[int],
    num_types: int,
    num_classes: int,
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
        spec=GraphSpec(
            nodes=dict(type=Categorical((num_types,))),
            label=Label("node", "multiclass", num_classes),
        ),
    )
