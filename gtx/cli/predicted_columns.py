"""Predictions as the columns of a table of texts."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gtx import uncertainty
from gtx.data import Label
from gtx.data.labels import heading, parts_of
from gtx.tasks.metrics.subtokens import before_end
from gtx.uncertainty.calibration import Fitted

_NONE = "none"  # a set without classes


@dataclasses.dataclass(frozen=True)
class Asked:
    """What stands beside the predictions on request.

    Attributes:
      targets: what is known of each target of the label.
      coverage: of intervals and sets of classes; None for none.
      calibrated: whether there are calibrated probabilities.
    """

    targets: tuple[Fitted, ...]
    coverage: float | None = None
    calibrated: bool = False

    def part(self, columns: slice) -> "Asked":
        """What is asked of a part of a mixed label."""
        return dataclasses.replace(self, targets=self.targets[columns])


def columns(
    label: Label, predictions: np.ndarray, asked: Asked | None = None
) -> dict[str, list[str]]:
    """The cells for predictions, by column; empty where a row is NaN.

    An ensemble has the standard deviation between its members beside each value, and for several
    classes `class_disagreement`, the mutual information of class and member in nats. A mixed label
    has the columns of each part, with the name of the part.

    Args:
      label: of the predictions.
      predictions: [rows, dim]; or of each member, [members, rows, dim].
      asked: adds the ends of intervals (`_lower`, `_upper`), sets of classes (`_set`, with "|"
        between names, or "none"; a name that holds a "|" or is "none" is in quotes) and calibrated
        probabilities (`_calibrated`). The cells are empty where too little is known for them.
    """
    members = predictions if predictions.ndim == 3 else predictions[None]
    if label.kind == "mixed":
        return {
            heading(part, column): cells
            for part, places, outputs in parts_of(label)
            for column, cells in columns(
                part, members[:, :, outputs], asked and asked.part(places)
            ).items()
        }
    known = ~np.isnan(members).any(axis=(0, 2))
    if label.kind == "sequence":
        rows = zip(members[0], known, strict=True)
        return {"words_predicted": [words_in(label, row) if good else "" for row, good in rows]}

    def cells(values: np.ndarray | None) -> list[str]:
        if values is None:
            return [""] * len(known)
        texts = values.astype(np.float32)
        return [str(text) if good else "" for text, good in zip(texts, known, strict=True)]

    mean = uncertainty.mean(members)
    deviation = uncertainty.deviation(members) if len(members) > 1 else None
    names = label.names or [str(target) for target in range(label.dim)]
    found: dict[str, list[str]] = {}
    several = label.kind == "multiclass"
    if several:
        found["class_predicted"] = [
            names[int(np.argmax(row))] if good else ""
            for row, good in zip(mean, known, strict=True)
        ]
        if deviation is not None:
            found["class_disagreement"] = cells(uncertainty.mutual_information(members))
        if asked and asked.coverage is not None:
            found["class_set"] = _sets(asked.targets[0], members, asked.coverage, names, known)
    for place, name in enumerate(names):
        own = members[:, :, place : place + 1]
        found[f"{name}_{'probability' if several else 'predicted'}"] = cells(mean[:, place])
        if deviation is not None:
            found[f"{name}_std"] = cells(deviation[:, place])
        if asked and label.kind == "regression" and asked.coverage is not None:
            ends = _ends(asked.targets[place], own[:, :, 0], asked.coverage)
            found[f"{name}_lower"], found[f"{name}_upper"] = map(cells, ends)
        if asked and label.kind != "regression" and asked.calibrated:
            target, outputs = (0, members) if several else (place, own)
            right = asked.targets[target].calibrated(outputs)
            column = place if several else 0
            found[f"{name}_calibrated"] = cells(None if right is None else right[:, column])
        if asked and label.kind in ("binary", "multilabel") and asked.coverage is not None:
            target_sets = _sets(asked.targets[place], own, asked.coverage, ("0", "1"), known)
            found[f"{name}_set"] = target_sets
    return found


def _ends(
    target: Fitted, predictions: np.ndarray, coverage: float
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The ends of intervals; None where too little is known."""
    try:
        return target.interval(predictions, coverage)
    except uncertainty.TooFewError:
        return None, None


def _sets(
    target: Fitted,
    predictions: np.ndarray,
    coverage: float,
    names: Sequence[str],
    known: np.ndarray,
) -> list[str]:
    """The sets of classes by name."""
    try:
        sets = target.classes(predictions, coverage)
    except uncertainty.TooFewError:
        return [""] * len(known)
    texts = [f'"{name}"' if "|" in name or name == _NONE else name for name in names]
    return [
        ("|".join(text for text, there in zip(texts, row, strict=True) if there) or _NONE)
        if good
        else ""
        for row, good in zip(sets, known, strict=True)
    ]


def words_in(label: Label, numbers: np.ndarray) -> str:
    """The words of a sequence with blanks between them; "?" is one beyond the vocabulary."""
    found = before_end(numbers[~np.isnan(numbers)], len(label.names))
    return " ".join(label.names[word] if word < len(label.names) else "?" for word in found)
