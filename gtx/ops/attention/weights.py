"""The attention weights as an array, for inspection."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.ops.attention.api import Bias, make_call
from gtx.ops.attention.contract import Structure, as_edges, clean_tree, compute_dtype, edge_bias
from gtx.ops.attention.scores import Dot, Scale, Score, evaluate
from gtx.ops.masks import clean
from gtx.ops.segment import gather, segment_softmax


def attention_weights(
    query: Float[Array, "receivers heads head_dim"],
    key: Float[Array, "senders heads head_dim"],
    structure: Structure,
    *,
    score: Score = Dot(),  # noqa: B008, an immutable value
    entry: Any = None,
    bias: Bias = None,
    edge_key: Float[Array, "entries heads head_dim"] | None = None,
    scale: Scale | None = None,
) -> Float[Array, "entries heads"]:
    """softmax_j(s_ij) of every edge or pair: the weights of `attention` before gate and dropout.

    Most implementations of `attention` never hold this array. Here it is computed from the
    definition, independently of them, and takes memory for every edge or pair.

    Args:
      query: as for `attention`, and likewise for the other arguments.
      key: one per sender.
      structure: who attends to whom.
      score: logit from query, key and entry.
      entry: the features of an edge or pair that the score reads.
      bias: added to the logits.
      edge_key: added to the key.
      scale: of the score.

    Returns:
      In at least float32, in the order of the structure's edges or pairs; 0 where masked. The
      weights of a receiver sum to 1 if it has an edge (a logit below -1e30 counts as none).
    """
    call = make_call(
        query,
        key,
        key,  # stands in for the value, which does not matter here
        structure,
        score=score,
        entry=entry,
        bias=bias,
        edge_key=edge_key,
        scale=scale,
        weights_only=True,
    )
    # Edges for both structures: one definition, and one row for each edge or pair.
    edges, dtype = as_edges(call.structure), compute_dtype(call)
    into = dict(indices_are_sorted=edges.indices_are_sorted)
    rows = clean(gather(call.query.astype(dtype), edges.receivers, **into), edges.where, dtype)
    columns = clean(gather(call.key.astype(dtype), edges.senders), edges.where, dtype)
    if edge_key is not None:
        columns = columns + clean(edge_key, edges.where, dtype)
    entry = clean_tree(call.entry, edges.where, dtype)
    logits, _ = evaluate(call.score, rows, columns, entry, call.scale)
    if bias is not None:
        logits = logits + edge_bias(call.bias, edges, dtype)
    return segment_softmax(logits, edges.receivers, jnp.shape(query)[0], where=edges.where, **into)
