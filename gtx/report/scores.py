"""Tables of the scores of a run."""

import dataclasses
import math
from collections.abc import Mapping

from gtx.report.intervals import intervals
from gtx.report.run import Run
from gtx.report.targets import Target

PLUS_MINUS = "\u00a0±\u00a0"  # with spaces at which no line breaks


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
      text: what it says.
      key: which score it has, such as "test/logS/rmse"; "" if it has none.
      value: the score in all its digits, or None.
    """

    text: str
    key: str = ""
    value: float | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """Headings, and rows of cells below them."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def number(value: float | None) -> str:
    """As the commands print it: four digits after the point, or a dash where it is undefined.

    Of very small and very large ones there are four digits in all.
    """
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"


def of_prefix(run: Run, prefix: str, ends: Mapping[str, tuple[float, float]]) -> Table | None:
    """The scores whose keys start with a prefix, a row for each metric; None without any.

    Args:
      run: whose they are.
      prefix: such as "logS/"; "" for the scores of all targets together.
      ends: of the intervals, by metric.
    """
    metrics = _metrics(run, prefix)
    if not metrics:
        return None
    name = "out_of_fold" if run.folds else "ensemble"
    ensemble, forest = run.metrics.get(name), run.metrics.get("baseline")
    last, rows = run.last_part, []
    headings = ["metric", *run.parts]
    headings += ["all rows" if run.folds else f"{last}, ensemble"] if ensemble else []
    headings += [f"95 % interval, {'all rows' if run.folds else last}"] if ends else []
    headings += ["test, random forest"] if forest else []
    for metric in metrics:
        key = prefix + metric
        cells = [Cell(metric)]
        for part in run.parts:
            value = run.metrics[part].get(key)
            deviation = run.metrics.get("deviations", {}).get(part, {}).get(key)
            text = number(value) + ("" if deviation is None else f"{PLUS_MINUS}{number(deviation)}")
            cells.append(Cell(text, f"{part}/{key}", value))
        if ensemble:
            cells.append(_cell(f"{name}/{last}/{key}", ensemble.get(last, {}).get(key)))
        if ends:
            low_high = ends.get(metric)
            cells.append(Cell(" to ".join(map(number, low_high)) if low_high else ""))
        if forest:
            cells.append(_cell(f"baseline/{key}", forest.get("test", {}).get(key)))
        rows.append(tuple(cells))
    return Table(tuple(headings), tuple(rows))


def of_others(run: Run, prefixes: list[str]) -> Table | None:
    """The scores of what has no part of its own on the page, such as each of the classes."""
    keys = [
        key
        for key in run.of_predictions
        if "/" in key and not any(prefix and key.startswith(prefix) for prefix in prefixes)
    ]
    if not keys:
        return None
    return Table(
        ("score", *run.parts),
        tuple(
            (Cell(key), *(_cell(f"{part}/{key}", run.metrics[part].get(key)) for part in run.parts))
            for key in keys
        ),
    )


def of_members(run: Run) -> Table | None:
    """The main metric of each of several seeds or folds, and what became of it; None for one."""
    members, word = (run.folds, "fold") if run.folds else (run.seeds, "seed")
    if not members:
        return None
    main = run.metrics.get("main_metric", "")
    rows = []
    for seed, found in sorted(members.items(), key=lambda item: int(item[0])):
        best = found.get("best_epoch")
        cells = [Cell(seed), Cell(str(found.get("epochs", "–")))]
        cells.append(Cell("–" if best is None else str(best)))
        for part in run.parts:
            cells.append(_cell(f"{word} {seed}/{part}/{main}", found.get(part, {}).get(main)))
        cells.append(Cell(f"diverged: {found['diverged']}" if found.get("diverged") else "trained"))
        rows.append(tuple(cells))
    headings = (word, "epochs", "best epoch", *(f"{part} {main}" for part in run.parts), "end")
    return Table(headings, tuple(rows))


def compared(runs: list[Run]) -> Table:
    """A row for each run."""
    rows = []
    for number_of, run in enumerate(runs):
        metric = run.metrics.get("main_metric", "")
        cells = [Cell(run.name), Cell(metric)]
        for part in ("valid", "test"):
            value = run.metrics.get(part, {}).get(metric)
            deviation = run.metrics.get("deviations", {}).get(part, {}).get(metric)
            text = number(value) + ("" if deviation is None else f"{PLUS_MINUS}{number(deviation)}")
            cells.append(Cell(text, f"run {number_of}/{part}/{metric}", value))
        for source, part in (("ensemble", "test"), ("baseline", "test")):
            value = (run.metrics.get(source) or {}).get(part, {}).get(metric)
            cells.append(_cell(f"run {number_of}/{source}/{metric}", value))
        cells.append(Cell(f"{len(run.folds)} folds" if run.folds else str(len(run.seeds) or 1)))
        cells.append(Cell(f"{run.metrics.get('parameters', 0):,}"))
        cells.append(Cell(f"{run.metrics.get('train_seconds', 0.0):.1f}"))
        rows.append(tuple(cells))
    headings = (
        "run", "metric", "valid", "test", "test, ensemble", "test, random forest", "seeds",
        "parameters", "training seconds",
    )  # fmt: skip
    return Table(headings, tuple(rows))


def ends_of(run: Run, target: Target) -> dict[str, tuple[float, float]]:
    """The ends of bootstrap intervals of a target, by metric.

    Rows of one graph are not independent, so there are none for nodes, edges and pairs. A score
    that does not follow from the rows of predictions.csv alone has none either.
    """
    if run.label is None or run.label.level != "graph":
        return {}
    found = {}
    for metric, (value, low, high) in intervals(
        target.kind, target.measured, target.predicted
    ).items():
        said = run.of_predictions.get(target.prefix + metric)
        if said is not None and math.isclose(value, said, rel_tol=1e-3, abs_tol=1e-4):
            found[metric] = (low, high)
    return found


def _metrics(run: Run, prefix: str) -> list[str]:
    """The metrics with this prefix. A mean over targets of unlike units is left out."""
    keys = [key for key in run.of_predictions if key.startswith(prefix)]
    metrics = [key.removeprefix(prefix) for key in keys]
    metrics = [metric for metric in metrics if "/" not in metric]
    return [metric for metric in metrics if f"scaled_{metric}" not in metrics]


def _cell(key: str, value: float | None) -> Cell:
    return Cell(number(value), key, value)
