"""A part of graphs that stay on the device, for several parts of the same graphs."""

import dataclasses
from typing import Any

import numpy as np

from gtx.batching.assemble import Columns
from gtx.batching.sources.resident import Resident
from gtx.data.dataset import Dataset


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ResidentPart(Resident):
    """Batches of a part of a dataset, whose columns are on the device as a whole.

    They are the batches of `Resident(dataset, budget)`. But what is on the device has the same
    shapes for every part, such as the training part of each fold, so that they share a program.

    Attributes:
      whole: all graphs. Their columns and labels are what the batches hold.
      places: int [graphs], where the graphs of the part are in `whole`.
    """

    whole: Dataset
    places: np.ndarray

    @property
    def constants(self) -> Columns:
        return Columns.from_dataset(self.whole, pairs=self.budget.dense)

    def chunk(self, rows: np.ndarray) -> Any:
        rows = np.asarray(rows, np.int32)
        return np.where(rows < 0, rows, self.places[np.maximum(rows, 0)]).astype(np.int32)
