"""Regression of one or many targets per graph, node, edge or pair."""

import dataclasses
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.tasks import metrics
from gtx.tasks.base import Task, known_floats, weights_of


@dataclasses.dataclass(frozen=True)
class Regression(Task):
    """The model predicts `(label - mean) / std`; scores are in the label's own unit.

    For several targets there are also `scaled_mae` and `scaled_rmse`: the errors of each target,
    divided by its spread. The spread is `label.std`, the standard deviation over the training part,
    or that of the scored labels if the label has none. By default `scaled_mae` chooses the best
    parameters, because targets with different units cannot be compared otherwise.

    Attributes:
      loss_name: loss of the normalised error e: `l1` is |e|, `mse` is e^2, `huber` is e^2 / 2 up to
        `huber_delta` and linear beyond. The mean is over known entries of all targets, each with
        the weight of its row (`Targets.weights`).
      huber_delta: the error at which `huber` becomes linear.
      target_weights: for each target, by how much its loss counts; empty if all count the same.
    """

    main_metric: str = "mae"
    loss_name: Literal["l1", "mse", "huber"] = "l1"
    huber_delta: float = 1.0
    target_weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "std"):
            values = getattr(self.label, name)
            if len(values) not in (0, self.label.dim):
                raise ValueError(
                    f"label.{name} has {len(values)} entries for {self.label.dim} targets."
                )
        if any(not value > 0 for value in self.label.std):
            raise ValueError(
                f"label.std must be positive, got {self.label.std}; use 1 for a constant target."
            )

    @property
    def metric_names(self) -> tuple[str, ...]:
        several = ("scaled_mae", "scaled_rmse") if self.label.dim > 1 else ()
        return ("mae", "rmse", "r2", *several)

    def _mean_std(self) -> tuple[np.ndarray, np.ndarray]:
        dim = self.label.dim
        mean = np.asarray(self.label.mean or (0.0,) * dim, np.float32)
        return mean, np.asarray(self.label.std or (1.0,) * dim, np.float32)

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        labels, known = known_floats(self, outputs, batch)
        mean, std = self._mean_std()
        # Unknown entries get the error 0, so that their outputs get no gradient.
        error = jnp.where(known, outputs.astype(jnp.float32) - (labels - mean) / std, 0.0)
        size = jnp.abs(error)
        if self.loss_name == "l1":
            losses = size
        elif self.loss_name == "mse":
            losses = jnp.square(error)
        else:
            delta = self.huber_delta
            losses = jnp.where(size <= delta, 0.5 * jnp.square(error), delta * (size - 0.5 * delta))
        targets = self.targets_of(outputs, batch)
        if targets.weights is None and not self.target_weights:
            return losses.sum(), known.sum(dtype=jnp.float32)
        weights = weights_of(targets, known)
        if self.target_weights:
            weights = weights * jnp.asarray(self.target_weights, jnp.float32)
        return (losses * weights).sum(), weights.sum()

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        mean, std = self._mean_std()
        return outputs.astype(jnp.float32) * std + mean

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        sums = metrics.RegressionSums.of(predictions, labels)
        if self.label.dim == 1:
            return sums.scores()
        return {
            **sums.scores(),
            **sums.scaled(self.label.std),
            **sums.by_target(self.targets),
        }

    def undefined(self, labels: np.ndarray) -> list[str]:
        known = (~np.isnan(labels)).any(axis=0)
        return [
            f"r2 of target {self.target_name(column)} is undefined: {reason}."
            if known[column]
            else f"target {self.target_name(column)} is left out of every score: {reason}."
            for column, reason in metrics.constant_columns(labels).items()
        ]
