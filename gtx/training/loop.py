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
from gtx.training.hooks.signals import Interrupted, StopFlag, StopRequested
from gtx.training.identity import ResumeError
from gtx.training.lock import folder_lock
from gtx.training.optimizer import Optimizer
from gtx.training.run import Run
from gtx.training.state import TrainState
from gtx.typing import PyTree

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What a run ends with.

    Attributes:
      state: after the last step, on the device.
      variables: `params` and `batch_stats` that `checkpoints/best` holds, in numpy.
      history: one entry per epoch (see `Progress`).
      best_score: the main metric of `variables` on the validation part, or None.
      best_epoch: its epoch, from 1, or None.
      stopped: why it ended before the last epoch, or None.
      resumed_from: the step at which this process took the run up; 0 for a new one.
      num_compilations: of the programs `train` and `evaluate`, in this process.
      compile_seconds: the same.
    """

    state: TrainState
    variables: dict[str, PyTree]
    history: list[dict[str, Any]]
    best_score: float | None
    best_epoch: int | None
    stopped: str | None
    resumed_from: int
    num_compilations: dict[str, int]
    compile_seconds: dict[str, float]


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
    "best" `evaluate_every`, and a recipe, of which one of `gtx.build` is compared by what it
    makes. Other arguments may differ, with a `ResumeWarning` where they decide last digits.

    Args:
      model: called as `model.apply(variables, batch, train=...)`, outputs [rows, output_dim].
      task: its loss and scores.
      source: the batches to train on, as `gtx.batching.Resident(train, budget)`. See
        `gtx.batching.Source` for one of your own.
      valid: graphs that choose the best parameters; without them the last ones are the best.
      optimizer: the update rule.
      num_epochs: in all. May be raised later to train on, where the schedule does not change.
      workdir: of this run; checkpoints go to `<workdir>/checkpoints`.
      seeds: the seed, which decides initial values, batches and dropout.
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
      NonFiniteError: a loss, gradient, update or prediction is not finite.
      Interrupted: by a signal, after saving.
    """
    _check_arguments(
        source, seeds, select, num_epochs=num_epochs, steps_per_call=steps_per_call,
        evaluate_every=evaluate_every, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    (seed,) = seeds
    with folder_lock(workdir):
        run = Run(
            model, task, source, valid, optimizer, pathlib.Path(workdir),
            seed=seed, steps_per_call=steps_per_call, select=select, recipe=recipe,
            evaluate_every=evaluate_every,
        )  # fmt: skip
        progress = run.progress
        resumed_from = run.step
        stopped = None
        saved_at = time.monotonic()
        if (progress.epoch, progress.position) > (num_epochs, 0):
            raise ResumeError(
                f"{workdir} has trained {len(progress.history)} epochs, more than "
                f"num_epochs={num_epochs}. Choose another workdir, or at least as many epochs."
            )
        with _told(hooks), StopFlag() as flag:
            try:
                _start(hooks, run, num_epochs)
                while progress.epoch < num_epochs:
                    stopped = _reason_to_stop(hooks, progress.history)
                    if stopped is not None:
                        break
                    timing = EpochTiming()
                    for rows in run.chunks():
                        flag.check()
                        report = run.train(rows)
                        timing = timing.add(report)
                        for hook in hooks:
                            hook.chunk(report)
                        minutes = (time.monotonic() - saved_at) / 60
                        if checkpoint_minutes is not None and minutes > checkpoint_minutes:
                            run.save()
                            saved_at = time.monotonic()

                    epoch, last = progress.epoch + 1, progress.epoch + 1 == num_epochs
                    metrics = None
                    if valid is not None and (epoch % evaluate_every == 0 or last):
                        start = time.perf_counter()
                        metrics = run.evaluate(poll=flag.check)
                        seconds = time.perf_counter() - start
                        timing = dataclasses.replace(timing, evaluate_seconds=seconds)
                    entry = progress.finish_epoch(run.step, metrics)
                    for hook in hooks:
                        hook.epoch(entry, timing)
                    if epoch % checkpoint_every == 0 or last:
                        run.save()
                        saved_at = time.monotonic()
                flag.check()  # what comes after training is not to begin either
            except StopRequested as stop:
                message = f"interrupted by {stop}; saved {run.save()}. The same command goes on."
                _log.warning(message)
                raise Interrupted(stop.signum, message) from None
            if stopped is not None and run.saved_step != run.step:
                run.save()
        return FitResult(
            state=run.state,
            variables=run.best_variables(),
            history=progress.history,
            best_score=progress.best_score,
            best_epoch=progress.best_epoch,
            stopped=stopped,
            resumed_from=resumed_from,
            num_compilations=run.num_compilations,
            compile_seconds=run.compile_seconds,
        )


def _check_arguments(source: Source, seeds: Sequence[int], select: str, **counts: int) -> None:
    if not isinstance(source, Source):
        raise TypeError(
            f"source must be a gtx.batching.Source, got {type(source).__name__}. Of a Dataset make "
            "one: Resident(dataset, fit_budget(dataset, batch_size))."
        )
    source.check()
    if len(seeds) != 1:
        raise ValueError(f"seeds must hold one seed, got {seeds}.")
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
        history=tuple(run.progress.history),
        main_metric=run.task.main_metric,
        mode=run.task.mode,
    )
    for hook in hooks:
        hook.start(info)


def _reason_to_stop(hooks: Sequence[Hook], history: Sequence[Mapping[str, Any]]) -> str | None:
    reasons = (hook.stop(history) for hook in hooks)
    return next((reason for reason in reasons if reason), None)
