"""One large graph of the Open Graph Benchmark, with labels of its nodes (Hu et al. 2020)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import ogb_csv
from gtx.data.spec import GraphSpec


def read(path: Path, spec: GraphSpec, split: str, *, both_directions: bool) -> Dataset:
    """The graph of a zip: `raw/node-feat`, `raw/edge`, `raw/node-label` and `split/<split>/`.

    Args:
      path: the zip.
      spec: node column "feat", and the classes of nodes as its label.
      split: name of the folder of the split, such as "time".
      both_directions: whether each edge gets one in the other direction, as OGB does where it
        publishes an undirected graph with each edge once.

    Raises:
      DatasetError: a table is missing, damaged, or does not agree with the others.
    """
    with ogb_csv.opened(path) as files:
        count, index = edges_of_one(files, path.name)
        features = ogb_csv.table(files, "raw/node-feat.csv.gz", np.float32)
        labels = ogb_csv.table(files, "raw/node-label.csv.gz", np.int64)
        parts = ogb_csv.split_of(files, path.name, split, count)
    if labels.shape[1] != 1:
        raise DatasetError(f"{path.name}: a node has {labels.shape[1]} classes. Fetch it again.")
    index = ogb_csv.both_directions(index) if both_directions else index
    return made(path.name, spec, index, {"feat": features}, labels[:, 0], parts)


def edges_of_one(files: Mapping[str, Path], name: str) -> tuple[int, np.ndarray]:
    """The number of nodes of the only graph of an archive, and its edges, int32 [edges, 2].

    Raises:
      DatasetError: there are several graphs, or the tables do not agree.
    """
    nodes, _, index = ogb_csv.sizes_and_edges(files, name)
    if len(nodes) != 1:
        raise DatasetError(f"{name}: holds {len(nodes)} graphs, and one was published.")
    wrong = np.any((index < 0) | (index >= nodes[0]), axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DatasetError(
            f"{name}: row {row} of edge is {index[row].tolist()}, and there are {nodes[0]} nodes, "
            "counted from 0. Fetch it again."
        )
    return int(nodes[0]), index


def made(
    name: str,
    spec: GraphSpec,
    index: np.ndarray,
    nodes: Mapping[str, Any],
    labels: np.ndarray,
    parts: np.ndarray,
) -> Dataset:
    """A dataset of one graph whose nodes are the targets.

    Args:
      name: of the archive, for messages.
      spec: columns of nodes, and the label of a node.
      index: [edges, 2].
      nodes: columns by name, a row for each node.
      labels: of each node.
      parts: of each node.

    Raises:
      DatasetError: numbers of rows differ, or a value is not allowed.
    """
    count = len(parts)
    for key, column in {"node-label": labels, **nodes}.items():
        ogb_csv.check_table(name, key, column, "nodes", count)
    dataset = Dataset.from_columns(
        nodes=nodes,
        node_ptr=[0, count],
        edge_ptr=[0, len(index)],
        senders=index[:, 0],
        receivers=index[:, 1],
        labels=labels,
        spec=spec,
    )
    return dataset.with_split(parts)
