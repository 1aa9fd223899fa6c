"""The base class of all sources of data."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from gtx import limits
from gtx.data.csv_source import Rejected
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.published import Published
from gtx.data.spec import GraphSpec, Label


@dataclasses.dataclass(frozen=True)
class Further:
    """Graphs of another file, to predict for.

    Attributes:
      dataset: without labels; its targets are what is predicted.
      keys: columns of texts, one for each target, that say which target it is.
    """

    dataset: Dataset
    keys: Mapping[str, Sequence[str]]


@dataclasses.dataclass(frozen=True)
class DataSource(abc.ABC):
    """One dataset: a frozen dataclass whose fields a recipe sets in `config.data`.

    A field with the name of a field of every recipe, such as `split_seed`, gets its value. Facts
    that do not depend on the data are attributes of the class, so that a recipe can be checked
    without data.

    A source whose graphs are those of `gtx.data.molecules.from_smiles` has an attribute `features`:
    of its atoms and bonds; a field where a recipe chooses them. Its models predict for SMILES.

    Attributes:
      label: description of its labels; a property if it depends on fields.
      splits: possible values of `config.data.split`; "given" is its own split.
      has_validation: whether its own split has a validation part.
      has_smiles: whether its graphs are molecules whose names are SMILES.
      edges_are_links: of links whether the edges of a graph are some of them, or something else,
        such as bonds where links are contacts.
      recipe_name: its `config.data.name`; "" for the name of its file.
      needs: what must exist before it can be loaded, in words: files, extras; "" for nothing.

    Raises:
      DatasetError: the value of a field is not allowed by its annotation.
    """

    splits: ClassVar[tuple[str, ...]] = ("given", "random")
    has_validation: ClassVar[bool] = True
    has_smiles: ClassVar[bool] = False
    edges_are_links: ClassVar[bool] = True
    recipe_name: ClassVar[str] = ""
    needs: ClassVar[str] = ""

    def __post_init__(self) -> None:
        try:
            limits.check(self)
        except ValueError as error:
            raise DatasetError(str(error)) from error

    @property
    @abc.abstractmethod
    def label(self) -> Label: ...

    def declared_spec(self) -> GraphSpec | None:
        """The columns and the label of its graphs, known without its files.

        None where only a file knows them. Then a recipe is checked, and its parameters are counted,
        once there is a file.
        """
        return None

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Read or draw the graphs.

        Raises:
          DatasetError: states what is wrong with the data, and where.
        """

    @property
    def file(self) -> str:
        """The path of the file that it reads, below its root; "" if it reads none."""
        return ""

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        """The fields of each dataset that it reads, where it reads several by name."""
        return ({},)

    def published(self) -> Published | None:
        """What is known of it, if it is a published dataset."""
        return None

    def counted(self, dataset: Dataset) -> Dataset:
        """The graphs that its published sizes count: those of `load`, for most sources.

        Args:
          dataset: what `load` returned.
        """
        return dataset

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        """Write the file that it reads from its published files.

        Args:
          files: the paths of the files of `published`, by name.
          target: the path of the file to write; its folder exists.

        Raises:
          DatasetError: a published file is not what it should be.
        """
        raise DatasetError(f"{type(self).__name__}: there is nothing published to convert.")

    def load_with_rejected(self) -> tuple[Dataset, tuple[Rejected, ...]]:
        """The result of `load`, and the rows of a file that did not become graphs."""
        return self.load(), ()

    def read_further(self, path: str, spec: GraphSpec) -> Further:
        """The graphs of another file in the form of this source, for prediction.

        Args:
          path: the file, or the folder of files.
          spec: of the training data. Texts get the categories that they have there.

        Raises:
          DatasetError: states what is wrong with the data, and where; or this source has no files.
        """
        raise DatasetError(
            f"the source {type(self).__name__} reads no further files. Build the graphs in Python "
            "and call gtx.Predictor.load(workdir)(graphs)."
        )
