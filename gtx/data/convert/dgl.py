"""Graphs of DGL as a Dataset, and back.

`from_dgl` imports nothing of DGL: the graphs that are given bring what is needed. Where there is no
DGL (its last versions were made for older ones of Python and torch), these functions are tested
with objects that have the same methods (`num_nodes`, `edges`, `ndata`, `edata`, `batch_size`,
`batch_num_nodes`, `batch_num_edges`, `is_homogeneous`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data.columns import SPLITS, offsets
from gtx.data.convert.gathered import Arrays, joined
from gtx.data.convert.given import check_plain, split_of_masks
from gtx.data.convert.tensors import as_numpy
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, GraphSpec, LabelKind

_MASKS = dict(train="train_mask", valid="val_mask", test="test_mask")


def from_dgl(
    graphs: Any,
    labels: Any = None,
    *,
    nodes: Sequence[str] | None = None,
    edges: Sequence[str] | None = None,
    target: str | None = None,
    kind: LabelKind | None = None,
    split: Any = None,
    fold: int = 0,
    spec: GraphSpec | None = None,
) -> Dataset:
    """Graphs of DGL, with `ndata` and `edata` as columns.

    A dataset of DGL gives pairs of a graph and a label: `from_dgl([g for g, _ in pairs],
    [y for _, y in pairs])`.

    Args:
      graphs: a homogeneous DGLGraph, several, or a batched one, which is taken apart.
      labels: one row for each graph: numbers or a tensor.
      nodes, edges: names in `ndata` and `edata` that become columns; None takes all but `target`
        and the masks, and refuses a `label` that is not the target.
      target: a name in `ndata`: the labels of nodes. Their split is in `train_mask`, `val_mask`
        and `test_mask`, where these are there.
      kind: of the label; None infers it as `Dataset.from_columns` does.
      split: the part of each graph, or of each node with `target`; instead of masks.
      fold: number of the column of masks that have several.
      spec: of training data; columns that it describes get its description.

    Raises:
      DatasetError: names the graph, the field and the remedy.
    """
    given = [graphs] if hasattr(graphs, "ndata") else list(graphs)
    if labels is not None and target is not None:
        raise DatasetError("graphs: there are labels of graphs and a target of nodes. Give one.")
    arrays: list[Arrays] = []
    parts = []
    for number, graph in enumerate(given):
        _check(graph, number)
        ndata = {
            str(name): as_numpy(v, f"graph {number}: ndata[{name!r}]")
            for name, v in graph.ndata.items()
        }
        edata = {
            str(name): as_numpy(v, f"graph {number}: edata[{name!r}]")
            for name, v in graph.edata.items()
        }
        if target is not None:
            if target not in ndata:
                raise DatasetError(
                    f"graph {number}: ndata has no {target!r} among {sorted(ndata)}. Name one of "
                    "these as the target."
                )
            parts.append(
                split_of_masks({part: ndata.get(name) for part, name in _MASKS.items()}, fold)
            )
        if target is None and nodes is None and "label" in ndata:
            raise DatasetError(
                f"graph {number}: ndata has 'label', which would be a feature. Give "
                "target='label'; or name the columns in nodes."
            )
        taken = {target, *_MASKS.values()}
        columns = dict(
            nodes=_chosen(ndata, nodes, taken, f"graph {number}: ndata"),
            edges=_chosen(edata, edges, set(), f"graph {number}: edata"),
        )
        arrays += _unbatched(graph, number, columns, None if target is None else ndata[target])
    if labels is not None:
        rows = as_numpy(labels, "labels") if hasattr(labels, "detach") else labels
        rows = _rows(rows)
        if len(rows) != len(arrays):
            raise DatasetError(
                f"graphs: there are {len(rows)} labels for {len(arrays)} graphs. Give one for each."
            )
        arrays = [_with_label(graph, row) for graph, row in zip(arrays, rows, strict=True)]
    masked = [part for part in parts if part is not None]
    if split is None and masked:
        if len(masked) < len(parts):
            raise DatasetError("graphs: some have masks and others have none. Give all or none.")
        split = np.concatenate(masked)
    level = "graph" if target is None else "node"
    return joined(arrays, level=level, kind=kind, split=split, spec=spec)  # type: ignore[arg-type]


def _check(graph: Any, number: int) -> None:
    if not hasattr(graph, "ndata") or not hasattr(graph, "edges"):
        raise DatasetError(f"graph {number}: is a {type(graph).__name__}. Give graphs of DGL.")
    if not getattr(graph, "is_homogeneous", True):
        raise DatasetError(
            f"graph {number}: has several types of nodes or edges. Make it homogeneous with "
            "dgl.to_homogeneous."
        )


def _chosen(
    data: Mapping[str, np.ndarray], wanted: Sequence[str] | None, taken: set[Any], field: str
) -> dict[str, np.ndarray]:
    if wanted is None:
        return {name: array for name, array in data.items() if name not in taken}
    missing = sorted(set(wanted) - set(data))
    if missing:
        raise DatasetError(f"{field} has no {missing} among {sorted(data)}. Name some of these.")
    return {name: data[name] for name in wanted}


def _unbatched(
    graph: Any,
    number: int,
    columns: Mapping[str, Mapping[str, np.ndarray]],
    label: np.ndarray | None,
) -> list[Arrays]:
    """The graphs of which a batched one consists."""
    senders, receivers = (as_numpy(ids, f"graph {number}: edges") for ids in graph.edges())
    count = int(graph.num_nodes())
    for field, rows in (("nodes", count), ("edges", len(senders))):
        for name, array in columns[field].items():
            if array.ndim == 0 or len(array) != rows:
                raise DatasetError(
                    f"graph {number}: {field}[{name!r}] has shape {array.shape} for {rows} "
                    f"{field}. Give one row for each."
                )
    if int(getattr(graph, "batch_size", 1)) == 1:
        return [Arrays(count, senders, receivers, columns, label)]
    node_ptr = offsets(as_numpy(graph.batch_num_nodes(), f"graph {number}: batch_num_nodes"))
    edge_ptr = offsets(as_numpy(graph.batch_num_edges(), f"graph {number}: batch_num_edges"))
    found = []
    for place in range(len(node_ptr) - 1):
        node = slice(node_ptr[place], node_ptr[place + 1])
        edge = slice(edge_ptr[place], edge_ptr[place + 1])
        rows_of = dict(nodes=node, edges=edge)
        found.append(
            Arrays(
                int(node.stop - node.start),
                senders[edge] - node.start,
                receivers[edge] - node.start,
                {
                    field: {name: array[rows_of[field]] for name, array in of.items()}
                    for field, of in columns.items()
                },
                None if label is None else label[node],
            )
        )
    return found


def _rows(labels: Any) -> np.ndarray:
    if isinstance(labels, np.ndarray):
        return labels
    rows = [as_numpy(each, "labels") if hasattr(each, "detach") else each for each in labels]
    try:
        return np.array(rows)
    except ValueError as error:
        raise DatasetError(
            f"labels: they are no array ({error}). Give rows of one length."
        ) from error


def _with_label(graph: Arrays, row: Any) -> Arrays:
    row = np.asarray(row)
    return Arrays(graph.num_nodes, graph.senders, graph.receivers, graph.columns, row[None])


def to_dgl(dataset: Dataset) -> tuple[list[Any], Any]:
    """Each graph as a DGLGraph: columns of nodes and edges are `ndata` and `edata`.

    Categories are int64. Labels of nodes are `ndata["label"]`, and their parts masks. A split of
    graphs is left out, as DGL has no place for it. A missing class is -1. `from_dgl(*to_dgl(data))`
    gives graphs with labels back, `from_dgl(graphs, target="label")` those with labels of nodes.

    Returns:
      The graphs, and a tensor with a row for the label of each graph; None if there are none.

    Raises:
      ImportError: DGL or torch is not installed.
      DatasetError: the dataset holds what a DGLGraph has no place for.
    """
    try:
        import dgl
        import torch
    except ImportError as error:
        raise ImportError(
            "this needs DGL and torch: https://www.dgl.ai/pages/start.html says how to install "
            "them.",
            name=error.name,
        ) from error
    check_plain(dataset, "DGL", levels=("graph", "node"))
    table, label, spec = dataset.targets, dataset.spec.label, dataset.spec
    if spec.graphs:
        raise DatasetError(
            f"dataset: it has columns of graphs, {sorted(spec.graphs)}, for which DGL has no "
            "place. Leave them out."
        )
    if not dataset.targets_are_all:
        raise DatasetError(
            f"dataset: only some {table.level}s are targets, and a DGLGraph has labels of all. Set "
            "targets of all with with_targets, missing where there is no label."
        )
    of_nodes = table.level == "node"
    taken = {"label", *_MASKS.values()} if of_nodes else set()
    if taken & set(spec.nodes):
        raise DatasetError(
            f"dataset: the columns {sorted(taken & set(spec.nodes))} have the name of another "
            "entry of ndata. Rename them."
        )

    def tensor(array: np.ndarray, whole: bool) -> Any:
        return torch.from_numpy(array.astype(np.int64) if whole else array.copy())

    labels = None
    if table.labels is not None and label is not None:
        labels = tensor(table.labels, label.kind == "multiclass")
    graphs = []
    for number in range(len(dataset)):
        one = dataset[number]
        ends = tuple(tensor(end, True) for end in (one.senders, one.receivers))
        graph = dgl.graph(ends, num_nodes=int(dataset.num_nodes[number]))
        for data, columns, values in (
            (graph.ndata, spec.nodes, one.nodes),
            (graph.edata, spec.edges, one.edges),
        ):
            for name, column in columns.items():
                data[name] = tensor(values[name], isinstance(column, Categorical))
        if of_nodes:
            rows = slice(int(dataset.node_ptr[number]), int(dataset.node_ptr[number + 1]))
            if labels is not None:
                graph.ndata["label"] = labels[rows]
            if np.any(table.split != -1):
                for part, name in _MASKS.items():
                    graph.ndata[name] = tensor(table.split[rows] == SPLITS.index(part), False)
        graphs.append(graph)
    return graphs, None if of_nodes else labels
