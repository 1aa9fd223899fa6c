"""Multi-head attention between the nodes of a graph: `gtx.ops.attention` with parameters."""

import math
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, check_is_batch, mask_features
from gtx.nn.initializers import fan_in_uniform, uniform, xavier_uniform, zeros
from gtx.nn.linear import Linear
from gtx.nn.parts import check_heads
from gtx.ops import Complete, Edges, attention, attention_weights
from gtx.ops.arguments import check_array
from gtx.ops.attention import Structure
from gtx.ops.noise import check_rate
from gtx.typing import Dtype, Initializer


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention (Vaswani et al., 2017), no residual.

    Over all pairs of nodes of a graph, or over its edges (messages run sender -> receiver).
    Parameters and initial values are those of `torch.nn.MultiheadAttention`, with one kernel
    `query_key_value` [dim, 3 dim], whose columns are query, key, value, each head by head.

    With the collection "intermediates" mutable, the weights before dropout are sown as
    `weights`: [pairs, heads] or [edges, heads], 0 in padding.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      structure: who attends to whom, "complete" or "edges".
      use_bias: of the query, key, value and output maps.
      scale: of the dot product; None for 1/sqrt(head width), 1 for equations 3 to 20 of Joshi
        (2025) to the letter.
      pair_bias: add a learned linear map of the pair features (structure "complete") or of the
        edge features (structure "edges") to the logits, one value a head.
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      query_key_value_init: of that kernel.
      kernel_init: of the other kernels.
      bias_init: of every bias.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    structure: Literal["complete", "edges"] = "complete"
    use_bias: bool = True
    scale: float | None = None
    pair_bias: bool = False
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    query_key_value_init: Initializer = xavier_uniform
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype, bias_init=self.bias_init)
        features = mask_features(features, batch)
        x = Linear(
            3 * self.dim,
            self.use_bias,
            kernel_init=self.query_key_value_init,
            **options,
            name="query_key_value",
        )(features.nodes)
        # Split, not sliced: the gradient of three slices is a sum of three padded arrays.
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 3, axis=-1)
        )
        structure = self._structure(batch)
        bias = self._bias(features) if self.pair_bias else None
        x = attend(self, query, key, value, structure, train=train, bias=bias, scale=self.scale)
        x = Linear(self.dim, self.use_bias, kernel_init=self.kernel_init, **options, name="output")(
            x.reshape(-1, self.dim)
        )
        return features.replace(nodes=x)

    def _structure(self, batch):
        if self.structure == "complete":
            return Complete(batch.layout, node_ids=batch.node_ids)
        if self.structure == "edges":
            return edges_of(batch)
        raise ValueError(f"structure must be 'complete' or 'edges', got {self.structure!r}.")

    def _bias(self, features):
        values = features.pairs if self.structure == "complete" else features.edges
        if values is None:
            level = "pair" if self.structure == "complete" else "edge"
            raise ValueError(f"pair_bias with structure {self.structure!r} needs {level} features.")
        return Linear(
            self.num_heads,
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="pair_bias",
        )(values)


class CrossAttention(nn.Module):
    """Scaled dot-product attention from one set of rows to another (Vaswani et al., 2017).

    No residual. Parameters and initial values are those of `torch.nn.MultiheadAttention`, whose
    query, key and value maps are here the kernels `query` [in, dim] and `key_value`
    [in, 2 dim]. With the collection "intermediates" mutable, the weights before dropout are
    sown as `weights`, one row for each edge or pair of the structure.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      use_bias: of the query, key, value and output maps.
      scale: of the dot product; None for 1/sqrt(head width).
      implementation: of `gtx.ops.attention`.
      dtype: computation dtype.
      param_dtype: storage dtype.
      query_key_value_init: of the kernels `query` and `key_value`; None is PyTorch's, which
        draws all three maps as one matrix.
      kernel_init: of the kernel `output`.
      bias_init: of every bias.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    use_bias: bool = True
    scale: float | None = None
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    query_key_value_init: Initializer | None = None
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = zeros

    @nn.compact
    def __call__(
        self,
        receivers: Float[Array, "receivers receiver_feat"],
        senders: Float[Array, "senders sender_feat"],
        structure: Structure,
        *,
        train: bool,
    ) -> Float[Array, "receivers feat"]:
        """Query from `receivers`, key and value from `senders`; both finite, in padding too."""
        check_heads(self.dim, self.num_heads)
        for name, values in (("receivers", receivers), ("senders", senders)):
            check_array(values, name, f"[{name}, feat]")

        def project(values, width, name, kernel_init=None):
            init = kernel_init or uniform(math.sqrt(6 / (values.shape[-1] + 3 * self.dim)))
            return Linear(
                width,
                self.use_bias,
                self.dtype,
                self.param_dtype,
                kernel_init=init,
                bias_init=self.bias_init,
                name=name,
            )(values)

        query = project(receivers, self.dim, "query", self.query_key_value_init)
        x = project(senders, 2 * self.dim, "key_value", self.query_key_value_init)
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in (query, *jnp.split(x, 2, axis=-1))
        )
        x = attend(self, query, key, value, structure, train=train, scale=self.scale)
        return project(x.reshape(-1, self.dim), self.dim, "output", self.kernel_init)


def edges_of(batch: Batch) -> Edges:
    """Each node attends to the senders of its incoming edges."""
    check_is_batch(batch)
    return Edges(
        batch.senders,
        batch.receivers,
        where=batch.edge_mask,
        num_receivers=batch.node_mask.shape[0],
        receiver_ids=batch.node_ids,
        sender_ids=batch.node_ids,
        indices_are_sorted=True,
    )


def attend(
    module: nn.Module,
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    train: bool,
    edge_value: Array | None = None,
    **logits: Any,
) -> Array:
    """`gtx.ops.attention` with a module's `dropout_rate` and `implementation`; sows `weights`.

    Args:
      module: in whose compact method it is called.
      query: as for `gtx.ops.attention`; so are the others.
      key: one per sender.
      value: one per sender.
      structure: who attends to whom.
      train: whether to drop weights.
      edge_value: added to the value.
      **logits: score, bias, edge_key and scale.
    """
    check_rate(module.dropout_rate)
    dropping = train and module.dropout_rate > 0
    out: Any = attention(
        query,
        key,
        value,
        structure,
        edge_value=edge_value,
        **logits,
        dropout_rate=module.dropout_rate if dropping else 0.0,
        dropout_key=module.make_rng("dropout") if dropping else None,
        implementation=module.implementation,
    )
    if module.is_mutable_collection("intermediates"):
        module.sow("intermediates", "weights", attention_weights(query, key, structure, **logits))
    return out
