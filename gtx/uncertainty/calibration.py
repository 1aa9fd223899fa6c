"""What a part that was not trained on says of the errors of a model, kept as JSON."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gtx.data.exact import DatasetError, record
from gtx.data.labels import column_names, known, parts_of
from gtx.data.spec import Label
from gtx.uncertainty import class_sets, conformal, cross, members, probabilities, residuals

FILE = "uncertainty.json"
MOST_FITTED = 100_000  # labels to which one or two numbers are fitted, chosen at random of more
MOST_SCORES = 10_000  # of a target; a random choice of so many gives a bound that is as right


@dataclasses.dataclass(frozen=True)
class Target:
    """A target: a column of the labels.

    Attributes:
      name: of the column.
      kind: regression, binary or multiclass; a target of a multilabel label is binary.
      labels: the column of the labels.
      outputs: the columns of the predictions.
    """

    name: str
    kind: str
    labels: int
    outputs: slice


def targets_of(label: Label) -> Iterator[Target]:
    """The targets of a label, in the order of its columns.

    Raises:
      ValueError: it is a sequence, whose errors are not measured here.
    """
    if label.kind == "sequence":
        raise ValueError("a sequence has neither an interval nor probabilities.")
    names = column_names(label)
    parts = [(label, slice(0, label.num_columns), slice(0, label.dim))]
    for part, columns, outputs in parts_of(label) if label.kind == "mixed" else parts:
        for place in range(columns.start, columns.stop):
            first = outputs.start + place - columns.start
            own = slice(first, first + 1)
            kind = "binary" if part.kind == "multilabel" else part.kind
            yield Target(names[place], kind, place, outputs if kind == "multiclass" else own)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """What is known of a target.

    Attributes:
      name, kind: see `Target`.
      scores: of each known label, rising: of regression the absolute errors, of classes 1 - p of
        the true one.
      scaled: of regression of an ensemble the errors divided by deviation + floor, rising; else
        empty.
      floor: see `residuals.scaled`; 0 without an ensemble.
      temperature: of multiclass, else None.
      platt: slope and offset of a binary target; None of others, and without both classes.
      folds: of the models of folds `scores` by fold, each rising; the members are the models that
        did not see it. Else empty.
    """

    name: str
    kind: str
    scores: tuple[float, ...]
    scaled: tuple[float, ...] = ()
    floor: float = 0.0
    temperature: float | None = None
    platt: tuple[float, float] | None = None
    folds: tuple[tuple[float, ...], ...] = ()

    def interval(
        self, predictions: np.ndarray, coverage: float, *, by_deviation: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper end of the interval of each target, float64 [targets].

        Args:
          predictions: of this target by each member, [members, targets].
          coverage: the probability that it holds the measured value; of folds see
            `gtx.uncertainty.cross`.
          by_deviation: of an ensemble, whether it is wider where members disagree.

        Raises:
          conformal.TooFewError: there are too few scores for this coverage.
          ValueError: the target is no regression, or was fitted to another number of members.
        """
        if self.kind != "regression":
            raise ValueError(f"target {self.name} is {self.kind}, which has sets of classes.")
        if self.folds:
            return cross.interval(self.folds, predictions, coverage)
        mean = members.mean(predictions[:, :, None])[:, 0].astype(np.float64)
        if self.scaled and by_deviation:
            half = conformal.bound(np.array(self.scaled), coverage) * (
                members.deviation(predictions[:, :, None])[:, 0].astype(np.float64) + self.floor
            )
        else:
            half = np.full(len(mean), conformal.bound(np.array(self.scores), coverage))
        return mean - half, mean + half

    def classes(self, predictions: np.ndarray, coverage: float) -> np.ndarray:
        """The classes in the set of each target, bool [targets, classes]; binary: false, true.

        Args:
          predictions: probabilities by each member, [members, targets, outputs].
          coverage: the probability that the set holds the true class; of folds see
            `gtx.uncertainty.cross`.

        Raises:
          conformal.TooFewError: there are too few scores for this coverage.
          ValueError: the target is regression.
        """
        if self.kind == "regression":
            raise ValueError(f"target {self.name} is regression, which has an interval.")
        if self.folds:
            each = np.stack([1 - of_classes(one.astype(np.float64)) for one in predictions])
            return cross.within(self.folds, each, coverage)
        limit = conformal.bound(np.array(self.scores), coverage)
        mean = members.mean(predictions).astype(np.float64)
        return class_sets.within(of_classes(mean), limit)

    def calibrated(self, predictions: np.ndarray) -> np.ndarray | None:
        """Calibrated probabilities, float64 [targets, outputs]; None if they are not known.

        Of folds it is the mean of the calibrated probabilities of all models: what is known is of
        single models. Their mean may be right more often than it says.

        Args:
          predictions: probabilities by each member, [members, targets, outputs].
        """
        each = predictions if self.folds else members.mean(predictions)[None]
        if self.temperature is not None:
            found = [probabilities.at_temperature(one, self.temperature) for one in each]
        elif self.platt is not None:
            found = [probabilities.after_platt(one[:, 0], *self.platt)[:, None] for one in each]
        else:
            return None
        return np.mean(found, axis=0)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What is known of each target of a model, from a part that it was not trained on.

    Attributes:
      targets: in the order of the columns of the label.
      model: says which parameters it belongs to; "" if nobody asks.
    """

    targets: tuple[Fitted, ...]
    model: str = ""

    @classmethod
    def fit(
        cls,
        label: Label,
        predictions: np.ndarray,
        labels: np.ndarray,
        *,
        floor: np.ndarray | None = None,
        model: str = "",
    ) -> "Calibration":
        """What labels say of predictions.

        Args:
          label: their description.
          predictions: of each member, [members, targets, dim], of targets that it was not trained
            on.
          labels: of these targets.
          floor: [dim], of an ensemble: what is added to deviations between members, see
            `training_errors`.
          model: see the attribute.
        """
        there = known(labels, label)
        columns = labels.reshape(len(labels), -1)
        found = []
        for target in targets_of(label):
            rows = there[:, target.labels]
            said, measured = predictions[:, rows, target.outputs], columns[rows, target.labels]
            if target.kind != "regression":
                found.append(_of_classes(target, members.mean(said), measured.astype(np.int64)))
                continue
            least = 0.0 if floor is None else float(floor[target.outputs][0])
            found.append(_of_regression(target, said[:, :, 0], measured, least))
        return cls(tuple(found), model)

    @classmethod
    def fit_folds(
        cls,
        label: Label,
        predictions: np.ndarray,
        labels: np.ndarray,
        fold: np.ndarray,
        *,
        model: str = "",
    ) -> "Calibration":
        """What the labels of all folds say of the models that did not see them.

        Args:
          label: their description.
          predictions: of each target by the model that did not see it, [targets, dim].
          labels: of these targets.
          fold: of each target, from 0.
          model: see the attribute.
        """
        there, columns = known(labels, label), labels.reshape(len(labels), -1)
        found, count = [], int(fold.max()) + 1
        for target in targets_of(label):
            rows = there[:, target.labels]
            said, measured = predictions[rows][:, target.outputs], columns[rows, target.labels]
            if target.kind == "regression":
                fitted = _of_regression(target, said[None, :, 0], measured, 0.0)
                scores = residuals.absolute(said[:, 0].astype(np.float64), measured)
            else:
                classes = measured.astype(np.int64)
                fitted = _of_classes(target, said, classes)
                scores = class_sets.scores(of_classes(said.astype(np.float64)), classes)
            # Of all folds together: each keeps its share of the scores, however large it is.
            kept = _chosen(len(scores), MOST_SCORES)
            scores, its = scores[kept], fold[rows][kept]
            by_fold = tuple(_rising(scores[its == number]) for number in range(count))
            found.append(dataclasses.replace(fitted, folds=by_fold))
        return cls(tuple(found), model)

    def too_few(self, coverage: float) -> dict[str, str]:
        """The targets that have too few labels for this coverage, and the reasons."""
        reasons = {}
        for target in self.targets:
            try:
                conformal.bound(np.array(target.scores), coverage)
            except conformal.TooFewError as error:
                reasons[target.name] = str(error)
        return reasons

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` builds an equal one."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> "Calibration":
        """What `to_json` wrote.

        Raises:
          DatasetError: names what is missing or unknown.
        """
        data = record(data, "calibration", required=("targets", "model"))
        names = [field.name for field in dataclasses.fields(Fitted)]
        targets = []
        for place, entry in enumerate(data["targets"]):
            where, required = f"calibration.targets[{place}]", [n for n in names if n != "folds"]
            entry = record(entry, where, required=required, optional=names)
            lists: Mapping[str, Any] = {
                name: None if entry[name] is None else tuple(entry[name])
                for name in ("scores", "scaled", "platt")
            }
            folds = tuple(tuple(scores) for scores in entry.get("folds", ()))
            targets.append(Fitted(**{**entry, **lists, "folds": folds}))
        return cls(tuple(targets), str(data["model"]))

    def save(self, workdir: str | os.PathLike[str]) -> None:
        """Write it into the folder of a run."""
        path = pathlib.Path(workdir) / FILE
        aside = path.with_name(f".{FILE}.tmp")
        aside.write_text(json.dumps(self.to_json(), allow_nan=False) + "\n")
        os.replace(aside, path)

    @classmethod
    def load(cls, workdir: str | os.PathLike[str]) -> "Calibration":
        """What `save` wrote into the folder of a run.

        Raises:
          FileNotFoundError: there is none.
          DatasetError: it cannot be read.
        """
        path = pathlib.Path(workdir) / FILE
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise DatasetError(f"{path}: {error!s:.300} Delete it; it is made anew.") from error


def training_errors(label: Label, predictions: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """The root mean square error of each regression output on the training part, [dim].

    It is the `floor` of an ensemble: what is left of the error where members agree. It is too small
    for a new target, which the bound makes up for. It comes from the training part because it must
    not depend on the part to which the bound is fitted.

    Args:
      label: of the predictions.
      predictions: of each member for the training part, [members, targets, dim].
      labels: of the training part.

    Returns:
      None for one member. Outputs that are no regression have 0.
    """
    if len(predictions) < 2:
        return None
    mean = members.mean(predictions).astype(np.float64)
    there, columns = known(labels, label), labels.reshape(len(labels), -1)
    found = np.zeros(predictions.shape[2])
    for target in targets_of(label):
        rows = there[:, target.labels]
        if target.kind == "regression" and rows.any():
            errors = columns[rows, target.labels] - mean[rows, target.outputs.start]
            # A model that made no error would leave nothing to add.
            least = float(np.finfo(np.float32).tiny)
            found[target.outputs] = max(float(np.sqrt(np.mean(errors**2))), least)
    return found


def of_classes(probabilities: np.ndarray) -> np.ndarray:
    """The probabilities of all classes [targets, classes]; those of a binary target are two."""
    if probabilities.shape[1] != 1:
        return probabilities
    return np.concatenate([1 - probabilities, probabilities], axis=1)


def _of_regression(
    target: Target, predictions: np.ndarray, measured: np.ndarray, floor: float
) -> Fitted:
    mean = members.mean(predictions[:, :, None])[:, 0].astype(np.float64)
    errors, relative = residuals.absolute(mean, measured), np.zeros(0)
    if floor > 0:
        deviation = members.deviation(predictions[:, :, None])[:, 0].astype(np.float64)
        relative = residuals.scaled(mean, measured, deviation, floor)
    return Fitted(target.name, "regression", _kept(errors), _kept(relative), floor)


def _of_classes(target: Target, mean: np.ndarray, measured: np.ndarray) -> Fitted:
    scores = _kept(class_sets.scores(of_classes(mean.astype(np.float64)), measured))
    rows = _chosen(len(measured), MOST_FITTED)  # there are more with all nodes of many graphs
    mean, measured = mean[rows], measured[rows]
    if target.kind == "multiclass":
        temperature = probabilities.temperature(mean, measured) if len(measured) else None
        return Fitted(target.name, target.kind, scores, temperature=temperature)
    both = 0 < measured.sum() < len(measured)
    platt = probabilities.platt(mean[:, 0], measured == 1) if both else None
    return Fitted(target.name, target.kind, scores, platt=platt)


def _kept(scores: np.ndarray) -> tuple[float, ...]:
    """At most `MOST_SCORES` of them, rising."""
    return _rising(scores[_chosen(len(scores), MOST_SCORES)])


def _chosen(count: int, most: int) -> np.ndarray:
    """The numbers below `count`, or a random choice of `most` of them."""
    if count <= most:
        return np.arange(count)
    return np.random.default_rng(0).choice(count, most, replace=False)


def _rising(scores: np.ndarray) -> tuple[float, ...]:
    """Rising, in seven digits."""
    return tuple(float(f"{score:.7g}") for score in np.sort(scores))
