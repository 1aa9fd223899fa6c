"""What every source of data has in common."""

import abc
import dataclasses
from typing import ClassVar

from gtx import limits
from gtx.data.csv_source import Rejected
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Label


@dataclasses.dataclass(frozen=True)
class DataSource(abc.ABC):
    """One dataset: a frozen dataclass whose fields are what a recipe says in `config.data`.

    A field that has the name of a field of every recipe, such as `split_seed`, gets its value. What
    is known before anything is read stands on the class, so that a recipe is checked without data.

    Attributes:
      label: what its graphs are labelled with; a property where fields decide it.
      splits: values of `config.data.split` that it can have: "given" is its own split.
      has_validation: whether its own split has a validation part.
      has_smiles: whether its graphs are molecules that are named by their SMILES.
      needs: what must be there before it can be loaded, in words: files, extras; "" for nothing.

    Raises:
      DatasetError: a field is not what its annotation says.
    """

    splits: ClassVar[tuple[str, ...]] = ("given", "random")
    has_validation: ClassVar[bool] = True
    has_smiles: ClassVar[bool] = False
    needs: ClassVar[str] = ""

    def __post_init__(self) -> None:
        try:
            limits.check(self)
        except ValueError as error:
            raise DatasetError(str(error)) from error

    @property
    @abc.abstractmethod
    def label(self) -> Label: ...

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Read or draw the graphs.

        Raises:
          DatasetError: says what is wrong with the data, and where.
        """

    def load_with_rejected(self) -> tuple[Dataset, tuple[Rejected, ...]]:
        """`load`, and the rows of a file that became no graph."""
        return self.load(), ()
