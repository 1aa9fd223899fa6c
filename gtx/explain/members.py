"""Explanations of an ensemble: the mean over its members, and how much they differ."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gtx.explain.explanation import EdgeShares, Explanation
from gtx.explain.features import ExplainError


@dataclasses.dataclass(frozen=True)
class MeanExplanation:
    """The explanations of one number by several models.

    Attributes:
      mean: of the contributions, the prediction and the baseline. Contributions are linear in the
        model: these add up as those of each member do, and are those of the mean prediction. Of
        classes it is the mean of the log-odds.
      deviations: standard deviation (by n - 1) of the contribution of each given node, [nodes];
        NaN of one model.
      prediction_deviation: likewise of the prediction.
      members: the explanations themselves.
    """

    mean: Explanation
    deviations: np.ndarray
    prediction_deviation: float
    members: tuple[Explanation, ...]


def mean_of(members: Sequence[Explanation]) -> MeanExplanation:
    """The mean of explanations of the same graph by several models.

    Raises:
      ExplainError: they are not of one target and graph, or there is none.
    """
    if not members:
        raise ExplainError("there is no explanation to take the mean of.")
    first = members[0]
    same = {
        (each.method, each.target, each.num_nodes, tuple(sorted(each.edges))) for each in members
    }
    if len(same) > 1:
        raise ExplainError("the explanations are of different methods, targets or graphs.")

    def over(name: str) -> float:
        return float(np.mean([getattr(each, name) for each in members]))

    edges = {
        name: EdgeShares(
            shares.senders,
            shares.receivers,
            np.mean([each.edges[name].values for each in members], axis=0),
        )
        for name, shares in first.edges.items()
    }
    mean = dataclasses.replace(
        first,
        node_features=np.mean([each.node_features for each in members], axis=0),
        edges=edges,
        graph=over("graph"),
        prediction=over("prediction"),
        baseline=over("baseline"),
        gap=over("gap"),
        steps=max(each.steps for each in members),
    )
    one = len(members) == 1
    nodes = np.stack([each.nodes for each in members])
    deviations = np.full(nodes.shape[1], np.nan) if one else nodes.std(axis=0, ddof=1)
    predictions = [each.prediction for each in members]
    spread = np.nan if one else float(np.std(predictions, ddof=1))
    return MeanExplanation(mean, deviations, spread, tuple(members))
