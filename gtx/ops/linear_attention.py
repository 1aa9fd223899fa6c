"""Attention over all nodes of a graph in time and memory linear in the nodes.

Where the weight of two nodes is a product of features, phi(q_i) . phi(k_j), the sum over the
senders does not depend on the receiver (Katharopoulos et al., 2020):

    out_i = sum_j phi(q_i) . phi(k_j) v_j / sum_j phi(q_i) . phi(k_j)
          = phi(q_i) . S / phi(q_i) . z,    S = sum_j phi(k_j) v_j^T,    z = sum_j phi(k_j)

S and z are sums over the nodes of a graph, which stand one after the other: there is no axis of
graphs, no padding of graphs to one size, and no pair of nodes. The features are made by the caller;
`gtx.ops.random_features` has those of Performers.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from gtx.ops.arguments import as_ids, check_count, check_floats, check_length, check_where
from gtx.ops.masks import clean
from gtx.ops.segment import segment_sum
from gtx.ops.varying import vary_like

# Up to here a product of matrices for each graph is quicker than sums over segments. One large
# graph and the padding behind it are two.
_FEW_GRAPHS = 4
# Numbers in an array that has a matrix for each node. More nodes are taken part by part.
_LARGEST = 2**22


def linear_attention(
    query: Float[Array, "nodes heads feat"],
    key: Float[Array, "nodes heads feat"],
    value: Float[Array, "nodes heads value_dim"],
    node_graph: Integer[Array, " nodes"],
    num_graphs: int,
    *,
    where: Bool[Array, " nodes"] | None = None,
    epsilon: float = 0.0,
) -> Float[Array, "nodes heads value_dim"]:
    """The mean of the values of a graph, weighted by phi(q_i) . phi(k_j).

    Args:
      query: phi(q), the features of the queries; not negative, or the weights may sum to 0.
      key: phi(k), those of the keys, likewise.
      value: what is averaged.
      node_graph: the graph of each node, not decreasing, in [0, num_graphs).
      num_graphs: static.
      where: True for real nodes. The others get 0 and give nothing, whatever they hold.
      epsilon: added to the sum of the weights.

    Returns:
      One row per node in the dtype of `value`, computed in at least float32; 0 where the weights
      sum to 0.
    """
    total, weight = linear_sums(query, key, value, node_graph, num_graphs, where=where)
    weight = weight[..., None] + epsilon
    some = weight != 0
    if where is not None:
        some &= where[:, None, None]
    out = jnp.where(some, total / jnp.where(some, weight, 1), 0)
    return out.astype(value.dtype)


def linear_sums(
    query: Float[Array, "nodes heads feat"],
    key: Float[Array, "nodes heads feat"],
    value: Float[Array, "nodes heads value_dim"],
    node_graph: Integer[Array, " nodes"],
    num_graphs: int,
    *,
    where: Bool[Array, " nodes"] | None = None,
) -> tuple[Float[Array, "nodes heads value_dim"], Float[Array, "nodes heads"]]:
    """The two sums of `linear_attention`, for what is not their quotient alone.

    Returns:
      `(total, weight)`: sum_j phi(q_i) . phi(k_j) v_j and sum_j phi(q_i) . phi(k_j), in at least
      float32; 0 where `where` is False.
    """
    node_graph = _check(query, key, value, node_graph, num_graphs, where)
    wide = jnp.promote_types(jnp.result_type(query.dtype, key.dtype, value.dtype), jnp.float32)
    query, key, value = (clean(values, where, wide) for values in (query, key, value))
    # The sum of the weights is that of the values 1, so that both are one product.
    one = jnp.ones((*value.shape[:2], 1), wide)
    value = jnp.concatenate([value, one], axis=-1)
    if num_graphs <= _FEW_GRAPHS:
        sums = _by_graph(query, key, value, node_graph, num_graphs)
    else:
        sums = _by_segment(query, key, value, node_graph, num_graphs)
    return sums[..., :-1], sums[..., -1]


def _by_graph(query, key, value, node_graph, num_graphs):
    """Two products of matrices for each graph, over all nodes of the batch."""
    out = jnp.zeros_like(query[..., :1]) * value
    for graph in range(num_graphs):
        own = node_graph == graph
        matrix = jnp.einsum("nhf,nhv->hfv", clean(key, own), value)
        out += jnp.einsum("nhf,hfv->nhv", clean(query, own), matrix)
    return out


def _by_segment(query, key, value, node_graph, num_graphs):
    """A matrix for each node, summed over the nodes of its graph, a part of the nodes at a time."""
    nodes, heads, feat = query.shape
    rows = max(1, _LARGEST // max(heads * feat * value.shape[-1], 1))

    def add(matrices, part):
        key, value, graph = part
        outer = jnp.einsum("nhf,nhv->nhfv", key, value)
        more = segment_sum(outer, graph, num_graphs, indices_are_sorted=True)
        return matrices + more, None

    def apply(matrices, part):
        query, graph = part
        own = matrices.at[graph].get(mode="clip", indices_are_sorted=True)
        return jnp.einsum("nhf,nhfv->nhv", query, own)

    zero = jnp.zeros((num_graphs, heads, feat, value.shape[-1]), value.dtype)
    if nodes <= rows:
        matrices, _ = add(zero, (key, value, node_graph))
        return apply(matrices, (query, node_graph))

    parts = -(-nodes // rows)

    def split(values, fill=0):
        pad = [(0, parts * rows - nodes), *[(0, 0)] * (values.ndim - 1)]
        padded = jnp.pad(values, pad, constant_values=fill)
        return padded.reshape(parts, rows, *values.shape[1:])

    # What is added has no graph, so that it enters none.
    graph = split(node_graph, num_graphs)
    key, value, query = split(key), split(value), split(query)
    # In the backward pass the matrices of a part are computed again instead of kept.
    zero = vary_like(zero, (key, value, graph))
    matrices, _ = jax.lax.scan(jax.checkpoint(add), zero, (key, value, graph))
    out = jax.lax.map(jax.checkpoint(lambda part: apply(matrices, part)), (query, graph))
    return out.reshape(parts * rows, heads, -1)[:nodes]


def _check(query, key, value, node_graph, num_graphs, where):
    """The ids, if all arguments fit."""
    for name, values in (("query", query), ("key", key), ("value", value)):
        check_floats(values, name, "[nodes, heads, feat]")
        check_length(values, query.shape[0], name, "nodes")
        if values.shape[1] != query.shape[1]:
            raise ValueError(
                f"query, key and value must have the same heads, got {query.shape[1]} and "
                f"{values.shape[1]} in {name}."
            )
    if key.shape[2] != query.shape[2]:
        raise ValueError(
            f"query and key must have the same features, got {query.shape[2]} and {key.shape[2]}."
        )
    node_graph = as_ids(node_graph, "node_graph")
    check_length(node_graph, query.shape[0], "node_graph", "nodes")
    check_count(num_graphs, "num_graphs")
    check_where(where, query.shape[0])
    return node_graph
