"""Chooses the task for a label."""

import math

from gtx.data.spec import Label
from gtx.tasks.base import Task
from gtx.tasks.classification import Binary, Multiclass
from gtx.tasks.link import Link
from gtx.tasks.mixed import Mixed
from gtx.tasks.regression import Regression
from gtx.tasks.subtokens import Subtokens


def from_label(
    label: Label,
    *,
    loss: str = "auto",
    metric: str = "auto",
    head_weights: tuple[float, ...] = (),
    target_weights: tuple[float, ...] = (),
    filtered: bool = False,
) -> Task:
    """The task for a label.

    Args:
      label: from the dataset's spec.
      loss: regression, also that of the heads of a mixed label, has `l1` (default), `mse`, `huber`;
        multilabel and sequence have `cross_entropy`; binary and multiclass have `cross_entropy`
        (default) and `weighted_cross_entropy`.
      metric: the main metric. `auto` is `mae`, `roc_auc`, `average_precision` and `accuracy` for
        regression, binary, multilabel and multiclass, `f1` for a sequence, `scaled_mae` for several
        regression targets,
        and `weighted_accuracy` with the weighted loss. A binary label of pairs is a link
        prediction and also has `hits@20` (or any other number) and `mrr`, and both with
        `filtered_` before them. For a mixed label it is
        a metric of a head, `<name>/<metric>`; `auto` is that of the first head.
      head_weights: a number for each head of a mixed label, see `Mixed`.
      target_weights: a number above 0 for each target of a regression or multilabel label, by which
        its loss counts; empty if all count the same.
      filtered: whether links are also ranked among negatives with the same sender, see `Link`.
    """
    _check_target_weights(label, target_weights)
    if label.kind == "mixed":
        return _mixed(label, loss, metric, head_weights)
    if head_weights:
        raise ValueError(f"head_weights are for a mixed label, and this is {label.kind}.")
    losses = {
        "regression": ("l1", "mse", "huber"),
        "binary": ("cross_entropy", "weighted_cross_entropy"),
        "multilabel": ("cross_entropy",),
        "multiclass": ("cross_entropy", "weighted_cross_entropy"),
        "sequence": ("cross_entropy",),
    }[label.kind]
    loss = losses[0] if loss == "auto" else loss
    if loss not in losses:
        raise ValueError(
            f"loss={loss!r} does not fit a {label.kind} label; choose one of {', '.join(losses)}."
        )
    weighted = loss == "weighted_cross_entropy"
    if weighted and label.class_weights:
        raise ValueError(
            "weighted_cross_entropy has weights of its own, from each batch, and the label has "
            "class_weights. Take one of the two."
        )
    if metric == "auto":
        metric = {
            "regression": "mae" if label.dim == 1 else "scaled_mae",
            "binary": "weighted_accuracy" if weighted else "roc_auc",
            "multilabel": "average_precision",
            "multiclass": "weighted_accuracy" if weighted else "accuracy",
            "sequence": "f1",
        }[label.kind]
    if label.kind == "sequence":
        return Subtokens(label, metric)
    if label.kind == "regression":
        return Regression(
            label,
            metric,
            loss_name=loss,  # type: ignore[arg-type]
            target_weights=target_weights,
        )
    if label.kind == "multiclass":
        return Multiclass(label, metric, weighted=weighted)
    if label.kind == "binary" and label.level == "pair":
        filtered = filtered or metric.startswith("filtered_")
        _, at, asked = metric.removeprefix("filtered_").rpartition("hits@")
        hits = {20, int(asked)} if at and asked.isdigit() else {20}
        hits_at = tuple(sorted(hits))
        return Link(label, metric, weighted=weighted, hits=hits_at, filtered=filtered)
    return Binary(label, metric, weighted=weighted, target_weights=target_weights)


def _check_target_weights(label: Label, weights: tuple[float, ...]) -> None:
    if not weights:
        return
    if label.kind not in ("regression", "multilabel"):
        raise ValueError(
            f"target_weights are for several targets of one kind, and this is {label.kind}. Heads "
            "of a mixed label have head_weights, classes have class_weights."
        )
    if len(weights) != label.dim or not all(0 < weight < math.inf for weight in weights):
        raise ValueError(
            f"target_weights is {weights} for {label.dim} targets. Give a number above 0 for each."
        )


def _mixed(label: Label, loss: str, metric: str, head_weights: tuple[float, ...]) -> Mixed:
    """The heads of a mixed label; `loss` is that of its regression heads."""
    if loss != "auto" and all(part.kind != "regression" for part in label.parts):
        raise ValueError(
            f"loss {loss!r} is that of regression heads, and this label has none. Give 'auto'."
        )
    chosen, _, own = metric.rpartition("/")
    heads = []
    for part in label.parts:
        of_head = own if chosen == part.name and own else "auto"
        of_loss = loss if part.kind == "regression" else "auto"
        heads.append(from_label(part, loss=of_loss, metric=of_head))
    first = heads[0]
    main = f"{first.label.name}/{first.main_metric}" if metric == "auto" else metric
    return Mixed(label, main, tuple(heads), head_weights)
