"""Attention by random features with Gumbel noise, beside sums along edges (NodeFormer)."""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, EdgeSet, Features, mask_features
from gtx.nn.attention.projection import kept_projection
from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import (
    gather,
    linear_attention,
    linear_sums,
    noise,
    normalized_sum,
    segment_count,
    softmax_features,
)
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer


class NodeFormerAttention(nn.Module):
    """Attention to all nodes of a graph by a kernelised Gumbel softmax; no residual.

    z_i = mean_s sum_j w_ijs v_j / sum_j w_ijs,   w_ijs = phi(q_i) . phi(k_j) exp(g_js / tau)
    x_i' = O (z_i + sum_r sigmoid(b_r) sum_j v_j / sqrt(d_i d_j))

    Wu et al. (2022), equations 5 to 8. phi are the positive random features of Performers, of
    q / sqrt(tau) and k / sqrt(tau). The noise g is drawn in training, `num_samples` times; in
    evaluation it is 0. The second sum is the relational bias, along the edges of each order of
    adjacency and an edge from each node to itself.

    In training it sows the edge loss (equation 9), -mean over edges and heads of log w_ij / d_i
    with w the weights without noise, times `edge_loss`, in the collection "losses".

    The directions of phi are drawn anew at each update, as in the authors' code, which draws them
    in evaluation too, from the sum of the queries; here evaluation takes the last ones. The
    constant that keeps the keys' exponentials small has no gradient here.

    Attributes:
      dim: width of the result and of each head.
      num_heads: heads.
      tau: temperature, above 0.
      num_features: of phi.
      num_samples: of the noise; 0 for none.
      relations: the edge sets of each order of adjacency, several as one; () for none.
      relation_activation: of b: "sigmoid", which starts at 0.1, or "identity", which starts at 1.
      edge_loss: the weight of the edge loss, along the first of the relations; 0 for none.
    """

    dim: int
    num_heads: int = 4
    tau: float = 0.25
    num_features: int = 30
    num_samples: int = 10
    relations: tuple[tuple[str, ...], ...] = (("graph",),)
    relation_activation: Literal["sigmoid", "identity"] = "sigmoid"
    edge_loss: float = 1.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_width(self.num_heads, "num_heads")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        where, graphs = batch.node_mask, (batch.node_graph, batch.graph_mask.shape[0])

        def heads(name):
            layer = Linear(self.num_heads * self.dim, **types, **inits, name=name)
            return layer(features.nodes).reshape(-1, self.num_heads, self.dim)

        query, key, value = heads("query"), heads("key"), clean(heads("value"), where)
        projection = kept_projection(
            self,
            batch,
            num_features=self.num_features,
            width=self.dim,
            norms="gaussian",
            redraw_every=1,
            train=train,
        )
        options = dict(scale=1 / (self.tau * self.dim**0.5), where=where)
        query = softmax_features(query, projection, **options)
        key = softmax_features(key, projection, graphs=graphs, **options)
        if train and self.num_samples:
            z = self._with_noise(query, key, value, batch)
        else:
            z = linear_attention(query, key, value, *graphs, where=where)
        if self.relations:
            z += self._relational_bias(value, batch).astype(z.dtype)
        if train and self.edge_loss and self.relations and not self.is_initializing():
            over = batch.edges_over(self.relations[0])
            _, weight = linear_sums(query, key, value[..., :0], *graphs, where=where)
            loss = _edge_loss(query, key, weight, over, where)
            self.sow("losses", "edges", self.edge_loss * loss)
        x = z.reshape(len(where), -1)
        return features.replace(nodes=Linear(self.dim, **types, **inits, name="output")(x))

    def _with_noise(self, query, key, value, batch):
        """The mean over samples: each is a head of its own."""
        samples = jnp.arange(self.num_samples, dtype=jnp.uint32)
        of_heads = jnp.arange(self.num_heads, dtype=jnp.uint32)[:, None]
        bits = noise.key_bits(self.make_rng("dropout"))
        drawn = noise.gumbel(bits, batch.node_ids[:, None, None], of_heads, samples)
        factor = jnp.exp(drawn.astype(key.dtype) / self.tau)[..., None]
        keys = key[:, :, None] * factor
        shape = len(query), self.num_heads * self.num_samples, -1

        def repeated(values):
            return jnp.repeat(values, self.num_samples, axis=1)

        out = linear_attention(
            repeated(query),
            keys.reshape(shape),
            repeated(value),
            batch.node_graph,
            batch.graph_mask.shape[0],
            where=batch.node_mask,
        )
        return out.reshape(len(query), self.num_heads, self.num_samples, self.dim).mean(2)

    def _relational_bias(self, value, batch):
        sigmoid = self.relation_activation == "sigmoid"
        if not sigmoid and self.relation_activation != "identity":
            raise ValueError(
                "relation_activation must be 'sigmoid' or 'identity', got "
                f"{self.relation_activation!r}."
            )
        start = nn.initializers.constant(0.1 if sigmoid else 1.0)
        shape = len(self.relations), self.num_heads
        factors = self.param("relations", start, shape, self.param_dtype)
        factors = jax.nn.sigmoid(factors) if sigmoid else factors
        sets = [batch.edges_over(names) for names in self.relations]
        sums = [
            normalized_sum(
                value, over.senders, over.receivers, where=over.mask, sender_degree="out"
            )
            for over in sets
        ]
        return sum(f[:, None] * s for f, s in zip(factors, sums, strict=True))


def _edge_loss(query: Any, key: Any, weight: Any, over: EdgeSet, where: Any) -> Any:
    """-mean of log w_ij / d_i over the edges, an edge from each node to itself, and heads."""
    others = over.mask & (over.senders != over.receivers)
    degree = 1 + segment_count(over.receivers, len(query), where=others)
    at = over.receivers, over.senders

    def log_weight(query, key, total, real):
        product = jnp.sum(query * key, axis=-1)
        some = real[:, None] & (product > 0) & (total > 0)
        return jnp.log(jnp.where(some, product, 1)) - jnp.log(jnp.where(some, total, 1))

    along = log_weight(
        clean(gather(query, at[0]), others),
        clean(gather(key, at[1]), others),
        gather(weight, at[0]),
        others,
    )
    total = jnp.sum(along / gather(degree, at[0])[:, None])
    total += jnp.sum(log_weight(query, key, weight, where) / degree[:, None])
    count = jnp.maximum(others.sum() + where.sum(), 1) * query.shape[1]
    return -total / count
