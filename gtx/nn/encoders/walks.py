"""The embedding of a NeuralWalker: the walks of a batch as sequences of nodes and edges."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.blocks.neural_walker import STREAM
from gtx.nn.parts.factories import make
from gtx.ops.masks import clean
from gtx.typing import Array, ModuleFactory


class WalkEmbed(nn.Module):
    """What another embedding makes, and the stream that `NeuralWalkerBlock` reads.

    Every node has a row of places, of which only those are there that its walk has visited. The
    stream holds at each of them the visited node, the edge by which the walk goes on, and `window`
    (Chen et al., 2025): 2 w - 1 numbers, 0 or 1. They say which of the w nodes
    before it are the same node, and which of all but the last of these an edge leads from; each
    from the farthest to the nearest.

    Attributes:
      embed: factory of the embedding, which gives features to nodes and edges.
      length: places of a walk.
      window: w.
      walks: name of the edge set that `gtx.structures.Walks` made.
    """

    embed: ModuleFactory
    length: int
    window: int
    walks: str = "walks"

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        visits = batch.edges_over((self.walks,))
        columns = {name: clean(one, visits.mask) for name, one in visits.columns.items()}
        rows, count = batch.node_mask.shape[0], visits.mask.shape[0]
        place = visits.senders * self.length + columns["position"][:, 0]
        place = jnp.where(visits.mask, place, rows * self.length)

        # The visit at each place; of an empty one a row after the last visit.
        visit = jnp.full(rows * self.length, count, jnp.int32)
        visit = visit.at[place].set(jnp.arange(count, dtype=jnp.int32), mode="drop")
        visit = visit.reshape(rows, self.length)
        real = visit < count

        def at_places(values: Array, empty: int) -> Array:
            last = jnp.full((1, *values.shape[1:]), empty, values.dtype)
            return jnp.concatenate([values, last])[visit]

        n_edge = batch.graph.n_edge
        first = (jnp.cumsum(n_edge) - n_edge)[batch.node_graph[visits.senders]]
        local = columns["edge"][:, 0]
        num_edges = batch.edge_mask.shape[0]
        edges = jnp.where(local > 0, first + local - 1, num_edges).astype(jnp.int32)
        nodes = at_places(visits.receivers, rows)
        window = self._window(nodes, real, at_places(columns["adjacency"], 0))
        stream = dict(
            real=real,
            nodes=nodes,
            edges=at_places(edges, num_edges),
            window=window.astype(features.nodes.dtype),
            virtual=jnp.zeros(
                (len(batch.graph_mask), features.nodes.shape[-1]), features.nodes.dtype
            ),
        )
        return features.replace(extra={**features.extra, STREAM: stream})

    def _window(self, nodes: Array, real: Array, adjacency: Array) -> Array:
        """Identity and adjacency in the window, [rows, length, 2 window - 1] bools."""

        def before(values: Array, back: int) -> Array:
            """What stands `back` places before, False or -1 beyond the start."""
            fill = -1 if values.dtype != bool else False
            moved = jnp.pad(values, [(0, 0), (back, 0)], constant_values=fill)
            return moved[:, : self.length]

        same = [
            (nodes == before(nodes, back)) & real & before(real, back)
            for back in range(self.window, 0, -1)
        ]
        numbers = [(adjacency[..., (s - 1) // 16] >> (s - 1) % 16) & 1 for s in _far_to_near(self)]
        return jnp.stack([*same, *((bit == 1) & real for bit in numbers)], axis=-1)


def _far_to_near(layer: WalkEmbed) -> range:
    return range(layer.window - 1, 0, -1)
