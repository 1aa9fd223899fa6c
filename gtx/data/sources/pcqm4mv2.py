"""PCQM4Mv2 of OGB-LSC: the HOMO-LUMO gap of 3.7 million molecules (Hu et al. 2021)."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data import molecules
from gtx.data.columns import SPLITS, offsets
from gtx.data.dataset import Dataset
from gtx.data.download import Remote, read_torch
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import labelled_csv
from gtx.data.sources.installing import member, unpacked
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, GraphSpec, Label

# So many molecules are parsed at a time, and so few without further processes.
_CHUNK, _FEW = 2**17, 10_000


@dataclasses.dataclass(frozen=True)
class PCQM4Mv2(PackedSource):
    """`<root>/pcqm4mv2/pcqm4mv2.npz`: columns "atom" and "bond"; the label is in eV.

    The labels of OGB's two test parts are hidden: these molecules are in no part and have no label.
    Published models are compared on the validation part; GraphGPS takes that as the test part and
    150,000 training molecules for validation. The published file holds SMILES, which are parsed in
    all processes of the machine; it needs the extra `molecules` and about 10 GB of memory to fetch,
    and 4 GB to load. The published files could not be reached when this was written: what reads
    them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `pcqm4mv2`.
    """

    file: ClassVar[str] = "pcqm4mv2/pcqm4mv2.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(molecules.ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    features: ClassVar[str] = "ogb"
    label: ClassVar[Label] = Label("graph", "regression", 1, ("homo-lumo gap",))

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "pcqm4m-v2.zip",
                    "https://dgl-data.s3-accelerate.amazonaws.com/dataset/OGB-LSC/pcqm4m-v2.zip",
                ),
            ),
            statistics=Statistics(3_746_620, parts=(3_378_606, 73_545, 0)),
            licence="CC BY 4.0",
            citation="Nakata and Shimazaki (2017); Hu et al. (2021), arXiv:2103.09430",
            page="https://ogb.stanford.edu/docs/lsc/pcqm4mv2",
            metric="mae",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        wanted = ("raw/data.csv.gz", "split_dict.pt")
        with unpacked(path, wanted=lambda name: name.endswith(wanted)) as inner:
            table = member(inner, "raw/data.csv.gz")
            smiles, gaps = labelled_csv.read(table, "smiles", ("homolumogap",))
            split = _split(read_torch(member(inner, "split_dict.pt")), gaps[:, 0])
        return graphs_of(smiles, gaps, self.declared_spec()).with_split(split)


def graphs_of(smiles: Sequence[str], labels: np.ndarray, spec: GraphSpec) -> Dataset:
    """The graphs of SMILES with OGB's features, without their names, which would take gigabytes.

    Args:
      smiles: all must be molecules.
      labels: [graphs, targets].
      spec: node column "atom", edge column "bond", and the label of a graph.

    Raises:
      DatasetError: names the first molecule that cannot be read.
    """
    workers = 0 if len(smiles) <= _FEW else os.cpu_count() or 1
    parts: list[dict[str, np.ndarray]] = []
    for start in range(0, len(smiles), _CHUNK):
        chunk = smiles[start : start + _CHUNK]
        found, errors = molecules.from_smiles(chunk, features="ogb", num_workers=workers)
        for row, reason in errors.items():
            raise DatasetError(f"molecule {start + row} ({chunk[row]:.60}): {reason}.")
        # Categories fit a byte, and numbers of atoms two.
        parts.append(
            dict(
                atom=found.nodes["atom"].astype(np.uint8),
                bond=found.edges["bond"].astype(np.uint8),
                ends=np.stack([found.senders, found.receivers]).astype(np.uint16),
                nodes=found.num_nodes,
                edges=found.num_edges,
            )
        )
    joined = {
        name: np.concatenate([part[name] for part in parts], axis=-1 if name == "ends" else 0)
        for name in parts[0]
    }
    return Dataset.from_columns(
        nodes={"atom": joined["atom"]},
        edges={"bond": joined["bond"]},
        node_ptr=offsets(joined["nodes"]),
        edge_ptr=offsets(joined["edges"]),
        senders=joined["ends"][0],
        receivers=joined["ends"][1],
        labels=labels,
        spec=spec,
    )


def _split(found: Any, gaps: np.ndarray) -> np.ndarray:
    """The part of each molecule; -1 where its label is hidden."""
    split = np.full(len(gaps), -1, np.int8)
    try:
        for part in ("train", "valid"):
            rows = np.asarray(found[part])
            if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.min(initial=0) < 0:
                raise ValueError(f"{part} is no list of molecules")
            if np.any(split[rows] != -1):
                raise ValueError(f"{part} has molecules of another part")
            split[rows] = SPLITS.index(part)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DatasetError(f"split_dict.pt: is no split ({error}). Fetch it again.") from error
    if np.any(np.isnan(gaps) != (split == -1)):
        raise DatasetError(
            "pcqm4m-v2.zip: the molecules of train and valid are not those with a label. Fetch it "
            "again."
        )
    return split
