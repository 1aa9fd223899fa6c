"""A task turns the outputs of a model and the labels of a batch into a loss and into scores."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gtx.batch import Batch, Targets
from gtx.data.dataset import Dataset
from gtx.data.spec import Label

Mode = Literal["min", "max"]


@dataclasses.dataclass(frozen=True)
class Task(abc.ABC):
    """The base class of all tasks. Rows are the targets of a batch, of level `label.level`.

    Attributes:
      label: the description of the labels: level, width, normalisation and names.
      main_metric: the key of `metrics` by which the best parameters are chosen.
    """

    label: Label
    main_metric: str

    def __post_init__(self) -> None:
        if self.main_metric not in self.metric_names:
            raise ValueError(
                f"main_metric={self.main_metric!r} is not a metric of {type(self).__name__}; "
                f"choose one of {', '.join(self.metric_names)}."
            )

    @property
    def output_dim(self) -> int:
        """The width that the model's head must have."""
        return self.label.dim

    @property
    def prediction_dim(self) -> int:
        """The width of `predictions`."""
        return self.output_dim

    @property
    def mode(self) -> Mode:
        """Whether a small ("min") or a large ("max") main metric is better."""
        small = ("mae", "rmse", "calibration_error")
        return "min" if self.main_metric.removeprefix("scaled_") in small else "max"

    @property
    @abc.abstractmethod
    def metric_names(self) -> tuple[str, ...]:
        """The keys of `metrics` for scores over all targets."""

    @abc.abstractmethod
    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Sum of the losses of real, labelled entries, and the number to divide it by.

        With weights of targets or classes these are the sum of weighted losses, and of the weights.
        Padding and missing labels contribute to neither of them and to no gradient, whatever the
        outputs hold there. Both are float32. Under `batch.axis_name` they belong to this shard; the
        caller adds them up over shards before the division.
        """

    @abc.abstractmethod
    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        """Values in the label's own unit, or probabilities. float32."""

    @abc.abstractmethod
    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Scores over a whole split, on the host. An undefined score is NaN.

        Args:
          predictions: [rows, dim], from `predictions`, without padding.
          labels: as in `TargetTable.labels`, including missing ones.

        Returns:
          Scores by `metric_names`; for several targets also those of each, as `logS/mae`.
        """

    def score(self, predictions: np.ndarray, dataset: Dataset) -> dict[str, float]:
        """The scores of the targets of a dataset, without those of weight 0.

        Args:
          predictions: [targets, dim], in the order of the targets.
          dataset: has labels. Scores that depend on more than the labels, such as the ranks of
            links with the same sender, read it.
        """
        labels = dataset.targets.labels
        if labels is None:
            raise ValueError("the targets have no labels to score against.")
        counted = dataset.targets.counted
        if not counted.all():
            predictions, labels = predictions[counted], labels[counted]
        return self.metrics(predictions, labels)

    def on_model_scale(self, dataset: Dataset) -> Dataset:
        """The dataset with the labels that compiled programs read: its own ones, for most tasks."""
        return dataset

    def in_own_unit(self, predictions: np.ndarray) -> np.ndarray:
        """What compiled programs predict, in the unit of the dataset's own labels."""
        return predictions

    def undefined(self, labels: np.ndarray) -> list[str]:
        """The reasons why targets are left out of `metrics`, one sentence each."""
        del labels
        return []

    @property
    def targets(self) -> tuple[str, ...]:
        """A name for each output: that of its target or class, or its number without names."""
        names = self.label.names
        numbers = tuple(map(str, range(self.label.dim)))
        return names if len(set(names)) == self.label.dim else numbers

    def target_name(self, index: int) -> str:
        """The name of a target or class for messages."""
        names: Sequence[str] = self.label.names
        return f"{index} ({names[index]})" if index < len(names) else f"{index}"

    def targets_of(self, outputs: Float[Array, "..."], batch: Batch) -> Targets:
        """The targets of a batch, one for each row of the outputs.

        Raises:
          ValueError: the outputs are not [rows, output_dim], or the targets have another level or
            no labels.
        """
        targets, level = batch.targets, self.label.level
        if targets is None or targets.level != level or targets.labels is None:
            found = "none"
            if targets is not None:
                known = "no labels" if targets.labels is None else "labels"
                found = f"targets of level {targets.level!r} with {known}"
            raise ValueError(
                f"{type(self).__name__} needs labelled targets of level {level!r}, and the batch "
                f"has {found}. Set them with Dataset.with_targets({level!r}, ...)."
            )
        rows = targets.mask.shape
        if outputs.shape != (*rows, self.output_dim):
            raise ValueError(
                f"the model's outputs are {list(outputs.shape)}; {type(self).__name__} needs "
                f"[{level}s, targets] = {[*rows, self.output_dim]}. Set the head's width "
                f"and a readout of {level}s."
            )
        if targets.labels.shape[0] != rows[0]:
            raise ValueError(
                f"the batch has {targets.labels.shape[0]} labels for {rows[0]} targets. Give one "
                "row for each."
            )
        return targets


def weights_of(targets: Targets, known: Any) -> Any:
    """The weight of each known label, from the weights of its row; 0 where it is not known.

    Args:
      targets: of a batch.
      known: bool [rows] or [rows, targets].
    """
    weights = known.astype(jnp.float32)
    if targets.weights is None:
        return weights
    rows = jnp.asarray(targets.weights, jnp.float32).reshape(-1, *(1,) * (known.ndim - 1))
    return jnp.where(known, rows, 0.0)


def known_floats(
    task: Task, outputs: Float[Array, "rows dim"], batch: Batch
) -> tuple[Float[Array, "rows dim"], Bool[Array, "rows dim"]]:
    """Float labels with 0 in place of missing ones and padding, and the mask of known labels."""
    targets = task.targets_of(outputs, batch)
    mask, labels = jnp.asarray(targets.mask), jnp.asarray(targets.labels, jnp.float32)
    if labels.shape != outputs.shape:
        raise ValueError(
            f"{type(task).__name__} needs labels {list(outputs.shape)}, got "
            f"{list(labels.shape)}; store one column per target."
        )
    known = mask[:, None] & ~jnp.isnan(labels)
    return jnp.where(known, labels, 0.0), known
