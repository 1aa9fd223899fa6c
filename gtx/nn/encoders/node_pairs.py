"""Features of pairs from those of their two nodes, for models that have no stream of nodes."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import pair_ends
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, ModuleFactory


class NodePairEmbed(nn.Module):
    """What `embed` makes of a batch, with e_ij + W_r x_i + W_s x_j + b as the features of pairs.

    It is a linear map of [x_i; x_j], as the composer of the Edge Transformer has it in the code of
    Müller et al. (2024). Where `embed` makes no features of pairs, e_ij is 0.

    Attributes:
      dim: width of pairs.
      embed: factory of the embedding, see `Embed`.
    """

    dim: int
    embed: ModuleFactory
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        dtypes = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = make(self.embed, "embed", **dtypes, name="embed")(batch, train=train)
        features = mask_features(features, batch)

        def project(name: str, use_bias: bool):
            return Linear(
                self.dim,
                use_bias,
                self.dtype,
                self.param_dtype,
                self.kernel_init,
                self.bias_init,
                name=name,
            )(features.nodes)

        receivers, senders = pair_ends(require_layout(batch))
        pairs = project("receivers", True)[receivers] + project("senders", False)[senders]
        if features.pairs is not None:
            pairs = pairs + features.pairs
        return features.replace(pairs=clean(pairs, batch.pair_mask))
