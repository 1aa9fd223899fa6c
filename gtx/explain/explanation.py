"""What the parts of one graph contribute to one prediction."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class EdgeShares:
    """Contributions of edges, or of pairs of nodes.

    Attributes:
      senders, receivers: int [edges], numbers of nodes in the graph.
      values: float64 [edges].
    """

    senders: np.ndarray
    receivers: np.ndarray
    values: np.ndarray


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Contributions to one number that a model says of one graph.

    Attributes:
      method: "integrated gradients", "leave one out", "leave one edge out" or "attention rollout".
      target: name of the target or class; "all" for rollout, which knows no targets.
      unit: "prediction", in the unit of the target, or "log-odds" of the class; "share".
      node_features: float64 [nodes], of the features of each node alone; NaN where a method says
        nothing of nodes.
      num_nodes: of the graph as it was given. Nodes beyond are those that structures added.
      edges: of the features of edges, by the name of the edge set; "graph" are the given edges,
        "pairs" are all pairs of nodes.
      graph: of the columns of the whole graph, such as descriptors.
      prediction: the number that is explained; NaN for rollout.
      baseline: what the model says at the baseline; NaN for a method without one.
      steps: points of the path at which gradients were taken; 0 for other methods.
      gap: |sum - (prediction - baseline)|, which is 0 for an exact integral; NaN for other
        methods, whose sums mean nothing.
    """

    method: str
    target: str
    unit: str
    node_features: np.ndarray
    num_nodes: int
    edges: dict[str, EdgeShares] = dataclasses.field(default_factory=dict)
    graph: float = 0.0
    prediction: float = math.nan
    baseline: float = math.nan
    steps: int = 0
    gap: float = math.nan

    @property
    def nodes(self) -> np.ndarray:
        """Contributions of the given nodes with half of each edge that they have, [nodes].

        The feature of an edge (or a pair) belongs to both of its ends alike.
        """
        return self._all_nodes[: self.num_nodes]

    @property
    def rest(self) -> float:
        """What no given node has: columns of the whole graph, and nodes that structures added."""
        return self.graph + float(self._all_nodes[self.num_nodes :].sum())

    @property
    def total(self) -> float:
        """The sum of all contributions."""
        return float(self.nodes.sum()) + self.rest

    def motif(self, nodes: Sequence[int]) -> float:
        """The sum over a set of nodes: their features, the edges among them, half of the others.

        Raises:
          IndexError: there is no such node.
        """
        chosen = np.unique(np.asarray(nodes, np.int64))
        if len(chosen) and not (0 <= chosen[0] and chosen[-1] < self.num_nodes):
            raise IndexError(f"the graph has the nodes 0 to {self.num_nodes - 1}, got {nodes}.")
        return float(self.nodes[chosen].sum())

    @property
    def _all_nodes(self) -> np.ndarray:
        found = np.array(self.node_features, np.float64)
        for shares in self.edges.values():
            np.add.at(found, shares.senders, shares.values / 2)
            np.add.at(found, shares.receivers, shares.values / 2)
        return found
