"""Batches built by hand, slowly and plainly, with padding that may hold NaN."""

import dataclasses

import jax
import jax.numpy as jnp
import jraph
import numpy as np

from gtx.batch import Batch, EdgeSet
from gtx.ops import Tier, make_layout, noise, split_pairs

NUM_ATOMS, NUM_BONDS, DIM, FREQUENCIES, WALK = (5, 3), (4,), 8, 3, 6
STEPS, WINDOW = 4, 3  # of the walks among the edge sets


@dataclasses.dataclass
class Graph:
    """One graph with columns; senders and receivers are sorted by receiver.

    Further edge sets are dicts of `senders`, `receivers` and `columns`, sorted by sender too.
    """

    size: int
    senders: np.ndarray
    receivers: np.ndarray
    nodes: dict
    edges: dict
    pairs: dict
    globals: dict
    edge_sets: dict = dataclasses.field(default_factory=dict)


def random_graph(rng: np.random.Generator, size: int, num_edges: int) -> Graph:
    """Every column that a layer here may read: integers, features, encodings."""
    senders = rng.integers(0, max(size, 1), num_edges).astype(np.int32)
    receivers = np.sort(rng.integers(0, max(size, 1), num_edges)).astype(np.int32)

    def normal(*shape):
        return rng.normal(size=shape).astype(np.float32)

    valid = np.arange(FREQUENCIES) < min(size, FREQUENCIES)
    values = np.array([0.0, 0.5, 0.5], np.float32)  # ascending; one is repeated
    rrwp = walks(size, senders, receivers)
    return Graph(
        size=size,
        senders=senders,
        receivers=receivers,
        nodes=dict(
            atom=np.stack([rng.integers(0, n, size) for n in NUM_ATOMS], 1).astype(np.int32),
            kind=(np.arange(size) > 1).astype(np.int32)[:, None],
            x=normal(size, DIM),
            rwse=rng.uniform(size=(size, WALK)).astype(np.float32),
            lap_vectors=(vectors := normal(size, FREQUENCIES) * valid),
            svd_vectors=np.concatenate([vectors, np.cos(vectors) * valid], axis=1),
            rrwp=np.einsum("iik->ik", rrwp),
        ),
        edges=dict(
            bond=rng.integers(0, NUM_BONDS[0], num_edges).astype(np.int32),
            x=normal(num_edges, DIM),
        ),
        pairs=dict(
            x=normal(size, size, DIM), paths=first_steps(size, senders, receivers), rrwp=rrwp
        ),
        globals=dict(
            x=normal(DIM),
            lap_values=values * valid,
            lap_mask=valid.astype(np.float32),
            svd_mask=valid.astype(np.float32),
        ),
        edge_sets=random_edge_sets(size, senders, receivers),
    )


def random_edge_sets(size: int, senders: np.ndarray, receivers: np.ndarray) -> dict:
    """What structures could have added: a walk from each node, edges as tokens, and subgraphs.

    All nodes but the first two are the tokens of edges between these two. The subgraph of a node
    holds the edges that it receives and some others.
    """
    rng = np.random.default_rng((size, len(senders)))
    visits, ends = [], []
    for start in range(size):
        node = start
        for place in range(STEPS):
            ways = np.flatnonzero(senders == node)
            edge = int(rng.choice(ways)) if len(ways) and place < STEPS - 1 else -1
            bits = rng.integers(0, 2 ** (WINDOW - 1))
            visits.append((start, node, place, edge + 1, bits))
            if edge < 0:
                break
            node = int(receivers[edge])
    for token in range(2, size):
        first = int(rng.integers(0, 2))
        bond = rng.integers(0, NUM_BONDS[0])
        ends += [(first, token, 0, bond), (1 - first, token, 1, bond)]

    inside = [
        (receivers[edge], centre, edge + 1)
        for centre in range(size)
        for edge in range(len(senders))
        if receivers[edge] == centre or rng.random() < 0.4
    ]

    def edge_set(rows, names):
        table = np.array(rows, np.int32).reshape(-1, 2 + len(names))
        table = table[np.lexsort((table[:, 0], table[:, 1]))]
        columns = {name: table[:, [2 + at]] for at, name in enumerate(names)}
        return dict(senders=table[:, 0], receivers=table[:, 1], columns=columns)

    pasts = [(sender, node) for node in range(size) for sender in range(node + 1)]
    return dict(
        causal=edge_set(pasts, ()),
        walks=edge_set(visits, ("position", "edge", "adjacency")),
        edge_tokens=edge_set(ends, ("kind", "bond")),
        subgraphs=edge_set(inside, ("edge",)),
    )


def walks(size: int, senders: np.ndarray, receivers: np.ndarray) -> np.ndarray:
    """The probability that a walk of k steps from one node (axis 0) ends at another (axis 1)."""
    step = np.zeros((size, size))
    np.add.at(step, (senders, receivers), 1)
    step /= np.maximum(step.sum(1, keepdims=True), 1)
    powers = [np.linalg.matrix_power(step, k) for k in range(WALK)]
    return np.stack(powers, axis=-1).astype(np.float32)


def first_steps(size: int, senders: np.ndarray, receivers: np.ndarray) -> np.ndarray:
    """1 + the first node of a shortest path from one node (axis 0) to another, 0 without one."""
    length = np.where(np.eye(size, dtype=bool), 0.0, np.inf)
    codes = np.zeros((size, size, 1), np.int32)
    for _ in range(size):
        for start, node in zip(senders, receivers, strict=True):
            nearer = length[node] + 1 < length[start]
            length[start, nearer], codes[start, nearer] = length[node, nearer] + 1, node + 1
    return codes


def permuted(graph: Graph, rng: np.random.Generator) -> tuple[Graph, dict]:
    """The same graph with its nodes renamed, and where each node and edge went."""
    new = rng.permutation(graph.size)
    old = np.argsort(new)
    senders, receivers = new[graph.senders], new[graph.receivers]
    edges = np.argsort(receivers, kind="stable")
    copy = Graph(
        size=graph.size,
        senders=senders[edges].astype(np.int32),
        receivers=receivers[edges].astype(np.int32),
        nodes={n: v[old] for n, v in graph.nodes.items()},
        edges={n: v[edges] for n, v in graph.edges.items()},
        pairs={n: v[old][:, old] for n, v in graph.pairs.items()},
        globals=graph.globals,
        edge_sets={n: renamed(one, new, edges) for n, one in graph.edge_sets.items()},
    )
    copy.pairs["paths"] = np.append(-1, new)[copy.pairs["paths"]].astype(np.int32) + 1
    grid = (old[:, None] * graph.size + old[None]).reshape(-1)
    return copy, dict(nodes=old, edges=edges, pairs=grid, graphs=np.zeros(1, int))


def renamed(edge_set: dict, nodes: np.ndarray, edges: np.ndarray) -> dict:
    """An edge set after nodes and edges moved; `edges` are the old numbers of the graph's own."""
    senders, receivers = nodes[edge_set["senders"]], nodes[edge_set["receivers"]]
    order = np.lexsort((senders, receivers))
    columns = dict(edge_set["columns"])
    if "edge" in columns:  # 1 + the number of an edge, 0 for none
        place = np.zeros(int(np.max(edges, initial=-1)) + 1, np.int64)
        place[edges] = np.arange(len(edges))
        columns["edge"] = numbered(columns["edge"], place)
    return dict(
        senders=senders[order].astype(np.int32),
        receivers=receivers[order].astype(np.int32),
        columns={n: v[order] for n, v in columns.items()},
    )


def numbered(edge: np.ndarray, place: np.ndarray) -> np.ndarray:
    """1 + the new number of an edge by 1 + its old one; 0 stays, and so becomes a number of -1."""
    return np.append(-1, place)[edge].astype(np.int32) + 1


def build_batch(graphs, ids=None, *, tiers=None, extra_nodes=1, extra_edges=0, fill=0.0) -> Batch:
    """Pad graphs to `tiers`, which they fill in order; None gives each graph its own tier.

    Args:
      graphs: a list; None is an empty place.
      ids: of the graphs in their dataset; None counts.
      tiers: (number of graphs, size) each.
      extra_nodes: padding nodes.
      extra_edges: padding edges.
      fill: what padding rows of float columns hold; integer columns hold 10**6 unless it is 0.
    """
    tiers = tuple(Tier(*tier) for tier in tiers or [(1, max(g.size, 1)) for g in graphs])
    places = sum(tier.num_graphs for tier in tiers)
    graphs = list(graphs) + [None] * (places - len(graphs))
    real = np.array([graph is not None for graph in graphs] + [False])
    ids = [number for number, _ in enumerate(graphs)] if ids is None else ids
    graph_ids = np.full(places + 1, -1, np.int32)
    graph_ids[: len(ids)][real[: len(ids)]] = np.asarray(ids)[real[: len(ids)]]
    n_node = np.array([0 if g is None else g.size for g in graphs], np.int32)
    n_edge = np.array([0 if g is None else len(g.senders) for g in graphs], np.int32)
    num_nodes, num_edges = n_node.sum() + extra_nodes, n_edge.sum() + extra_edges
    starts = np.cumsum(n_node) - n_node
    present = [(start, g) for start, g in zip(starts, graphs, strict=True) if g is not None]
    template = present[0][1]

    def padded(rows, length, where=None):
        rows = np.asarray(rows)
        void = fill if rows.dtype.kind == "f" else (0 if fill == 0 else 10**6)
        out = np.full((length, *rows.shape[1:]), void, rows.dtype)
        out[slice(len(rows)) if where is None else where] = rows
        return out

    def stack(level, length):
        names = getattr(template, level)
        rows = {n: np.concatenate([getattr(g, level)[n] for _, g in present]) for n in names}
        return {n: padded(r, length) for n, r in rows.items()}

    def edge_set(name):
        parts = [(start, g.edge_sets[name]) for start, g in present]
        count = sum(len(part["senders"]) for _, part in parts)
        ends = [
            np.concatenate(
                [part[end] + start for start, part in parts] + [np.full(2, num_nodes - 1)]
            )
            for end in ("senders", "receivers")
        ]
        columns = {
            n: padded(np.concatenate([part["columns"][n] for _, part in parts]), count + 2)
            for n in parts[0][1]["columns"]
        }
        mask = np.arange(count + 2) < count
        return EdgeSet(*(end.astype(np.int32) for end in ends), mask, columns)

    layout = make_layout(n_node, int(num_nodes), tiers)
    pairs = {}
    for name, values in template.pairs.items():
        pairs[name] = padded(values.reshape(-1, values.shape[-1])[:0], layout.num_pairs)
        parts = split_pairs(pairs[name], tiers)
        views = [view for part in parts for view in part]
        for view, graph in zip(views, graphs, strict=True):
            if graph is not None:
                view[: graph.size, : graph.size] = graph.pairs[name]

    last = np.full(extra_edges, num_nodes - 1, np.int32)
    senders = [g.senders + start for start, g in present]
    receivers = [g.receivers + start for start, g in present]
    node_graph = np.repeat(np.arange(places + 1), [*n_node, extra_nodes]).astype(np.int32)
    position = np.arange(num_nodes) - np.append(starts, n_node.sum())[node_graph]
    graph = jraph.GraphsTuple(
        nodes=stack("nodes", num_nodes),
        edges=stack("edges", num_edges),
        senders=np.concatenate([*senders, last]).astype(np.int32),
        receivers=np.concatenate([*receivers, last]).astype(np.int32),
        globals={
            n: padded(np.stack([g.globals[n] for _, g in present]), places + 1, real)
            for n in template.globals
        },
        n_node=np.append(n_node, extra_nodes).astype(np.int32),
        n_edge=np.append(n_edge, extra_edges).astype(np.int32),
    )
    batch = Batch(
        graph=graph,
        pairs=pairs,
        targets=None,
        graph_ids=graph_ids,
        node_ids=noise.node_ids(graph_ids[node_graph], position, np),
        node_graph=node_graph,
        node_mask=np.arange(num_nodes) < n_node.sum(),
        edge_mask=np.arange(num_edges) < n_edge.sum(),
        graph_mask=real,
        layout=layout,
        edge_sets={name: edge_set(name) for name in template.edge_sets},
    )
    return jax.tree.map(jnp.asarray, batch)


def random_graphs(seed=0, sizes=(4, 6, 1, 3), num_edges=(7, 12, 0, 2)) -> list[Graph]:
    rng = np.random.default_rng(seed)
    return [random_graph(rng, *pair) for pair in zip(sizes, num_edges, strict=True)]
