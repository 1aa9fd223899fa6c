"""Graphs that stay on the host, from where batches are sent to the device."""

import dataclasses
from typing import Any

import numpy as np

from gtx.batch import Batch
from gtx.batching.batches import stack_batches
from gtx.batching.sources.graphs import Graphs


@dataclasses.dataclass(frozen=True, eq=False)
class Streamed(Graphs):
    """Makes the batches on the host, a chunk at a time, while the device trains on the last.

    For a dataset that is larger than the device, or than int32 can index.
    """

    def chunk(self, rows: np.ndarray) -> Batch:
        return stack_batches(self.dataset, self.budget, rows)

    def batch(self, constants: None, element: Batch, key: Any) -> Batch:
        del constants, key  # the element is the batch
        return element
