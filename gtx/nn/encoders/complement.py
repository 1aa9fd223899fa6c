"""The embedding of a SAN: with features for the pairs of nodes that no edge joins."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.attention.san import COMPLEMENT
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import standard_normal
from gtx.typing import Dtype, Initializer, ModuleFactory


class ComplementEmbed(nn.Module):
    """What another embedding makes, and the stream "complement", [1, dim], that SAN reads.

    Kreuzer et al. (2021), in their code: the edges that complete a graph have class 0 in every
    column. In ZINC it is that of no bond, and the real edges have the others; in the molecules of
    OGB it is that of single bonds too.

    Attributes:
      dim: width of the edges.
      embed: factory of the embedding.
      as_class: encode an edge whose columns are all 0. If not, the stream is a vector of its own,
        as it must be where edges have no columns.
      embedding_init: of that vector.
    """

    dim: int
    embed: ModuleFactory
    as_class: bool = True
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        embed = make(self.embed, "embed", name="embed")
        features = embed(batch, train=train)
        if self.as_class:
            # The nodes are encoded again, and as nobody reads them, not in a compiled program.
            other = embed(_one_edge(batch), train=False).edges
            if other is None:
                raise ValueError("There are no columns of edges: as_class must be False.")
        else:
            other = self.param(COMPLEMENT, self.embedding_init, (1, self.dim), self.param_dtype)
            other = other.astype(features.nodes.dtype)
        return features.replace(extra={**features.extra, COMPLEMENT: other})


def _one_edge(batch: Batch) -> Batch:
    """The batch with one edge, whose columns are 0, in place of its own."""
    columns = jax.tree.map(lambda x: jnp.zeros((1, *x.shape[1:]), x.dtype), batch.graph.edges)
    end = jnp.zeros(1, batch.senders.dtype)
    graph = batch.graph._replace(edges=columns, senders=end, receivers=end)
    return batch.replace(graph=graph, edge_mask=jnp.ones(1, bool))
