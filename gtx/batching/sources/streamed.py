"""Graphs that stay on the host: whole batches are sent to the device."""

import dataclasses
from typing import Any

import numpy as np

from gtx.batch import Batch
from gtx.batching.batches import stack_batches
from gtx.batching.sources.graphs import Graphs


@dataclasses.dataclass(frozen=True, eq=False)
class Streamed(Graphs):
    """Makes one chunk of batches on the host while the device trains on the previous chunk.

    Use it for a dataset that does not fit on the device, or that int32 cannot index.
    """

    @property
    def streams(self) -> bool:
        return True

    def chunk(self, rows: np.ndarray) -> Batch:
        return stack_batches(self.dataset, self.budget, rows)

    def batch(self, constants: None, element: Batch, key: Any) -> Batch:
        del constants, key  # the element is the batch
        return element
