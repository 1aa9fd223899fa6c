"""What training asks of a source of batches."""

import abc
from collections.abc import Mapping
from typing import Any

import numpy as np

from gtx.batch import Batch
from gtx.batching.budget import Budget
from gtx.data.dataset import Dataset


class Source(abc.ABC):
    """Gives `gtx.training.fit` its batches. Subclass it for batches of your own.

    An epoch goes through three methods. `plan` says on the host which rows (graphs, nodes, or
    whatever the source counts) stand in which step. `chunk` turns the rows of some steps into
    arrays, which are moved to the device. `batch` is traced into the compiled training step and
    makes one Batch of one element of the chunk. So a source chooses what is done where: a chunk
    may be whole batches, or row numbers with which `batch` reads from `constants`.

    All batches of a run have one shape. A Batch need not have a dense layout where the model asks
    for none.

    Attributes:
      constants: arrays that stay on the device, a copy on each. `fit` reads this once.
      dataset: what the batches are made of, where it is a Dataset. A run that goes on compares
        it by its content.
      budget: the shape of the batches in which `fit` evaluates. It must cover the validation
        part. Where it is None, `fit` fits one to the validation part.
    """

    constants: Any = None
    dataset: Dataset | None = None
    budget: Budget | None = None

    @abc.abstractmethod
    def plan(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of an epoch: int32 [steps, shards, places], -1 for a place without a row.

        The same seed and epoch give the same plan, and all plans have as many shards and places.
        `fit` trains on as many devices as there are shards.
        """

    def chunk(self, rows: np.ndarray) -> Any:
        """A tree of arrays [steps, shards, ...] for these rows of a plan; by default the rows.

        `fit` fills the last chunk of an epoch with steps whose rows are all -1. What such a step
        holds is not read, but it must have the same shape.
        """
        return np.asarray(rows, np.int32)

    @abc.abstractmethod
    def batch(self, constants: Any, element: Any, key: Any) -> Batch:
        """One Batch, inside the compiled step.

        Args:
          constants: of the source, on the device.
          element: what `chunk` gave for one step and shard, without these two axes.
          key: a jax key for what is drawn at random. It depends on the seed and the number of
            the step. All shards get the same key: fold in a row's number, so that what is
            drawn for it depends neither on its place nor on the number of shards.
        """

    @abc.abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON data: every setting that decides which batches come, and in which order.

        A run goes on only where this is what it was. The content of `dataset` is compared apart.
        """

    def ids(self, rows: np.ndarray) -> np.ndarray:
        """What error messages call these rows; by default their numbers."""
        return rows

    def check(self) -> None:
        """Raise where nothing can be learned from this source; `fit` asks before it begins."""
        return
