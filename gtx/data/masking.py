"""Nodes whose columns are hidden and to be predicted: pre-training without labels.

A hidden row holds a value of its own: a further category, or zeros with a further column that is 1.
Hu et al. (2020), "Strategies for Pre-training Graph Neural Networks", hide atoms in this way; as
there, and unlike in BERT, a hidden row always holds this value.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.labels import parts_of
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label, mixed_label
from gtx.ops.noise import keep_mask, key_bits, node_ids

# The name of the further category, where categories have names.
HIDDEN = "(hidden)"


def with_masked_nodes(
    dataset: Dataset, share: float, *, columns: Sequence[str] = (), seed: int = 0
) -> Dataset:
    """Nodes as targets, whose labels are their own columns; those of valid and test are hidden.

    In valid and test a share of the nodes is drawn once, by the number of their graph and their
    place in it. Their rows are hidden, and they are the targets. In train every node is a target
    with its columns as they are; `gtx.batching.HiddenNodes` hides some of them in each step. Labels
    that were there are gone.

    The columns get the form of `with_mask_values`. The label is that of `masked_label`.

    Args:
      dataset: with a split of its graphs, or of its nodes.
      share: of the nodes that are hidden, above 0 and below 1.
      columns: names of node columns to hide; all of them if there are none.
      seed: of the draw.

    Raises:
      DatasetError: nothing can be hidden, there is no split of graphs or nodes, or no node of valid
        or test was drawn.
    """
    if not 0 < share < 1:
        raise DatasetError(f"dataset: a share of {share} cannot be hidden. Give one in (0, 1).")
    names = masked_columns(dataset.spec, columns)
    part = _part_of_nodes(dataset)
    label = masked_label(dataset.spec, names)
    labels = _labels(dataset, names, label)
    graph = np.repeat(np.arange(len(dataset)), dataset.num_nodes)
    position = np.arange(len(graph)) - dataset.node_ptr[graph]
    ids = node_ids(dataset.ids[graph], position, xp=np)
    drawn = ~np.asarray(keep_mask(key_bits(jax.random.key(seed)), share, ids))
    hidden = drawn & (part > SPLITS.index("train"))
    for code in np.unique(part[part > SPLITS.index("train")]):
        if not np.any(hidden & (part == code)):
            raise DatasetError(
                f"dataset: of {np.sum(part == code)} nodes in {SPLITS[code]} none was drawn with a "
                f"share of {share}. Give a larger share, or more graphs."
            )
    wide = with_mask_values(dataset, names)
    rows = mask_rows(wide.spec, names, label)
    changed = {
        name: np.where(hidden[:, None], row, wide.nodes[name]).astype(wide.nodes[name].dtype)
        for name, row in rows.items()
    }
    wide = wide.with_columns("node", changed, {name: wide.spec.nodes[name] for name in names})
    index = np.flatnonzero(hidden | (part == SPLITS.index("train")))
    return wide.without_labels().with_targets(
        "node", index, labels[index], part[index], label=label
    )


def with_mask_values(dataset: Dataset, columns: Sequence[str] = ()) -> Dataset:
    """The same graphs with room in these node columns for the value of a hidden row.

    A model that is trained on labels after it was trained on hidden nodes needs columns of this
    form, so that its encoders have the same parameters.

    Raises:
      DatasetError: there is no such column.
    """
    names = masked_columns(dataset.spec, columns)
    arrays = {}
    for name in names:
        values = dataset.nodes[name]
        if isinstance(dataset.spec.nodes[name], Continuous):
            values = np.concatenate([values, np.zeros((len(values), 1), values.dtype)], axis=1)
        arrays[name] = values
    return dataset.with_columns(
        "node", arrays, {name: _widened(dataset.spec.nodes[name]) for name in names}
    )


def widened(spec: GraphSpec, columns: Sequence[str] = ()) -> GraphSpec:
    """The spec that `with_mask_values` makes of this one."""
    names = masked_columns(spec, columns)
    return spec.replace(
        nodes={**spec.nodes, **{name: _widened(spec.nodes[name]) for name in names}}
    )


def masked_columns(spec: GraphSpec, columns: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the columns to hide, sorted: those given, or all of the nodes.

    Raises:
      DatasetError: there is no such column, or there is nothing to predict.
    """
    names = tuple(sorted(columns or spec.nodes))
    unknown = [name for name in names if name not in spec.nodes]
    if unknown:
        raise DatasetError(
            f"dataset: there are no node columns {unknown} to hide. Name some of "
            f"{sorted(spec.nodes)}."
        )
    varied = [
        name
        for name in names
        if isinstance(spec.nodes[name], Continuous) or max(_sizes(spec.nodes[name])) > 1
    ]
    if not varied:
        raise DatasetError(
            f"dataset: the node columns {list(names)} have one category each, so that nothing is "
            "to be predicted where they are hidden. Hide nodes of graphs with other columns."
        )
    return names


def masked_label(spec: GraphSpec, columns: Sequence[str] = ()) -> Label:
    """The label of hidden nodes: a class for each categorical column, numbers for others.

    Args:
      spec: of the data before they have room for the value of hidden rows.
      columns: as in `with_masked_nodes`.

    Returns:
      A mixed label with a head for each column, named as it is; with a number behind where a column
      has several categories. With one head in all it is that head's label.
    """
    parts = []
    for name in masked_columns(spec, columns):
        column = spec.nodes[name]
        if isinstance(column, Continuous):
            parts.append(Label("node", "regression", column.dim, name=name))
            continue
        for place, size in enumerate(column.sizes):
            names = column.names[place] if column.names else ()
            called = name if len(column.sizes) == 1 else f"{name} {place}"
            parts.append(Label("node", "multiclass", size, names, name=called))
    return parts[0] if len(parts) == 1 else mixed_label(parts)


def hidden_columns(spec: GraphSpec) -> tuple[str, ...]:
    """The names of the columns that the label of `masked_label` is made of, sorted."""
    label = spec.label
    parts = () if label is None else label.parts or (label,)
    heads = {part.name for part in parts}
    return tuple(name for name in sorted(spec.nodes) if {name, f"{name} 0"} & heads)


def mask_rows(spec: GraphSpec, columns: Sequence[str], label: Label) -> dict[str, np.ndarray]:
    """What a hidden row holds, for each of the columns.

    Args:
      spec: with room for it. Structures may have added categories of their own.
      columns: names of the columns.
      label: of `masked_label`, from which the value follows: the number of categories before.
    """
    parts = iter(label.parts or (label,))
    rows: dict[str, np.ndarray] = {}
    for name in sorted(columns):
        column = spec.nodes[name]
        if isinstance(column, Continuous):
            next(parts)
            rows[name] = np.eye(column.dim, dtype=np.float32)[-1]
        else:
            rows[name] = np.array([next(parts).dim for _ in column.sizes], np.int32)
    return rows


def _sizes(column: Column) -> tuple[int, ...]:
    return column.sizes if isinstance(column, Categorical) else ()


def _widened(column: Column) -> Column:
    if isinstance(column, Continuous):
        scales: Mapping[str, Any] = (
            dict(mean=(*column.mean, 0.0), std=(*column.std, 1.0)) if column.mean else {}
        )
        return dataclasses.replace(column, dim=column.dim + 1, **scales)
    names = tuple((*of_column, HIDDEN) for of_column in column.names)
    sizes = tuple(size + 1 for size in column.sizes)
    return dataclasses.replace(column, sizes=sizes, names=names)


def narrow(column: Column) -> Column:
    """A column as it was before it had room for the value of hidden rows."""
    if isinstance(column, Continuous):
        return dataclasses.replace(
            column, dim=column.dim - 1, mean=column.mean[:-1], std=column.std[:-1]
        )
    names = tuple(of_column[:-1] for of_column in column.names)
    return dataclasses.replace(column, sizes=tuple(size - 1 for size in column.sizes), names=names)


def _part_of_nodes(dataset: Dataset) -> np.ndarray:
    """The part of each node, a place in SPLITS or -1."""
    table = dataset.targets
    if table.level == "graph":
        of_graph = np.full(len(dataset), -1, np.int8)
        of_graph[table.index] = table.split
        part = np.repeat(of_graph, dataset.num_nodes)
    elif table.level == "node":
        part = np.full(dataset.num_rows("node"), -1, np.int8)
        part[table.index] = table.split
    else:
        raise DatasetError(
            f"dataset: the parts are those of {table.level}s, which say of no node in which part "
            "it is. Hide nodes of data with a split of graphs or of nodes."
        )
    if not np.any(part == SPLITS.index("train")):
        raise DatasetError("dataset: no node is in train. Set a split first.")
    return part


def _labels(dataset: Dataset, names: Sequence[str], label: Label) -> np.ndarray:
    """The columns of all nodes as labels."""
    columns = [dataset.nodes[name] for name in names]
    if label.kind == "multiclass":
        return columns[0][:, 0].astype(np.int32)
    values = np.concatenate([each.astype(np.float32) for each in columns], axis=1)
    width = sum(part.num_columns for part, _, _ in parts_of(label)) if label.parts else label.dim
    assert values.shape[1] == width
    return values
