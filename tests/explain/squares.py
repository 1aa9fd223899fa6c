"""A model whose integrated gradients have a closed form, and graphs with columns of every kind."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch, Features
from gtx.data import Dataset, EdgeTable
from gtx.ops import segment_sum

SIZES, EDGES = (3, 1, 4), (4, 0, 5)
# The weight of each array in the sum that is squared.
WEIGHTS = {
    "nodes": 0.5, "edges": -0.3, "pairs": 0.2, "graphs": 0.7, "edge_sets/more": 0.4, "extra/p": -0.6
}  # fmt: skip


class Columns(nn.Module):
    """The columns as they are."""

    @nn.compact
    def __call__(self, batch: Batch) -> Features:
        graph = batch.graph
        return Features(
            nodes=graph.nodes["x"],
            edges=graph.edges["x"],
            pairs=batch.pairs["x"],
            graphs=graph.globals["x"],
            edge_sets={"more": batch.edge_sets["more"].columns["x"]},
            extra={"p": graph.nodes["p"]},
        )


class Squares(nn.Module):
    """(sum of everything in a graph)^2, or (a node and what it hears along edges)^2."""

    level: str = "graph"

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool = False):
        features = Columns(name="embed")(batch)
        nodes = WEIGHTS["nodes"] * features.nodes.sum(1) + WEIGHTS["extra/p"] * features.extra[
            "p"
        ].sum(1)
        more = batch.edge_sets["more"]
        if self.level == "node":
            edges = WEIGHTS["edges"] * features.edges.sum(1) + nodes[batch.senders]
            heard = segment_sum(edges, batch.receivers, len(nodes), where=batch.edge_mask)
            return jnp.square(nodes + heard)[:, None]
        size = len(batch.graph_mask)
        total = WEIGHTS["graphs"] * features.graphs.sum(1)
        total += segment_sum(nodes, batch.node_graph, size, where=batch.node_mask)
        sets = {
            "edges": (features.edges, batch.receivers, batch.edge_mask),
            "edge_sets/more": (features.edge_sets["more"], more.receivers, more.mask),
        }
        for name, (values, receivers, mask) in sets.items():
            part = WEIGHTS[name] * values.sum(1)
            total += segment_sum(part, batch.node_graph[receivers], size, where=mask)
        tier = batch.layout.tiers[0]
        pairs = jnp.where(batch.pair_mask, WEIGHTS["pairs"] * features.pairs.sum(1), 0.0)
        pairs = pairs.reshape(tier.num_graphs, -1).sum(1)
        total += jnp.pad(pairs, (0, size - tier.num_graphs))
        return jnp.stack([jnp.square(total), total], axis=1)


def graphs() -> Dataset:
    """Three graphs with columns of every level and a further edge set."""
    rng = np.random.default_rng(0)

    def ends(size, count):
        return rng.integers(0, size, (2, count))

    given = [ends(size, count) for size, count in zip(SIZES, EDGES, strict=True)]
    senders, receivers = np.concatenate(given, axis=1)
    num_pairs = sum(size**2 for size in SIZES)

    def values(rows, feat=2):
        return rng.normal(size=(rows, feat)).astype(np.float32)

    dataset = Dataset.from_columns(
        node_ptr=np.append(0, np.cumsum(SIZES)),
        edge_ptr=np.append(0, np.cumsum(EDGES)),
        senders=senders,
        receivers=receivers,
        nodes={"x": values(sum(SIZES)), "p": values(sum(SIZES), 1)},
        edges={"x": values(sum(EDGES))},
        pairs={"x": values(num_pairs, 1)},
        graphs={"x": values(len(SIZES))},
    )
    more = [ends(size, 3) for size in SIZES]
    table = EdgeTable.from_edges(
        np.repeat(np.arange(3), 3), *np.concatenate(more, axis=1), 3, {"x": values(9)}
    )
    return dataset.with_edge_set("more", table)


def arrays(dataset: Dataset, graph: int) -> dict[str, np.ndarray]:
    """The weighted sum of each row of each array of one graph, float64, read from the columns."""
    node = slice(dataset.node_ptr[graph], dataset.node_ptr[graph + 1])
    edge = slice(dataset.edge_ptr[graph], dataset.edge_ptr[graph + 1])
    pair = slice(dataset.pair_ptr[graph], dataset.pair_ptr[graph + 1])
    more = dataset.edge_sets["more"]
    found = {
        "nodes": dataset.nodes["x"][node],
        "edges": dataset.edges["x"][edge],
        "pairs": dataset.pairs["x"][pair],
        "graphs": dataset.graphs["x"][graph : graph + 1],
        "edge_sets/more": more.columns["x"][more.ptr[graph] : more.ptr[graph + 1]],
        "extra/p": dataset.nodes["p"][node],
    }
    return {name: WEIGHTS[name] * np.float64(rows).sum(axis=1) for name, rows in found.items()}
