"""The CSV files of the Open Graph Benchmark (Hu et al. 2020): tables without a head, in a zip."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import exact
from gtx.data.columns import SPLITS, offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.installing import unpacked
from gtx.data.spec import GraphSpec

# Tables are read in pieces of so many bytes: one of OGB's has 80 million rows.
_PIECE = 2**24


@contextmanager
def opened(path: Path) -> Iterator[Mapping[str, Path]]:
    """The tables and the torch files of a zip of OGB by their names in it, while they are read."""
    with unpacked(path, wanted=lambda name: name.endswith((".csv.gz", ".pt"))) as files:
        yield files


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
    with opened(path) as files:
        nodes, edges, index = sizes_and_edges(files, path.name)
        node_feat = table(files, "raw/node-feat.csv.gz", np.int64)
        edge_feat = table(files, "raw/edge-feat.csv.gz", np.int64)
        labels = table(files, "raw/graph-label.csv.gz", np.float64)
        parts = split_of(files, path.name, split, len(nodes))
    check_table(path.name, "graph-label", labels, "graphs", len(nodes))
    check_table(path.name, "node-feat", node_feat, "nodes", int(nodes.sum()))
    check_table(path.name, "edge-feat", edge_feat, "edges", len(index))
    both = both_directions(index)
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


def sizes_and_edges(
    files: Mapping[str, Path], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of nodes and of edges of each graph, and the edges as they are published.

    Returns:
      int64 [graphs], int64 [graphs], and int32 [edges, 2] of all graphs, senders first, with
      numbers of nodes that are local to each graph.

    Raises:
      DatasetError: a table is missing, damaged, or does not agree with the others.
    """
    nodes = table(files, "raw/num-node-list.csv.gz", np.int64)[:, 0]
    edges = table(files, "raw/num-edge-list.csv.gz", np.int64)[:, 0]
    index = table(files, "raw/edge.csv.gz", np.int32)
    index = index if len(index) else index.reshape(0, 2)
    check_table(name, "num-edge-list", edges, "graphs", len(nodes))
    for file, sizes in (("num-node-list", nodes), ("num-edge-list", edges)):
        if len(sizes) and (sizes.min() < 0 or sizes.max() > exact.INT32_MAX):
            row = int(np.argmax((sizes < 0) | (sizes > exact.INT32_MAX)))
            raise DatasetError(
                f"{name}: {file} says {sizes[row]} of graph {row}. It is a number from 0 to "
                f"{exact.INT32_MAX}; fetch it again."
            )
    check_table(name, "edge", index, "edges", int(edges.sum()), 2)
    return nodes, edges, index


def both_directions(index: np.ndarray) -> np.ndarray:
    """Each edge, then the same in the other direction: [2 * edges, 2]. Graphs stay together."""
    return np.stack([index, index[:, ::-1]], axis=1).reshape(-1, 2)


def split_of(files: Mapping[str, Path], name: str, split: str, count: int) -> np.ndarray:
    """The part of each of `count` graphs or nodes, a place in SPLITS or -1.

    Raises:
      DatasetError: a table of the split is missing or damaged, or a row is in two parts.
    """
    parts = np.full(count, -1, np.int8)
    for code, part in enumerate(SPLITS):
        rows = table(files, f"split/{split}/{part}.csv.gz", np.int64)[:, 0]
        if len(rows) and (rows.min() < 0 or rows.max() >= count):
            raise DatasetError(f"{name}: {part} has rows that do not exist. Fetch it again.")
        if np.any(parts[rows] != -1) or len(np.unique(rows)) < len(rows):
            raise DatasetError(f"{name}: {part} has rows that are in a part already.")
        parts[rows] = code
    return parts


def check_table(
    name: str, table: str, rows: Any, what: str, count: int, columns: int | None = None
) -> None:
    """Refuse a table that has not one row for each of the `count` graphs, nodes or edges.

    Args:
      name: of the archive.
      table: the table.
      rows: of it.
      what: "graphs" for example.
      count: how many of them the other tables have.
      columns: how many it must have; None for any number.

    Raises:
      DatasetError: see above.
    """
    if len(rows) != count:
        raise DatasetError(
            f"{name}: its tables speak of different graphs: {table} has {len(rows)} rows for "
            f"{count} {what}. Fetch it again."
        )
    if columns is not None and count and rows.shape[1] != columns:
        raise DatasetError(
            f"{name}: {table} has {rows.shape[1]} columns, and {columns} were published. Fetch it "
            "again."
        )


def table(files: Mapping[str, Path], name: str, dtype: Any) -> np.ndarray:
    """The numbers of a compressed table, [rows, columns]; an empty field is NaN in float64.

    Raises:
      DatasetError: there is no such table, or it holds something else.
    """
    try:
        parts = [_numbers(piece, dtype) for piece in _pieces(_path(files, name))]
        return np.concatenate(parts) if parts else np.zeros((0, 1), dtype)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DatasetError(f"{name}: cannot be read ({error}). Fetch it again.") from error


def lines(files: Mapping[str, Path], name: str) -> list[str]:
    """The lines of a compressed table of texts.

    Raises:
      DatasetError: there is no such table, or it holds something else.
    """
    try:
        text = gzip.decompress(_path(files, name).read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(f"{name}: cannot be read ({error}). Fetch it again.") from error
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def _path(files: Mapping[str, Path], name: str) -> Path:
    found = [path for inner, path in files.items() if inner.endswith(f"/{name}")]
    if len(found) != 1:
        raise DatasetError(f"the archive holds {len(found)} tables {name}, and OGB's has one.")
    return found[0]


def _pieces(path: Path) -> Iterator[bytes]:
    """Whole lines of a compressed file, some at a time."""
    with gzip.open(path, "rb") as stream:
        rest = b""
        while piece := stream.read(_PIECE):
            whole, end, rest = (rest + piece).rpartition(b"\n")
            if end:
                yield whole + end
        if rest:
            yield rest


def _numbers(raw: bytes, dtype: Any) -> np.ndarray:
    if dtype is np.float64:
        # Missing labels are empty fields, which numpy's fast reader does not know.
        raw = re.sub(rb"(?<=,)(?=[,\n\r]|\Z)", b"nan", raw)
        raw = re.sub(rb"(?m)^(?=,|\r?\n)", b"nan", raw)
    text = io.StringIO(raw.decode("ascii"))
    return np.loadtxt(text, dtype, delimiter=",", ndmin=2, comments=None)
