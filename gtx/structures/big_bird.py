"""The edges of BigBird: neighbours in the order of the nodes, a few random ones, and hubs."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import Column, Dataset, DatasetError, exact
from gtx.structures.structure import check_name, check_room, content, own_nodes, with_edges


@dataclasses.dataclass(frozen=True)
class BigBird:
    """Each node hears its neighbours in the order of the data, random nodes, and a few hubs.

    Zaheer et al. (2020): a window of `window` nodes to either side, itself included, `num_random`
    other nodes, and the first `num_global` nodes, which hear all. An edge that several of these
    have is there once. The order of the nodes of a graph decides, as that of words does in the
    paper: renamed nodes get other edges, which no other structure here does.

    In the paper's code the window and the random nodes are blocks of nodes, for speed; here they
    are nodes.

    Attributes:
      window: nodes to either side.
      num_random: random senders for each node, other than itself; one may be drawn twice.
      num_global: hubs.
      seed: of the random edges of all graphs, together with what they are.
      name: of the edge set.
    """

    window: int = 3
    num_random: int = 3
    num_global: int = 2
    seed: int = 0
    name: str = "big_bird"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for field in ("window", "num_random", "num_global"):
            exact.count(getattr(self, field), f"big_bird: {field}", low=0)
        exact.count(self.seed, "big_bird: seed", low=0, high=2**63)
        check_name(self.name)
        if not (self.window or self.num_random or self.num_global):
            raise DatasetError("big_bird: a window, random nodes or hubs are needed, all are 0.")

    def columns(self) -> dict[str, Column]:
        return {}

    def __call__(self, dataset: Dataset) -> Dataset:
        sizes = dataset.num_nodes.astype(np.float64)
        each = 2 * self.window + 1 + self.num_random + 2 * self.num_global
        check_room(dataset, self.name, sizes * np.minimum(sizes, each))
        own, parts = own_nodes(dataset), [np.zeros((3, 0), np.int64)]
        for number in range(len(dataset)):
            nodes = np.nonzero(own[dataset.node_ptr[number] : dataset.node_ptr[number + 1]])[0]
            rng = np.random.default_rng((self.seed, content(dataset, number, len(nodes))))
            senders, receivers = self._edges(len(nodes), rng)
            graph = np.full(len(senders), number)
            parts.append(np.stack([graph, nodes[senders], nodes[receivers]]))
        return with_edges(self, dataset, *np.concatenate(parts, axis=1))

    def _edges(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Senders and receivers among so many nodes, each edge once."""
        node = np.arange(count)
        found = [np.stack([node, node])]
        for step in range(1, min(self.window, count - 1) + 1):
            ahead = np.stack([node[step:], node[:-step]])
            found += [ahead, ahead[::-1]]
        hubs = np.repeat(node[: self.num_global], count)
        to_all = np.stack([hubs, np.tile(node, min(self.num_global, count))])
        found += [to_all, to_all[::-1]]
        if count > 1:
            # Distances around a ring of all nodes, none of them 0.
            distance = rng.integers(1, count, (count, self.num_random))
            senders = (node[:, None] + distance) % count
            found.append(np.stack([senders.reshape(-1), np.repeat(node, self.num_random)]))
        senders, receivers = np.unique(np.concatenate(found, axis=1), axis=1)
        return senders, receivers
