"""The interface of hooks: the calls of `fit` and their arguments."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class RunInfo:
    """The facts at the start or resumption of a run.

    Attributes:
      workdir: folder of the run.
      num_epochs: total number of epochs.
      steps_per_epoch: graphs / batch size, rounded up.
      step: number of steps that are already done; above 0 in a resumed run.
      history: the entries of the epochs that are already done (see `Progress`), in the order of
        the epochs; with several replicas those of all, each with its `seed`.
      main_metric: the metric that chooses the best parameters.
      mode: "min" or "max": whether a small or a large main metric is better.
      num_parameters: of the model; of one, where several replicas are trained.
    """

    workdir: pathlib.Path
    num_epochs: int
    steps_per_epoch: int
    step: int
    history: Sequence[Mapping[str, Any]]
    main_metric: str
    mode: str
    num_parameters: int = 0


@dataclasses.dataclass(frozen=True)
class ChunkReport:
    """A chunk that has been trained.

    Attributes:
      epoch: number of the epoch, from 0.
      step: number of steps of the run so far, including this chunk; the largest of all replicas.
      num_steps: number of steps of this chunk.
      num_graphs: number of graphs in this chunk.
      loss: mean over the epoch so far, and over the replicas.
      seconds: wall clock time, without compilation.
    """

    epoch: int
    step: int
    num_steps: int
    num_graphs: int
    loss: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class EpochTiming:
    """Wall clock time of an epoch in this process; if it resumed within the epoch, of a part of it.

    Attributes:
      train_seconds: time of its chunks.
      evaluate_seconds: time of its evaluation.
      num_graphs: number of graphs trained on.
    """

    train_seconds: float = 0.0
    evaluate_seconds: float = 0.0
    num_graphs: int = 0

    def add(self, report: ChunkReport) -> "EpochTiming":
        return dataclasses.replace(
            self,
            train_seconds=self.train_seconds + report.seconds,
            num_graphs=self.num_graphs + report.num_graphs,
        )


class Hook:
    """The base class, which does nothing. A hook reports or stops; it never changes a run."""

    def start(self, run: RunInfo) -> None:
        """Called before the first chunk of this process."""

    def chunk(self, report: ChunkReport) -> None:
        """Called after every chunk."""

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        """Called after every epoch, with its new entry in the history.

        A run of several seeds calls it for each of them, and the entry has a `seed`.
        """

    def stop(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        """Called before every epoch; returns a reason to stop, or None.

        It must depend only on the history. It is called for each seed with its own history, and
        stops the training of this seed.
        """
        return None

    def end(self) -> None:
        """Called after the last epoch, an interruption or an error."""
