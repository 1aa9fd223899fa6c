"""Explains predictions for the graphs of a file in the form of the training data."""

import csv
import math
import pathlib
from collections.abc import Iterable, Sequence

from gtx import Predictor, recipes
from gtx.cli.explanations import explained
from gtx.cli.waiting import waiting
from gtx.explain import MeanExplanation


def write(
    predictor: Predictor,
    source: str,
    output: pathlib.Path,
    *,
    targets: Sequence[str],
    methods: Sequence[str],
    baseline: str,
) -> int:
    """Write nodes.csv, edges.csv and graphs.csv to a folder, and return the exit code.

    Each row says of which prediction it is, by the columns with which `gtx predict` begins.

    Args:
      predictor: the trained model.
      source: the file or folder to read.
      output: the folder, which is made.
      targets: names of targets or classes; empty for all.
      methods: of `gtx.cli.explanations.METHODS`.
      baseline: of `gtx.cli.explanations.BASELINES`.
    """
    recipe = predictor.recipe
    with waiting("reading, compiling and explaining..."):
        further = recipes.source(recipe.config).read_further(source, recipe.raw_spec or recipe.spec)
        result = explained(
            predictor, further.dataset, targets=targets, methods=methods, baseline=baseline
        )
    keys = list(zip(*further.keys.values(), strict=True))
    output.mkdir(parents=True, exist_ok=True)
    nodes: list[list[object]] = []
    edges: list[list[object]] = []
    graphs: list[list[object]] = []
    for (target, method), found in result.found.items():
        for key, each in zip(keys, found, strict=True):
            head = [*key, target, method]
            graphs.append([*head, *summary(each)])
            pairs = zip(each.mean.nodes, each.deviations, strict=True)
            nodes += [[*head, node, value, spread] for node, (value, spread) in enumerate(pairs)]
            for name, shares in each.mean.edges.items():
                rows = zip(shares.senders, shares.receivers, shares.values, strict=True)
                edges += [[*head, name, *row] for row in rows]
    first = [*further.keys, "target", "method"]
    table(output / "graphs.csv", [*first, *SUMMARY], graphs)
    table(output / "nodes.csv", [*first, "of_node", "contribution", "deviation"], nodes)
    table(output / "edges.csv", [*first, "edge_set", "sender", "receiver", "contribution"], edges)
    print(f"{len(keys)} predictions explained: {output}/nodes.csv, edges.csv, graphs.csv.")
    return 0


SUMMARY = (
    "unit", "prediction", "prediction_deviation", "baseline", "sum_of_nodes", "rest", "gap", "steps"
)  # fmt: skip


def summary(each: MeanExplanation) -> list[object]:
    """The cells of SUMMARY. What is lost without single nodes has no sum that means anything."""
    mean = each.mean
    adds_up = mean.method != "leave one out"
    return [
        mean.unit, mean.prediction, each.prediction_deviation, mean.baseline,
        float(mean.nodes.sum()) if adds_up else math.nan, mean.rest if adds_up else math.nan,
        mean.gap, mean.steps,
    ]  # fmt: skip


def table(path: pathlib.Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, with an empty cell for NaN and six digits for other numbers."""

    def cell(value: object) -> object:
        if isinstance(value, float):
            return "" if value != value else f"{value:.6g}"
        return value

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([cell(value) for value in row] for row in rows)
