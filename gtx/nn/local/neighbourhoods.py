"""Functions that the layers of attention along edges share: heads, bias and self-loops.

`a . b` in their formulas is a dot product within each head. Results of the heads are
concatenated, or averaged if not `concat`. For a node without incoming edges the sum in the
formula is 0.

The layers sow `weights` [edges, heads] in the collection "intermediates", when that is mutable:
the weights before dropout, 0 in padding.
"""

import flax.linen as nn
import jax.numpy as jnp

from gtx.nn.attention import edges_of
from gtx.nn.parts.factories import check_heads, check_width
from gtx.ops import Edges, segment_mean


def head_dim(layer):
    """Width of one head."""
    if layer.concat:
        check_heads(layer.dim, layer.num_heads)
        return layer.dim // layer.num_heads
    check_width(layer.num_heads, "num_heads")
    return layer.dim


def join_heads(layer, out):
    """[nodes, dim] from the results [nodes, heads, head width]."""
    return out.reshape(len(out), layer.dim) if layer.concat else out.mean(axis=1)


def add_bias(layer, out):
    if not layer.use_bias:
        return out
    bias = layer.param("bias", layer.bias_init, (layer.dim,), layer.param_dtype)
    out, bias = nn.dtypes.promote_dtype(out, bias, dtype=layer.dtype)
    return out + bias


def neighbourhoods(layer, features, batch):
    """The structure of the attention, and the features of its edges if the layer reads them."""
    structure = edges_of(batch, layer.edges)
    e = features.edges_over(layer.edges) if layer.use_edges else None
    if not layer.self_loops:
        return structure, e
    over = batch.edges_over(layer.edges)
    num_nodes = batch.node_mask.shape[0]
    nodes = jnp.arange(num_nodes, dtype=over.senders.dtype)
    # Existing self-loops are masked, so that each node has exactly one.
    others = over.mask & (over.senders != over.receivers)
    if e is not None:
        means = segment_mean(
            e, over.receivers, num_nodes, where=others, indices_are_sorted=over.are_sorted
        )
        e = jnp.concatenate([e, means])
    looped = Edges(
        jnp.concatenate([over.senders, nodes]),
        jnp.concatenate([over.receivers, nodes]),
        where=jnp.concatenate([others, batch.node_mask]),
        num_receivers=num_nodes,
        receiver_ids=batch.node_ids,
        sender_ids=batch.node_ids,
    )
    return looped, e
