"""Replicas: runs that differ in their seed alone, trained side by side by one program.

Arrays of several replicas have a leading axis of replicas. A single replica has no such axis, and
its program and its checkpoints are those of a run that knows no replicas.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from gtx.training.checkpoint import Checkpoints
from gtx.training.progress import Progress
from gtx.typing import PyTree


@dataclasses.dataclass
class Replica:
    """One seed of a run, as far as it has come.

    Attributes:
      seed: decides initial values, batches and dropout.
      best: where its best parameters are kept: the run's own folder, or, of several replicas,
        the folder `seed_<seed>` within it. That is a folder which `gtx.Predictor.load` reads.
      progress: its position, history and best score.
      step: updates applied so far.
      stopped: why it is trained no further, or None.
      diverged: which number of it is not finite, where that is why; None otherwise. It is not
        kept: a run that goes on meets the same number again.
    """

    seed: int
    best: Checkpoints
    progress: Progress = dataclasses.field(default_factory=Progress)
    step: int = 0
    stopped: str | None = None
    diverged: str | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Its epoch, and the steps of the epoch's plan that are done."""
        return self.progress.epoch, self.progress.position


def furthest_behind(replicas: Sequence[Replica], num_epochs: int) -> list[Replica]:
    """The replicas to train next: all that stand at the first place that is not finished.

    They stand at different places only where one was stopped in an earlier process and is trained
    on in this one.
    """
    unfinished = [
        replica
        for replica in replicas
        if replica.stopped is None and replica.progress.epoch < num_epochs
    ]
    first = min((replica.place for replica in unfinished), default=None)
    return [replica for replica in unfinished if replica.place == first]


def stack(trees: Sequence[PyTree], axis: int = 0) -> PyTree:
    """Trees of arrays as one with an axis of replicas; the only tree of a single replica."""
    if len(trees) == 1:
        return trees[0]
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(x) for x in leaves], axis), *trees)


def take(tree: PyTree, index: int, count: int, axis: int = 0) -> PyTree:
    """The part of replica `index` of `count`, of which a single one is the whole tree."""
    if count == 1:
        return tree
    place: tuple[Any, ...] = (*[slice(None)] * axis, index)
    return jax.tree.map(lambda leaf: leaf[place], tree)
