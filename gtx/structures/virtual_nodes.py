"""Virtual nodes: nodes that are joined to every node of their graph."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from gtx.data import Categorical, Column, Dataset, exact
from gtx.data.columns import offsets
from gtx.structures.structure import (
    OF_VIRTUAL,
    check_name,
    check_room,
    node_graph,
    own_nodes,
    with_edges,
)


@dataclasses.dataclass(frozen=True)
class VirtualNodes:
    """Nodes that are joined to every node of their graph, in both directions.

    Gilmer et al. (2017); Exphormer (Shirzad et al., 2023) has several of them. They come after the
    graph's own nodes, are not joined to each other, and have no targets. A readout treats them like
    other nodes; `gtx.nn.Pool(virtual_nodes=False)` leaves them out.

    The categorical column nodes["kind"] marks them: 0 for the graph's own nodes, and 1, 2, ... for
    the virtual nodes of a graph. Every other column of nodes and pairs holds its declared fill
    there: a category of its own, or 0 (see `gtx.data.Categorical`). In a Graphormer the distance
    to a virtual node is therefore a class of its own, as in its code. The distances and degrees of
    the other nodes are those of the graph without virtual nodes.

    The column "kind" of the edge set is 0 for an edge to a virtual node and 1 for an edge from it.
    (Exphormer also has a separate embedding for the edges of each virtual node.)

    Attributes:
      num_nodes: number of virtual nodes of each graph.
      name: name of the edge set.
    """

    num_nodes: int = 1
    name: str = "virtual"

    def __post_init__(self) -> None:
        exact.count(self.num_nodes, "virtual_nodes: num_nodes")
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return OF_VIRTUAL

    def __call__(self, dataset: Dataset) -> Dataset:
        check_room(dataset, self.name, 2.0 * self.num_nodes * dataset.num_nodes)
        own = own_nodes(dataset)
        if "kind" not in dataset.nodes:
            kinds = np.zeros(dataset.node_ptr[-1], np.int32)
            kind: dict[str, Column] = dict(kind=Categorical((1,)))
            dataset = dataset.with_columns("node", dict(kind=kinds), kind)
        old = node_graph(dataset)
        place = np.arange(len(old)) - dataset.node_ptr[old]
        larger = _with_nodes(dataset, self.num_nodes)
        # One edge for each of the graph's own nodes and each of its new ones.
        graph = np.repeat(old[own], self.num_nodes)
        node = np.repeat(place[own], self.num_nodes)
        number = np.tile(np.arange(self.num_nodes), int(own.sum()))
        virtual = dataset.num_nodes[graph] + number
        return with_edges(
            self,
            larger,
            np.concatenate([graph, graph]),
            np.concatenate([node, virtual]),
            np.concatenate([virtual, node]),
            kind=np.repeat([0, 1], len(node)),
        )


def _with_nodes(dataset: Dataset, num_nodes: int) -> Dataset:
    """The dataset with `num_nodes` virtual nodes after those of each graph, without edges."""
    sizes = dataset.spec.nodes["kind"]
    assert isinstance(sizes, Categorical)
    (first,) = sizes.sizes
    # New rows are appended and then sorted by graph. A stable sort puts them last in each graph.
    new = np.repeat(np.arange(len(dataset)), num_nodes)
    order = np.argsort(np.concatenate([node_graph(dataset), new]), kind="stable")
    nodes, spec = _extended(dataset.nodes, dataset.spec.nodes, len(new), order)
    which = np.tile(np.arange(num_nodes), len(dataset))
    kind = np.concatenate([dataset.nodes["kind"][:, 0], first + which])[order]
    nodes["kind"], spec["kind"] = kind[:, None].astype(np.int32), Categorical((first + num_nodes,))

    targets = dataset.targets
    if targets.level in ("node", "pair"):
        targets = targets.moved(np.argsort(order))
    pairs, pairs_spec = _with_pairs(dataset, num_nodes)
    return dataclasses.replace(
        dataset,
        nodes=nodes,
        pairs=pairs,
        node_ptr=offsets(dataset.num_nodes + num_nodes),
        targets=targets,
        spec=dataset.spec.replace(nodes=spec, pairs=pairs_spec),
    )


def _with_pairs(
    dataset: Dataset, num_nodes: int
) -> tuple[dict[str, np.ndarray], dict[str, Column]]:
    """The pair columns, with new rows for the pairs that contain a virtual node."""
    if not dataset.pairs:
        return {}, {}
    before, after = dataset.num_nodes, dataset.num_nodes + num_nodes
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
