"""EXP (Abboud et al. 2021): satisfiable or not? Graphs that 1-WL cannot tell apart."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data import splits
from gtx.data.dataset import Dataset
from gtx.data.download import Remote, read_torch
from gtx.data.exact import DatasetError
from gtx.data.sources.formats.joining import join
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label
from gtx.limits import Seed, Whole

_COMMIT = "43c69c06462d3a165ba2b532d76cbc045fc767d7"
_FILES = {
    "exp": (
        "EXP/raw/GRAPHSAT.pkl",
        "82f25cfab85e8bf51d518271afc12f45340f8a297d68994259c5b8bb9618ef17",
    ),
    "cexp": (
        "CEXP/GRAPHSAT.txt",
        "711521591cb429f774cb6864d3fc80ff20e65a1ec14c1874aad9918a3eec332a",
    ),
}


@dataclasses.dataclass(frozen=True)
class EXP(PackedSource):
    """`<root>/exp/<graphs>.npz`: 1,200 graphs of formulas; node column "type" of two kinds.

    They come in 600 pairs of one satisfiable formula and one that is not. In EXP the 1-WL test
    tells no pair apart; in CEXP half of the pairs are altered so that it does. The text file of EXP
    that the authors publish holds other graphs than their pickle, from which their scores are; the
    pickle is read here. Fold number `fold`
    of ten is test, as in the paper, and a tenth of the others is for validation.

    Attributes:
      root: the folder that holds the folder `exp`.
      graphs: "exp" or "cexp".
      fold: number of the test fold, from 0 to 9.
      split_seed: seed of the folds.
    """

    graphs: Literal["exp", "cexp"] = "exp"
    fold: Annotated[int, Whole(0, 10)] = 0
    split_seed: Seed = 0

    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((2,))}
    label: ClassVar[Label] = Label("graph", "multiclass", 2, ("unsatisfiable", "satisfiable"))
    needs: ClassVar[str] = "the file <root>/exp/<graphs>.npz"

    @property
    def file(self) -> str:  # type: ignore[override]
        return f"exp/{self.graphs}.npz"

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graphs=graphs) for graphs in _FILES)

    def published(self) -> Published:
        path, sha256 = _FILES[self.graphs]
        address = f"https://raw.githubusercontent.com/ralphabb/GNN-RNI/{_COMMIT}"
        return Published(
            files=(Remote(f"{self.graphs}{path[-4:]}", f"{address}/Data/{path}", sha256),),
            statistics=Statistics(1200, *_SIZES[self.graphs]),
            licence="none stated",
            citation="Abboud et al. (2021), arXiv:2010.01179",
            page="https://github.com/ralphabb/GNN-RNI",
            tried=True,
        )

    def load(self) -> Dataset:
        dataset = super().load()
        folds = splits.k_fold(dataset, 10, self.fold, seed=self.split_seed)
        return splits.with_validation(folds, 0.1, seed=self.split_seed)

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        graphs = read(path) if path.suffix == ".txt" else _of_records(path)
        return join(graphs, np.zeros(len(graphs), np.int8), self.declared_spec())


_SIZES = dict(exp=(53_336, 132_260), cexp=(66_938, 167_472))


def _of_records(path: Path) -> list[dict[str, Any]]:
    """The graphs of a pickled list of objects of PyTorch Geometric."""
    records: Any = read_torch(path)
    graphs = []
    if not isinstance(records, list):
        raise DatasetError(f"{path.name}: holds no list of graphs.")
    for record in records:
        try:
            fields = record.fields
            index = np.asarray(fields["edge_index"])
            graphs.append(
                dict(
                    num_nodes=len(fields["x"]),
                    senders=index[0],
                    receivers=index[1],
                    nodes=dict(type=fields["x"]),
                    edges={},
                    labels=np.asarray(fields["y"]).reshape(()),
                )
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{path.name}: holds what is no graph ({error}).") from error
    return graphs


def read(path: Path) -> list[dict[str, Any]]:
    """The graphs of a text file: their number, then each as its size and label, and its nodes.

    The line of a node holds its type, the number of its neighbours, and these, counted from 0.

    Raises:
      DatasetError: names the line that cannot be read.
    """
    lines = path.read_bytes().decode("ascii", "replace").splitlines()
    place = 0

    def numbers() -> list[int]:
        nonlocal place
        place += 1
        return [int(word) for word in lines[place - 1].split()]

    graphs = []
    try:
        (count,) = numbers()
        for _ in range(count):
            num_nodes, label = numbers()
            rows = [numbers() for _ in range(num_nodes)]
            if any(len(row) != 2 + row[1] for row in rows):
                raise ValueError("a node has another number of neighbours than it says")
            ends = [(node, other) for node, row in enumerate(rows) for other in row[2:]]
            ends = sorted(set(ends) | {(other, node) for node, other in ends})
            index = np.array(ends, np.int64).reshape(-1, 2)
            graphs.append(
                dict(
                    num_nodes=num_nodes,
                    senders=index[:, 0],
                    receivers=index[:, 1],
                    nodes=dict(type=[row[0] for row in rows]),
                    edges={},
                    labels=label,
                )
            )
        if place != len(lines):
            raise ValueError(f"it goes on after {count} graphs")
    except (ValueError, IndexError) as error:
        raise DatasetError(f"{path.name}: line {place} cannot be read ({error}).") from error
    return graphs
