"""Predictions as the columns of a table of texts."""

import numpy as np

from gtx.data import Label


def columns(label: Label, predictions: np.ndarray) -> dict[str, list[str]]:
    """The cells for predictions [rows, dim], by column; empty where a row is NaN."""
    known = ~np.isnan(predictions).any(axis=1)
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
