"""A dataset of graphs as columns: what loading, encoding and batching work on. Host, numpy."""

import dataclasses
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gtx import graphs as graph_tools
from gtx.data import exact
from gtx.data.check import DatasetError, check, check_form, check_index
from gtx.data.columns import (
    SPLITS,
    as_column,
    as_ids,
    as_labels,
    as_names,
    as_numbers,
    as_offsets,
    as_split,
    infer_column,
    infer_label,
    join_labels,
    named_columns,
    offsets,
)
from gtx.data.spec import Column, GraphSpec, Label
from gtx.graphs import GraphsTuple

_FIELDS = dict(node="nodes", edge="edges", pair="pairs", graph="graphs")


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Graphs, features and labels, each kind in one array for all graphs.

    Rows of graph i stand at `node_ptr[i]:node_ptr[i + 1]`, and so on. Every column has two
    axes. Integer features are int32, float features float32.

    Attributes:
      nodes, edges, pairs, graphs: columns by name, with leading axis total nodes, edges, pairs
        (receiver major, n * n for a graph of n nodes) or graphs.
      node_ptr, edge_ptr: int64 [graphs + 1], where each graph starts.
      senders, receivers: int32 [edges], ids local to each graph; sorted by receiver in it.
      labels: float32 [graphs, dim], int32 [graphs] for multiclass, with leading axis nodes at
        node level; None if there are none. NaN, or -1 for multiclass, is a missing label.
      ids: int32 [graphs], the number of each graph in the dataset it was selected from.
      names: str [graphs], such as SMILES, or None.
      split: int8 [graphs], an index into SPLITS or -1.
      spec: names, kinds and vocabularies of the columns, and the label.

    Raises:
      DatasetError: an array has another dtype, number of axes or length. `check`, which the
        functions that build a dataset call, reads the values too.
    """

    nodes: Mapping[str, np.ndarray]
    edges: Mapping[str, np.ndarray]
    pairs: Mapping[str, np.ndarray]
    graphs: Mapping[str, np.ndarray]
    node_ptr: np.ndarray
    edge_ptr: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    labels: np.ndarray | None
    ids: np.ndarray
    names: np.ndarray | None
    split: np.ndarray
    spec: GraphSpec

    def __post_init__(self) -> None:
        check_form(self)

    @classmethod
    def from_columns(
        cls,
        *,
        node_ptr: Any,
        edge_ptr: Any,
        senders: Any,
        receivers: Any,
        nodes: Mapping[str, Any] | None = None,
        edges: Mapping[str, Any] | None = None,
        pairs: Mapping[str, Any] | None = None,
        graphs: Mapping[str, Any] | None = None,
        labels: Any = None,
        ids: Any = None,
        names: Any = None,
        split: Any = None,
        spec: GraphSpec | None = None,
    ) -> "Dataset":
        """Build and check a dataset from arrays that are already joined.

        Edges are sorted by receiver within each graph, stably and with their features. `split`
        is names or codes, one per graph. Without a `spec`, integer and bool columns become
        categorical with the largest value + 1 as vocabulary, float columns continuous; integer
        labels [graphs] are classes, bool ones or integer ones [graphs, dim] of 0 and 1 binary
        or multilabel, floats regression. Labels are at node level if they have a row per node
        and not one per graph. Masked labels are missing.

        Raises:
          DatasetError: names the graph, the field and the remedy. What would wrap, round or be
            cut in the dtype of its field is refused, and so are masked entries.
        """
        node_ptr, edge_ptr = as_offsets(node_ptr, "node_ptr"), as_offsets(edge_ptr, "edge_ptr")
        num_graphs = len(node_ptr) - 1
        given = dict(nodes=nodes, edges=edges, pairs=pairs, graphs=graphs)
        columns = {
            level: _as_columns(level, {} if arrays is None else arrays)
            for level, arrays in given.items()
        }
        ids, names = as_numbers(ids, num_graphs), as_names(names)

        def graph(number: int) -> str:
            named = names is not None and number < len(names)
            name = f" ({names[number][:60]})" if named else ""
            return f"graph {ids[number] if number < len(ids) else number}{name}"

        senders = as_ids(senders, "senders", edge_ptr, graph)
        receivers = as_ids(receivers, "receivers", edge_ptr, graph)
        if spec is None:
            spec = GraphSpec(
                **{
                    level: {name: infer_column(array) for name, array in arrays.items()}
                    for level, arrays in columns.items()
                },
                label=None if labels is None else infer_label(labels, num_graphs, node_ptr),
            )
        dataset = cls(
            **columns,
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            senders=senders,
            receivers=receivers,
            labels=as_labels(labels, spec.label),
            ids=ids,
            names=names,
            split=as_split(split, ids),
            spec=spec,
        )
        check_index(dataset)
        dataset = _sorted_by_receiver(dataset)
        dataset.check()
        return dataset

    @classmethod
    def from_graphs(
        cls,
        graphs: GraphsTuple | Iterable[GraphsTuple],
        labels: Any = None,
        *,
        split: Any = None,
        spec: GraphSpec | None = None,
        padded: bool | None = None,
    ) -> "Dataset":
        """Build a dataset from GraphsTuples; `dataset[i]` gives them back.

        Args:
          graphs: GraphsTuples of one or more graphs each, with dicts of columns as features (an
            array alone is taken as the column "feat"); globals become graph columns.
          labels: one row per graph, or per node of all graphs in order. With a spec whose
            label is at node level also a list with one array per graph.
          split: "train", "valid" or "test" (or 0, 1, 2, -1) for each graph.
          spec: as in `from_columns`, which says what is inferred without it.
          padded: whether each GraphsTuple ends in jraph's padding, see `gtx.graphs`. Labels and
            split are then those of the other graphs.

        Raises:
          GraphError: names the graph, the field and the remedy.
        """
        graphs = [graphs] if isinstance(graphs, GraphsTuple) else graphs
        whole = graph_tools.concatenate(graphs, padded=padded)
        graph_tools.validate(whole)
        if isinstance(labels, list | tuple) and spec and spec.label and spec.label.level == "node":
            labels = join_labels(labels) if labels else labels
        node_ptr, edge_ptr = offsets(whole.n_node), offsets(whole.n_edge)
        start = np.repeat(node_ptr[:-1], np.diff(edge_ptr))
        return cls.from_columns(
            nodes=named_columns(whole.nodes, "nodes"),
            edges=named_columns(whole.edges, "edges"),
            graphs=named_columns(whole.globals, "globals"),
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            senders=np.asarray(whole.senders).astype(np.int64) - start,
            receivers=np.asarray(whole.receivers).astype(np.int64) - start,
            labels=labels,
            split=split,
            spec=spec,
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    def __getitem__(self, index: int) -> GraphsTuple:
        """Graph `index` as a GraphsTuple with dicts of columns.

        Pair columns and labels have no place in one; `select([index])` keeps them.
        """
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no graph {index} in a dataset of {len(self)}")
        index %= len(self)
        node = slice(self.node_ptr[index], self.node_ptr[index + 1])
        edge = slice(self.edge_ptr[index], self.edge_ptr[index + 1])
        return GraphsTuple(
            nodes={name: array[node] for name, array in self.nodes.items()},
            edges={name: array[edge] for name, array in self.edges.items()},
            globals={name: array[index : index + 1] for name, array in self.graphs.items()},
            senders=self.senders[edge],
            receivers=self.receivers[edge],
            n_node=np.array([node.stop - node.start], np.int32),
            n_edge=np.array([edge.stop - edge.start], np.int32),
        )

    @property
    def num_nodes(self) -> np.ndarray:
        """Nodes of each graph, int64 [graphs]."""
        return np.diff(self.node_ptr)

    @property
    def num_edges(self) -> np.ndarray:
        """Directed edges of each graph, int64 [graphs]."""
        return np.diff(self.edge_ptr)

    @property
    def pair_ptr(self) -> np.ndarray:
        """Where the pair rows of each graph start, int64 [graphs + 1]."""
        return offsets(self.num_nodes**2)

    def select(self, indices: Any) -> "Dataset":
        """The graphs at these places (integers, or a bool per graph), in this order.

        `ids` go with the graphs; the spec stays as it is.
        """
        indices = exact.plain(indices, "indices")
        if indices.dtype == bool:
            if indices.shape != (len(self),):
                raise DatasetError(
                    f"dataset: a mask of shape {indices.shape} cannot select from {len(self)} "
                    "graphs. Give one bool per graph."
                )
            indices = np.nonzero(indices)[0]
        indices = indices.astype(np.int64) if indices.size == 0 else indices
        if indices.ndim != 1 or indices.dtype.kind not in "iu":
            raise DatasetError(
                f"dataset: cannot select by {indices.dtype} of shape {indices.shape}. "
                "Give integers [graphs] or one bool per graph."
            )
        if indices.size and not (-len(self) <= indices.min() and indices.max() < len(self)):
            raise IndexError(
                f"graphs {indices.min()} to {indices.max()} asked of a dataset of {len(self)}"
            )
        indices = indices.astype(np.int64) % max(len(self), 1)
        node_rows, node_ptr = _rows(self.node_ptr, indices)
        edge_rows, edge_ptr = _rows(self.edge_ptr, indices)
        pair_rows = _rows(self.pair_ptr, indices)[0] if self.pairs else indices
        rows = dict(nodes=node_rows, edges=edge_rows, pairs=pair_rows, graphs=indices)
        labels = self.labels
        if labels is not None and self.spec.label is not None:
            labels = labels[indices if self.spec.label.level == "graph" else node_rows]
        columns: dict[str, Any] = {
            level: {name: array[part] for name, array in getattr(self, level).items()}
            for level, part in rows.items()
        }
        return dataclasses.replace(
            self,
            **columns,
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            senders=self.senders[edge_rows],
            receivers=self.receivers[edge_rows],
            labels=labels,
            ids=self.ids[indices],
            names=None if self.names is None else self.names[indices],
            split=self.split[indices],
        )

    def part(self, name: str) -> "Dataset":
        """The graphs whose split is "train", "valid" or "test"; possibly none."""
        if name not in SPLITS:
            raise DatasetError(f"dataset: there is no part {name!r}. Use one of {SPLITS}.")
        return self.select(self.split == SPLITS.index(name))

    def with_columns(
        self,
        level: str,
        arrays: Mapping[str, Any],
        columns: Mapping[str, Column] | None = None,
    ) -> "Dataset":
        """The dataset with columns added (or replaced, where the name exists).

        Args:
          level: "node", "edge" (in this dataset's order of edges), "pair" or "graph".
          arrays: name to array with one row per node, edge, pair or graph.
          columns: what the arrays are; inferred if None.
        """
        if level not in _FIELDS:
            raise DatasetError(f"dataset: level {level!r} is unknown. Use one of {list(_FIELDS)}.")
        field = _FIELDS[level]
        new = _as_columns(field, arrays)
        if columns is None:
            columns = {name: infer_column(array) for name, array in new.items()}
        changes: dict[str, Any] = {field: {**getattr(self, field), **new}}
        spec = self.spec.replace(**{field: {**getattr(self.spec, field), **columns}})
        dataset = dataclasses.replace(self, spec=spec, **changes)
        dataset.check()
        return dataset

    def with_split(self, split: Any) -> "Dataset":
        """The dataset with another split: a name of SPLITS or its index (-1: none) per graph."""
        dataset = dataclasses.replace(self, split=as_split(split, self.ids))
        dataset.check()
        return dataset

    def with_labels(self, labels: Any, label: Label | None = None) -> "Dataset":
        """The dataset with other labels; `label` is inferred as in `from_columns` if None."""
        if label is None and labels is not None:
            label = infer_label(labels, len(self), self.node_ptr)
        dataset = dataclasses.replace(
            self, labels=as_labels(labels, label), spec=self.spec.replace(label=label)
        )
        dataset.check()
        return dataset

    def check(self) -> None:
        """Raise a DatasetError that names graph, field and remedy if a rule is broken."""
        check(self)


def _as_columns(level: str, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(arrays, Mapping):
        raise DatasetError(
            f"dataset: {level} is a {type(arrays).__name__}. Give a dict of name to array."
        )
    return {name: as_column(array, f"{level}[{name!r}]") for name, array in arrays.items()}


def _rows(ptr: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the selected blocks, and the offsets of the selection."""
    sizes = ptr[indices + 1] - ptr[indices]
    new = offsets(sizes)
    return np.repeat(ptr[indices] - new[:-1], sizes) + np.arange(new[-1]), new


def _sorted_by_receiver(dataset: Dataset) -> Dataset:
    for name, array in dataset.edges.items():
        if len(array) != len(dataset.receivers):
            raise DatasetError(
                f"dataset: edges[{name!r}] has {len(array)} rows for {len(dataset.receivers)} "
                "edges. Give one row per edge."
            )
    place = np.repeat(dataset.node_ptr[:-1], dataset.num_edges) + dataset.receivers
    if np.all(place[1:] >= place[:-1]):
        return dataset
    order = np.argsort(place, kind="stable")
    return dataclasses.replace(
        dataset,
        senders=dataset.senders[order],
        receivers=dataset.receivers[order],
        edges={name: array[order] for name, array in dataset.edges.items()},
    )
