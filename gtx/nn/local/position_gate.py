"""A gate of messages from the distance of two nodes in a stream of positions."""

from typing import Any

import jax
import jax.numpy as jnp

from gtx.batch import Batch, EdgeSet, Features
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.ops.segment import gather


def position_gate(layer, features: Features, batch: Batch, over: EdgeSet):
    """s(W2 act(W1 |p_i - p_j|^2 + b1) + b2), one number for each edge, [edges, 1].

    Wang et al. (2022), "Equivariant and stable positional encoding for more powerful graph neural
    networks", in the form of GraphGPS (EquivStableLapPE). The stream `features.extra[name]`
    [nodes, any width] holds the positions p, where `name` is the field `positions` of the layer;
    no layer changes it. Rotated and reflected positions have the same gates. Positions that an
    encoder maps linearly have this symmetry only if its kernel is orthogonal: that of GraphGPS,
    which learns one, gives it up.

    Args:
      layer: a module with the fields `positions`, `dim` (the width between the two maps),
        `activation`, and those of its linear maps.
      features: with the stream.
      batch: whose nodes they are.
      over: the edges.

    Raises:
      ValueError: there is no such stream.
    """
    stream = features.extra.get(layer.positions)
    if stream is None:
        raise ValueError(
            f"{type(layer).__name__} reads the positions {layer.positions!r}, and features.extra "
            f"has {sorted(features.extra)}. gtx.nn.StreamEmbed puts an encoding there."
        )
    options: dict[str, Any] = dict(
        dtype=layer.dtype,
        param_dtype=layer.param_dtype,
        kernel_init=layer.kernel_init,
        bias_init=layer.bias_init,
    )
    places = clean(stream, batch.node_mask)
    apart = gather(places, over.receivers, indices_are_sorted=over.are_sorted)
    apart = apart - gather(places, over.senders)
    square = jnp.square(apart).sum(axis=-1, keepdims=True)
    hidden = layer.activation(Linear(layer.dim, **options, name="positions_hidden")(square))
    return jax.nn.sigmoid(Linear(1, **options, name="positions_output")(hidden))
