"""PCQM-Contact of the Long Range Graph Benchmark (Dwivedi et al. 2022): which atoms are near?"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data import molecules
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.peptides_func import ATOM_SIZES
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label

_NAMES = ("x", "edge_attr", "edge_index", "edge_label_index", "edge_label")


@dataclasses.dataclass(frozen=True)
class PCQMContact(PackedSource):
    """`<root>/pcqm_contact/pcqm_contact.npz`: columns "atom" and "bond", targets pairs of atoms.

    A pair is a contact if it is nearer than 3.5 Ångström in space and at least five bonds apart.
    Each contact is there in both directions. The molecules, hydrogens included, are divided
    90/5/5. Pairs are those of the published file, with its labels.

    Published models draw negatives in training (`config.task.negatives`), and rank each contact
    among all pairs of the same first atom that are no contact, bonded ones too, averaged over
    molecules. `filtered_mrr_of_graphs` with as many `config.task.candidates` as atoms is the
    corrected score of Tönshoff et al. (2023). The published files could not be reached when this
    was written: what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `pcqm_contact`.
    """

    file: ClassVar[str] = "pcqm_contact/pcqm_contact.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    label: ClassVar[Label] = Label("pair", "binary", 1, ("contact",))
    splits: ClassVar[tuple[str, ...]] = ("given",)
    edges_are_links: ClassVar[bool] = False

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "pcqmcontact.zip",
                    "https://www.dropbox.com/s/qdag867u6h6i60y/pcqmcontact.zip?dl=1",
                ),
            ),
            statistics=Statistics(529_434, 15_955_687, 32_341_644),
            licence="CC BY 4.0",
            citation="Nakata and Shimazaki (2017); Dwivedi et al. (2022), arXiv:2206.08164",
            page="https://github.com/vijaydwivedi75/lrgb",
            metric="filtered_mrr_of_graphs",
            negatives=2,
            candidates=1000,
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        lists = pyg_lists.lists_of_tuples(path, _NAMES)
        graphs = [_checked(graph, path.name) for graphs in lists for graph in graphs]
        part = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
        node_ptr = offsets([len(graph["x"]) for graph in graphs])
        counts = [len(graph["edge_label"]) for graph in graphs]

        def joined(name: str, axis: int) -> np.ndarray:
            return np.concatenate([graph[name] for graph in graphs], axis=axis)

        spec = self.declared_spec()
        ends, pairs = joined("edge_index", 1), joined("edge_label_index", 1)
        dataset = Dataset.from_columns(
            nodes={"atom": joined("x", 0)},
            edges={"bond": joined("edge_attr", 0)},
            node_ptr=node_ptr,
            edge_ptr=offsets([graph["edge_index"].shape[1] for graph in graphs]),
            senders=ends[0],
            receivers=ends[1],
            spec=spec.replace(label=None),
        )
        return dataset.with_targets(
            "pair",
            (pairs + np.repeat(node_ptr[:-1], counts)).T,
            joined("edge_label", 0)[:, None].astype(np.float32),
            np.repeat(part, counts),
            label=self.label,
        )


def _checked(graph: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
    """The arrays of a molecule, whose shapes agree."""
    found = {key: np.asarray(value) for key, value in graph.items()}
    nodes, pairs = found["x"], found["edge_label_index"]
    found["edge_label"] = found["edge_label"].reshape(-1)
    edges = found["edge_index"]
    good = (
        nodes.ndim == found["edge_attr"].ndim == edges.ndim == pairs.ndim == 2
        and len(edges) == len(pairs) == 2
        and edges.shape[1] == len(found["edge_attr"])
        and pairs.shape[1] == len(found["edge_label"])
    )
    if not good or (pairs.size and not 0 <= pairs.min() <= pairs.max() < len(nodes)):
        shapes = {key: value.shape for key, value in found.items()}
        raise DatasetError(f"{name}: a molecule has arrays that do not agree: {shapes}.")
    return found
