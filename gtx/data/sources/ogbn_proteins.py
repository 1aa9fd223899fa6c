"""ogbn-proteins: 112 functions of 132,534 proteins of eight species (Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import ogb_csv, ogb_graph, tu_text
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Continuous, Label

NUM_SPECIES, NUM_KINDS, NUM_FUNCTIONS = 8, 8, 112


@dataclasses.dataclass(frozen=True)
class OGBNProteins(PackedSource):
    """`<root>/ogbn_proteins/ogbn_proteins.npz`: one graph, 112 labels of each node, OGB's split.

    Nodes have no features of their own. Node column "feat" is the mean of the eight features of
    the edges of a node, as in OGB's own examples: how sure each kind of association is, from 0 to
    1. Node column "type" is the species, numbered in the order of the numbers of NCBI's taxonomy.
    The features of single edges, 2.5 GB of them, are not kept. Whole species are for validation
    and for the test. The score is the mean ROC-AUC of the functions. Each edge is there in both
    directions. The published files could not be reached when this was written: what reads them is
    tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `ogbn_proteins`.
    """

    file: ClassVar[str] = "ogbn_proteins/ogbn_proteins.npz"
    nodes: ClassVar[Mapping[str, Column]] = {
        "type": Categorical((NUM_SPECIES,)),
        "feat": Continuous(NUM_KINDS),
    }
    label: ClassVar[Label] = Label("node", "multilabel", NUM_FUNCTIONS)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "proteins.zip", "https://snap.stanford.edu/ogb/data/nodeproppred/proteins.zip"
                ),
            ),
            statistics=Statistics(1, 132_534, 79_122_504, (86_619, 21_236, 24_679)),
            licence="CC0",
            citation="Szklarczyk et al. (2019), STRING; Hu et al. (2020), arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/nodeprop",
            metric="roc_auc",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        with ogb_csv.opened(path) as inner:
            count, index = ogb_graph.edges_of_one(inner, path.name)
            labels = ogb_csv.table(inner, "raw/node-label.csv.gz", np.float64)
            # Older versions of OGB rename the table when they read it.
            renamed = any(name.endswith("/raw/node_species.csv.gz") for name in inner)
            name = "node_species" if renamed else "species"
            species = ogb_csv.table(inner, f"raw/{name}.csv.gz", np.int64)
            parts = ogb_csv.split_of(inner, path.name, "species", count)
            features = ogb_csv.table(inner, "raw/edge-feat.csv.gz", np.float32)
        ogb_csv.check_table(path.name, "edge-feat", features, "edges", len(index), NUM_KINDS)
        if len(np.unique(species)) > NUM_SPECIES:
            raise DatasetError(f"{path.name}: its nodes are of more than {NUM_SPECIES} species.")
        nodes = {
            "type": tu_text.ranks(species),
            "feat": mean_of_edges(index, features, count),
        }
        both = ogb_csv.both_directions(index)
        return ogb_graph.made(path.name, self.declared_spec(), both, nodes, labels, parts)


def mean_of_edges(index: np.ndarray, features: np.ndarray, num_nodes: int) -> np.ndarray:
    """The mean of the features of the edges of each node, float32 [nodes, features]; 0 without any.

    Args:
      index: [edges, 2], each edge once; it counts for both of its ends.
      features: [edges, features].
      num_nodes: number of nodes.
    """
    count = np.bincount(index.ravel(), minlength=num_nodes)
    sums = np.stack(
        [
            sum(np.bincount(index[:, end], column, num_nodes) for end in range(2))
            for column in features.T
        ],
        axis=1,
    )
    return (sums / np.maximum(count, 1)[:, None]).astype(np.float32)
