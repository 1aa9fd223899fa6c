"""ogbn-products: 47 categories of 2.4 million products bought together (Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import ogb_graph
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label


@dataclasses.dataclass(frozen=True)
class OGBNProducts(PackedSource):
    """`<root>/ogbn_products/ogbn_products.npz`: one graph, a class of each node, OGB's split.

    Node column "feat" holds 100 principal components of the words of a description. The products
    that are sold most are for training, the next ones for validation, 90 % for the test. The score
    is the accuracy. Each edge is there in both directions. The arrays take 2 GB of memory, and
    reading the published tables about 10 GB; take parts of the graph for training
    (`config.batch.sampling`). The published files could not be reached when this was written:
    what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `ogbn_products`.
    """

    file: ClassVar[str] = "ogbn_products/ogbn_products.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(100)}
    label: ClassVar[Label] = Label("node", "multiclass", 47)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "products.zip", "https://snap.stanford.edu/ogb/data/nodeproppred/products.zip"
                ),
            ),
            statistics=Statistics(1, 2_449_029, 123_718_280, (196_615, 39_323, 2_213_091)),
            licence="Amazon license",
            citation="Bhatia et al. (2016); Chiang et al. (2019); Hu et al. (2020), "
            "arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/nodeprop",
            metric="accuracy",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return ogb_graph.read(path, self.declared_spec(), "sales_ranking", both_directions=True)
