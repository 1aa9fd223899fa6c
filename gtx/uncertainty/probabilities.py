"""Probabilities that are as often right as they say, by one or two numbers fitted to new targets.

Both fits take smoothed labels in place of 0 and 1 (Platt 1999, section 2.1). So they are finite
where the model makes no mistake, and do not believe in certainty after a few targets.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

_SMALLEST = 1e-30
_SLOPES = (1e-3, 1e3)


def temperature(
    probabilities: Float[np.ndarray, "targets classes"], classes: Int[np.ndarray, " targets"]
) -> float:
    """The T that makes softmax(log p / T) most likely (Guo et al. 2017, section 4.2).

    Args:
      probabilities: of targets that were not trained on; they sum to 1.
      classes: the true ones.

    Raises:
      ValueError: there are no targets.
    """
    if not len(classes):
        raise ValueError("a temperature needs labels that were not trained on.")
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    count, width = logits.shape
    wanted = np.full((count, width), 1 / (count + width))
    wanted[np.arange(count), classes] = (count + 1) / (count + width)

    def slope_of_loss(inverse: float) -> float:
        return float(((special.softmax(inverse * logits, axis=-1) - wanted) * logits).sum())

    # The loss is convex in 1/T, so its slope rises.
    low, high = np.log(_SLOPES)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope_of_loss(np.exp(middle)) < 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))


def at_temperature(
    probabilities: Float[np.ndarray, "targets classes"], temperature: float
) -> Float[np.ndarray, "targets classes"]:
    """softmax(log p / T), float64. The most likely class stays the same."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    return special.softmax(logits / temperature, axis=-1)


def platt(
    probabilities: Float[np.ndarray, " targets"], labels: Bool[np.ndarray, " targets"]
) -> tuple[float, float]:
    """The a and b that make sigmoid(a logit(p) + b) most likely, a at least 0 (Platt 1999).

    Lin, Lin and Weng (2007) have the Newton steps with backtracking. If the best slope is negative,
    which would turn the order of the targets around, it is 0, and b says how many labels are true.

    Raises:
      ValueError: there is no true label, or no false one.
    """
    true, false = int(labels.sum()), int((~labels).sum())
    if not true or not false:
        raise ValueError(
            f"calibration needs true and false labels that were not trained on, and there are "
            f"{true} and {false}."
        )
    x = _logit(probabilities)
    wanted = np.where(labels, (true + 1) / (true + 2), 1 / (false + 2))
    columns = np.stack([x, np.ones_like(x)], axis=1)

    def loss(parameters: np.ndarray) -> float:
        z = columns @ parameters
        return float((np.logaddexp(0, z) - wanted * z).sum())

    found = np.array([0.0, np.log((true + 1) / (false + 1))])
    for _ in range(100):
        p = special.expit(columns @ found)
        gradient = columns.T @ (p - wanted)
        hessian = (columns * (p * (1 - p))[:, None]).T @ columns + 1e-12 * np.eye(2)
        step, size = np.linalg.solve(hessian, gradient), 1.0
        before = loss(found)
        while size > 1e-10 and loss(found - size * step) > before - 1e-4 * size * gradient @ step:
            size /= 2
        found = found - size * step
        if np.abs(gradient).max() < 1e-8:
            break
    if found[0] >= 0:
        return float(found[0]), float(found[1])
    rate = wanted.mean()
    return 0.0, float(np.log(rate / (1 - rate)))


def after_platt(
    probabilities: Float[np.ndarray, " targets"], slope: float, offset: float
) -> Float[np.ndarray, " targets"]:
    """sigmoid(a logit(p) + b), float64."""
    return special.expit(slope * _logit(probabilities) + offset)


def _logit(p: np.ndarray) -> np.ndarray:
    # A float32 is 1 from about 17 on, where the logit would be infinite.
    p = np.clip(p.astype(np.float64), 1e-9, 1 - 2**-25)
    return np.log(p) - np.log1p(-p)
