"""Training from the first step to the last, through interruptions."""

import contextlib
import dataclasses
import logging
import os
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import flax.linen as nn

from gtx.batching import Source
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.hooks.base import EpochTiming, Hook, RunInfo
from gtx.training.identity import ResumeError
from gtx.training.lock import folder_lock
from gtx.training.optimizer import Optimizer
from gtx.training.replicas import Replica, furthest_behind
from gtx.training.run import Run
from gtx.training.signals import Interrupted, StopFlag, StopRequested
from gtx.training.state import TrainState
from gtx.typing import PyTree

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class ReplicaResult:
    """What one seed of a run ends with.

    Attributes:
      seed: its seed.
      state: after the last step, on the device.
      variables: `params` and `batch_stats` that `checkpoints/best` holds, in numpy.
      history: one entry per epoch (see `Progress`).
      best_score: the main metric of `variables` on the validation part, or None.
      best_epoch: its epoch, from 1, or None.
      stopped: why it ended before the last epoch, or None.
      diverged: which number was not finite, where that is why it ended; None otherwise. What is
        above is then of the time before.
      workdir: the folder that `gtx.Predictor.load` reads: that of the run, or of several seeds
        `seed_<seed>` within it.
    """

    seed: int
    state: TrainState
    variables: dict[str, PyTree]
    history: list[dict[str, Any]]
    best_score: float | None
    best_epoch: int | None
    stopped: str | None
    diverged: str | None
    workdir: pathlib.Path


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What a run ends with.

    A run of one seed has the attributes of its `ReplicaResult` too: `result.variables`,
    `result.history`, `result.best_score` and the others.

    Attributes:
      replicas: one for each seed, in their order.
      resumed_from: the step at which this process took the run up; 0 for a new one.
      num_compilations: of the programs `train` and `evaluate`, in this process.
      compile_seconds: the same.
    """

    replicas: tuple[ReplicaResult, ...]
    resumed_from: int
    num_compilations: dict[str, int]
    compile_seconds: dict[str, float]

    @property
    def state(self) -> TrainState:
        return self._only("state").state

    @property
    def variables(self) -> dict[str, PyTree]:
        return self._only("variables").variables

    @property
    def history(self) -> list[dict[str, Any]]:
        return self._only("history").history

    @property
    def best_score(self) -> float | None:
        return self._only("best_score").best_score

    @property
    def best_epoch(self) -> int | None:
        return self._only("best_epoch").best_epoch

    @property
    def stopped(self) -> str | None:
        return self._only("stopped").stopped

    def _only(self, name: str) -> ReplicaResult:
        if len(self.replicas) != 1:
            raise ValueError(
                f"this run has {len(self.replicas)} seeds, and {name} is that of one of them: "
                f"result.replicas[0].{name}."
            )
        return self.replicas[0]


def fit(
    model: nn.Module,
    task: Task,
    source: Source,
    valid: Dataset | None = None,
    *,
    optimizer: Optimizer,
    num_epochs: int,
    workdir: str | os.PathLike[str],
    seeds: Sequence[int] = (0,),
    init: Mapping[str, PyTree] | None = None,
    recipe: Mapping[str, Any] | None = None,
    hooks: Sequence[Hook] = (),
    steps_per_call: int = 64,
    evaluate_every: int = 1,
    checkpoint_every: int = 1,
    checkpoint_minutes: float | None = 10.0,
    select: Literal["best", "last"] = "best",
) -> FitResult:
    """Train `model` on the batches of `source`, or go on with the run in `workdir`.

    A run that is interrupted and started again with the same arguments ends with the same bits
    as one that is not, on the same machine. SIGINT, SIGTERM and SIGUSR1 save after the chunk
    under way and raise `Interrupted` (exit code 128 + signal); a second one exits at once.

    What decides the result must be the same as in the run that goes on: model, task, optimizer,
    seeds, the identity of the source and the content of its data and of `valid`, `select`, under
    "best" `evaluate_every`, and a recipe, of which one of `gtx.recipes` is compared by what
    it makes. Other arguments may differ, with a `ResumeWarning` where they decide last digits.

    Args:
      model: called as `model.apply(variables, batch, train=...)`, outputs [rows, output_dim].
      task: its loss and scores.
      source: the batches to train on, as `gtx.batching.Resident(train, budget)`. See
        `gtx.batching.Source` for one of your own.
      valid: graphs that choose the best parameters; without them the last ones are the best.
      optimizer: the update rule.
      num_epochs: in all. May be raised later to train on, where the schedule does not change.
      workdir: of this run; checkpoints go to `<workdir>/checkpoints`.
      seeds: each decides initial values, batches and dropout of one replica. Several replicas
        are trained by one program, and each learns what a run with its seed alone learns, to
        rounding: the program sums in another order. Each has its own best parameters, which
        `gtx.Predictor.load` reads from `<workdir>/seed_<seed>`. One that diverges is trained no
        further, and the others go on.
      init: `params` and `batch_stats` to start from in place of initial values: all variables of
        the model, as `FitResult.variables` holds them.
      recipe: JSON data kept in every checkpoint, which says how to build the model.
      hooks: told what happens, in this order.
      steps_per_call: steps in one compiled call, at most; about a second's worth.
      evaluate_every: epochs between evaluations; the last epoch is always evaluated.
      checkpoint_every: epochs between checkpoints; the last epoch always gets one.
      checkpoint_minutes: and one after so many minutes, also within an epoch; None for never.
      select: what `checkpoints/best` holds: the parameters with the best main metric, or the
        last that were evaluated.

    Raises:
      ResumeError: `workdir` holds another run, or more than `num_epochs`.
      FolderLockedError: another training is at work in `workdir`.
      OSError: `workdir` cannot be written to.
      CheckpointError: a checkpoint cannot be written, or none can be read.
      NonFiniteError: a loss, gradient, update or prediction is not finite; of several seeds, one
        of every seed.
      Interrupted: by a signal, after saving.
    """
    _check_arguments(
        source, seeds, select, num_epochs=num_epochs, steps_per_call=steps_per_call,
        evaluate_every=evaluate_every, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    seeds = tuple(int(seed) for seed in seeds)
    with folder_lock(workdir):
        run = Run(
            model, task, source, valid, optimizer, pathlib.Path(workdir),
            seeds=seeds, init=init, steps_per_call=steps_per_call, select=select, recipe=recipe,
            evaluate_every=evaluate_every,
        )  # fmt: skip
        resumed_from = run.step
        saved_at = time.monotonic()
        epochs = max(len(replica.progress.history) for replica in run.replicas)
        if max(replica.place for replica in run.replicas) > (num_epochs, 0):
            raise ResumeError(
                f"{workdir} has trained {epochs} epochs, more than num_epochs={num_epochs}. "
                "Choose another workdir, or at least as many epochs."
            )
        with _told(hooks), StopFlag() as flag:
            try:
                _start(hooks, run, num_epochs)
                while active := _to_train(hooks, run, num_epochs):
                    timing = EpochTiming()
                    for rows in run.chunks(active):
                        flag.check()
                        report = run.train(rows, active)
                        timing = timing.add(report)
                        for hook in hooks:
                            hook.chunk(report)
                        minutes = (time.monotonic() - saved_at) / 60
                        if checkpoint_minutes is not None and minutes > checkpoint_minutes:
                            run.save()
                            saved_at = time.monotonic()

                    epoch = active[0].progress.epoch + 1
                    last = epoch == num_epochs
                    metrics: list[dict[str, float] | None] = [None] * len(active)
                    if valid is not None and (epoch % evaluate_every == 0 or last):
                        start = time.perf_counter()
                        metrics = [run.evaluate(replica, poll=flag.check) for replica in active]
                        seconds = time.perf_counter() - start
                        timing = dataclasses.replace(timing, evaluate_seconds=seconds)
                    for replica, found in zip(active, metrics, strict=True):
                        if replica.diverged:  # it stays where it was, in the middle of the epoch
                            continue
                        entry = replica.progress.finish_epoch(replica.step, found)
                        for hook in hooks:
                            hook.epoch(run.told(replica, entry), timing)
                    if epoch % checkpoint_every == 0 or last:
                        run.save()
                        saved_at = time.monotonic()
                flag.check()  # what comes after training is not to begin either
            except StopRequested as stop:
                message = f"interrupted by {stop}; saved {run.save()}. The same command goes on."
                _log.warning(message)
                raise Interrupted(stop.signum, message) from None
            stopped = any(replica.stopped for replica in run.replicas)
            if stopped and run.saved_step != run.step:
                run.save()
        return FitResult(
            replicas=tuple(_result(run, replica) for replica in run.replicas),
            resumed_from=resumed_from,
            num_compilations=run.num_compilations,
            compile_seconds=run.compile_seconds,
        )


def _result(run: Run, replica: Replica) -> ReplicaResult:
    return ReplicaResult(
        seed=replica.seed,
        state=run.state_of(replica),
        variables=run.best_variables(replica),
        history=replica.progress.history,
        best_score=replica.progress.best_score,
        best_epoch=replica.progress.best_epoch,
        stopped=replica.stopped,
        diverged=replica.diverged,
        workdir=replica.best.folder.parent,
    )


def _check_arguments(source: Source, seeds: Sequence[int], select: str, **counts: int) -> None:
    if not isinstance(source, Source):
        raise TypeError(
            f"source must be a gtx.batching.Source, got {type(source).__name__}. Of a Dataset make "
            "one: Resident(dataset, fit_budget(dataset, batch_size))."
        )
    source.check()
    if isinstance(seeds, int):
        raise TypeError(f"seeds must be a sequence of seeds, as ({seeds},), got {seeds}.")
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds must hold one seed or several different ones, got {seeds}.")
    for seed in seeds:
        if not 0 <= seed < 2**32:
            raise ValueError(f"a seed must lie in [0, 2**32), got {seed}.")
    if select not in ("best", "last"):
        raise ValueError(f"select must be 'best' or 'last', got {select!r}.")
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}.")


@contextlib.contextmanager
def _told(hooks: Sequence[Hook]) -> Iterator[None]:
    """Tell the hooks of the end, however it comes."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.end()


def _start(hooks: Sequence[Hook], run: Run, num_epochs: int) -> None:
    info = RunInfo(
        workdir=run.workdir,
        num_epochs=num_epochs,
        steps_per_epoch=run.steps_per_epoch,
        step=run.step,
        history=tuple(run.told_history()),
        main_metric=run.task.main_metric,
        mode=run.task.mode,
    )
    for hook in hooks:
        hook.start(info)


def _to_train(hooks: Sequence[Hook], run: Run, num_epochs: int) -> list[Replica]:
    """The replicas whose next epoch is to be trained; none when the run is at its end."""
    for replica in run.replicas:
        if replica.stopped is None and replica.progress.epoch < num_epochs:
            reasons = (hook.stop(replica.progress.history) for hook in hooks)
            replica.stopped = next((reason for reason in reasons if reason), None)
    return furthest_behind(run.replicas, num_epochs)
