"""`Data` and datasets of PyTorch Geometric as a Dataset, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data import exact
from gtx.data.columns import SPLITS
from gtx.data.convert.gathered import Arrays, joined
from gtx.data.convert.given import check_plain, split_of_masks
from gtx.data.convert.tensors import as_numpy
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, GraphSpec, LabelKind
from gtx.typing import Level

_NODES, _EDGES = ("x", "pos"), ("edge_attr", "edge_weight")
_MASKS = dict(train="train_mask", valid="val_mask", test="test_mask")
_KNOWN = ("edge_index", "num_nodes", "y", *_MASKS.values())


def from_pyg(
    graphs: Any,
    *,
    nodes: Sequence[str] = (),
    edges: Sequence[str] = (),
    features: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    names: str | None = None,
    level: Level | None = None,
    kind: LabelKind | None = None,
    fold: int = 0,
    spec: GraphSpec | None = None,
) -> Dataset:
    """Graphs of PyTorch Geometric. Columns have the names of the attributes.

    `x`, `pos`, `edge_attr` and `edge_weight` become columns, `y` the labels, and `train_mask`,
    `val_mask` and `test_mask` the split of nodes. Every other attribute must be named, so that
    nothing is dropped unseen.

    Args:
      graphs: a Data, several, a Batch, or a dataset such as an InMemoryDataset.
      nodes, edges, features: further attributes of nodes, edges and graphs.
      leave_out: attributes that are dropped.
      names: an attribute with a text that names each graph, such as "smiles".
      level: what has a label: "graph", "node" or "edge". None for what the number of rows of `y`
        says: one for each graph, or one for each node.
      kind: of the label; None infers it as `Dataset.from_columns` does.
      fold: number of the column of masks that have several.
      spec: of training data; columns that it describes get its description.

    Raises:
      DatasetError: names the graph, the attribute and the remedy.
    """
    given = [_attributes(graph, number) for number, graph in enumerate(_listed(graphs))]
    nodes, edges = (*_NODES, *nodes), (*_EDGES, *edges)
    known = {*_KNOWN, *nodes, *edges, *features, *leave_out, *([names] if names else [])}
    for number, data in enumerate(given):
        unknown = sorted(set(data) - known)
        if unknown:
            raise DatasetError(
                f"graph {number}: has the attributes {unknown}. Say what they are with nodes=, "
                "edges=, features= or names=, or drop them with leave_out=."
            )
        for name in leave_out:
            data.pop(name, None)
    counts = [_num_nodes(data, number) for number, data in enumerate(given)]
    level = level or _level_of(given, counts)
    rows: dict[str, Sequence[str]] = dict(nodes=nodes, edges=edges, graphs=features)
    arrays, masks = [], []
    for number, (data, count) in enumerate(zip(given, counts, strict=True)):
        ends = _ends(data, number)
        columns = {
            field: {
                name: _array(data, name, number, graph=field == "graphs")
                for name in listed
                if data.get(name) is not None
            }
            for field, listed in rows.items()
        }
        label = None
        if data.get("y") is not None:
            label = _array(data, "y", number, graph=level == "graph")
            _check_label(label, level, dict(node=count, edge=len(ends[0])), number)
        arrays.append(Arrays(count, ends[0], ends[1], columns, label))
        masks.append(_split(data, number, count, fold))
    return joined(
        arrays,
        level=level,
        kind=kind,
        split=_joined_split(masks, level),
        names=None if names is None else [_text(data, names, n) for n, data in enumerate(given)],
        spec=spec,
    )


def _listed(graphs: Any) -> list[Any]:
    """The graphs one by one. A Data is itself iterable, over its attributes."""
    if hasattr(graphs, "to_data_list") and hasattr(graphs, "ptr"):
        return list(graphs.to_data_list())
    if hasattr(graphs, "to_dict") and hasattr(graphs, "edge_index"):
        return [graphs]
    if hasattr(graphs, "edge_types") and hasattr(graphs, "to_dict"):
        return [graphs]
    if hasattr(graphs, "__len__") and hasattr(graphs, "__getitem__"):
        return [graphs[number] for number in range(len(graphs))]
    return list(graphs)


def _attributes(graph: Any, number: int) -> dict[str, Any]:
    if hasattr(graph, "edge_types") or not hasattr(graph, "to_dict"):
        raise DatasetError(
            f"graph {number}: is a {type(graph).__name__}. Give a Data with one type of nodes and "
            "of edges: .to_homogeneous() makes one of a HeteroData."
        )
    return dict(graph.to_dict())


def _num_nodes(data: Mapping[str, Any], number: int) -> int:
    """The number of nodes, which is never guessed from the largest id of an edge."""
    given = data.get("num_nodes")
    if given is not None:
        count = given
        if hasattr(given, "detach"):
            given = as_numpy(given, f"graph {number}: num_nodes").reshape(-1)
            count = given[0] if len(given) == 1 else given.tolist()
        count = exact.count(count, f"graph {number}: num_nodes", low=0)
    else:
        sized = [name for name in _NODES if data.get(name) is not None]
        if not sized:
            raise DatasetError(
                f"graph {number}: has neither x nor num_nodes, so isolated nodes at the end are "
                "unknown. Set data.num_nodes."
            )
        count = len(data[sized[0]])
    return count


def _ends(data: Mapping[str, Any], number: int) -> np.ndarray:
    if data.get("edge_index") is None:
        raise DatasetError(
            f"graph {number}: has no edge_index. Give one, [2, edges], of no edges with "
            "torch.empty((2, 0), dtype=torch.long)."
        )
    ends = as_numpy(data["edge_index"], f"graph {number}: edge_index")
    if ends.ndim != 2 or len(ends) != 2:
        raise DatasetError(
            f"graph {number}: edge_index has shape {ends.shape}. It must be [2, edges]."
        )
    return ends


def _array(data: Mapping[str, Any], name: str, number: int, *, graph: bool) -> np.ndarray:
    """An attribute as rows; one of a graph is a single row."""
    value = data[name]
    if graph and isinstance(value, bool | int | float):
        value = np.array([value])
    array = as_numpy(value, f"graph {number}: {name}")
    return array.reshape(1) if graph and array.ndim == 0 else array


def _level_of(given: Sequence[Mapping[str, Any]], counts: Sequence[int]) -> Level:
    """What has a label, by the number of rows of `y`."""
    sizes = [
        (1 if isinstance(data["y"], bool | int | float) else int(np.prod(data["y"].shape[:1])), n)
        for data, n in zip(given, counts, strict=True)
        if data.get("y") is not None
    ]
    graph, node = all(rows == 1 for rows, _ in sizes), all(rows == n for rows, n in sizes)
    if sizes and graph and node:
        raise DatasetError(
            "graphs: y has one row, and each graph one node. Give level='graph' or level='node'."
        )
    if graph or not sizes:
        masked = any(data.get(mask) is not None for data in given for mask in _MASKS.values())
        return "node" if masked and not sizes else "graph"
    if node:
        return "node"
    number = next(place for place, (rows, n) in enumerate(sizes) if rows not in (1, n))
    raise DatasetError(
        f"graph {number}: y has {sizes[number][0]} rows for {sizes[number][1]} nodes. Several "
        "numbers for a graph are one row, y.reshape(1, -1); for labels of edges give level='edge'."
    )


def _check_label(label: np.ndarray, level: Level, counts: Mapping[str, int], number: int) -> None:
    rows = counts.get(level, 1)
    if label.ndim == 0 or len(label) != rows:
        raise DatasetError(
            f"graph {number}: y has shape {label.shape}. At level {level!r} it must have {rows} "
            "rows; several numbers for a graph are one row, y.reshape(1, -1)."
        )


def _split(data: Mapping[str, Any], number: int, count: int, fold: int) -> np.ndarray | None:
    masks = {
        part: None if data.get(name) is None else as_numpy(data[name], f"graph {number}: {name}")
        for part, name in _MASKS.items()
    }
    for part, mask in masks.items():
        if mask is not None and len(mask) != count:
            raise DatasetError(
                f"graph {number}: {_MASKS[part]} has {len(mask)} entries for {count} nodes. Give "
                "one for each."
            )
    return split_of_masks(masks, fold)


def _joined_split(masks: Sequence[np.ndarray | None], level: Level) -> np.ndarray | None:
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    if level != "node":
        raise DatasetError(
            f"graphs: there are masks of nodes, and the level is {level!r}. Give level='node', or "
            "drop the masks with leave_out=."
        )
    if len(given) < len(masks):
        raise DatasetError(
            "graphs: some have masks and others have none. Give every graph masks, or drop them "
            "with leave_out=."
        )
    return np.concatenate(given)


def _text(data: Mapping[str, Any], name: str, number: int) -> str:
    if not isinstance(data.get(name), str):
        raise DatasetError(f"graph {number}: {name} is no text. Give names= of a text, or none.")
    return str(data[name])


def to_pyg(dataset: Dataset) -> list[Any]:
    """Each graph as a Data: columns are attributes, labels `y`, the parts of nodes masks.

    Categories are int64. A split of graphs is left out, as a Data has no place for it. A missing
    class is -1.

    Raises:
      ImportError: torch or torch_geometric is not installed.
      DatasetError: the dataset holds what a Data has no place for.
    """
    try:
        import torch
        from torch_geometric.data import Data
    except ImportError as error:
        raise ImportError(
            'this needs PyTorch Geometric: pip install "gtx-jax[pyg]".', name=error.name
        ) from error
    check_plain(dataset, "PyTorch Geometric", levels=("graph", "node"))
    table, label = dataset.targets, dataset.spec.label
    if not dataset.targets_are_all:
        raise DatasetError(
            f"dataset: only some {table.level}s are targets, and a Data has labels of all. Set "
            "targets of all with with_targets, missing where there is no label."
        )
    spec = dataset.spec
    levels: dict[str, Any] = dict(nodes=spec.nodes, edges=spec.edges, globals=spec.graphs)
    names = [name for columns in levels.values() for name in columns]
    twice = sorted({name for name in names if names.count(name) > 1} | (set(names) & set(_KNOWN)))
    if twice:
        raise DatasetError(
            f"dataset: the columns {twice} have the name of another attribute. Rename them."
        )
    found = []
    for number in range(len(dataset)):
        whole = dataset[number]
        attributes: dict[str, Any] = dict(num_nodes=int(dataset.num_nodes[number]))
        ends = np.stack([whole.senders, whole.receivers]).astype(np.int64)
        attributes["edge_index"] = torch.from_numpy(ends)
        for level, columns in levels.items():
            for name, column in columns.items():
                array = getattr(whole, level)[name]
                wide = array.astype(np.int64) if isinstance(column, Categorical) else array.copy()
                attributes[name] = torch.from_numpy(wide)
        first = dataset.node_ptr if table.level == "node" else np.arange(len(dataset) + 1)
        rows = slice(int(first[number]), int(first[number + 1]))
        if table.labels is not None and label is not None:
            labels = table.labels[rows]
            wide = labels.astype(np.int64) if label.kind == "multiclass" else labels.copy()
            attributes["y"] = torch.from_numpy(wide)
        if table.level == "node" and np.any(table.split != -1):
            for part, name in _MASKS.items():
                attributes[name] = torch.from_numpy(table.split[rows] == SPLITS.index(part))
        found.append(Data(**attributes))
    return found
