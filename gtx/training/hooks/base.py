"""What `fit` tells its hooks, and when."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class RunInfo:
    """What is known when a run starts or goes on.

    Attributes:
      workdir: of the run.
      num_epochs: to be trained in all.
      steps_per_epoch: graphs / batch size, rounded up.
      step: steps that are already done; above 0 in a resumed run.
      history: the entries of the epochs that are already done (see `Progress`), in the order of
        the epochs; with several replicas those of all, each with its `seed`.
      main_metric: the metric that decides, and `mode`, "min" or "max".
    """

    workdir: pathlib.Path
    num_epochs: int
    steps_per_epoch: int
    step: int
    history: Sequence[Mapping[str, Any]]
    main_metric: str
    mode: str


@dataclasses.dataclass(frozen=True)
class ChunkReport:
    """A chunk that has been trained.

    Attributes:
      epoch: from 0.
      step: steps of the run so far, this chunk included; with several replicas, the most of any.
      num_steps: of this chunk.
      num_graphs: trained on in this chunk.
      loss: mean over the epoch so far, and over the replicas.
      seconds: of wall clock, without compilation.
    """

    epoch: int
    step: int
    num_steps: int
    num_graphs: int
    loss: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class EpochTiming:
    """Wall clock of an epoch in this process; a part of it after a resume within the epoch.

    Attributes:
      train_seconds: of its chunks.
      evaluate_seconds: of its evaluation.
      num_graphs: trained on.
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
    """Does nothing; override what is needed. A hook reports or stops, it never changes a run."""

    def start(self, run: RunInfo) -> None:
        """Before the first chunk of this process."""

    def chunk(self, report: ChunkReport) -> None:
        """After every chunk."""

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        """After every epoch, with its new entry in the history.

        A run of several seeds calls it for each of them, and the entry has a `seed`.
        """

    def stop(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        """A reason to stop, asked before every epoch; a function of the history alone.

        It is asked for each seed with its own history, and stops the training of that seed.
        """
        return None

    def end(self) -> None:
        """After the last epoch, an interruption or an error."""
