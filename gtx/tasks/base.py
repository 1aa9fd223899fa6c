"""A task turns the outputs of a model and the labels of a batch into a loss and into scores."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gtx.batch import Batch, Targets
from gtx.data.spec import Label

Mode = Literal["min", "max"]


@dataclasses.dataclass(frozen=True)
class Task(abc.ABC):
    """What all tasks share. Rows are the targets of a batch, whose level is `label.level`.

    Attributes:
      label: what is predicted; decides level, width, normalisation and names.
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
    def mode(self) -> Mode:
        """Whether a small or a large main metric is good."""
        return "min" if self.main_metric.removeprefix("scaled_") in ("mae", "rmse") else "max"

    @property
    @abc.abstractmethod
    def metric_names(self) -> tuple[str, ...]:
        """The keys of `metrics` that are over all targets."""

    @abc.abstractmethod
    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Sum of the losses of real, labelled entries, and the count to divide it by.

        Padding and missing labels add nothing to either, nor to a gradient, whatever the
        outputs hold there. Both are float32. Under `batch.axis_name` they are the shard's
        own; the caller adds them up over shards before dividing.
        """

    @abc.abstractmethod
    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        """Values in the label's own unit, or probabilities. float32."""

    @abc.abstractmethod
    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Scores over a whole split, on the host. NaN where a score is undefined.

        Args:
          predictions: [rows, dim], from `predictions`, without padding.
          labels: as in `TargetTable.labels`, missing ones included.

        Returns:
          `metric_names`; of several targets also the scores of each, by keys such as `logS/mae`.
        """

    def undefined(self, labels: np.ndarray) -> list[str]:
        """Why targets are left out of `metrics`, one sentence each."""
        del labels
        return []

    @property
    def targets(self) -> tuple[str, ...]:
        """A name for each output, that of the target or class or else its number."""
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
          ValueError: the outputs are not [rows, output_dim], or the targets are those of another
            level or have no labels.
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


def known_floats(
    task: Task, outputs: Float[Array, "rows dim"], batch: Batch
) -> tuple[Float[Array, "rows dim"], Bool[Array, "rows dim"]]:
    """Float labels with 0 for those that are missing or padding, and which ones are not."""
    targets = task.targets_of(outputs, batch)
    mask, labels = jnp.asarray(targets.mask), jnp.asarray(targets.labels, jnp.float32)
    if labels.shape != outputs.shape:
        raise ValueError(
            f"{type(task).__name__} needs labels {list(outputs.shape)}, got "
            f"{list(labels.shape)}; store one column per target."
        )
    known = mask[:, None] & ~jnp.isnan(labels)
    return jnp.where(known, labels, 0.0), known
