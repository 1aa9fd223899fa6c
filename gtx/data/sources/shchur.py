"""What Amazon and Coauthor have in common: the files and the protocol of Shchur et al. (2018)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data import npz, splits
from gtx.data.dataset import Dataset
from gtx.data.download import Csr, Remote
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.installing import tell_differences, write_bytes
from gtx.data.sources.planetoid import both_ways
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Name, Seed

NUM_TRAIN, NUM_VALID = 20, 30
_PARTS = ("data", "indices", "indptr", "shape")


@dataclasses.dataclass(frozen=True)
class Shchur(DataSource):
    """`<root>/<folder>/<graph>.npz` as published: one graph, a label at each node.

    There is no public split. As in the paper, 20 nodes of each class are drawn for training and 30
    for validation, by `split_seed`, and all others are for the test. Node column "x" holds the bag
    of words with the values of the file (PyG writes 1 for each that is above 0). Every edge is
    taken in both directions, once, and loops are left out.

    The published files could not be reached when this was written: what reads them is tested on
    small files of their form.

    Attributes:
      root: the folder of all datasets.
      split_seed: seed of the parts.
    """

    root: Name
    split_seed: Seed = 0

    folder: ClassVar[str]
    # Of each graph: its published file, features, classes, nodes and directed edges.
    graphs: ClassVar[Mapping[str, tuple[str, int, int, int, int]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.needs = f"the file <root>/{cls.folder}/<graph>.npz"

    @property
    def _name(self) -> str:
        return str(getattr(self, "graph"))  # noqa: B009, a field of the subclasses

    @property
    def file(self) -> str:
        return f"{self.folder}/{self._name}.npz"

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", self.graphs[self._name][2])

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(x=Continuous(self.graphs[self._name][1])), label=self.label)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graph=graph) for graph in cls.graphs)

    def published(self) -> Published:
        name, _, _, nodes, edges = self.graphs[self._name]
        address = f"https://github.com/shchur/gnn-benchmark/raw/master/data/npz/{name}"
        return Published(
            files=(Remote(name, address),),
            statistics=Statistics(1, nodes, edges),
            licence="MIT",
            citation="Shchur et al. (2018), arXiv:1811.05868",
            page="https://github.com/shchur/gnn-benchmark",
        )

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        (path,) = files.values()
        statistics = self.published().statistics
        wrong = statistics.differences(self._dataset(path)) if statistics else []
        if wrong:
            raise DatasetError(f"{path.name}: holds {', '.join(wrong)}. Fetch it again.")
        write_bytes(path.read_bytes(), target)

    def load(self) -> Dataset:
        dataset = self._dataset(find(self.root, self.file))
        tell_differences(self, dataset)
        labels = dataset.targets.labels
        assert labels is not None, "every node has a class"
        rng, train, valid = np.random.default_rng(self.split_seed), [], []
        for number in range(self.label.dim):
            order = rng.permutation(np.flatnonzero(labels == number))
            train.append(order[:NUM_TRAIN])
            valid.append(order[NUM_TRAIN : NUM_TRAIN + NUM_VALID])
        chosen = np.concatenate(train + valid)
        test = np.setdiff1d(np.arange(len(labels)), chosen)
        parts = dict(train=np.concatenate(train), valid=np.concatenate(valid), test=test)
        return splits.given(dataset, **parts, by="target")

    def _dataset(self, path: Path) -> Dataset:
        """The graph with all its nodes as targets, without a split."""
        names = [f"{what}_{part}" for what in ("adj", "attr") for part in _PARTS]
        try:
            with path.open("rb") as stream:
                archive = npz.Archive(path, stream)
                missing = sorted({*names, "labels"} - set(archive.names))
                if missing:
                    raise DatasetError(f"{path.name}: {missing} are missing. Fetch it again.")
                data = {name: archive.read(name) for name in (*names, "labels")}
        except npz.NpzError as error:
            raise DatasetError(f"{error} Fetch the file again.") from error
        edges, words = (_matrix(data, what) for what in ("adj", "attr"))
        rows, columns = edges.nonzero()
        kept = rows != columns
        dataset = Dataset.from_columns(
            nodes=dict(x=words.toarray().astype(np.float32)),
            **both_ways(np.stack([rows[kept], columns[kept]]), len(data["labels"])),
        )
        return dataset.with_targets("node", labels=data["labels"], label=self.label)


def _matrix(data: Mapping[str, np.ndarray], what: str) -> Any:
    parts = [data[f"{what}_{part}"] for part in _PARTS]
    rows, columns = (int(size) for size in parts[3].reshape(-1)[:2])
    return Csr(parts[0], parts[1], parts[2], (rows, columns)).to_scipy()
