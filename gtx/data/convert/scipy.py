"""Sparse matrices of scipy as a Dataset, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gtx.data.convert.gathered import Arrays, joined
from gtx.data.convert.given import check_plain
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import GraphSpec, LabelKind
from gtx.typing import Level


def from_scipy(
    matrices: Any,
    *,
    nodes: Any = None,
    labels: Any = None,
    level: Level = "graph",
    kind: LabelKind | None = None,
    split: Any = None,
    weight: str | None = "weight",
    spec: GraphSpec | None = None,
) -> Dataset:
    """Graphs from adjacency matrices. The entry in row i and column j is an edge from i to j.

    A symmetric matrix is an undirected graph. Entries are floats of the edge column `weight`;
    a matrix of bools has no such column.

    Args:
      matrices: a square sparse matrix or array of scipy, or several.
      nodes: for each matrix a dict from name to array with a row for each node (or one dict for a
        single matrix); None for nodes without features.
      labels: one row for each graph; or for each node of all graphs with level="node".
      level: "graph" or "node".
      kind: of the label; None infers it as `Dataset.from_columns` does.
      split: the part of each label.
      weight: name of the edge column; None if entries only say that there is an edge.
      spec: of training data; columns that it describes get its description.

    Raises:
      DatasetError: names the graph and the remedy: a matrix is dense or not square, has complex
        numbers, the same entry twice, or an entry that is stored and 0.
    """
    from scipy import sparse

    one = sparse.issparse(matrices) or isinstance(matrices, np.ndarray)
    given = [matrices] if one else list(matrices)
    if isinstance(nodes, Mapping):
        nodes = [nodes]
    of_nodes = [{} for _ in given] if nodes is None else list(nodes)
    if len(of_nodes) != len(given):
        raise DatasetError(
            f"graphs: there are nodes of {len(of_nodes)} graphs for {len(given)} matrices. Give a "
            "dict for each."
        )
    if level not in ("graph", "node"):
        raise DatasetError(f"level: {level!r} is not possible. Give 'graph' or 'node'.")
    arrays = []
    for number, (matrix, own) in enumerate(zip(given, of_nodes, strict=True)):
        coo = _checked(matrix, number)
        edges = {}
        if weight is not None and coo.dtype != bool:
            edges[weight] = coo.data.astype(np.float64 if coo.dtype.kind in "iu" else coo.dtype)
            _check_exact(coo.data, edges[weight], number)
        columns = dict(nodes={name: np.asarray(array) for name, array in own.items()}, edges=edges)
        arrays.append(Arrays(coo.shape[0], coo.row, coo.col, columns))
    dataset = joined(arrays, level=level, spec=spec)
    if labels is None:
        return dataset if split is None else dataset.with_split(split)
    from gtx.data.convert.gathered import Target, labels_of

    known = None if spec is None else spec.label
    values, label = labels_of(Target(level, np.ma.asanyarray(labels), kind), known)
    return dataset.with_targets(level, labels=values, split=split, label=label)


def _checked(matrix: Any, number: int) -> Any:
    """The entries of a matrix in the order of their rows."""
    from scipy import sparse

    if not sparse.issparse(matrix):
        raise DatasetError(
            f"graph {number}: is a {type(matrix).__name__}. Give a sparse matrix: "
            "scipy.sparse.csr_array(matrix) makes one of a dense one, without its zeros."
        )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise DatasetError(
            f"graph {number}: the matrix has shape {matrix.shape}. An adjacency matrix is square."
        )
    if matrix.dtype.kind not in "biuf":
        raise DatasetError(
            f"graph {number}: the entries are {matrix.dtype}. Give real numbers or bools."
        )
    coo = sparse.coo_array(matrix)
    order = np.lexsort((coo.col, coo.row))
    row, col = coo.row[order], coo.col[order]
    twice = (np.diff(row) == 0) & (np.diff(col) == 0)
    if twice.any():
        place = int(np.argmax(twice))
        raise DatasetError(
            f"graph {number}: the entry [{row[place]}, {col[place]}] is stored twice. Call "
            ".sum_duplicates() on the matrix, or build parallel edges with Dataset.from_columns."
        )
    zero = coo.data == 0
    if zero.any():
        place = int(np.argmax(zero))
        raise DatasetError(
            f"graph {number}: the entry [{coo.row[place]}, {coo.col[place]}] is stored and 0, so "
            "it may mean an edge or none. Call .eliminate_zeros() on the matrix, or give the edges "
            "another weight."
        )
    return sparse.coo_array((coo.data[order], (row, col)), shape=coo.shape)


def _check_exact(old: np.ndarray, new: np.ndarray, number: int) -> None:
    if old.dtype.kind in "iu" and np.any(new.astype(np.float32).astype(np.float64) != new):
        place = int(np.argmax(new.astype(np.float32).astype(np.float64) != new))
        raise DatasetError(
            f"graph {number}: an entry is {old[place]}, which float32 cannot hold exactly. Scale "
            "the weights."
        )


def to_scipy(dataset: Dataset, *, weight: str | None = None) -> list[Any]:
    """The adjacency matrix of each graph: a csr_array with an entry for each edge.

    Args:
      dataset: without parallel edges, whose entries would be added.
      weight: the edge column whose numbers are the entries, float32; None for True at each edge.

    Raises:
      DatasetError: there are parallel edges, or no such column of one number.
    """
    from scipy import sparse

    check_plain(dataset, "a matrix", levels=("graph", "node", "edge"))
    if weight is not None and dataset.edges.get(weight, np.zeros((0, 0))).shape[1] != 1:
        raise DatasetError(
            f"dataset: there is no edge column {weight!r} of one number among "
            f"{sorted(dataset.edges)}. Name one, or None."
        )
    found = []
    for number, count in enumerate(dataset.num_nodes.tolist()):
        edge = slice(dataset.edge_ptr[number], dataset.edge_ptr[number + 1])
        senders, receivers = dataset.senders[edge], dataset.receivers[edge]
        pairs = senders.astype(np.int64) * count + receivers
        if len(np.unique(pairs)) < len(pairs):
            raise DatasetError(
                f"graph {number}: has parallel edges, for which a matrix has no place. Leave them "
                "out."
            )
        entries = np.ones(len(senders), bool) if weight is None else dataset.edges[weight][edge, 0]
        found.append(sparse.csr_array((entries, (senders, receivers)), shape=(count, count)))
    return found
