"""Exact solutions of problems on one graph, for sources that teach them. Host, numpy and scipy.

`ends` is int64 [2, edges], the two nodes of each undirected edge (of an arc its tail and head),
without loops and repetitions.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph


def topological_order(num_nodes: int, ends: np.ndarray) -> np.ndarray:
    """The place of each node in an order in which every arc leads forward, int64 [nodes].

    Kahn's algorithm (1962): first all nodes without an arc to them, by their numbers; then those
    that this frees, in the order in which they are freed, and so on. An order is seldom the only
    one. This is that of `networkx.topological_sort` if arcs are sorted.
    """
    heads: list[list[int]] = [[] for _ in range(num_nodes)]
    for tail, head in sorted(map(tuple, ends.T.tolist())):
        heads[tail].append(head)
    waiting = np.bincount(ends[1], minlength=num_nodes)
    order = np.flatnonzero(waiting == 0).tolist()
    for node in order:  # grows meanwhile
        for head in heads[node]:
            waiting[head] -= 1
            if waiting[head] == 0:
                order.append(head)
    if len(order) < num_nodes:
        raise ValueError("a cycle of arcs has no topological order. Give a graph without cycles.")
    place = np.empty(num_nodes, np.int64)
    place[order] = np.arange(num_nodes)
    return place


def bridges(num_nodes: int, ends: np.ndarray) -> np.ndarray:
    """Whether the graph falls apart without the edge, bool [edges]: Tarjan (1974)."""
    links: list[list[tuple[int, int]]] = [[] for _ in range(num_nodes)]
    for edge, (one, other) in enumerate(ends.T.tolist()):
        links[one].append((other, edge))
        links[other].append((one, edge))
    found = np.zeros(ends.shape[1], bool)
    order, low = [-1] * num_nodes, [0] * num_nodes
    count = 0
    for root in range(num_nodes):
        if order[root] >= 0:
            continue
        path = [(root, -1, iter(links[root]))]
        order[root] = low[root] = count
        count += 1
        while path:
            node, by, rest = path[-1]
            for other, edge in rest:
                if edge == by:
                    continue
                if order[other] < 0:
                    path.append((other, edge, iter(links[other])))
                    order[other] = low[other] = count
                    count += 1
                    break
                low[node] = min(low[node], order[other])
            else:
                path.pop()
                if path:
                    parent = path[-1][0]
                    low[parent] = min(low[parent], low[node])
                    found[by] = low[node] > order[parent]
    return found


def minimum_spanning_tree(num_nodes: int, ends: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The edges of the lightest tree (of each component), bool [edges]; weights differ, above 0."""
    tree = csgraph.minimum_spanning_tree(_matrix(num_nodes, ends, weights))
    return np.isin(weights, tree.data)


def steiner_tree(
    num_nodes: int, ends: np.ndarray, weights: np.ndarray, terminals: np.ndarray
) -> np.ndarray:
    """The edges of the lightest tree that joins three nodes of a connected graph, bool [edges].

    It consists of shortest paths from one node to the three (Dreyfus and Wagner, 1971): the node
    with the least sum of distances. Weights differ and are above 0.
    """
    matrix = _matrix(num_nodes, ends, weights)
    distance, before = csgraph.dijkstra(
        matrix, directed=False, indices=terminals, return_predecessors=True
    )
    meeting = int(np.argmin(distance.sum(axis=0)))
    steps = set()
    for number in range(len(terminals)):
        node = meeting
        while before[number, node] >= 0:
            parent = int(before[number, node])
            steps.add((min(node, parent), max(node, parent)))
            node = parent
    pairs = zip(ends.min(axis=0).tolist(), ends.max(axis=0).tolist(), strict=True)
    return np.array([pair in steps for pair in pairs], bool)


def maximum_flow(
    num_nodes: int, ends: np.ndarray, capacities: np.ndarray, source: int, sink: int
) -> int:
    """The value of the largest flow along arcs with whole capacities."""
    arcs = sparse.csr_array(
        (capacities.astype(np.int32), (ends[0], ends[1])), shape=(num_nodes, num_nodes)
    )
    return int(csgraph.maximum_flow(arcs, source, sink).flow_value)


def heaviest_matching(num_nodes: int, ends: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The edges of a matching with the largest sum of whole weights, bool [edges].

    A matching has at most one edge at each node. It is found by branch and bound over the linear
    program (HiGHS), to a gap of 0.
    """
    from scipy import optimize  # a quarter of a second, which every command would wait for

    count = ends.shape[1]
    if count == 0:
        return np.zeros(0, bool)
    edge = np.arange(count)
    at = sparse.csr_array(
        (np.ones(2 * count), (ends.reshape(-1), np.tile(edge, 2))), shape=(num_nodes, count)
    )
    found = optimize.milp(
        -weights.astype(np.float64),
        constraints=optimize.LinearConstraint(at, ub=1),
        integrality=np.ones(count),
        bounds=optimize.Bounds(0, 1),
        options=dict(mip_rel_gap=0.0),
    )
    if found.status != 0:
        raise RuntimeError(f"HiGHS found no heaviest matching, and says {found.message!r}.")
    return found.x > 0.5


def in_maximum_clique(num_nodes: int, ends: np.ndarray) -> np.ndarray:
    """Whether a node belongs to a clique of the largest size there is, bool [nodes].

    All of them are found, by Bron and Kerbosch (1973) with pivots, leaving out branches that cannot
    reach the largest size. The time grows exponentially with dense graphs.
    """
    near = [0] * num_nodes
    for one, other in ends.T.tolist():
        near[one] |= 1 << other
        near[other] |= 1 << one
    largest, members = 0, 0
    branches = [(0, (1 << num_nodes) - 1, 0)]  # chosen, may still come, were tried; bits
    while branches:
        chosen, candidates, tried = branches.pop()
        size = chosen.bit_count()
        if size + candidates.bit_count() < largest:
            continue
        if not candidates:
            if not tried:
                members = chosen if size > largest else members | chosen
                largest = size
            continue
        pivot = max(_bits(candidates), key=lambda node: (candidates & near[node]).bit_count())
        for node in _bits(candidates & ~near[pivot]):
            branches.append((chosen | 1 << node, candidates & near[node], tried & near[node]))
            candidates &= ~(1 << node)
            tried |= 1 << node
    return np.array([bool(members >> node & 1) for node in range(num_nodes)])


def _bits(number: int) -> list[int]:
    """The places of the ones of a number."""
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places


def _matrix(num_nodes: int, ends: np.ndarray, weights: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((weights, (ends[0], ends[1])), shape=(num_nodes, num_nodes))
