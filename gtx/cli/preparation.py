"""What is computed of molecules before a model reads them, so that other processes can do it."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence

import gtx.encodings
from gtx.data import Column, Dataset, MoleculeWarning, csv_columns, molecules, with_descriptors
from gtx.data.scaling import Scaler
from gtx.encodings import Encoding


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Molecules with the columns of a model.

    Attributes:
      dataset: the molecules that parse; their `ids` are places in the list of SMILES.
      errors: the reason for each of the others.
      warnings: places of molecules with values that were not computed, and the reasons.
    """

    dataset: Dataset
    errors: dict[int, str]
    warnings: list[tuple[int, str]]


@dataclasses.dataclass(frozen=True)
class Preparation:
    """A function from SMILES to the columns that a model reads. It can be sent to a process.

    Attributes:
      features: of atoms and bonds.
      scaler: of the descriptors; None if the model reads none.
      encodings: those that the model reads.
      columns: what the further columns of a file hold that the model reads.
    """

    features: str
    scaler: Scaler | None
    encodings: tuple[Encoding, ...]
    columns: Mapping[str, Column] = dataclasses.field(default_factory=dict)

    def __call__(
        self, smiles: Sequence[str], cells: Mapping[str, Sequence[str]] | None = None
    ) -> Prepared:
        """The molecules of SMILES, with the cells of `columns` for each, by name."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", MoleculeWarning)
            dataset, errors = molecules.from_smiles(smiles, features=self.features)
            dataset, errors = csv_columns.added(dataset, errors, cells or {}, self.columns)
            if self.scaler is not None:
                dataset, _ = with_descriptors(dataset, self.scaler)
            dataset = gtx.encodings.apply(dataset, self.encodings)
        found = []
        for each in told:
            if isinstance(each.message, MoleculeWarning):
                found.append(each.message)
            else:
                warnings.warn_explicit(
                    each.message, each.category, each.filename, each.lineno, source=each.source
                )
        return Prepared(dataset, errors, [(each.place, each.reason) for each in found])
