"""Link prediction: a binary label for each pair of nodes, scored by rank."""

import dataclasses

import numpy as np

from gtx.data.dataset import Dataset
from gtx.tasks.classification import Binary
from gtx.tasks.ranking import RankSums, hits_at, mean_reciprocal_rank, ranks_within


@dataclasses.dataclass(frozen=True)
class Link(Binary):
    """A binary label of each pair of nodes, 1 for a link; the loss is that of `Binary`.

    Besides the scores of `Binary` it has `hits@K` and `mrr` (see `gtx.tasks.ranking`), for which
    every positive is ranked among all negatives of the scored part.

    Attributes:
      hits: the K of each `hits@K`.
      filtered: also rank each positive among the negatives with the same sender alone, which
        `gtx.data.links.with_candidates` sets: `filtered_hits@K`, `filtered_mrr`, and
        `filtered_mrr_of_graphs`, the mean over graphs of their means, as PCQM-Contact is scored.
        As in LRGB, a positive without negatives has rank 1.
    """

    hits: tuple[int, ...] = (20,)
    filtered: bool = False

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
        names = (*(f"hits@{k}" for k in self.hits), "mrr")
        filtered = (*(f"filtered_{name}" for name in names), "filtered_mrr_of_graphs")
        return (*super().metric_names, *names, *(filtered if self.filtered else ()))

    def score(self, predictions: np.ndarray, dataset: Dataset) -> dict[str, float]:
        """The scores of `metrics`, and the filtered ones."""
        scores, table = super().score(predictions, dataset), dataset.targets
        if not self.filtered:
            return scores
        assert table.labels is not None  # `super().score` refuses targets without labels
        known = ~np.isnan(table.labels[:, 0]) & table.counted
        positive = table.labels[known, 0] == 1
        ranks, _ = ranks_within(predictions[known, 0], positive, table.index[known, 0])
        graph = dataset.target_graph[known][positive]
        share = 1 / np.bincount(graph)[graph] if len(graph) else np.zeros(0)
        of_graphs = RankSums.of(ranks, weights=share).scores()["mrr"]
        found = RankSums.of(ranks, self.hits).scores()
        return {
            **scores,
            **{f"filtered_{name}": value for name, value in found.items()},
            "filtered_mrr_of_graphs": of_graphs,
        }

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """The scores that depend on labels alone; the filtered ones are in `score`."""
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
