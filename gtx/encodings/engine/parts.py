"""Cuts the work on a dataset into parts, for this process or for worker processes."""

import contextlib

import numpy as np
import threadpoolctl

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Continuous
from gtx.encodings.base import Encoding, EncodingError, Key, storage
from gtx.encodings.engine.values import (
    DENSE_NODES,
    Topology,
    check_values,
    num_rows,
    takes_sparse,
    values_of,
)

# Work of one part and constant work per graph, in units of n^3. A part takes about a second.
_PART_WORK, _GRAPH_WORK = 10**9, 5000


def plan(dataset: Dataset) -> list[np.ndarray]:
    """The parts: graphs of similar size together, and each graph above DENSE_NODES alone.

    The parts do not depend on the number of workers. A later run with another number therefore
    finds finished parts in the cache.
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
      EncodingError: the column does not hold one number per edge, or a number is negative or not
        finite.
    """
    column = dataset.spec.edges.get(name)
    if column != Continuous(1):
        numbers = [key for key, one in dataset.spec.edges.items() if one == Continuous(1)]
        found = "there is none of this name" if column is None else f"it is {column}"
        raise EncodingError(
            f"weights: the edge column {name!r} must be Continuous(1), but {found}. "
            f"Columns of one number: {numbers}. Add one with Dataset.with_columns('edge', ...)."
        )
    weights = dataset.edges[name][:, 0].astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        edge = int(wrong[0])
        graph = int(np.searchsorted(dataset.edge_ptr, edge, side="right")) - 1
        raise EncodingError(
            f"graph {dataset.ids[graph]}: edge column {name!r} has {weights[edge]} at edge "
            f"{edge - dataset.edge_ptr[graph]}. Weights are finite and not negative: mend them, "
            "or count edges by leaving out weights."
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
      columns: the columns of all graphs.
      encoding: the encoding to compute.
      part: some of the graphs.
      graphs: the positions of these among all graphs.
      n_node: number of nodes of all graphs.
    """
    pointers = {key: offsets(num_rows(key, n_node)) for key in columns}
    sparse = takes_sparse(encoding, part.n_node, part.n_edge)
    large = np.any((part.n_node > DENSE_NODES) & ~sparse)
    # Threads of BLAS help with large dense matrices only. With small ones they cost time.
    with contextlib.nullcontext() if large else threadpoolctl.threadpool_limits(1, "blas"):
        for place, values in values_of(encoding, part):
            for key, column in columns.items():
                check_values(encoding, key, part.ids[place], part.n_node[place], values[key])
                _write(column, pointers[key], graphs[place], key, values[key])


def scatter(
    columns: dict[Key, np.ndarray],
    part: dict[Key, np.ndarray],
    graphs: np.ndarray,
    n_node: np.ndarray,
) -> None:
    """Write the result of `compute` for some graphs into the columns of all graphs."""
    for key, column in columns.items():
        column[_rows(offsets(num_rows(key, n_node)), graphs)] = part[key]


def _write(
    column: np.ndarray, pointer: np.ndarray, graphs: np.ndarray, key: Key, values: np.ndarray
) -> None:
    # A graph has n^2 pairs in a row: one slice is faster than an index for each of them. Assigning
    # to a reshaped view also takes values that are not contiguous without a copy.
    if key[0] == "pair":
        for graph, block in zip(graphs, values, strict=True):
            column[pointer[graph] : pointer[graph + 1]].reshape(block.shape)[...] = block
    else:
        column[_rows(pointer, graphs)] = values.reshape(-1, column.shape[1])


def _rows(pointer: np.ndarray, graphs: np.ndarray) -> np.ndarray:
    """The positions of the rows of these graphs in a column."""
    counts = pointer[graphs + 1] - pointer[graphs]
    place = offsets(counts)
    return np.repeat(pointer[graphs] - place[:-1], counts) + np.arange(place[-1])


def empty(encoding: Encoding, n_node: np.ndarray) -> dict[Key, np.ndarray]:
    """Zeros for the columns of graphs of these sizes; pages take no memory before a write."""
    columns = {}
    for key, column in encoding.columns().items():
        width, dtype = storage(column)
        columns[key] = np.zeros((int(num_rows(key, n_node).sum()), width), dtype)
    return columns
