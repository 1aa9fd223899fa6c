"""What `gtx explain` computes: by target and method the explanations of all graphs."""

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from gtx import Predictor
from gtx.data import Categorical, molecules
from gtx.explain import Explainer, ExplainError, Explanation, MeanExplanation, mean_of
from gtx.recipes import provenance

METHODS = ("gradients", "leave_one_out", "leave_one_edge_out", "rollout")
BASELINES = ("mean", "zero", "unknown")
MOST_TARGETS = 8  # that are explained without being asked for
_TITLE = 34  # characters of a name in a picture
_MEAN_OF = 1000  # graphs of the training part at most


@dataclasses.dataclass(frozen=True)
class Explained:
    """The explanations of all graphs.

    Attributes:
      targets: names of the targets that are explained.
      found: by target and method one explanation for each graph (or for each target of graphs).
        Rollout, which knows no targets, is the same in all.
    """

    targets: tuple[str, ...]
    found: dict[tuple[str, str], list[MeanExplanation]]


def explained(
    predictor: Predictor,
    graphs: Any,
    *,
    targets: Sequence[str],
    methods: Sequence[str],
    baseline: str,
) -> Explained:
    """Explain graphs by every member of a predictor.

    Args:
      predictor: the trained model, or an ensemble.
      graphs: what it takes.
      targets: names; empty for all.
      methods: of METHODS.
      baseline: of BASELINES.

    Raises:
      ExplainError: there is no such target, or the model cannot be explained so.
    """
    explainers = Explainer.each_member(predictor)
    names = explainers[0].targets
    if not targets and len(names) > MOST_TARGETS:
        raise ExplainError(
            f"the model has {len(names)} targets or classes. Say which are explained: "
            f"--target={names[0]!r}."
        )
    for target in targets:
        explainers[0].quantities.place(target)  # refuses unknown names before anything is computed
    chosen = tuple(dict.fromkeys(targets)) or names
    found: dict[tuple[str, str], list[MeanExplanation]] = {}
    if "gradients" in methods:
        starts = _baselines(predictor, explainers, baseline)
        for target in chosen:
            found[target, "gradients"] = _means(
                [
                    each.integrated_gradients(graphs, target, baseline=start)
                    for each, start in zip(explainers, starts, strict=True)
                ]
            )
    for method in ("leave_one_out", "leave_one_edge_out"):
        if method in methods:
            for target in chosen:
                found[target, method] = _means(
                    [getattr(each, method)(graphs, target) for each in explainers]
                )
    if "rollout" in methods:
        shares = _means([each.rollout(graphs) for each in explainers])
        found |= {(target, "rollout"): shares for target in chosen}
    return Explained(chosen, found)


def agreement(first: MeanExplanation, second: MeanExplanation) -> float:
    """Spearman's rank correlation of the contributions of the nodes by two methods.

    NaN of fewer than three nodes, or where all contribute the same.
    """
    one, two = first.mean.nodes, second.mean.nodes
    known = np.isfinite(one) & np.isfinite(two)
    if known.sum() < 3 or not np.ptp(one[known]) or not np.ptp(two[known]):
        return float("nan")
    return float(stats.spearmanr(one[known], two[known]).statistic)


def legend_of(target: str, method: str, each: Explanation, part: str) -> str:
    """What the colours of a picture show; `part` is what a graph consists of, "atom" or "node"."""
    if method == "rollout":
        return "share of attention (rollout)"
    said = {
        "gradients": "integrated gradients",
        "leave_one_out": f"what is lost without the {part}",
        "leave_one_edge_out": "what is lost without the edge",
    }
    return f"{said[method]}: {target}{' (log-odds)' if each.unit == 'log-odds' else ''}"


def title(name: str, each: MeanExplanation) -> str:
    """The name of a graph, shortened, with its prediction."""
    text = name if len(name) <= _TITLE else f"{name[: _TITLE - 3]}..."
    return text if math.isnan(each.mean.prediction) else f"{text}: {with_deviation(each)}"


def with_deviation(each: MeanExplanation) -> str:
    """The prediction, and of an ensemble how much its members differ."""
    spread = each.prediction_deviation
    return f"{each.mean.prediction:.4g}" + ("" if math.isnan(spread) else f" ± {spread:.2g}")


def file_names(targets: Sequence[str]) -> list[str]:
    """The targets as parts of names of files, all different."""
    found: list[str] = []
    for target in targets:
        name = plain = re.sub(r"[^\w.+-]+", "_", target) or "target"
        while name.lower() in map(str.lower, found):
            name = f"{plain}_{len(found) + 1}"
        found.append(name)
    return found


def _means(by_member: Sequence[Sequence[Any]]) -> list[MeanExplanation]:
    return [mean_of(of_graph) for of_graph in zip(*by_member, strict=True)]


def _baselines(predictor: Predictor, explainers: Sequence[Explainer], kind: str) -> list[Any]:
    """The baseline of each member."""
    if kind == "zero":
        return ["zero"] * len(explainers)
    if kind == "unknown":
        spec = molecules.columns_of(predictor.features)
        unknown = {
            field: {
                name: [size - 1 for size in column.sizes]
                for name, column in getattr(spec, field).items()
                if isinstance(column, Categorical)
            }
            for field in ("nodes", "edges")
        }
        return [unknown] * len(explainers)
    try:
        prepared = provenance.read_again(predictor.recipe)
        provenance.check_data(predictor.recipe, prepared, ("train",))
    except (OSError, ValueError) as error:
        raise ExplainError(
            f"the baseline is the mean over the training part, which cannot be read: {error} "
            "Restore it, or give another baseline: --baseline=zero."
        ) from error
    part = prepared.dataset.part("train")
    if len(part) > _MEAN_OF:
        part = part.select(np.sort(np.random.default_rng(0).permutation(len(part))[:_MEAN_OF]))
    return [each.mean(part) for each in explainers]
