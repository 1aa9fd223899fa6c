"""Bootstrap intervals against scores of gtx, and against what is known of a mean."""

import numpy as np
import pytest

from gtx.report import calibration
from gtx.report.intervals import intervals
from gtx.report.targets import Target
from gtx.tasks import metrics
from gtx.uncertainty.calibration import Fitted


def drawn(kind, rows=200):
    rng = np.random.default_rng(3)
    if kind == "regression":
        measured = rng.normal(size=rows)
        return measured, measured[:, None] + rng.normal(size=(rows, 1))
    if kind == "binary":
        said = np.round(rng.uniform(size=(rows, 1)), 1)  # many are equal
        return (rng.uniform(size=rows) < said[:, 0]).astype(float), said
    said = rng.dirichlet(np.ones(4), size=rows)
    return rng.integers(0, 4, rows).astype(float), said


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
def test_a_score_is_that_of_the_tasks_and_lies_in_its_interval(kind):
    measured, said = drawn(kind)
    labels = measured.astype(int) if kind == "multiclass" else measured[:, None]
    wanted = getattr(metrics, kind)(said, labels)
    found = intervals(kind, measured, said)
    assert len(found) == {"regression": 3, "binary": 3, "multiclass": 1}[kind]
    for metric, (value, low, high) in found.items():
        assert value == pytest.approx(wanted[metric], rel=1e-9), metric
        assert low < value < high
    assert found == intervals(kind, measured, said)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    measured, said = drawn("regression", 2000)
    _, low, high = intervals("regression", measured, said)["mae"]
    deviation = np.abs(said[:, 0] - measured).std() / np.sqrt(2000)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_too_few_rows_and_one_class_have_none():
    assert intervals("regression", np.arange(9.0), np.zeros((9, 1))) == {}
    found = intervals("binary", np.ones(20), np.linspace(0, 1, 20)[:, None])
    assert set(found) == {"accuracy"}


@pytest.mark.parametrize("deviation", [None, np.full(100, 0.5)])
def test_the_coverage_of_intervals_is_counted(deviation):
    errors = np.arange(1, 101) / 100
    fitted = Fitted(
        "logS", "regression", tuple(errors), tuple(errors) if deviation is not None else (), 0.5
    )
    target = Target(
        name="logS", kind="regression", prefix="", rows=("C",) * 100, molecules=True,
        measured=np.zeros(100), predicted=errors[:, None], deviation=deviation, classes=(),
        fitted=fitted,
    )  # fmt: skip
    found = calibration.coverage(target)
    # The k-th of 100 errors, k = ceil(101 coverage), holds k of the same errors.
    assert found.x.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    assert found.y.tolist() == [0.11, 0.21, 0.31, 0.41, 0.51, 0.61, 0.71, 0.81, 0.91, 0.96]
