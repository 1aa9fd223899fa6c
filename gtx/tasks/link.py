"""Link prediction: a binary label for each pair of nodes, scored by rank."""

import dataclasses

import numpy as np

from gtx.tasks.classification import Binary
from gtx.tasks.ranking import hits_at, mean_reciprocal_rank


@dataclasses.dataclass(frozen=True)
class Link(Binary):
    """A binary label of each pair of nodes, 1 for a link; the loss is that of `Binary`.

    Besides the scores of `Binary` it has `hits@K` and `mrr` (see `gtx.tasks.ranking`). Every
    positive is ranked among all negatives of the scored part. In some datasets of OGB each positive
    has its own list of negatives; `mean_reciprocal_rank` accepts such lists.

    Attributes:
      hits: the K of each `hits@K`.
    """

    hits: tuple[int, ...] = (20,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label.dim != 1:
            raise ValueError(
                f"Link needs one label of each pair, got {self.label.dim}. Take Binary for several."
            )
        if min(self.hits, default=1) < 1:
            raise ValueError(f"hits must be at least 1 each, got {self.hits}.")

    @property
    def metric_names(self) -> tuple[str, ...]:
        return (*super().metric_names, *(f"hits@{k}" for k in self.hits), "mrr")

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        scores = super().metrics(predictions, labels)  # also checks the shapes
        positive, negative = (predictions[labels[:, 0] == value, 0] for value in (1, 0))
        hits = {f"hits@{k}": hits_at(positive, negative, k) for k in self.hits}
        return {**scores, **hits, "mrr": mean_reciprocal_rank(positive, negative)}

    def undefined(self, labels: np.ndarray) -> list[str]:
        negatives = int(np.sum(labels == 0))
        few = [k for k in self.hits if negatives < k and np.any(labels == 1)]
        return [
            *super().undefined(labels),
            *(
                f"hits@{k} is 1 whatever is predicted: there are {negatives} negatives."
                for k in few
            ),
        ]
