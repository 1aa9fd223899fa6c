import numpy as np
import pytest
from scipy import optimize

from gtx.uncertainty import probabilities


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_a_temperature_that_was_applied_is_found_again():
    rng = np.random.default_rng(0)
    logits = 2.0 * rng.normal(size=(20_000, 4))
    right = softmax(logits)
    classes = (rng.random((len(right), 1)) > right.cumsum(axis=1)).sum(axis=1)
    too_sure = softmax(3.0 * logits)
    found = probabilities.temperature(too_sure, classes)
    assert found == pytest.approx(3.0, rel=0.03)
    calibrated = probabilities.at_temperature(too_sure, found)
    np.testing.assert_allclose(calibrated, right, atol=0.02)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-12)


def test_a_temperature_is_the_minimum_of_the_smoothed_loss():
    rng = np.random.default_rng(1)
    p = softmax(2 * rng.normal(size=(30, 3)))
    classes = np.where(rng.random(30) < 0.7, p.argmax(axis=1), rng.integers(0, 3, 30))
    wanted = (np.eye(3)[classes] * 30 + 1) / 33

    def loss(log_temperature):
        return -(wanted * np.log(softmax(np.log(p) / np.exp(log_temperature)))).sum()

    best = optimize.minimize_scalar(loss, bounds=(-5, 7), method="bounded", options={"xatol": 1e-9})
    found = probabilities.temperature(p, classes)
    assert loss(np.log(found)) <= best.fun + 1e-9


def test_without_a_mistake_probabilities_stay_below_one():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]] * 20, np.float32)
    t = probabilities.temperature(p, np.array([0, 1, 0] * 20))
    assert 1e-2 < t < 1 and probabilities.at_temperature(p, t).max() < 0.99999
    slope, offset = probabilities.platt(np.float32([0.99, 0.98, 0.01]), np.array([1, 1, 0]) == 1)
    found = probabilities.after_platt(np.float32([0.99, 0.98, 0.01]), slope, offset)
    assert 0.1 < found[2] < 0.5 < found[0] < 0.9
    assert np.isfinite(probabilities.at_temperature(np.array([[1.0, 0.0]], np.float32), 0.01)).all()


def test_platt_finds_the_slope_and_the_offset_that_were_applied():
    rng = np.random.default_rng(2)
    z = 2.0 * rng.normal(size=40_000)
    labels = rng.random(len(z)) < sigmoid(0.5 * z - 1.0)
    slope, offset = probabilities.platt(sigmoid(z), labels)
    assert slope == pytest.approx(0.5, abs=0.02) and offset == pytest.approx(-1.0, abs=0.04)


def test_platt_is_the_minimum_of_the_smoothed_loss():
    rng = np.random.default_rng(3)
    z = rng.normal(size=50) * 4
    labels = rng.random(50) < sigmoid(z)
    true = labels.sum()
    wanted = np.where(labels, (true + 1) / (true + 2), 1 / (50 - true + 2))

    def loss(ab):
        q = ab[0] * z + ab[1]
        return (np.logaddexp(0, q) - wanted * q).sum()

    best = optimize.minimize(loss, [0.5, 0.0], method="BFGS", options={"gtol": 1e-9})
    found = probabilities.platt(sigmoid(z), labels)
    np.testing.assert_allclose(found, best.x, rtol=1e-4, atol=1e-5)


def test_a_model_that_says_the_opposite_is_told_the_rate_alone():
    p = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    labels = p < 0.5
    slope, offset = probabilities.platt(p, labels)
    assert slope == 0.0 and sigmoid(offset) == pytest.approx(0.5)


def test_a_target_of_one_class_is_refused():
    with pytest.raises(ValueError, match="there are 0 and 2"):
        probabilities.platt(np.array([0.1, 0.2]), np.array([False, False]))
    with pytest.raises(ValueError, match="needs labels"):
        probabilities.temperature(np.zeros((0, 3)), np.zeros(0, int))


def test_what_is_not_known_stays_so():
    """A row that is no molecule has NaN."""
    given = np.array([0.2, np.nan], np.float32)
    found = probabilities.after_platt(given, 1.0, 0.0)
    np.testing.assert_allclose(found, given, rtol=1e-6)
