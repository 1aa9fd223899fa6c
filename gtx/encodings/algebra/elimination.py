"""Sparse factorizations of Laplacians, with a size estimate before they are made. Host, scipy."""

from collections.abc import Callable

import numpy as np
import scipy.sparse
from scipy.sparse import linalg

from gtx.data.columns import offsets

# A factorization is made if it has at most SMALL_FACTOR entries, or FACTOR_ENTRIES for each node,
# and needs at most _FACTOR_WORK operations. (That of a plane grid of a million nodes has 35 entries
# for each node.) An entry takes ENTRY_BYTES.
SMALL_FACTOR, FACTOR_ENTRIES, ENTRY_BYTES, _FACTOR_WORK = 2**18, 40, 24, 2 * 10**11
# Nodes with a degree above _HUB * sqrt(number of nodes) are eliminated last.
_HUB = 10
# A larger graph is contracted to this number of nodes, to estimate the size of its factors.
_OUTLINE = 4096

Solve = Callable[[np.ndarray], np.ndarray]


def affordable_order(laplacian: scipy.sparse.csr_array) -> np.ndarray | None:
    """An order of elimination with factors that are small enough to be made, or None."""
    graph = _pattern(laplacian)
    order = elimination_order(graph)
    if order is None:
        return None
    count = column_counts(graph[order][:, order])
    if count.sum() > _max_entries(graph) or np.sum(count.astype(np.float64) ** 2) > _FACTOR_WORK:
        return None
    return order


def inverse(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, order: np.ndarray, shift: float = 0.0
) -> Solve | None:
    """The inverse on vectors orthogonal to `kernel`; None if the matrix is numerically singular.

    The graph is connected. If the value of the last node is fixed to 0, the remaining matrix is
    definite. Its solution differs from that of the whole system by a multiple of `kernel`, which is
    subtracted.

    Args:
      laplacian: [n, n] as in `gtx.encodings.algebra.lanczos`, with its diagonal.
      kernel: [n] unit vector in the null space of the matrix, without zeros.
      order: order of elimination.
      shift: number added to the diagonal; if it is not 0, no node is fixed.
    """
    if shift:
        laplacian = (laplacian + shift * scipy.sparse.eye_array(len(order))).tocsr()
    else:
        order = order[:-1]
    try:
        # Without pivoting: the matrix is definite, and pivots would change the planned order.
        factors = linalg.splu(
            laplacian[order][:, order].tocsc(),
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options=dict(SymmetricMode=True),
        )
    except RuntimeError:  # the weights differ by so much that small ones are rounded away
        return None

    def solve(vector: np.ndarray) -> np.ndarray:
        result = np.zeros_like(vector)
        result[order] = factors.solve(vector[order])
        return result - kernel * (kernel @ result)

    return solve


def elimination_order(graph: scipy.sparse.csr_array) -> np.ndarray | None:
    """The nodes by minimum degree, hubs last; None if the factors would be too large.

    Minimum degree takes minutes on large random graphs. A large graph is therefore first contracted
    to n0 nodes, a few thousand. If their elimination makes a front (the entries of a column) of
    size n0^a, the front of the whole graph is estimated as n^a. The exponent a is 1/2 for plane
    grids, 2/3 for grids in space, and 1 for random graphs.

    Args:
      graph: symmetric, without a diagonal; values do not matter.
    """
    n = graph.shape[0]
    degree = np.diff(graph.indptr)
    # A hub makes all its neighbours adjacent to each other when it is eliminated.
    hub = degree > max(16, _HUB * np.sqrt(n))
    rest, hubs = np.flatnonzero(~hub), np.flatnonzero(hub)
    inner = graph[rest][:, rest] if len(hubs) else graph
    outline = _outline(inner)
    if outline.shape[0] < inner.shape[0]:
        order = _minimum_degree(outline)
        front = max(2, column_counts(outline[order][:, order]).max())
        power = np.log(front) / np.log(outline.shape[0])
        if 2 * float(n) ** (2 * power) > _max_entries(graph):
            return None
    return np.concatenate([rest[_minimum_degree(inner)], hubs])


def column_counts(graph: scipy.sparse.csr_array) -> np.ndarray:
    """The number of entries of each column of the Cholesky factor, diagonal included.

    Gilbert, Ng and Peyton (1994), in nearly linear time. Each row of the factor is a subtree of
    the elimination tree, and the leaves of these subtrees are enough to count the entries.

    Args:
      graph: symmetric pattern in the order of elimination, without a diagonal.
    """
    n = graph.shape[0]
    parent = _elimination_tree(graph)
    order = _postorder(parent)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    above = parent[order]
    above = np.where(above >= 0, place[above], n).tolist()  # the extra node n is above all roots
    entries = scipy.sparse.triu(graph[order][:, order], format="csr")  # each node to later nodes
    # Lists and not arrays: the loops below read single numbers, which lists do faster.
    starts, later = entries.indptr.tolist(), entries.indices.tolist()
    first = list(range(n))  # the first node of the subtree below each node
    for node, up in enumerate(above):
        if up < n and first[node] < first[up]:
            first[up] = first[node]
    count = [int(first[node] == node) for node in range(n)] + [0]
    seen, leaf, ancestor = [-1] * n, [-1] * n, list(range(n + 1))
    for node, up in enumerate(above):
        count[up] -= 1
        least = first[node]
        for row in later[starts[node] : starts[node + 1]]:
            if least > seen[row]:  # the node is a leaf of the row's subtree
                seen[row] = least
                count[node] += 1
                previous = leaf[row]
                leaf[row] = node
                if previous >= 0:  # both leaves count the path above where they meet: subtract one
                    meet = previous
                    while ancestor[meet] != meet:
                        meet = ancestor[meet]
                    while ancestor[previous] != meet and previous != meet:
                        ancestor[previous], previous = meet, ancestor[previous]
                    count[meet] -= 1
        ancestor[node] = up
    for node, up in enumerate(above):
        count[up] += count[node]
    result = np.empty(n, np.int64)
    result[order] = count[:n]
    return result


def _elimination_tree(graph: scipy.sparse.csr_array) -> np.ndarray:
    """The parent of each node in the elimination tree, -1 for a root: Liu (1990)."""
    n = graph.shape[0]
    earlier = scipy.sparse.tril(graph, format="csr")
    starts, columns = earlier.indptr.tolist(), earlier.indices.tolist()
    parent, ancestor = [-1] * n, [-1] * n
    for row in range(n):
        for node in columns[starts[row] : starts[row + 1]]:
            while node != row and node >= 0:
                up = ancestor[node]
                ancestor[node] = row  # path compression: later rows need fewer steps
                if up < 0:
                    parent[node] = row
                node = up
    return np.array(parent, np.int64)


def _postorder(parent: np.ndarray) -> np.ndarray:
    """The nodes in postorder: each subtree is consecutive, and its root is the last."""
    n = len(parent)
    size, ups = [1] * n, parent.tolist()
    for node, up in enumerate(ups):  # parents come after children
        if up >= 0:
            size[up] += size[node]
    # Places are given from the end: a root gets the last place of its subtree, and the subtrees of
    # its children fill the places before it.
    place, free, end = [0] * n, [0] * n, n
    for node in range(n - 1, -1, -1):
        up = ups[node]
        if up < 0:
            last, end = end - 1, end - size[node]
        else:
            last = free[up]
            free[up] -= size[node]
        place[node], free[node] = last, last - 1
    order = np.empty(n, np.int64)
    order[place] = np.arange(n)
    return order


def _minimum_degree(graph: scipy.sparse.csr_array) -> np.ndarray:
    """The minimum degree order of SuperLU.

    scipy returns it only with a factorization. This incomplete one drops every entry and is cheap.
    """
    n = graph.shape[0]
    if n == 0:
        return np.zeros(0, np.int64)
    matrix = scipy.sparse.diags_array(np.full(n, 2.0 * n)) - graph
    factors = linalg.spilu(
        matrix.tocsc(),
        drop_tol=1.0,
        fill_factor=1,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options=dict(SymmetricMode=True),
    )
    return np.argsort(factors.perm_c)


def _outline(graph: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """A smaller graph, whose nodes are regions and whose edges join neighbouring regions.

    Some nodes are drawn at random. Each region holds the nodes nearest to one of them.
    """
    n = graph.shape[0]
    if n <= _OUTLINE:
        return graph
    reached = np.sort(np.random.default_rng(0).choice(n, _OUTLINE, replace=False))
    region = np.full(n, -1)
    region[reached] = np.arange(_OUTLINE)
    while len(reached):
        degree = np.diff(graph.indptr)[reached]
        first = offsets(degree)
        edges = np.repeat(graph.indptr[reached] - first[:-1], degree) + np.arange(first[-1])
        nodes, source = graph.indices[edges], np.repeat(region[reached], degree)
        fresh = region[nodes] < 0
        region[nodes[fresh]] = source[fresh]
        reached = np.unique(nodes[fresh])
    rows, columns = np.repeat(region, np.diff(graph.indptr)), region[graph.indices]
    # -1: a node that no region reaches. It is linked to the rest of the graph only through hubs.
    apart = (rows != columns) & (rows >= 0)
    ends = (rows[apart], columns[apart])
    return scipy.sparse.csr_array((np.ones(len(ends[0])), ends), shape=(_OUTLINE, _OUTLINE))


def _pattern(matrix: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    graph = matrix.tocoo()
    apart = (graph.row != graph.col) & (graph.data != 0)
    ends = (graph.row[apart], graph.col[apart])
    return scipy.sparse.csr_array((np.ones(len(ends[0])), ends), shape=matrix.shape)


def _max_entries(graph: scipy.sparse.csr_array) -> int:
    return max(SMALL_FACTOR, FACTOR_ENTRIES * graph.shape[0])
