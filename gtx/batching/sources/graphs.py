"""The base class of sources of whole graphs: the plan, and the identity for resumed runs."""

import dataclasses
from typing import Any

import numpy as np

from gtx.batching.budget import Budget
from gtx.batching.plan import plan, waste
from gtx.batching.sources.source import Source
from gtx.data.dataset import Dataset
from gtx.data.labels import check_trainable


@dataclasses.dataclass(frozen=True, eq=False)
class Graphs(Source):
    """Batches of whole graphs, each graph of a dataset once per epoch.

    Attributes:
      dataset: the graphs, with labels.
      budget: the static shape of a batch, which also states how batches are planned.
    """

    dataset: Dataset
    budget: Budget

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        return plan(self.dataset, self.budget, seed=seed, epoch=epoch)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.dataset) // self.budget.batch_size)

    def identity(self) -> dict[str, Any]:
        return {
            # The same for Resident and Streamed: where the graphs are stored does not matter for
            # training, so a run may continue with the other one.
            "class": "Graphs",
            "batch_size": self.budget.batch_size,
            "stratified": self.budget.stratified,
            # The graphs of stratified batches do not depend on the shapes; those of plain ones do.
            "budget": None if self.budget.stratified else self._shapes,
        }

    @property
    def _shapes(self) -> dict[str, Any]:
        # "dense" follows from the model and does not change which graphs are in a batch.
        # "stratified" has its own entry.
        shapes = self.budget.to_json().items()
        return {name: value for name, value in shapes if name not in ("dense", "stratified")}

    def waste(self, rows: np.ndarray) -> dict[str, float]:
        return waste(self.dataset, self.budget, rows)

    def ids(self, rows: np.ndarray) -> np.ndarray:
        return self.dataset.ids[rows]

    def check(self) -> None:
        if len(self.dataset) == 0:
            raise ValueError("the training part has no graphs; check the split.")
        check_trainable(self.dataset)
