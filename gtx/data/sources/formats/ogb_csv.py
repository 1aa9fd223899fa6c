"""The CSV files of the Open Graph Benchmark (Hu et al. 2020): tables without a head, in a zip."""

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.installing import unpacked
from gtx.data.spec import GraphSpec

_PARTS = ("train", "valid", "test")


def read_graphs(path: Path, spec: GraphSpec, split: str) -> Dataset:
    """Many graphs with a label each: `raw/` and `split/<split>/` of a zip of OGB.

    OGB has each edge of a molecule in one direction, and adds the other when it reads them; so is
    it here, with the features of the edge.

    Args:
      path: the zip.
      spec: one column of nodes, one of edges, and the label of a graph.
      split: name of the folder of the split, such as "scaffold".

    Raises:
      DatasetError: a table is missing, damaged, or does not agree with the others.
    """
    with unpacked(path, wanted=lambda name: name.endswith(".csv.gz")) as files:
        nodes = table(files, "raw/num-node-list.csv.gz", np.int64)[:, 0]
        edges = table(files, "raw/num-edge-list.csv.gz", np.int64)[:, 0]
        index = table(files, "raw/edge.csv.gz", np.int64)
        node_feat = table(files, "raw/node-feat.csv.gz", np.int64)
        edge_feat = table(files, "raw/edge-feat.csv.gz", np.int64)
        labels = table(files, "raw/graph-label.csv.gz", np.float64)
        parts = np.full(len(nodes), -1, np.int8)
        for code, part in enumerate(_PARTS):
            rows = table(files, f"split/{split}/{part}.csv.gz", np.int64)[:, 0]
            if len(rows) and (rows.min() < 0 or rows.max() >= len(nodes)):
                raise DatasetError(f"{path.name}: {part} has graphs that do not exist.")
            parts[rows] = code
    if (
        len(nodes) != len(edges)
        or len(nodes) != len(labels)
        or min(nodes.min(initial=0), edges.min(initial=0)) < 0
        or nodes.sum() != len(node_feat)
        or not edges.sum() == len(index) == len(edge_feat)
        or index.shape[1] != 2
    ):
        raise DatasetError(f"{path.name}: its tables speak of different graphs. Fetch it again.")
    # Both directions of an edge beside each other, so that the edges of a graph stay together.
    both = np.stack([index, index[:, ::-1]], axis=1).reshape(-1, 2)
    (node_name,), (edge_name,) = spec.nodes, spec.edges
    dataset = Dataset.from_columns(
        nodes={node_name: node_feat},
        edges={edge_name: np.repeat(edge_feat, 2, axis=0)},
        node_ptr=offsets(nodes),
        edge_ptr=offsets(2 * edges),
        senders=both[:, 0],
        receivers=both[:, 1],
        labels=labels,
        spec=spec,
    )
    return dataset.with_split(parts)


def table(files: Mapping[str, Path], name: str, dtype: Any) -> np.ndarray:
    """The numbers of a compressed table, [rows, columns]; an empty field is NaN.

    Raises:
      DatasetError: there is no such table, or it holds something else.
    """
    found = [path for inner, path in files.items() if inner.endswith(f"/{name}")]
    if len(found) != 1:
        raise DatasetError(f"the archive holds {len(found)} tables {name}, and OGB's has one.")
    try:
        raw = gzip.decompress(found[0].read_bytes())
        if dtype is np.float64:
            # Missing labels are empty fields, which numpy's fast reader does not know.
            raw = re.sub(rb"(?<=,)(?=[,\n\r]|\Z)", b"nan", raw)
            raw = re.sub(rb"(?m)^(?=,|\r?\n)", b"nan", raw)
        text = io.StringIO(raw.decode("ascii"))
        if not raw:
            return np.zeros((0, 1), dtype)
        return np.loadtxt(text, dtype, delimiter=",", ndmin=2, comments=None)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DatasetError(f"{name}: cannot be read ({error}). Fetch it again.") from error
