"""Virtual nodes with vectors of their own, and their pairs (EGT)."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import standard_normal
from gtx.ops import pair_ends
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, ModuleFactory


class EmbedWithVirtualNodes(nn.Module):
    """Features of `embed`, but at virtual nodes and their pairs learned vectors alone.

    h_a = t_a for virtual node a;  e_ai = e_ia = u_a for a node i, and e_ab = (u_a + u_b) / 2

    The PyTorch code of EGT (Hussain et al., 2022). Virtual nodes are those that
    `gtx.structures.VirtualNodes` adds. What encoders make of the fill in their columns is left out.

    Attributes:
      dim: width of the nodes.
      pair_dim: width of the pairs.
      num_nodes: virtual nodes of a graph.
      embed: factory of the embedding, which must make features of pairs.
      embedding_init: of t [num_nodes, dim] and u [num_nodes, pair_dim].
    """

    dim: int
    pair_dim: int
    num_nodes: int
    embed: ModuleFactory
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        features = mask_features(features, batch)
        if features.pairs is None:
            raise ValueError("EmbedWithVirtualNodes needs features of pairs, and `embed` has none.")

        def table(name, dim, dtype):
            shape = self.num_nodes, dim
            return self.param(name, self.embedding_init, shape, self.param_dtype).astype(dtype)

        kind, mask = read_column(batch, "node", "kind")
        which = clean(kind[:, 0], mask) - 1  # -1 at the graph's own nodes
        virtual = which >= 0
        vectors = table("nodes", self.dim, features.nodes.dtype)
        nodes = jnp.where(virtual[:, None], vectors[jnp.maximum(which, 0)], features.nodes)
        vectors = table("pairs", self.pair_dim, features.pairs.dtype)
        # Of a pair of two virtual nodes the mean, of a pair of one its vector.
        at_nodes = jnp.where(virtual[:, None], vectors[jnp.maximum(which, 0)], 0)
        receivers, senders = pair_ends(require_layout(batch))
        count = virtual[receivers].astype(vectors.dtype) + virtual[senders]
        values = (at_nodes[receivers] + at_nodes[senders]) / jnp.maximum(count, 1)[:, None]
        pairs = clean(jnp.where(count[:, None] > 0, values, features.pairs), batch.pair_mask)
        return features.replace(nodes=nodes, pairs=pairs)
