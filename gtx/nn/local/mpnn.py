"""Message passing by perceptrons, the general form of Gilmer et al. (2017)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import message_passing
from gtx.ops.message_passing import Reduction
from gtx.typing import Activation, Dtype, Initializer


class MPNN(nn.Module):
    """x_i' = update([x_i; aggregate_j message([x_i; x_j; e_ij])]), both two-layer perceptrons.

    This is the general form of Gilmer et al. (2017), equations 1 and 2. The best model of the paper
    is another one: its message is a matrix computed from e_ij, and its update is a GRU. The first
    map of the message is computed as A x_i + B x_j + C e_ij, so that each node is multiplied once
    and not once per edge. The kernel `nodes` holds A and B, `edges` is C. Without edge features
    there is no C.

    Attributes:
      dim: width of messages and result.
      hidden_dim: of both perceptrons; None is `dim`.
      method: how messages are reduced, see `gtx.ops.aggregate`.
      activation: of both perceptrons.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    hidden_dim: int | None = None
    method: Reduction = "sum"
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

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
        over = batch.edges_over(self.edges)
        x, e = features.nodes, features.edges_over(self.edges)
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
            over.senders,
            over.receivers,
            message=message,
            update=update,
            edges=e,
            method=self.method,
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        return features.replace(nodes=x)
