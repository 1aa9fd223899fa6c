"""A dataset of graphs as columns, for loading, encoding and batching. Host, numpy."""

import dataclasses
import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gtx import graphs as graph_tools
from gtx.data import check as rules
from gtx.data.columns import (
    SPLITS,
    as_columns,
    as_ids,
    as_labels,
    as_names,
    as_numbers,
    as_offsets,
    as_places,
    as_slice,
    as_split,
    as_weights,
    infer_column,
    infer_label,
    infer_level,
    infer_spec,
    join_labels,
    named_columns,
    offsets,
    shared_rows,
)
from gtx.data.edge_sets import EdgeTable, sorted_by_receiver
from gtx.data.exact import DatasetError
from gtx.data.spec import Column, GraphSpec, Label
from gtx.data.targets import (
    TargetTable,
    all_rows,
    as_index,
    check_labels_agree,
    check_level,
    inherited_split,
    of_graphs,
    split_of_targets,
)
from gtx.graphs import GraphsTuple
from gtx.typing import LEVELS, Level


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Graphs, features and targets, each in one array for all graphs.

    The node rows of graph i are `node_ptr[i]:node_ptr[i + 1]`, and so on. Every column has two
    axes. Integer features are int32, float features float32.

    Attributes:
      nodes, edges, pairs, graphs: columns by name, with leading axis total nodes, edges, pairs
        (receiver major, n * n for a graph of n nodes) or graphs.
      node_ptr, edge_ptr: int64 [graphs + 1], the first row of each graph, and the end.
      senders, receivers: int32 [edges], ids local to each graph, sorted by receiver in each graph.
      targets: the rows to predict, with labels and split. Without labels, all graphs are targets.
      ids: int32 [graphs], the number of each graph in the dataset it was selected from.
      names: str [graphs], such as SMILES, or None.
      spec: names, kinds and vocabularies of the columns, and the label.
      edge_sets: EdgeTable by name: further edge sets that `gtx.structures` added.

    Raises:
      DatasetError: an array has a wrong dtype, number of axes or length. The functions that build a
        dataset also call `check`, which reads the values.
    """

    nodes: Mapping[str, np.ndarray]
    edges: Mapping[str, np.ndarray]
    pairs: Mapping[str, np.ndarray]
    graphs: Mapping[str, np.ndarray]
    node_ptr: np.ndarray
    edge_ptr: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    targets: TargetTable
    ids: np.ndarray
    names: np.ndarray | None
    spec: GraphSpec
    edge_sets: Mapping[str, EdgeTable] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_form(self)

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
        level: Level | None = None,
        spec: GraphSpec | None = None,
    ) -> "Dataset":
        """Build and check a dataset from arrays that are already joined.

        Edges are sorted by receiver within each graph, stably and with their features.

        Without a `spec`, integer and bool columns become categorical with the largest value + 1
        as vocabulary, and float columns become continuous. Integer labels [rows] are classes, bool
        labels and integer labels [rows, dim] are binary or multilabel, floats are regression.

        Every row of the `level` is a target: each "graph", "node" or "edge", in the order of the
        arrays here; `with_targets` sets others. The default level is that of the spec's label.
        Without a spec it is "node" if labels have a row per node and not one per graph, else
        "graph". Masked labels are missing. `split`: names or codes, one per graph or per target.

        Raises:
          DatasetError: names the graph, the field and the remedy. Values that the dtype of their
            field cannot hold exactly are refused, and so are masked entries.
        """
        node_ptr, edge_ptr = as_offsets(node_ptr, "node_ptr"), as_offsets(edge_ptr, "edge_ptr")
        num_graphs = len(node_ptr) - 1
        given = dict(nodes=nodes, edges=edges, pairs=pairs, graphs=graphs)
        columns: dict[str, Any] = {
            level: as_columns(level, {} if arrays is None else arrays)
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
            label = None
            if labels is not None:
                level = level or infer_level(labels, num_graphs, int(node_ptr[-1]))
                label = infer_label(labels, level)
            spec = infer_spec(columns, label)
        label = spec.label
        level = level or ("graph" if label is None else label.level)
        if label is not None:
            check_labels_agree(level, label)
        dataset = cls(
            **columns,
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            senders=senders,
            receivers=receivers,
            targets=all_rows("graph", num_graphs),
            ids=ids,
            names=names,
            spec=spec,
        )
        rules.check_index(dataset)
        # Labels and parts of edges are given in the order of the unsorted edges: set them first.
        # All graphs, of which nothing is known, are the targets already.
        if level != "graph" or labels is not None or label is not None:
            dataset = dataset._with_table(level, None, labels, label)
        if split is not None:
            dataset = dataset.with_split(split)
        dataset = sorted_by_receiver(dataset)
        for field in LEVELS.values():  # what else `check` reads was checked on the way
            rules.check_columns(dataset, field)
        rules.check_edge_sets(dataset)
        return dataset

    @classmethod
    def from_graphs(
        cls,
        graphs: GraphsTuple | Iterable[GraphsTuple],
        labels: Any = None,
        *,
        split: Any = None,
        level: Level | None = None,
        spec: GraphSpec | None = None,
        padded: bool | None = None,
    ) -> "Dataset":
        """Build a dataset from GraphsTuples; `dataset[i]` gives them back.

        Args:
          graphs: GraphsTuples of one or more graphs each, with dicts of columns as features (an
            array alone is taken as the column "feat"); globals become graph columns.
          labels: one row per graph, or per node (or edge) of all graphs in order. With a spec
            whose label is at node level also a list with one array per graph.
          split: "train", "valid" or "test" (or 0, 1, 2, -1) for each graph, or for each target.
          level: the level of the labels, as in `from_columns`.
          spec: as in `from_columns`, which explains what is inferred without it.
          padded: whether each GraphsTuple ends in jraph's padding, see `gtx.graphs`. Labels and
            split then belong to the other graphs.

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
            level=level,
            spec=spec,
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    def __getitem__(self, index: int) -> GraphsTuple:
        """Graph `index` as a GraphsTuple with dicts of columns.

        A GraphsTuple cannot hold pair columns, targets and edge sets; `select([index])` keeps them.
        """
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no graph {index} in a dataset of {len(self)}.")
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

    def num_rows(self, level: Level) -> int:
        """The number of graphs, nodes or edges; of nodes for pairs, whose targets index nodes."""
        counts = dict(graph=len(self), edge=len(self.receivers))
        return int(counts.get(level, self.node_ptr[-1]))

    @property
    def pair_ptr(self) -> np.ndarray:
        """The first pair row of each graph, and the end, int64 [graphs + 1]."""
        return offsets(self.num_nodes**2)

    def select(self, indices: Any) -> "Dataset":
        """The graphs at these places (integers, or a bool per graph), in this order.

        `ids` and targets follow the graphs. If the places rise, as those of a mask do, targets keep
        the order of their table. Columns of graphs that follow each other are shared, not copied.
        """
        indices = as_places(indices, len(self))
        node_rows, node_ptr = shared_rows(self.node_ptr, indices)
        edge_rows, edge_ptr = shared_rows(self.edge_ptr, indices)
        rows = dict(nodes=node_rows, edges=edge_rows, graphs=as_slice(indices), pairs=slice(0))
        if self.pairs:
            rows["pairs"], _ = shared_rows(self.pair_ptr, indices)
        starts = dict(node=(self.node_ptr, node_ptr), edge=(self.edge_ptr, edge_ptr))
        columns: dict[str, Any] = {}
        for level, part in rows.items():
            columns[level] = {name: array[part] for name, array in getattr(self, level).items()}
        return dataclasses.replace(
            self,
            **columns,
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
            senders=self.senders[edge_rows],
            receivers=self.receivers[edge_rows],
            targets=of_graphs(self.targets, self.targets_by_graph, indices, starts),
            edge_sets={name: edges.select(indices) for name, edges in self.edge_sets.items()},
            ids=self.ids[rows["graphs"]],
            names=None if self.names is None else self.names[rows["graphs"]],
        )

    def part(self, name: str) -> "Dataset":
        """The targets whose split is "train", "valid" or "test", and the graphs that have any.

        Both keep their order and may be empty. The parts of one large graph share its arrays.
        """
        if name not in SPLITS:
            raise DatasetError(f"dataset: there is no part {name!r}. Use one of {SPLITS}.")
        rows = np.nonzero(self.targets.split == SPLITS.index(name))[0]
        graphs = np.unique(self.target_graph[rows])
        part = dataclasses.replace(self, targets=self.targets.take(rows))
        return part if len(graphs) == len(self) else part.select(graphs)

    @property
    def targets_are_all(self) -> bool:
        """Whether the targets are all graphs, all nodes or all edges, in order."""
        return self.targets.consecutive and len(self.targets) == self.num_rows(self.targets.level)

    @functools.cached_property
    def target_graph(self) -> np.ndarray:
        """The place of each target's graph, int64 [targets]."""
        table = self.targets
        if table.level == "graph":
            return table.index
        ptr = self.edge_ptr if table.level == "edge" else self.node_ptr
        return np.searchsorted(ptr, table.first, side="right") - 1

    @functools.cached_property
    def targets_by_graph(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the table sorted by graph (stably), and the first row of each graph.

        int64 [targets] and [graphs + 1].
        """
        counts = np.bincount(self.target_graph, minlength=len(self))
        return np.argsort(self.target_graph, kind="stable"), offsets(counts)

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
          columns: descriptions of the arrays; inferred if None.
        """
        if level not in LEVELS:
            raise DatasetError(f"dataset: level {level!r} is unknown. Use one of {list(LEVELS)}.")
        field = LEVELS[level]
        new = as_columns(field, arrays)
        if columns is None:
            columns = {name: infer_column(array) for name, array in new.items()}
        changes: dict[str, Any] = {field: {**getattr(self, field), **new}}
        spec = self.spec.replace(**{field: {**getattr(self.spec, field), **columns}})
        dataset = dataclasses.replace(self, spec=spec, **changes)
        rules.check_columns(dataset, field, {**new, **columns})  # the others are as they were
        return dataset

    def with_edge_set(
        self, name: str, edges: EdgeTable, columns: Mapping[str, Column] | None = None
    ) -> "Dataset":
        """The dataset with one more edge set; its columns are inferred if `columns` is None."""
        if name == "graph" or name in self.edge_sets:
            raise DatasetError(
                f"dataset: there is an edge set {name!r} already. Give the new one another name."
            )
        if columns is None:
            columns = {key: infer_column(values) for key, values in edges.columns.items()}
        spec = self.spec.replace(edge_sets={**self.spec.edge_sets, name: dict(columns)})
        dataset = dataclasses.replace(self, edge_sets={**self.edge_sets, name: edges}, spec=spec)
        rules.check_edge_sets(dataset, [name])  # the others are as they were
        return dataset

    def with_targets(
        self,
        level: Level,
        index: Any = None,
        labels: Any = None,
        split: Any = None,
        *,
        label: Label | None = None,
        weights: Any = None,
    ) -> "Dataset":
        """The dataset with another table of targets; no graph is copied.

        Args:
          level: what is predicted: "graph", "node", "edge", or "pair" of nodes.
          index: the targets, as numbers in the whole dataset, [targets], in any order. Node j of
            graph i is `node_ptr[i] + j`; edges are counted in this dataset's order; a pair is
            [targets, 2], sender and receiver. None means all graphs, nodes or edges.
          labels: one row for each target; None if there are no labels.
          split: a name of SPLITS or its place (-1: none) for each target. None keeps the part of
            every graph (or of every target, if the targets are the same).
          label: description of the labels; inferred as in `from_columns` if None.
          weights: how much each target counts in the loss; None if all count the same.

        Raises:
          DatasetError: rows do not exist, numbers of rows differ, or labels have another level.
        """
        check_level(level)
        there = self.targets
        if there.labels is not None and there.level != level:
            raise DatasetError(
                f"dataset: it has labels of each {there.level} already, and labels are at one "
                f"level. Take without_labels() first to set targets of each {level}."
            )
        if label is not None:
            check_labels_agree(level, label)
        elif labels is not None:
            label = infer_label(labels, level)
        dataset = self._with_table(level, index, labels, label, weights)
        if split is None:
            codes = inherited_split(self.targets, dataset.targets, dataset.target_graph, len(self))
        else:
            codes = as_split(split, "target", np.arange(len(dataset.targets)))
        return dataclasses.replace(dataset, targets=dataset.targets.replace(split=codes))

    def without_labels(self) -> "Dataset":
        """The same targets and parts, without labels."""
        table = self.targets.replace(labels=None, weights=None)
        return dataclasses.replace(self, targets=table, spec=self.spec.replace(label=None))

    def with_split(self, split: Any) -> "Dataset":
        """The dataset with another split: a name of SPLITS or its place for each target or graph.

        -1 and "none" mean no part.
        """
        codes = split_of_targets(as_split(split, "graph", self.ids), self.target_graph, len(self))
        return dataclasses.replace(self, targets=self.targets.replace(split=codes))

    def check(self) -> None:
        """Raise a DatasetError that names graph, field and remedy if a rule is broken."""
        rules.check(self)

    def _with_table(
        self, level: Level, index: Any, labels: Any, label: Label | None, weights: Any = None
    ) -> "Dataset":
        """The dataset with these targets in no part, checked as far as a split needs it."""
        if index is None:
            if level == "pair":
                raise DatasetError(
                    "dataset: pairs need an index. Give with_targets the nodes, [targets, 2]."
                )
            table = all_rows(level, self.num_rows(level))
        else:
            rows = as_index(index, level)
            table = TargetTable(level, rows, None, np.full(len(rows), -1, np.int8))
        table = table.replace(labels=as_labels(labels, label), weights=as_weights(weights))
        dataset = dataclasses.replace(self, targets=table, spec=self.spec.replace(label=label))
        rules.check_targets(dataset)
        return dataset
