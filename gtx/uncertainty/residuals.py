"""Scores of errors of a regression, from which `conformal.bound` makes intervals."""

import numpy as np
from jaxtyping import Float

Values = Float[np.ndarray, " targets"]


def absolute(predicted: Values, measured: Values) -> Values:
    """|y - f|: the interval f ± bound has the same width for all targets."""
    return np.abs(measured - predicted)


def scaled(predicted: Values, measured: Values, deviation: Values, floor: float) -> Values:
    """|y - f| / (s + floor): the interval f ± bound (s + floor) is wider where members disagree.

    Papadopoulos, Gammerman and Vovk (2008), with the deviation s between the members of an ensemble
    as the difficulty of a target. Without `floor` an interval would vanish where members agree by
    chance.

    Args:
      floor: above 0, in the unit of the target; it must not depend on the scored targets.
    """
    return np.abs(measured - predicted) / (deviation + floor)
