"""Chooses the task for a label."""

from gtx.data.spec import Label
from gtx.tasks.base import Task
from gtx.tasks.classification import Binary, Multiclass
from gtx.tasks.link import Link
from gtx.tasks.regression import Regression


def from_label(label: Label, *, loss: str = "auto", metric: str = "auto") -> Task:
    """The task for a label.

    Args:
      label: from the dataset's spec.
      loss: regression has `l1` (default), `mse`, `huber`; multilabel has `cross_entropy`; binary
        and multiclass have `cross_entropy` (default), `weighted_cross_entropy`.
      metric: the main metric. `auto` is `mae`, `roc_auc`, `average_precision` and `accuracy` for
        regression, binary, multilabel and multiclass, `scaled_mae` for several regression targets,
        and `weighted_accuracy` with the weighted loss. A binary label of pairs is a link
        prediction and also has `hits@20` (or any other number) and `mrr`.
    """
    losses = {
        "regression": ("l1", "mse", "huber"),
        "binary": ("cross_entropy", "weighted_cross_entropy"),
        "multilabel": ("cross_entropy",),
        "multiclass": ("cross_entropy", "weighted_cross_entropy"),
    }[label.kind]
    loss = losses[0] if loss == "auto" else loss
    if loss not in losses:
        raise ValueError(
            f"loss={loss!r} does not fit a {label.kind} label; choose one of {', '.join(losses)}."
        )
    weighted = loss == "weighted_cross_entropy"
    if metric == "auto":
        metric = {
            "regression": "mae" if label.dim == 1 else "scaled_mae",
            "binary": "weighted_accuracy" if weighted else "roc_auc",
            "multilabel": "average_precision",
            "multiclass": "weighted_accuracy" if weighted else "accuracy",
        }[label.kind]
    if label.kind == "regression":
        return Regression(label, metric, loss_name=loss)  # type: ignore[arg-type]
    if label.kind == "multiclass":
        return Multiclass(label, metric, weighted=weighted)
    if label.kind == "binary" and label.level == "pair":
        asked = metric.removeprefix("hits@")
        hits = {20, int(asked)} if metric.startswith("hits@") and asked.isdigit() else {20}
        return Link(label, metric, weighted=weighted, hits=tuple(sorted(hits)))
    return Binary(label, metric, weighted=weighted)
