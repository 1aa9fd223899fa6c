"""Building, checking, joining and splitting `jraph.GraphsTuple` on the host.

A graph here consists of numpy arrays: int32 `senders` and `receivers`, and features as trees of
arrays, usually dicts of columns. In a GraphsTuple of several graphs, ids count through all of its
nodes, as in jraph. `n_node` is always given and never inferred from the largest id, so trailing
isolated nodes are kept. Self-loops and duplicate edges are kept too: a duplicate counts twice.

`jraph.pad_with_graphs`, and therefore `jraph.dynamically_batch`, adds graphs at the end that are
not data. A GraphsTuple does not mark them, but they have a special form: one graph in which all
features are 0 and all edges are loops of the first node, then any number of graphs without nodes.
Functions that take GraphsTuples have an argument `padded` for them:

    True     the end is padding, as jraph counts it, whatever its features hold
    False    all graphs are data
    None     an end of this form is judged by three signs. First: it has features. Second: graphs
             without nodes follow (this counts only if it has features or several nodes). Third: it
             has several nodes, and two or more loops at the first. With two or three signs it is
             padding, because no data are known to look like this. With none it is data. With one
             sign it is refused, and the message asks to set `padded`, because data can look like
             this: methane, where carbon is class 0, is a single node with features 0.

A GraphsTuple of one graph is never padded.
"""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jraph import GraphsTuple as GraphsTuple

_MAX_ID = np.iinfo(np.int32).max
_OWNERS = dict(nodes="node", edges="edge", globals="graph")


class GraphError(ValueError):
    """A graph that is not valid; the message names the graph, the field and the remedy."""


def from_arrays(
    senders: Any,
    receivers: Any,
    *,
    n_node: Any,
    nodes: Any = None,
    edges: Any = None,
    globals: Any = None,
) -> GraphsTuple:
    """Build a validated GraphsTuple of one graph, or of several.

    Args:
      senders: ids of the sending nodes, [edges], any integer dtype.
      receivers: ids of the receiving nodes, [edges].
      n_node: number of nodes of the graph; a sequence of numbers for several graphs. Their edges
        must then be ordered graph by graph, with ids that count through all nodes.
      nodes: tree of arrays with leading axis nodes, usually a dict of columns.
      edges: tree of arrays with leading axis edges.
      globals: tree of arrays with leading axis graphs (1 for a single graph).

    Raises:
      GraphError: names the graph, the field and the remedy.
    """
    counts = _integers(None if n_node is None else np.atleast_1d(n_node), "n_node", "graph")
    senders = _integers(senders, "senders", "graph")
    receivers = _integers(receivers, "receivers", "graph")
    _check_counts(counts, "n_node", "graph")
    if len(counts) == 1:
        n_edge = np.array([len(senders)])
    else:
        ends = np.cumsum(counts)
        owner = np.searchsorted(ends, np.clip(senders, 0, None), side="right")
        if np.any(np.diff(owner) < 0):
            raise GraphError(
                "graph: senders do not stand graph by graph. Sort the edges by graph first, or "
                "build the graphs one by one and join them with gtx.graphs.concatenate."
            )
        # An id beyond the last node is assigned to the last graph, so that `validate` reports it.
        n_edge = np.bincount(np.minimum(owner, len(counts) - 1), minlength=len(counts))
    graph = GraphsTuple(
        nodes=_arrays(nodes, "nodes"),
        edges=_arrays(edges, "edges"),
        globals=_arrays(globals, "globals"),
        senders=senders,
        receivers=receivers,
        n_node=counts,
        n_edge=n_edge,
    )
    validate(graph)
    return graph._replace(
        senders=senders.astype(np.int32),
        receivers=receivers.astype(np.int32),
        n_node=counts.astype(np.int32),
        n_edge=n_edge.astype(np.int32),
    )


def validate(graph: Any, *, name: str = "graph") -> None:
    """Raise a GraphError if any field of the graph is wrong.

    Args:
      graph: one graph or several, with arrays of the host or of a device.
      name: its name in error messages; the number is appended if there are several graphs.
    """
    if not isinstance(graph, GraphsTuple):
        raise GraphError(
            f"{name}: expected a jraph.GraphsTuple, got {type(graph).__name__}. "
            "Build one with gtx.graphs.from_arrays."
        )
    n_node = _integers(graph.n_node, "n_node", name)
    n_edge = _integers(graph.n_edge, "n_edge", name)
    senders = _integers(graph.senders, "senders", name)
    receivers = _integers(graph.receivers, "receivers", name)
    _check_counts(n_node, "n_node", name)
    _check_counts(n_edge, "n_edge", name)
    if len(n_node) != len(n_edge):
        raise GraphError(
            f"{name}: n_node has {len(n_node)} entries and n_edge {len(n_edge)}. "
            "Give one of each per graph."
        )
    for field, ids in (("senders", senders), ("receivers", receivers)):
        if len(ids) != n_edge.sum():
            raise GraphError(
                f"{name}: {field} has {len(ids)} entries, but n_edge sums to {n_edge.sum()}. "
                "Give one sender and one receiver per edge."
            )
    # Each edge belongs to a graph by its place, and both its ends must be nodes of this graph.
    starts = np.cumsum(n_node) - n_node
    owner = np.repeat(np.arange(len(n_edge)), n_edge)
    for field, ids in (("senders", senders), ("receivers", receivers)):
        local = ids - starts[owner]
        wrong = (local < 0) | (local >= n_node[owner])
        if wrong.any():
            edge = int(np.argmax(wrong))
            of = int(owner[edge])
            within = edge - int(np.sum(n_edge[:of]))
            raise GraphError(
                f"{_number(name, of, len(n_node))}: {field}[{within}] is {local[edge]}, but the "
                f"graph has {n_node[of]} nodes. Ids run from 0 to n_node - 1 (counted from the "
                "graph's first node); raise n_node or mend the edge."
            )
    sizes = dict(nodes=n_node, edges=n_edge, globals=np.ones_like(n_node))
    for field, counts in sizes.items():
        _check_features(getattr(graph, field), field, counts, name)


def concatenate(graphs: Iterable[Any], *, padded: bool | None = None) -> GraphsTuple:
    """Join graphs into one GraphsTuple; ids then count through all nodes.

    Args:
      graphs: one or more graphs with the same feature columns.
      padded: whether each ends in jraph's padding, see the top of this module.

    Raises:
      GraphError: names the first graph that is wrong or does not match the first one.
    """
    if not isinstance(graphs, Iterable):
        validate(graphs, name="graphs")
    graphs = list(graphs)
    if not graphs:
        raise GraphError("graphs: there are none to join. Give at least one graph.")
    index: dict[str, list[np.ndarray]] = dict(n_node=[], n_edge=[], senders=[], receivers=[])
    features: dict[str, list[list[np.ndarray]]] = dict(nodes=[], edges=[], globals=[])
    structure: dict[str, Any] = {}
    offset = count = 0
    for number, graph in enumerate(graphs):
        name = f"graph {number}"
        graph = without_padding(graph, padded, name=name)
        for field, parts in index.items():
            parts.append(_integers(getattr(graph, field), field, name))
        total = dict(
            nodes=int(index["n_node"][-1].sum()),
            edges=int(index["n_edge"][-1].sum()),
            globals=len(index["n_node"][-1]),
        )
        own = {field: jax.tree.structure(getattr(graph, field)) for field in features}
        structure = structure or own
        for field, columns in features.items():
            leaves = [_arrays(leaf, field) for leaf in jax.tree.leaves(getattr(graph, field))]
            _check_alike(leaves, own, columns[0] if columns else leaves, structure, field, name)
            # `validate` is slow for many small graphs. It is called only for a graph that fails
            # these quick checks, and then it names the error.
            for leaf in leaves:
                if leaf.shape[0] != total[field]:
                    validate(graph, name=name)
            columns.append(leaves)
        for field in ("senders", "receivers"):
            if len(index[field][-1]) != total["edges"]:
                validate(graph, name=name)
            ids = index[field][-1]
            if len(ids) and (ids.min() < 0 or ids.max() >= total["nodes"]):
                validate(graph, name=name)
            index[field][-1] = ids + offset
        offset += total["nodes"]
        count += total["edges"]
    if max(offset, count) > _MAX_ID:
        raise GraphError(
            f"graphs: {offset} nodes and {count} edges do not fit 32-bit ids. Join fewer graphs."
        )
    joined = {
        field: jax.tree.unflatten(
            structure[field], [np.concatenate(leaves) for leaves in zip(*columns, strict=True)]
        )
        for field, columns in features.items()
    }
    whole = {field: np.concatenate(parts).astype(np.int32) for field, parts in index.items()}
    return GraphsTuple(**joined, **whole)


def without_padding(graph: Any, padded: bool | None, *, name: str = "graph") -> GraphsTuple:
    """The graphs that are data. The top of this module explains `padded`.

    Raises:
      GraphError: `padded` is None and the end may be data or padding; or `padded` is True and the
        end is not jraph's padding.
    """
    if not isinstance(graph, GraphsTuple):
        validate(graph, name=name)
    if padded is False:
        return graph
    first = _first_padding_graph(graph, zeros=padded is None)
    if first is None:
        if padded:
            raise GraphError(
                f"{name}: padded=True, but its end is not what jraph.pad_with_graphs adds: a graph "
                "whose edges are loops of its first node, then graphs without nodes. Leave it out."
            )
        return graph
    if padded is None:
        columns = bool(jax.tree.leaves((graph.nodes, graph.edges, graph.globals)))
        several = int(graph.n_node[first]) > 1
        empties = first < len(graph.n_node) - 1 and (columns or several)
        signs = columns + empties + (several and int(graph.n_edge[first]) > 1)
        if signs == 0:
            return graph
        if signs == 1:
            raise GraphError(
                f"{name}: its graphs from number {first} on may be padding of jraph or data: they "
                "have no edges but loops of one node, and all features are 0. Pass padded=True to "
                "leave them out, padded=False to keep them, or the graphs one by one."
            )
    num_nodes, num_edges = int(np.sum(graph.n_node[:first])), int(np.sum(graph.n_edge[:first]))
    stops = dict(nodes=num_nodes, edges=num_edges, globals=first)
    features = {
        field: jax.tree.map(lambda leaf, stop=stop: leaf[:stop], getattr(graph, field))
        for field, stop in stops.items()
    }
    return GraphsTuple(
        **features,
        senders=graph.senders[:num_edges],
        receivers=graph.receivers[:num_edges],
        n_node=graph.n_node[:first],
        n_edge=graph.n_edge[:first],
    )


def _first_padding_graph(graph: GraphsTuple, *, zeros: bool) -> int | None:
    """The number of the graph that holds the padding; None if there is none."""
    n_node, n_edge, senders, receivers = (
        np.asarray(getattr(graph, field)) for field in ("n_node", "n_edge", "senders", "receivers")
    )
    if n_node.ndim != 1 or n_node.shape != n_edge.shape or senders.shape != receivers.shape:
        return None  # `validate` reports this error
    # The padding graph is the last one with nodes. If that is the first graph, no data precede it.
    filled = np.flatnonzero(n_node)
    if len(filled) == 0 or filled[-1] == 0:
        return None
    first = int(filled[-1])
    num_nodes, num_edges = int(n_node[:first].sum()), int(n_edge[:first].sum())
    loops = np.all(senders[num_edges:] == num_nodes) and np.all(receivers[num_edges:] == num_nodes)
    if n_edge[first + 1 :].any() or not loops:
        return None
    for field, start in dict(nodes=num_nodes, edges=num_edges, globals=first).items():
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(getattr(graph, field))]
        if any(leaf.ndim == 0 or (zeros and np.any(leaf[start:] != 0)) for leaf in leaves):
            return None
    return first


def split(graph: GraphsTuple, *, padded: bool | None = None) -> list[GraphsTuple]:
    """The graphs of a GraphsTuple one by one, each with ids from 0; undoes `concatenate`.

    `padded` says whether it ends in jraph's padding; the top of this module explains it.
    """
    graph = without_padding(graph, padded)
    n_node, n_edge = np.asarray(graph.n_node), np.asarray(graph.n_edge)
    node_ptr = np.concatenate([[0], np.cumsum(n_node)])
    edge_ptr = np.concatenate([[0], np.cumsum(n_edge)])
    senders, receivers = np.asarray(graph.senders), np.asarray(graph.receivers)
    parts = []
    for number in range(len(n_node)):
        rows = dict(
            nodes=slice(node_ptr[number], node_ptr[number + 1]),
            edges=slice(edge_ptr[number], edge_ptr[number + 1]),
            globals=slice(number, number + 1),
        )
        features = {
            field: jax.tree.map(lambda leaf, part=part: np.asarray(leaf)[part], value)
            for field, part in rows.items()
            for value in [getattr(graph, field)]
        }
        parts.append(
            GraphsTuple(
                **features,
                senders=(senders[rows["edges"]] - node_ptr[number]).astype(np.int32),
                receivers=(receivers[rows["edges"]] - node_ptr[number]).astype(np.int32),
                n_node=n_node[number : number + 1].astype(np.int32),
                n_edge=n_edge[number : number + 1].astype(np.int32),
            )
        )
    return parts


def _number(name: str, number: int, total: int) -> str:
    return name if total == 1 else f"{name} {number}"


def _arrays(value: Any, field: str) -> Any:
    """Convert array-likes to arrays. A dict stays a dict, so that lists in it become columns."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: _arrays(entry, f"{field}[{key!r}]") for key, entry in value.items()}
    if np.ma.is_masked(value):
        raise GraphError(f"graph: {field} has masked entries. Fill them before building the graph.")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise GraphError(
            f"graph: {field} is not an array ({error}). Give every row the same length."
        ) from None


def _integers(values: Any, field: str, name: str) -> np.ndarray:
    """The ids or counts as int64; refuses other dtypes and numbers that do not fit 32 bits."""
    if values is None:
        raise GraphError(f"{name}: {field} is None. Give an integer array, empty if need be.")
    array = _arrays(values, field)
    # An empty list becomes float64 in numpy. It holds no fractions, so it is accepted.
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu":
        raise GraphError(
            f"{name}: {field} has dtype {array.dtype}. Ids and counts must be integers; "
            "convert them with .astype(np.int32)."
        )
    if array.ndim != 1:
        raise GraphError(
            f"{name}: {field} has shape {array.shape}. It must have one axis; an edge_index "
            "[2, edges] is senders = edge_index[0], receivers = edge_index[1]."
        )
    if array.max() > _MAX_ID or array.min() < -_MAX_ID:
        extreme = array.max() if array.max() > _MAX_ID else array.min()
        raise GraphError(
            f"{name}: {field} holds {extreme}, which does not fit 32 bits. Ids are local to the "
            "graph and start at 0."
        )
    return array.astype(np.int64)


def _check_counts(counts: np.ndarray, field: str, name: str) -> None:
    if len(counts) and counts.min() < 0:
        number = int(np.argmin(counts))
        raise GraphError(
            f"{_number(name, number, len(counts))}: {field} is {counts[number]}. "
            "A graph has 0 or more."
        )
    if counts.sum() > _MAX_ID:
        raise GraphError(
            f"{name}: {field} sums to {counts.sum()}, which does not fit 32-bit ids. "
            "Use fewer or smaller graphs."
        )


def _leaves(value: Any, field: str) -> list[tuple[str, np.ndarray]]:
    """Every array of a feature tree with the name that messages use."""
    paths = jax.tree_util.tree_leaves_with_path(value)
    return [(field + jax.tree_util.keystr(path), np.asarray(leaf)) for path, leaf in paths]


def _check_features(value: Any, field: str, counts: np.ndarray, name: str) -> None:
    total = int(counts.sum())
    for label, leaf in _leaves(value, field):
        real = jnp.issubdtype(leaf.dtype, jnp.number) or leaf.dtype == bool
        if not real or jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            raise GraphError(
                f"{name}: {label} has dtype {leaf.dtype}. Features are integers, bools or real "
                "floats; map names to integers first."
            )
        if leaf.ndim == 0 or leaf.shape[0] != total:
            rows = "no axis" if leaf.ndim == 0 else f"{leaf.shape[0]} rows"
            raise GraphError(
                f"{name}: {label} has {rows}, but there are {total} {_OWNERS[field]}s. "
                f"Give one row per {_OWNERS[field]}."
            )
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            continue
        wrong = ~np.isfinite(leaf).all(axis=tuple(range(1, leaf.ndim)))
        if wrong.any():
            row = int(np.argmax(wrong))
            of = int(np.searchsorted(np.cumsum(counts), row, side="right"))
            within = row - int(counts[:of].sum())
            raise GraphError(
                f"{_number(name, of, len(counts))}: {label}[{within}] holds NaN or Inf. "
                "Fill missing values before building the graph."
            )


def _check_alike(
    leaves: list[np.ndarray],
    own: dict[str, Any],
    first: list[np.ndarray],
    structure: dict[str, Any],
    field: str,
    name: str,
) -> None:
    """Raise unless a graph has the same columns, widths and kinds of dtype as the first graph."""
    if own[field] != structure[field]:
        raise GraphError(
            f"{name}: {field} has the columns {own[field]}, graph 0 has {structure[field]}. "
            "Give every graph the same columns, with empty arrays where there is nothing."
        )
    for place, (leaf, other) in enumerate(zip(leaves, first, strict=True)):
        if leaf.ndim == 0 or leaf.shape[1:] != other.shape[1:]:
            raise GraphError(
                f"{name}: {_column(structure, field, place)} has shape {leaf.shape}, in graph 0 it "
                f"is {other.shape}. Give every graph columns of the same width."
            )
        if jnp.issubdtype(leaf.dtype, jnp.floating) != jnp.issubdtype(other.dtype, jnp.floating):
            raise GraphError(
                f"{name}: {_column(structure, field, place)} has dtype {leaf.dtype}, in graph 0 it "
                f"is {other.dtype}. Use integers or floats in all graphs alike."
            )


def _column(structure: dict[str, Any], field: str, place: int) -> str:
    """The name of a column in messages: nodes['x'] for example."""
    tree = jax.tree.unflatten(structure[field], range(structure[field].num_leaves))
    return field + jax.tree_util.keystr(jax.tree_util.tree_leaves_with_path(tree)[place][0])
