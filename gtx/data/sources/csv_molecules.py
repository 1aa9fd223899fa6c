"""Your own molecules: a CSV file with a column of SMILES and one or more columns of targets."""

import csv
import dataclasses
from typing import Annotated, Any, ClassVar, Literal, cast

from gtx.data import csv_parts, csv_source
from gtx.data.csv_source import Rejected
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Label, LabelKind, TableKind, mixed_label
from gtx.limits import Name, Rule, Whole
from gtx.typing import Level


@dataclasses.dataclass(frozen=True)
class Columns(Rule):
    """A rule: names of columns, in one text separated by commas, or in a tuple of texts."""

    wanted: str = "the name of a column, or several with commas between them"

    def allows(self, value: Any) -> bool:
        try:
            names = names_of(value)
        except csv.Error:  # a quote is not closed
            return False
        texts = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
        return texts and bool(names) and all(name.strip() for name in names)


def names_of(value: Any) -> Any:
    """The names in a text, where quotes allow commas in a name; a tuple is returned unchanged."""
    return csv_source.names_in(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class CSV(DataSource):
    """The molecules and labels of a CSV file.

    Attributes:
      path: the file.
      target: the columns to predict, such as `logS`, or `logS,logP`.
      smiles: the column of SMILES.
      kind: regression, binary, multiclass or multilabel; or mixed, with `kinds`.
      kinds: of a mixed label, regression, binary or multiclass for each column of `target`.
      weights: the column that says how much each row counts in the loss; "" if all count the same.
      features: features of atoms and bonds, see `molecules.from_smiles`.
      split: "column" reads train, valid and test from `split_column`; "given" takes the molecules
        of `test_path` as the test part; with every other value the graphs stay unsplit.
      split_column: see `split`.
      test_path: a second file with the same columns; "" for none.
      columns: further columns that the model reads beside the molecule: `temperature,solvent`; ""
        for none. Numbers are brought to one scale by `config.data.standardize`; a column of texts
        holds categories. A row with an empty cell there is left out.
      categorical: those of `columns` whose numbers are categories too.
      duplicates: what becomes of a molecule in several rows: "keep" keeps all of them, "mean" has
        one with the mean of its values. Rows that differ in `columns` stay apart.
      num_workers: number of processes that parse SMILES; 0 for none, which is faster for less than
        about 20,000 molecules. The result does not depend on it.
    """

    path: Name
    target: Annotated[str | tuple[str, ...], Columns()]
    smiles: Name = "smiles"
    kind: TableKind = "regression"
    kinds: str | tuple[str, ...] = ""
    weights: str = ""
    features: Name = "cip"
    split: Name = "none"
    split_column: Name = "split"
    test_path: str = ""
    columns: str | tuple[str, ...] = ""
    categorical: str | tuple[str, ...] = ""
    duplicates: Literal["keep", "mean"] = "keep"
    num_workers: Annotated[int, Whole(0, 2**10)] = 0

    recipe_name: ClassVar[str] = "csv"
    splits: ClassVar[tuple[str, ...]] = ("random", "scaffold", "column", "given")
    has_validation: ClassVar[bool] = False
    has_smiles: ClassVar[bool] = True
    needs: ClassVar[str] = "the file <path>; the extra `molecules`"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind in ("binary", "multiclass") and len(names_of(self.target)) > 1:
            raise DatasetError(
                f"CSV: target is {self.target!r}, which are several columns, and a label of kind "
                f"{self.kind!r} is in one. Name one; regression and multilabel can have several. A "
                "name with a comma stands in quotes."
            )
        check_kinds(self, "CSV")
        if self.categorical and not self.columns:
            raise DatasetError(
                f"CSV: categorical is {self.categorical!r}, and there are no columns. Name them in "
                "columns too (--config.data.columns)."
            )
        if bool(self.test_path) != (self.split == "given"):
            raise DatasetError(
                f"CSV: test_path is {self.test_path!r} and split is {self.split!r}. A file of its "
                "own for the test part goes with split 'given' (--config.data.split=given)."
            )

    @property
    def label(self) -> Label:
        """The label. A multiclass label has two classes here, as only the file tells the number."""
        return label_of_columns(self.target, self.kind, self.kinds, "graph")

    def load(self) -> Dataset:
        return self.load_with_rejected()[0]

    def load_with_rejected(self) -> tuple[Dataset, tuple[Rejected, ...]]:
        settings: dict[str, Any] = dict(
            smiles_column=self.smiles,
            target_columns=self.target,
            kind=self.kind,
            kinds=self.kinds,
            weight_column=self.weights or None,
            features=self.features,
            split_column=self.split_column if self.split == "column" else None,
            columns=self.columns,
            categorical=self.categorical,
            duplicates=self.duplicates,
            num_workers=self.num_workers,
        )
        if self.test_path:
            found = csv_parts.load(self.path, self.test_path, **settings)
        else:
            found = csv_source.load(self.path, **settings)
        return found.dataset, found.rejected


def check_kinds(source: Any, name: str) -> None:
    """Raise a DatasetError unless `kinds` of a source fit its `kind` and its `target`."""
    if source.kind == "mixed":
        csv_source.kinds_in(source.kinds, names_of(source.target), name)
    elif source.kinds:
        raise DatasetError(
            f"{name}: kinds is {source.kinds!r}, and they are those of a mixed label. Give kind "
            "'mixed', or leave kinds empty."
        )


def label_of_columns(target: Any, kind: str, kinds: Any, level: Level) -> Label:
    """The label of columns as far as it is known without the file: classes are two."""
    names = names_of(target)
    if kind != "mixed":
        return Label(level, cast(LabelKind, kind), 2 if kind == "multiclass" else len(names))
    chosen = csv_source.kinds_in(kinds, names, "kinds")
    return mixed_label(
        [
            dataclasses.replace(label_of_columns((name,), own, (), level), name=name)
            for name, own in zip(names, chosen, strict=True)
        ]
    )
