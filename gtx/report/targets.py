"""The targets of a run with what was measured and predicted, from predictions.csv."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gtx.data import Label
from gtx.data.labels import column_names, heading
from gtx.report.run import Run
from gtx.uncertainty.calibration import Fitted

_PLACES = ("node", "edge", "sender", "receiver")


@dataclasses.dataclass(frozen=True)
class Target:
    """A target with its known rows.

    Attributes:
      name: of the target.
      kind: regression, binary or multiclass.
      prefix: what its keys start with in the scores, such as "logS/"; "" of the only target.
      rows: the name of each row: the molecule, or the number of the graph and of the node.
      molecules: whether a row is a graph with a name, which may be a SMILES.
      measured: float64 [rows]; of multiclass the number of the class.
      predicted: float64 [rows, outputs]: a value, the probability of 1, or that of each class.
      deviation: between members of an ensemble, float64 [rows] of regression, or None.
      classes: their names, of multiclass.
      fitted: what the validation part says of its errors, or None.
    """

    name: str
    kind: str
    prefix: str
    rows: tuple[str, ...]
    molecules: bool
    measured: np.ndarray
    predicted: np.ndarray
    deviation: np.ndarray | None
    classes: tuple[str, ...]
    fitted: Fitted | None

    @property
    def errors(self) -> np.ndarray:
        """How wrong each row is: |error|, or 1 - the probability of what was measured."""
        if self.kind == "multiclass":
            return 1 - self.predicted[np.arange(len(self.measured)), self.measured.astype(int)]
        return np.abs(self.predicted[:, 0] - self.measured)


def targets(run: Run) -> list[Target]:
    """The targets whose columns predictions.csv has, in their order."""
    if run.label is None or not run.rows or run.label.kind == "sequence":
        return []
    names = [_name_of(row) for row in run.rows]
    molecules = "name" in run.rows[0] and not any(place in run.rows[0] for place in _PLACES)
    fitted = dict(enumerate(run.calibration.targets)) if run.calibration else {}
    if run.last_part == "valid":
        fitted = {}  # on the labels that they were fitted to intervals always hold what they say
    mixed = run.label.kind == "mixed"
    every = column_names(run.label)
    found, place = [], 0
    for part in run.label.parts if mixed else (run.label,):
        for kind, columns in _columns(part, mixed):
            name = every[place]
            target = _target(run, name, kind, columns, names, molecules, fitted.get(place))
            found += [] if target is None else [target]
            place += 1
    return found


def _columns(part: Label, mixed: bool) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The kind of each target of a label, and its columns."""

    def headed(column: str) -> str:
        return heading(part, column) if mixed else column

    names = part.names or tuple(map(str, range(part.dim)))
    if part.kind == "multiclass":
        outputs = [headed(f"{name}_probability") for name in names]
        measured = [headed("class_measured")]
        yield "multiclass", dict(measured=measured, predicted=outputs, classes=list(names))
        return
    for name in names:
        kind = "regression" if part.kind == "regression" else "binary"
        yield (
            kind,
            {
                end: [headed(f"{name}_{end}")]
                for end in ("measured", "predicted", *(["std"] if kind == "regression" else []))
            },
        )


def _target(
    run: Run,
    name: str,
    kind: str,
    columns: Mapping[str, Sequence[str]],
    names: Sequence[str],
    molecules: bool,
    fitted: Fitted | None,
) -> Target | None:
    """A target, or None if predictions.csv has not its columns."""
    if not {*columns["measured"], *columns["predicted"]} <= set(run.rows[0]):
        return None
    classes = tuple(columns.get("classes", ()))
    number = {text: str(place) for place, text in enumerate(classes)}
    (column,) = columns["measured"]
    cells = [row[column] for row in run.rows]
    measured = _numbers([number.get(cell, "") for cell in cells] if classes else cells)
    predicted = np.stack(
        [_numbers([row[each] for row in run.rows]) for each in columns["predicted"]], axis=1
    )
    known = np.isfinite(measured) & np.isfinite(predicted).all(axis=1)
    deviation = None
    if columns.get("std", [""])[0] in run.rows[0]:
        deviation = _numbers([row[columns["std"][0]] for row in run.rows])[known]
    prefix = f"{name}/"
    own = any(key.startswith(prefix) for key in run.of_predictions)
    return Target(
        name=name,
        kind=kind,
        prefix=prefix if own and not (classes and run.label and run.label.kind != "mixed") else "",
        rows=tuple(text for text, there in zip(names, known, strict=True) if there),
        molecules=molecules,
        measured=measured[known],
        predicted=predicted[known],
        deviation=deviation,
        classes=classes,
        fitted=fitted if fitted is not None and fitted.kind == kind else None,
    )


def _numbers(texts: Sequence[str]) -> np.ndarray:
    return np.array([float(text) if text else np.nan for text in texts], np.float64)


def _name_of(row: Mapping[str, str]) -> str:
    places = [f"{place} {row[place]}" for place in _PLACES if place in row]
    return ", ".join([row.get("name") or f"graph {row.get('id', '?')}", *places])
