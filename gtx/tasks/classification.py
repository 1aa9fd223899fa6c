"""Classification: binary labels, one or several per target, or one class of many."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.tasks import metrics
from gtx.tasks.base import Task, known_floats, weights_of

_OF_ONE_CLASS = "all scores but accuracy and calibration_error"


@dataclasses.dataclass(frozen=True)
class Binary(Task):
    """Independent binary labels with one logit each: binary and multilabel.

    Labels are 0, 1 or NaN for missing. The mean is over known entries of all columns, each with the
    weight of its target (`Targets.weights`) and of its class (`label.class_weights`).

    Attributes:
      weighted: multiply the loss of an entry by the share of the entries of its column, in the
        batch, that have the other label. It is `Multiclass`'s weight, for two classes with one
        output, as published models have it on PATTERN. GraphGPS divides by the number of entries
        there, and here it is the sum of the weights, as for several classes.
      target_weights: for each target, by how much its loss counts; empty if all count the same.
    """

    main_metric: str = "roc_auc"
    weighted: bool = False
    target_weights: tuple[float, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        several = ("micro_f1",) if self.label.dim > 1 else ()
        return (
            "roc_auc", "average_precision", "accuracy", "weighted_accuracy", "f1", "mcc",
            "calibration_error", *several,
        )  # fmt: skip

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        labels, known = known_floats(self, outputs, batch)
        # Unknown entries become 0 before the loss: an infinite output there would give NaN
        # gradients. softplus(-x) is -log(sigmoid(x)) without overflow.
        logits = jnp.where(known, outputs.astype(jnp.float32), 0.0)
        losses = labels * jax.nn.softplus(-logits) + (1 - labels) * jax.nn.softplus(logits)
        targets = self.targets_of(outputs, batch)
        given = self.label.class_weights or self.target_weights
        if not self.weighted and not given and targets.weights is None:
            return jnp.where(known, losses, 0.0).sum(), known.sum(dtype=jnp.float32)
        each = weights_of(targets, known)
        if self.target_weights:
            each = each * jnp.asarray(self.target_weights, jnp.float32)
        if self.label.class_weights:
            of_no, of_yes = np.asarray(self.label.class_weights, np.float32).reshape(-1, 2).T
            each = each * jnp.where(labels == 1, of_yes, of_no)
        if not self.weighted:
            return (losses * each).sum(), each.sum()
        sizes = jnp.stack([jnp.where(known, one, 0.0).sum(0) for one in (1 - labels, labels)])
        if batch.axis_name is not None:
            sizes = jax.lax.psum(sizes, batch.axis_name)
        none, yes = sizes / jnp.maximum(sizes.sum(0), 1.0)
        weights = each * (labels * none + (1 - labels) * yes)
        return (losses * weights).sum(), weights.sum()

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        return jax.nn.sigmoid(outputs.astype(jnp.float32))

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        sums = metrics.BinarySums.of(predictions, labels)
        if self.label.dim == 1:
            return sums.scores()
        return {**sums.scores(), **sums.by_target(self.targets)}

    def undefined(self, labels: np.ndarray) -> list[str]:
        known = (~np.isnan(labels)).any(axis=0)
        return [
            f"target {self.target_name(column)} is left out of "
            f"{_OF_ONE_CLASS if known[column] else 'every score'}: {reason}."
            for column, reason in metrics.one_class_columns(labels).items()
        ]


@dataclasses.dataclass(frozen=True)
class Multiclass(Task):
    """One class of `label.dim`, softmax cross entropy. Labels are integers, -1 for missing.

    The mean is over known labels, each with the weight of its target (`Targets.weights`) and of its
    class (`label.class_weights`), as in `torch.nn.CrossEntropyLoss`.

    Attributes:
      weighted: weight the loss of class c by the share of a batch's labels that are not c, as
        Dwivedi et al. (2023) and GraphGPS do on the SBM datasets. The weights are computed over
        the global batch, and the loss is divided by their sum.
    """

    main_metric: str = "accuracy"
    weighted: bool = False

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("accuracy", "weighted_accuracy", "f1", "mcc", "calibration_error")

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        targets = self.targets_of(outputs, batch)
        mask, labels = jnp.asarray(targets.mask), jnp.asarray(targets.labels)
        if labels.shape != mask.shape or not jnp.issubdtype(labels.dtype, jnp.integer):
            raise ValueError(
                f"Multiclass needs integer labels [rows], got {labels.dtype}{list(labels.shape)}; "
                "store the number of the class, -1 where it is missing."
            )
        known = mask & (labels >= 0)
        labels = jnp.where(known, labels, 0)
        logits = jnp.where(known[:, None], outputs.astype(jnp.float32), 0.0)
        chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
        losses = jax.nn.logsumexp(logits, axis=1) - chosen
        weights = weights_of(targets, known)
        if self.label.class_weights:
            weights = weights * jnp.asarray(self.label.class_weights, jnp.float32)[labels]
        if self.weighted:
            ones = known.astype(jnp.float32)
            sizes = jnp.zeros(self.output_dim, jnp.float32).at[labels].add(ones)
            # The weights must not depend on the number of shards.
            if batch.axis_name is not None:
                sizes = jax.lax.psum(sizes, batch.axis_name)
            share = (sizes.sum() - sizes) / jnp.maximum(sizes.sum(), 1.0)
            weights = weights * share[labels]
        return jnp.sum(losses * weights), weights.sum()

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        return jax.nn.softmax(outputs.astype(jnp.float32), axis=-1)

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        sums = metrics.ClassSums.of(predictions, labels)
        return {**sums.scores(), **sums.by_class(self.targets)}

    def undefined(self, labels: np.ndarray) -> list[str]:
        sizes = np.bincount(labels[labels >= 0], minlength=self.label.dim)
        if not sizes.any():
            return ["no score is defined: there are no known labels."]
        if np.count_nonzero(sizes) == 1:
            name = self.target_name(int(np.argmax(sizes)))
            return [f"mcc is undefined: all known labels are of class {name}."]
        return []
