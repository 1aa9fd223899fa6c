"""Sets of classes that hold the true class with a given probability."""

import numpy as np
from jaxtyping import Bool, Float, Int


def scores(
    probabilities: Float[np.ndarray, "targets classes"], classes: Int[np.ndarray, " targets"]
) -> Float[np.ndarray, " targets"]:
    """1 - p of the true class, from which `conformal.bound` follows.

    LAC, the least ambiguous sets of Sadinle, Lei and Wasserman (2019): of all rules with this
    coverage theirs has the smallest sets on average, if the probabilities are right. A set may be
    empty: no class fits. APS (Romano, Sesia and Candès 2020) covers difficult targets better. But
    it is exact only with a random number for each target, and the same molecule would get two
    answers.
    """
    return 1 - probabilities[np.arange(len(classes)), classes]


def within(
    probabilities: Float[np.ndarray, "targets classes"], bound: float
) -> Bool[np.ndarray, "targets classes"]:
    """The classes of each set: all with 1 - p at most the bound."""
    return 1 - probabilities <= bound
