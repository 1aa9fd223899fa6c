"""Multi-head attention between the nodes of a graph: `gtx.ops.attention` with parameters."""

from collections.abc import Mapping
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend, edges_of, pairs_of
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import fan_in_uniform, xavier_uniform, zeros
from gtx.nn.parts.linear import Linear
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
      shared_pair_bias: with `pair_bias`, add these features themselves, of which there must be one
        a head: Graphormer's biases are the same in all layers.
      output_gate: multiply the result of each head by sigmoid(W x_i + b) before the output map,
        the gate of SigGate-GT (Guo et al., 2026) and of Qwen's language models (Qiu et al.,
        2025). W [dim, dim] has the initial values of the query, and b those of SigGate-GT: 0.5.
      output_bias: of the output map; None is `use_bias`.
      implementation: of `gtx.ops.attention`.
      query_key_value_init: of that kernel.
      kernel_init: of the other kernels.
      edges: with structure "edges", the names of the edge sets that it runs over; see
        `Batch.edges_over`.
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
    edges: tuple[str, ...] = ("graph",)
    shared_pair_bias: bool = False
    output_gate: bool = False
    output_bias: bool | None = None

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: a node attends to all others without edges."""
        return settings.get("structure", "complete") == "complete"

    @nn.compact
    def __call__(
        self,
        features: Features,
        batch: Batch,
        *,
        train: bool,
        where: Bool[Array, " entries"] | None = None,
    ) -> Features:
        """`where` keeps pairs [pairs] or edges [edges], as `structure` has it; None keeps all."""
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
        # Split and not sliced, because the gradient of three slices adds three padded arrays.
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 3, axis=-1)
        )
        structure = self._structure(batch, where)
        bias = self._bias(features) if self.pair_bias else None
        x = attend(self, query, key, value, structure, train=train, bias=bias, scale=self.scale)
        x = x.reshape(-1, self.dim)
        if self.output_gate:
            x = x * jax.nn.sigmoid(self._gate()(features.nodes))
        use_bias = self.use_bias if self.output_bias is None else self.output_bias
        output = Linear(self.dim, use_bias, kernel_init=self.kernel_init, **options, name="output")
        return features.replace(nodes=output(x))

    def _structure(self, batch, where):
        if self.structure == "complete":
            return pairs_of(batch, where)
        if self.structure == "edges":
            return edges_of(batch, self.edges, where)
        raise ValueError(f"structure must be 'complete' or 'edges', got {self.structure!r}.")

    def _gate(self):
        return Linear(
            self.dim,
            self.use_bias,
            self.dtype,
            self.param_dtype,
            kernel_init=self.query_key_value_init,
            bias_init=jax.nn.initializers.constant(0.5),
            name="output_gate",
        )

    def _bias(self, features):
        values = features.pairs
        if self.structure == "edges":
            values = features.edges_over(self.edges)
        if values is None:
            level = "pair" if self.structure == "complete" else "edge"
            raise ValueError(f"pair_bias with structure {self.structure!r} needs {level} features.")
        if self.shared_pair_bias:
            if values.shape[-1] != self.num_heads:
                raise ValueError(
                    f"shared_pair_bias adds one feature a head: there are {self.num_heads} heads "
                    f"and {values.shape[-1]} features. Encode them to the width {self.num_heads}."
                )
            return values
        return Linear(
            self.num_heads,
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="pair_bias",
        )(values)
