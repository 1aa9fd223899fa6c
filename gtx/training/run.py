"""One run: its programs, its batches, its state and its checkpoints."""

import functools
import itertools
import logging
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from gtx.batching import Source, fit_budget
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.checkpoint import CheckpointError, Checkpoints, Restored
from gtx.training.devices import Devices
from gtx.training.evaluation import Evaluator, evaluator_of
from gtx.training.finite import NonFiniteError, check_finite
from gtx.training.folders import seed_folder, seed_folders
from gtx.training.hooks.base import ChunkReport
from gtx.training.identity import ResumeError, check_identity, identity
from gtx.training.lock import check_lock
from gtx.training.optimizer import Optimizer
from gtx.training.progress import Progress, is_better, json_float
from gtx.training.replicas import Replica, stack, take
from gtx.training.state import TrainState, evaluation_variables, init_states, taken
from gtx.training.step import blank_batch, empty_rows, make_train_chunk
from gtx.typing import PyTree

_log = logging.getLogger(__name__)


class Run:
    """A run that `fit` controls. It starts new or from the latest checkpoint of `workdir`.

    Between any two calls of its methods, `save` writes a checkpoint from which the run continues
    with the same bits.

    Attributes:
      replicas: one for each seed.
      state: the state of all replicas, on the device.
      evaluator: scores the validation part; None without one.
      saved_step: the step of the latest checkpoint, or None.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        source: Source,
        valid: Dataset | None,
        optimizer: Optimizer,
        workdir: pathlib.Path,
        *,
        seeds: Sequence[int],
        init: Mapping[str, PyTree] | None,
        init_new: Sequence[str],
        steps_per_call: int,
        evaluate_every: int,
        select: str,
        recipe: Mapping[str, Any] | None,
    ):
        self.task = task
        self.workdir = workdir
        self._source, self._valid_set = source, valid
        self._seeds = np.asarray(seeds, np.uint32)
        self._recipe = recipe
        self._select = select
        folders = [workdir if len(seeds) == 1 else seed_folder(workdir, seed) for seed in seeds]
        self.replicas = [
            Replica(seed, Checkpoints(folder)) for seed, folder in zip(seeds, folders, strict=True)
        ]
        # Its shapes are asked here; then the first epoch of the first seed is trained by it.
        rows = source.plan(seeds[0], 0)
        self._first_plan: np.ndarray | None = rows
        num_shards = rows.shape[1]
        # With plain shuffling, other epochs may have a few steps more or less.
        self.steps_per_epoch = len(rows)
        self._chunk_steps = even_chunk(self.steps_per_epoch, steps_per_call)
        self._identity = identity(
            model, task, optimizer, source, valid,
            seeds=seeds, init=init if init is None or not init_new else taken(init, init_new),
            num_shards=num_shards, select=select,
            evaluate_every=evaluate_every, steps_per_call=steps_per_call, recipe=recipe,
        )  # fmt: skip

        _refuse_folder_of_a_seed(workdir)
        self._checkpoints = Checkpoints(workdir)
        for checkpoints in (self._checkpoints, *(replica.best for replica in self.replicas)):
            checkpoints.clean()
        constants = source.constants
        batch = blank_batch(source, constants, rows)
        make_states = functools.partial(init_states, model, optimizer, batch, seeds, init, init_new)
        # To read a checkpoint only shapes are needed. Initial values are not computed then. Without
        # a checkpoint no shapes are needed: to find them would trace the model once more.
        there = bool(self._checkpoints.steps())
        shapes = _stacked_shapes(jax.eval_shape(make_states)) if there else None
        restored = self._checkpoints.restore(shapes, self._check_same)
        state = stack(make_states()) if restored is None else self._take_up(restored)
        self.saved_step = None if restored is None else self.step

        self._devices = Devices.first(num_shards)
        self._constants = self._devices.copy(constants)
        self._train_chunk = make_train_chunk(model, task, optimizer, source, self._devices)
        self.evaluator: Evaluator | None = None
        if valid is not None:
            self.evaluator = _evaluator(model, task, source, valid, num_shards)
        self.state = self._devices.copy(state)
        self._following: np.ndarray | None = None
        self._uploaded: Any = None

    def _check_same(self, restored: Restored) -> None:
        saved, environment = restored.field("identity"), restored.field("environment")
        check_identity(saved, environment, self._identity, restored.path)

    def _take_up(self, restored: Restored) -> TrainState:
        """Set every replica to its progress in a checkpoint, and return the state."""
        progress = restored.field("progress")
        steps = np.atleast_1d(restored.arrays.step)
        # A single seed is stored without a list, as in versions that had only one seed.
        if len(self.replicas) == 1:
            progress = [progress]
        for replica, data, step in zip(self.replicas, progress, steps, strict=True):
            replica.progress, replica.step = Progress.from_json(data), int(step)
        _log.info("going on from %s", restored.path)
        if restored.path != self._checkpoints.path(self.step):
            raise CheckpointError(
                f"checkpoint {restored.path} holds step {self.step}, which is not that of its name."
                f" Rename it {self._checkpoints.path(self.step).name}, or remove it."
            )
        return restored.arrays

    @property
    def step(self) -> int:
        """The largest number of updates of any replica."""
        return max(replica.step for replica in self.replicas)

    def chunks(self, active: Sequence[Replica]) -> Iterator[np.ndarray]:
        """Plan rows of the rest of an epoch in chunks of equal size, padded with -1.

        Args:
          active: the replicas that are trained; all are at the same place.

        Yields:
          int32 [steps, shards, places]; for several replicas [steps, shards, replicas, places].
        """
        epoch, position = active[0].place
        plans = {replica.seed: self._plan(replica.seed, epoch)[position:] for replica in active}
        nothing = plans[active[0].seed][:0]  # no steps for a replica that is not trained
        all_rows = [plans.get(replica.seed, nothing) for replica in self.replicas]
        parts = []
        for first in range(0, max(map(len, all_rows)), self._chunk_steps):
            part = [rows[first:][: self._chunk_steps] for rows in all_rows]
            parts.append(stack([_filled(rows, self._chunk_steps) for rows in part], axis=2))
        for part, self._following in itertools.zip_longest(parts, parts[1:]):
            yield part

    def _plan(self, seed: int, epoch: int) -> np.ndarray:
        first = self._first_plan if (seed, epoch) == (self.replicas[0].seed, 0) else None
        if first is None:
            return self._source.plan(seed, epoch)
        self._first_plan = None  # no other epoch reads it, and that of a large dataset is large
        return first

    def train(self, rows: np.ndarray, active: Sequence[Replica]) -> ChunkReport:
        """Train the chunk that `chunks` yielded last.

        If a step of one of several replicas is not finite, this replica keeps its state before the
        step, and its training stops.

        Raises:
          NonFiniteError: every replica has diverged; the error is that of the last one.
        """
        start = time.perf_counter() - self._train_chunk.compile_seconds
        elements = self._uploaded if self._uploaded is not None else self._upload(rows)
        seeds = self._seeds if len(self.replicas) > 1 else self._seeds[0]
        for index, replica in enumerate(self.replicas):
            if replica.diverged:  # perhaps in this epoch, of which all chunks were made before
                rows = rows.copy()
                rows[:, :, index] = -1
        self.state, report = self._train_chunk(self.state, self._constants, elements, rows, seeds)
        # Calls of jax return before the device is done: the host prepares the next chunk meanwhile.
        self._uploaded = None if self._following is None else self._upload(self._following)
        report = jax.device_get(report)
        count, steps = len(self.replicas), 0
        for index, replica in enumerate(self.replicas):
            own = take(report, index, count, axis=1)
            try:
                check_finite(
                    own, take(rows, index, count, axis=2), self._source.ids, replica.step,
                    self.state.params, where=self._called(replica), unit=self._source.unit,
                )  # fmt: skip
            except NonFiniteError as error:
                self._give_up(replica, error)
                good = int(own.finite.all(axis=1).argmin())  # steps before the bad one
                own = jax.tree.map(lambda leaf, good=good: leaf[:good], own)
            taken = int(own.taken.sum())
            replica.step += taken
            replica.progress.totals.add(own)
            steps = max(steps, taken)
            if replica.diverged:
                replica.progress.position += taken
        # The plan of one may be shorter than those of the others, with which it ends the epoch.
        for replica in active:
            if not replica.diverged:
                replica.progress.position += steps
        return ChunkReport(
            epoch=active[0].progress.epoch,
            step=self.step,
            num_steps=steps,
            num_graphs=int((rows >= 0).sum()),
            loss=float(np.mean([replica.progress.totals.loss for replica in active])),
            seconds=time.perf_counter() - self._train_chunk.compile_seconds - start,
        )

    def _called(self, replica: Replica) -> str:
        """What a message about a replica begins with."""
        return f"seed {replica.seed}: " if len(self.replicas) > 1 else ""

    def _give_up(self, replica: Replica, error: NonFiniteError) -> None:
        """Train a diverged replica no further, or raise the error if it is the last of all."""
        replica.stopped = replica.diverged = str(error)
        if all(other.diverged for other in self.replicas):
            raise error
        _log.warning("%s The other seeds go on.", error)

    def _upload(self, rows: np.ndarray) -> Any:
        count = len(self.replicas)
        parts = [self._source.chunk(take(rows, index, count, axis=2)) for index in range(count)]
        return self._devices.shard(stack(parts, axis=2))

    def evaluate(self, replica: Replica, poll: Callable[[], None]) -> dict[str, float] | None:
        """Score the validation part, and keep the replica's parameters if they are the best.

        Returns:
          The metrics, or None if the replica has diverged, before or here.

        Raises:
          NonFiniteError: every replica has diverged; the error is that of the last.
        """
        assert self.evaluator is not None and self._valid_set is not None
        if replica.diverged:
            return None
        variables, progress = self._variables(replica), replica.progress
        try:
            result = self.evaluator(variables, self._valid_set, self._valid_batches, poll=poll)
        except NonFiniteError as error:
            where = f"{self._called(replica)}validation in epoch {progress.epoch + 1}: "
            self._give_up(replica, error.at(where))
            return None
        for note in result.notes if progress.best_epoch is None else ():
            _log.warning("validation: %s", note)
        score = result.metrics[self.task.main_metric]
        if self._select == "last" or is_better(score, progress.best_score, self.task.mode):
            progress.best_score = json_float(score)
            progress.best_epoch = progress.epoch + 1
            self._keep_best(replica, variables)
        metrics = {name: result.metrics[name] for name in self.task.metric_names}
        return {"loss": result.loss, **metrics}

    def save(self) -> pathlib.Path:
        """Write the best parameters that are not yet written, then a checkpoint of the state."""
        # In this order: the best of which a checkpoint tells is there, whenever the process ends.
        self.save_best()
        check_lock(self.workdir)
        progress = [replica.progress.to_json() for replica in self.replicas]
        host = {
            "identity": self._identity.facts,
            "environment": self._identity.conditions,
            "progress": progress if len(progress) > 1 else progress[0],
        }
        path = self._checkpoints.save(self.step, self.state, host, self._recipe)
        self.saved_step = self.step
        return path

    def save_best(self) -> None:
        """Write the best parameters of each replica, where better ones were found since the last.

        In the first epochs nearly every evaluation finds better ones, and to write them all would
        take longer than to evaluate.
        """
        for replica in self.replicas:
            if replica.unsaved is not None:
                check_lock(self.workdir)
                replica.best.save_best(*replica.unsaved, self._recipe)
                replica.unsaved = None

    def told(self, replica: Replica, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An entry of a replica's history for hooks; with several seeds it contains the `seed`."""
        return {"seed": replica.seed, **entry} if len(self.replicas) > 1 else dict(entry)

    def told_history(self) -> list[dict[str, Any]]:
        """The entries of all epochs for hooks, in the order of an uninterrupted run."""
        entries = [
            self.told(replica, entry)
            for replica in self.replicas
            for entry in replica.progress.history
        ]
        return sorted(entries, key=lambda entry: entry["epoch"])  # stable: seeds keep their order

    def state_of(self, replica: Replica) -> TrainState:
        return take(self.state, self.replicas.index(replica), len(self.replicas))

    def best_variables(self, replica: Replica) -> dict[str, PyTree]:
        """`params` and `batch_stats` of the best checkpoint, which is made if there is none."""
        if replica.progress.best_epoch is None:
            self._keep_best(replica, self._variables(replica))
        self.save_best()
        arrays = replica.best.restore_best().arrays
        return {"params": arrays["params"], "batch_stats": arrays.get("batch_stats", {})}

    @property
    def num_compilations(self) -> dict[str, int]:
        count = 0 if self.evaluator is None else self.evaluator.program.num_compilations
        return {"train": self._train_chunk.num_compilations, "evaluate": count}

    @property
    def compile_seconds(self) -> dict[str, float]:
        seconds = 0.0 if self.evaluator is None else self.evaluator.program.compile_seconds
        return {"train": self._train_chunk.compile_seconds, "evaluate": seconds}

    @functools.cached_property
    def _valid_batches(self) -> list[Any] | None:
        assert self.evaluator is not None and self._valid_set is not None
        if self._source.streams:
            return None
        return self.evaluator.prepare(self._valid_set)

    def _variables(self, replica: Replica) -> dict[str, PyTree]:
        return evaluation_variables(self.state_of(replica))

    def _keep_best(self, replica: Replica, variables: dict[str, PyTree]) -> None:
        host = {
            "step": replica.step,
            "epoch": replica.progress.best_epoch,
            "metric": self.task.main_metric,
            "score": replica.progress.best_score,
        }
        # Copies, because the next step overwrites the arrays of the state.
        replica.unsaved = jax.tree.map(np.array, variables), host


def _refuse_folder_of_a_seed(workdir: pathlib.Path) -> None:
    """A new run there would write over what a run of several seeds keeps of that seed.

    Raises:
      ResumeError: `workdir` is such a folder.
    """
    if workdir in seed_folders(workdir.parent) and Checkpoints(workdir.parent).steps():
        raise ResumeError(
            f"{workdir} belongs to the run of several seeds in {workdir.parent}. Training there "
            f"would replace its parameters. Give {workdir.parent} to go on with that run, or "
            "another folder."
        )


def even_chunk(steps: int, steps_per_call: int) -> int:
    """The length of the fewest equal chunks of `steps` that are at most `steps_per_call` long."""
    calls = -(-steps // min(steps_per_call, steps))
    return -(-steps // calls)


def _filled(rows: np.ndarray, steps: int) -> np.ndarray:
    """The rows of `steps` steps; missing steps are added at the end, without rows."""
    return np.concatenate([rows, empty_rows(steps - len(rows), like=rows)])


def _stacked_shapes(states: Sequence[TrainState]) -> TrainState:
    """The shapes of `stack(states)`."""
    if len(states) == 1:
        return states[0]
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((len(states), *leaf.shape), leaf.dtype), states[0]
    )


def _evaluator(
    model: nn.Module, task: Task, source: Source, valid: Dataset, num_shards: int
) -> Evaluator:
    """The evaluator of the validation part, in batches of the source's shape."""
    budget = source.budget
    if budget is None and source.sampler is None:
        size = -(-min(32, len(valid)) // num_shards) * num_shards
        budget = fit_budget(valid, size, num_shards=num_shards)
    if budget is not None and budget.num_shards != num_shards:
        raise ValueError(
            f"the plans of {type(source).__name__} have {num_shards} shards, and its budget has "
            f"num_shards={budget.num_shards}. Fit the budget with num_shards={num_shards}."
        )
    return evaluator_of(model, task, source, budget)
