"""The two blocks of SGFormer: attention to all nodes, and message passing beside it."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.sgformer import SGFormerAttention
from gtx.nn.local import GCN
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.norms import BatchNorm, LayerNorm
from gtx.ops.masks import clean
from gtx.typing import Activation, Dtype, ModuleFactory

# The name in `Features.extra` of what the first message-passing block was given.
INITIAL = "initial"


class SGFormerBlock(nn.Module):
    """x' = drop(activation(norm(alpha attention(x) + (1 - alpha) x))).

    Wu et al. (2023); with `alpha` 0.5 and ReLU the layer of PyG's SGFormer. Blocks of DIFFormer
    have the same form, and those of NodeFormer with attention(x) + x instead.

    Attributes:
      dim: width of the nodes.
      attention: factory of the attention.
      alpha: the weight of the attention; None adds it to x.
      norm: factory of the norm; None for none.
      activation: after the norm; None for none, as in the authors' code by default.
      dropout_rate: after it.
    """

    dim: int
    attention: ModuleFactory = SGFormerAttention
    alpha: float | None = 0.5
    norm: ModuleFactory | None = LayerNorm
    activation: Activation | None = None
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        x = features.nodes
        check_residual(self, self.dim, nodes=x)
        attention = make(self.attention, "attention", dim=self.dim, **options, name="attention")
        attended = attention(features, batch, train=train).nodes
        if self.alpha is None:
            x = attended + x
        else:
            x = self.alpha * attended + (1 - self.alpha) * x
        if self.norm is not None:
            norm = make(self.norm, "norm", **options, name="norm")
            x = norm(x, batch.node_mask, train=train, axis_name=batch.axis_name)
        if self.activation is not None:
            x = self.activation(x)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return features.replace(nodes=dropout(x, batch.node_ids, train=train))


class InitialResidualBlock(nn.Module):
    """x' = drop(activation(norm(local(x)))) + x_0, with x_0 what the first of them was given.

    The message passing of SGFormer in PyG, where the residual is to the first layer and not to the
    one before. The stream "initial" in `Features.extra` holds x_0.

    Attributes:
      dim: width of the nodes.
      local: factory of the message-passing layer.
      norm: factory of the norm.
      activation: after it.
      dropout_rate: after the activation.
    """

    dim: int
    local: ModuleFactory = GCN
    norm: ModuleFactory = BatchNorm
    activation: Activation = jax.nn.relu
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        initial = clean(features.extra.get(INITIAL, features.nodes), batch.node_mask)
        check_residual(self, self.dim, nodes=initial)
        local = make(self.local, "local", dim=self.dim, **options, name="local")
        out = local(features, batch, train=train)
        norm = make(self.norm, "norm", **options, name="norm")
        x = norm(out.nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
        dropout = Dropout(self.dropout_rate, name="dropout")
        x = dropout(self.activation(x), batch.node_ids, train=train)
        return out.replace(nodes=x + initial, extra={**out.extra, INITIAL: initial})
