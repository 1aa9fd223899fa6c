"""Pooling: one vector per graph from the vectors of its nodes."""

from typing import Literal

from jaxtyping import Array, Bool, Float, Integer

from gtx.ops import segment
from gtx.ops.arguments import as_ids, check_choice, check_count, check_floats, check_length

Pooling = Literal["sum", "mean", "max"]

_REDUCTIONS = {
    "sum": segment.segment_sum,
    "mean": segment.segment_mean,
    "max": segment.segment_max,
}


def pool(
    nodes: Float[Array, " nodes *rest"],
    node_graph: Integer[Array, " nodes"],
    num_graphs: int,
    *,
    method: Pooling = "sum",
    where: Bool[Array, " nodes"] | None = None,
) -> Float[Array, " graphs *rest"]:
    """Reduce the nodes of each graph to one vector, in at least float32.

    Args:
      nodes: node features; the nodes of a graph are consecutive rows.
      node_graph: the graph of each node, not decreasing, in [0, num_graphs).
      num_graphs: static.
      method: the reduction.
      where: True for real nodes; the others have no influence, whatever they hold.

    Returns:
      One row per graph in the dtype of `nodes`; 0 for a graph without real nodes.
    """
    check_choice(method, _REDUCTIONS, "pooling")
    check_floats(nodes, "nodes", "[nodes, ...]")
    node_graph = as_ids(node_graph, "node_graph")
    check_length(node_graph, nodes.shape[0], "node_graph", "nodes")
    check_count(num_graphs, "num_graphs")
    return _REDUCTIONS[method](nodes, node_graph, num_graphs, where=where, indices_are_sorted=True)
