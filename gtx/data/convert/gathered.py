"""Arrays of several graphs as one Dataset: texts become categories, labels get a description."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data import exact
from gtx.data.columns import infer_column, infer_label, offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label, LabelKind
from gtx.typing import Level

# A column of texts with more categories than this, most of them used once, holds names.
_FEW = 1000
# A table of embeddings of more rows than this is a typing error, or made from numbers of nodes.
_MOST = 2**16

# From a level ("nodes", "edges" or "graphs") and a row to words for a message.
Place = Callable[[str, int], str]


@dataclasses.dataclass(frozen=True)
class Target:
    """Labels: one row for each graph, node or edge of all graphs.

    Attributes:
      level: what has a label.
      values: numbers, bools or texts; NaN or an empty text is a missing label.
      kind: of the labels; None infers it: texts and integers are classes, bools binary, floats
        regression.
    """

    level: Level
    values: np.ndarray
    kind: LabelKind | None = None


def gathered(
    *,
    num_nodes: Sequence[int] | np.ndarray,
    num_edges: Sequence[int] | np.ndarray,
    senders: Any,
    receivers: Any,
    columns: Mapping[str, Mapping[str, np.ndarray]],
    place: Place | None = None,
    target: Target | None = None,
    split: Any = None,
    names: Any = None,
    spec: GraphSpec | None = None,
) -> Dataset:
    """A checked Dataset of joined arrays.

    Args:
      num_nodes, num_edges: of each graph.
      senders, receivers: ids local to each graph.
      columns: "nodes", "edges" and "graphs", each a dict from name to array; texts are allowed.
      place: words for a row in messages; the graph and its row if None.
      target: the labels, if there are any.
      split: names or codes, one for each target (or graph).
      names: a text for each graph.
      spec: columns that it describes get its description, with the categories of texts.

    Raises:
      DatasetError: names the graph, the field and the remedy.
    """
    for number, count in enumerate(np.asarray(num_nodes).tolist()):
        if not 0 <= count <= exact.INT32_MAX:
            raise DatasetError(
                f"graph {number}: has {count} nodes. Give a number from 0 to {exact.INT32_MAX}."
            )
    node_ptr, edge_ptr = offsets(num_nodes), offsets(num_edges)
    starts = dict(nodes=node_ptr, edges=edge_ptr, graphs=np.arange(len(node_ptr)))
    place = place or _place(starts)
    arrays: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for level in starts:
        known = {} if spec is None else getattr(spec, level)
        arrays[level], found[level] = {}, {}
        there = dict(columns.get(level, {}))
        if not starts[level][-1]:
            # Features that are kept at each node or edge are unknown where there is none.
            there = {**dict.fromkeys(known, np.zeros(0)), **there}
        for name, given in there.items():
            array, column = _column(given, f"{level}[{name!r}]", level, known.get(name), place)
            arrays[level][name], found[level][name] = array, column
    ends = np.asarray(senders), np.asarray(receivers)
    values: Any = None
    label: Label | None = None
    if target is not None:
        values, label = labels_of(target, None if spec is None else spec.label)
    if target is not None and target.level == "edge" and len(ends[1]) == edge_ptr[-1]:
        # Labels of edges have the order in which a Dataset sorts the edges.
        graph = np.repeat(np.arange(len(edge_ptr) - 1), np.diff(edge_ptr))
        order = np.lexsort((ends[1], graph))
        ends = ends[0][order], ends[1][order]
        arrays["edges"] = {name: array[order] for name, array in arrays["edges"].items()}
        values = values[order]
        split = None if split is None else np.asarray(split)[order]
    dataset = Dataset.from_columns(
        **arrays,
        node_ptr=node_ptr,
        edge_ptr=edge_ptr,
        senders=ends[0],
        receivers=ends[1],
        names=names,
        spec=GraphSpec(**found),
    )
    if target is not None:
        return dataset.with_targets(target.level, labels=values, split=split, label=label)
    return dataset if split is None else dataset.with_split(split)


def _place(starts: Mapping[str, np.ndarray]) -> Place:
    def place(level: str, row: int) -> str:
        graph = int(np.searchsorted(starts[level], row, side="right")) - 1
        within = "" if level == "graphs" else f", {level[:-1]} {row - int(starts[level][graph])}"
        return f"graph {graph}{within}"

    return place


def is_text(array: np.ndarray) -> bool:
    return array.dtype.kind in "UT"


def _column(
    values: np.ndarray, field: str, level: str, known: Column | None, place: Place
) -> tuple[np.ndarray, Column]:
    """The numbers of a column, and its description."""
    if isinstance(known, Continuous):
        known = dataclasses.replace(known, mean=(), std=())  # what is read is not scaled yet
    if known is not None and not len(values):
        width = len(known.sizes) if isinstance(known, Categorical) else known.dim
        return np.zeros((0, width), np.int32 if isinstance(known, Categorical) else float), known
    if is_text(values):
        return _categories(values, field, level, known, place)
    array = exact.plain(values, field)
    if isinstance(known, Categorical) and known.names:
        raise DatasetError(
            f"dataset: {field} is {array.dtype}, and texts in the training data. Build it as the "
            "training data were built."
        )
    if array.dtype.kind == "b":
        column: Column = Categorical((2,) * (array.shape[1] if array.ndim == 2 else 1))
        return array, known or column
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not (exact.is_integer(array) or exact.is_float(array)):
        raise DatasetError(
            f"dataset: {field} is {array.dtype} of shape {array.shape}. Columns are integers, "
            "bools or real floats with one or two axes; take the parts of complex numbers, and "
            "flatten further axes."
        )
    if exact.is_integer(array) and array.size:
        wrong = (array < 0) | (array >= _MOST)
        if wrong.any() and known is None:
            row, within = np.argwhere(wrong)[0].tolist()
            raise DatasetError(
                f"{place(level, row)}: {field}[{within}] is {array[row, within]}. Integers are "
                f"categories, from 0 to below {_MOST}. If it is a quantity, give floats; if it is "
                "a number of a node or of a thing, leave the column out."
            )
    return array, known or infer_column(array)


def _categories(
    values: np.ndarray, field: str, level: str, known: Column | None, place: Place
) -> tuple[np.ndarray, Column]:
    """Texts as places among their names."""
    if values.ndim != 1:
        raise DatasetError(
            f"dataset: {field} holds {values.shape[1]} texts in each row. Give a column for each."
        )
    names, codes = np.unique(values, return_inverse=True)
    for row in np.flatnonzero(values == "")[:1]:
        raise DatasetError(
            f"{place(level, int(row))}: {field} is empty. Fill it, with a category of its own such "
            "as 'unknown', or leave the column out."
        )
    if known is None:
        if len(names) > _FEW and 2 * len(names) > len(values):
            raise DatasetError(
                f"dataset: {field} has {len(names)} different texts in {len(values)} rows, which "
                "look like names and not like categories. Leave the column out."
            )
        if not len(names):
            return codes.astype(np.int32), Categorical((1,))
        column = Categorical((len(names),), names=(tuple(names.tolist()),))
        return codes.astype(np.int32), column
    if not isinstance(known, Categorical) or not known.names:
        raise DatasetError(
            f"dataset: {field} holds texts, and numbers in the training data. Build it as the "
            "training data were built."
        )
    places = {name: number for number, name in enumerate(known.names[0])}
    missing = [name for name in names.tolist() if name not in places]
    if missing:
        row = int(np.argmax(values == missing[0]))
        shown = ", ".join(map(repr, known.names[0][:20]))
        raise DatasetError(
            f"{place(level, row)}: {field} is {missing[0]!r:.60}, which the training data do not "
            f"have. Its categories are {shown}{', ...' if len(places) > 20 else ''}; map it to one "
            "of these."
        )
    return np.array([places[name] for name in names.tolist()], np.int32)[codes], known


def labels_of(target: Target, known: Label | None = None) -> tuple[np.ndarray, Label]:
    """The labels as numbers, and their description, which is `known` at the level of this.

    Raises:
      DatasetError: they are not of that kind.
    """
    values, kind = target.values, target.kind
    if known is not None and known.level == target.level:
        known = dataclasses.replace(known, mean=(), std=())
        if not is_text(values):
            return values, known
        return _known_classes(values, known), known
    if not is_text(values):
        label = infer_label(values, target.level)
        if kind in (None, label.kind):
            return values, label
        dim = 1 if np.ndim(values) == 1 else np.shape(values)[1]
        if kind == "multiclass":
            largest = np.nanmax(np.ma.filled(np.ma.asarray(values).astype(float), 0), initial=0)
            dim = int(largest) + 1
        return values, Label(target.level, kind, dim)
    if kind not in (None, "multiclass", "binary"):
        raise DatasetError(f"dataset: labels are texts, no numbers for {kind}. Give numbers.")
    if values.ndim != 1:
        raise DatasetError("dataset: labels are several texts in each row. Give one for each.")
    names = np.unique(values[values != ""])
    if not len(names):
        raise DatasetError("dataset: every label is empty. Leave labels out.")
    place = {name: number for number, name in enumerate(names.tolist())}
    codes = np.array([place.get(value, -1) for value in values.tolist()], np.int32)
    if kind == "binary":
        if len(names) != 2:
            raise DatasetError(
                f"dataset: binary labels have {len(names)} texts, {names[:5].tolist()}. Give two "
                "different ones."
            )
        numbers = np.where(codes < 0, np.nan, codes).astype(np.float32)
        return numbers, Label(target.level, "binary", 1, (str(names[1]),))
    return codes, Label(target.level, "multiclass", len(names), tuple(names.tolist()))


def _known_classes(values: np.ndarray, known: Label) -> np.ndarray:
    """Texts as places among the names of a label; -1 where one is empty."""
    place = {name: number for number, name in enumerate(known.names)} | {"": -1}
    if known.kind != "multiclass" or not known.names:
        raise DatasetError(
            f"dataset: labels are texts, and {known.kind} labels without names in the training "
            "data. Build them as the training data were built."
        )
    unknown = sorted(set(values.tolist()) - set(place))
    if unknown:
        raise DatasetError(
            f"dataset: the labels {unknown[:5]} are none of the classes of the training data, "
            f"{list(known.names[:20])}. Mend them."
        )
    return np.array([place[value] for value in values.tolist()], np.int32)


@dataclasses.dataclass(frozen=True)
class Arrays:
    """One graph of another library as arrays.

    Attributes:
      num_nodes: number of its nodes.
      senders, receivers: ids of its nodes.
      columns: "nodes", "edges" and "graphs", each a dict from name to array with a row for each.
      label: its labels, one row for each target; None without.
    """

    num_nodes: int
    senders: np.ndarray
    receivers: np.ndarray
    columns: Mapping[str, Mapping[str, np.ndarray]]
    label: np.ndarray | None = None


def joined(
    graphs: Sequence[Arrays],
    *,
    level: Level = "graph",
    kind: LabelKind | None = None,
    split: Any = None,
    names: Any = None,
    spec: GraphSpec | None = None,
) -> Dataset:
    """A Dataset of graphs that have the same columns.

    Raises:
      DatasetError: names the first graph that differs, its field and the remedy.
    """
    if not graphs:
        raise DatasetError("graphs: there are none to convert. Give at least one graph.")
    for number, graph in enumerate(graphs):
        _check_rows(graph, f"graph {number}")
    columns = {
        level: _joined_columns([graph.columns.get(level, {}) for graph in graphs], level)
        for level in ("nodes", "edges", "graphs")
    }
    labels = [graph.label for graph in graphs]
    lacking = [number for number, label in enumerate(labels) if label is None]
    if lacking and len(lacking) < len(labels):
        raise DatasetError(
            f"graph {lacking[0]}: has no label, and others have. Give NaN where a label is missing."
        )
    target = None
    if not lacking:
        parts = [dict(labels=np.asarray(label)) for label in labels]
        target = Target(level, _joined_columns(parts, "")["labels"], kind)
    return gathered(
        num_nodes=[graph.num_nodes for graph in graphs],
        num_edges=[len(graph.senders) for graph in graphs],
        senders=_joined_ids([graph.senders for graph in graphs]),
        receivers=_joined_ids([graph.receivers for graph in graphs]),
        columns=columns,
        target=target,
        split=split,
        names=names,
        spec=spec,
    )


def _check_rows(graph: Arrays, name: str) -> None:
    rows = dict(nodes=graph.num_nodes, edges=len(graph.senders), graphs=1)
    for level, columns in graph.columns.items():
        for key, array in columns.items():
            if array.ndim == 0 or len(array) != rows[level]:
                raise DatasetError(
                    f"{name}: {level}[{key!r}] has shape {array.shape} for {rows[level]} {level}. "
                    "Give one row for each."
                )


def _joined_ids(parts: Sequence[np.ndarray]) -> np.ndarray:
    filled = [part for part in parts if len(part)]
    for number, part in enumerate(parts):
        if len(part) and not exact.is_integer(part):
            raise DatasetError(
                f"graph {number}: nodes of edges are {part.dtype}. Give integers from 0."
            )
    return np.concatenate(filled) if filled else np.zeros(0, np.int64)


def _joined_columns(parts: Sequence[Mapping[str, np.ndarray]], level: str) -> dict[str, np.ndarray]:
    first = parts[0]
    for number, part in enumerate(parts):
        if set(part) != set(first):
            raise DatasetError(
                f"graph {number}: {level} have the columns {sorted(part)}, graph 0 has "
                f"{sorted(first)}. Give every graph the same, or leave out what some lack."
            )
    found = {}
    for name in first:
        arrays = [part[name] for part in parts]
        # An array of no rows takes the width and the kind of the others.
        filled = [number for number, array in enumerate(arrays) if len(array)]
        field = f"{level}[{name!r}]" if level else name
        like = arrays[filled[0]] if filled else arrays[0]
        for number in filled:
            array = arrays[number]
            if array.shape[1:] != like.shape[1:]:
                raise DatasetError(
                    f"graph {number}: {field} has rows of shape {array.shape[1:]}, in graph "
                    f"{filled[0]} they have {like.shape[1:]}. Give rows of one length."
                )
            if _kind(array) != _kind(like):
                raise DatasetError(
                    f"graph {number}: {field} is {array.dtype}, in graph {filled[0]} it is "
                    f"{like.dtype}. Give one type in all graphs."
                )
        found[name] = np.concatenate([arrays[number] for number in filled]) if filled else like
    return found


def _kind(array: np.ndarray) -> str:
    if exact.is_integer(array):
        return "integer"
    return "float" if exact.is_float(array) else array.dtype.kind
