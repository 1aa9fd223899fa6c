"""Attention along the given edges: `gtx.ops.attention` in the forms that graph networks gave it.

`i` is a receiver, `j` a sender, `a . b` a dot product within each head. Results of the heads
are concatenated, or averaged if not `concat`. A node without incoming edges gets what the
formula leaves without its sum.

Sown in the collection "intermediates", when that is mutable: `weights` [edges, heads] before
dropout, 0 in padding.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import attend, edges_of
from gtx.nn.initializers import fan_in_uniform, xavier_uniform, zeros
from gtx.nn.linear import Linear
from gtx.nn.parts import check_heads, check_width
from gtx.ops import Additive, Dynamic, Edges, segment_mean
from gtx.typing import Dtype, Initializer


class GATLayer(nn.Module):
    """x_i' = b + sum_j softmax_j(LeakyReLU(u . W x_i + v . W x_j + t . V e_ij)) W x_j.

    Velickovic et al. (2018), equations 1 to 6, no activation, no residual; PyG's GATConv, with
    its parameters and initial values. The order in which a node ranks its neighbours does not
    depend on the node (Brody et al., 2022); GATv2Layer's does. The paper has no edge features;
    V and t are those of PyG's `edge_dim`.

    The neighbourhoods of the paper hold the node itself; here they are the edges that are
    given unless `self_loops`, where PyG's default is to add them.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `dim / num_heads` if `concat`, else `dim`.
      concat: concatenate the heads; else average them, as the paper does in its last layer.
      dropout_rate: probability that a weight is dropped.
      negative_slope: of the LeakyReLU.
      self_loops: add an edge from each node to itself, instead of those that exist. Its
        features are the mean of those of the node's other incoming edges, as in PyG.
      use_edges: read edge features, if there are any.
      use_bias: whether b exists.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of W, V and the vectors [num_heads, head width].
      bias_init: of b.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    dropout_rate: float = 0.0
    negative_slope: float = 0.2
    self_loops: bool = False
    use_edges: bool = True
    use_bias: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        shape = self.num_heads, _head_dim(self)
        structure, e = _edges(self, features, batch)

        def vector(name):
            return self.param(name, self.kernel_init, shape, self.param_dtype)

        x = Linear(
            shape[0] * shape[1],
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="nodes",
        )(features.nodes).reshape(-1, *shape)
        x, to, sent = nn.dtypes.promote_dtype(
            x, vector("receiver_vector"), vector("sender_vector"), dtype=self.dtype
        )
        edge_key = None
        if e is not None:
            width = e.shape[-1]
            kernel = self.param(
                "edges", self.kernel_init, (width, shape[0] * shape[1]), self.param_dtype
            )
            e, kernel, along = nn.dtypes.promote_dtype(
                e, kernel, vector("edge_vector"), dtype=self.dtype
            )
            # (e V) . t as e (V . t): no edge is ever multiplied to the width of all heads.
            edge_key = (e @ (kernel.reshape(width, *shape) * along).sum(-1))[..., None]
        out = attend(
            self,
            (x * to).sum(-1, keepdims=True),
            (x * sent).sum(-1, keepdims=True),
            x,
            structure,
            train=train,
            score=Additive(self.negative_slope),
            edge_key=edge_key,
        )
        return features.replace(nodes=_add_bias(self, _join(self, out)))


class GATv2Layer(nn.Module):
    """x_i' = b + sum_j softmax_j(a . LeakyReLU(R x_i + S x_j + V e_ij)) (S x_j).

    Brody et al. (2022), equation 7, no activation, no residual; PyG's GATv2Conv, with its
    parameters and initial values: R and S have biases. Edge features and `self_loops` as in
    GATLayer.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `dim / num_heads` if `concat`, else `dim`.
      concat: concatenate the heads; else average them.
      share_weights: R = S.
      dropout_rate: probability that a weight is dropped.
      negative_slope: of the LeakyReLU.
      self_loops: add an edge from each node to itself, as in GATLayer.
      use_edges: read edge features, if there are any.
      use_bias: of R and S, and whether b exists.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of R, S, V and a [num_heads, head width].
      bias_init: of b.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    share_weights: bool = False
    dropout_rate: float = 0.0
    negative_slope: float = 0.2
    self_loops: bool = False
    use_edges: bool = True
    use_bias: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        shape = self.num_heads, _head_dim(self)
        structure, e = _edges(self, features, batch)

        def linear(values, name, use_bias=self.use_bias):
            layer = Linear(
                shape[0] * shape[1],
                use_bias,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                name=name,
            )
            return layer(values).reshape(-1, *shape)

        key = linear(features.nodes, "senders")
        query = key if self.share_weights else linear(features.nodes, "receivers")
        vector = self.param("vector", self.kernel_init, shape, self.param_dtype)
        out = attend(
            self,
            query,
            key,
            key,
            structure,
            train=train,
            score=Dynamic(vector, self.negative_slope),
            edge_key=None if e is None else linear(e, "edges", use_bias=False),
        )
        return features.replace(nodes=_add_bias(self, _join(self, out)))


class TransformerConv(nn.Module):
    """x_i' = S x_i + sum_j softmax_j((Q x_i) . (K x_j + V e_ij) / sqrt(d)) (U x_j + V e_ij).

    Shi et al. (2021), equations 3 and 4; PyG's TransformerConv, with its parameters and initial
    values. With `beta`, equation 5: r = S x_i and m, the sum, are mixed as g r + (1 - g) m by
    the gate g = sigmoid(w . [m; r; m - r]); the norm and the activation that follow there are
    left to the block. The kernel `nodes` holds Q, K, U and S, in this order; all have biases.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `d = dim / num_heads` if `concat`, else `d = dim`.
      concat: concatenate the heads; else average them.
      beta: gate the skip; needs `root_weight`.
      root_weight: whether S exists.
      dropout_rate: probability that a weight is dropped.
      use_edges: read edge features, if there are any.
      use_bias: of Q, K, U and S.
      scale: of the dot product; None for 1/sqrt(d).
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    beta: bool = False
    root_weight: bool = True
    dropout_rate: float = 0.0
    use_edges: bool = True
    use_bias: bool = True
    scale: float | None = None
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.beta and not self.root_weight:
            raise ValueError("beta gates the skip, which needs root_weight.")
        options: dict[str, Any] = dict(
            dtype=self.dtype, param_dtype=self.param_dtype, kernel_init=self.kernel_init
        )
        features = mask_features(features, batch)
        shape = self.num_heads, _head_dim(self)
        width = shape[0] * shape[1]
        projected = Linear(
            3 * width + (self.dim if self.root_weight else 0),
            self.use_bias,
            bias_init=self.bias_init,
            **options,
            name="nodes",
        )(features.nodes)
        *parts, skip = jnp.split(projected, [width, 2 * width, 3 * width], axis=-1)
        query, key, value = (part.reshape(-1, *shape) for part in parts)
        e = features.edges if self.use_edges else None
        if e is not None:
            e = Linear(width, use_bias=False, **options, name="edges")(e).reshape(-1, *shape)
        out = attend(
            self,
            query,
            key,
            value,
            edges_of(batch),
            train=train,
            edge_key=e,
            edge_value=e,
            scale=self.scale,
        )
        out = _join(self, out)
        if self.beta:
            logit = Linear(1, use_bias=False, **options, name="gate")
            gate = jax.nn.sigmoid(logit(jnp.concatenate([out, skip, out - skip], axis=-1)))
            out = gate * skip + (1 - gate) * out
        elif self.root_weight:
            out = out + skip
        return features.replace(nodes=out)


def _head_dim(layer):
    """Width of one head."""
    if layer.concat:
        check_heads(layer.dim, layer.num_heads)
        return layer.dim // layer.num_heads
    check_width(layer.num_heads, "num_heads")
    return layer.dim


def _join(layer, out):
    """[nodes, dim] from the results [nodes, heads, head width]."""
    return out.reshape(len(out), layer.dim) if layer.concat else out.mean(axis=1)


def _add_bias(layer, out):
    if not layer.use_bias:
        return out
    bias = layer.param("bias", layer.bias_init, (layer.dim,), layer.param_dtype)
    out, bias = nn.dtypes.promote_dtype(out, bias, dtype=layer.dtype)
    return out + bias


def _edges(layer, features, batch):
    """Who attends to whom, and the features of these edges, if they are to be read."""
    structure, e = edges_of(batch), features.edges if layer.use_edges else None
    if not layer.self_loops:
        return structure, e
    num_nodes = batch.node_mask.shape[0]
    nodes = jnp.arange(num_nodes, dtype=batch.senders.dtype)
    others = batch.edge_mask & (batch.senders != batch.receivers)
    if e is not None:
        means = segment_mean(e, batch.receivers, num_nodes, where=others, indices_are_sorted=True)
        e = jnp.concatenate([e, means])
    looped = Edges(
        jnp.concatenate([batch.senders, nodes]),
        jnp.concatenate([batch.receivers, nodes]),
        where=jnp.concatenate([others, batch.node_mask]),
        num_receivers=num_nodes,
        receiver_ids=batch.node_ids,
        sender_ids=batch.node_ids,
    )
    return looped, e
