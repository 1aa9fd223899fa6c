"""The text files of TUDataset: `<name>_A.txt`, `<name>_graph_indicator.txt` and others in a zip."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.installing import member, unpacked
from gtx.data.spec import Categorical, GraphSpec


def read(path: Path, name: str, spec: GraphSpec) -> Dataset:
    """The graphs of a zip of TUDataset.

    Labels of nodes and classes are numbered from 0 in rising order; edges are kept once in each
    direction, without loops; labels and attributes of edges are not read.

    Args:
      path: the zip.
      name: name of the set, with which its files begin.
      spec: node column "type" for labels and "feat" for attributes, and the label.

    Raises:
      DatasetError: a file is missing, or does not agree with the others.
    """
    with unpacked(path, wanted=lambda inner: inner.endswith(".txt")) as files:
        owner = numbers(files, f"{name}_graph_indicator.txt", np.int64)[:, 0]
        edges = numbers(files, f"{name}_A.txt", np.int64)
        classes = numbers(files, f"{name}_graph_labels.txt", np.int64)[:, 0]
        labels = np.zeros(len(owner), np.int64)
        nodes: dict[str, Any] = {}
        if spec.nodes["type"] != Categorical((1,)):
            labels = numbers(files, f"{name}_node_labels.txt", np.int64)[:, 0]
        if "feat" in spec.nodes:
            nodes["feat"] = numbers(files, f"{name}_node_attributes.txt", np.float64)
    for file, rows in (("node_labels", labels), ("node_attributes", nodes.get("feat", labels))):
        if len(rows) != len(owner):
            raise DatasetError(
                f"{path.name}: {name}_{file}.txt has {len(rows)} lines, and {len(owner)} nodes are "
                f"in {name}_graph_indicator.txt. Fetch it again."
            )
    if not len(classes):
        raise DatasetError(f"{path.name}: {name}_graph_labels.txt is empty. Fetch it again.")
    falls = np.diff(owner, prepend=1, append=len(classes)) < 0
    if falls.any():
        raise DatasetError(
            f"{path.name}: {name}_graph_indicator.txt, line {int(np.argmax(falls))}: its nodes are "
            f"not those of graphs 1 to {len(classes)}, in rising order. Fetch it again."
        )
    edges = edges if len(edges) else np.zeros((0, 2), np.int64)
    if edges.shape[1] != 2:
        raise DatasetError(f"{name}_A.txt: has {edges.shape[1]} numbers on a line, and not 2.")
    wrong = np.any((edges < 1) | (edges > len(owner)), axis=1)
    _check_edges(f"{name}_A.txt", edges, wrong, f"there are nodes 1 to {len(owner)}")
    _check_edges(
        f"{name}_A.txt", edges, np.diff(owner[edges - 1])[:, 0] != 0, "it joins two graphs"
    )
    ends = np.unique(np.concatenate([edges, edges[:, ::-1]]) - 1, axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]]
    graph = owner[ends] - 1
    order = np.argsort(graph[:, 0], kind="stable")
    ends, graph = ends[order], graph[order, 0]
    node_ptr = offsets(np.bincount(owner - 1, minlength=len(classes)))
    return Dataset.from_columns(
        nodes={"type": ranks(labels), **nodes},
        node_ptr=node_ptr,
        edge_ptr=offsets(np.bincount(graph, minlength=len(classes))),
        senders=ends[:, 0] - node_ptr[graph],
        receivers=ends[:, 1] - node_ptr[graph],
        labels=ranks(classes),
        spec=spec,
    )


def _check_edges(file: str, edges: np.ndarray, wrong: np.ndarray, reason: str) -> None:
    if wrong.any():
        line = int(np.argmax(wrong))
        raise DatasetError(
            f"{file}, line {line + 1}: an edge is {edges[line].tolist()}, and {reason}. Fetch it "
            "again."
        )


def ranks(values: np.ndarray) -> np.ndarray:
    """Values as numbers from 0, in rising order."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)


def numbers(files: Mapping[str, Path], name: str, dtype: Any) -> np.ndarray:
    """The numbers of a text file, separated by commas: [lines, numbers]."""
    path = member(files, name)
    try:
        text = path.read_bytes().decode("ascii")
        if not text.strip():
            return np.zeros((0, 1), dtype)
        return np.loadtxt(io.StringIO(text), dtype, delimiter=",", ndmin=2, comments=None)
    except (ValueError, UserWarning) as error:
        raise DatasetError(f"{name}: cannot be read ({error}). Fetch it again.") from error
