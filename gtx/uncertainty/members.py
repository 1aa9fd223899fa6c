"""What the members of an ensemble say together, and how far they disagree.

Lakshminarayanan, Pritzel and Blundell (2017), "Simple and Scalable Predictive Uncertainty
Estimation using Deep Ensembles": members differ in initial values and in the order of batches.
"""

import numpy as np
from jaxtyping import Float


def mean(predictions: Float[np.ndarray, "members targets dim"]) -> np.ndarray:
    """The prediction of the ensemble: the mean value, or the mean probability. float32."""
    if len(predictions) == 1:
        return predictions[0]
    return predictions.mean(axis=0, dtype=np.float64).astype(np.float32)


def deviation(predictions: Float[np.ndarray, "members targets dim"]) -> np.ndarray:
    """The standard deviation between members (by n - 1), in the unit of the prediction. float32.

    It says how far a prediction depends on the chance in training. It is not the error of the
    prediction: what all members do not know, such as the noise of a measurement, is not in it.

    Raises:
      ValueError: there is one member, which has no deviation.
    """
    if len(predictions) < 2:
        raise ValueError("one member has no deviation. Train several seeds.")
    return predictions.std(axis=0, ddof=1, dtype=np.float64).astype(np.float32)


def mutual_information(probabilities: Float[np.ndarray, "members targets classes"]) -> np.ndarray:
    """How far the members disagree on a class: I = H(mean p) - mean H(p). float32 [targets], nats.

    Houlsby et al. (2011), equation 2, with members in place of draws of parameters. It is 0 where
    all members have the same probabilities, whether they are sure or not, and at most the logarithm
    of the number of members.

    Args:
      probabilities: of all classes, which sum to 1.
    """
    p = probabilities.astype(np.float64)
    found = _entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0)
    return np.maximum(found, 0.0).astype(np.float32)  # rounding can leave it a little below 0


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1)
