"""Scores of links by the rank of positives among negatives, as OGB defines them. Host, numpy.

Hu et al. (2020), `ogb.linkproppred.Evaluator`. Half of the negatives with the same score count as
ranked before a positive.
"""

import dataclasses
from typing import Any

import numpy as np

from gtx.tasks.metrics.sums import Sums, ratio, row_weights, same_kind


@dataclasses.dataclass(frozen=True, eq=False)
class RankSums(Sums):
    """Sums over the ranks of positives.

    Attributes:
      weight: sum of the weights of the positives.
      reciprocal: weighted sum of 1 / rank.
      hits: for each k the weight of the positives of rank at most k.
    """

    weight: float
    reciprocal: float
    hits: dict[int, float]

    @classmethod
    def of(cls, ranks: Any, hits: tuple[int, ...] = (), weights: Any = None) -> "RankSums":
        """The sums of positives.

        Args:
          ranks: [positives], from `ranks_among`, `ranks_within` or `contact_ranks`.
          hits: the k of each `hits@k`.
          weights: [positives], 1 each if None. With `1 / positives of its graph`, scores are
            means over graphs.
        """
        ranks = np.asarray(ranks, np.float64)
        weights = row_weights(weights, len(ranks))
        return cls(
            weight=float(weights.sum()),
            reciprocal=float((weights / ranks).sum()),
            hits={k: float(weights[ranks <= k].sum()) for k in hits},
        )

    def __add__(self, other: Any) -> "RankSums":
        same_kind(self, other)
        if self.hits.keys() != other.hits.keys():
            raise ValueError(f"hits at {list(self.hits)} cannot be added to {list(other.hits)}.")
        hits = {k: self.hits[k] + other.hits[k] for k in self.hits}
        return RankSums(self.weight + other.weight, self.reciprocal + other.reciprocal, hits)

    def scores(self) -> dict[str, float]:
        """`hits@k` for each k, and `mrr`; NaN without positives."""
        found = {f"hits@{k}": float(ratio(hits, self.weight)) for k, hits in self.hits.items()}
        return {**found, "mrr": float(ratio(self.reciprocal, self.weight))}


def ranks_among(positive: Any, negative: Any) -> np.ndarray:
    """The rank of each positive among negatives, from 1: float64 [positives].

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all positives, or [positives, negatives]. Entries
        of -inf are never ranked before a positive, so they mark places without a negative.
    """
    positive, negative = np.asarray(positive), np.asarray(negative)
    if negative.ndim == 2:
        higher = (negative > positive[:, None]).sum(axis=1)
        at_least = (negative >= positive[:, None]).sum(axis=1)
    else:
        # Sorted once: a comparison of all pairs would take positives x negatives.
        ordered = np.sort(negative)
        higher = len(ordered) - np.searchsorted(ordered, positive, side="right")
        at_least = len(ordered) - np.searchsorted(ordered, positive, side="left")
    return 0.5 * (higher + at_least) + 1


def ranks_within(scores: Any, positive: Any, groups: Any) -> tuple[np.ndarray, np.ndarray]:
    """The rank of each positive among the negatives of its group.

    With the sender of a pair as its group this is the filtered rank: other links of the sender are
    positives themselves, and are not ranked against.

    Args:
      scores: [pairs].
      positive: bool [pairs], False for a negative.
      groups: integers [pairs].

    Returns:
      Ranks from 1, and the numbers of negatives, float64 and int64 [positives], in their order.
    """
    positive = np.asarray(positive, bool)
    values, place = np.unique(np.asarray(scores), return_inverse=True)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    # One number for group and score, in the order of groups and then of scores.
    width = max(len(values), 1)
    codes = group.astype(np.int64) * width + place
    negatives, mine = np.sort(codes[~positive]), codes[positive]
    end = np.searchsorted(negatives, (group[positive] + 1) * width)
    start = np.searchsorted(negatives, group[positive] * width)
    higher = end - np.searchsorted(negatives, mine, side="right")
    at_least = end - np.searchsorted(negatives, mine, side="left")
    return 0.5 * (higher + at_least) + 1, end - start


def contact_ranks(
    scores: Any, contacts: Any, *, filtered: bool = True, loops: bool = False
) -> np.ndarray:
    """The ranks of the contacts of one molecule, as PCQM-Contact is scored.

    Each contact (head, tail) is ranked among all pairs with the same head. LRGB (Dwivedi et al.,
    2022) ranks it also against the other contacts of the head, which are right as well, and
    against the pair of the head with itself. Tönshoff et al. (2023) correct this: `filtered`
    leaves out the contacts; without `loops` it is their extended filtered metric, which leaves
    out the pair with itself too. Ties count half here; in the code of both papers they fall as
    an unstable sort leaves them.

    The score of a dataset is the mean over molecules with contacts of the mean over contacts:
    `RankSums.of(ranks, weights=np.full(len(ranks), 1 / len(ranks)))` of each, added up.

    Args:
      scores: [n, n], of each head and tail.
      contacts: integers [contacts, 2], head and tail.
      filtered: leave out the other contacts of the head.
      loops: keep the pair of the head with itself.
    """
    scores = np.asarray(scores, np.float64)
    head, tail = np.asarray(contacts, np.int64).reshape(-1, 2).T
    others = scores[head].copy()
    if filtered:
        known = scores.copy()
        known[head, tail] = -np.inf
        others = known[head]
    others[np.arange(len(head)), tail] = -np.inf  # itself
    if not loops:
        others[np.arange(len(head)), head] = -np.inf
    return ranks_among(scores[head, tail], others)


def hits_at(positive: np.ndarray, negative: np.ndarray, k: int) -> float:
    """The share of positives that score higher than the k-th highest negative.

    As in OGB it is 1 if there are fewer than k negatives. It is NaN if there is no positive.

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all positives.
      k: at least 1.
    """
    if not len(positive):
        return float("nan")
    if len(negative) < k:
        return 1.0
    return float(np.mean(positive > np.sort(negative)[-k]))


def mean_reciprocal_rank(positive: np.ndarray, negative: np.ndarray) -> float:
    """The mean over positives of 1 / rank among negatives; NaN if there is no positive.

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all positives, or [positives, negatives].
    """
    return RankSums.of(ranks_among(positive, negative)).scores()["mrr"]
