"""The graph networks that attention is compared with, each one step of message passing.

`gtx.ops.message_passing` is equations 11 to 13 of Joshi (2025). None of these layers has a
residual or, but for MPNN, reads edge features. GIN stands beside GINE, in
`gtx.nn.message_passing`.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.initializers import fan_in_uniform, xavier_uniform, zeros
from gtx.nn.linear import Linear
from gtx.ops import message_passing, segment_count
from gtx.ops.message_passing import Reduction
from gtx.typing import Activation, Dtype, Initializer


class GCN(nn.Module):
    """X' = D^-1/2 (A + I) D^-1/2 X W + b, with D_ii = 1 + the number of edges into i.

    Kipf and Welling (2017), equation 2; PyG's GCNConv, with its parameters and initial values.
    Self-loops of the graph are left out, as I has one for every node; duplicates of other
    edges count.

    Attributes:
      dim: width of the result.
      use_bias: whether b exists.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of W.
      bias_init: of b.
    """

    dim: int
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        others = batch.edge_mask & (batch.senders != batch.receivers)
        edges: dict[str, Any] = dict(where=others, indices_are_sorted=True)
        x = Linear(
            self.dim,
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="linear",
        )(features.nodes)
        degree = 1 + segment_count(batch.receivers, x.shape[0], **edges)[:, None]
        root = jax.lax.rsqrt(degree.astype(jnp.promote_types(x.dtype, jnp.float32)))
        root = root.astype(x.dtype)
        x = message_passing(
            root * x,
            batch.senders,
            batch.receivers,
            message=lambda receiver, sender, edge: sender,
            update=lambda node, arrived: root * (node + arrived),
            **edges,
        )
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.dim,), self.param_dtype)
            x, bias = nn.dtypes.promote_dtype(x, bias, dtype=self.dtype)
            x = x + bias
        return features.replace(nodes=x)


class GraphSAGE(nn.Module):
    """x_i' = R x_i + N aggregate_j(x_j) + b.

    Hamilton et al. (2017), algorithm 1, lines 4 and 5, without the activation, its product of
    one matrix and a concatenation written as R and N; PyG's SAGEConv, with its parameters and
    initial values. Like PyG's default it leaves out the division of each row by its norm
    (line 7) and the layer within "max" (equation 3).

    Attributes:
      dim: width of the result.
      method: "mean", "max", "sum", "min" or "std", see `gtx.ops.aggregate`; 0 for a node
        without incoming edges.
      root_weight: whether R exists.
      use_bias: whether b exists.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of both kernels.
      bias_init: of b; None is PyTorch's.
    """

    dim: int
    method: Reduction = "mean"
    root_weight: bool = True
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)

        def update(node, arrived):
            x = Linear(self.dim, self.use_bias, **options, name="neighbours")(arrived)
            if self.root_weight:
                x = x + Linear(self.dim, use_bias=False, **options, name="root")(node)
            return x

        x = message_passing(
            features.nodes,
            batch.senders,
            batch.receivers,
            message=lambda receiver, sender, edge: sender,
            update=update,
            method=self.method,
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        return features.replace(nodes=x)


class MPNN(nn.Module):
    """x_i' = update([x_i; aggregate_j message([x_i; x_j; e_ij])]), both two-layer perceptrons.

    The general form of Gilmer et al. (2017), equations 1 and 2; its authors' best model has a
    matrix made from e_ij as message and a GRU as update, which is not what this layer does.
    The first map of the message is computed as A x_i + B x_j + C e_ij, so that no node is
    multiplied once per edge: the kernel `nodes` holds A and B, `edges` is C. Without edge
    features C is left out.

    Attributes:
      dim: width of messages and result.
      hidden_dim: of both perceptrons; None is `dim`.
      method: how messages are reduced, see `gtx.ops.aggregate`.
      activation: of both perceptrons.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    dim: int
    hidden_dim: int | None = None
    method: Reduction = "sum"
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        x, e = features.nodes, features.edges
        hidden_dim = self.dim if self.hidden_dim is None else self.hidden_dim
        to, sent = jnp.split(Linear(2 * hidden_dim, **options, name="nodes")(x), 2, axis=-1)
        if e is not None:
            e = Linear(hidden_dim, use_bias=False, **options, name="edges")(e)

        def message(receiver, sender, edge):
            hidden = receiver["to"] + sender["sent"]
            hidden = self.activation(hidden if edge is None else hidden + edge)
            return Linear(self.dim, **options, name="message")(hidden)

        def update(node, arrived):
            joint = jnp.concatenate([node["x"], arrived], axis=-1)
            hidden = self.activation(Linear(hidden_dim, **options, name="hidden")(joint))
            return Linear(self.dim, **options, name="output")(hidden)

        x = message_passing(
            dict(x=x, to=to, sent=sent),
            batch.senders,
            batch.receivers,
            message=message,
            update=update,
            edges=e,
            method=self.method,
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        return features.replace(nodes=x)
