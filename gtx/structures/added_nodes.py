"""More nodes in each graph of a dataset, for structures that need them."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from gtx.data import Categorical, Column, Dataset
from gtx.data.columns import offsets
from gtx.structures.structure import node_graph


def with_nodes(dataset: Dataset, count: np.ndarray, kinds: np.ndarray, num_kinds: int) -> Dataset:
    """The dataset with new nodes after those of each graph, without edges.

    Args:
      dataset: the graphs. Without a column nodes["kind"] they get one, 0 at all nodes.
      count: int [graphs], how many new nodes each graph gets.
      kinds: int [new nodes], in [0, num_kinds), graph by graph. In the column "kind" they come
        after the kinds that are there.
      num_kinds: how many new kinds there are.
    """
    if "kind" not in dataset.nodes:
        zeros = np.zeros((dataset.node_ptr[-1], 1), np.int32)
        dataset = dataset.with_columns("node", dict(kind=zeros), dict(kind=Categorical((1,))))
    sizes = dataset.spec.nodes["kind"]
    assert isinstance(sizes, Categorical)
    (first,) = sizes.sizes
    # New rows are appended and then sorted by graph. A stable sort puts them last in each graph.
    new = np.repeat(np.arange(len(dataset)), count)
    order = np.argsort(np.concatenate([node_graph(dataset), new]), kind="stable")
    nodes, spec = _extended(dataset.nodes, dataset.spec.nodes, len(new), order)
    kind = np.concatenate([dataset.nodes["kind"][:, 0], first + kinds])[order]
    nodes["kind"], spec["kind"] = kind[:, None].astype(np.int32), Categorical((first + num_kinds,))

    targets = dataset.targets
    if targets.level in ("node", "pair"):
        targets = targets.moved(np.argsort(order))
    pairs, pairs_spec = _with_pairs(dataset, count)
    return dataclasses.replace(
        dataset,
        nodes=nodes,
        pairs=pairs,
        node_ptr=offsets(dataset.num_nodes + count),
        targets=targets,
        spec=dataset.spec.replace(nodes=spec, pairs=pairs_spec),
    )


def _with_pairs(
    dataset: Dataset, count: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, Column]]:
    """The pair columns, with new rows for the pairs that contain a new node."""
    if not dataset.pairs:
        return {}, {}
    before, after = dataset.num_nodes, dataset.num_nodes + count
    # The position of each pair of the graph's own nodes among the pairs of the larger graph.
    graph = np.repeat(np.arange(len(dataset)), before**2)
    place = np.arange(len(graph)) - dataset.pair_ptr[graph]
    receiver, sender = np.divmod(place, before[graph])
    total = offsets(after**2)
    kept = total[graph] + receiver * after[graph] + sender
    # The rows that stay -1 are new pairs. They take the appended rows in their order.
    order = np.full(total[-1], -1)
    order[kept] = np.arange(len(kept))
    is_new = order < 0
    order[is_new] = len(kept) + np.arange(int(is_new.sum()))
    return _extended(dataset.pairs, dataset.spec.pairs, int(is_new.sum()), order)


def _extended(
    columns: Mapping[str, np.ndarray], spec: Mapping[str, Column], count: int, order: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, Column]]:
    """Columns with `count` further rows that hold the fill; all rows are then put in `order`."""
    extended = {name: spec[name].extended(values, count) for name, values in columns.items()}
    arrays = {name: values[order] for name, (values, _) in extended.items()}
    return arrays, {name: column for name, (_, column) in extended.items()}
