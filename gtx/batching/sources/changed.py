"""The base class of sources that change the batches of another one inside of the compiled step."""

import abc
import dataclasses
from typing import Any

import numpy as np

from gtx.batch import Batch
from gtx.batching.sources.graphs import Graphs
from gtx.batching.sources.sampled import Sampled
from gtx.batching.sources.source import Source


@dataclasses.dataclass(frozen=True, eq=False)
class Changed(Source):
    """Batches of another source, each changed by `change` with the key of its step.

    Attributes:
      source: the batches before: whole graphs, or parts of one large graph.
    """

    source: Graphs | Sampled

    def __post_init__(self) -> None:
        for name in ("dataset", "budget", "sampler", "unit"):
            object.__setattr__(self, name, getattr(self.source, name))

    @abc.abstractmethod
    def change(self, batch: Batch, key: Any) -> Batch:
        """The batch of a step. Draws must depend on the key and on ids of nodes, not on places."""

    @property
    def constants(self) -> Any:
        return self.source.constants

    @property
    def steps_per_epoch(self) -> int:
        return self.source.steps_per_epoch

    @property
    def streams(self) -> bool:
        return self.source.streams

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        return self.source.plan(seed, epoch)

    def chunk(self, rows: np.ndarray) -> Any:
        return self.source.chunk(rows)

    def batch(self, constants: Any, element: Any, key: Any) -> Batch:
        return self.change(self.source.batch(constants, element, key), key)

    def ids(self, rows: np.ndarray) -> np.ndarray:
        return self.source.ids(rows)

    def waste(self, rows: np.ndarray) -> dict[str, float]:
        return self.source.waste(rows)

    def check(self) -> None:
        self.source.check()
