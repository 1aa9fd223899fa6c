"""ogbl-collab: which of 235,868 authors will write a paper together? (Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.download import Remote, read_torch
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import ogb_csv, ogb_graph
from gtx.data.sources.installing import member
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label

NUM_LINKS, NUM_NEGATIVES = (1_179_052, 60_084, 46_329), 100_000


@dataclasses.dataclass(frozen=True)
class OGBLCollab(PackedSource):
    """`<root>/ogbl_collab/ogbl_collab.npz`: one graph; the targets are pairs of authors.

    The edges are the joint papers until 2017, those of 2018 are links for validation, and those of
    2019 for the test. Two authors have an edge for each year in which they wrote papers together;
    edge column "feat" holds the number of papers and the year, in the unit of the file
    (`config.data.standardize` brings both to one scale). Each edge is there in both directions.
    Node column "feat" is the mean of the word vectors of an author's papers.

    Train has links alone, the edges themselves: draw negatives by `config.task.negatives`. Valid
    and test have 100,000 published negatives each. The score is Hits@50, each link among all
    negatives of its part. OGB allows to take the links for validation as edges when the test part
    is scored; that is not done here. The published files could not be reached when this was
    written: what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `ogbl_collab`.
    """

    file: ClassVar[str] = "ogbl_collab/ogbl_collab.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(128)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(2)}
    label: ClassVar[Label] = Label("pair", "binary", 1, ("link",))
    splits: ClassVar[tuple[str, ...]] = ("given",)

    def published(self) -> Published:
        train, valid, test = NUM_LINKS
        return Published(
            files=(
                Remote("collab.zip", "https://snap.stanford.edu/ogb/data/linkproppred/collab.zip"),
            ),
            statistics=Statistics(
                1, 235_868, 2 * train, (train, valid + NUM_NEGATIVES, test + NUM_NEGATIVES)
            ),
            licence="ODC-BY",
            citation="Wang et al. (2020), Microsoft Academic Graph; Hu et al. (2020), "
            "arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/linkprop",
            metric="hits@50",
            negatives=1,
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        with ogb_csv.opened(path) as inner:
            count, index = ogb_graph.edges_of_one(inner, path.name)
            nodes = ogb_csv.table(inner, "raw/node-feat.csv.gz", np.float32)
            columns = {
                name: ogb_csv.table(inner, f"raw/edge_{name}.csv.gz", np.float32)
                for name in ("weight", "year")
            }
            links = [
                _links(read_torch(member(inner, f"split/time/{part}.pt")), part, count)
                for part in SPLITS
            ]
        ogb_csv.check_table(path.name, "node-feat", nodes, "nodes", count)
        for name, column in columns.items():
            ogb_csv.check_table(path.name, f"edge_{name}", column, "edges", len(index), 1)
        both = ogb_csv.both_directions(index)
        spec = self.declared_spec()
        dataset = Dataset.from_columns(
            nodes={"feat": nodes},
            edges={"feat": np.repeat(np.concatenate(list(columns.values()), axis=1), 2, axis=0)},
            node_ptr=[0, count],
            edge_ptr=[0, len(both)],
            senders=both[:, 0],
            receivers=both[:, 1],
            spec=spec.replace(label=None),
        )
        pairs, labels, parts = zip(
            *(
                (pairs, np.full(len(pairs), label), np.full(len(pairs), code))
                for code, found in enumerate(links)
                for pairs, label in zip(found, (1.0, 0.0), strict=True)
            ),
            strict=True,
        )
        return dataset.with_targets(
            "pair",
            np.concatenate(pairs),
            np.concatenate(labels)[:, None],
            np.concatenate(parts),
            label=self.label,
        )


def _links(found: Any, part: str, num_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The links and the negatives of a part, int64 [pairs, 2] each."""
    try:
        pairs = [np.asarray(found["edge"])]
        pairs.append(np.asarray(found.get("edge_neg", np.zeros((0, 2), np.int64))))
    except (TypeError, KeyError, AttributeError) as error:
        raise DatasetError(f"{part}.pt: holds no links ({error}). Fetch it again.") from error
    for array in pairs:
        if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
            raise DatasetError(f"{part}.pt: its links are {array.dtype} of shape {array.shape}.")
        if len(array) and (array.min() < 0 or array.max() >= num_nodes):
            raise DatasetError(f"{part}.pt: a link ends at a node that does not exist.")
    return pairs[0], pairs[1]
