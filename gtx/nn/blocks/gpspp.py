"""The block of GPS++: message passing with a global vector, beside biased attention."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.multi_head import MultiHeadAttention
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.drop_path import DropPath
from gtx.nn.parts.factories import check_heads, check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.initializers import fan_in_uniform, xavier_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.masks import clean
from gtx.ops.pooling import pool
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Dtype, Initializer, ModuleFactory


class GPSPlusPlusBlock(nn.Module):
    """Message passing and attention side by side, then a feed-forward layer on nodes.

    u_ij = drop(F_e [x_i, x_j, e_ij, g]),   e_ij' = e_ij + u_ij
    v_i = F_x [sum_j [u_ij, x_j], sum_j [u_ji, x_j], x_i, g],   g' = g + drop(F_g [g, sum v, sum u])
    h = norm(x + drop(v)) + norm(x + path(attention(x)))
    x' = norm(h + path(feed_forward(h)))

    Masters et al. (2022), GPS++, equations 1 to 12, as in the authors' code: each F has one hidden
    layer, normalised before its activation, of `expansion` times the width of its result; the
    edge from j to i sends to both ends; dropout here zeroes whole rows; stochastic depth, "path",
    zeroes a branch of a whole graph. The features of pairs [pairs, num_heads] are the biases of
    attention in all blocks; without any there is no bias.

    In the last block of a model nobody reads g' and e'. The authors leave out F_g there,
    `update_graphs=False`, and then the result has no features of graphs.

    Attributes:
      dim: width of the nodes.
      edge_dim: of the edges.
      graph_dim: of g.
      num_heads: of the attention.
      expansion: of the hidden layers.
      hidden_dim: of the feed-forward layer.
      dropout_rate: of v.
      edge_dropout_rate: of u.
      graph_dropout_rate: of F_g.
      attention_dropout_rate: of the attention weights.
      drop_path_rate: of the branches of attention and feed-forward layer.
      update_graphs: whether there is F_g.
      norm: factory of all norms.
      implementation: of `gtx.ops.attention`.
    """

    dim: int
    edge_dim: int
    graph_dim: int
    num_heads: int = 32
    expansion: int = 4
    hidden_dim: int = 1024
    dropout_rate: float = 0.0
    edge_dropout_rate: float = 0.0
    graph_dropout_rate: float = 0.0
    attention_dropout_rate: float = 0.0
    drop_path_rate: float = 0.0
    update_graphs: bool = True
    norm: ModuleFactory = LayerNorm
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer | None = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        check_heads(self.dim, self.num_heads)
        features = mask_features(features, batch, needs=("nodes", "edges", "graphs"))
        x, e, g = features.nodes, features.edges, features.graphs
        check_residual(self, self.dim, nodes=x)
        check_residual(self, self.edge_dim, edges=e)
        check_residual(self, self.graph_dim, graphs=g)
        senders, receivers, count = batch.senders, batch.receivers, x.shape[0]

        def norm(values, mask, name):
            layer = make(self.norm, "norm", **types, name=f"norm_{name}")
            return layer(values, mask, train=train, axis_name=batch.axis_name)

        def network(parts, width, mask, name):
            inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
            hidden = Linear(self.expansion * width, **types, **inits, name=f"{name}_hidden")(
                jnp.concatenate(parts, axis=-1)
            )
            hidden = gelu_exact(norm(hidden, mask, f"{name}_hidden"))
            return Linear(width, **types, **inits, name=f"{name}_output")(hidden)

        def drop(values, rate, ids, name):
            return DropPath(rate, name=f"dropout_{name}")(values, ids, train=train)

        to, sent = gather(x, receivers, indices_are_sorted=True), gather(x, senders)
        of_graph = gather(g, batch.node_graph, indices_are_sorted=True)
        parts = [to, sent, e, gather(of_graph, receivers, indices_are_sorted=True)]
        u = network(parts, self.edge_dim, batch.edge_mask, "edges")
        ends = batch.node_ids[receivers] ^ (batch.node_ids[senders] << 1)
        u = drop(u, self.edge_dropout_rate, ends, "edges")
        over: dict[str, Any] = dict(where=batch.edge_mask)
        received = segment_sum(
            jnp.concatenate([u, sent], axis=-1), receivers, count, indices_are_sorted=True, **over
        )
        given = segment_sum(jnp.concatenate([u, to], axis=-1), senders, count, **over)
        v = network([received, given, x, of_graph], self.dim, batch.node_mask, "nodes")
        graphs = self._graphs(g, v, u, batch, network, drop) if self.update_graphs else None

        ids = batch.node_ids
        local = norm(x + drop(v, self.dropout_rate, ids, "nodes"), batch.node_mask, "local")
        own = batch.graph_ids[batch.node_graph]
        plain: dict[str, Any] = dict(kernel_init=fan_in_uniform, bias_init=None)
        attended = MultiHeadAttention(
            self.dim,
            self.num_heads,
            self.attention_dropout_rate,
            pair_bias=features.pairs is not None,
            shared_pair_bias=True,
            implementation=self.implementation,
            query_key_value_init=fan_in_uniform,
            **plain,
            **types,
            name="attention",
        )(features, batch, train=train).nodes
        attended = drop(attended, self.drop_path_rate, own, "attention")
        h = local + norm(x + attended, batch.node_mask, "attention")
        layer = FeedForward(
            self.dim, self.hidden_dim, gelu_exact, **plain, **types, name="feed_forward"
        )
        mixed = layer(features.replace(nodes=h), batch, train=train).nodes
        mixed = drop(mixed, self.drop_path_rate, own, "feed_forward")
        return features.replace(
            nodes=norm(h + mixed, batch.node_mask, "feed_forward"),
            edges=clean(e + u, batch.edge_mask),
            graphs=graphs,
        )

    def _graphs(self, g: Any, v: Any, u: Any, batch: Batch, network: Any, drop: Any) -> Any:
        count = batch.graph_mask.shape[0]
        nodes = pool(v, batch.node_graph, count, where=batch.node_mask)
        # Edges are summed at their receivers first: few segments make a slow scatter.
        at_nodes = segment_sum(
            u, batch.receivers, v.shape[0], where=batch.edge_mask, indices_are_sorted=True
        )
        edges = pool(at_nodes, batch.node_graph, count, where=batch.node_mask)
        new = network([g, nodes, edges], self.graph_dim, batch.graph_mask, "graphs")
        new = drop(new, self.graph_dropout_rate, batch.graph_ids, "graphs")
        return clean(g + new, batch.graph_mask)
