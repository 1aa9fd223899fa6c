"""Errors for numbers that are not finite, which name the graphs of their batch."""

from collections.abc import Callable

import jax
import numpy as np

from gtx.training.patterns import leaf_name
from gtx.training.step import StepReport
from gtx.typing import PyTree


class NonFiniteError(FloatingPointError):
    """A loss, gradient, update or prediction is NaN or infinite.

    Attributes:
      step: the first bad step, from 0; None in an evaluation.
      graph_ids: ids of the graphs of its batch.
      names: names of what is not finite: "loss" and parameters; "prediction" in an evaluation.
    """

    def __init__(self, message: str, step: int | None, graph_ids: np.ndarray, names: list[str]):
        super().__init__(message)
        self.step = step
        self.graph_ids = graph_ids
        self.names = names

    def at(self, where: str) -> "NonFiniteError":
        """The same error, whose message begins with a place, as "seed 1: "."""
        return NonFiniteError(f"{where}{self}", self.step, self.graph_ids, self.names)


def check_finite(
    report: StepReport,
    rows: np.ndarray,
    ids: Callable[[np.ndarray], np.ndarray],
    first_step: int,
    params: PyTree,
    *,
    where: str = "",
    unit: str = "graph",
) -> None:
    """Raise if a step of a chunk was refused. The state is then the one before that step.

    Args:
      report: report of the chunk, on the host.
      rows: its plan rows [steps, shards, places].
      ids: the method of the source that names these rows.
      first_step: number of the chunk's first step.
      params: parameters, for their names.
      where: beginning of the message, such as "seed 1: ".
      unit: what these rows are.
    """
    bad = np.flatnonzero(~report.finite.all(axis=1))
    if not len(bad):
        return
    index = int(bad[0])
    leaves = [leaf_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    names = [
        name for name, fine in zip(["loss", *leaves], report.finite[index], strict=True) if not fine
    ]
    graphs = ids(rows[index][rows[index] >= 0])
    what = "the loss" if names[0] == "loss" else f"the gradient or update of {names[0]}"
    more = f" (and {len(names) - 1} parameters)" if len(names) > 1 else ""
    raise NonFiniteError(
        f"{where}{what}{more} is not finite at step {first_step + index}. The step was not "
        f"applied. {unit.capitalize()} ids in its batch: {listing(graphs)}. Look for extreme "
        f"features or labels in these {unit}s, lower the learning rate, or clip gradients "
        "(clip_norm).",
        first_step + index,
        graphs,
        names,
    )


def listing(ids: np.ndarray, limit: int = 32) -> str:
    """Ids for a message, at most `limit` of them."""
    shown = ", ".join(str(int(i)) for i in ids[:limit])
    return shown if len(ids) <= limit else f"{shown}, ... ({len(ids)} in all)"
