import json

import numpy as np
import pytest

from gtx.data import DatasetError, Label
from gtx.data.spec import mixed_label
from gtx.uncertainty import Calibration, TooFewError, calibration, conformal

NAN = np.nan
LABEL = mixed_label(
    [
        Label("graph", "regression", 2, ("logS", "pKa"), name="values"),
        Label("graph", "binary", 1, ("toxic",), name="toxic"),
        Label("graph", "multiclass", 3, ("a", "b", "c"), name="colour"),
    ]
)


def data(count=200, members=3, seed=0):
    """Predictions of a mixed label and its labels, of which a fifth are missing."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), size=(members, count))
    said = np.concatenate([rng.normal(size=(members, count, 2)), p[:, :, :1], p], axis=2)
    labels = np.concatenate(
        [
            said.mean(0)[:, :2] + rng.normal(size=(count, 2)) * (1.0, 10.0),
            rng.integers(0, 2, (count, 1)),
            rng.integers(0, 3, (count, 1)),
        ],
        axis=1,
    )
    labels[rng.random(labels.shape) < 0.2] = NAN
    return said.astype(np.float32), labels.astype(np.float32)


def test_each_target_of_a_mixed_label_is_fitted_to_its_own_known_labels():
    said, labels = data()
    floor = calibration.training_errors(LABEL, said, labels)
    found = Calibration.fit(LABEL, said, labels, floor=floor, model="x")
    kinds = [(target.name, target.kind) for target in found.targets]
    assert kinds == [
        ("values logS", "regression"),
        ("values pKa", "regression"),
        ("toxic", "binary"),
        ("colour", "multiclass"),
    ]
    mean, deviation = said.mean(0), said.std(0, ddof=1)
    for place, target in enumerate(found.targets):
        there = ~np.isnan(labels[:, place])
        assert len(target.scores) == there.sum()
        if target.kind == "regression":
            errors = np.abs(labels[there, place] - mean[there, place])
            np.testing.assert_allclose(target.scores, np.sort(errors), rtol=1e-5, atol=1e-6)
            assert target.floor == pytest.approx(np.sqrt(np.mean(errors**2)))
            own = said[:, :, place]
            low, high = target.interval(own, 0.8)
            inside = (low <= labels[:, place]) & (labels[:, place] <= high)
            assert inside[there].mean() == pytest.approx(0.8, abs=0.02)
            half = conformal.bound(np.array(target.scaled), 0.8)
            np.testing.assert_allclose(
                high - low, 2 * half * (deviation[:, place] + target.floor), rtol=1e-5
            )
            low, high = target.interval(own, 0.8, by_deviation=False)
            assert np.ptp(high - low) < 1e-5
            with pytest.raises(ValueError, match="which has an interval"):
                target.classes(said, 0.8)
        else:
            outputs = slice(2, 3) if target.kind == "binary" else slice(3, 6)
            sets = target.classes(said[:, :, outputs], 0.8)
            true = labels[there, place].astype(int)
            assert sets[there][np.arange(len(true)), true].mean() == pytest.approx(0.8, abs=0.02)
            with pytest.raises(ValueError, match="which has sets of classes"):
                target.interval(said[:, :, 0], 0.8)
    calibrated = found.targets[3].calibrated(said[:, :, 3:])
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    assert found.targets[2].calibrated(said[:, :, 2:3]).shape == (200, 1)


def test_what_is_written_is_read_again(tmp_path):
    said, labels = data(count=12)
    found = Calibration.fit(
        LABEL, said, labels, floor=calibration.training_errors(LABEL, said, labels)
    )
    found.save(tmp_path)
    assert Calibration.load(tmp_path) == found
    path = tmp_path / calibration.FILE
    changed = json.loads(path.read_text())
    del changed["targets"][1]["floor"]
    path.write_text(json.dumps(changed))
    with pytest.raises(DatasetError, match=r"targets\[1\] lacks \['floor'\].*made anew"):
        Calibration.load(tmp_path)
    path.write_text("[")
    with pytest.raises(DatasetError, match="made anew"):
        Calibration.load(tmp_path)


def test_too_few_labels_are_told_by_target():
    said, labels = data(count=8)
    labels[:, 1], labels[:7, 2] = NAN, NAN
    labels[:, 0] = np.arange(8)
    found = Calibration.fit(LABEL, said, labels)
    assert "values logS" not in found.too_few(0.8)
    reasons = found.too_few(0.9)
    assert reasons["values pKa"].endswith(
        "needs 9 labels that were not trained on, and there are 0. Give more."
    )
    assert "at most 0.889" in reasons["values logS"]
    with pytest.raises(TooFewError):
        found.targets[1].interval(said[:, :, 1], 0.5)
    assert found.targets[2].platt is None and found.targets[2].calibrated(said[:, :, 2:3]) is None


def test_classes_have_their_own_missing_label():
    label = Label("graph", "multiclass", 2, ("no", "yes"))
    p = np.array([[[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]]], np.float32)
    (target,) = Calibration.fit(label, p, np.array([0, 0, -1], np.int32)).targets
    np.testing.assert_allclose(target.scores, [0.1, 0.7], rtol=1e-6)


def test_many_scores_are_thinned_at_random(monkeypatch):
    monkeypatch.setattr(calibration, "MOST_SCORES", 1000)
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(5000, 1)).astype(np.float32)
    label = Label("graph", "regression", 1, ("y",))
    (target,) = Calibration.fit(label, np.zeros((1, 5000, 1), np.float32), labels).targets
    assert len(target.scores) == 1000
    low, high = target.interval(np.zeros((1, 1), np.float32), 0.9)
    assert high - low == pytest.approx(2 * 1.645, rel=0.1)


def test_unequal_folds_keep_their_shares_of_the_scores(monkeypatch):
    monkeypatch.setattr(calibration, "MOST_SCORES", 1000)
    fold = np.repeat([0, 1, 2], [3000, 1900, 100])
    # The errors of the smallest fold are the largest: weighed too much, they widen all intervals.
    labels = np.where(fold == 2, 100.0, np.linspace(0, 1, 5000))[:, None].astype(np.float32)
    label = Label("graph", "regression", 1, ("y",))
    predictions = np.zeros((5000, 1), np.float32)
    (target,) = Calibration.fit_folds(label, predictions, labels, fold).targets
    sizes = [len(each) for each in target.folds]
    assert sum(sizes) == 1000 and sizes == pytest.approx([600, 380, 20], abs=40)
    low, high = target.interval(np.zeros((3, 1), np.float32), 0.9)
    assert high - low < 3


def test_numbers_are_fitted_to_some_of_many_labels(monkeypatch):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), size=(1, 5000)).astype(np.float32)
    classes = (rng.random((5000, 1)) > p[0].cumsum(axis=1)).sum(axis=1).clip(max=2)
    label = Label("graph", "multiclass", 3)
    (every,) = Calibration.fit(label, p, classes.astype(np.int32)).targets
    monkeypatch.setattr(calibration, "MOST_FITTED", 2000)
    (some,) = Calibration.fit(label, p, classes.astype(np.int32)).targets
    assert some.scores == every.scores and some.temperature != every.temperature
    assert some.temperature == pytest.approx(1.0, abs=0.1)


def test_a_sequence_has_no_calibration():
    label = Label("graph", "sequence", 4, ("a", "b"), positions=1, longest=1)
    with pytest.raises(ValueError, match="a sequence has neither"):
        list(calibration.targets_of(label))
