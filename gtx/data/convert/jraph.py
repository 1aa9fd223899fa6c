"""GraphsTuples of jraph as a Dataset, and back."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from gtx import graphs as graph_tools
from gtx.data.columns import named_columns
from gtx.data.convert.gathered import Target, gathered
from gtx.data.convert.given import check_plain
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import GraphSpec, LabelKind
from gtx.graphs import GraphsTuple
from gtx.typing import Level

_FIELDS: dict[str, str] = dict(graph="graphs", node="nodes", edge="edges")


def from_jraph(
    graphs: GraphsTuple | Iterable[GraphsTuple],
    *,
    target: str | None = None,
    level: Level = "graph",
    kind: LabelKind | None = None,
    split: Any = None,
    padded: bool | None = None,
    spec: GraphSpec | None = None,
) -> Dataset:
    """GraphsTuples with dicts of columns (an array alone is the column "feat").

    Args:
      graphs: of one or more graphs each.
      target: the column to predict, at `level`: of globals, nodes or edges.
      level: "graph", "node" or "edge".
      kind: of the label; None infers it as `Dataset.from_columns` does.
      split: names or codes of parts, one for each target (or graph).
      padded: whether each ends in jraph's padding, see `gtx.graphs`.
      spec: of training data; columns that it describes get its description.

    Raises:
      GraphError: names the graph, the field and the remedy.
    """
    given = [graphs] if isinstance(graphs, GraphsTuple) else graphs
    whole = graph_tools.concatenate(given, padded=padded)
    columns = dict(
        nodes=named_columns(whole.nodes, "nodes"),
        edges=named_columns(whole.edges, "edges"),
        graphs=named_columns(whole.globals, "globals"),
    )
    labels = None
    if target is not None:
        there = columns.get(_FIELDS.get(level, ""), {})
        if target not in there:
            raise DatasetError(
                f"target: the {_FIELDS.get(level, level)} have no column {target!r} among "
                f"{sorted(there)}. Name one of these, or another level."
            )
        labels = Target(level, there.pop(target), kind)
    starts = np.cumsum(whole.n_node) - whole.n_node
    start = np.repeat(starts, whole.n_edge)
    return gathered(
        num_nodes=np.asarray(whole.n_node),
        num_edges=np.asarray(whole.n_edge),
        senders=np.asarray(whole.senders).astype(np.int64) - start,
        receivers=np.asarray(whole.receivers).astype(np.int64) - start,
        columns=columns,
        target=labels,
        split=split,
        spec=spec,
    )


def to_jraph(dataset: Dataset, *, target: str = "y") -> list[GraphsTuple]:
    """Each graph as a GraphsTuple; labels are the column `target` at their level.

    A split is left out, as a GraphsTuple has no place for it.

    Raises:
      DatasetError: the dataset holds what a GraphsTuple has no place for, or only some rows have
        labels.
    """
    check_plain(dataset, "a GraphsTuple", levels=tuple(_FIELDS))
    table = dataset.targets
    found = [dataset[number] for number in range(len(dataset))]
    if table.labels is None:
        return found
    if not dataset.targets_are_all:
        raise DatasetError(
            f"dataset: only some {table.level}s are targets. Set targets of all with with_targets, "
            "missing where there is no label."
        )
    columns = getattr(dataset, _FIELDS[table.level])
    if target in columns:
        raise DatasetError(f"dataset: there is a column {target!r} already. Give another target=.")
    ptr = dict(graph=np.arange(len(dataset) + 1), node=dataset.node_ptr, edge=dataset.edge_ptr)
    field = dict(graph="globals", node="nodes", edge="edges")[table.level]
    ends = ptr[table.level]
    return [
        graph._replace(
            **{field: {**getattr(graph, field), target: table.labels[ends[n] : ends[n + 1]]}}
        )
        for n, graph in enumerate(found)
    ]
