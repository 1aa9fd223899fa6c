"""NeuralWalker's block: walks as sequences, then message passing and a virtual node."""

from collections.abc import Collection
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm, LayerNorm
from gtx.ops.masks import clean
from gtx.ops.pooling import pool
from gtx.ops.segment import gather, segment_mean, segment_sum
from gtx.typing import Array, Dtype, Initializer, ModuleFactory

# The name in `Features.extra` of the walks that `gtx.nn.encoders.WalkEmbed` makes.
STREAM = "walks"


class NeuralWalkerBlock(nn.Module):
    """One block of NeuralWalker (Chen et al., 2025, section 3), by the authors' code.

    Walks: h_t = norm(x_v + E e + P w_t) at place t of a walk, with its node v, the edge e by which
      it goes on, and w_t what it knows of the nodes before; s = sequence(h);
      x_v += f(mean of s_t over all places where v is),   e += f(mean of s_t where it goes on by e)
    Message passing: x_i += f((1 + epsilon) x_i + sum_j relu(x_j + G e_ij))
    Virtual node: u' = f(u + sum_i x_i),   x_i += u',   with u from the block before, 0 in the first
    Each f is a linear map, norm, ReLU, dropout and another linear map, with parameters of its own.

    Where no edge leaves a place e is 0, and so are the means of nodes and edges that no walk
    visits. Masked edges count as no edges. The places after an early end of a walk are not there,
    while in the authors' code they enter the norm of the convolution and the scan backward.

    It reads what `gtx.nn.encoders.WalkEmbed` leaves in `extra`.

    Attributes:
      dim: width of nodes and edges.
      sequence: factory of the layer over walks; see `gtx.nn.sequences`.
      virtual_node: whether there is one.
      dropout_rate: in each f.
    """

    dim: int
    sequence: ModuleFactory
    virtual_node: bool = True
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch, needs=("nodes", "edges"))
        check_residual(self, self.dim, nodes=features.nodes, edges=features.edges)
        if STREAM not in features.extra:
            raise ValueError(
                "NeuralWalkerBlock reads the walks of gtx.nn.encoders.WalkEmbed, and there are "
                "none in features.extra."
            )
        stream, ids = features.extra[STREAM], batch.node_ids
        of_nodes, of_graphs = (batch.node_mask, ids), (batch.graph_mask, batch.graph_ids)
        of_edges = batch.edge_mask, ids[batch.receivers], ids[batch.senders]

        def f(values, name, rows):
            mask, *ids = rows
            return mapped(self, values, name, mask, ids, train=train, axis_name=batch.axis_name)

        x, e = features.nodes, features.edges
        at_nodes, at_edges = self._walk(x, e, stream, batch, train=train)
        x, e = x + f(at_nodes, "to_nodes", of_nodes), e + f(at_edges, "to_edges", of_edges)
        epsilon = self.param("epsilon", zeros, (), self.param_dtype).astype(x.dtype)
        found = segment_sum(
            jax.nn.relu(gather(x, batch.senders) + self._linear(e, "message_edges")),
            batch.receivers,
            x.shape[0],
            where=batch.edge_mask,
            indices_are_sorted=True,
        )
        x = x + f((1 + epsilon) * x + found, "message", of_nodes)
        if self.virtual_node:
            count = batch.graph_mask.shape[0]
            total = pool(x, batch.node_graph, count, method="sum", where=batch.node_mask)
            u = f(stream["virtual"] + total, "virtual", of_graphs)
            x = x + gather(u, batch.node_graph, indices_are_sorted=True)
            stream = {**stream, "virtual": clean(u, batch.graph_mask)}
        x, e = clean(x, batch.node_mask), clean(e, batch.edge_mask)
        return features.replace(nodes=x, edges=e, extra={**features.extra, STREAM: stream})

    def _walk(
        self, x: Array, e: Array, stream: dict[str, Array], batch: Batch, *, train: bool
    ) -> tuple[Array, Array]:
        """What walks carry to nodes and edges: the means of the results at their places."""
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        real = stream["real"]
        nodes, edges = stream["nodes"].reshape(-1), stream["edges"].reshape(-1)
        visited = real.reshape(-1)
        # The number after that of the last edge stands for none.
        taken = jnp.append(batch.edge_mask, False)[edges] & visited
        h = clean(gather(x, nodes), visited)
        h = h + self._linear(clean(gather(e, edges), taken), "walk_edges")
        h = h + self._linear(stream["window"].reshape(len(visited), -1), "walk_window")
        h = LayerNorm(**types, name="norm_walk")(h, visited, train=train)
        layer = make(self.sequence, "sequence", dim=self.dim, **types, name="sequence")
        s = layer(h.reshape(*real.shape, -1), real, train=train, axis_name=batch.axis_name)
        s = s.reshape(-1, self.dim)
        return (
            segment_mean(s, nodes, x.shape[0], where=visited),
            segment_mean(s, edges, e.shape[0], where=taken),
        )

    def _linear(self, values: Array, name: str) -> Array:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        return Linear(self.dim, **types, **inits, name=name)(values)


class NeuralWalkerOutput(nn.Module):
    """The f of `NeuralWalkerBlock` at each node, after the last block and without a residual.

    Attributes:
      dim: width of the result.
      dropout_rate: in f.
    """

    dim: int
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        options: dict[str, Any] = dict(train=train, axis_name=batch.axis_name)
        x = mapped(self, features.nodes, "output", batch.node_mask, (batch.node_ids,), **options)
        extra = {name: each for name, each in features.extra.items() if name != STREAM}
        return features.replace(nodes=clean(x, batch.node_mask), extra=extra)


def mapped(
    layer: Any,
    x: Array,
    name: str,
    mask: Array,
    ids: Collection[Array],
    *,
    train: bool,
    axis_name: str | None,
) -> Array:
    """The f of some rows. Called in the compact method of a module, it makes its parts there."""
    types: dict[str, Any] = dict(dtype=layer.dtype, param_dtype=layer.param_dtype)
    inits: dict[str, Any] = dict(kernel_init=layer.kernel_init, bias_init=layer.bias_init)
    x = Linear(layer.dim, **types, **inits, name=f"{name}_hidden")(x)
    x = BatchNorm(**types, name=f"{name}_norm")(x, mask, train=train, axis_name=axis_name)
    dropout = Dropout(layer.dropout_rate, name=f"{name}_dropout")
    x = dropout(jax.nn.relu(x), *ids, train=train)
    return Linear(layer.dim, **types, **inits, name=f"{name}_output")(x)
