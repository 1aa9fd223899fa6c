"""Which numbers of a model are explained: predictions in their unit, or log-odds of classes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gtx.data import Label
from gtx.data.labels import parts_of
from gtx.explain.features import ExplainError
from gtx.tasks import Task

_KINDS = ("regression", "binary", "multilabel", "multiclass")


@dataclasses.dataclass(frozen=True)
class Quantities:
    """The numbers that can be explained, one for each output of the model.

    Attributes:
      of: function from outputs [rows, outputs] to these numbers, of the same shape.
      names: of each.
      units: of each, "prediction" or "log-odds".
    """

    of: Callable[[Any], Any]
    names: tuple[str, ...]
    units: tuple[str, ...]

    def place(self, target: str | int) -> int:
        """The place of a target or class.

        Args:
          target: its name, or its place.

        Raises:
          ExplainError: there is no such target.
        """
        if isinstance(target, str) and target in self.names:
            return self.names.index(target)
        if isinstance(target, str) or not 0 <= target < len(self.names):
            raise ExplainError(
                f"there is no target {target!r}. The model has {', '.join(map(str, self.names))}."
            )
        return target


def quantities(task: Task) -> Quantities:
    """What is explained of a task.

    Of a regression target it is the prediction in the target's own unit. Of a class it is the
    log-odds of the class against all others, log p / (1 - p): contributions add up there, while a
    probability near 0 or 1 hardly changes with any feature.

    Raises:
      ExplainError: the label is a sequence.
    """
    label = task.label
    if label.kind == "mixed":
        parts = [
            (outputs, _quantities(part, head))
            for (part, _, outputs), head in zip(parts_of(label), _heads(task), strict=True)
        ]
        return Quantities(
            lambda values: jnp.concatenate(
                [found.of(values[:, outputs]) for outputs, found in parts], axis=1
            ),
            tuple(
                part_name(part, name)
                for (part, _, _), (_, found) in zip(parts_of(label), parts, strict=True)
                for name in found.names
            ),
            tuple(unit for _, found in parts for unit in found.units),
        )
    return _quantities(label, task)


def plain(num_outputs: int) -> Quantities:
    """The outputs of a model without a task, named by their places."""
    return Quantities(
        lambda values: values.astype(jnp.float32),
        tuple(map(str, range(num_outputs))),
        ("prediction",) * num_outputs,
    )


def part_name(part: Label, name: str) -> str:
    """The name of a target of a part of a mixed label."""
    return part.name if part.dim == 1 else f"{part.name} {name}"


def _heads(task: Any) -> tuple[Task, ...]:
    return task.heads


def _quantities(label: Label, task: Task) -> Quantities:
    if label.kind == "sequence":
        raise ExplainError("a sequence of words has no single number that could be explained.")
    if task.output_dim != label.dim or label.kind not in _KINDS:
        return plain(task.output_dim)
    names = label.names or tuple(map(str, range(label.dim)))
    if label.kind in ("binary", "multilabel"):
        return Quantities(lambda x: x.astype(jnp.float32), names, ("log-odds",) * label.dim)
    if label.kind == "multiclass":
        return Quantities(_against_others, names, ("log-odds",) * label.dim)
    return Quantities(task.predictions, names, ("prediction",) * label.dim)


def _against_others(outputs: Any) -> Any:
    """Log p / (1 - p) of each class, [rows, classes], without rounding of p near 0 and 1."""
    outputs = outputs.astype(jnp.float32)
    others = np.where(np.eye(outputs.shape[-1], dtype=bool), -np.inf, 0.0)
    return outputs - jax.nn.logsumexp(outputs[:, None, :] + others, axis=-1)
