"""Attention by random features, linear in the nodes (FAVOR+)."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.projection import kept_projection
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_heads, check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import linear_attention, relu_features, softmax_features
from gtx.typing import Dtype, Initializer


class PerformerAttention(nn.Module):
    """Attention to all nodes of a graph in time and memory linear in the nodes; no residual.

    x_i' = O sum_j phi(q_i) . phi(k_j) v_j / sum_j phi(q_i) . phi(k_j)

    Choromanski et al. (2021). With kernel "softmax", phi are positive random features, so that
    the weights are near those of scaled dot-product attention; with "relu" they are
    relu(w . x) + 0.001, as in PyG's PerformerAttention. The directions w are orthogonal. They are
    no parameters: they stand in the collection "batch_stats", are drawn when the variables are,
    and anew every `redraw_every` updates in training. (GraphGPS takes the attention of the package
    `performer-pytorch` alone, which keeps its first directions.)

    PyG lets the keys of padding enter the sum of the weights, so that its result depends on the
    other graphs of a batch. Here padding has no influence.

    Attributes:
      dim: width of the result.
      num_heads: heads.
      head_dim: of each; None is `dim / num_heads`. Both codes have 64 by default.
      kernel: "softmax" or "relu".
      num_features: directions; None is `head_dim * log(head_dim)`, as in both codes.
      redraw_every: updates after which directions are drawn anew; 0 keeps the first.
      dropout_rate: of the result, as in both codes.
      use_bias: of query, key and value. The map of the result has a bias.
    """

    dim: int
    num_heads: int = 4
    head_dim: int | None = None
    kernel: Literal["softmax", "relu"] = "softmax"
    num_features: int | None = None
    redraw_every: int = 0
    dropout_rate: float = 0.0
    use_bias: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.kernel not in ("softmax", "relu"):
            raise ValueError(f"kernel must be 'softmax' or 'relu', got {self.kernel!r}.")
        if self.head_dim is None:
            check_heads(self.dim, self.num_heads)
        width = self.dim // self.num_heads if self.head_dim is None else self.head_dim
        for name, count in (("num_heads", self.num_heads), ("head_dim", width)):
            check_width(count, name)
        options = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        inner = self.num_heads * width
        x = Linear(3 * inner, self.use_bias, **options, name="query_key_value")(features.nodes)
        query, key, value = (
            part.reshape(-1, self.num_heads, width) for part in jnp.split(x, 3, axis=-1)
        )
        where = batch.node_mask
        projection = kept_projection(
            self,
            batch,
            num_features=self.num_features,
            width=width,
            norms="gaussian" if self.kernel == "softmax" else "unit",
            redraw_every=self.redraw_every,
            train=train,
        )
        graphs = batch.node_graph, batch.graph_mask.shape[0]
        if self.kernel == "softmax":
            scale = width**-0.5
            query = softmax_features(query, projection, scale=scale, where=where)
            key = softmax_features(key, projection, scale=scale, graphs=graphs, where=where)
        else:
            query, key = (relu_features(values, projection) for values in (query, key))
        x = linear_attention(query, key, value, *graphs, where=where).reshape(-1, inner)
        x = Linear(self.dim, **options, name="output")(x)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return features.replace(nodes=dropout(x, batch.node_ids, train=train))
