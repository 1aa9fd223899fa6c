"""Predictions as the columns of a table of texts."""

import numpy as np

from gtx import uncertainty
from gtx.data import Label
from gtx.data.labels import parts_of
from gtx.tasks.metrics.subtokens import before_end


def columns(label: Label, predictions: np.ndarray) -> dict[str, list[str]]:
    """The cells for predictions, by column; empty where a row is NaN.

    An ensemble has the standard deviation between its members beside each value, and for several
    classes `class_disagreement`, the mutual information of class and member in nats. A mixed label
    has the columns of each part, with the name of the part.

    Args:
      label: of the predictions.
      predictions: [rows, dim]; or of each member, [members, rows, dim].
    """
    members = predictions if predictions.ndim == 3 else predictions[None]
    if label.kind == "mixed":
        return {
            heading(part, column): cells
            for part, _, outputs in parts_of(label)
            for column, cells in columns(part, members[:, :, outputs]).items()
        }
    known = ~np.isnan(members).any(axis=(0, 2))
    if label.kind == "sequence":
        rows = zip(members[0], known, strict=True)
        return {"words_predicted": [words_in(label, row) if good else "" for row, good in rows]}
    mean = uncertainty.mean(members)
    deviation = uncertainty.deviation(members) if len(members) > 1 else None

    def cells(values: np.ndarray) -> list[str]:
        texts = values.astype(np.float32)
        return [str(text) if good else "" for text, good in zip(texts, known, strict=True)]

    names = label.names or [str(target) for target in range(label.dim)]
    found: dict[str, list[str]] = {}
    if label.kind == "multiclass":
        found["class_predicted"] = [
            names[int(np.argmax(row))] if good else ""
            for row, good in zip(mean, known, strict=True)
        ]
        if deviation is not None:
            found["class_disagreement"] = cells(uncertainty.mutual_information(members))
    suffix = "probability" if label.kind == "multiclass" else "predicted"
    for place, name in enumerate(names):
        found[f"{name}_{suffix}"] = cells(mean[:, place])
        if deviation is not None:
            found[f"{name}_std"] = cells(deviation[:, place])
    return found


def words_in(label: Label, numbers: np.ndarray) -> str:
    """The words of a sequence with blanks between them; "?" is one beyond the vocabulary."""
    found = before_end(numbers[~np.isnan(numbers)], len(label.names))
    return " ".join(label.names[word] if word < len(label.names) else "?" for word in found)


def heading(part: Label, column: str) -> str:
    """The heading of a column of a part of a mixed label, such as `toxic_predicted`."""
    name, _, suffix = column.rpartition("_")
    if name in ("class", part.name) or part.dim == 1:
        return f"{part.name}_{suffix}"
    return f"{part.name} {name}_{suffix}"
