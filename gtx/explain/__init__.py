"""Why a model says what it says: contributions of nodes, edges and motifs to a prediction.

    explainer = gtx.explain.Explainer.of(gtx.Predictor.load("runs/solubility_gps"))
    (found,) = explainer.integrated_gradients("CCO", "logS", baseline="zero")
    found.nodes  # of each atom

`Explainer` has integrated gradients, whose contributions add up to the prediction minus that of a
baseline; leaving out nodes or edges one by one, or nodes in groups, as the check; and attention
rollout. `mean_of` takes the mean over an ensemble. `pairs` compares two molecules, `drawing` draws
them, and `graph_drawing` draws other graphs.
"""

from gtx.explain.explainer import Explainer, ExplainWarning, Mean
from gtx.explain.explanation import EdgeShares, Explanation
from gtx.explain.features import ExplainError
from gtx.explain.members import MeanExplanation, mean_of

__all__ = [
    "EdgeShares",
    "ExplainError",
    "ExplainWarning",
    "Explainer",
    "Explanation",
    "Mean",
    "MeanExplanation",
    "mean_of",
]
