"""A vector of each graph that exchanges with all of its nodes (Gilmer et al., 2017; OGB)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.masks import clean
from gtx.ops.pooling import pool
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer, ModuleFactory


class VirtualNodeBlock(nn.Module):
    """x_i' = x_i + v,   v' = [v +] drop(f(v + sum_i x_i')),   f = relu norm W2 relu norm W1.

    The virtual node of OGB's GIN-VN (Hu et al., 2020), a vector v of each graph, which is
    `features.graphs` here. It stands before every message-passing layer; OGB leaves out the update
    of v in the last one. The first block of a model makes v, a learned vector that starts at 0,
    if the features have none. A readout reads v beside the nodes; OGB's reads the nodes alone.
    Unlike nodes of `gtx.structures.VirtualNodes`, v is no node that other layers see.

    Attributes:
      dim: width of nodes and v.
      residual: whether v' has the term v.
      dropout_rate: of the new v.
      norm: factory of both norms.
      start_init: of v where the features have none.
    """

    dim: int
    residual: bool = False
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    start_init: Initializer = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        x, v, count = features.nodes, features.graphs, batch.graph_mask.shape[0]
        if v is None:
            start = self.param("start", self.start_init, (self.dim,), self.param_dtype)
            start = start.astype(self.dtype or x.dtype)
            v = clean(jnp.broadcast_to(start, (count, self.dim)), batch.graph_mask)
        check_residual(self, self.dim, nodes=x, graphs=v)
        x = x + gather(v, batch.node_graph, indices_are_sorted=True)
        new = v + pool(x, batch.node_graph, count, method="sum", where=batch.node_mask)
        for name, width in (("hidden", 2 * self.dim), ("output", self.dim)):
            inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
            new = Linear(width, **types, **inits, name=name)(new)
            norm = make(self.norm, "norm", **types, name=f"norm_{name}")
            new = jax.nn.relu(norm(new, batch.graph_mask, train=train, axis_name=batch.axis_name))
        new = Dropout(self.dropout_rate, name="dropout")(new, batch.graph_ids, train=train)
        return features.replace(nodes=x, graphs=v + new if self.residual else new)
