"""MOSES (Polykovskiy et al. 2020): 1.94 million drug-like molecules, as SMILES."""

import dataclasses
import gzip
import itertools
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from gtx.data import molecules
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.installing import member, unpacked, write_bytes
from gtx.data.sources.published import Published
from gtx.data.spec import GraphSpec, Label, mixed_label
from gtx.limits import Count, Name, Whole

# Molecules of each file.
COUNTS = dict(train=1_584_663, test=176_074, test_scaffolds=176_225)


@dataclasses.dataclass(frozen=True)
class MOSES(DataSource):
    """`<root>/moses/train.csv` and `test.csv`: the first molecules of each, and a descriptor.

    MOSES has no labels. The label is a descriptor that RDKit computes, so that a model can be
    trained on it; or for pre-training several descriptors, the bits of a fingerprint, or both, as a
    mixed label with the heads `descriptors` and `bits`. Of the test file, half are for validation.
    The whole files, with a head `SMILES` and a molecule on each line, are for `gtx predict`; so is
    `test_scaffolds.csv`, whose scaffolds are not in the other files. They come in the wheel
    `molsets`, which is downloaded and not installed. Needs the extra `molecules`.

    Attributes:
      root: the folder that holds the folder `moses`.
      num_train, num_test: molecules of the two files, from their beginnings.
      descriptor: a name of `gtx.data.molecules.descriptor_names()`; not read with the next two.
      targets: several such names. One that RDKit cannot compute of a molecule is a missing label.
      bits: length of a Morgan fingerprint of radius 2 (ECFP4), whose bits are predicted.
      features: features of atoms and bonds, see `molecules.from_smiles`.
    """

    root: Name
    num_train: Count = 10_000
    num_test: Count = 2_000
    descriptor: Name = "MolLogP"
    features: Name = "cip"
    targets: tuple[Name, ...] = ()
    bits: Annotated[int, Whole(0, 2**14)] = 0

    has_smiles: ClassVar[bool] = True
    splits: ClassVar[tuple[str, ...]] = ("given", "random", "scaffold")
    needs: ClassVar[str] = "the files of <root>/moses; the extra `molecules`"

    @property
    def file(self) -> str:
        return "moses/train.csv"

    @property
    def label(self) -> Label:
        heads = []
        if self.targets:
            heads.append(
                Label("graph", "regression", len(self.targets), self.targets, name="descriptors")
            )
        if self.bits:
            heads.append(Label("graph", "multilabel", self.bits, name="bits"))
        if not heads:
            return Label("graph", "regression", 1, (self.descriptor,))
        return mixed_label(heads)

    def declared_spec(self) -> GraphSpec:
        return molecules.columns_of(self.features).replace(label=self.label)

    def published(self) -> Published:
        sha256 = "7f4450e3ebecebe79c3a2a55950c93daddee071120daf64a163d03481e811d34"
        wheel = Remote("molsets-0.3.1-py3-none-any.whl", "pypi:molsets==0.3.1", sha256)
        return Published(
            files=(wheel,),
            statistics=None,
            licence="MIT",
            citation="Polykovskiy et al. (2020), Frontiers in Pharmacology 11",
            page="https://github.com/molecularsets/moses",
            tried=True,
        )

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        (wheel,) = files.values()
        with unpacked(wheel, wanted=lambda name: name.endswith(".csv.gz")) as inner:
            tables = {name: self._table(member(inner, f"{name}.csv.gz"), name) for name in COUNTS}
        for name in ("test_scaffolds", "test", "train"):  # the one that tells they are there, last
            write_bytes(tables[name], target.with_name(f"{name}.csv"))

    def _table(self, path: Path, name: str) -> bytes:
        try:
            raw = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DatasetError(f"{path.name}: cannot be read ({error}).") from error
        count = raw.count(b"\n") - 1
        if not raw.startswith(b"SMILES") or count != COUNTS[name]:
            raise DatasetError(f"{path.name}: holds {count} molecules instead of {COUNTS[name]}.")
        return raw

    def load(self) -> Dataset:
        smiles: list[str] = []
        for name, count in (("train", self.num_train), ("test", self.num_test)):
            path = find(self.root, f"moses/{name}.csv")
            with path.open(encoding="utf-8") as lines:
                found = [
                    line.split(",")[0].strip() for line in itertools.islice(lines, 1, count + 1)
                ]
            if len(found) < count:
                raise DatasetError(f"{path.name}: holds {len(found)} molecules, not {count}.")
            smiles += found
        dataset, errors = molecules.from_smiles(smiles, features=self.features)
        if errors:
            raise DatasetError(f"moses: molecules do not parse: {dict(list(errors.items())[:3])}.")
        labels: Any = self._labels(smiles)
        split = np.full(len(smiles), SPLITS.index("train"), np.int8)
        split[self.num_train :: 2] = SPLITS.index("valid")
        split[self.num_train + 1 :: 2] = SPLITS.index("test")
        dataset = dataset.with_targets("graph", labels=labels, label=self.label)
        return dataset.with_split(split)

    def _labels(self, smiles: list[str]) -> np.ndarray:
        """One row for each molecule, with the columns of the label."""
        parts = []
        if self.targets or not self.bits:
            parts.append(molecules.descriptors(smiles, self.targets or (self.descriptor,)))
        if self.bits:
            parts.append(molecules.morgan_counts(smiles, size=self.bits) > 0)
        return np.concatenate(parts, axis=1).astype(np.float32)
