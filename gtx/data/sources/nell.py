"""NELL (Carlson et al. 2010; Yang et al. 2016): a large sparse graph of entities, for its scale."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import npz, splits
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.installing import tell_differences
from gtx.data.sources.planetoid import both_ways
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Name, Seed

NUM_NODES, NUM_EDGES = 65_755, 251_550


@dataclasses.dataclass(frozen=True)
class NELL(DataSource):
    """`<root>/nell_structure/nell.npz`: the edges alone; the label of a node is its degree.

    65,755 nodes and 125,775 undirected edges, as Planetoid publishes them. Neither the 61,278
    features nor the 210 classes are in this file, so it is no benchmark of accuracy. The label is
    log2(1 + degree) of a node, which message passing can count, so that a model of a graph of this
    size has something to learn: whether it runs, how long and in how much memory. A tenth of the
    nodes is for validation and a fifth for the test, drawn by `split_seed`. Node column "type" is
    0 everywhere.

    A file holds `edge_index_undirected` [2, edges], each edge once, and `num_nodes`. Nothing is
    downloaded: the published archive has an address without TLS only.

    Attributes:
      root: the folder that holds the folder `nell_structure`.
      split_seed: seed of the parts.
    """

    root: Name
    split_seed: Seed = 0

    label: ClassVar[Label] = Label("node", "regression", 1, ("log2(1 + degree)",))
    needs: ClassVar[str] = "the file <root>/nell_structure/nell.npz"

    @property
    def file(self) -> str:
        return "nell_structure/nell.npz"

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(type=Categorical((1,))), label=self.label)

    def published(self) -> Published:
        return Published(
            files=(),
            statistics=Statistics(1, NUM_NODES, NUM_EDGES),
            licence="MIT (Planetoid)",
            citation="Carlson et al. (2010); Yang et al. (2016)",
            page="https://github.com/kimiyoung/planetoid",
        )

    def load(self) -> Dataset:
        path = find(self.root, self.file)
        try:
            with path.open("rb") as stream:
                archive = npz.Archive(path, stream)
                edges = archive.read("edge_index_undirected")
                count = int(archive.read("num_nodes"))
        except (npz.NpzError, TypeError) as error:
            raise DatasetError(f"{error} Fetch the file again.") from error
        columns = both_ways(edges, count)
        neighbours = np.bincount(columns["receivers"], minlength=count)
        dataset = Dataset.from_columns(nodes=dict(type=np.zeros(count, np.int32)), **columns)
        labels = np.log2(1.0 + neighbours)[:, None]
        dataset = dataset.with_targets("node", labels=labels, label=self.label)
        tell_differences(self, dataset)
        return splits.random(dataset, (0.7, 0.1, 0.2), seed=self.split_seed, by="target")
