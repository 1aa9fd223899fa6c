"""Cora, CiteSeer and PubMed: topics of papers that cite each other (Sen et al. 2008)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data import npz, splits
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.formats import planetoid_raw
from gtx.data.sources.installing import tell_differences
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Name, Seed, Whole

CitationGraph = Literal["cora", "citeseer", "pubmed"]
NUM_CLASSES = {"cora": 7, "citeseer": 6, "pubmed": 3}
# Nodes, directed edges, and the public split.
_SIZES = dict(
    cora=Statistics(1, 2708, 10556, (140, 500, 1000)),
    citeseer=Statistics(1, 3327, 9104, (120, 500, 1000)),
    pubmed=Statistics(1, 19717, 88648, (60, 500, 1000)),
)
NUM_WORDS = {"cora": 1433, "citeseer": 3703, "pubmed": 500}


@dataclasses.dataclass(frozen=True)
class Planetoid(DataSource):
    """`<root>/planetoid/<graph>.npz`: one graph, a label at each node, the public split.

    Train has twenty nodes of each class, valid has 500 and test 1,000 (Yang et al. 2016). The other
    nodes are in no part. With `nodes_per_class` such a split is drawn: as SGFormer, DIFFormer and
    tuned GNNs (Luo et al. 2024) draw theirs, all with 20 nodes and seed 123, and keep it for all
    runs. Scores on it cannot be compared with those on the public split.

    Node column "words" is the bag of words of a paper, divided by its sum as in Kipf and Welling
    (2017), or as it is in the file.

    One of the published pickles of PubMed could not be reached when this was written; those of Cora
    and CiteSeer were read. A file holds `edge_index` [2, edges], `y` [nodes], `train_idx`,
    `val_idx`, `test_idx`, and the words as a sparse matrix, `x_data`, `x_indices`, `x_indptr` and
    `x_shape`.

    Attributes:
      root: the folder that holds the folder `planetoid`.
      graph: name of the graph.
      normalize_words: whether each bag of words is divided by its sum.
      nodes_per_class: train nodes of each class in a split that is drawn, see `splits.per_class`;
        0 takes the public split.
      split_seed: seed of a split that is drawn.
    """

    root: Name
    graph: CitationGraph = "cora"
    normalize_words: bool = True
    nodes_per_class: Annotated[int, Whole(0, 2**31)] = 0
    split_seed: Seed = 0

    needs: ClassVar[str] = "the file <root>/planetoid/<graph>.npz"

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", NUM_CLASSES[self.graph])

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(words=Continuous(NUM_WORDS[self.graph])), label=self.label)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graph=graph) for graph in NUM_CLASSES)

    @property
    def file(self) -> str:
        return f"planetoid/{self.graph}.npz"

    def published(self) -> Published:
        address = "https://github.com/kimiyoung/planetoid/raw/af6abf468a772cc055bec88c52e4d6f51b7c37e3/data"
        names = [f"ind.{self.graph}.{part}" for part in planetoid_raw.PARTS]
        return Published(
            files=tuple(
                Remote(name, f"{address}/{name}", planetoid_raw.SHA256.get(name, ""))
                for name in names
            ),
            tried=self.graph != "pubmed",
            statistics=_SIZES[self.graph],
            licence="MIT (Planetoid)",
            citation="Sen et al. (2008); Yang et al. (2016), arXiv:1603.08861",
            page="https://github.com/kimiyoung/planetoid",
        )

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        data = planetoid_raw.read(files, self.graph)
        wrong = _SIZES[self.graph].differences(self._dataset(data))
        if wrong:
            raise DatasetError(f"ind.{self.graph}: holds {', '.join(wrong)}. Fetch it again.")
        npz.write(target, data, compressed=True)

    def load(self) -> Dataset:
        dataset = self._dataset(read(self.root, self.graph))
        tell_differences(self, dataset)
        if not self.nodes_per_class:
            return dataset
        return splits.per_class(
            dataset, self.nodes_per_class, valid=500, test=1000, seed=self.split_seed
        )

    def _dataset(self, data: dict[str, np.ndarray]) -> Dataset:
        dataset = Dataset.from_columns(
            nodes=dict(words=words(data, normalize=self.normalize_words)),
            **both_ways(data["edge_index"], len(data["y"])),
        )
        dataset = dataset.with_targets("node", labels=data["y"], label=self.label)
        parts = dict(train=data["train_idx"], valid=data["val_idx"], test=data["test_idx"])
        return splits.given(dataset, **parts, by="target")


def read(root: str, graph: str) -> dict[str, np.ndarray]:
    """The arrays of a file.

    Raises:
      DatasetError: it is not such a file.
    """
    path = find(root, f"planetoid/{graph}.npz")
    names = ("edge_index", "y", "train_idx", "val_idx", "test_idx")
    sparse = ("x_data", "x_indices", "x_indptr", "x_shape")
    try:
        with path.open("rb") as stream:
            archive = npz.Archive(path, stream)
            missing = sorted({*names, *sparse} - set(archive.names))
            if missing:
                raise DatasetError(f"{path.name}: {missing} are missing. Fetch the file again.")
            return {name: archive.read(name) for name in (*names, *sparse)}
    except npz.NpzError as error:
        raise DatasetError(f"{error} Fetch the file again.") from error


def words(data: dict[str, np.ndarray], *, normalize: bool = True) -> np.ndarray:
    """Bags of words, each divided by its sum where `normalize` is set: float32 [nodes, words]."""
    from scipy import sparse

    parts = (data["x_data"], data["x_indices"], data["x_indptr"])
    dense = sparse.csr_array(parts, shape=tuple(data["x_shape"].tolist())).toarray()
    if not normalize:
        return dense.astype(np.float32)
    # Divided by 1 where a paper has no words.
    return (dense / np.maximum(dense.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def both_ways(edges: Any, num_nodes: int) -> dict[str, Any]:
    """Every edge in both directions, once, as columns of one graph. `edges` [2, edges]."""
    edges = np.asarray(edges, np.int64)
    edges = np.unique(np.concatenate([edges, edges[::-1]], axis=1), axis=1)
    return dict(
        node_ptr=[0, num_nodes],
        edge_ptr=[0, edges.shape[1]],
        senders=edges[0],
        receivers=edges[1],
    )
