"""ogbg-code2: the names of 452,741 methods of Python, from their syntax trees (Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import ogb_csv
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, GraphSpec, Label
from gtx.data.subtokens import sequence_label, with_subtokens
from gtx.limits import Count

NUM_TYPES, NUM_ATTRIBUTES, MAX_DEPTH = 98, 10_030, 20


@dataclasses.dataclass(frozen=True)
class OGBGCode2(PackedSource):
    """`<root>/ogbg_code2/ogbg_code2.npz`: a syntax tree each; the label is the name of the method.

    Node column "type" holds the type, the attribute, and the depth of a node in the tree, where 20
    stands for all larger ones. Edges are those of OGB's own examples: the tree in both directions,
    and each node with an attribute is joined to the next such node, in both directions; nodes are
    numbered in the order of the text. Edge column "type" says whether an edge joins neighbours in
    the text, and whether it is the reverse of another one.

    The name of a graph (`Dataset.names`) is the published name of its method, as subtokens with
    blanks between them. They are the label (`gtx.data.subtokens`): the first `num_subtokens` are
    predicted, each one of the `vocabulary` most frequent of the training part, with the settings of
    OGB's own example. Only the data tell which these are; before that the label has numbers in
    their place. The score is OGB's F1. OGB's reader takes a name such as "null" for a missing
    number and reads "nan"; it is kept here.

    The arrays take 4 GB of memory, and reading the published tables about 15 GB. The published
    files could not be reached when this was written: what reads them is tested on small files of
    their form.

    Attributes:
      root: the folder that holds the folder `ogbg_code2`.
      num_subtokens: how many are predicted at most.
      vocabulary: how many different ones can be predicted.
    """

    num_subtokens: Count = 5
    vocabulary: Count = 5000

    file: ClassVar[str] = "ogbg_code2/ogbg_code2.npz"
    nodes: ClassVar[Mapping[str, Column]] = {
        "type": Categorical((NUM_TYPES, NUM_ATTRIBUTES, MAX_DEPTH + 1))
    }
    edges: ClassVar[Mapping[str, Column]] = {"type": Categorical((2, 2))}
    splits: ClassVar[tuple[str, ...]] = ("given",)

    @property
    def label(self) -> Label:  # type: ignore[override]
        words = tuple(f"subtoken {number}" for number in range(self.vocabulary))
        return sequence_label(words, self.num_subtokens, self.num_subtokens)

    def published(self) -> Published:
        return Published(
            files=(
                Remote("code2.zip", "https://snap.stanford.edu/ogb/data/graphproppred/code2.zip"),
            ),
            statistics=Statistics(452_741, parts=(407_976, 22_817, 21_948)),
            licence="MIT",
            citation="Husain et al. (2019), CodeSearchNet; Hu et al. (2020), arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/graphprop",
            metric="f1",
        )

    def load(self) -> Dataset:
        dataset = super().load()
        if dataset.names is None:
            raise DatasetError(f"{self.file}: has no names of methods. Fetch it again.")
        return with_subtokens(
            dataset.without_labels(),
            [name.split(" ") for name in dataset.names.tolist()],
            num_words=self.vocabulary,
            positions=self.num_subtokens,
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        with ogb_csv.opened(path) as inner:
            nodes, edges, index = ogb_csv.sizes_and_edges(inner, path.name)
            features = ogb_csv.table(inner, "raw/node-feat.csv.gz", np.int32)
            depth = ogb_csv.table(inner, "raw/node_depth.csv.gz", np.int32)
            attributed = ogb_csv.table(inner, "raw/node_is_attributed.csv.gz", np.int32)
            names = ogb_csv.lines(inner, "raw/graph-label.csv.gz")
            parts = ogb_csv.split_of(inner, path.name, "project", len(nodes))
        rows = int(nodes.sum())
        ogb_csv.check_table(path.name, "node-feat", features, "nodes", rows, 2)
        ogb_csv.check_table(path.name, "node_depth", depth, "nodes", rows, 1)
        ogb_csv.check_table(path.name, "node_is_attributed", attributed, "nodes", rows, 1)
        ogb_csv.check_table(path.name, "graph-label", names, "graphs", len(nodes))
        ends, kinds, edge_ptr = with_next_tokens(nodes, edges, index, attributed[:, 0] == 1)
        dataset = Dataset.from_columns(
            nodes={"type": np.concatenate([features, np.minimum(depth, MAX_DEPTH)], axis=1)},
            edges={"type": kinds},
            node_ptr=offsets(nodes),
            edge_ptr=edge_ptr,
            senders=ends[:, 0],
            receivers=ends[:, 1],
            names=names,
            spec=GraphSpec(nodes=self.nodes, edges=self.edges),
        )
        return dataset.with_split(parts)


def with_next_tokens(
    nodes: np.ndarray, edges: np.ndarray, index: np.ndarray, attributed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The edges of trees and those between neighbours in the text, all in both directions.

    Args:
      nodes, edges: numbers of nodes and edges of each graph.
      index: the edges of the trees [edges, 2], local to each graph.
      attributed: for each node of all graphs whether it has an attribute.

    Returns:
      Edges [edges, 2], local to each graph; their two kinds [edges, 2]; and their offsets.
    """
    graph = np.repeat(np.arange(len(nodes), dtype=np.int32), nodes)
    tokens = np.flatnonzero(attributed)
    same = graph[tokens[:-1]] == graph[tokens[1:]]
    start = offsets(nodes)[graph[tokens[:-1][same]]]
    pairs = np.stack([tokens[:-1][same] - start, tokens[1:][same] - start], axis=1)
    pairs = pairs.astype(np.int32)
    groups = [index, index[:, ::-1], pairs, pairs[:, ::-1]]
    owner = np.repeat(np.arange(len(nodes), dtype=np.int32), edges)
    owners = np.concatenate([owner, owner, *[graph[tokens[:-1][same]]] * 2])
    kinds = np.repeat(
        np.array([(0, 0), (0, 1), (1, 0), (1, 1)], np.int32), [len(each) for each in groups], axis=0
    )
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=len(nodes))
    return np.concatenate(groups)[order], kinds[order], offsets(counts)
