"""Split conformal prediction: a bound on scores that a new one meets with a given probability.

Vovk, Gammerman and Shafer (2005); Lei et al. (2018), algorithm 2. The scores of n targets that
were not trained on, and that of a new target, are equally likely to stand in any order. So the new
one is at most the k-th smallest of the n, k = ceil((n + 1) coverage), with a probability of at
least `coverage`, and of at most `coverage` + 1 / (n + 1) if no two are equal. It is a mean over new
targets: it need not hold for each kind of molecule, nor for molecules that are unlike the n.
"""

import math

import numpy as np
from jaxtyping import Float


class TooFewError(ValueError):
    """There are too few scores for a coverage."""


def fewest(coverage: float) -> int:
    """The smallest number of scores from which a bound of this coverage follows.

    Raises:
      ValueError: the coverage is not between 0 and 1.
    """
    if not 0 < coverage < 1:  # written so that NaN is refused
        raise ValueError(f"coverage must be above 0 and below 1, got {coverage}.")
    # 1e-9, because 0.9 / (1 - 0.9) is 9.000000000000002 in floats and must count as 9.
    return max(1, math.ceil(coverage / (1 - coverage) - 1e-9))


def bound(scores: Float[np.ndarray, " targets"], coverage: float) -> float:
    """The k-th smallest score, k = ceil((n + 1) coverage).

    Args:
      scores: of targets that were not trained on, in any order.
      coverage: the wanted probability, such as 0.9.

    Raises:
      TooFewError: k is more than the number of scores.
      ValueError: the coverage is not between 0 and 1, or a score is NaN.
    """
    count, needed = len(scores), fewest(coverage)
    if np.isnan(scores).any():
        raise ValueError("a score is NaN. Leave out targets without a label.")
    if count < needed:
        most = f", or at most {count / (count + 1):.3g}" if count else ""
        raise TooFewError(
            f"a coverage of {coverage:g} needs {needed} labels that were not trained on, and there "
            f"are {count}. Give more{most}."
        )
    place = min(count, math.ceil((count + 1) * coverage - 1e-9))
    return float(np.sort(scores)[place - 1])
