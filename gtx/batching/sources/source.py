"""The interface between training and a source of batches."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from gtx.batch import Batch
from gtx.batching.budget import Budget
from gtx.data.dataset import Dataset


class Source(abc.ABC):
    """Gives `gtx.training.fit` its batches. Subclass it for batches of your own.

    An epoch uses three methods. `plan` runs on the host and assigns rows (graphs, nodes, or other
    units of the source) to steps. `chunk` turns the rows of some steps into arrays, which are moved
    to the device. `batch` is traced into the compiled training step and makes one Batch from one
    element of the chunk. A source can therefore choose what is done on the host and what on the
    device: a chunk may hold whole batches, or row numbers with which `batch` reads from
    `constants`.

    All batches of a run have the same shape. A Batch needs no dense layout if the model needs none.

    Attributes:
      constants: arrays that stay on the device, with a copy on each. `fit` reads this once.
      dataset: the Dataset from which batches are made, or None. A resumed run compares its content.
      budget: the shape of the batches in which `fit` evaluates. It must cover the validation part.
        If it is None, `fit` fits a budget to the validation part.
      unit: what a row of the plan is, in messages.
      sampler: the `gtx.batching.Sampled` that draws the batches out of one large graph; None if
        they are whole graphs.
    """

    unit: ClassVar[str] = "graph"

    constants: Any = None
    dataset: Dataset | None = None
    budget: Budget | None = None
    sampler: Any = None

    @abc.abstractmethod
    def plan(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of an epoch: int32 [steps, shards, places], -1 for a place without a row.

        A source may store what it drew for a step in further negative numbers. The same seed and
        epoch give the same plan. All plans have the same numbers of shards and places. `fit` trains
        on one device for each shard.
        """

    def chunk(self, rows: np.ndarray) -> Any:
        """A tree of arrays [steps, shards, ...] for these rows of a plan; by default the rows.

        `fit` pads the last chunk of an epoch with steps whose rows are all -1. The contents of such
        a step are not read, but it must have the same shape.
        """
        return np.asarray(rows, np.int32)

    @abc.abstractmethod
    def batch(self, constants: Any, element: Any, key: Any) -> Batch:
        """One Batch, inside the compiled step.

        Args:
          constants: the constants of the source, on the device.
          element: the part of a chunk for one step and shard, without these two axes.
          key: a jax key for random draws. It depends on the seed and the number of the step. All
            shards get the same key: fold in the number of a row, so that its random draws depend
            neither on its place nor on the number of shards.
        """

    @abc.abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON data: every setting that determines the batches and their order.

        A run can be resumed only if this has not changed. The content of `dataset` is compared
        separately.
        """

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps of an epoch, by default those of the first."""
        return len(self.plan(0, 0))

    @property
    def streams(self) -> bool:
        """Whether the data may be larger than memory; by default not.

        If so, `fit` does not keep the batches of the validation part: each evaluation makes them.
        """
        return False

    def ids(self, rows: np.ndarray) -> np.ndarray:
        """The names of these rows in error messages; by default their numbers."""
        return rows

    def waste(self, rows: np.ndarray) -> dict[str, float]:
        """Padded size / useful size of the axes of the batches of a plan; by default not known."""
        del rows
        return {}

    def check(self) -> None:
        """Raise if nothing can be learned from this source; `fit` calls it before it begins."""
        return
