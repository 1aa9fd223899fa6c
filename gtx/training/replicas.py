"""Replicas: runs that differ only in their seed, trained together by one program.

Arrays of several replicas have a leading axis of replicas. A single replica has no such axis. Its
program and its checkpoints are those of an ordinary run.
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
    """One seed of a run and its progress.

    Attributes:
      seed: determines initial values, batches and dropout.
      best: checkpoints with its best parameters: in the run's own folder, or for several replicas
        in the folder `seed_<seed>` within it. `gtx.Predictor.load` reads this folder.
      progress: its position, history and best score.
      step: number of updates applied so far.
      stopped: the reason why its training stopped early, or None.
      diverged: the number that is not finite, if this is the reason, else None. It is not stored:
        a resumed run meets the same number again.
      unsaved: the arrays and host data of its best parameters while they are only in memory.
    """

    seed: int
    best: Checkpoints
    progress: Progress = dataclasses.field(default_factory=Progress)
    step: int = 0
    stopped: str | None = None
    diverged: str | None = None
    unsaved: tuple[PyTree, dict[str, Any]] | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Its epoch, and the steps of the epoch's plan that are done."""
        return self.progress.epoch, self.progress.position


def furthest_behind(replicas: Sequence[Replica], num_epochs: int) -> list[Replica]:
    """The replicas to train next: all unfinished ones that are furthest behind.

    Replicas are at different places only if one was stopped in an earlier process and continues in
    this one.
    """
    unfinished = [
        replica
        for replica in replicas
        if replica.stopped is None and replica.progress.epoch < num_epochs
    ]
    first = min((replica.place for replica in unfinished), default=None)
    return [replica for replica in unfinished if replica.place == first]


def stack(trees: Sequence[PyTree], axis: int = 0) -> PyTree:
    """One tree of arrays with an axis of replicas; for a single replica its tree itself."""
    if len(trees) == 1:
        return trees[0]
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(x) for x in leaves], axis), *trees)


def take(tree: PyTree, index: int, count: int, axis: int = 0) -> PyTree:
    """The part of replica `index` out of `count`; for a single replica the whole tree."""
    if count == 1:
        return tree
    place: tuple[Any, ...] = (*[slice(None)] * axis, index)
    return jax.tree.map(lambda leaf: leaf[place], tree)
