"""Estimates the memory that the encodings of a dataset take, before they are computed."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.spec import Continuous
from gtx.encodings.base import (
    MAX_NODES,
    Encoding,
    EncodingError,
    Joinable,
    Measured,
    Scalable,
    storage,
)
from gtx.encodings.engine.parts import plan
from gtx.encodings.engine.values import (
    CHUNK_ENTRIES,
    DENSE_NODES,
    UNION_ENTRIES,
    num_rows,
    takes_sparse,
)

# Assumed number of float64 matrices [n, n], besides those of its result, that an encoding holds at
# the same time if it does not state one (see `Measured`).
_MATRICES = 10
# Assumed bytes that `sparse` of such an encoding needs: for blocks, and per node and edge.
_BLOCK_BYTES, _ENTRY_BYTES = 2**27, 400
# Bytes for each edge of a part: the edges are selected and made a sparse matrix.
_EDGE_BYTES = 64


def estimate_memory(
    dataset: Dataset, encodings: Sequence[Encoding], *, num_workers: int = 0
) -> int:
    """Upper bound of the bytes that `apply` takes for columns and work, without the dataset."""
    columns = sum(int(_column_bytes(dataset, encoding).sum()) for encoding in encodings)
    work = [_work(dataset, encoding) for encoding in encodings]
    here = max((int(one.max(initial=0)) for one in work), default=0)
    small = dataset.num_nodes <= DENSE_NODES  # only these go to workers
    there = max((int(one[small].max(initial=0)) for one in work), default=0)
    edges = max((int(dataset.num_edges[part].sum()) for part in plan(dataset)), default=0)
    return columns + here + there * num_workers + _EDGE_BYTES * edges * (1 + num_workers)


def check_memory(
    dataset: Dataset,
    encodings: Sequence[Encoding],
    *,
    num_workers: int = 0,
    max_memory: int | None = None,
) -> None:
    """Refuse encodings that need too much memory. The error names the graph and a remedy.

    Args:
      dataset: the graphs.
      encodings: the encodings to compute.
      num_workers: number of processes that work at the same time.
      max_memory: bytes; None for the free memory of the machine.

    Raises:
      EncodingError: a graph has more than 4,096 nodes for an encoding that works on dense
        matrices, or the estimate is above the memory.
    """
    n_node = dataset.num_nodes
    for encoding in encodings:
        if n_node.max(initial=0) > MAX_NODES and not isinstance(encoding, Scalable):
            index = int(np.argmax(n_node))
            raise EncodingError(
                f"graph {dataset.ids[index]} has {n_node[index]:,} nodes; {encoding.name} works on "
                f"dense matrices of at most {MAX_NODES:,}. Encode subgraphs, choose an encoding "
                "with a method `sparse`, or add columns of your own with Dataset.with_columns."
            )
    limit = available_memory() if max_memory is None else max_memory
    needed = estimate_memory(dataset, encodings, num_workers=num_workers)
    if limit is None or needed <= limit:
        return
    needs = [_column_bytes(dataset, one) + _work(dataset, one) for one in encodings]
    most = int(np.argmax([need.max(initial=0) for need in needs]))
    index = int(np.argmax(needs[most]))
    pairs = any(level == "pair" for level, _ in encodings[most].columns())
    remedy = (
        "It makes a row for each pair of nodes: use an encoding of nodes, or subgraphs"
        if pairs
        else "Encode parts of the dataset one by one, or subgraphs"
    )
    raise EncodingError(
        f"the encodings take about {_size(needed)} of memory, {_size(limit)} are left. Most is "
        f"taken by {encodings[most].name} for graph {dataset.ids[index]} of {n_node[index]:,} "
        f"nodes, {_size(int(needs[most][index]))}. {remedy}, or raise max_memory."
    )


def available_memory() -> int | None:
    """Bytes that this process may still take; None if the system does not report them."""
    limits = []
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        limits.append(int(fields["MemAvailable"].split()[0]) * 1024)
    except (OSError, KeyError, ValueError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    group = pathlib.Path("/sys/fs/cgroup")  # of a container
    try:
        lines = (group / "memory.stat").read_text().splitlines()
        files = int(dict(line.split() for line in lines)["inactive_file"])  # given up on demand
        used = int((group / "memory.current").read_text()) - files
        limits.append(max(0, int((group / "memory.max").read_text()) - used))
    except (OSError, KeyError, ValueError):  # no group, or "max"
        pass
    return min(limits, default=None)


def _column_bytes(dataset: Dataset, encoding: Encoding) -> np.ndarray:
    """Bytes of the finished columns of each graph."""
    total = np.zeros(len(dataset), np.int64)
    for key, column in encoding.columns().items():
        width, dtype = storage(column)
        total += num_rows(key, dataset.num_nodes) * width * np.dtype(dtype).itemsize
    return total


def _work(dataset: Dataset, encoding: Any) -> np.ndarray:
    """Bytes needed while each graph is encoded, besides its finished columns."""
    n_node, n_edge = dataset.num_nodes, dataset.num_edges
    result: Any = 0
    for key, column in encoding.columns().items():
        # Continuous values exist twice for a moment: as a list of arrays and stacked.
        stacked = 2 if isinstance(column, Continuous) else 1
        result = result + 8 * num_rows(key, n_node) * storage(column)[0] * stacked
    measured = isinstance(encoding, Measured)
    dense = 8 * n_node**2 * (encoding.dense_matrices if measured else _MATRICES)
    if measured:
        sparse = encoding.sparse_bytes(n_node, n_edge)
    else:
        sparse = result + _BLOCK_BYTES + _ENTRY_BYTES * (n_node + n_edge)
    # Small graphs of equal size are encoded together, up to CHUNK_ENTRIES pairs.
    pairs = np.maximum(1, n_node**2)
    alike = np.bincount(n_node)[n_node]
    chunk = np.clip(CHUNK_ENTRIES // pairs, 1, alike)
    if isinstance(encoding, Joinable):
        result = result * np.clip(UNION_ENTRIES // pairs, 1, len(n_node))
    else:
        result = result * chunk
    return np.where(takes_sparse(encoding, n_node, n_edge), sparse, result + dense * chunk)


def _size(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
