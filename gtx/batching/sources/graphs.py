"""What sources of whole graphs share: the plan, and what a run that goes on compares."""

import dataclasses
from typing import Any

import numpy as np

from gtx.batching.budget import Budget
from gtx.batching.plan import plan
from gtx.batching.sources.source import Source
from gtx.data.dataset import Dataset
from gtx.data.labels import check_trainable


@dataclasses.dataclass(frozen=True, eq=False)
class Graphs(Source):
    """Batches of whole graphs, each graph of a dataset once an epoch.

    Attributes:
      dataset: the graphs, with labels.
      budget: the static shape of a batch, which also says how batches are planned.
    """

    dataset: Dataset
    budget: Budget

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        return plan(self.dataset, self.budget, seed=seed, epoch=epoch)

    def identity(self) -> dict[str, Any]:
        return {
            # Where the graphs are kept does not decide what is learned from them.
            "class": "Graphs",
            "batch_size": self.budget.batch_size,
            "stratified": self.budget.stratified,
            # Stratified batches hold the same graphs whatever the shapes; plain ones do not.
            "budget": None if self.budget.stratified else self._shapes,
        }

    @property
    def _shapes(self) -> dict[str, Any]:
        # Whether batches have a layout follows from the model, and changes none of them. Whether
        # they are stratified is said apart.
        shapes = self.budget.to_json().items()
        return {name: value for name, value in shapes if name not in ("dense", "stratified")}

    def ids(self, rows: np.ndarray) -> np.ndarray:
        return self.dataset.ids[rows]

    def check(self) -> None:
        if len(self.dataset) == 0:
            raise ValueError("the training part has no graphs; check the split.")
        check_trainable(self.dataset)
