"""Graphs that stay on the device: only their numbers are sent there."""

import dataclasses
from typing import Any

import jax.numpy as jnp

from gtx.batch import Batch
from gtx.batching.assemble import Columns, assemble
from gtx.batching.sources.graphs import Graphs


@dataclasses.dataclass(frozen=True, eq=False)
class Resident(Graphs):
    """Keeps all columns on the device and makes the batches there. A chunk is the plan's rows.

    The fastest source for a dataset that fits on the device.
    """

    @property
    def constants(self) -> Columns:
        # Made at each access and not stored, so that the host keeps no second copy.
        return Columns.from_dataset(self.dataset, pairs=self.budget.dense)

    def batch(self, constants: Columns, element: Any, key: Any) -> Batch:
        del key  # nothing is drawn at random
        return assemble(constants, element, self.budget, xp=jnp)
