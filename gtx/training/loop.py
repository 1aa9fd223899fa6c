"""The training loop: `fit` trains from the first step to the last, across interruptions."""

import contextlib
import dataclasses
import logging
import os
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import flax.linen as nn
import jax

from gtx.batching import Source
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.evaluation import Evaluator
from gtx.training.finite import NonFiniteError
from gtx.training.folders import write_members
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
    """The result of one seed of a run.

    Attributes:
      seed: its seed.
      state: the state after the last step, on the device.
      variables: `params` and `batch_stats` of `checkpoints/best`, in numpy.
      history: one entry per epoch (see `Progress`).
      best_score: the main metric of `variables` on the validation part, or None.
      best_epoch: the epoch of this score, from 1, or None.
      stopped: the reason why it ended before the last epoch, or None.
      diverged: the number that was not finite, if the seed ended for this reason, else None. All
        other attributes then belong to the time before.
      workdir: the folder that `gtx.Predictor.load` reads: that of the run, or for several seeds
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
    """The result of a run.

    A run of one seed also has the attributes of its `ReplicaResult`: `result.variables`,
    `result.history`, `result.best_score` and the others.

    Attributes:
      replicas: one for each seed, in their order.
      resumed_from: the step from which this process continued the run; 0 for a new run.
      num_compilations: number of compilations of `train` and `evaluate` in this process.
      compile_seconds: time of these compilations.
      evaluator: scores datasets with the program that scored the validation part. None if
        there was no such part.
    """

    replicas: tuple[ReplicaResult, ...]
    resumed_from: int
    num_compilations: dict[str, int]
    compile_seconds: dict[str, float]
    evaluator: Evaluator | None = None

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
    init_new: Sequence[str] = (),
    recipe: Mapping[str, Any] | None = None,
    hooks: Sequence[Hook] = (),
    steps_per_call: int = 64,
    evaluate_every: int = 1,
    checkpoint_every: int = 1,
    checkpoint_minutes: float | None = 10.0,
    select: Literal["best", "last"] = "best",
) -> FitResult:
    """Train `model` on the batches of `source`, or continue the run in `workdir`.

    A run that is interrupted and started again with the same arguments ends with the same bits as
    an uninterrupted run on the same machine. After SIGINT, SIGTERM or SIGUSR1 the run finishes the
    current chunk, saves, and raises `Interrupted` (exit code 128 + signal). A second signal exits
    at once.

    To continue a run, everything that determines the result must be the same: model, task,
    optimizer, seeds, the identity of the source, the content of its data and of `valid`, `select`,
    `evaluate_every` (if `select` is "best"), and the recipe (one of `gtx.recipes` is compared by
    the objects that it makes). Other arguments may differ. A `ResumeWarning` names those that
    influence the last digits.

    Args:
      model: called as `model.apply(variables, batch, train=...)`, outputs [rows, output_dim].
      task: its loss and scores.
      source: the batches to train on, as `gtx.batching.Resident(train, budget)`. See
        `gtx.batching.Source` for one of your own.
      valid: graphs by which the best parameters are chosen; without them the last are the best.
      optimizer: the update rule.
      num_epochs: total number of epochs. It may be raised later to continue training, if this does
        not change the schedule.
      workdir: folder of this run; checkpoints are in `<workdir>/checkpoints`.
      seeds: each determines the initial values, batches and dropout of one replica. Several
        replicas are trained by one program. Each learns the same as a run with this seed alone, up
        to rounding, because the program sums in another order. Each has its own best parameters,
        which `gtx.Predictor.load` reads from `<workdir>/seed_<seed>`. If one diverges, its training
        stops and the others continue.
      init: `params` and `batch_stats` to use in place of initial values: all variables of the
        model, as in `FitResult.variables`.
      init_new: patterns (see `gtx.training.patterns`) of variables that are not taken from `init`,
        such as ("head",): each seed has its own initial values of them.
      recipe: JSON data that is stored in every checkpoint and from which the model can be built.
      hooks: are called at each event, in this order.
      steps_per_call: largest number of steps in one compiled call; about a second of work.
      evaluate_every: epochs between evaluations; the last epoch is always evaluated.
      checkpoint_every: epochs between checkpoints; the last epoch always gets one.
      checkpoint_minutes: longest time between checkpoints, also within an epoch; None for no limit.
      select: the content of `checkpoints/best`, which is written with each checkpoint: the
        parameters with the best main metric so far, or the last ones that were evaluated.

    Raises:
      ResumeError: `workdir` holds another run, or more than `num_epochs`.
      FolderLockedError: another training is running in `workdir`.
      OSError: `workdir` cannot be written to.
      CheckpointError: a checkpoint cannot be written, or none can be read.
      NonFiniteError: a loss, gradient, update or prediction is not finite; with several seeds, one
        of each seed.
      Interrupted: a signal stopped the run, which has been saved.
    """
    _check_arguments(
        source, seeds, select, num_epochs=num_epochs, steps_per_call=steps_per_call,
        evaluate_every=evaluate_every, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    seeds = tuple(int(seed) for seed in seeds)
    with folder_lock(workdir):
        run = Run(
            model, task, source, valid, optimizer, pathlib.Path(workdir),
            seeds=seeds, init=init, init_new=init_new, steps_per_call=steps_per_call,
            select=select, recipe=recipe, evaluate_every=evaluate_every,
        )  # fmt: skip
        resumed_from = run.step
        saved_at = time.monotonic()
        epochs = max(len(replica.progress.history) for replica in run.replicas)
        if max(replica.place for replica in run.replicas) > (num_epochs, 0):
            raise ResumeError(
                f"{workdir} has trained {epochs} epochs, more than num_epochs={num_epochs}. "
                "Choose another workdir, or at least as many epochs."
            )
        # Signals only set a flag. It is checked between chunks, where `save` is always possible.
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
                flag.check()  # after a signal the work that follows training must not begin
            except StopRequested as stop:
                message = f"interrupted by {stop}; saved {run.save()}. The same command goes on."
                _log.warning(message)
                raise Interrupted(stop.signum, message) from None
            except NonFiniteError:
                run.save_best()  # a run that goes on from the checkpoint fails here again
                raise
            stopped = any(replica.stopped for replica in run.replicas)
            if stopped and run.saved_step != run.step:
                run.save()
        if len(run.replicas) > 1:
            members = [replica.seed for replica in run.replicas if not replica.diverged]
            write_members(run.workdir, members)
        return FitResult(
            replicas=tuple(_result(run, replica) for replica in run.replicas),
            resumed_from=resumed_from,
            num_compilations=run.num_compilations,
            compile_seconds=run.compile_seconds,
            evaluator=run.evaluator,
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
    """Call `end` of all hooks, also after an error or an interruption."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.end()


def _start(hooks: Sequence[Hook], run: Run, num_epochs: int) -> None:
    leaves = jax.tree.leaves(run.state.params)  # with an axis of replicas
    info = RunInfo(
        workdir=run.workdir,
        num_epochs=num_epochs,
        steps_per_epoch=run.steps_per_epoch,
        step=run.step,
        history=tuple(run.told_history()),
        main_metric=run.task.main_metric,
        mode=run.task.mode,
        num_parameters=sum(leaf.size for leaf in leaves) // len(run.replicas),
    )
    for hook in hooks:
        hook.start(info)


def _to_train(hooks: Sequence[Hook], run: Run, num_epochs: int) -> list[Replica]:
    """The replicas whose next epoch must be trained; none at the end of the run."""
    for replica in run.replicas:
        if replica.stopped is None and replica.progress.epoch < num_epochs:
            reasons = (hook.stop(replica.progress.history) for hook in hooks)
            replica.stopped = next((reason for reason in reasons if reason), None)
    return furthest_behind(run.replicas, num_epochs)
