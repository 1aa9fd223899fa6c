"""Layers that send messages along the given edges, as far as the batch's `edge_mask` has them.

Linear maps act on nodes before the nodes are gathered to the edges: a graph has more edges
than nodes. `i` is a receiver, `j` a sender.
"""

import functools
import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.dropout import Dropout
from gtx.nn.initializers import fan_in_uniform, uniform, zeros
from gtx.nn.linear import Linear
from gtx.nn.norms import BatchNorm
from gtx.nn.parts import check_residual, make
from gtx.ops import message_passing
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class GIN(nn.Module):
    """x_i' = MLP((1 + epsilon) x_i + sum_j x_j), no residual; edge features are not read.

    Xu et al. (2019), equation 4.1, with a two-layer MLP; PyG's GINConv.

    Attributes:
      dim: width of the result.
      hidden_dim: of the MLP; None is `dim`.
      epsilon: weight of the node itself, beyond 1.
      train_epsilon: make it a parameter that starts there.
      activation: of the MLP.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    dim: int
    hidden_dim: int | None = None
    epsilon: float = 0.0
    train_epsilon: bool = False
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        x = message_passing(
            features.nodes,
            batch.senders,
            batch.receivers,
            message=lambda receiver, sender, edge: sender,
            update=functools.partial(_update_isomorphism, self),
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        return features.replace(nodes=x)


class GINE(nn.Module):
    """x_i' = MLP((1 + epsilon) x_i + sum_j relu(x_j + e_ij)), no residual.

    Hu et al. (2020), "Strategies for pre-training graph neural networks"; PyG's GINEConv with
    GraphGPS's two-layer MLP. Without edge features e_ij is left out.

    Attributes:
      dim: width of the result, of the nodes and of the edges.
      hidden_dim: of the MLP; None is `dim`.
      epsilon: weight of the node itself, beyond 1.
      train_epsilon: make it a parameter that starts there.
      activation: of the MLP.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    dim: int
    hidden_dim: int | None = None
    epsilon: float = 0.0
    train_epsilon: bool = False
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        x, e = features.nodes, features.edges
        message = gather(x, batch.senders)
        if e is not None:
            if e.shape[-1] != x.shape[-1]:
                raise ValueError(
                    f"GINE adds edges to nodes, but edges have width {e.shape[-1]} and nodes "
                    f"{x.shape[-1]}; encode both to the same width."
                )
            message = message + e
        messages = segment_sum(
            jax.nn.relu(message),
            batch.receivers,
            x.shape[0],
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        return features.replace(nodes=_update_isomorphism(self, x, messages))


def _update_isomorphism(layer, x, messages):
    """MLP((1 + epsilon) x + messages), by the fields of a GIN or GINE."""
    options: dict[str, Any] = dict(
        dtype=layer.dtype,
        param_dtype=layer.param_dtype,
        kernel_init=layer.kernel_init,
        bias_init=layer.bias_init,
    )
    epsilon = jnp.asarray(layer.epsilon, x.dtype)
    if layer.train_epsilon:
        init = jax.nn.initializers.constant(layer.epsilon)
        epsilon = layer.param("epsilon", init, (), layer.param_dtype).astype(x.dtype)
    x = (1 + epsilon) * x + messages
    hidden_dim = layer.dim if layer.hidden_dim is None else layer.hidden_dim
    x = layer.activation(Linear(hidden_dim, **options, name="hidden")(x))
    return Linear(layer.dim, **options, name="output")(x)


class GatedGCN(nn.Module):
    """Edges gate the messages and evolve with the nodes (Bresson and Laurent, 2017).

    e_ij' = e_ij + drop(relu(norm(z_ij))),   z_ij = D x_i + E x_j + C e_ij
    u_i = relu(norm(A x_i + sum_j s(z_ij) * B x_j / (sum_j s(z_ij) + 1e-6)))
    x_i' = x_i + drop(u_i)  with `residual`,  u_i  without

    GraphGPS's CustomGatedGCN. It adds the residual of the nodes in the layer; GPSBlock adds
    one, with dropout, around every local layer, so that here it is an option. Duplicates of an
    edge share their dropout noise. The kernel `nodes` [dim, 4 dim] holds A, B, D and E, in this
    order; `edges` is C.

    Attributes:
      dim: width of nodes and edges.
      residual: return x' instead of u.
      dropout_rate: of the edges and, with `residual`, the nodes.
      norm: factory of both norms.
      activation: after each norm.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    dim: int
    residual: bool = False
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        x, e = features.nodes, features.edges
        if e is None:
            raise ValueError("GatedGCN needs edge features; ConstantEncoder makes some.")
        check_residual(self, self.dim, edges=e, **(dict(nodes=x) if self.residual else {}))
        senders, receivers, num_nodes = batch.senders, batch.receivers, x.shape[0]

        projected = Linear(4 * self.dim, **options, **inits, name="nodes")(x)
        own, value, to, sent = jnp.split(projected, 4, axis=-1)
        value, sent = jnp.split(
            gather(jnp.concatenate([value, sent], axis=-1), senders), 2, axis=-1
        )
        edges = (
            gather(to, receivers, indices_are_sorted=True)
            + sent
            + Linear(self.dim, **options, **inits, name="edges")(e)
        )
        gate = jax.nn.sigmoid(edges)
        sums = segment_sum(
            jnp.concatenate([gate * value, gate], axis=-1),
            receivers,
            num_nodes,
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        messages, total = jnp.split(sums, 2, axis=-1)
        nodes = own + messages / (total + 1e-6)

        def finish(values, mask, name):
            norm = make(self.norm, "norm", **options, name=name)
            return self.activation(norm(values, mask, train=train, axis_name=batch.axis_name))

        nodes = finish(nodes, batch.node_mask, "norm_nodes")
        edges = finish(edges, batch.edge_mask, "norm_edges")
        ids = batch.node_ids
        edges = e + Dropout(self.dropout_rate, name="dropout_edges")(
            edges, ids[receivers], ids[senders], train=train
        )
        if self.residual:
            dropout = Dropout(self.dropout_rate, name="dropout_nodes")
            nodes = x + dropout(nodes, ids, train=train)
        return features.replace(nodes=nodes, edges=edges)


class ResGatedGraphConv(nn.Module):
    """x_i' = S x_i + b + sum_j sigmoid(K [x_i; e_ij] + Q [x_j; e_ij]) * V [x_j; e_ij].

    Bresson and Laurent (2017) as in PyG's ResGatedGraphConv, with its parameters; no residual.
    K [x; e] is computed as K_x x + K_e e, so that no node is multiplied once per edge, and
    K_e e + Q_e e as (K_e + Q_e) e. The kernel `nodes` holds K_x, Q_x, V_x and S, in this order,
    its bias those of K, Q, V and b; `edges` holds K_e, Q_e and V_e. Without edge features these
    are left out.

    Attributes:
      dim: width of the result.
      dtype: computation dtype.
      param_dtype: storage dtype.
    """

    dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        x, e = features.nodes, features.edges
        width = x.shape[-1]
        joint = width + (0 if e is None else e.shape[-1])
        concatenated = uniform(1 / math.sqrt(joint))

        def kernel_init(key, shape, dtype):
            first, second = jax.random.split(key)
            gates = concatenated(first, (shape[0], 3 * self.dim), dtype)
            skip = fan_in_uniform(second, (shape[0], self.dim), dtype)
            return jnp.concatenate([gates, skip], axis=-1)

        def bias_init(key, shape, dtype):
            del shape
            gates = concatenated(key, (3 * self.dim,), dtype)
            return jnp.concatenate([gates, zeros(key, (self.dim,), dtype)])

        projected = Linear(
            4 * self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=kernel_init,
            bias_init=bias_init,
            name="nodes",
        )(x)
        key, query, value, skip = jnp.split(projected, 4, axis=-1)
        query_value = gather(jnp.concatenate([query, value], axis=-1), batch.senders)
        if e is not None:
            kernel = self.param(
                "edges", concatenated, (e.shape[-1], 3 * self.dim), self.param_dtype
            )
            e, kernel = nn.dtypes.promote_dtype(e, kernel, dtype=self.dtype)
            key_e, query_e, value_e = jnp.split(kernel, 3, axis=-1)
            query_value += e @ jnp.concatenate([key_e + query_e, value_e], axis=-1)
        query, value = jnp.split(query_value, 2, axis=-1)
        gate = jax.nn.sigmoid(gather(key, batch.receivers, indices_are_sorted=True) + query)
        messages = segment_sum(
            gate * value,
            batch.receivers,
            x.shape[0],
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        return features.replace(nodes=skip + messages)
