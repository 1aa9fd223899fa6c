"""The Laplacian of the undirected graph, its components and its pseudo-inverse."""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from gtx.encodings.algebra.products import matmul
from gtx.encodings.base import EncodingError


def undirected(adjacency: Any, xp: Any = np) -> Any:
    """The graph without directions and self-loops.

    Two nodes get as many edges as the more frequent of their two directions has.
    """
    identity = np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
    return xp.maximum(adjacency, xp.swapaxes(adjacency, 1, 2)) * (1 - identity)


def laplacian(adjacency: Any, xp: Any = np) -> Any:
    """D - A of the undirected graph, [graphs, n, n]."""
    adjacency = undirected(adjacency, xp)
    identity = np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
    return adjacency.sum(axis=-1)[:, :, None] * identity - adjacency


def check_conductances(name: str, adjacency: Any, xp: Any = np) -> None:
    """Refuse negative weights on the host, where an inverse might not exist."""
    if xp is np and adjacency.min(initial=0) < 0:
        raise EncodingError(
            f"{name}: an edge has the weight {adjacency.min()}; weights are conductances "
            "and not negative."
        )


def components(adjacency: Any, xp: Any = np) -> Any:
    """Whether two nodes are in one (weakly connected) component, bool [graphs, n, n]."""
    graphs, n, _ = adjacency.shape
    if xp is np:
        graph, receiver, sender = np.nonzero(adjacency)
        ends = (graph * n + receiver, graph * n + sender)
        edges = sparse.coo_array((np.ones(len(graph)), ends), shape=(graphs * n, graphs * n))
        number = csgraph.connected_components(edges, directed=False)[1].reshape(graphs, n)
        return number[:, :, None] == number[:, None, :]
    linked = (adjacency != 0) | (xp.swapaxes(adjacency, 1, 2) != 0)
    reached = xp.where(np.eye(n, dtype=bool), True, linked).astype(adjacency.dtype)
    for _ in range(max(n - 1, 0).bit_length()):  # walks of up to 1, 2, 4, ... steps
        reached = (matmul(reached, reached, xp) > 0).astype(adjacency.dtype)
    return reached > 0


def pseudoinverse(adjacency: Any, xp: Any = np) -> tuple[Any, Any]:
    """The Moore-Penrose inverse of the Laplacian, and `components`, both [graphs, n, n].

    Let J be 1 / (nodes of the component) between nodes of one component, and 0 elsewhere. It is the
    projector onto the null space of L, and the result is (L + J)^-1 - J. This form needs no
    threshold below which an eigenvalue counts as 0, and it is differentiable at repeated
    eigenvalues too. The gradient takes the components as fixed, because the pseudo-inverse jumps
    when a first edge joins two of them.
    """
    together = components(adjacency, xp)
    projector = together.astype(adjacency.dtype)
    projector = projector / xp.maximum(projector.sum(axis=-1, keepdims=True), 1)
    return xp.linalg.inv(laplacian(adjacency, xp) + projector) - projector, together
