"""Encodings of a whole dataset: graphs of equal size together, in chunks of bounded memory."""

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, Column
from gtx.encodings import cache
from gtx.encodings.base import Encoding, EncodingError, Key, storage

# A dense float64 matrix of so many nodes takes 128 MiB, and an encoding holds about ten.
MAX_NODES = 4096
# Entries of the matrices of one chunk: few enough to stay in a processor's cache.
_CHUNK_ENTRIES = 2**15


def apply(
    dataset: Dataset,
    encodings: Iterable[Encoding],
    *,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Dataset:
    """The dataset with the columns of `encodings` added, float32 or, for codes, int32.

    Args:
      dataset: any; columns of the same names are replaced.
      encodings: each with its own column names.
      cache_dir: a folder in which results are kept, by the content of the graphs and the
        version of the encoding. Several processes may share it.

    Raises:
      EncodingError: two encodings make the same column, a graph has more than 4,096 nodes, or a
        value does not fit its column.
    """
    encodings = tuple(encodings)
    _check_names(encodings)
    result = dataset
    for encoding in encodings:
        columns = None
        if cache_dir is not None:
            file = cache.cache_file(cache_dir, dataset, encoding)
            columns = cache.read(file, _empty(dataset, encoding))
        if columns is None:
            columns = encode(dataset, encoding)
            if cache_dir is not None:
                cache.write(file, columns)
        for (level, name), column in encoding.columns().items():
            result = result.with_columns(level, {name: columns[level, name]}, {name: column})
    return result


def encode(dataset: Dataset, encoding: Encoding) -> dict[Key, np.ndarray]:
    """The columns of one encoding, with one row per node, pair or graph."""
    n_node = dataset.num_nodes
    if n_node.max(initial=0) > MAX_NODES:
        index = int(np.argmax(n_node))
        raise EncodingError(
            f"graph {dataset.ids[index]} has {n_node[index]:,} nodes; {encoding.name} works on "
            f"dense matrices of at most {MAX_NODES:,}. Encode subgraphs, or compute columns "
            "with a sparse method and add them with Dataset.with_columns"
        )
    described = encoding.columns()
    columns = _empty(dataset, encoding)
    for n, graphs, adjacency in _dense_chunks(dataset):
        values = encoding(adjacency)
        for key, column in columns.items():
            rows = _rows(dataset, key, graphs, n)
            entries = values[key].reshape(len(rows), column.shape[1])
            _check_values(dataset, encoding, key, described[key], graphs, entries)
            column[rows] = entries
    return columns


def _empty(dataset: Dataset, encoding: Encoding) -> dict[Key, np.ndarray]:
    """Arrays for the columns; not touched, they take no memory."""
    columns = {}
    for key, column in encoding.columns().items():
        width, dtype = storage(column)
        columns[key] = np.zeros((_num_rows(dataset, key), width), dtype)
    return columns


def _check_values(
    dataset: Dataset,
    encoding: Encoding,
    key: Key,
    column: Column,
    graphs: np.ndarray,
    values: np.ndarray,
) -> None:
    """Refuse what would not survive the column's dtype; `values` are of graphs of equal size."""
    if isinstance(column, Categorical):
        if values.dtype.kind not in "biu":
            raise EncodingError(
                f"{encoding.name}: {key[0]} column {key[1]!r} is categorical, but its values are "
                f"{values.dtype}. Return integers, or describe it as Continuous"
            )
        wrong = (values < 0) | (values >= np.array(column.sizes, np.int64))
        rule = f"outside the vocabulary of sizes {column.sizes}"
    else:
        wrong, rule = ~(np.abs(values) <= np.finfo(np.float32).max), "not a float32 number"
    if wrong.any():
        row, place = (int(part[0]) for part in np.nonzero(wrong))
        count = len(values) // len(graphs)
        raise EncodingError(
            f"graph {dataset.ids[graphs[row // count]]}: {encoding.name} gives "
            f"{values[row, place]} in {key[0]} column {key[1]!r} [{row % count}, {place}], {rule}"
        )


def _dense_chunks(dataset: Dataset) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Size n, indices [graphs] and adjacency [graphs, n, n] of chunks of graphs of n nodes."""
    n_node, n_edge = dataset.num_nodes, dataset.num_edges
    order = np.argsort(n_node, kind="stable")
    sizes, starts, counts = np.unique(n_node[order], return_index=True, return_counts=True)
    for n, start, count in zip(sizes, starts, counts, strict=True):
        chunk = max(1, _CHUNK_ENTRIES // max(1, int(n) ** 2))
        for first in range(start, start + count, chunk):
            graphs = order[first : min(first + chunk, start + count)]
            edges = n_edge[graphs]
            place = offsets(edges)
            rows = np.repeat(dataset.edge_ptr[graphs] - place[:-1], edges) + np.arange(place[-1])
            entry = np.repeat(np.arange(len(graphs)), edges) * n + dataset.receivers[rows]
            entry = entry * n + dataset.senders[rows]
            adjacency = np.bincount(entry, minlength=len(graphs) * n * n).astype(np.float64)
            yield int(n), graphs, adjacency.reshape(len(graphs), n, n)


def _num_rows(dataset: Dataset, key: Key) -> int:
    level, name = key
    if level == "node":
        return int(dataset.node_ptr[-1])
    if level == "pair":
        return int(dataset.pair_ptr[-1])
    if level == "graph":
        return len(dataset)
    raise EncodingError(f"column {name!r}: encodings have node, pair or graph columns, not {level}")


def _rows(dataset: Dataset, key: Key, graphs: np.ndarray, n: int) -> np.ndarray:
    """Where the values of these graphs of n nodes stand in a column."""
    if key[0] == "graph":
        return graphs
    pointer, count = (dataset.node_ptr, n) if key[0] == "node" else (dataset.pair_ptr, n * n)
    return (pointer[graphs][:, None] + np.arange(count)).reshape(-1)


def _check_names(encodings: Sequence[Encoding]) -> None:
    seen: set[Key] = set()
    for encoding in encodings:
        for key in encoding.columns():
            if key in seen:
                raise EncodingError(
                    f"two encodings make the {key[0]} column {key[1]!r}; give one another name"
                )
            seen.add(key)
