"""Computes the values of an encoding for some graphs: dense in chunks, as a union, or sparse."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from gtx.data.columns import offsets
from gtx.data.spec import Categorical
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

# A graph with more nodes is encoded by `Encoding.sparse` if few of its pairs of nodes are edges.
DENSE_NODES = 1024
_SPARSE_SHARE = 1 / 100  # edges / pairs of nodes
# For small graphs `Encoding.union` is faster already at a larger share: one call encodes many.
_UNION_SHARE = 1 / 7
# Number of pairs of nodes in one chunk of graphs. The dense matrices of a chunk, or the edges of a
# union, then stay in the cache of the processor.
CHUNK_ENTRIES, UNION_ENTRIES = 2**15, 2**20
# Largest number of values that one chunk makes. They are still in the cache when they are copied.
_CHUNK_VALUES = 2**19


class Topology(NamedTuple):
    """The edges of some graphs, with the ids by which messages name the graphs.

    Without weights every edge counts as 1.
    """

    ids: np.ndarray
    n_node: np.ndarray
    n_edge: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray | None = None


def num_rows(key: Key, n_node: np.ndarray) -> np.ndarray:
    """The number of rows that each graph has in a column."""
    level, name = key
    if level not in ("node", "pair", "graph"):
        raise EncodingError(
            f"column {name!r}: encodings have node, pair or graph columns, not {level}."
        )
    return n_node ** {"node": 1, "pair": 2, "graph": 0}[level]


def pair_width(encoding: Encoding) -> int:
    """The number of values that an encoding makes for each pair of nodes."""
    columns = encoding.columns().items()
    return sum(storage(column)[0] for (level, _), column in columns if level == "pair")


def takes_sparse(encoding: Encoding, n_node: Any, n_edge: Any) -> Any:
    """Whether graphs of these sizes are encoded by `encoding.sparse`."""
    worthwhile = (n_node > DENSE_NODES) & (n_edge <= _SPARSE_SHARE * n_node**2)
    return isinstance(encoding, Scalable) & (worthwhile | (n_node > MAX_NODES))


def values_of(encoding: Any, part: Topology) -> Iterator[tuple[slice, dict[Key, np.ndarray]]]:
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
    """Slices of consecutive graphs with about UNION_ENTRIES pairs of nodes in total."""
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
    # The receivers of a dataset are sorted, so that the edges are rows of a CSR matrix already.
    row_ptr = offsets(np.bincount(shift + part.receivers[edges], minlength=size))
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


def check_values(
    encoding: Encoding, key: Key, ids: np.ndarray, n_node: np.ndarray, values: np.ndarray
) -> None:
    """Refuse values that the dtype of their column cannot hold."""
    column = encoding.columns()[key]
    if isinstance(column, Categorical):
        if values.dtype.kind not in "biu":
            raise EncodingError(
                f"{encoding.name}: {key[0]} column {key[1]!r} is categorical, but its values are "
                f"{values.dtype}. Return integers, or describe it as Continuous."
            )
        sizes = np.array(column.sizes, np.int64)
        if values.min(initial=0) >= 0 and values.max(initial=0) < sizes.min(initial=2**31):
            return
        wrong = (values < 0) | (values >= sizes)
        rule = f"outside the vocabulary of sizes {column.sizes}"
    else:
        largest = np.finfo(np.float32).max
        # NaN fails both comparisons, because max and min return it.
        if values.max(initial=0) <= largest and values.min(initial=0) >= -largest:
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
        f"{key[0]} column {key[1]!r} [{row - pointer[graph]}, {place}], {rule}."
    )
