"""Integrated gradients of a batch, from a baseline to the features of its graphs."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from gtx.data import Dataset
from gtx.explain.explanation import EdgeShares
from gtx.explain.features import ExplainError
from gtx.explain.items import Part
from gtx.explain.programs import Programs

POINTS = 16  # at which one call takes gradients
_ROUNDING = 2e-6  # of float32 in sums of contributions, relative to their sizes


@dataclasses.dataclass(frozen=True)
class Mean:
    """A baseline: the mean of each encoded feature over all nodes, edges, ... of a dataset.

    Attributes:
      rows: by the name of the array of features, one row. `Explainer.mean` makes them.
    """

    rows: Mapping[str, np.ndarray]


# "zero", `Mean`, or columns by level and name whose values take the place of the graph's own. A
# model that begins with a norm of each node sees the direction of its features alone. On the path
# from "zero" that is the same but for the very beginning, and contributions hardly add up.
Baseline = Literal["zero"] | Mean | Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Integral:
    """The contributions of one graph.

    Attributes:
      prediction, baseline: what is explained, at both ends of the path.
      nodes, edges, graph: as in `gtx.explain.Explanation`.
      steps: points of the path.
      gap: |sum - (prediction - baseline)|.
      adds_up: whether the gap is within the tolerance.
    """

    prediction: float
    baseline: float
    nodes: np.ndarray
    edges: dict[str, EdgeShares]
    graph: float
    steps: int
    gap: float
    adds_up: bool


def integrate(
    programs: Programs,
    variables: Any,
    items: Dataset,
    part: Part,
    start: Mapping[str, Any],
    end: Mapping[str, Any],
    output: int,
    *,
    tolerance: float,
    most_steps: int,
) -> dict[int, Integral]:
    """Integrate over more and more pieces of the path, until all graphs add up.

    Args:
      programs: of the model.
      variables: of the model.
      items: graphs with one target each.
      part: a batch of them.
      start: encoded features of the baseline.
      end: those of the graphs.
      output: number of the quantity.
      tolerance: largest gap, as a part of |prediction - baseline|.
      most_steps: points of the path at most.

    Returns:
      By the place of a graph among the items.
    """
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    pieces, found = 1, {}
    while True:
        sums: dict[str, Any] = {}
        for piece in range(pieces):
            # The ends of the path have weight 0: they are there for the predictions.
            points = np.append((piece + (nodes + 1) / 2) / pieces, [0.0, 1.0])
            sizes = np.append(weights / 2 / pieces, [0.0, 0.0])
            parts, rows = programs.along(
                variables, part.batch, start, end, output,
                points.astype(np.float32), sizes.astype(np.float32),
            )  # fmt: skip
            for name, values in parts.items():
                sums[name] = sums.get(name, 0.0) + np.asarray(values, np.float64)
        first, last = (part.of_targets(row) for row in np.asarray(rows)[-2:])
        for number, (place, slot) in enumerate(zip(part.graphs, part.slots, strict=True)):
            own = _of_graph(sums, items, part, int(place), int(slot))
            ends = float(last[number]), float(first[number])
            found[int(place)] = _integral(*own, *ends, pieces * POINTS, tolerance)
        done = all(integral.adds_up for integral in found.values())
        if done or 2 * pieces * POINTS > most_steps:
            return found
        pieces *= 2


def start_of(
    programs: Programs,
    variables: Any,
    end: Mapping[str, Any],
    baseline: Baseline,
    other: Part | None,
) -> dict[str, Any]:
    """The encoded features of a baseline, in the shapes of those of the graphs.

    Args:
      programs: of the model.
      variables: of the model.
      end: encoded features of the graphs.
      baseline: what stands in their place.
      other: the batch with the columns of the baseline, if it names columns.
    """
    if isinstance(baseline, Mean):
        missing = sorted(set(end) - set(baseline.rows))
        if missing:
            raise ExplainError(f"the baseline has no {missing[0]}: it is of another model.")
        return {
            name: np.broadcast_to(baseline.rows[name], values.shape) for name, values in end.items()
        }
    if other is None:
        return {name: np.zeros(values.shape, values.dtype) for name, values in end.items()}
    return programs.encoded(variables, other.batch)


def replaced(items: Dataset, columns: Mapping[str, Mapping[str, Any]]) -> Dataset:
    """The graphs with one value in all rows of these columns.

    Raises:
      ExplainError: there is no such column, or the value does not suit it.
    """
    changes: dict[str, Any] = {}
    for field, values in columns.items():
        there = getattr(items, field, None) if field in ("nodes", "edges", "graphs") else None
        for name, value in values.items():
            if there is None or name not in there:
                raise ExplainError(
                    f"baseline: there is no column {name!r} of {field}. The graphs have "
                    f"nodes {sorted(items.nodes)} and edges {sorted(items.edges)}."
                )
            row = np.asarray(value, there[name].dtype)
            if row.shape not in ((), there[name].shape[1:]):
                raise ExplainError(
                    f"baseline: {field}[{name!r}] needs {there[name].shape[1]} values, got {value}."
                )
            new = np.broadcast_to(row, there[name].shape).copy()
            changes[field] = {**changes.get(field, there), name: new}
    found = dataclasses.replace(items, **changes)
    found.check()
    return found


def _integral(
    nodes: np.ndarray,
    edges: dict[str, EdgeShares],
    graph: float,
    prediction: float,
    baseline: float,
    steps: int,
    tolerance: float,
) -> Integral:
    values = [nodes, np.array([graph]), *(shares.values for shares in edges.values())]
    size = sum(float(np.abs(each).sum()) for each in values) + abs(prediction) + abs(baseline)
    gap = abs(sum(float(each.sum()) for each in values) - (prediction - baseline))
    adds_up = gap <= tolerance * abs(prediction - baseline) + _ROUNDING * size
    return Integral(prediction, baseline, nodes, edges, graph, steps, gap, adds_up)


def _of_graph(
    sums: Mapping[str, np.ndarray], items: Dataset, part: Part, place: int, slot: int
) -> tuple[np.ndarray, dict[str, EdgeShares], float]:
    """The contributions of one graph: of its nodes, its edges, and its own columns."""
    num_nodes = int(items.num_nodes[place])
    start = int(np.asarray(part.batch.graph.n_node)[:slot].sum())
    nodes, edges, graph = np.zeros(num_nodes), {}, 0.0
    for name, values in sums.items():
        if name == "nodes" or name.startswith("extra/"):
            nodes = nodes + values[start : start + num_nodes]
        elif name == "graphs":
            graph += float(values[slot])
        elif name == "pairs":
            assert part.batch.layout is not None
            size = part.batch.layout.tiers[0].size
            block = values[slot * size**2 : (slot + 1) * size**2].reshape(size, size)
            receivers, senders = np.divmod(np.arange(num_nodes**2), max(num_nodes, 1))
            edges["pairs"] = EdgeShares(
                senders, receivers, block[:num_nodes, :num_nodes].reshape(-1)
            )
        else:
            kind = "graph" if name == "edges" else name.removeprefix("edge_sets/")
            table: Any = items if name == "edges" else items.edge_sets[kind]
            ptr = items.edge_ptr if name == "edges" else table.ptr
            rows = slice(ptr[place], ptr[place + 1])
            over = part.batch.edges_over((kind,))
            real = np.flatnonzero(np.asarray(over.mask))
            ends = np.asarray(over.receivers)[real]
            own = real[(ends >= start) & (ends < start + num_nodes)]
            edges[kind] = EdgeShares(table.senders[rows], table.receivers[rows], values[own])
    return nodes, edges, graph
