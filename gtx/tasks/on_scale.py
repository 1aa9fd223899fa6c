"""A task whose labels are on the scale of the model before a program reads them."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.data.dataset import Dataset
from gtx.data.labels import parts_of
from gtx.data.scaling import label_without_scale
from gtx.data.spec import Label
from gtx.tasks.base import Mode, Task
from gtx.tasks.mixed import Mixed
from gtx.tasks.regression import Regression


@dataclasses.dataclass(frozen=True)
class OnScale(Task):
    """A task with regression targets, whose mean and deviation no compiled program knows.

    So one program serves labels of several scales, such as those of the training parts of folds.
    The host brings labels to the scale (`on_model_scale`) and predictions back (`in_own_unit`).
    Losses and scores are those of the task itself, up to rounding.

    Attributes:
      task: what it stands for.
    """

    task: Task

    @functools.cached_property
    def without_scale(self) -> Task:
        """The task of labels that are on the scale already."""
        return _without_scale(self.task)

    @property
    def prediction_dim(self) -> int:
        return self.task.prediction_dim

    @property
    def mode(self) -> Mode:
        return self.task.mode

    @property
    def metric_names(self) -> tuple[str, ...]:
        return self.task.metric_names

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The loss, of a batch whose labels are on the scale."""
        return self.without_scale.loss(outputs, batch)

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        """Values on the scale, or probabilities. float32."""
        return self.without_scale.predictions(outputs)

    def on_model_scale(self, dataset: Dataset) -> Dataset:
        labels = dataset.targets.labels
        if labels is None:
            return dataset
        mean, std = _of_columns(self.label)
        scaled = (np.asarray(labels, np.float32) - mean) / std
        return dataclasses.replace(dataset, targets=dataset.targets.replace(labels=scaled))

    def in_own_unit(self, predictions: np.ndarray) -> np.ndarray:
        mean, std = _of_outputs(self.label)
        return predictions * std + mean

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        return self.task.metrics(predictions, labels)

    def score(self, predictions: np.ndarray, dataset: Dataset) -> dict[str, float]:
        return self.task.score(predictions, dataset)

    def undefined(self, labels: np.ndarray) -> list[str]:
        return self.task.undefined(labels)


def on_scale(task: Task) -> Task:
    """The task as one whose programs know no scale; one without regression targets is so already.

    Args:
      task: any; what is not regression, and no head of a mixed task, has no scale.
    """
    scaled = isinstance(task, Regression | Mixed) and label_without_scale(task.label) != task.label
    return OnScale(task.label, task.main_metric, task) if scaled else task


def _without_scale(task: Task) -> Task:
    label = label_without_scale(task.label)
    if isinstance(task, Mixed):
        heads = tuple(_without_scale(head) for head in task.heads)
        return dataclasses.replace(task, label=label, heads=heads)
    return dataclasses.replace(task, label=label)


def _of_columns(label: Label) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column of the labels, float32; 0 and 1 of what has none."""
    mean, std = np.zeros(label.num_columns, np.float32), np.ones(label.num_columns, np.float32)
    for part, columns, _ in _scaled_parts(label):
        mean[columns], std[columns] = part.mean, part.std
    return mean, std


def _of_outputs(label: Label) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each output, float32; 0 and 1 of what has none."""
    mean, std = np.zeros(label.dim, np.float32), np.ones(label.dim, np.float32)
    for part, _, outputs in _scaled_parts(label):
        mean[outputs], std[outputs] = part.mean, part.std
    return mean, std


def _scaled_parts(label: Label) -> list[tuple[Label, slice, slice]]:
    """The parts with a scale, and their columns of the labels and of the outputs."""
    parts = [(label, slice(None), slice(None))]
    if label.kind == "mixed":
        parts = list(parts_of(label))
    return [(part, columns, outputs) for part, columns, outputs in parts if part.mean]
