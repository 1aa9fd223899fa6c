"""Joins graphs that were read one by one into a dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import GraphSpec


def join(graphs: Sequence[Mapping[str, Any]], split: Any, spec: GraphSpec) -> Dataset:
    """A dataset of graphs that are dicts.

    Args:
      graphs: `num_nodes`, `senders` and `receivers` [edges], `nodes` and `edges` (columns by name,
        those of the spec), and `labels`: those of a graph, or of each node of it.
      split: the part of each graph.
      spec: columns and label, at level graph or node.

    Raises:
      DatasetError: names the graph and the field.
    """

    def rows(level: str, name: str) -> np.ndarray:
        arrays = [np.asarray(graph[level][name]) for graph in graphs]
        return np.concatenate([array.reshape(len(array), -1) for array in arrays])

    label = spec.label
    assert label is not None and label.level in ("graph", "node"), "other levels are not joined"
    labels = [np.asarray(graph["labels"]) for graph in graphs]
    joined = np.concatenate(labels) if label.level == "node" else np.stack(labels)
    if label.kind == "multiclass":
        joined = joined.reshape(-1)
    dataset = Dataset.from_columns(
        nodes={name: rows("nodes", name) for name in spec.nodes},
        edges={name: rows("edges", name) for name in spec.edges},
        node_ptr=offsets([graph["num_nodes"] for graph in graphs]),
        edge_ptr=offsets([len(graph["senders"]) for graph in graphs]),
        senders=np.concatenate([np.asarray(graph["senders"]) for graph in graphs]),
        receivers=np.concatenate([np.asarray(graph["receivers"]) for graph in graphs]),
        labels=joined,
        spec=spec,
    )
    split = np.asarray(split)
    return dataset.with_split(
        np.repeat(split, dataset.num_nodes) if label.level == "node" else split
    )
