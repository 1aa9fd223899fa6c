"""Files of torch.save with lists of graphs, as PyTorch Geometric and LRGB publish them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import read_torch
from gtx.data.exact import DatasetError
from gtx.data.sources.formats.joining import join
from gtx.data.sources.installing import member, unpacked
from gtx.data.spec import GraphSpec

# The columns and labels of one published graph: nodes, edges and labels.
Columns = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any], Any]]

_PARTS = ("train", "val", "test")
_OF_TUPLES = ("x", "edge_attr", "edge_index", "y")


def read_benchmark(path: Path, name: str, spec: GraphSpec, columns: Columns) -> Dataset:
    """The graphs of benchmarking-gnns (Dwivedi et al. 2020) in a zip of PyTorch Geometric.

    Args:
      path: the zip.
      name: of the file in it, which holds three lists of dicts: train, valid and test.
      spec: columns and label.
      columns: the columns and labels of a dict.

    Raises:
      DatasetError: it holds something else.
    """
    with unpacked(path, wanted=lambda inner: inner.endswith(".pt")) as files:
        lists = read_torch(member(files, name))
    if not isinstance(lists, list | tuple) or len(lists) != len(_PARTS):
        raise DatasetError(f"{name}: holds no lists of train, valid and test.")
    return _joined(name, lists, spec, columns)


def read_long_range(
    path: Path, spec: GraphSpec, columns: Columns, *, ending: str = "pt"
) -> Dataset:
    """The graphs of LRGB (Dwivedi et al. 2022): train.pt, val.pt and test.pt in a zip.

    Each holds a list of tuples of node features, edge features, edges and labels.

    Args:
      path: the zip.
      spec: columns and label.
      columns: the columns and labels of a dict with "x", "edge_attr", "edge_index" and "y".
      ending: of the names of the files.

    Raises:
      DatasetError: it holds something else.
    """
    return _joined(path.name, lists_of_tuples(path, _OF_TUPLES, ending), spec, columns)


def lists_of_tuples(
    path: Path, names: tuple[str, ...], ending: str = "pt"
) -> list[list[dict[str, Any]]]:
    """The graphs of train, valid and test in a zip of LRGB, as dicts with these names.

    Raises:
      DatasetError: it holds something else.
    """
    lists = []
    with unpacked(path, wanted=lambda name: name.endswith(f".{ending}")) as files:
        for part in _PARTS:
            file = f"{part}.{ending}"
            graphs = read_torch(member(files, file))
            if not isinstance(graphs, list):
                raise DatasetError(f"{file}: holds no list of graphs.")
            if not all(isinstance(graph, tuple) and len(graph) == len(names) for graph in graphs):
                raise DatasetError(
                    f"{file}: holds something else than {len(names)} arrays a graph."
                )
            lists.append([dict(zip(names, graph, strict=True)) for graph in graphs])
    return lists


def _joined(name: str, lists: Any, spec: GraphSpec, columns: Columns) -> Dataset:
    graphs: list[dict[str, Any]] = []
    for code, part in enumerate(lists):
        for number, graph in enumerate(part):
            try:
                index = np.asarray(graph["edge_index"])
                if index.shape[:1] != (2,) or index.ndim != 2:
                    raise ValueError(f"edge_index has shape {index.shape}")
                nodes, edges, labels = columns(graph)
                sizes = {len(np.asarray(column)) for column in nodes.values()}
                if len(sizes) != 1 or any(len(one) != index.shape[1] for one in edges.values()):
                    raise ValueError("its columns have different lengths")
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise DatasetError(
                    f"{name}: graph {number} of {_PARTS[code]} is none ({error}). Fetch it again."
                ) from error
            graphs.append(
                dict(
                    num_nodes=sizes.pop(), senders=index[0], receivers=index[1],
                    nodes=nodes, edges=edges, labels=labels,
                )
            )  # fmt: skip
    split = np.repeat(np.arange(len(lists), dtype=np.int8), [len(part) for part in lists])
    return join(graphs, split, spec)
