"""The results of a run: tables for the terminal, and files for other programs."""

import csv
import json
import math
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gtx.cli import predicted_columns
from gtx.cli.predicted_columns import words_in
from gtx.data import Dataset, Label
from gtx.data.columns import of_part
from gtx.data.labels import heading, known, parts_of

MOST_COLUMNS = 5
MOST_TARGETS = 24  # With more of them, their scores are written but not printed.


def print_scores(
    scores: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, float] | None,
    *,
    deviations: Mapping[str, Mapping[str, float]] | None = None,
    title: str = "Scores",
) -> None:
    """Print a table with a row for each split. Several targets get a second one, a row for each.

    With many metrics the table has a row for each of them, and a column for each split.

    Args:
      scores: metrics by split; `target/metric` is a metric of one target.
      baseline: the same of the random forest on the test part, or None.
      deviations: standard deviation of each score, or None.
      title: of the tables.
    """

    def cell(split: str, metric: str) -> str:
        found = deviations.get(split) if deviations else None
        return score(rows[split][metric]) + (f" ± {score(found[metric])}" if found else "")

    rows: dict[str, Mapping[str, float]] = dict(scores)
    if baseline is not None:
        rows["test, random forest"] = baseline
    together = {name: {k: v for k, v in row.items() if "/" not in k} for name, row in rows.items()}
    metrics = [
        # A mean over targets with different units is meaningless: the scaled one is shown instead.
        name
        for name in next(iter(together.values()))
        if f"scaled_{name}" not in next(iter(together.values()))
    ]
    console = Console()
    # Of more a terminal is not wide enough, and each metric gets a row.
    most = MOST_COLUMNS // 2 if deviations else MOST_COLUMNS
    if len(metrics) > most:
        table = Table("metric", title=title)
        for split in together:
            table.add_column(split, justify="right")
        for metric in metrics:
            table.add_row(metric, *(cell(split, metric) for split in together))
        console.print(table)
    elif metrics:  # a mixed label has only scores of its heads
        table = Table("split", title=title)
        for metric in metrics:
            table.add_column(metric, justify="right")
        for split in together:
            table.add_row(split, *(cell(split, metric) for metric in metrics))
        console.print(table)
    targets: dict[str, dict[str, dict[str, str]]] = {}
    for split, scored in rows.items():
        for key in scored:
            target, slash, metric = key.rpartition("/")
            if slash:
                targets.setdefault(split, {}).setdefault(target, {})[metric] = cell(split, key)
    if not targets:
        return
    first = next(iter(targets.values()))
    if len(first) > MOST_TARGETS:
        print(f"There are {len(first)} targets or classes. Their scores are in the JSON file.")
        return
    # Heads of several kinds have several metrics, and a table for each kind.
    for kind in dict.fromkeys(tuple(row) for row in first.values()):
        table = Table("split", "target", title=f"{title}, by target or class")
        for metric in kind:
            name = metric.replace("_", "\n") if len(kind) > MOST_COLUMNS else metric
            table.add_column(name, justify="right")
        for split, found in targets.items():
            for target, row in found.items():
                if tuple(row) == kind:
                    table.add_row(split, escape(target), *row.values())
            table.add_section()
        console.print(table)


def score(value: float | np.number) -> str:
    """Four digits after the point, four in all of a small one; a dash where it is undefined."""
    value = float(value)
    if not math.isfinite(value):
        return "-"
    return f"{value:.4g}" if 0 < abs(value) < 1e-3 else f"{value:.4f}"


def write_json(path: str | pathlib.Path, data: Mapping[str, Any]) -> None:
    """Write standard JSON with sorted keys, and null in place of NaN.

    Args:
      path: the file; "-" is standard output.
      data: may contain numpy numbers.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(entry) for entry in value]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    text = json.dumps(plain(data), indent=2, sort_keys=True, allow_nan=False)
    if path == "-":
        print(text)
    else:
        pathlib.Path(path).write_text(text + "\n")


def write_predictions(
    path: pathlib.Path,
    dataset: Dataset,
    predictions: np.ndarray,
    further: Mapping[str, list[str]] | None = None,
) -> None:
    """Write one row per target, in their order, with its label and its prediction.

    Columns: `id` and `name` of the graph; then the number of the target within its graph (`node` or
    `edge`, or `sender` and `receiver` of a pair); then `<target>_measured` and
    `<target>_predicted`, or for several classes `class_measured`, `class_predicted` and
    `<class>_probability`. Those of a mixed label have the name of their part. A missing label is an
    empty cell.

    Args:
      path: the file.
      dataset: what was predicted, with labels.
      predictions: [targets, dim]; or of each member of an ensemble, [members, targets, dim], which
        has the further columns of `gtx predict`.
      further: columns after the name, such as the fold of each target.
    """
    table, label = dataset.targets, dataset.spec.label
    assert label is not None and table.labels is not None
    labels, graph = table.labels, dataset.target_graph
    columns: dict[str, list[str]] = {"id": [str(number) for number in dataset.ids[graph]]}
    if dataset.names is not None:
        columns["name"] = [str(name) for name in dataset.names[graph]]
    if table.level != "graph":
        start = (dataset.edge_ptr if table.level == "edge" else dataset.node_ptr)[graph]
        headers = ("sender", "receiver") if table.level == "pair" else (table.level,)
        places = table.index.reshape(len(table), len(headers)) - start[:, None]
        for header, column in zip(headers, places.T, strict=True):
            columns[header] = [str(place) for place in column]
    columns |= further or {}
    if label.kind == "mixed":
        for part, own, _ in parts_of(label):
            found = _measured(part, of_part(labels[:, own], part))
            columns |= {heading(part, name): cells for name, cells in found.items()}
    else:
        columns |= _measured(label, labels)
    columns |= predicted_columns.columns(label, predictions)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _measured(label: Label, labels: np.ndarray) -> dict[str, list[str]]:
    """The columns of labels."""
    names = label.names or tuple(map(str, range(label.dim)))
    there, rows = known(labels, label), range(len(labels))
    if label.kind == "sequence":
        return {"words_measured": [words_in(label, row) for row in labels]}
    if label.kind == "multiclass":
        return {"class_measured": [names[labels[r]] if there[r, 0] else "" for r in rows]}
    text = cell if label.kind == "regression" else _truth
    return {
        f"{name}_measured": [text(labels[r, column]) for r in rows]
        for column, name in enumerate(names)
    }


def cell(value: float | np.number) -> str:
    """A float32 with the fewest digits that identify it; an empty text for NaN."""
    return "" if np.isnan(value) else str(np.float32(value))


def _truth(value: float | np.number) -> str:
    return "" if np.isnan(value) else str(int(value))
