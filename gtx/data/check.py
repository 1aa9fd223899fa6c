"""The rules that every Dataset obeys, checked column by column."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from gtx.data.columns import of_part
from gtx.data.exact import INT32_MAX
from gtx.data.exact import DatasetError as DatasetError
from gtx.data.spec import Categorical, Column, GraphSpec, Label
from gtx.data.targets import TargetTable, check_labels_agree, check_level, check_rows
from gtx.typing import LEVELS

if TYPE_CHECKING:
    from gtx.data.dataset import Dataset

_ROWS = dict(node="nodes", edge="edges", pair="nodes")  # the rows that the index of a level counts


def check_form(dataset: "Dataset") -> None:
    """Check what needs no values of the arrays: their types, dtypes and lengths.

    The constructor of Dataset calls it. Raises a DatasetError.
    """
    for name, dtype in (("node_ptr", np.int64), ("edge_ptr", np.int64)):
        _check_array(name, getattr(dataset, name), dtype, 1)
    for name in ("senders", "receivers", "ids"):
        _check_array(name, getattr(dataset, name), np.int32, 1)
    if not isinstance(dataset.spec, GraphSpec):
        raise DatasetError(f"dataset: spec is a {type(dataset.spec).__name__}. Give a GraphSpec.")
    if dataset.names is not None:
        _check_array("names", dataset.names, np.str_, 1)
    _check_table(dataset.targets)
    if not 0 < len(dataset.node_ptr) == len(dataset.edge_ptr):
        raise DatasetError(
            f"dataset: node_ptr is for {len(dataset.node_ptr) - 1} graphs, edge_ptr for "
            f"{len(dataset.edge_ptr) - 1}. Give both one entry per graph and one more."
        )
    for name in ("ids", "names"):
        values = getattr(dataset, name)
        if values is not None and values.shape != (len(dataset.node_ptr) - 1,):
            raise DatasetError(
                f"dataset: {name} has shape {values.shape} for {len(dataset.node_ptr) - 1} "
                "graphs. Give one entry per graph."
            )
    if dataset.senders.shape != dataset.receivers.shape:
        raise DatasetError(
            f"dataset: senders have shape {dataset.senders.shape}, receivers have shape "
            f"{dataset.receivers.shape}. Give one of each per edge: {dataset.senders.shape}."
        )
    for level in LEVELS.values():
        arrays = getattr(dataset, level)
        if not isinstance(arrays, Mapping):
            raise DatasetError(f"dataset: {level} is a {type(arrays).__name__}. Give a dict.")
        for name, array in arrays.items():
            _check_array(f"{level}[{name!r}]", array, None, 2)


def _check_table(table: object) -> None:
    """Check the form of the targets: dtypes, axes, and one label and one part for each row."""
    if not isinstance(table, TargetTable):
        raise DatasetError(
            f"dataset: targets are a {type(table).__name__}. Give a TargetTable, or set them with "
            "Dataset.with_targets."
        )
    check_level(table.level)
    _check_array("targets.index", table.index, np.int64, 2 if table.level == "pair" else 1)
    _check_array("targets.split", table.split, np.int8, 1)
    parts = {"split": table.split}
    if table.labels is not None:
        _check_array("targets.labels", table.labels, None, None)
        parts["labels"] = table.labels
    if table.weights is not None:
        _check_array("targets.weights", table.weights, np.float32, 1)
        parts["weights"] = table.weights
    for name, values in parts.items():
        if values.ndim == 0 or len(values) != len(table):
            raise DatasetError(
                f"dataset: targets.{name} has shape {values.shape} for {len(table)} targets. Give "
                "one entry for each."
            )


def _check_array(name: str, array: object, dtype: type | None, ndim: int | None) -> None:
    plain = isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)
    if not plain:
        raise DatasetError(
            f"dataset: {name} is a {type(array).__name__}. Give a numpy array without mask, or "
            "build the dataset with Dataset.from_columns."
        )
    assert isinstance(array, np.ndarray)
    right = dtype is None or array.dtype == dtype
    right = right or (dtype is np.str_ and array.dtype.kind == "U" and array.dtype.isnative)
    if not right or ndim not in (None, array.ndim):
        kind = "" if dtype is None else " text" if dtype is np.str_ else f" {np.dtype(dtype)}"
        raise DatasetError(
            f"dataset: {name} is {array.dtype} of shape {array.shape}. It must be{kind} with "
            f"{ndim or 'one or two'} axes; Dataset.from_columns converts what can be converted."
        )


def check(dataset: "Dataset") -> None:
    """Raise a DatasetError for the first rule that the dataset breaks."""
    check_form(dataset)
    check_index(dataset)
    _check_order(dataset)
    for level in LEVELS.values():
        check_columns(dataset, level)
    check_edge_sets(dataset)
    _check_per_graph(dataset)
    check_targets(dataset)


def check_columns(dataset: "Dataset", level: str, names: Collection[str] | None = None) -> None:
    """The part of `check` that reads the columns of a level, "nodes" for example.

    Args:
      dataset: whose rows and spec they must fit.
      level: of the columns.
      names: of those that are read; all of them if None.
    """
    arrays, columns = getattr(dataset, level), getattr(dataset.spec, level)
    if set(arrays) != set(columns):
        raise DatasetError(
            f"dataset: {level} has the columns {sorted(arrays)}, its spec {sorted(columns)}. "
            "Describe every column in the spec, and no other."
        )
    read = columns if names is None else names
    if not read:
        return
    ptr = _starts(dataset, level)
    for name in read:
        _check_column(dataset, f"{level}[{name!r}]", arrays[name], columns[name], ptr)


def check_targets(dataset: "Dataset") -> None:
    """The part of `check` that reads the targets: their rows, their labels and their parts."""
    table, label = dataset.targets, dataset.spec.label
    check_rows(table, dataset.num_rows(table.level))
    if table.level == "pair" and len(table):
        graph = np.searchsorted(dataset.node_ptr, table.index, side="right")
        if np.any(graph[:, 0] != graph[:, 1]):
            row = int(np.argmax(graph[:, 0] != graph[:, 1]))
            raise DatasetError(
                f"dataset: target {row} is the pair of nodes {table.index[row].tolist()}, which "
                "stand in different graphs. Pairs are within a graph."
            )
    wrong = (table.split < -1) | (table.split > 2)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DatasetError(
            f"{_graph(dataset, int(dataset.target_graph[row]))}: split is {table.split[row]}. It "
            "is 0 for train, 1 for valid, 2 for test, -1 for none."
        )
    if table.weights is not None:
        wrong = ~(np.isfinite(table.weights) & (table.weights >= 0))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DatasetError(
                f"{_graph(dataset, int(dataset.target_graph[row]))}: the weight of target {row} is "
                f"{table.weights[row]}. A weight is a finite number of at least 0."
            )
    if table.labels is not None and label is not None:
        check_labels_agree(table.level, label)
        _check_labels(dataset, table.labels, label)
    elif table.labels is not None or label is not None:
        raise DatasetError(
            "dataset: targets.labels and spec.label must both be given or both be None. "
            "Set them together with with_targets."
        )


def check_edge_sets(dataset: "Dataset", names: Collection[str] | None = None) -> None:
    """The part of `check` that reads the edge sets of these names, or all: edges and columns."""
    described = {name: sorted(columns) for name, columns in dataset.spec.edge_sets.items()}
    found = {name: sorted(edges.columns) for name, edges in dataset.edge_sets.items()}
    if described != found:
        raise DatasetError(
            f"dataset: the edge sets have the columns {found}, the spec says {described}. "
            "Dataset.with_edge_set adds both."
        )
    for name in found if names is None else names:
        edges = dataset.edge_sets[name]
        edges.check(name, dataset.num_nodes)
        for key, column in dataset.spec.edge_sets[name].items():
            field = f"edge_sets[{name!r}][{key!r}]"
            _check_column(dataset, field, edges.columns[key], column, edges.ptr)


def check_index(dataset: "Dataset") -> None:
    """The part of `check` that comes before edges can be sorted: offsets and ranges of ids."""
    _check_pointers(dataset)
    _check_edges(dataset)


def _starts(dataset: "Dataset", level: str) -> np.ndarray:
    """Where the rows of each graph start in the columns of a level, "nodes" for example."""
    if level == "graphs":
        return np.arange(len(dataset) + 1)
    ptr = dict(nodes="node_ptr", edges="edge_ptr", pairs="pair_ptr")
    return getattr(dataset, ptr[level])


def _graph(dataset: "Dataset", number: int) -> str:
    """The name of a graph in messages: its number in the original dataset, and its own name."""
    name = "" if dataset.names is None else f" ({dataset.names[number][:60]})"
    return f"graph {dataset.ids[number]}{name}"


def _owner(ptr: np.ndarray, row: int) -> tuple[int, int]:
    """The graph to which a row belongs, and the row's place within it."""
    number = int(np.searchsorted(ptr, row, side="right")) - 1
    return number, row - int(ptr[number])


def _check_pointers(dataset: "Dataset") -> None:
    for name, rows in (("node_ptr", None), ("edge_ptr", len(dataset.senders))):
        ptr = getattr(dataset, name)
        # Compared and not subtracted, because differences of large numbers wrap around.
        falls = np.any(ptr[1:] < ptr[:-1])
        if falls or ptr[0] != 0 or (rows is not None and ptr[-1] != rows):
            raise DatasetError(
                f"dataset: {name} must be int64 offsets [graphs + 1] that start at 0, never fall "
                "and end at the number of rows. Build it with np.cumsum of the sizes."
            )
    if dataset.node_ptr[-1] > INT32_MAX:
        number = int(np.argmax(dataset.num_nodes))
        raise DatasetError(
            f"dataset: node_ptr ends at {dataset.node_ptr[-1]} nodes, {dataset.num_nodes[number]} "
            f"of them in {_graph(dataset, number)}, beyond 32 bits. Use fewer or smaller graphs."
        )


def _check_edges(dataset: "Dataset") -> None:
    sizes = np.repeat(dataset.num_nodes, dataset.num_edges)
    for field in ("senders", "receivers"):
        ids = getattr(dataset, field)
        wrong = (ids < 0) | (ids >= sizes)
        if wrong.any():
            row = int(np.argmax(wrong))
            number, edge = _owner(dataset.edge_ptr, row)
            raise DatasetError(
                f"{_graph(dataset, number)}: {field}[{edge}] is {ids[row]}, but the graph has "
                f"{sizes[row]} nodes. Ids are local to the graph, from 0 to n_node - 1; mend the "
                "edge or count the isolated nodes too."
            )


def _check_order(dataset: "Dataset") -> None:
    # Receivers may fall only from the last edge of a graph to the first edge of the next one.
    falls = np.diff(dataset.receivers) < 0
    starts = dataset.edge_ptr[1:-1]
    falls[starts[(starts > 0) & (starts < len(dataset.receivers))] - 1] = False
    if falls.any():
        number, edge = _owner(dataset.edge_ptr, int(np.argmax(falls)) + 1)
        raise DatasetError(
            f"{_graph(dataset, number)}: receivers[{edge}] is smaller than the one before. "
            "Edges are sorted by receiver; Dataset.from_columns and from_graphs sort them."
        )


def _check_column(
    dataset: "Dataset", field: str, array: np.ndarray, column: Column, ptr: np.ndarray
) -> None:
    width = len(column.sizes) if isinstance(column, Categorical) else column.dim
    dtype = np.int32 if isinstance(column, Categorical) else np.float32
    if array.shape != (ptr[-1], width):
        raise DatasetError(
            f"dataset: {field} has shape {array.shape}, its spec says {(int(ptr[-1]), width)}. "
            "Give one row per node, edge, pair or graph, and mend the spec's width."
        )
    if array.dtype != dtype:
        raise DatasetError(
            f"dataset: {field} is {array.dtype}. {type(column).__name__} columns are "
            f"{np.dtype(dtype)}; convert it with .astype."
        )
    if array.size == 0:
        return
    if isinstance(column, Categorical):
        sizes = np.array(column.sizes)
        # Minimum and maximum are much faster than the mask, which is needed only for the message.
        if array.min() >= 0 and np.all(array.max(axis=0) < sizes):
            return
        wrong = (array < 0) | (array >= sizes)
        row, place = (int(part[0]) for part in np.nonzero(wrong))
        number, within = _owner(ptr, row)
        raise DatasetError(
            f"{_graph(dataset, number)}: {field}[{within}, {place}] is {array[row, place]}, "
            f"outside the vocabulary of {sizes[place]}. Map unknown categories into it, or "
            "enlarge sizes in the spec."
        )
    finite = np.isfinite(array)
    if not finite.all():
        row, place = (int(part[0]) for part in np.nonzero(~finite))
        number, within = _owner(ptr, row)
        raise DatasetError(
            f"{_graph(dataset, number)}: {field}[{within}, {place}] is {array[row, place]}. "
            "Fill missing features, and keep values within float32."
        )


def _check_per_graph(dataset: "Dataset") -> None:
    if len(dataset) and dataset.ids.min() < 0:
        row = int(np.argmin(dataset.ids))
        raise DatasetError(
            f"dataset: ids[{row}] is {dataset.ids[row]}. Ids must not be negative; leave them out "
            "to number the graphs."
        )


def _check_labels(dataset: "Dataset", labels: np.ndarray, label: Label) -> None:
    rows = len(dataset.targets)
    multiclass = label.kind == "multiclass"
    shape = (rows,) if multiclass else (rows, label.num_columns)
    dtype = np.int32 if multiclass else np.float32
    if labels.shape != shape or labels.dtype != dtype:
        raise DatasetError(
            f"dataset: labels are {labels.dtype} of shape {labels.shape}. For {label.kind} at "
            f"{label.level} level they must be {np.dtype(dtype)} of shape {shape}."
        )
    if rows == 0:
        return
    missing = labels == -1 if multiclass else np.isnan(labels)
    if missing.all():
        raise DatasetError(
            "dataset: every label is missing. Check the label column, or use labels=None for a "
            "dataset without labels."
        )
    if label.kind == "mixed":
        first = 0
        for part in label.parts:
            own = labels[:, first : first + part.num_columns]
            first += part.num_columns
            if not np.isnan(own).all():
                _check_labels(dataset, of_part(own, part), part)
        return
    if multiclass:
        wrong, rule = (labels < -1) | (labels >= label.dim), f"a class below {label.dim}"
    elif label.kind == "regression":
        wrong, rule = np.isinf(labels), "a finite number"
    elif label.kind == "sequence":
        wrong, rule = _no_words(labels, len(label.names)), "the number of a word, with words before"
    else:
        wrong, rule = ~missing & (labels != 0) & (labels != 1), "0 or 1"
    if wrong.any():
        place = tuple(int(part[0]) for part in np.nonzero(wrong))
        number = int(dataset.target_graph[place[0]])
        first = 0 if label.level == "graph" else _starts(dataset, _ROWS[label.level])[number]
        within = (dataset.targets.index[place[0]] - first).tolist()
        node = "" if label.level == "graph" else f"{within if label.level == 'pair' else [within]}"
        names = label.names if label.kind != "sequence" else ()
        target = "" if multiclass else f" of target {(names or range(label.num_columns))[place[1]]}"
        blank = "-1" if multiclass else "NaN"
        raise DatasetError(
            f"{_graph(dataset, number)}: label{node}{target} is {labels[place]}. It must be "
            f"{rule}, or {blank} if it is missing."
        )


def _no_words(labels: np.ndarray, words: int) -> np.ndarray:
    """Where labels of sequences are no numbers of words, or follow a place without one."""
    there = ~np.isnan(labels)
    numbers = np.nan_to_num(labels, posinf=-1.0)
    wrong = (numbers < 0) | (numbers != np.round(numbers)) | (numbers == words)
    wrong |= numbers == words + 1
    gap = np.zeros_like(there)
    gap[:, 1:] = there[:, 1:] & ~there[:, :-1]
    return (there & wrong) | gap
