"""Pairs of nodes that are known links, and candidates among which links are ranked. Host, numpy."""

import dataclasses
from typing import Any

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS, offsets
from gtx.data.dataset import Dataset


@dataclasses.dataclass(frozen=True, eq=False)
class KnownLinks:
    """For each node the receivers of its links, sorted.

    Attributes:
      ptr: int64 [nodes + 1], the first link of each node, counted through all graphs.
      receivers: int64 [links], numbers of nodes of the whole dataset, rising for each sender.
    """

    ptr: np.ndarray
    receivers: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset, *, edges: bool = True) -> "KnownLinks":
        """The positive pairs of a dataset, of all its parts, and the edges of its graphs.

        Where every edge occurs in both directions, so does every link.

        Args:
          dataset: its targets are pairs with one yes-or-no label.
          edges: whether the edges of the graphs are links too.
        """
        check_links(dataset)
        table = dataset.targets
        assert table.labels is not None
        num_nodes = int(dataset.node_ptr[-1])
        start = np.repeat(dataset.node_ptr[:-1], dataset.num_edges)
        given = np.stack([dataset.senders + start, dataset.receivers + start], axis=1)
        codes = np.unique(given[:, 0] * num_nodes + given[:, 1])
        both_ways = np.array_equal(codes, np.unique(given[:, 1] * num_nodes + given[:, 0]))
        links = table.index[table.labels[:, 0] == 1]
        if both_ways:
            links = np.concatenate([links, links[:, ::-1]])
        pairs = np.concatenate([links, given]) if edges else links
        codes = np.unique(pairs[:, 0] * num_nodes + pairs[:, 1])
        senders, receivers = np.divmod(codes, max(num_nodes, 1))
        return cls(offsets(np.bincount(senders, minlength=num_nodes)), receivers)

    def receivers_of(self, sender: Any) -> np.ndarray:
        """The receivers of the links of one node, rising."""
        return self.receivers[self.ptr[sender] : self.ptr[sender + 1]]


def check_links(dataset: Dataset) -> None:
    """Raise a DatasetError unless the targets are pairs with one yes-or-no label."""
    table, label = dataset.targets, dataset.spec.label
    if table.level != "pair" or label is None or label.kind != "binary" or table.labels is None:
        found = "no label" if label is None else f"a {label.kind} label"
        raise DatasetError(
            f"dataset: links are pairs with a binary label, and these targets are of level "
            f"{table.level!r} with {found}. Set them with with_targets('pair', ...)."
        )


def with_candidates(
    dataset: Dataset,
    count: int,
    *,
    seed: int = 0,
    parts: tuple[str, ...] = ("valid", "test"),
    edges: bool = True,
) -> Dataset:
    """Replace the negatives of parts by candidates among which each link is ranked.

    For every node that sends a link of a part, receivers in its graph are drawn that are no known
    link of it: no positive of any part and no edge of the graph, nor the node itself. They are the
    negatives of that part. So all links of a node are ranked among the same candidates, and a
    ranking within senders is the filtered one (Bordes et al., 2013). If all candidates are taken
    and edges are none, it is also the extended filtered ranking of PCQM-Contact (Tönshoff et al.,
    2023), where a bond is no contact.

    Args:
      dataset: its targets are pairs with one yes-or-no label, and have a split.
      count: number of candidates for each sender; a node with fewer has all of them.
      seed: of the draw.
      parts: names of the parts whose negatives are replaced.
      edges: whether the edges of the graphs are links too.

    Raises:
      DatasetError: the targets are no links, or a part has no positive.
    """
    check_links(dataset)
    if count < 1:
        raise DatasetError(f"dataset: count is {count}. Give the number of candidates, at least 1.")
    known, table = KnownLinks.of(dataset, edges=edges), dataset.targets
    assert table.labels is not None
    codes = [SPLITS.index(part) for part in parts]
    kept = ~(np.isin(table.split, codes) & (table.labels[:, 0] == 0))
    index, split = [table.index[kept]], [table.split[kept]]
    graph = dataset.target_graph
    for code in codes:
        positive = (table.split == code) & (table.labels[:, 0] == 1)
        if not positive.any():
            raise DatasetError(
                f"dataset: the {SPLITS[code]} part has no links to rank. Leave it out of parts."
            )
        senders, first = np.unique(table.index[positive, 0], return_index=True)
        for sender, own in zip(senders, graph[positive][first], strict=True):
            start, end = map(int, dataset.node_ptr[own : own + 2])
            linked = np.union1d(known.receivers_of(sender), [sender])
            num_free = end - start - len(linked)
            if num_free > count:
                # By part and sender, so that another part does not change the draw.
                rng = np.random.default_rng([seed, code, sender])
                places = np.sort(rng.choice(num_free, count, replace=False))
            else:
                places = np.arange(num_free)
            free = _nodes_at(places, start, linked)
            index.append(np.stack([np.full(len(free), sender), free], axis=1))
            split.append(np.full(len(free), code, np.int8))
    added = sum(map(len, index[1:]))
    labels = np.concatenate([table.labels[kept], np.zeros((added, 1), np.float32)])
    weights = table.weights
    if weights is not None:
        weights = np.concatenate([weights[kept], np.ones(added, np.float32)])
    return dataset.with_targets(
        "pair",
        np.concatenate(index),
        labels,
        np.concatenate(split),
        label=dataset.spec.label,
        weights=weights,
    )


def _nodes_at(places: np.ndarray, start: int, left_out: np.ndarray) -> np.ndarray:
    """The nodes at these places among those from `start` on that are not left out.

    Args:
      places: from 0.
      start: the first node.
      left_out: numbers of nodes from `start` on, rising.
    """
    # Before the k-th node that is left out there are so many others.
    others = left_out - start - np.arange(len(left_out))
    return start + places + np.searchsorted(others, places, side="right")
