"""Several heads at once: regression beside classification in one model."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.data.columns import of_part
from gtx.data.labels import parts_of
from gtx.tasks.base import Mode, Task


@dataclasses.dataclass(frozen=True)
class Mixed(Task):
    """The task of each part of a mixed label, over its own columns of the outputs.

    The loss is the mean over the known labels of all heads, each times the weight of its head. A
    head with ten targets so counts as much as ten heads with one; weights of heads change this.
    Scores have the name of their head before them: `toxic/roc_auc`.

    Attributes:
      heads: the tasks of the parts, in their order.
      head_weights: a number above 0 for each head; empty if all are 1.
    """

    heads: tuple[Task, ...]
    head_weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if tuple(head.label for head in self.heads) != self.label.parts or not self.heads:
            raise ValueError("Mixed needs a mixed label, and one head for each of its parts.")
        if len(self.head_weights) not in (0, len(self.heads)):
            raise ValueError(
                f"head_weights has {len(self.head_weights)} numbers for {len(self.heads)} heads. "
                "Give one for each, or none."
            )
        if any(not weight > 0 for weight in self.head_weights):
            raise ValueError(f"head_weights must be above 0, got {self.head_weights}.")
        super().__post_init__()

    @property
    def mode(self) -> Mode:
        name, _, metric = self.main_metric.rpartition("/")
        (head,) = (head for head in self.heads if head.label.name == name)
        return dataclasses.replace(head, main_metric=metric).mode

    @property
    def metric_names(self) -> tuple[str, ...]:
        return tuple(
            f"{head.label.name}/{metric}" for head in self.heads for metric in head.metric_names
        )

    def _each(self) -> Iterator[tuple[Task, slice, slice]]:
        """Each head with its columns of the labels and of the outputs."""
        for head, (_, columns, outputs) in zip(self.heads, parts_of(self.label), strict=True):
            yield head, columns, outputs

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        targets = self.targets_of(outputs, batch)
        labels = jnp.asarray(targets.labels, jnp.float32)
        wanted = (outputs.shape[0], self.label.num_columns)
        if labels.shape != wanted:
            raise ValueError(
                f"Mixed needs labels {list(wanted)}, got {list(labels.shape)}; store the columns "
                "of all parts side by side."
            )
        loss = count = jnp.zeros((), jnp.float32)
        weights = self.head_weights or (1.0,) * len(self.heads)
        for (head, columns, places), weight in zip(self._each(), weights, strict=True):
            own: Any = labels[:, columns]
            if head.label.kind == "multiclass":
                own = jnp.where(jnp.isnan(own[:, 0]), -1, own[:, 0]).astype(jnp.int32)
            part = batch.replace(targets=dataclasses.replace(targets, labels=own))
            found, number = head.loss(outputs[:, places], part)
            loss, count = loss + weight * found, count + weight * number
        return loss, count

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        """Those of all heads side by side, in the columns of their outputs."""
        found = [head.predictions(outputs[:, places]) for head, _, places in self._each()]
        return jnp.concatenate(found, axis=1)

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        found = {}
        for head, columns, places in self._each():
            own = of_part(labels[:, columns], head.label)
            for name, value in head.metrics(predictions[:, places], own).items():
                target, slash, metric = name.rpartition("/")
                found[f"{head.label.name}{f' {target}' if slash else ''}/{metric}"] = value
        return found

    def undefined(self, labels: np.ndarray) -> list[str]:
        return [
            f"{head.label.name}: {reason}"
            for head, columns, _ in self._each()
            for reason in head.undefined(of_part(labels[:, columns], head.label))
        ]
