"""Who attends to whom: virtual nodes, and edges beyond those of the graph. Dataset to Dataset.

Every maker adds and none takes away: nodes and edges keep their columns, their order and their
numbers. What is new is told by its kind, and holds defined values elsewhere:

* edges["kind"], categorical: a place in EDGE_KINDS.
* nodes["kind"], categorical, where there are virtual nodes: 0 for the graph's own, else which
  virtual node of its graph it is, from 1.
* other categorical columns: a category of its own, added at the end of each vocabulary.
* continuous columns: 0.

Makers read the graph's own nodes and edges alone, so virtual nodes and new edges do not change
what another maker adds, and they join two nodes only where no edge leads that way yet. Columns
that were computed from edges, as encodings, stay as they are; encodings that are applied
afterwards are those of the enlarged graph.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from gtx.data import exact, expanders
from gtx.data.check import DatasetError
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, Column
from gtx.data.targets import TargetTable

EDGE_KINDS = (
    "original",
    "self_loop",
    "to_virtual",
    "from_virtual",
    "k_hop",
    "complete",
    "expander",
)
# Senders and receivers of so many edges take 2 GiB.
MAX_EDGES = 2**28

_LOG = logging.getLogger(__name__)


def self_loops(dataset: Dataset) -> Dataset:
    """An edge from each node to itself, virtual nodes too, unless it has one already."""
    dataset = _with_kinds(dataset)
    graph = np.repeat(np.arange(len(dataset)), dataset.num_nodes)
    node = np.arange(len(graph)) - dataset.node_ptr[graph]
    return _join(dataset, "self_loop", graph, node, node)


def virtual_nodes(dataset: Dataset, num_nodes: int = 1) -> Dataset:
    """Nodes that are joined to every node of their graph, in both directions.

    Gilmer et al. (2017); several of them in Exphormer (Shirzad et al., 2023). They stand behind
    the graph's own nodes, are not joined to each other, and are told apart by nodes["kind"]
    only. (Exphormer also embeds the edges of each virtual node apart; here edges have two
    kinds, to a virtual node and from one.) They are no targets. A
    readout takes virtual nodes for nodes; `gtx.nn.Pool(virtual_nodes=False)` leaves them out.

    Raises:
      DatasetError: there are pair columns, which have no rows for the new pairs.
    """
    exact.count(num_nodes, "virtual_nodes: num_nodes")
    if dataset.pairs:
        raise DatasetError(
            f"virtual_nodes: the pair columns {sorted(dataset.pairs)} have no rows for pairs with "
            "a virtual node. Add virtual nodes first and apply pair encodings afterwards."
        )
    _check_room(dataset, "virtual_nodes", 2.0 * num_nodes * dataset.num_nodes)
    dataset = _with_kinds(dataset)
    own = own_nodes(dataset)
    if "kind" not in dataset.nodes:
        kinds = np.zeros(dataset.node_ptr[-1], np.int32)
        dataset = dataset.with_columns("node", dict(kind=kinds), dict(kind=Categorical((1,))))
    (first,) = dataset.spec.nodes["kind"].sizes  # type: ignore[union-attr]

    old = np.repeat(np.arange(len(dataset)), dataset.num_nodes)
    new = np.repeat(np.arange(len(dataset)), num_nodes)
    order = np.argsort(np.concatenate([old, new]), kind="stable")
    which = np.tile(np.arange(num_nodes), len(dataset))
    columns, spec = _lengthen(dataset.nodes, dataset.spec.nodes, len(new))
    columns["kind"][len(old) :, 0] = first + which
    spec["kind"] = Categorical((first + num_nodes,))
    larger = dataclasses.replace(
        dataset,
        nodes={name: array[order] for name, array in columns.items()},
        node_ptr=offsets(dataset.num_nodes + num_nodes),
        targets=_moved(dataset, order, "node", "pair"),
        spec=dataset.spec.replace(nodes=spec),
    )
    # One edge for each of the graph's own nodes and each of its new ones.
    graph = np.repeat(old[own], num_nodes)
    node = np.repeat((np.arange(len(old)) - dataset.node_ptr[old])[own], num_nodes)
    virtual = dataset.num_nodes[graph] + np.tile(np.arange(num_nodes), int(own.sum()))
    graph = np.concatenate([graph, graph])
    senders, receivers = np.concatenate([node, virtual]), np.concatenate([virtual, node])
    kinds = np.repeat(["to_virtual", "from_virtual"], len(node))
    return _join(larger, kinds, graph, senders, receivers)


def k_hop(dataset: Dataset, hops: int) -> Dataset:
    """Edges from each node to all that a walk of at most `hops` edges reaches.

    The categorical column edges["hop"] is the number of edges of the shortest walk from the
    sender to the receiver: 0 at self-loops, 1 at the graph's other edges, up to `hops`; and
    hops + 1 at edges that no such walk takes, as those of a virtual node.
    """
    exact.count(hops, "k_hop: hops", high=exact.INT32_MAX - 2)
    if "hop" in dataset.edges:
        raise DatasetError(
            "k_hop: edges have a column 'hop' already. Start from the dataset without it."
        )
    dataset = _with_kinds(dataset)
    pairs, distance = _distances(dataset, hops)
    graph, senders, receivers = _from_pairs(dataset, pairs[distance > 0])
    dataset = _join(dataset, "k_hop", graph, senders, receivers)
    edges = _pairs(dataset, _edge_graph(dataset), dataset.senders, dataset.receivers)
    order = np.argsort(pairs)
    # An edge has nodes, each of which stands at distance 0 of itself: there are pairs.
    place = np.minimum(np.searchsorted(pairs, edges, sorter=order), max(len(pairs) - 1, 0))
    found = order[place]
    hop = np.where(pairs[found] == edges, distance[found], hops + 1).astype(np.int32)
    return dataset.with_columns("edge", dict(hop=hop), dict(hop=Categorical((hops + 2,))))


def complete(dataset: Dataset, *, loops: bool = False) -> Dataset:
    """An edge from each node to each other node, and to itself with `loops`.

    Attention over all pairs needs no edges; this is for layers that read edges.
    """
    dataset = _with_kinds(dataset)
    own = own_nodes(dataset)
    graph = np.repeat(np.arange(len(dataset)), dataset.num_nodes)[own]
    sizes = np.bincount(graph, minlength=len(dataset))
    _check_room(dataset, "complete", sizes**2)
    # For each of its own nodes as a receiver, all of them as senders.
    receivers = (np.nonzero(own)[0] - dataset.node_ptr[graph]).astype(np.int64)
    starts = offsets(sizes)
    count = sizes[graph]
    rows = np.repeat(starts[graph] - offsets(count)[:-1], count) + np.arange(count.sum())
    graph, senders = np.repeat(graph, count), receivers[rows]
    receivers = np.repeat(receivers, count)
    if not loops:
        other = senders != receivers
        graph, senders, receivers = graph[other], senders[other], receivers[other]
    return _join(dataset, "complete", graph, senders, receivers)


def expander(
    dataset: Dataset,
    degree: int = 6,
    *,
    method: expanders.Method = "permutations",
    seed: int = 0,
    max_tries: int = 100,
) -> Dataset:
    """A random graph of `degree` neighbours over each graph's nodes, with a wide spectral gap.

    Exphormer (Shirzad et al., 2023): few edges, and yet any two nodes are a few steps apart.
    "permutations" joins each i with p(i) for degree / 2 random permutations p (Random-d in its
    code), "hamiltonian" draws degree / 2 random cycles through all nodes. As in that code a
    draw whose second smallest Laplacian eigenvalue is below degree - 2 sqrt(degree - 1) - 0.1
    is drawn again, the best of `max_tries` is taken if none is above (here with a warning), and
    graphs of up to ten nodes are joined completely (here up to degree + 1 as well).

    Where it differs from Exphormer's code:
      - `degree` is the number of neighbours, twice that of `prep.exp_deg`;
      - each graph's draw follows from `seed`, its nodes and its edges, so that it is the same in
        every dataset, at prediction too; there nothing seeds the generator;
      - loops and repeated edges of the draw are left out; there they stay, as the list without
        loops is made and not stored. A node that drew one has fewer neighbours;
      - no edge is added where the graph has one, which there counts twice in attention;
      - loops do not count in the eigenvalue, and a graph in pieces is drawn again: with
        degree 2 it passes the test there, and one permutation is rarely one cycle;
      - Random-d-2, a shuffle of all half-edges, is left out.

    Args:
      degree: even.
      method: "permutations" or "hamiltonian".
      seed: of all graphs, together with what they are.
      max_tries: draws for a graph.
    """
    exact.count(degree, "expander: degree", low=-exact.INT32_MAX)
    if degree < 2 or degree % 2:
        raise DatasetError(f"expander: degree must be even and at least 2, got {degree}.")
    if method not in ("permutations", "hamiltonian"):
        raise DatasetError(
            f"expander: method must be 'permutations' or 'hamiltonian', got {method!r}."
        )
    exact.count(max_tries, "expander: max_tries")
    exact.count(seed, "expander: seed", low=0, high=2**63)
    dataset = _with_kinds(dataset)
    own = own_nodes(dataset)
    parts, poor = [np.zeros((3, 0), np.int64)], []
    for number in range(len(dataset)):
        nodes = np.nonzero(own[dataset.node_ptr[number] : dataset.node_ptr[number + 1]])[0]
        rng = np.random.default_rng((seed, _content(dataset, number, len(nodes))))
        senders, receivers, good = expanders.expander(len(nodes), degree, method, rng, max_tries)
        if not good:
            poor.append(number)
        graph = np.full(len(senders), number)
        parts.append(np.stack([graph, nodes[senders], nodes[receivers]]))
    if poor:
        _LOG.warning(
            f"{len(poor)} of {len(dataset)} expanders, the first that of graph "
            f"{dataset.ids[poor[0]]}, have too narrow a spectral gap or are in pieces after "
            f"{max_tries} tries. Give a larger degree, more tries or another method"
        )
    return _join(dataset, "expander", *np.concatenate(parts, axis=1))


# In the order of `enlarge`.
MAKERS: Mapping[str, Callable[..., Dataset]] = {
    "virtual_nodes": virtual_nodes,
    "self_loops": self_loops,
    "k_hop": k_hop,
    "expander": expander,
    "complete": complete,
}


def enlarge(dataset: Dataset, makers: Mapping[str, Mapping[str, Any]]) -> Dataset:
    """Run the makers that are named, with their settings, in the order of `MAKERS`.

    So loops come to virtual nodes too, and an edge that several would add is the first one's.
    """
    for name, maker in MAKERS.items():
        if name in makers:
            dataset = maker(dataset, **makers[name])
    return dataset


def own_nodes(dataset: Dataset) -> np.ndarray:
    """Which nodes are the graphs' own and not virtual, bool [nodes]."""
    if "kind" in dataset.nodes:
        return dataset.nodes["kind"][:, 0] == 0
    return np.ones(dataset.node_ptr[-1], bool)


def _with_kinds(dataset: Dataset) -> Dataset:
    """The dataset with edges["kind"], all original if no maker has written it yet."""
    column = Categorical((len(EDGE_KINDS),))
    found = dataset.spec.edges.get("kind")
    if found not in (None, column) or (found is None and "kind" in dataset.spec.nodes):
        level = "nodes" if found is None else "edges"
        raise DatasetError(
            f"dataset: {level} have a column 'kind' that no maker of topology wrote. Give it "
            "another name."
        )
    if found is not None:
        return dataset
    return dataset.with_columns(
        "edge", dict(kind=np.zeros(len(dataset.senders), np.int32)), dict(kind=column)
    )


def _content(dataset: Dataset, number: int, num_nodes: int) -> int:
    """A hash of a graph's own nodes and edges, whatever the order of the edges."""
    edges = slice(*dataset.edge_ptr[number : number + 2])
    original = dataset.edges["kind"][edges, 0] == 0
    ends = np.stack([dataset.receivers[edges][original], dataset.senders[edges][original]])
    ends = np.unique(ends, axis=1).astype("<i8")
    digest = hashlib.sha256(ends.tobytes() + str(num_nodes).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def _edge_graph(dataset: Dataset) -> np.ndarray:
    return np.repeat(np.arange(len(dataset)), dataset.num_edges)


def _pairs(
    dataset: Dataset, graph: np.ndarray, senders: np.ndarray, receivers: np.ndarray
) -> np.ndarray:
    """The row of each pair, as in pair columns: a number for comparing edges."""
    return dataset.pair_ptr[graph] + receivers * dataset.num_nodes[graph] + senders


def _from_pairs(dataset: Dataset, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    graph = np.searchsorted(dataset.pair_ptr, pairs, side="right") - 1
    receivers, senders = np.divmod(pairs - dataset.pair_ptr[graph], dataset.num_nodes[graph])
    return graph, senders, receivers


def _distances(dataset: Dataset, hops: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that at most `hops` of the graph's own edges lead across, and how many it takes."""
    total = int(dataset.node_ptr[-1])
    start = dataset.node_ptr[_edge_graph(dataset)]
    own = dataset.edges["kind"][:, 0] == 0
    ends = ((start + dataset.receivers)[own], (start + dataset.senders)[own])
    step = sparse.csr_array((np.ones(len(ends[0]), np.int32), ends), shape=(total, total))
    step.data[:] = 1
    out_degree = np.bincount(step.indices, minlength=total)
    sizes = np.diff(dataset.node_ptr)
    node_graph = np.repeat(np.arange(len(dataset)), sizes)
    frontier = sparse.csr_array(sparse.eye_array(total, dtype=np.int32))
    known, pairs, distance = frontier, [], []
    for hop in range(hops + 1):
        if hop:
            reached = np.diff(frontier.indptr) * out_degree
            reached = np.bincount(node_graph, weights=reached, minlength=len(dataset))
            _check_room(dataset, "k_hop", np.minimum(reached, sizes**2))
            frontier = step @ frontier
            frontier.data[:] = 1
            frontier = frontier - frontier.multiply(known)
            frontier.eliminate_zeros()
            if frontier.nnz == 0:
                break
            known = known + frontier
        receivers, senders = frontier.nonzero()
        graph = node_graph[receivers]
        first = dataset.node_ptr[graph]
        pairs.append(_pairs(dataset, graph, senders - first, receivers - first))
        distance.append(np.full(len(graph), hop, np.int32))
    return np.concatenate(pairs), np.concatenate(distance)


def _check_room(dataset: Dataset, maker: str, count: np.ndarray) -> None:
    if count.sum() > MAX_EDGES:
        worst = int(np.argmax(count))
        raise DatasetError(
            f"{maker}: up to {int(count.sum()):,} edges, {int(count[worst]):,} of them in graph "
            f"{dataset.ids[worst]}, are more than {MAX_EDGES:,}. Use attention over all pairs, "
            "which needs no edges, an expander, fewer hops or smaller graphs."
        )


def _join(
    dataset: Dataset,
    kind: str | np.ndarray,
    graph: np.ndarray,
    senders: np.ndarray,
    receivers: np.ndarray,
) -> Dataset:
    """Add an edge for each of these that is not there yet, all of one kind or of a kind each."""
    there = _pairs(dataset, _edge_graph(dataset), dataset.senders, dataset.receivers)
    pairs, first = np.unique(_pairs(dataset, graph, senders, receivers), return_index=True)
    first = first[~np.isin(pairs, there)]
    graph = np.concatenate([_edge_graph(dataset), graph[first]])
    senders = np.concatenate([dataset.senders, senders[first]]).astype(np.int32)
    receivers = np.concatenate([dataset.receivers, receivers[first]]).astype(np.int32)
    columns, spec = _lengthen(dataset.edges, dataset.spec.edges, len(first))
    names = [kind] * len(first) if isinstance(kind, str) else kind[first]
    columns["kind"][len(there) :, 0] = [EDGE_KINDS.index(name) for name in names]
    spec["kind"] = dataset.spec.edges["kind"]
    # Behind the edges that the receiver has.
    order = np.argsort(dataset.node_ptr[graph] + receivers, kind="stable")
    larger = dataclasses.replace(
        dataset,
        edges={name: array[order] for name, array in columns.items()},
        edge_ptr=offsets(np.bincount(graph, minlength=len(dataset))),
        senders=senders[order],
        receivers=receivers[order],
        targets=_moved(dataset, order, "edge"),
        spec=dataset.spec.replace(edges=spec),
    )
    larger.check()
    return larger


def _moved(dataset: Dataset, order: np.ndarray, *levels: str) -> TargetTable:
    """The same targets after the rows of their level were put in this order."""
    table = dataset.targets
    return table.moved(np.argsort(order)) if table.level in levels else table


def _lengthen(
    columns: Mapping[str, np.ndarray], spec: Mapping[str, Column], count: int
) -> tuple[dict[str, np.ndarray], dict[str, Column]]:
    """Columns with `count` rows more: a new category each, or 0."""
    arrays: dict[str, np.ndarray] = {}
    larger: dict[str, Column] = {}
    for name, column in spec.items():
        fill: np.ndarray = np.zeros(columns[name].shape[1])
        larger[name] = column
        if isinstance(column, Categorical):
            fill = np.array(column.sizes)
            larger[name] = Categorical(tuple(size + 1 for size in column.sizes))
        rows = np.tile(fill, (count, 1)).astype(columns[name].dtype)
        arrays[name] = np.concatenate([columns[name], rows])
    return arrays, larger
