"""What a run says of its seeds: the scores of each, and their mean and standard deviation."""

import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from gtx import training
from gtx.cli import outcome
from gtx.training.progress import is_better

Scores = dict[str, dict[str, float]]  # by part of the data, then by metric


def figures(result: training.FitResult, scores: Mapping[int, Scores]) -> dict[str, Any]:
    """What metrics.json says of the scores, and of how training went.

    Args:
      result: what `fit` returned.
      scores: by seed; none of one that diverged.

    Returns:
      Of one seed its scores by part, `seed`, `steps`, `epochs`, `best_epoch`, `stopped` and
      `params_sha256`. Of several the mean scores by part; `deviations`, the standard deviations
      (by n - 1); and `seeds`, by seed what is said of one, and `diverged`: which number was not
      finite, or null. A mean in which a seed has no score is NaN.
    """
    each = {
        replica.seed: {
            **scores.get(replica.seed, {}),
            "seed": replica.seed,
            "steps": int(replica.state.step),
            "epochs": len(replica.history),
            "best_epoch": replica.best_epoch,
            "stopped": replica.stopped,
            "params_sha256": params_sha256(replica.variables["params"]),
        }
        for replica in result.replicas
    }
    if len(each) == 1:
        return each[result.replicas[0].seed]
    for replica in result.replicas:
        each[replica.seed]["diverged"] = replica.diverged
    return {
        **over_seeds(result, scores, np.mean),
        "deviations": over_seeds(result, scores, deviation),
        "seeds": each,
    }


def over_seeds(
    result: training.FitResult,
    scores: Mapping[int, Scores],
    statistic: Callable[[Sequence[float]], Any],
) -> Scores:
    """A statistic of each score over all seeds; of one that diverged every score is NaN."""
    return over([replica.seed for replica in result.replicas], scores, statistic)


def over(
    seeds: Iterable[int],
    scores: Mapping[int, Scores],
    statistic: Callable[[Sequence[float]], Any],
) -> Scores:
    """A statistic of each score over these seeds; one without scores makes it NaN."""
    # Without a seed that was scored, `fit` has raised.
    parts = next(iter(scores.values()))
    return {
        part: {
            metric: float(
                statistic(
                    [scores[seed][part][metric] if seed in scores else math.nan for seed in seeds]
                )
            )
            for metric in metrics
        }
        for part, metrics in parts.items()
    }


def print_scores(
    result: training.FitResult,
    scores: Mapping[int, Scores],
    baseline: Mapping[str, float] | None,
    metric: str,
) -> None:
    """Print the main metric of each seed, then all metrics over the seeds.

    Args:
      result: what `fit` returned.
      scores: by seed; none of one that diverged.
      baseline: test scores of the random forest, or None.
      metric: the main one.
    """
    table = Table("seed", title="Scores of each seed")
    parts = list(next(iter(scores.values())))
    for name in ("epochs", "best epoch", *(f"{part} {metric}" for part in parts)):
        table.add_column(name, justify="right")
    for replica in result.replicas:
        found = scores.get(replica.seed)
        cells = [outcome.score(found[part][metric] if found else math.nan) for part in parts]
        best = "-" if replica.best_epoch is None else str(replica.best_epoch)
        table.add_row(str(replica.seed), str(len(replica.history)), best, *cells)
    Console().print(table)
    outcome.print_scores(
        over_seeds(result, scores, np.mean),
        baseline,
        deviations=over_seeds(result, scores, deviation),
        title=f"Scores: mean ± standard deviation of {len(result.replicas)} seeds",
    )
    diverged = [replica for replica in result.replicas if replica.diverged]
    for replica in diverged:
        print(f"warning: {replica.diverged}", file=sys.stderr)
    if diverged:
        names = ", ".join(str(replica.seed) for replica in diverged)
        print(
            f"warning: diverged, and without a score: seed {names}. So there is no mean of all "
            "seeds.",
            file=sys.stderr,
        )


def best(result: training.FitResult, mode: str) -> training.ReplicaResult:
    """The seed with the best score on the validation part; without any, the first scored one."""
    chosen, *others = [replica for replica in result.replicas if not replica.diverged]
    for replica in others:
        score = math.nan if replica.best_score is None else replica.best_score
        if is_better(score, chosen.best_score, mode):
            chosen = replica
    return chosen


def params_sha256(params: Any) -> str:
    """The sha256 of all parameters, in the order of their names: name, dtype, shape and bytes."""
    leaves = {
        "/".join(str(getattr(key, "key", key)) for key in path): np.ascontiguousarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
    digest = hashlib.sha256()
    for name, leaf in sorted(leaves.items()):
        digest.update(f"{name} {leaf.dtype.str} {leaf.shape}".encode())
        digest.update(leaf.tobytes())
    return digest.hexdigest()


def deviation(values: Sequence[float]) -> float:
    """The standard deviation, by n - 1."""
    return float(np.std(values, ddof=1))
