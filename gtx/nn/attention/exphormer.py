"""Attention along the edges of a graph, of an expander, and to virtual nodes."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch, EdgeSet, Features, mask_features
from gtx.nn.attention.multiplied import MultipliedAttention
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.ops import noise
from gtx.typing import Dtype, Initializer

# The name of Exphormer's own stream in `Features.extra`.
STREAM = "exphormer"


class ExphormerAttention(nn.Module):
    """`MultipliedAttention` over several edge sets as one, with virtual nodes among them.

    Shirzad et al. (2023), section 3. The edges are those of the graph, of an expander and of the
    virtual nodes of each graph, which every node sends to and hears from. All have one softmax.

    The virtual nodes are those of the authors' code, and not nodes of the batch: what they attend
    to is their next state, without residual, norm and feed-forward layer. With the features of
    all edges they are the stream "exphormer" in `Features.extra`, which `ExphormerEmbed` starts.
    The features of edges that it holds stay the same from layer to layer, as in that code, even
    if a message-passing layer beside the attention changes those of the graph. Without the stream
    there are no virtual nodes, and the edges are those of the features: then this is
    `MultipliedAttention`.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped. The authors' code drops none.
      limit: of the clamp of the scores.
      implementation: of `gtx.ops.attention`.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    limit: float | None = 5.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        stream = features.extra.get(STREAM)
        given, edges, count = features, self.edges, features.nodes.shape[0]
        if stream is not None:
            given, batch = with_virtual(features, batch, stream, self.edges)
            edges = (STREAM,)
        out = MultipliedAttention(
            self.dim,
            self.num_heads,
            dropout_rate=self.dropout_rate,
            limit=self.limit,
            implementation=self.implementation,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            edges=edges,
            name="attention",
        )(given, batch, train=train)
        if stream is None:
            return out
        virtual = out.nodes[count:].reshape(stream["nodes"].shape[:2] + (self.dim,))
        extra = {**features.extra, STREAM: {**stream, "nodes": virtual}}
        return features.replace(nodes=out.nodes[:count], extra=extra)


def with_virtual(
    features: Features, batch: Batch, stream: dict, edges: tuple[str, ...]
) -> tuple[Features, Batch]:
    """A batch whose last nodes are the virtual ones, with all edges in one set, and its features.

    Args:
      features: of the nodes of the batch.
      batch: without virtual nodes.
      stream: "nodes" [graphs, virtual, feat]; "edges" [edges, feat], of the edge sets; "to" and
        "from" [virtual, feat], of the edges to and from a virtual node.
      edges: names of the edge sets.
    """
    graphs, virtual, _ = stream["nodes"].shape
    count, over = features.nodes.shape[0], batch.edges_over(edges)
    number = np.arange(virtual, dtype=np.int32)
    # Edge n * virtual + v is that of node n and the virtual node v of its graph.
    node = np.repeat(np.arange(count, dtype=np.int32), virtual)
    other = (count + batch.node_graph[:, None] * virtual + number).reshape(-1)
    real = jnp.repeat(batch.node_mask, virtual, total_repeat_length=len(node))
    merged = EdgeSet(
        senders=jnp.concatenate([over.senders, node, other]).astype(jnp.int32),
        receivers=jnp.concatenate([over.receivers, other, node]).astype(jnp.int32),
        mask=jnp.concatenate([over.mask, real, real]),
        are_sorted=False,
    )
    ends = [jnp.tile(stream[name], (count, 1)) for name in ("to", "from")]
    ids = noise.node_ids(batch.graph_ids[:, None], np.uint32(2**31) + number.astype(np.uint32))
    mask = jnp.repeat(batch.graph_mask, virtual, total_repeat_length=graphs * virtual)
    larger = batch.replace(
        node_ids=jnp.concatenate([batch.node_ids, ids.reshape(-1)]),
        node_mask=jnp.concatenate([batch.node_mask, mask]),
        edge_sets={STREAM: merged},
        layout=None,
    )
    nodes = stream["nodes"].reshape(graphs * virtual, -1).astype(features.nodes.dtype)
    return Features(
        nodes=jnp.concatenate([features.nodes, nodes]),
        edge_sets={STREAM: jnp.concatenate([stream["edges"], *ends])},
    ), larger
