"""One run: its programs, its data, its state, and where it is kept."""

import functools
import itertools
import logging
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from gtx.batching import Budget, Source, fit_budget
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.checkpoint import CheckpointError, Checkpoints, Restored
from gtx.training.evaluation import Evaluator
from gtx.training.hooks.base import ChunkReport
from gtx.training.hooks.nan_guard import check_finite
from gtx.training.identity import check_identity, identity
from gtx.training.lock import check_lock
from gtx.training.optimizer import Optimizer
from gtx.training.progress import Progress, is_better, json_float
from gtx.training.state import evaluation_variables, init_state
from gtx.training.step import (
    blank_batch,
    empty_rows,
    make_mesh,
    make_train_chunk,
    replicate,
    shard,
)
from gtx.typing import PyTree

_log = logging.getLogger(__name__)


class Run:
    """What `fit` steers. Made anew or taken up from the latest checkpoint of `workdir`.

    Between any two calls of its methods `save` gives a checkpoint from which the run goes on
    with the same bits.

    Attributes:
      state: on the device.
      step: updates applied so far.
      progress: position, history and best score.
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
        seed: int,
        steps_per_call: int,
        evaluate_every: int,
        select: str,
        recipe: Mapping[str, Any] | None,
    ):
        self.task = task
        self.workdir = workdir
        self._source, self._valid_set = source, valid
        self._seed = seed
        self._recipe = recipe
        self._select = select
        rows = source.plan(seed, 0)
        num_shards = rows.shape[1]
        # A nominal number: with plain shuffling, epochs may differ by a few steps.
        self.steps_per_epoch = len(rows)
        self._chunk_steps = even_chunk(self.steps_per_epoch, steps_per_call)
        self._identity = identity(
            model, task, optimizer, source, valid,
            seed=seed, num_shards=num_shards, select=select, evaluate_every=evaluate_every,
            steps_per_call=steps_per_call, recipe=recipe,
        )  # fmt: skip

        self._checkpoints = Checkpoints(workdir)
        self._checkpoints.clean()
        constants = source.constants
        batch = blank_batch(source, constants, rows)
        make_state = functools.partial(init_state, model, optimizer, batch, seed)
        restored = self._checkpoints.restore(jax.eval_shape(make_state), self._check_same)
        if restored is None:
            self.progress = Progress()
            state = make_state()
        else:
            self.progress = Progress.from_json(restored.field("progress"))
            state = restored.arrays
            _log.info("going on from %s", restored.path)
        self.step = int(state.step)
        if restored is not None and restored.path != self._checkpoints.path(self.step):
            raise CheckpointError(
                f"checkpoint {restored.path} holds step {self.step}, which is not that of its name."
                f" Rename it {self._checkpoints.path(self.step).name}, or remove it."
            )
        self.saved_step = None if restored is None else self.step

        self._mesh = make_mesh(num_shards)
        self._constants = replicate(constants, self._mesh)
        self._train_chunk = make_train_chunk(model, task, optimizer, source, self._mesh)
        self._evaluator: Evaluator | None = None
        if valid is not None:
            self._evaluator = Evaluator(model, task, _evaluation_budget(source, valid, num_shards))
        self.state = replicate(state, self._mesh)
        self._following: np.ndarray | None = None
        self._uploaded: Any = None

    def _check_same(self, restored: Restored) -> None:
        saved, environment = restored.field("identity"), restored.field("environment")
        check_identity(saved, environment, self._identity, restored.path)

    def chunks(self) -> Iterator[np.ndarray]:
        """Plan rows of what is left of the epoch, each of one size, filled up with -1."""
        rows = self._source.plan(self._seed, self.progress.epoch)[self.progress.position :]
        parts = []
        for first in range(0, len(rows), self._chunk_steps):
            part = rows[first : first + self._chunk_steps]
            filling = empty_rows(self._chunk_steps - len(part), like=rows)
            parts.append(np.concatenate([part, filling]))
        for part, self._following in itertools.zip_longest(parts, parts[1:]):
            yield part

    def train(self, rows: np.ndarray) -> ChunkReport:
        """Train a chunk, the latest that `chunks` gave.

        Raises:
          NonFiniteError: at the first step that was not applied.
        """
        start = time.perf_counter() - self._train_chunk.compile_seconds
        elements = self._uploaded if self._uploaded is not None else self._upload(rows)
        self.state, report = self._train_chunk(
            self.state, self._constants, elements, rows, np.uint32(self._seed)
        )
        # The device is at work on this chunk while the host makes the next one.
        self._uploaded = None if self._following is None else self._upload(self._following)
        report = jax.device_get(report)
        check_finite(report, rows, self._source.ids, self.step, self.state.params)
        steps = int(report.taken.sum())
        self.step += steps
        self.progress.position += steps
        self.progress.totals.add(report)
        return ChunkReport(
            epoch=self.progress.epoch,
            step=self.step,
            num_steps=steps,
            num_graphs=int((rows >= 0).sum()),
            loss=self.progress.totals.loss,
            seconds=time.perf_counter() - self._train_chunk.compile_seconds - start,
        )

    def _upload(self, rows: np.ndarray) -> Any:
        return shard(self._source.chunk(rows), self._mesh)

    def evaluate(self, poll: Callable[[], None]) -> dict[str, float]:
        """Score the validation part, and keep the parameters if they are the best."""
        assert self._evaluator is not None and self._valid_set is not None
        variables = evaluation_variables(self.state)
        result = self._evaluator(variables, self._valid_set, self._valid_batches, poll=poll)
        for note in result.notes if self.progress.best_epoch is None else ():
            _log.warning("validation: %s", note)
        score = result.metrics[self.task.main_metric]
        if self._select == "last" or is_better(score, self.progress.best_score, self.task.mode):
            self.progress.best_score = json_float(score)
            self.progress.best_epoch = self.progress.epoch + 1
            self._save_best(variables)
        metrics = {name: result.metrics[name] for name in self.task.metric_names}
        return {"loss": result.loss, **metrics}

    def save(self) -> pathlib.Path:
        """Write a checkpoint of this instant."""
        check_lock(self.workdir)
        host = {
            "identity": self._identity.facts,
            "environment": self._identity.conditions,
            "progress": self.progress.to_json(),
        }
        path = self._checkpoints.save(self.step, self.state, host, self._recipe)
        self.saved_step = self.step
        return path

    def best_variables(self) -> dict[str, PyTree]:
        """`params` and `batch_stats` of the best checkpoint, which is made if there is none."""
        if self.progress.best_epoch is None:
            self._save_best(evaluation_variables(self.state))
        arrays = self._checkpoints.restore_best().arrays
        return {"params": arrays["params"], "batch_stats": arrays.get("batch_stats", {})}

    @property
    def num_compilations(self) -> dict[str, int]:
        count = 0 if self._evaluator is None else self._evaluator.program.num_compilations
        return {"train": self._train_chunk.num_compilations, "evaluate": count}

    @property
    def compile_seconds(self) -> dict[str, float]:
        seconds = 0.0 if self._evaluator is None else self._evaluator.program.compile_seconds
        return {"train": self._train_chunk.compile_seconds, "evaluate": seconds}

    @functools.cached_property
    def _valid_batches(self) -> list[Any]:
        assert self._evaluator is not None and self._valid_set is not None
        return self._evaluator.prepare(self._valid_set)

    def _save_best(self, variables: dict[str, PyTree]) -> None:
        check_lock(self.workdir)
        host = {
            "step": self.step,
            "epoch": self.progress.best_epoch,
            "metric": self.task.main_metric,
            "score": self.progress.best_score,
        }
        self._checkpoints.save_best(variables, host, self._recipe)


def even_chunk(steps: int, steps_per_call: int) -> int:
    """The chunk length at most `steps_per_call` that cuts `steps` into the fewest equal parts."""
    calls = -(-steps // min(steps_per_call, steps))
    return -(-steps // calls)


def _evaluation_budget(source: Source, valid: Dataset, num_shards: int) -> Budget:
    """The shape of the batches in which the validation part is evaluated."""
    if source.budget is None:
        size = -(-min(32, len(valid)) // num_shards) * num_shards
        return fit_budget(valid, size, num_shards=num_shards)
    if source.budget.num_shards != num_shards:
        raise ValueError(
            f"the plans of {type(source).__name__} have {num_shards} shards, and its budget has "
            f"num_shards={source.budget.num_shards}. Fit the budget with num_shards={num_shards}."
        )
    return source.budget
