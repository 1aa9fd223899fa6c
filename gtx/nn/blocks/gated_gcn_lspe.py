"""GatedGCN with learned positions: a stream beside the nodes (Dwivedi et al., 2022)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.masks import clean
from gtx.ops.segment import gather, segment_count, segment_mean, segment_sum
from gtx.typing import Array, Dtype, Initializer, ModuleFactory

# The name of the stream in `Features.extra`.
POSITIONS = "lspe_positions"


class GatedGCNLSPE(nn.Module):
    """A layer of GatedGCN-LSPE: nodes h, edges e and positions p, each with a residual.

    z_ij = B1 h_j + B2 h_i + B3 e_ij,   w_ij = s(z_ij) / (sum_j s(z_ij) + 1e-6)
    h' = h + relu(norm((A1 [h_i, p_i] + sum_j w_ij A2 [h_j, p_j]) / sqrt(n)))
    e' = e + relu(norm(z_ij)),   p' = p + tanh(C1 p_i + sum_j w_ij C2 p_j)

    Dwivedi et al. (2022), equations 10 to 12 and 17 to 22, as their code has it: the edge from j to
    i, n the nodes of the graph (a division that the paper leaves out), no norm for positions, and
    dropout after the residuals. Edges that share both ends share the noise. The kernel `nodes`
    [dim, 2 dim] holds B1 and B2, `both` [2 dim, 2 dim] A1 and A2, `positions` C1 and C2.

    Positions are `features.extra["lspe_positions"]` [nodes, dim]. Nobody reads the edges of a
    model's last layer; its `norm_edges` has no gradient.

    Attributes:
      dim: width of nodes, edges and positions.
      dropout_rate: of all three.
      norm: factory of the norms of nodes and edges.
      residual: whether h, e and p are added. The authors' network for OGB passes its field
        `residual` to another one of the layer, so that it has none.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    residual: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        h, e, p = features.nodes, features.edges_over(self.edges), positions_of(features, batch)
        if e is None:
            raise ValueError("GatedGCNLSPE needs edge features; ConstantEncoder makes some.")
        check_residual(self, self.dim, nodes=h, edges=e)

        def linear(width, name):
            inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
            return Linear(width, **types, **inits, name=name)

        sent, to = jnp.split(linear(2 * self.dim, "nodes")(h), 2, axis=-1)
        own, value = jnp.split(
            linear(2 * self.dim, "both")(jnp.concatenate([h, p], axis=-1)), 2, axis=-1
        )
        own_p, value_p = jnp.split(linear(2 * self.dim, "positions")(p), 2, axis=-1)
        taken = gather(jnp.concatenate([sent, value, value_p], axis=-1), over.senders)
        sent, value, value_p = jnp.split(taken, 3, axis=-1)
        z = sent + linear(self.dim, "edges")(e)
        z = z + gather(to, over.receivers, indices_are_sorted=over.are_sorted)
        gate = jax.nn.sigmoid(z)
        sums = segment_sum(
            jnp.concatenate([gate * value, gate * value_p, gate], axis=-1),
            over.receivers,
            h.shape[0],
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        messages, messages_p, total = jnp.split(sums, 3, axis=-1)
        nodes = own + messages / (total + 1e-6)
        places = jnp.tanh(own_p + messages_p / (total + 1e-6))
        size = segment_count(batch.node_graph, batch.graph_mask.shape[0], where=batch.node_mask)
        nodes = (
            nodes
            * jax.lax.rsqrt(jnp.maximum(size, 1).astype(nodes.dtype))[batch.node_graph][:, None]
        )

        def normed(values, mask, name):
            norm = make(self.norm, "norm", **types, name=f"norm_{name}")
            return jax.nn.relu(norm(values, mask, train=train, axis_name=batch.axis_name))

        def drop(values, name, *ids):
            return Dropout(self.dropout_rate, name=f"dropout_{name}")(values, *ids, train=train)

        ids = batch.node_ids
        nodes, z = normed(nodes, batch.node_mask, "nodes"), normed(z, over.mask, "edges")
        places = clean(places, batch.node_mask)
        if self.residual:
            nodes, places, z = h + nodes, p + places, e + z
        nodes, places = drop(nodes, "nodes", ids), drop(places, "positions", ids)
        z = drop(z, "edges", ids[over.receivers], ids[over.senders])
        features = features.replace(nodes=nodes, extra={**features.extra, POSITIONS: places})
        return features.with_edges_over(self.edges, z)


class JoinPositions(nn.Module):
    """h' = W [h, q] with q the positions, made like eigenvectors: the end of LSPE's models.

    q = P p of the width `position_dim`, less its mean over the nodes of a graph, each column
    divided by its length over them: Dwivedi et al. (2022), equation 13 and appendix C. A column
    without any differences, as in a graph of one node, is 0. (The authors' code divides by 0.)

    With `laplacian_loss` it sows in "losses", while training, their equation 15:
    `laplacian_loss` * (tr(Q^T L Q) + `orthogonality` * sum_g |Q_g^T Q_g - I|^2) / (k graphs nodes)
    with L = I - D^-1/2 A D^-1/2 and the counts of the batch. As in their code only the first term
    has a gradient.

    Attributes:
      dim: width of the nodes.
      position_dim: k.
      normalize: whether q has mean 0 and columns of length 1; else it is P p. The authors' network
        for OGB has that where it has no loss.
      laplacian_loss: weight of the loss; 0 for none.
      orthogonality: weight of its second term.
      edges: names of the edge sets of A.
    """

    dim: int
    position_dim: int
    laplacian_loss: float = 0.0
    orthogonality: float = 0.1
    normalize: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        p = Linear(self.position_dim, **options, name="positions")(positions_of(features, batch))
        p = _standing_waves(p, batch) if self.normalize else clean(p, batch.node_mask)
        if train and self.laplacian_loss and not self.is_initializing():
            self.sow("losses", "laplacian", self._loss(p, batch))
        joined = Linear(self.dim, **options, name="output")(
            jnp.concatenate([features.nodes, p.astype(features.nodes.dtype)], axis=-1)
        )
        return features.replace(nodes=clean(joined, batch.node_mask))

    def _loss(self, p: Array, batch: Batch) -> Array:
        over = batch.edges_over(self.edges)
        num_graphs = batch.graph_mask.shape[0]
        degree = segment_count(over.receivers, p.shape[0], where=over.mask)
        scaled = p * jax.lax.rsqrt(jnp.maximum(degree, 1).astype(p.dtype))[:, None]
        along = clean(scaled[over.senders] * scaled[over.receivers], over.mask)
        smooth = (p**2).sum() - along.sum()
        products = segment_sum(
            (p[:, :, None] * p[:, None, :]).reshape(p.shape[0], -1), batch.node_graph, num_graphs
        )
        identity = jnp.eye(self.position_dim, dtype=p.dtype).reshape(-1)
        apart = clean((products - identity) ** 2, batch.graph_mask).sum()
        loss = smooth + self.orthogonality * jax.lax.stop_gradient(apart)
        count = self.position_dim * batch.graph_mask.sum() * batch.node_mask.sum()
        return self.laplacian_loss * loss / jnp.maximum(count, 1).astype(p.dtype)


def positions_of(features: Features, batch: Batch) -> Array:
    """The stream of positions, 0 in padding.

    Raises:
      ValueError: there is none.
    """
    if POSITIONS not in features.extra:
        raise ValueError(
            f"LSPE needs positions in features.extra[{POSITIONS!r}], [nodes, dim]; "
            "gtx.nn.encoders.StreamEmbed puts an encoding there."
        )
    return clean(features.extra[POSITIONS], batch.node_mask)


def _standing_waves(p: Array, batch: Batch) -> Array:
    """Columns of mean 0 and length 1 over the nodes of each graph, in at least float32."""
    p = clean(p, batch.node_mask).astype(jnp.promote_types(p.dtype, jnp.float32))
    where: dict[str, Any] = dict(where=batch.node_mask, indices_are_sorted=True)
    over = batch.node_graph, batch.graph_mask.shape[0]
    centred = p - segment_mean(p, *over, **where)[batch.node_graph]
    square = segment_sum(centred**2, *over, **where)
    # What rounding leaves of equal rows is no difference.
    different = square > 1e-10 * segment_sum(p**2, *over, **where)
    length = jnp.where(different, jnp.sqrt(jnp.where(different, square, 1)), jnp.inf)
    return clean(centred / length[batch.node_graph], batch.node_mask)
