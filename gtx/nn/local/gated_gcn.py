"""Message passing that edges gate, with edges that evolve (Bresson and Laurent, 2017)."""

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.local.position_gate import position_gate
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class GatedGCN(nn.Module):
    """Edges gate the messages and evolve with the nodes (Bresson and Laurent, 2017).

    e_ij' = e_ij + drop(relu(norm(z_ij))),   z_ij = D x_i + E x_j + C e_ij
    u_i = relu(norm(A x_i + sum_j s(z_ij) * B x_j / (sum_j s(z_ij) + 1e-6)))
    x_i' = x_i + drop(u_i)  with `residual`,  u_i  without

    This is GraphGPS's CustomGatedGCN, which always adds the residual of the nodes. Here it is an
    option, because GPSBlock adds one around every local layer. Duplicates of an edge share their
    dropout noise. The kernel `nodes` [dim, 4 dim] holds A, B, D and E, in this
    order; `edges` is C.

    With `positions` p, s(z_ij) becomes s(z_ij) g_ij in both sums, where g_ij is the gate of
    |p_i - p_j|^2 that `position_gate` describes: GraphGPS's GatedGCN with EquivStableLapPE.

    Attributes:
      dim: width of nodes and edges.
      residual: return x' instead of u.
      dropout_rate: of the edges and, with `residual`, the nodes.
      norm: factory of both norms.
      activation: after each norm, and in the gate of positions.
      positions: name of the stream of `Features.extra` whose distances gate messages, or None.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    edge_features: ClassVar[str] = "required"

    dim: int
    residual: bool = False
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    activation: Activation = jax.nn.relu
    positions: str | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        x, e = features.nodes, features.edges_over(self.edges)
        if e is None:
            raise ValueError("GatedGCN needs edge features; ConstantEncoder makes some.")
        check_residual(self, self.dim, edges=e, **(dict(nodes=x) if self.residual else {}))
        senders, receivers, num_nodes = over.senders, over.receivers, x.shape[0]

        projected = Linear(4 * self.dim, **options, **inits, name="nodes")(x)
        own, value, to, sent = jnp.split(projected, 4, axis=-1)
        # One gather and one scatter for two arrays each take less time than two.
        value, sent = jnp.split(
            gather(jnp.concatenate([value, sent], axis=-1), senders), 2, axis=-1
        )
        edges = (
            gather(to, receivers, indices_are_sorted=over.are_sorted)
            + sent
            + Linear(self.dim, **options, **inits, name="edges")(e)
        )
        gate = jax.nn.sigmoid(edges)
        if self.positions is not None:
            gate = gate * position_gate(self, features, batch, over)
        sums = segment_sum(
            jnp.concatenate([gate * value, gate], axis=-1),
            receivers,
            num_nodes,
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        messages, total = jnp.split(sums, 2, axis=-1)
        nodes = own + messages / (total + 1e-6)

        def finish(values, mask, name):
            norm = make(self.norm, "norm", **options, name=name)
            return self.activation(norm(values, mask, train=train, axis_name=batch.axis_name))

        nodes = finish(nodes, batch.node_mask, "norm_nodes")
        edges = finish(edges, over.mask, "norm_edges")
        ids = batch.node_ids
        edges = e + Dropout(self.dropout_rate, name="dropout_edges")(
            edges, ids[receivers], ids[senders], train=train
        )
        if self.residual:
            dropout = Dropout(self.dropout_rate, name="dropout_nodes")
            nodes = x + dropout(nodes, ids, train=train)
        return features.replace(nodes=nodes).with_edges_over(self.edges, edges)
