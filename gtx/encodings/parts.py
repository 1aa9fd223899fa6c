"""The work on a dataset in parts: whatever finishes a part, here or in a worker, does the same."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import threadpoolctl

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, Continuous
from gtx.encodings.base import (
    MAX_NODES,
    Encoding,
    EncodingError,
    Joinable,
    Key,
    Rounded,
    Scalable,
    storage,
)

# Above this, an encoding that can works on the sparse matrix of a sparse graph.
DENSE_NODES = 1024
_SPARSE_SHARE = 1 / 100  # edges / pairs of nodes
# The same for `Encoding.union`: there small graphs need not be as sparse.
_UNION_SHARE = 1 / 7
# Pairs of nodes of one chunk of graphs: few enough for its matrices, or for the edges of a
# union, to stay in a processor's cache.
CHUNK_ENTRIES, UNION_ENTRIES = 2**15, 2**20
# Numbers of pairs that one chunk makes at most: they are still in the cache when they are copied.
_CHUNK_VALUES = 2**19
# Work of one part, in units of n^3, and a constant per graph: about a second.
_PART_WORK, _GRAPH_WORK = 10**9, 5000


class Topology(NamedTuple):
    """The edges of some graphs, and what messages call these; weights of None count them."""

    ids: np.ndarray
    n_node: np.ndarray
    n_edge: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray | None = None


def plan(dataset: Dataset) -> list[np.ndarray]:
    """The graphs in parts: similar sizes together, each graph above DENSE_NODES alone.

    It depends on the graphs alone, not on how many workers there are.
    """
    n_node = dataset.num_nodes
    order = np.argsort(n_node, kind="stable")
    small = order[: np.searchsorted(n_node[order], DENSE_NODES, side="right")]
    work = np.cumsum(n_node[small] ** 3 + _GRAPH_WORK)
    cuts = np.nonzero(np.diff(work // _PART_WORK))[0] + 1
    parts = np.split(small, cuts) if len(small) else []
    return parts + [order[place : place + 1] for place in range(len(small), len(order))]


def topology(dataset: Dataset, graphs: np.ndarray, weights: np.ndarray | None = None) -> Topology:
    """The edges of these graphs, one graph after the other; `weights` are those of all edges."""
    n_edge = dataset.num_edges[graphs]
    place = offsets(n_edge)
    rows = np.repeat(dataset.edge_ptr[graphs] - place[:-1], n_edge) + np.arange(place[-1])
    return Topology(
        ids=dataset.ids[graphs],
        n_node=dataset.num_nodes[graphs],
        n_edge=n_edge,
        senders=dataset.senders[rows],
        receivers=dataset.receivers[rows],
        weights=None if weights is None else weights[rows],
    )


def edge_weights(dataset: Dataset, name: str) -> np.ndarray:
    """The edge column of this name, float64 [edges].

    Raises:
      EncodingError: it is no column of one number, or a number is negative or not finite.
    """
    column = dataset.spec.edges.get(name)
    if column != Continuous(1):
        numbers = [key for key, one in dataset.spec.edges.items() if one == Continuous(1)]
        found = "there is none of this name" if column is None else f"it is {column}"
        raise EncodingError(
            f"weights: the edge column {name!r} must be Continuous(1), but {found}. "
            f"Columns of one number: {numbers}. Add one with Dataset.with_columns('edge', ...)"
        )
    weights = dataset.edges[name][:, 0].astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        edge = int(wrong[0])
        graph = int(np.searchsorted(dataset.edge_ptr, edge, side="right")) - 1
        raise EncodingError(
            f"graph {dataset.ids[graph]}: edge column {name!r} has {weights[edge]} at edge "
            f"{edge - dataset.edge_ptr[graph]}. Weights are finite and not negative: mend them, "
            "or count edges by leaving out weights"
        )
    return weights


def compute(encoding: Encoding, part: Topology) -> dict[Key, np.ndarray]:
    """The columns of a part of `plan`, graph after graph."""
    columns = empty(encoding, part.n_node)
    compute_into(columns, encoding, part, np.arange(len(part.n_node)), part.n_node)
    return columns


def compute_into(
    columns: dict[Key, np.ndarray],
    encoding: Encoding,
    part: Topology,
    graphs: np.ndarray,
    n_node: np.ndarray,
) -> None:
    """Write the values of a part into the columns of all graphs.

    Args:
      columns: of all graphs.
      encoding: what to compute.
      part: some of the graphs.
      graphs: the places of these among all.
      n_node: of all graphs.
    """
    pointers = {key: offsets(num_rows(key, n_node)) for key in columns}
    sparse = takes_sparse(encoding, part.n_node, part.n_edge)
    large = np.any((part.n_node > DENSE_NODES) & ~sparse)
    # Only with large dense matrices do threads not get into each other's way.
    with contextlib.nullcontext() if large else threadpoolctl.threadpool_limits(1, "blas"):
        for place, values in _values(encoding, part):
            for key, column in columns.items():
                _check(encoding, key, part.ids[place], part.n_node[place], values[key])
                _write(column, pointers[key], graphs[place], key, values[key])


def scatter(
    columns: dict[Key, np.ndarray],
    part: dict[Key, np.ndarray],
    graphs: np.ndarray,
    n_node: np.ndarray,
) -> None:
    """Write what `compute` gave for some graphs into the columns of all."""
    for key, column in columns.items():
        column[_rows(offsets(num_rows(key, n_node)), graphs)] = part[key]


def _write(
    column: np.ndarray, pointer: np.ndarray, graphs: np.ndarray, key: Key, values: np.ndarray
) -> None:
    if key[0] == "pair":  # many rows of each graph, in whatever order they lie in memory
        for graph, block in zip(graphs, values, strict=True):
            column[pointer[graph] : pointer[graph + 1]].reshape(block.shape)[...] = block
    else:
        column[_rows(pointer, graphs)] = values.reshape(-1, column.shape[1])


def _rows(pointer: np.ndarray, graphs: np.ndarray) -> np.ndarray:
    """Where the rows of these graphs stand in a column."""
    counts = pointer[graphs + 1] - pointer[graphs]
    place = offsets(counts)
    return np.repeat(pointer[graphs] - place[:-1], counts) + np.arange(place[-1])


def empty(encoding: Encoding, n_node: np.ndarray) -> dict[Key, np.ndarray]:
    """Arrays for the columns of graphs of these sizes; not touched, they take no memory."""
    columns = {}
    for key, column in encoding.columns().items():
        width, dtype = storage(column)
        columns[key] = np.zeros((int(num_rows(key, n_node).sum()), width), dtype)
    return columns


def num_rows(key: Key, n_node: np.ndarray) -> np.ndarray:
    """How many rows of a column each graph has."""
    level, name = key
    if level not in ("node", "pair", "graph"):
        raise EncodingError(
            f"column {name!r}: encodings have node, pair or graph columns, not {level}"
        )
    return n_node ** {"node": 1, "pair": 2, "graph": 0}[level]


def pair_width(encoding: Encoding) -> int:
    """How many numbers or codes an encoding makes of each pair of nodes."""
    columns = encoding.columns().items()
    return sum(storage(column)[0] for (level, _), column in columns if level == "pair")


def takes_sparse(encoding: Encoding, n_node: Any, n_edge: Any) -> Any:
    """Whether graphs of these sizes go through `encoding.sparse`."""
    worthwhile = (n_node > DENSE_NODES) & (n_edge <= _SPARSE_SHARE * n_node**2)
    return isinstance(encoding, Scalable) & (worthwhile | (n_node > MAX_NODES))


def _values(encoding: Any, part: Topology) -> Iterator[tuple[slice, dict[Key, np.ndarray]]]:
    if len(part.n_node) == 1 and takes_sparse(encoding, part.n_node, part.n_edge)[0]:
        adjacency = _sparse(part, slice(0, 1))
        adjacency.sum_duplicates()
        values = encoding.sparse(adjacency)
        yield slice(0, 1), {key: column[None] for key, column in values.items()}
        return
    if isinstance(encoding, Joinable) and _is_sparse(part):
        for graphs in _union_chunks(part.n_node):
            yield graphs, encoding.union(_sparse(part, graphs), part.n_node[graphs])
        return
    encode = encoding.rounded if isinstance(encoding, Rounded) else encoding
    entries = min(CHUNK_ENTRIES, _CHUNK_VALUES // max(1, pair_width(encoding)))
    for graphs, adjacency in _dense_chunks(part, entries):
        yield graphs, encode(adjacency)


def _is_sparse(part: Topology) -> bool:
    pairs = np.sum(part.n_node**2, dtype=np.int64)
    small = part.n_node.max(initial=0) <= DENSE_NODES
    return bool(small and len(part.senders) <= _UNION_SHARE * pairs)


def _union_chunks(n_node: np.ndarray) -> Iterator[slice]:
    """Graphs that follow each other, for about so many pairs of nodes."""
    cuts = np.nonzero(np.diff(np.cumsum(n_node**2) // UNION_ENTRIES))[0] + 1
    for first, stop in zip([0, *cuts], [*cuts, len(n_node)], strict=True):
        yield slice(int(first), int(stop))


def _sparse(part: Topology, graphs: slice) -> scipy.sparse.csr_array:
    """The edges to each receiver (row) from each sender (column), counted or by weight."""
    edge_ptr, n_node, n_edge = offsets(part.n_edge), part.n_node[graphs], part.n_edge[graphs]
    edges = slice(edge_ptr[graphs.start], edge_ptr[graphs.stop])
    node_ptr = offsets(n_node)
    shift, size = np.repeat(node_ptr[:-1], n_edge), int(node_ptr[-1])
    index = np.int32 if size < 2**31 else np.int64
    row_ptr = offsets(np.bincount(shift + part.receivers[edges], minlength=size))  # rows ascend
    columns = (shift + part.senders[edges]).astype(index)
    values = np.ones(len(columns)) if part.weights is None else part.weights[edges]
    entries = (values, columns, row_ptr.astype(index))
    return scipy.sparse.csr_array(entries, shape=(size, size))


def _dense_chunks(part: Topology, entries: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Chunks of graphs of equal size, and their adjacency [graphs, n, n]."""
    edge_ptr = offsets(part.n_edge)
    starts = np.nonzero(np.diff(part.n_node, prepend=-1))[0]
    for start, stop in zip(starts, [*starts[1:], len(part.n_node)], strict=True):
        n = int(part.n_node[start])
        chunk = max(1, entries // max(1, n**2))
        for first in range(start, stop, chunk):
            graphs = slice(first, min(first + chunk, stop))
            edges = slice(edge_ptr[graphs.start], edge_ptr[graphs.stop])
            count = graphs.stop - graphs.start
            entry = np.repeat(np.arange(count) * n, part.n_edge[graphs]) + part.receivers[edges]
            entry = entry * n + part.senders[edges]
            weights = None if part.weights is None else part.weights[edges]
            adjacency = np.bincount(entry, weights, count * n * n).astype(np.float64)
            yield graphs, adjacency.reshape(count, n, n)


def _check(
    encoding: Encoding, key: Key, ids: np.ndarray, n_node: np.ndarray, values: np.ndarray
) -> None:
    """Refuse what would not survive the column's dtype."""
    column = encoding.columns()[key]
    if isinstance(column, Categorical):
        if values.dtype.kind not in "biu":
            raise EncodingError(
                f"{encoding.name}: {key[0]} column {key[1]!r} is categorical, but its values are "
                f"{values.dtype}. Return integers, or describe it as Continuous"
            )
        sizes = np.array(column.sizes, np.int64)
        if values.min(initial=0) >= 0 and values.max(initial=0) < sizes.min(initial=2**31):
            return
        wrong = (values < 0) | (values >= sizes)
        rule = f"outside the vocabulary of sizes {column.sizes}"
    else:
        largest = np.finfo(np.float32).max
        if values.max(initial=0) <= largest and values.min(initial=0) >= -largest:  # no NaN
            return
        wrong, rule = ~(np.abs(values) <= largest), "not a float32 number"
    if not wrong.any():
        return
    width = storage(column)[0]
    row, place = (int(part[0]) for part in np.nonzero(wrong.reshape(-1, width)))
    pointer = offsets(num_rows(key, n_node))
    graph = int(np.searchsorted(pointer, row, side="right")) - 1
    raise EncodingError(
        f"graph {ids[graph]}: {encoding.name} gives {values.reshape(-1, width)[row, place]} in "
        f"{key[0]} column {key[1]!r} [{row - pointer[graph]}, {place}], {rule}"
    )
