"""What the folder of a finished run holds, as a page shows it."""

import csv
import dataclasses
import json
import pathlib
from typing import Any

from gtx.data import GraphSpec, Label
from gtx.data.exact import DatasetError
from gtx.training.folders import fold_folders
from gtx.uncertainty.calibration import FILE, Calibration

PARTS = ("train", "valid", "test", "test without repeats")
MOST_BYTES = 2**25  # of a predictions.csv that is read, which takes ten times as much memory


class ReportError(ValueError):
    """A folder is not that of a finished run, or a file in it cannot be read."""


@dataclasses.dataclass(frozen=True)
class Run:
    """The files of a run.

    Attributes:
      name: what it is called on the page.
      metrics: of metrics.json.
      history: the lines of metrics.jsonl, one for each epoch and seed or fold.
      timing: the lines of timing.jsonl, one for each epoch.
      rows: of predictions.csv, by column; empty if there is none.
      label: what was predicted; None if no checkpoint says so.
      content: hashes of the data, by part.
      calibration: of uncertainty.json, or None.
      too_large: whether there is a predictions.csv of more than `MOST_BYTES`, which is not read.
    """

    name: str
    metrics: dict[str, Any]
    history: tuple[dict[str, Any], ...] = ()
    timing: tuple[dict[str, Any], ...] = ()
    rows: tuple[dict[str, str], ...] = ()
    label: Label | None = None
    content: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    calibration: Calibration | None = None
    too_large: bool = False

    @property
    def parts(self) -> list[str]:
        """The parts of the data that have scores."""
        return [part for part in PARTS if part in self.metrics]

    @property
    def last_part(self) -> str:
        """The part of predictions.csv."""
        found = [part for part in PARTS[:3] if part in self.metrics]
        return "test" if "test" in found or not found else found[-1]

    @property
    def seeds(self) -> dict[str, dict[str, Any]]:
        """What is said of each of several seeds; empty for one."""
        return self.metrics.get("seeds", {})

    @property
    def folds(self) -> dict[str, dict[str, Any]]:
        """What is said of each fold of a run with folds; else empty."""
        return self.metrics.get("folds", {})

    @property
    def where(self) -> str:
        """The part of predictions.csv, in words."""
        return "test parts of all folds" if self.folds else f"{self.last_part} part"

    @property
    def of_predictions(self) -> dict[str, float | None]:
        """The scores of the predictions in predictions.csv.

        They are those of an ensemble if it is one, and of a run with folds those of all rows, each
        predicted by the model that did not see it.
        """
        if self.folds:
            return self.metrics["out_of_fold"]["test"]
        return self.metrics.get("ensemble", self.metrics).get(self.last_part, {})


def read(folder: pathlib.Path, name: str) -> Run:
    """The files of a run.

    Args:
      folder: of the run.
      name: what it is called on the page.

    Raises:
      ReportError: it is not the folder of a finished run, or a file cannot be read.
    """
    if not (folder / "metrics.json").is_file():
        raise ReportError(
            f"{folder} has no metrics.json, which a run writes at its end. Give the folder of a "
            "finished run; of several seeds or folds the folder that holds theirs."
        )
    (metrics,) = _json(folder / "metrics.json", lines=False)
    recipe = _recipe(folder)
    content = recipe.get("content") or {}
    for place in fold_folders(folder) if metrics.get("folds") else ():
        recipe = _recipe(place)
        content[place.name] = (recipe.get("content") or {}).get("test", {})
    label = None
    if "spec" in recipe:
        try:
            label = GraphSpec.from_json(recipe["spec"]).label
        except (DatasetError, TypeError) as error:
            raise ReportError(f"the recipe in {folder} cannot be read: {error}") from error
    try:
        calibration = Calibration.load(folder) if (folder / FILE).exists() else None
    except DatasetError as error:
        raise ReportError(str(error)) from error
    predictions = folder / "predictions.csv"
    too_large = predictions.exists() and predictions.stat().st_size > MOST_BYTES
    return Run(
        name=name,
        metrics=metrics,
        history=tuple(_json(folder / "metrics.jsonl", lines=True)),
        timing=tuple(_json(folder / "timing.jsonl", lines=True)),
        rows=() if too_large else _rows(predictions),
        label=label,
        content=content,
        calibration=calibration,
        too_large=too_large,
    )


def _recipe(folder: pathlib.Path) -> dict[str, Any]:
    """The recipe in the checkpoints of a folder; empty without any."""
    paths = sorted(folder.glob("checkpoints/*/recipe.json"))
    return _json(paths[-1], lines=False)[0] if paths else {}


def _json(path: pathlib.Path, *, lines: bool) -> list[dict[str, Any]]:
    """The objects in a file: one, or one in each line; none if there is no such file."""
    if not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8")
        found = [json.loads(part) for part in (text.splitlines() if lines else [text])]
    except ValueError as error:
        raise ReportError(f"{path} cannot be read: {error!s:.200}.") from error
    if not all(isinstance(entry, dict) for entry in found):
        raise ReportError(f"{path} cannot be read: it is not a JSON object.")
    return found


def _rows(path: pathlib.Path) -> tuple[dict[str, str], ...]:
    if not path.exists():
        return ()
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
