"""Graphs of networkx as a Dataset, and back."""

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gtx.data.convert.gathered import Target, gathered
from gtx.data.convert.given import check_plain, scalar, split_names
from gtx.data.convert.values import attribute
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import GraphSpec, LabelKind
from gtx.typing import Level

_FIELDS: dict[str, str] = dict(graph="graphs", node="nodes", edge="edges")


def from_networkx(
    graphs: Any,
    *,
    nodes: Sequence[str] | None = None,
    edges: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    target: str | None = None,
    level: Level = "graph",
    kind: LabelKind | None = None,
    split: str | None = None,
    names: str | None = None,
    multi_edges: bool = False,
    spec: GraphSpec | None = None,
) -> Dataset:
    """Graphs of networkx, with their attributes as columns.

    Node i is the i-th of `list(graph)`. An undirected graph gets every edge in both directions with
    the same attributes, a self-loop once.

    Args:
      graphs: a Graph, DiGraph, MultiGraph or MultiDiGraph, or several of one of these.
      nodes, edges, features: the attributes of nodes, edges and graphs that become columns; None
        takes all but `target`, `split` and `names`. Every node (edge, graph) must have them.
      target: the attribute to predict; None or no attribute is a missing label.
      level: what has that attribute: "graph", "node" or "edge".
      kind: of the label; see `gathered.Target` for None.
      split: an attribute at the same level with the part, "train", "valid" or "test".
      names: an attribute of graphs with a text that names each.
      multi_edges: whether a multigraph may have several edges between two nodes. They are kept as
        parallel edges; their keys are dropped.
      spec: of training data, whose categories of texts are taken.

    Raises:
      DatasetError: names the graph, the node or edge, the attribute and the remedy.
    """
    given = [graphs] if hasattr(graphs, "is_multigraph") else list(graphs)
    if not given:
        raise DatasetError("graphs: there are none to convert. Give at least one graph.")
    if level not in _FIELDS:
        raise DatasetError(f"level: {level!r} is not possible. Give one of {list(_FIELDS)}.")
    directed = hasattr(given[0], "is_directed") and bool(given[0].is_directed())
    for number, graph in enumerate(given):
        _check(graph, number, directed, multi_edges)
    keys = [list(graph) for graph in given]
    ends = [list(_edges(graph, directed)) for graph in given]
    rows: dict[str, list[Any]] = dict(
        nodes=[graph.nodes[key] for graph, of in zip(given, keys, strict=True) for key in of],
        edges=[attributes for of in ends for _, _, attributes in of],
        graphs=[graph.graph for graph in given],
    )
    spots = dict(
        nodes=[(n, f", node {key!r:.60}") for n, of in enumerate(keys) for key in of],
        edges=[
            (n, f", edge ({a!r:.40}, {b!r:.40})") for n, of in enumerate(ends) for a, b, _ in of
        ],
        graphs=[(n, "") for n in range(len(given))],
    )

    def place(field: str, row: int) -> str:
        number, within = spots[field][row]
        return f"graph {number}{within}"

    taken = {_FIELDS[level]: {target, split}, "graphs": {names}}
    if level == "graph":
        taken["graphs"] = {target, split, names}
    chosen = dict(nodes=nodes, edges=edges, graphs=features)
    columns = {
        field: {
            name: attribute(rows[field], name, name, functools.partial(place, field))
            for name in _chosen(rows[field], wanted, taken.get(field, set()), field)
        }
        for field, wanted in chosen.items()
    }
    field = _FIELDS[level]
    where = functools.partial(place, field)
    labels = None
    if target is not None:
        _check_there(rows[field], target, "target", field)
        labels = Target(level, attribute(rows[field], target, target, where, missing=True), kind)
    parts = None
    if split is not None:
        _check_there(rows[field], split, "split", field)
        parts = split_names(attribute(rows[field], split, split, where, missing=True), where)
    if split is not None and target is None and level != "graph":
        raise DatasetError("split: it is that of targets, and there is no target. Give target=.")
    texts = None
    if names is not None:
        texts = attribute(rows["graphs"], names, names, functools.partial(place, "graphs")).astype(
            str
        )
    local = [{key: place for place, key in enumerate(of)} for of in keys]
    return gathered(
        num_nodes=list(map(len, keys)),
        num_edges=list(map(len, ends)),
        senders=[ids[a] for ids, of in zip(local, ends, strict=True) for a, _, _ in of],
        receivers=[ids[b] for ids, of in zip(local, ends, strict=True) for _, b, _ in of],
        columns=columns,
        place=place,
        target=labels,
        split=parts,
        names=texts,
        spec=spec,
    )


def _check(graph: Any, number: int, directed: bool, multi_edges: bool) -> None:
    if not hasattr(graph, "is_multigraph"):
        raise DatasetError(f"graph {number}: is a {type(graph).__name__}. Give graphs of networkx.")
    if bool(graph.is_directed()) != directed:
        said = "directed" if graph.is_directed() else "undirected"
        raise DatasetError(
            f"graph {number}: is {said}, and graph 0 is not. Convert all with .to_directed(), "
            "which gives an undirected edge both directions."
        )
    if not graph.is_multigraph() or multi_edges:
        return
    seen = set()
    for a, b in graph.edges():
        pair = (a, b) if directed else frozenset((a, b))
        if pair in seen:
            raise DatasetError(
                f"graph {number}: nodes {a!r:.40} and {b!r:.40} have several edges. A Dataset "
                "keeps parallel edges, but not their keys: give multi_edges=True, after making an "
                "attribute of what the keys say."
            )
        seen.add(pair)


def _edges(graph: Any, directed: bool) -> Iterable[tuple[Any, Any, Any]]:
    found = graph.edges(data=True)
    if directed:
        return found
    both = ([(a, b, data), (b, a, data)] if a != b else [(a, b, data)] for a, b, data in found)
    return itertools.chain.from_iterable(both)


def _chosen(rows: Sequence[Any], wanted: Any, taken: set[Any], field: str) -> list[str]:
    """The names of the attributes that become columns."""
    there = dict.fromkeys(name for attributes in rows for name in attributes)
    if wanted is None:
        chosen = [name for name in there if name not in taken]
    else:
        chosen = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in chosen:
        if not isinstance(name, str) or not name:
            raise DatasetError(
                f"{field}: the attribute {name!r:.60} has no text as its name. Name the attributes "
                "that become columns."
            )
        if name not in there and rows:
            raise DatasetError(
                f"{field}: no row has the attribute {name!r}. There are {sorted(map(str, there))}; "
                "name some of these."
            )
    return chosen


def _check_there(rows: Sequence[Any], name: str, what: str, field: str) -> None:
    there = sorted({str(key) for attributes in rows for key in attributes})
    if name not in there:
        raise DatasetError(
            f"{what}: no row of the {field} has the attribute {name!r}. There are {there}; name "
            "one of these, or another level."
        )


def to_networkx(dataset: Dataset, *, target: str = "y", split: str = "split") -> list[Any]:
    """Each graph as a DiGraph, or as a MultiDiGraph if it has parallel edges.

    Nodes are 0, 1, ...; columns are attributes: a number or a text, or a list for several numbers.
    `target` and `split` are the attributes of the labels and of their parts, where there are any.

    Raises:
      ImportError: networkx is not installed.
      DatasetError: the dataset holds what networkx has no place for.
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError(
            'this needs networkx: pip install "gtx-jax[networkx]".', name=error.name
        ) from error
    check_plain(dataset, "networkx", levels=tuple(_FIELDS))
    found = []
    for number in range(len(dataset)):
        whole = dataset[number]
        senders, receivers = whole.senders.tolist(), whole.receivers.tolist()
        parallel = len(set(zip(senders, receivers, strict=True))) < len(senders)
        graph = networkx.MultiDiGraph() if parallel else networkx.DiGraph()
        levels = dict(nodes=whole.nodes, edges=whole.edges, graphs=whole.globals)
        attributes = {
            level: _attributes(arrays, getattr(dataset.spec, level), level, dataset, number)
            for level, arrays in levels.items()
        }
        _add_targets(attributes, dataset, number, target, split)
        graph.graph.update(attributes["graphs"][0])
        graph.add_nodes_from(enumerate(attributes["nodes"]))
        graph.add_edges_from(zip(senders, receivers, attributes["edges"], strict=True))
        found.append(graph)
    return found


def _attributes(
    arrays: Any, columns: Any, level: str, dataset: Dataset, number: int
) -> list[dict[str, Any]]:
    counts = dict(
        nodes=int(dataset.num_nodes[number]), edges=int(dataset.num_edges[number]), graphs=1
    )
    return [
        {name: scalar(array[row], columns[name]) for name, array in arrays.items()}
        for row in range(counts[level])
    ]


def _add_targets(
    attributes: dict[str, list[dict[str, Any]]],
    dataset: Dataset,
    number: int,
    target: str,
    split: str,
) -> None:
    table, label = dataset.targets, dataset.spec.label
    field = _FIELDS[table.level]
    starts = dict(graph=number, node=dataset.node_ptr[number], edge=dataset.edge_ptr[number])
    for row in np.flatnonzero(dataset.target_graph == number):
        own = attributes[field][int(table.index[row] - starts[table.level])]
        for name in (target, split):
            if name in own:
                raise DatasetError(
                    f"graph {number}: a column is named {name!r} like the labels or their parts. "
                    "Give another name with target= or split=."
                )
        if table.labels is not None and label is not None:
            value = table.labels[row]
            if label.kind == "multiclass":
                named = label.names[value] if label.names else int(value)
                own[target] = None if value < 0 else named
            else:
                own[target] = scalar(value, None)
        if table.split[row] >= 0:
            own[split] = ("train", "valid", "test")[table.split[row]]
