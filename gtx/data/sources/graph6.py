"""Your own graphs in graph6, the text format of nauty, with a table of their labels."""

import dataclasses
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np

from gtx.data import convert, csv_source, tables
from gtx.data.convert.given import split_names
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource, Further
from gtx.data.sources.csv_molecules import Columns, names_of
from gtx.data.spec import Categorical, GraphSpec, Label, LabelKind
from gtx.limits import Name


@dataclasses.dataclass(frozen=True)
class Graph6(DataSource):
    """A file with a graph on each line, and a CSV file with a row for each of them.

    graph6 has no features: every node has the column "type", which is 0. The table has columns to
    predict and, if it says so, the split; other columns are not read.

    Attributes:
      path: the graph6 file.
      target: the columns to predict.
      table: the CSV file; "beside" for the one beside `path` with the same name and `.csv`.
      kind: regression, binary, multiclass or multilabel.
      split: "column" reads train, valid and test from `split_column`; "random" draws them.
      split_column: see `split`.
    """

    path: Name
    target: Annotated[str | tuple[str, ...], Columns()]
    table: Name = "beside"
    kind: LabelKind = "regression"
    split: Name = "random"
    split_column: Name = "split"

    splits: ClassVar[tuple[str, ...]] = ("random", "column")
    has_validation: ClassVar[bool] = False
    needs: ClassVar[str] = "the file <path>, and a table of labels"

    @property
    def label(self) -> Label:
        """The label. A multiclass label has two classes here, as only the file tells the number."""
        dim = 2 if self.kind == "multiclass" else len(names_of(self.target))
        return Label("graph", self.kind, dim)

    def load(self) -> Dataset:
        dataset = self._read(self.path)
        path = Path(self.path).with_suffix(".csv") if self.table == "beside" else Path(self.table)
        if not path.is_file():
            raise FileNotFoundError(
                f"there is no table {path} with the labels. Put it there, or name it with "
                "config.data.table."
            )
        frame = tables.read(path)
        if len(frame) != len(dataset):
            raise DatasetError(
                f"{path.name}: has {len(frame)} rows for {len(dataset)} graphs of "
                f"{Path(self.path).name}. Give a row for each."
            )
        values, label = csv_source.labels_of(frame.table, self.target, self.kind)
        parts = None
        if self.split == "column":
            parts = split_names(np.array(frame.table.column(self.split_column)), frame.place)
        dataset = dataset.with_targets("graph", labels=values, split=parts, label=label)
        if parts is not None and not len(dataset.part("train").targets):
            raise DatasetError(
                f"{path.name}: column {self.split_column!r} puts no graph into train. Write train, "
                "valid or test into its cells."
            )
        return dataset

    def read_further(self, path: str, spec: GraphSpec) -> Further:
        del spec  # there are no features whose meaning it could say
        dataset = self._read(path)
        return Further(dataset, dict(graph=list(map(str, range(len(dataset))))))

    def _read(self, path: str) -> Dataset:
        if not Path(path).is_file():
            raise FileNotFoundError(f"there is no file {path}. Name a file of graph6.")
        dataset = convert.from_graph6(Path(path))
        zeros = np.zeros((int(dataset.node_ptr[-1]), 1), np.int32)
        return dataset.with_columns("node", {"type": zeros}, {"type": Categorical((1,))})
