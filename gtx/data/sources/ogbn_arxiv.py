"""ogbn-arxiv: 40 subjects of 169,343 papers of computer science (Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import ogb_graph
from gtx.data.sources.installing import tell_differences
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label

NUM_NODES, PARTS = 169_343, (90_941, 29_799, 48_603)
# As published, each citation once; and with each in both directions, of which some were there.
NUM_CITATIONS, NUM_EDGES = 1_166_243, 2_315_598


@dataclasses.dataclass(frozen=True)
class OGBNArxiv(PackedSource):
    """`<root>/ogbn_arxiv/ogbn_arxiv.npz`: one graph, a class of each node, OGB's split by year.

    Node column "feat" is the mean of the word vectors of a paper, 128 numbers. Papers until 2017
    are for training, those of 2018 for validation, later ones for the test. The score is the
    accuracy. A citation goes from the paper that cites; published models, and so this source,
    take it in both directions. The published files could not be reached when this was written:
    what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `ogbn_arxiv`.
      both_directions: whether each citation is two edges. Without it the edges are as published.
    """

    both_directions: bool = True

    file: ClassVar[str] = "ogbn_arxiv/ogbn_arxiv.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(128)}
    label: ClassVar[Label] = Label("node", "multiclass", 40)

    def published(self) -> Published:
        edges = NUM_EDGES if self.both_directions else NUM_CITATIONS
        return Published(
            files=(
                Remote("arxiv.zip", "https://snap.stanford.edu/ogb/data/nodeproppred/arxiv.zip"),
            ),
            statistics=Statistics(1, NUM_NODES, edges, PARTS),
            licence="ODC-BY",
            citation="Wang et al. (2020), Microsoft Academic Graph; Hu et al. (2020), "
            "arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/nodeprop",
            metric="accuracy",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return ogb_graph.read(path, self.declared_spec(), "time", both_directions=False)

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        # The file holds the edges as they are published.
        super(OGBNArxiv, self._as_published).convert(files, target)

    def _load(self, path: Path) -> Dataset:
        if not self.both_directions:
            return super()._load(path)
        dataset = in_both_directions(self._as_published._load(path))
        tell_differences(self, dataset)
        return dataset

    @property
    def _as_published(self) -> "OGBNArxiv":
        return dataclasses.replace(self, both_directions=False)


def in_both_directions(given: Dataset) -> Dataset:
    """The graphs with every edge in both directions, once; they must have no edge columns."""
    start = np.repeat(given.node_ptr[:-1], given.num_edges)
    ends = np.stack([given.senders + start, given.receivers + start])
    # In the order of senders, so that the edges of a graph stay together.
    ends = np.unique(np.concatenate([ends, ends[::-1]], axis=1), axis=1)
    edge_ptr = np.searchsorted(ends[0], given.node_ptr)
    start = np.repeat(given.node_ptr[:-1], np.diff(edge_ptr))
    made = Dataset.from_columns(
        nodes=given.nodes,
        node_ptr=given.node_ptr,
        edge_ptr=edge_ptr,
        senders=ends[0] - start,
        receivers=ends[1] - start,
        ids=given.ids,
        names=given.names,
        spec=given.spec.replace(label=None),
    )
    return dataclasses.replace(made, targets=given.targets, spec=given.spec)
