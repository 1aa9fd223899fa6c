"""What the validation part says of a run's errors: fitted once, kept in its folder."""

import pathlib
import sys
from collections.abc import Sequence

import jax
import numpy as np

from gtx import Predictor
from gtx.cli.per_seed import params_sha256
from gtx.cli.predicted_columns import Asked
from gtx.cli.reading import UsageError
from gtx.data import Dataset
from gtx.recipes import provenance
from gtx.typing import PyTree
from gtx.uncertainty import Calibration
from gtx.uncertainty.calibration import FILE, training_errors


def fit(
    members: Sequence[PyTree],
    train: Dataset,
    valid: Dataset,
    of_train: np.ndarray,
    of_valid: np.ndarray,
) -> Calibration | None:
    """The calibration of a run; None if its label has none or nothing is known of it.

    Targets of weight 0 are left out.

    Args:
      members: `params` and `batch_stats` of each.
      train, valid: the parts.
      of_train, of_valid: what each member predicts for them, [members, targets, dim].
    """
    label, labels, counted = valid.spec.label, valid.targets.labels, valid.targets.counted
    if label is None or labels is None or label.kind == "sequence" or not counted.any():
        return None
    assert train.targets.labels is not None  # without labels nothing was trained
    seen = train.targets.counted
    floor = training_errors(label, of_train[:, seen], train.targets.labels[seen])
    return Calibration.fit(
        label, of_valid[:, counted], labels[counted], floor=floor, model=digest(members)
    )


def fit_folds(
    members: Sequence[PyTree], graphs: Dataset, predictions: np.ndarray, fold: np.ndarray
) -> Calibration | None:
    """The calibration of a run with folds; None if its label has none.

    Targets of weight 0 are left out.

    Args:
      members: `params` and `batch_stats` of the model of each fold.
      graphs: all of them.
      predictions: of each target by the model that did not see it, [targets, dim].
      fold: of each target.
    """
    label, labels = graphs.spec.label, graphs.targets.labels
    if label is None or labels is None or label.kind == "sequence":
        return None
    rows = graphs.targets.counted
    return Calibration.fit_folds(
        label, predictions[rows], labels[rows], fold[rows], model=digest(members)
    )


def digest(members: Sequence[PyTree]) -> str:
    """Says which parameters they are."""
    return " ".join(params_sha256(jax.tree.map(np.asarray, each)) for each in members)


def of_run(predictor: Predictor, workdir: str) -> Calibration:
    """The calibration in the folder of a run; fitted to the data of the run if it is not there.

    Raises:
      UsageError: the run has no validation part, or its label has no calibration; or it has folds,
        and its folder no uncertainty.json.
      OtherDataError: the data changed since the run.
    """
    wanted = digest(predictor.members)
    if (pathlib.Path(workdir) / FILE).exists():
        found = Calibration.load(workdir)
        if found.model == wanted:
            return found
    if len(predictor.each_recipe) > 1:
        raise UsageError(
            f"--interval and --calibrated read {pathlib.Path(workdir) / FILE}, which is not there "
            "or belongs to other models. Start the command that trained the folds again, which "
            "writes it at its end."
        )
    print("reading the data of the run, to see how large its errors are.", file=sys.stderr)
    prepared = provenance.read_again(predictor.recipe)
    for note in provenance.check_data(predictor.recipe, prepared, ("train", "valid")):
        print(f"note: {note}", file=sys.stderr)
    train, valid = prepared.dataset.part("train"), prepared.dataset.part("valid")
    predict = predictor.by_member
    fitted = None
    if len(valid):
        fitted = fit(predictor.members, train, valid, predict(train), predict(valid))
    if fitted is None:
        raise UsageError(
            "--interval and --calibrated need a validation part with labels of numbers or classes, "
            "and this run has none."
        )
    fitted.save(workdir)
    return fitted


def asked(
    predictor: Predictor, workdir: str, coverage: float | None, calibrated: bool
) -> Asked | None:
    """What the flags --interval and --calibrated ask for; notes say of which target it is unknown.

    Raises:
      UsageError: no target has enough labels for this coverage, or no target has probabilities.
    """
    if coverage is None and not calibrated:
        return None
    found = of_run(predictor, workdir)
    if coverage is not None:
        missing = found.too_few(coverage)
        if len(missing) == len(found.targets):
            reason = next(iter(missing.values()))
            raise UsageError(f"--interval={coverage:g}: {reason}")
        for name, reason in missing.items():
            print(f"note: target {name} has no interval: {reason}", file=sys.stderr)
    if calibrated:
        classes = [target for target in found.targets if target.kind != "regression"]
        if not classes:
            raise UsageError("--calibrated is for probabilities, and this model predicts none.")
        for target in classes:
            if target.temperature is None and target.platt is None:
                print(
                    f"note: target {target.name} has no calibrated probability: its labels in the "
                    "validation part are not of both classes.",
                    file=sys.stderr,
                )
    return Asked(found.targets, coverage, calibrated)
