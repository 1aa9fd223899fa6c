"""The batches that rows are called on: padding, masked edges and edge sets, full of NaN."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from gtx.batch import EdgeSet
from tests.batches import build_batch, numbered, random_graphs
from tests.descriptors.descriptor import inputs

GRAPHS = random_graphs()
TIGHT = build_batch(GRAPHS, tiers=[(2, 6), (2, 3)])
# Larger tiers, an empty place, and NaN or absurd categories wherever nothing real stands.
PADDING = dict(tiers=[(5, 7)], extra_nodes=4, extra_edges=5, fill=np.nan)
LOOSE = build_batch(GRAPHS, **PADDING)
ZEROS = build_batch(GRAPHS, **{**PADDING, "fill": 0.0})


def without(edge_sets, kept):
    """The edge sets of a graph that keeps these of its edges: what names another names none."""
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    sets = dict(edge_sets)
    for name in ("walks", "subgraphs"):
        columns = sets[name]["columns"]
        columns = {**columns, "edge": numbered(columns["edge"], place)}
        sets[name] = {**sets[name], "columns": columns}
    return sets


def without_some_edges(graphs):
    """A third of the edges, and all that enter node 0 of each graph, masked and deleted.

    Both batches have the shapes of LOOSE; what the masked edges hold is as absurd as padding.
    """
    rng = np.random.default_rng(8)
    kept = [(rng.random(len(g.senders)) < 0.7) & (g.receivers > 0) for g in graphs]
    fewer = [
        dataclasses.replace(
            graph,
            senders=graph.senders[rows],
            receivers=graph.receivers[rows],
            edges={name: values[rows] for name, values in graph.edges.items()},
            edge_sets=without(graph.edge_sets, rows),
        )
        for graph, rows in zip(graphs, kept, strict=True)
    ]
    kept = np.concatenate(kept)
    removed = int((~kept).sum())
    padding = {**PADDING, "extra_edges": PADDING["extra_edges"] + removed}
    mask = np.append(kept, np.zeros(PADDING["extra_edges"], bool))

    def pour(values):
        void = np.nan if jnp.issubdtype(values.dtype, jnp.floating) else 10**6
        return jnp.where(mask.reshape(-1, *[1] * (values.ndim - 1)), values, void)

    graph = LOOSE.graph._replace(edges={n: pour(v) for n, v in LOOSE.graph.edges.items()})
    masked = LOOSE.replace(graph=graph, edge_mask=jnp.asarray(mask))
    return masked, build_batch(fewer, **padding)


MASKED, DELETED = without_some_edges(GRAPHS)


def dealt(batch, names):
    """The real edges dealt to several sets in turn, features of edges, and where each stands.

    What is left in the given graph's edges but belongs to another set is masked, and holds NaN
    and absurd categories; so do masked edges in the other sets.
    """
    real, count = np.flatnonzero(batch.edge_mask), len(names)
    features = inputs(batch)
    where, edges, edge_sets, sets = {}, features.edges, {}, {}
    mask = np.zeros(len(batch.edge_mask), bool)
    for number, name in enumerate(names):
        rows = real[number::count]
        if name == "graph":
            mask[rows] = True
            where[name] = (rows, rows)
            continue
        # Two edges before the last are masked: the first of all edges, told twice.
        held = np.sort(np.concatenate([rows, real[:2]]))
        keep = np.isin(held, rows) & np.append(True, np.diff(held) > 0)
        sets[name] = EdgeSet(batch.senders[held], batch.receivers[held], jnp.asarray(keep))
        edge_sets[name] = jnp.where(keep[:, None], features.edges[held], jnp.nan)
        where[name] = (np.flatnonzero(keep), held[keep])
    edges = jnp.where(mask[:, None], edges, jnp.nan)
    batch = batch.replace(edge_mask=jnp.asarray(mask), edge_sets=sets)
    return features.replace(edges=edges, edge_sets=edge_sets), batch, where
