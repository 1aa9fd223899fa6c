"""Says how large a training is before it begins, and after an epoch how long it will take."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from gtx.data import SPLITS, Dataset
from gtx.training.hooks.base import EpochTiming, Hook, RunInfo

_log = logging.getLogger(__name__)
_SHORT = 60  # seconds; of less that is left nothing is said


class Estimate(Hook):
    """A line with sizes before training, and one with the time that is left after an epoch.

    Args:
      dataset: all parts of the data.
    """

    def __init__(self, dataset: Dataset):
        split = dataset.targets.split
        counts = {name: int(np.sum(split == code)) for code, name in enumerate(SPLITS)}
        parts = [f"{count:,} in {name}" for name, count in counts.items() if count]
        self._data = f"{dataset.targets.level}s: {', '.join(parts)}"
        self._num_epochs = 0
        self._told = False

    def start(self, run: RunInfo) -> None:
        self._num_epochs = run.num_epochs
        _log.info(
            "%s parameters; %s; %d epochs of %s steps.",
            f"{run.num_parameters:,}", self._data, run.num_epochs, f"{run.steps_per_epoch:,}",
        )  # fmt: skip

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        if self._told:
            return
        self._told = True
        epochs, seconds = self._num_epochs - entry["epoch"], timing.train_seconds
        if epochs * seconds > _SHORT:
            _log.info(
                "an epoch takes %.3g s without evaluation, the other %d about %.0f minutes.",
                seconds, epochs, epochs * seconds / 60,
            )  # fmt: skip
