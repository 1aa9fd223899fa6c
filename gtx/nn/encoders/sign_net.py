"""SignNet: an encoder that does not depend on the signs of eigenvectors."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.encoders.invariant import Network, choose_network, invariant_layers, spectrum_of
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.norms import BatchNorm
from gtx.ops import segment_sum
from gtx.ops.masks import clean
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class SignNetEncoder(nn.Module):
    """p = rho([phi(v_f) + phi(-v_f)]_f): sign invariant (Lim et al., 2023).

    phi is a GIN over the edges of the batch, in which the entry of a vector at a node is the
    feature of that node, or an MLP of that entry. rho is an MLP of two linear maps. A layer of
    phi is x <- W2 relu(norm(W1 (x + sum_j x_j))), with a ReLU between layers; the MLP leaves out
    the sum. The result depends on the bases of repeated eigenvalues. On a complete graph a GIN
    gives the same for all vectors beyond the first, because the entries of each sum to 0.

    It differs from the authors' code and from GraphGPS in three ways. Each layer has one norm,
    before the ReLU; they have one after it and one between layers. The norm runs over phi(v) and
    phi(-v) together; theirs treats them separately, so that their result depends on the signs
    during training. Frequencies that a graph does not have are left out of the norms and of
    "concat"; in their code they count as vectors of 0.

    Memory: a layer keeps 2 k hidden_dim numbers for each node, and for each edge with "gin".

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      phi: "gin" or "mlp".
      num_layers: of phi.
      hidden_dim: width inside phi and rho.
      phi_dim: width of the result of phi, for each frequency.
      combine: what rho reads: "concat", the results of all frequencies in their order, 0 for
        missing ones; or "sum", their sum, for which the number of frequencies may vary.
      read_values: phi reads [v_f, lambda_f] instead of v_f.
      level: "node".
      norm: factory of the norms, None for none.
    """

    column: str
    dim: int
    phi: Network = "gin"
    num_layers: int = 2
    hidden_dim: int = 64
    phi_dim: int = 4
    combine: Literal["concat", "sum"] = "concat"
    read_values: bool = False
    level: Level = "node"
    norm: ModuleFactory | None = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        if self.combine not in ("concat", "sum"):
            raise ValueError(f"combine must be 'concat' or 'sum', got {self.combine!r}.")
        vectors, values, _, mask = spectrum_of(self, batch)
        nodes, count = vectors.shape
        # Both signs in one array: one pass of phi, and one norm over both.
        x = jnp.stack([vectors, -vectors], axis=1)[..., None]
        if self.read_values:
            values = jnp.broadcast_to(values[batch.node_graph][:, None, :, None], x.shape)
            x = jnp.concatenate([x, values], axis=-1)
        rows = jnp.broadcast_to(mask[:, None], (nodes, 2, count)).reshape(-1)

        def neighbours(x):
            x = gather(x.reshape(nodes, -1), batch.senders)
            options = dict(where=batch.edge_mask, indices_are_sorted=True)
            return segment_sum(x, batch.receivers, nodes, **options).reshape(len(rows), -1)

        x = invariant_layers(self, self.phi_dim, "phi")(
            x.reshape(len(rows), -1),
            rows,
            choose_network("phi", self.phi, neighbours),
            train=train,
            axis_name=batch.axis_name,
        )
        x = x.reshape(nodes, 2, count, self.phi_dim).sum(1)
        x = clean(x, mask)
        x = x.sum(1) if self.combine == "sum" else x.reshape(nodes, -1)
        x = invariant_layers(self, self.dim, "rho", num_layers=1)(
            x, batch.node_mask, None, train=train, axis_name=batch.axis_name
        )
        return clean(x, batch.node_mask)
