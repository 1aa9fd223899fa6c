"""Your own graphs in tables of nodes and edges: CSV or Parquet files in one folder."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data import csv_source, tables
from gtx.data.convert.gathered import gathered
from gtx.data.convert.given import split_names
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource, Further
from gtx.data.sources.csv_molecules import Columns, check_kinds, label_of_columns, names_of
from gtx.data.spec import GraphSpec, Label, TableKind
from gtx.data.tables import Frame
from gtx.limits import Name


@dataclasses.dataclass(frozen=True)
class Tables(DataSource):
    """`<path>/nodes.csv`, `edges.csv` and, for several graphs, `graphs.csv` (or `.parquet`).

    `nodes` has a row for each node: the column `node` says which, `graph` of which graph. `edges`
    has a row for each edge, with `sender` and `receiver`, and `graph`. `graphs` has a row for each
    graph. One graph needs no `graphs` and no column `graph`. All other columns are features:
    numbers, which `config.data.standardize` brings to one scale, and categories.

    Attributes:
      path: the folder.
      target: the columns to predict: of `graphs`, or of `nodes` or `edges` at their level. A node
        or edge without a label is no target.
      level: what has a label: "graph", "node" or "edge". A row of `edges` is one target: where it
        is both directions, the one from sender to receiver.
      kind: regression, binary, multiclass or multilabel; or mixed, with `kinds`.
      kinds: of a mixed label, regression, binary or multiclass for each column of `target`.
      weights: the column beside the targets that says how much each row counts in the loss; "" if
        all count the same.
      graph, node, sender, receiver: names of the columns of keys, which may be texts or integers.
      directed: whether a row of `edges` is one direction. Otherwise it is both; a self-loop once.
      multi_edges: whether several rows may join the same two nodes.
      categorical: columns whose numbers are categories, with commas between them; `nodes.kind` is
        that of one table.
      leave_out: columns that are no features.
      split: "column" reads train, valid and test from `split_column`; "random" draws them.
      split_column: see `split`; it is never a feature.
    """

    path: Name
    target: Annotated[str | tuple[str, ...], Columns()]
    level: Literal["graph", "node", "edge"] = "graph"
    kind: TableKind = "regression"
    kinds: str | tuple[str, ...] = ""
    weights: str = ""
    graph: Name = "graph"
    node: Name = "node"
    sender: Name = "sender"
    receiver: Name = "receiver"
    directed: bool = False
    multi_edges: bool = False
    categorical: str | tuple[str, ...] = ""
    leave_out: str | tuple[str, ...] = ""
    split: Name = "random"
    split_column: Name = "split"

    splits: ClassVar[tuple[str, ...]] = ("random", "column")
    has_validation: ClassVar[bool] = False
    needs: ClassVar[str] = "tables in the folder <path>; the extra `parquet` if they are Parquet"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind in ("binary", "multiclass") and len(names_of(self.target)) > 1:
            raise DatasetError(
                f"Tables: target is {self.target!r}, which are several columns, and a label of "
                f"kind {self.kind!r} is in one. Name one; regression and multilabel can have "
                "several."
            )
        check_kinds(self, "Tables")

    @property
    def label(self) -> Label:
        """The label. A multiclass label has two classes here, as only the file tells the number."""
        return label_of_columns(self.target, self.kind, self.kinds, self.level)

    def load(self) -> Dataset:
        read = self._read(self.path, None)
        frame, order = read.targets
        values, label = csv_source.labels_of(
            frame.table, self.target, self.kind, self.level, kinds=self.kinds
        )
        values, weights = values[order], None
        if self.weights:
            weights = csv_source.weights_in(frame.table, self.weights)[order]
        parts = None
        if self.split == "column":
            names = np.array(frame.table.column(self.split_column), np.str_)
            parts = split_names(names, frame.place)[order]
        missing = values == -1 if label.kind == "multiclass" else np.isnan(values).all(axis=1)
        if missing.all():
            raise DatasetError(
                f"{frame.table.name}: every label in {self.target!r} is empty. Name the column to "
                "predict with config.data.target."
            )
        kept = np.arange(len(values)) if self.level == "graph" else np.flatnonzero(~missing)
        dataset = read.dataset.with_targets(
            self.level,
            read.index[kept],
            values[kept],
            None if parts is None else parts[kept],
            label=label,
            weights=None if weights is None else weights[kept],
        )
        if parts is not None and not len(dataset.part("train").targets):
            raise DatasetError(
                f"{frame.table.name}: column {self.split_column!r} puts no {self.level} into "
                "train. Write train, valid or test into its cells."
            )
        return dataset

    def read_further(self, path: str, spec: GraphSpec) -> Further:
        read = self._read(path, spec)
        return Further(read.dataset.with_targets(self.level, read.index), read.keys)

    def _read(self, path: str, spec: GraphSpec | None) -> "_Read":
        nodes, edges, graphs = (self._frame(path, name) for name in ("nodes", "edges", "graphs"))
        assert nodes is not None and edges is not None  # `_frame` refuses
        several = graphs is not None or self.graph in nodes.table.header
        graph_keys = None if graphs is None else graphs.keys(self.graph)
        of_nodes = nodes.keys(self.graph) if several else [""] * len(nodes)
        if graph_keys is None:
            graph_keys = list(dict.fromkeys(of_nodes)) if several else [""]
        elif graphs is not None:
            _check_once(graphs, [(key,) for key in graph_keys], "graph")
        if not len(nodes):
            raise DatasetError(f"{nodes.table.name}: has no rows. Give a row for each node.")
        place = {key: number for number, key in enumerate(graph_keys)}
        graph = _places(nodes, of_nodes, place, f"graph {self.graph!r}", "graphs")
        count = np.bincount(graph, minlength=len(graph_keys))
        if graphs is not None and not count.all():
            row = int(np.argmin(count))
            raise DatasetError(
                f"{graphs.place(row)}: the graph {graph_keys[row]!r:.60} has no row in "
                f"{nodes.table.name}. Give it nodes, or leave it out."
            )
        keys = nodes.keys(self.node)
        named = list(zip(of_nodes, keys, strict=True))
        _check_once(nodes, named, "node")
        order = np.argsort(graph, kind="stable")
        start = np.cumsum(count) - count
        local = np.empty(len(nodes), np.int64)
        local[order] = np.arange(len(nodes)) - start[graph[order]]
        ids = dict(zip(named, local.tolist(), strict=True))
        ends, rows, of_edges, forth = self._ends(edges, nodes, ids, place, several)
        columns: dict[str, dict[str, np.ndarray]] = dict(graphs={})
        node_columns = self._features(nodes, spec, "nodes")
        columns["nodes"] = {name: array[order] for name, array in node_columns.items()}
        edge_columns = self._features(edges, spec, "edges")
        columns["edges"] = {name: array[rows] for name, array in edge_columns.items()}
        if graphs is not None:
            columns["graphs"] = self._features(graphs, spec, "graphs")
        where = dict(nodes=(nodes, order), edges=(edges, rows))

        def words(level: str, row: int) -> str:
            frame, rows_of = where.get(level, (graphs, None))
            assert frame is not None
            return frame.place(row if rows_of is None else int(rows_of[row]))

        dataset = gathered(
            num_nodes=count,
            num_edges=np.bincount(of_edges, minlength=len(graph_keys)),
            senders=ends[0],
            receivers=ends[1],
            columns=columns,
            place=words,
            names=graph_keys if several else None,
            spec=spec,
        )
        own = {self.node: [keys[row] for row in order]}
        if several:
            own = {self.graph: [of_nodes[row] for row in order], **own}
        if self.level == "node":
            return _Read(dataset, own, (nodes, order), np.arange(len(nodes)))
        if self.level == "edge":
            # Edges are sorted by receiver in each graph; the first of a row is its own direction.
            by_receiver = np.argsort(start[of_edges] + ends[1], kind="stable")
            number = np.empty(len(rows), np.int64)
            number[by_receiver] = np.arange(len(rows))
            given = np.empty(len(edges), np.int64)
            given[rows[forth]] = number[forth]
            keys_of = {name: edges.keys(name) for name in (self.sender, self.receiver)}
            if several:
                keys_of = {self.graph: edges.keys(self.graph), **keys_of}
            return _Read(dataset, keys_of, (edges, np.arange(len(edges))), given)
        if graphs is None:
            graphs = self._frame(path, "graphs", needed=True)
            assert graphs is not None
        every = np.arange(len(graphs))
        return _Read(dataset, {self.graph: graph_keys}, (graphs, every), every)

    def _frame(self, path: str, name: str, *, needed: bool = False) -> Frame | None:
        found = tables.find(path, name)
        if found is None and (needed or name != "graphs"):
            why = {
                "nodes": "a row for each node; isolated nodes would be lost without it",
                "edges": "a row for each edge, or the header alone",
                "graphs": "a row for each graph, with its label; for labels of nodes give "
                "config.data.level=node",
            }[name]
            raise FileNotFoundError(
                f"there is no {name}.csv (or .parquet) in {path}: {why}. Put it there, or name "
                "another folder."
            )
        return None if found is None else tables.read(found)

    def _features(self, frame: Frame, spec: GraphSpec | None, level: str) -> dict[str, np.ndarray]:
        keys = dict(
            nodes=(self.graph, self.node),
            edges=(self.graph, self.sender, self.receiver),
            graphs=(self.graph,),
        )[level]
        labelled = level == f"{self.level}s"
        targets: Sequence[str] = ()
        if labelled and (spec is None or isinstance(self.target, tuple)):
            targets = csv_source.target_names(frame.table, self.target)
        elif labelled:  # a further file may have no labels
            targets = (str(self.target), *names_of(self.target))
        return tables.features(
            frame,
            (*keys, *targets, *((self.split_column, self.weights) if labelled else ())),
            None if spec is None else dict(getattr(spec, level)),
            _listed(self.categorical),
            _listed(self.leave_out),
            level,
        )

    def _ends(
        self, edges: Frame, nodes: Frame, ids: dict[tuple[str, str], int], place: Any, several: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Both ends of each edge [2, edges], its row in the table, and its graph, by graphs.

        The last array is False for the other direction of a row.
        """
        own = edges.keys(self.graph) if several else [""] * len(edges)
        graph = _places(edges, own, place, f"graph {self.graph!r}", "nodes")
        ends = np.zeros((2, len(edges)), np.int64)
        for end, column in enumerate((self.sender, self.receiver)):
            for row, key in enumerate(zip(own, edges.keys(column), strict=True)):
                if key not in ids:
                    of = f" of graph {key[0]!r:.60}" if several else ""
                    raise DatasetError(
                        f"{edges.place(row)}, column {column!r}: there is no node {key[1]!r:.60}"
                        f"{of} in {nodes.table.name}. Add it there, or take out the edge."
                    )
                ends[end, row] = ids[key]
        rows, forth = np.arange(len(edges)), np.ones(len(edges), bool)
        if not self.multi_edges:
            pairs = ends if self.directed else np.sort(ends, axis=0)
            self._check_parallel(edges, np.stack([graph, *pairs]))
        if not self.directed:
            twice = np.flatnonzero(ends[0] != ends[1])
            ends = np.concatenate([ends, ends[::-1, twice]], axis=1)
            rows, graph = np.concatenate([rows, twice]), np.concatenate([graph, graph[twice]])
            forth = np.concatenate([forth, np.zeros(len(twice), bool)])
        order = np.argsort(graph, kind="stable")
        return ends[:, order], rows[order], graph[order], forth[order]

    def _check_parallel(self, edges: Frame, pairs: np.ndarray) -> None:
        order = np.lexsort(pairs)
        same = np.all(np.diff(pairs[:, order], axis=1) == 0, axis=0)
        if same.any():
            first = int(np.argmax(same))
            one, other = sorted(order[first : first + 2].tolist())
            direction = (
                ""
                if self.directed
                else ("config.data.directed=True if each row is one direction, or ")
            )
            raise DatasetError(
                f"{edges.place(other)}: joins the same two nodes as row "
                f"{edges.table.numbers[one]}. Give {direction}config.data.multi_edges=True to keep "
                "both as parallel edges, or take one out."
            )


@dataclasses.dataclass(frozen=True)
class _Read:
    """Graphs without labels.

    Attributes:
      dataset: the graphs.
      keys: columns of keys for each target of the source's level.
      targets: the table with a row for each of these, and its rows in their order.
      index: [targets], the number of the graph, node or edge of each in the dataset.
    """

    dataset: Dataset
    keys: dict[str, list[str]]
    targets: tuple[Frame, np.ndarray]
    index: np.ndarray


def _listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(names_of(names)) if names else ()


def _check_once(frame: Frame, keys: Sequence[tuple[str, ...]], what: str) -> None:
    first: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(keys):
        other = first.setdefault(key, row)
        if other != row:
            raise DatasetError(
                f"{frame.place(row)}: the {what} {key[-1]!r:.60} was in row "
                f"{frame.table.numbers[other]} already. Give each {what} one row."
            )


def _places(
    frame: Frame, keys: list[str], place: dict[str, int], what: str, table: str
) -> np.ndarray:
    """The place of the graph of each row."""
    for row, key in enumerate(keys):
        if key not in place:
            raise DatasetError(
                f"{frame.place(row)}: the {what} is {key!r:.60}, which has no row in {table}. Add "
                "it there, or take this row out."
            )
    return np.array([place[key] for key in keys], np.int64)
