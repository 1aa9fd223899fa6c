"""The blocks of Polynormer: local and global layers whose results multiply their inputs."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.local import GAT
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_heads, check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import linear_attention
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, ModuleFactory

# The name in `Features.extra` of the sum of what the local blocks return.
LOCAL_SUM = "local_sum"
# What stands for the learned factors that start anywhere between 0 and 1.
LEARNED = "learned"


class PolynormerLocalBlock(nn.Module):
    """y = drop(relu(post(local(x) + W x))),   x' = (1 - beta) norm(relu(H x) * y) + beta y.

    Deng et al. (2024), equation 6: products of layers, so that L of them are a polynomial of
    degree 2^L. The stream "local_sum" in `Features.extra` is the sum of the x' of all blocks.

    Attributes:
      dim: width of the nodes.
      local: factory of the message-passing layer.
      beta: one factor for each feature. "learned" is the sigmoid of parameters that start near 0;
        a number is where the factors themselves start.
      train_beta: False for a number that stays, as in PyG.
      pre_norm: factory of a norm of x; None for none.
      post_norm: factory of the norm `post`; None for none. PyG has a BatchNorm there.
      dropout_rate: of y.
    """

    dim: int
    local: ModuleFactory = GAT
    beta: float | str = LEARNED
    train_beta: bool = True
    pre_norm: ModuleFactory | None = None
    post_norm: ModuleFactory | None = None
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        check_residual(self, self.dim, nodes=features.nodes)

        def norm(factory, x, name):
            layer = make(factory, name, **types, name=name)
            return layer(x, batch.node_mask, train=train, axis_name=batch.axis_name)

        if self.pre_norm is not None:
            features = features.replace(nodes=norm(self.pre_norm, features.nodes, "pre_norm"))
        x = features.nodes
        h = jax.nn.relu(Linear(self.dim, **types, **inits, name="gate")(x))
        local = make(self.local, "local", dim=self.dim, **types, name="local")
        out = local(features, batch, train=train)
        y = out.nodes + Linear(self.dim, **types, **inits, name="root")(x)
        if self.post_norm is not None:
            y = norm(self.post_norm, y, "post_norm")
        dropout = Dropout(self.dropout_rate, name="dropout")
        y = dropout(jax.nn.relu(y), batch.node_ids, train=train)
        beta = beta_of(self, self.beta, self.train_beta)
        x = (1 - beta) * norm(LayerNorm, h * y, "norm") + beta * y
        total = features.extra.get(LOCAL_SUM)
        total = x if total is None else clean(total, batch.node_mask) + x
        return out.replace(nodes=x, extra={**out.extra, LOCAL_SUM: total})


class PolynormerGlobalBlock(nn.Module):
    """x' = drop(relu(O (norm(attention(x)) * (H x + beta)))), the attention linear in the nodes.

    Deng et al. (2024), equation 8: attention with the kernel sigmoid(q) . sigmoid(k). The features
    of the heads stand interleaved, as in the authors' code and in PyG. In the authors' code all
    blocks share O; here, as in PyG, each has its own.

    Attributes:
      dim: width of the nodes; a multiple of `num_heads`.
      num_heads: heads.
      beta: as in `PolynormerLocalBlock`; likewise:
      train_beta: False for a number that stays.
      share_query_key: query and key are the same, as in the authors' code. In PyG they may be two.
      use_bias: of query, key and value. PyG has none.
      dropout_rate: of the result.
      epsilon: added to the sum of the weights; 1e-6 in PyG.
    """

    dim: int
    num_heads: int = 1
    beta: float | str = LEARNED
    train_beta: bool = True
    share_query_key: bool = True
    use_bias: bool = True
    dropout_rate: float = 0.0
    epsilon: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)
        x = features.nodes

        def linear(name, use_bias=True):
            return Linear(self.dim, use_bias, **types, **inits, name=name)

        def heads(name):
            values = linear(name, self.use_bias)(x)
            return jnp.swapaxes(
                values.reshape(-1, self.dim // self.num_heads, self.num_heads), 1, 2
            )

        key = jax.nn.sigmoid(heads("key"))
        query = key if self.share_query_key else jax.nn.sigmoid(heads("query"))
        attended = linear_attention(
            query,
            key,
            heads("value"),
            batch.node_graph,
            batch.graph_mask.shape[0],
            where=batch.node_mask,
            epsilon=self.epsilon,
        )
        attended = jnp.swapaxes(attended, 1, 2).reshape(-1, self.dim)
        norm = LayerNorm(**types, name="norm")(attended, batch.node_mask, train=train)
        out = norm * (linear("gate")(x) + beta_of(self, self.beta, self.train_beta))
        out = jax.nn.relu(linear("output")(out))
        dropout = Dropout(self.dropout_rate, name="dropout")
        return features.replace(nodes=dropout(out, batch.node_ids, train=train))


class LocalToGlobal(nn.Module):
    """From the local to the global blocks: x' = norm(sum of what the local blocks returned)."""

    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        total = clean(features.extra[LOCAL_SUM], batch.node_mask)
        norm = LayerNorm(dtype=self.dtype, param_dtype=self.param_dtype, name="norm")
        return features.replace(nodes=norm(total, batch.node_mask, train=train))


class ByStep(nn.Module):
    """What the head reads: [sum of the local blocks, 0] at first, then [0, global blocks].

    Deng et al. (2024), section 4.2: training starts with the local blocks alone. One linear map of
    both is the authors' two heads, but for their two biases, which are one here.

    Attributes:
      local_steps: updates before the global blocks begin. Without a step, in evaluation, they are
        at work.
    """

    local_steps: int

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features, extra = mask_features(features, batch), dict(features.extra)
        local, x = clean(extra.pop(LOCAL_SUM), batch.node_mask), features.nodes
        at_first = False if batch.step is None else batch.step < self.local_steps
        rows = jnp.concatenate([jnp.where(at_first, local, 0), jnp.where(at_first, 0, x)], axis=-1)
        return features.replace(nodes=rows, extra=extra)


def beta_of(module: nn.Module, beta: float | str, train_beta: bool) -> Any:
    """The factors of a block, [dim], or a number."""
    shape, dtype = (module.dim,), module.param_dtype
    if beta == LEARNED:
        # The authors draw the factors of all blocks as one matrix by xavier_normal.
        init = nn.initializers.normal((2 / (1 + module.dim)) ** 0.5)
        return jax.nn.sigmoid(module.param("beta", init, shape, dtype))
    if isinstance(beta, str):
        raise ValueError(f"beta must be a number or {LEARNED!r}, got {beta!r}.")
    if not train_beta:
        return beta
    return module.param("beta", nn.initializers.constant(beta), shape, dtype)
