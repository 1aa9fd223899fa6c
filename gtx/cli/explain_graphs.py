"""Explains predictions for the graphs of a file in the form of the training data."""

import csv
import math
import pathlib
import sys
from collections.abc import Iterable, Sequence

import numpy as np

from gtx import Predictor, recipes
from gtx.cli.explanations import Explained, explained, file_names, legend_of, title
from gtx.cli.waiting import waiting
from gtx.data import Dataset, DatasetError
from gtx.explain import MeanExplanation, graph_drawing

# Numbers of nodes in their graph; without "of" they would be the keys of an edge or a pair.
_OF_NODES = ("of_node", "contribution", "deviation")
_OF_EDGES = ("edge_set", "of_sender", "of_receiver", "contribution")
PICTURES = 20  # of a file, if nobody says how many


def write(
    predictor: Predictor,
    source: str,
    output: pathlib.Path,
    *,
    targets: Sequence[str],
    methods: Sequence[str],
    baseline: str,
    pictures: int = PICTURES,
) -> int:
    """Write nodes.csv, edges.csv, graphs.csv and pictures to a folder, and return the exit code.

    Each row says of which prediction it is, by the columns with which `gtx predict` begins.

    Args:
      predictor: the trained model.
      source: the file or folder to read.
      output: the folder, which is made.
      targets: names of targets or classes; empty for all.
      methods: of `gtx.cli.explanations.METHODS`; the first one is drawn.
      pictures: how many predictions are drawn.
      baseline: of `gtx.cli.explanations.BASELINES`.
    """
    recipe = predictor.recipe
    with waiting("reading, compiling and explaining..."):
        further = recipes.source(recipe.config).read_further(source, recipe.raw_spec or recipe.spec)
        first = [*further.keys, "target", "method"]
        written = {"target", "method", *SUMMARY, *_OF_NODES, *_OF_EDGES}
        taken = sorted(written & set(further.keys))
        if taken:
            raise DatasetError(
                f"{pathlib.Path(source).name}: has the columns {taken}, which are written. Rename "
                "them."
            )
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
    table(output / "graphs.csv", [*first, *SUMMARY], graphs)
    table(output / "nodes.csv", [*first, *_OF_NODES], nodes)
    table(output / "edges.csv", [*first, *_OF_EDGES], edges)
    kinds = "nodes.csv, edges.csv, graphs.csv"
    number = _draw(further.dataset, keys, result, methods[0], output, pictures)
    if number:
        kinds = f"pictures of {'the first ' if number < len(keys) else ''}{number}, {kinds}"
    print(f"{len(keys)} predictions explained, in {output}: {kinds}.")
    return 0


def _draw(
    dataset: Dataset,
    keys: Sequence[Sequence[str]],
    result: Explained,
    method: str,
    output: pathlib.Path,
    pictures: int,
) -> int:
    """Draw the first predictions by one method. Returns how many."""
    number = min(len(keys), pictures)
    if not number:
        return 0
    try:
        graph_drawing.check_networkx()
    except ImportError as error:
        print(f"there are no pictures: {error}", file=sys.stderr)
        return 0
    for target, file in zip(result.targets, file_names(result.targets), strict=True):
        for row, found in enumerate(result.found[target, method][:number]):
            graph = int(dataset.target_graph[row])
            edge = slice(dataset.edge_ptr[graph], dataset.edge_ptr[graph + 1])
            drawn = graph_drawing.drawn(
                found.mean, dataset.senders[edge], dataset.receivers[edge], _asked(dataset, row)
            )
            name = f"{dataset.targets.level} {' '.join(keys[row])}"
            legend = legend_of(target, method, found.mean, "node")
            svg, png = graph_drawing.draw(drawn, title(name, found), legend)
            path = output / f"prediction_{row + 1}_{file}"
            path.with_name(f"{path.name}.svg").write_text(svg, encoding="utf-8")
            path.with_name(f"{path.name}.png").write_bytes(png)
    return number


def _asked(dataset: Dataset, row: int) -> list[int]:
    """The nodes of its graph that a target is, or is between; none if it is the graph."""
    table, graph = dataset.targets, dataset.target_graph[row]
    if table.level == "graph":
        return []
    if table.level == "edge":
        (number,) = np.atleast_1d(table.index[row])
        ends = [int(dataset.senders[number]), int(dataset.receivers[number])]
    else:
        ends = (np.atleast_1d(table.index[row]) - dataset.node_ptr[graph]).tolist()
    return list(dict.fromkeys(ends))


SUMMARY = (
    "unit", "prediction", "prediction_deviation", "baseline", "sum_of_nodes", "rest", "gap", "steps"
)  # fmt: skip


def summary(each: MeanExplanation) -> list[object]:
    """The cells of SUMMARY. What is lost without single nodes has no sum that means anything."""
    mean = each.mean
    adds_up = not mean.method.startswith("leave one")
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
