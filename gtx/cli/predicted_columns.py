"""Predictions as the columns of a table of texts."""

import numpy as np

from gtx.data import Label
from gtx.data.labels import parts_of
from gtx.tasks.metrics.subtokens import before_end


def columns(label: Label, predictions: np.ndarray) -> dict[str, list[str]]:
    """The cells for predictions [rows, dim], by column; empty where a row is NaN.

    A mixed label has the columns of each part, with the name of the part.
    """
    if label.kind == "mixed":
        return {
            heading(part, column): cells
            for part, _, outputs in parts_of(label)
            for column, cells in columns(part, predictions[:, outputs]).items()
        }
    known = ~np.isnan(predictions).any(axis=1)
    if label.kind == "sequence":
        rows = zip(predictions, known, strict=True)
        return {"words_predicted": [words_in(label, row) if good else "" for row, good in rows]}
    cells = [[str(value) for value in row] for row in predictions.astype(np.float32)]
    names = label.names or [str(target) for target in range(label.dim)]
    found: dict[str, list[str]] = {}
    if label.kind == "multiclass":
        found["class_predicted"] = [
            names[int(np.argmax(row))] if good else ""
            for row, good in zip(predictions, known, strict=True)
        ]
    suffix = "probability" if label.kind == "multiclass" else "predicted"
    for place, name in enumerate(names):
        found[f"{name}_{suffix}"] = [
            row[place] if good else "" for row, good in zip(cells, known, strict=True)
        ]
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
