"""Predictions and scores of a whole dataset in its order, if possible by one program for all."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from gtx.batching import (
    Budget,
    Sampled,
    Source,
    evaluation_parts,
    evaluation_plan,
    stack_batches,
)
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.devices import Devices
from gtx.training.finite import NonFiniteError, listing
from gtx.training.step import empty_rows, make_evaluation_chunk
from gtx.typing import PyTree


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The predictions and scores of a model on a dataset.

    Attributes:
      predictions: [targets, dim] in the order of the dataset's targets, in label units or
        probabilities.
      labels: the labels of the targets.
      loss: mean over known labels; NaN without any.
      metrics: by name; NaN if undefined. For several targets also the scores of each.
      notes: reasons why targets were left out of metrics.
    """

    predictions: np.ndarray
    labels: np.ndarray | None
    loss: float
    metrics: dict[str, float]
    notes: tuple[str, ...] = ()


class Evaluator:
    """Evaluates any number of datasets and parameters with one compilation.

    A dataset of a single batch of one graph has its own program, so that no empty batches take
    memory next to a large graph. Graphs that do not fit the budget have programs of their own: see
    `gtx.batching.evaluation_parts`.

    Args:
      model: a module called as `model.apply(variables, batch, train=False)`.
      task: the meaning of its outputs.
      budget: the shape of batches of all datasets whose graphs fit into it.
      steps_per_call: number of batches in one compiled call.
    """

    def __init__(self, model: nn.Module, task: Task, budget: Budget, *, steps_per_call: int = 8):
        self.task = task
        self.budget = budget
        self.steps_per_call = steps_per_call
        self.devices = Devices.first(budget.num_shards)
        self.program = make_evaluation_chunk(model, task, self.devices)

    def prepare(self, dataset: Dataset) -> list[tuple[np.ndarray, Any]] | None:
        """The batches of a dataset, put on the device once for many evaluations.

        None if they must be made in each evaluation.
        """
        return list(self._chunks(dataset))

    def __call__(
        self,
        variables: PyTree,
        dataset: Dataset,
        prepared: list[tuple[np.ndarray, Any]] | None = None,
        *,
        poll: Callable[[], None] = lambda: None,
    ) -> Evaluation:
        """Evaluate `dataset`.

        Args:
          variables: `params` and `batch_stats`.
          dataset: may be empty or without labels. Only its targets are predicted.
          prepared: the result of `prepare`; if None, batches are made during the evaluation.
          poll: called between chunks; may raise to stop.

        Raises:
          ValueError: the targets are not those of the task.
          NonFiniteError: a prediction is NaN or infinite; names the graphs.
          BudgetError: the dataset lacks an edge set of the budget.
        """
        variables = self.devices.copy(variables)
        table, level = dataset.targets, self.task.label.level
        if table.level != level:
            raise ValueError(
                f"the task predicts for each {level}, and the targets of the dataset are those of "
                f"each {table.level}. Set them with Dataset.with_targets({level!r}, ...)."
            )
        # A model predicts for all graphs or all nodes, or for the edges or pairs of the table.
        order, start = dataset.targets_by_graph
        if level in ("graph", "node"):
            start = dataset.node_ptr if level == "node" else np.arange(len(dataset) + 1)
        predictions = np.zeros((int(start[-1]), self.task.prediction_dim), np.float32)
        loss_sum, count = self._predict(variables, dataset, prepared, start, predictions, poll)
        if level in ("graph", "node"):
            predictions = predictions if dataset.targets_are_all else predictions[table.index]
        else:
            predictions = predictions[np.argsort(order)]
        predictions = self.task.in_own_unit(predictions)
        self._check_finite(predictions, dataset)
        labels = table.labels
        return Evaluation(
            predictions=predictions,
            labels=labels,
            loss=loss_sum / count if count > 0 else float("nan"),
            metrics={} if labels is None else self.task.score(predictions, dataset),
            notes=() if labels is None else tuple(self.task.undefined(labels[table.counted])),
        )

    def _predict(
        self,
        variables: PyTree,
        dataset: Dataset,
        prepared: list[tuple[np.ndarray, Any]] | None,
        start: np.ndarray,
        predictions: np.ndarray,
        poll: Callable[[], None],
    ) -> tuple[float, float]:
        """Write `predictions`, whose rows begin at `start` for each graph.

        Returns:
          The sum of the losses of known labels, and their number.
        """
        level = self.task.label.level
        loss_sum = count = 0.0
        for rows, data in prepared if prepared is not None else self._chunks(dataset):
            poll()
            outputs, sums, counts = jax.device_get(self.program(variables, data, rows))
            for place in np.ndindex(rows.shape[:2]):
                slots = np.flatnonzero(rows[place] >= 0)
                graphs = rows[place][slots]
                sizes = (start[graphs + 1] - start[graphs]).astype(np.int64)
                if level == "graph":
                    values = outputs[place][slots]
                else:  # the rows of a shard are ordered graph by graph, in slot order
                    values = outputs[place][: sizes.sum()]
                offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
                predictions[np.repeat(start[graphs], sizes) + offsets] = values
            loss_sum += float(sums.sum(dtype=np.float64))
            count += float(counts.sum(dtype=np.float64))
        return loss_sum, count

    def _chunks(self, dataset: Dataset) -> Iterator[tuple[np.ndarray, Any]]:
        if len(dataset) == 0:
            return
        dataset = self.task.on_model_scale(dataset)
        for places, budget in evaluation_parts(self.budget, dataset):
            part = dataset if len(places) == len(dataset) else dataset.select(places)
            plan = evaluation_plan(part, budget)
            steps = self._steps(budget, len(plan))
            for first in range(0, len(plan), steps):
                rows = plan[first : first + steps]
                rows = np.concatenate([rows, empty_rows(steps - len(rows), like=rows)])
                batches = self.devices.shard(stack_batches(part, budget, rows))
                yield np.where(rows < 0, -1, places[rows]), batches

    def _steps(self, budget: Budget, needed: int) -> int:
        """Batches in a call. All of them take memory, also those that are not filled."""
        alone = needed == budget.batch_size == 1
        beyond = budget.graphs_per_shard == 1 and budget.tiers != self.budget.tiers
        return 1 if alone or beyond else self.steps_per_call

    def _check_finite(self, predictions: np.ndarray, dataset: Dataset) -> None:
        bad = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
        if len(bad):
            graphs = dataset.ids[np.unique(dataset.target_graph[bad])]
            raise NonFiniteError(
                f"{len(bad)} predictions are not finite. Graph ids: {listing(graphs)}. Look for "
                "extreme features in these graphs, or train with a lower learning rate.",
                None,
                graphs,
                ["prediction"],
            )


class SampledEvaluator(Evaluator):
    """Evaluates one large graph in sampled parts, with one compilation.

    Every target is predicted once, in the part in which it is a seed (or whose cluster it is in).
    The parts are the same in every evaluation. They are made anew each time, so that memory does
    not grow with their number.

    Args:
      model, task: as for `Evaluator`.
      source: samples the parts.
      steps_per_call: number of batches in one compiled call.
    """

    def __init__(self, model: nn.Module, task: Task, source: Sampled, *, steps_per_call: int = 1):
        self.task = task
        self.source = source
        self.steps_per_call = steps_per_call
        self.devices = Devices.first(source.num_shards)
        self.program = make_evaluation_chunk(model, task, self.devices)

    def prepare(self, dataset: Dataset) -> None:
        return None

    def _predict(
        self,
        variables: PyTree,
        dataset: Dataset,
        prepared: Any,
        start: np.ndarray,
        predictions: np.ndarray,
        poll: Callable[[], None],
    ) -> tuple[float, float]:
        loss_sum = count = 0.0
        if len(dataset) == 0:
            return loss_sum, count
        for rows, batches, parts in self.source.evaluation_batches(dataset, self.steps_per_call):
            poll()
            outputs, sums, counts = jax.device_get(
                self.program(variables, self.devices.shard(batches), rows)
            )
            for part, values in zip(parts, outputs.reshape(-1, *outputs.shape[2:]), strict=True):
                predictions[part.nodes[part.targets]] = values[: len(part.nodes)][part.targets]
            loss_sum += float(sums.sum(dtype=np.float64))
            count += float(counts.sum(dtype=np.float64))
        return loss_sum, count


def evaluator_of(
    model: nn.Module, task: Task, source: Source, budget: Budget | None = None
) -> Evaluator:
    """The evaluator that suits a source of training batches.

    Args:
      model: as for `Evaluator`.
      task: likewise.
      source: decides whether whole graphs are scored, or sampled parts of one.
      budget: for whole graphs; that of the source if None.
    """
    if source.sampler is not None and source.sampler.evaluation == "sampled":
        return SampledEvaluator(model, task, source.sampler)
    budget = source.budget if budget is None else budget
    if budget is None:
        raise ValueError(f"{type(source).__name__} has no budget for whole graphs. Give one.")
    return Evaluator(model, task, budget)


def evaluate(
    model: nn.Module, variables: PyTree, dataset: Dataset, budget: Budget, task: Task
) -> Evaluation:
    """Evaluate one dataset. For several, keep an `Evaluator`, which compiles once."""
    return Evaluator(model, task, budget)(variables, dataset)
