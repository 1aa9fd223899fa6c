"""The attention of EGT and TGT: features of pairs bias and gate it, and follow its logits."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend
from gtx.nn.attention.entries import StructureName, read_entries, sum_entries, write_entries
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import noise
from gtx.ops.attention import EGTScore
from gtx.typing import Dtype, Initializer


class EGTAttention(nn.Module):
    """Attention with a bias and a gate of each pair, whose logits are its next features.

    With e_ij the features of a pair, per head:

    s_ij = clamp(q_i . k_j / sqrt(head_dim)) + E e_ij,   g_ij = sigmoid(G e_ij)
    x_i' = O (c_i sum_j softmax_j(s_ij) g_ij v_j),   c_i = log(1 + sum_j g_ij),   e_ij' = O_e s_ij

    Hussain et al. (2022), equations 1 to 4 and section 3.3, where c_i is the dynamic centrality
    scaler. The order is that of the authors' PyTorch code; their first code, in TensorFlow, scales
    no degree in its published configurations. Over the edges of
    `gtx.structures.Complete(loops=True)` it is what it is over all pairs, with the same parameters.

    The kernel `query_key_value` [dim, 3 dim] holds the three maps, each head by head; `entries`
    [feat, 2 heads] holds E and G.

    Attributes:
      dim: width of the nodes in the result; a multiple of `num_heads`. Pairs keep their width.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      mask_rate: probability that in training a head leaves a pair out of its softmax: the random
        masking of section 3.4. Where it leaves all senders out, the head gives 0.
      structure: "complete" reads the features of pairs, "edges" those of edges.
      limit: of the clamp; None for no clamp.
      scale_degree: whether there is c_i.
      virtual_nodes: whether c_i is 1 at nodes that `gtx.structures.VirtualNodes` added, which the
        column nodes["kind"] tells.
      update_pairs: whether there are e'; without them pairs stay as they are, as in a last block.
      implementation: of `gtx.ops.attention`.
      edges: with structure "edges", the names of the edge sets; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    mask_rate: float = 0.0
    structure: StructureName = "complete"
    limit: float | None = 5.0
    scale_degree: bool = True
    virtual_nodes: bool = False
    update_pairs: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: over edges it needs none."""
        return settings.get("structure", "complete") == "complete"

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        features = mask_features(features, batch)
        entries = read_entries(features, batch, self.structure, self.edges)

        def project(values, width, name):
            return Linear(
                width,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )(values)

        x = project(features.nodes, 3 * self.dim, "query_key_value")
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 3, axis=-1)
        )
        bias, gate = jnp.split(project(entries.features, 2 * self.num_heads, "entries"), 2, axis=-1)
        gate = jax.nn.sigmoid(gate)
        x, logits = attend(
            self,
            query,
            key,
            value,
            entries.structure,
            train=train,
            gate=gate,
            score=EGTScore(self.limit),
            entry=bias,
            bias=self._left_out(entries, bias.dtype) if train and self.mask_rate else None,
            return_message=True,
        )
        if self.scale_degree:
            scale = jnp.log1p(sum_entries(gate, entries, len(x)))[..., None]
            if self.virtual_nodes:
                kind, _ = read_column(batch, "node", "kind")
                scale = jnp.where(kind[:, :, None] > 0, 1, scale)
            x = x * scale
        features = features.replace(nodes=project(x.reshape(-1, self.dim), self.dim, "nodes"))
        if not self.update_pairs:
            return features
        pairs = project(logits, entries.features.shape[-1], "pairs")
        return write_entries(features, pairs, self.structure, self.edges)

    def _left_out(self, entries: Any, dtype: Any) -> Any:
        """A bias for the entries that heads leave out: a logit below -1e30 is no entry."""
        noise.check_rate(self.mask_rate)
        bits = noise.key_bits(self.make_rng("dropout"))
        heads = jnp.arange(self.num_heads, dtype=jnp.uint32)
        keep = noise.keep_mask(bits, self.mask_rate, *(ids[:, None] for ids in entries.ids), heads)
        return jnp.where(keep, 0, -jnp.inf).astype(dtype)
