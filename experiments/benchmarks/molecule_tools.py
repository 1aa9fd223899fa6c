"""The tools that docs/chemprop.md compares.

Each trains on a CSV with the columns "smiles", one for each target and "split" (train, val or
test). A program then predicts the molecules of another CSV and writes one, in the same order.
"""

import csv
import dataclasses
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gtx.data import molecules

DATA = "molecules.csv"


@dataclasses.dataclass(frozen=True)
class Problem:
    """What a tool is to learn.

    Attributes:
      folder: where the CSV is, and where the tool writes.
      targets: names of columns.
      kind: regression | classification.
      seed: of the tool's random numbers.
    """

    folder: pathlib.Path
    targets: tuple[str, ...]
    kind: str
    seed: int

    def rows(self) -> list[dict[str, str]]:
        return read(self.folder / DATA)


@dataclasses.dataclass(frozen=True)
class Program:
    """A tool of the shell.

    Attributes:
      about: for the table.
      train: its command for a problem.
      predict: its command that reads the first file and writes the second.
      column: the column that holds the predictions of a target.
    """

    about: str
    train: Callable[[Problem], list[str]]
    predict: Callable[[Problem, pathlib.Path, pathlib.Path], list[str]]
    column: Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Trees:
    """Trees of scikit-learn on counts of Morgan fingerprints and all descriptors of RDKit.

    They choose nothing by the validation part, and are trained on it too.
    """

    about: str
    regressor: Callable[[int], Any]
    classifier: Callable[[int], Any]

    def predictions(self, problem: Problem) -> np.ndarray:
        """Of the test part, float64 [molecules, targets]; trees of its own for each target."""
        rows = problem.rows()
        given, wanted = fingerprints(rows), labels(rows, problem.targets)
        test = np.array([row["split"] == "test" for row in rows])
        classes = problem.kind == "classification"
        found = []
        for column in wanted.T:
            known = ~test & np.isfinite(column)
            model = (self.classifier if classes else self.regressor)(problem.seed)
            model.fit(given[known], column[known])
            found.append(
                model.predict_proba(given[test])[:, 1] if classes else model.predict(given[test])
            )
        return np.stack(found, axis=1)


def tools(chemprop: str) -> dict[str, Program | Trees]:
    """By name. `chemprop` is the path of the program of that name."""
    from sklearn import ensemble

    descriptors = ["--molecule-featurizers", "v1_rdkit_2d_normalized", "--no-descriptor-scaling"]
    return {
        "gtx": _gtx("gtx, configs/csv_molecules.py", "gtx", []),
        # As many as chemprop trains.
        "gtx_50": _gtx("gtx, 50 epochs", "gtx_50", ["--config.training.num_epochs=50"]),
        "chemprop": _chemprop("chemprop, its defaults", chemprop, "chemprop", []),
        "chemprop_descriptors": _chemprop(
            "chemprop with RDKit's descriptors", chemprop, "chemprop_descriptors", descriptors
        ),
        "forest": Trees(
            "random forest",
            lambda seed: ensemble.RandomForestRegressor(500, n_jobs=-1, random_state=seed),
            lambda seed: ensemble.RandomForestClassifier(500, n_jobs=-1, random_state=seed),
        ),
        "boosting": Trees(
            "gradient boosting",
            lambda seed: ensemble.HistGradientBoostingRegressor(random_state=seed),
            lambda seed: ensemble.HistGradientBoostingClassifier(random_state=seed),
        ),
    }


def _gtx(about: str, name: str, more: Sequence[str]) -> Program:
    def train(problem: Problem) -> list[str]:
        kind = "regression"
        if problem.kind == "classification":
            kind = "multilabel" if len(problem.targets) > 1 else "binary"
        targets = ",".join(f'"{target}"' for target in problem.targets)
        return [
            *(sys.executable, "-m", "gtx", "train", "--config=configs/csv_molecules.py"),
            f"--config.data.path={problem.folder / DATA}",
            f"--config.data.target={targets}",
            f"--config.data.kind={kind}",
            "--config.data.split=column",
            f"--config.seed={problem.seed}",
            *more,
            f"--workdir={problem.folder / name}",
        ]

    def predict(problem: Problem, given: pathlib.Path, written: pathlib.Path) -> list[str]:
        run = f"--workdir={problem.folder / name}"
        files = [f"--input={given}", f"--output={written}"]
        return [sys.executable, "-m", "gtx", "predict", run, *files]

    return Program(about, train, predict, "{}_predicted".format)


def _chemprop(about: str, program: str, name: str, more: Sequence[str]) -> Program:
    def train(problem: Problem) -> list[str]:
        return [
            *(program, "train", "--data-path", str(problem.folder / DATA)),
            *("--smiles-columns", "smiles", "--target-columns", *problem.targets),
            *("--splits-column", "split", "--task-type", problem.kind),
            *("--pytorch-seed", str(problem.seed), "--output-dir", str(problem.folder / name)),
            *more,
        ]

    def predict(problem: Problem, given: pathlib.Path, written: pathlib.Path) -> list[str]:
        return [
            *(program, "predict", "--test-path", str(given), "--smiles-columns", "smiles"),
            *("--model-paths", str(problem.folder / name), "--preds-path", str(written)),
            *more,
        ]

    return Program(about, train, predict, str)


def read(path: pathlib.Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write(path: pathlib.Path, rows: Sequence[dict[str, Any]]) -> None:
    """A CSV of rows with the same columns."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def labels(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> np.ndarray:
    """Float64 [rows, columns]; an empty cell is NaN."""
    return np.array([[float(row[name] or "nan") for name in columns] for row in rows])


def fingerprints(rows: Sequence[dict[str, str]]) -> np.ndarray:
    """Counts and descriptors, float32 [rows, features]; NaN where one is not defined."""
    smiles = [row["smiles"] for row in rows]
    found = np.concatenate([molecules.morgan_counts(smiles), molecules.descriptors(smiles)], axis=1)
    largest = float(np.finfo(np.float32).max)  # some descriptors are greater
    return np.clip(found, -largest, largest).astype(np.float32)


def score(predictions: np.ndarray, wanted: np.ndarray, kind: str) -> float:
    """RMSE, or the mean ROC AUC of the targets that have both classes; unknown labels are NaN."""
    from sklearn import metrics

    if not np.isfinite(predictions).all():
        raise ValueError("a molecule has no prediction.")
    if kind == "regression":
        known = np.isfinite(wanted)
        return float(np.sqrt(np.mean((predictions - wanted)[known] ** 2)))
    areas = []
    for values, column in zip(predictions.T, wanted.T, strict=True):
        known = np.isfinite(column)
        if len(set(column[known])) == 2:
            areas.append(metrics.roc_auc_score(column[known], values[known]))
    return float(np.mean(areas))
