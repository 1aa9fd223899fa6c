"""The embedding of an Exphormer: with virtual nodes, and features for the edges of all sets."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.attention.exphormer import STREAM
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import standard_normal
from gtx.typing import Dtype, Initializer, ModuleFactory


class ExphormerEmbed(nn.Module):
    """What another embedding makes, and the stream that `ExphormerAttention` reads.

    Each virtual node has a vector that it starts from, one for the edges to it and one for those
    from it, shared by all graphs and layers (Shirzad et al., 2023, and their code). The features
    of the other edges are those that the embedding makes, one edge set after the other.

    Attributes:
      dim: width of nodes and edges.
      embed: factory of the embedding. All sets of `edges` must get features there.
      edges: names of the edge sets that the attention runs over.
      num_virtual: virtual nodes of each graph; 0 for none.
      embedding_init: of the vectors.
    """

    dim: int
    embed: ModuleFactory
    edges: tuple[str, ...]
    num_virtual: int = 1
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        over = features.edges_over(self.edges)
        if over is None:
            raise ValueError(
                f"The edge sets {list(self.edges)} have no features, which ExphormerEmbed needs. "
                "Encode them; gtx.nn.ConstantEncoder gives features to a set without columns."
            )

        def vectors(name):
            shape = self.num_virtual, self.dim
            if not self.num_virtual:
                return jnp.zeros(shape, over.dtype)
            values = self.param(name, self.embedding_init, shape, self.param_dtype)
            return values.astype(over.dtype)

        nodes = jnp.where(batch.graph_mask[:, None, None], vectors("virtual_nodes"), 0)
        stream = dict(
            nodes=nodes,
            edges=over,
            to=vectors("edges_to_virtual"),
            **{"from": vectors("edges_from_virtual")},
        )
        return features.replace(extra={**features.extra, STREAM: stream})
