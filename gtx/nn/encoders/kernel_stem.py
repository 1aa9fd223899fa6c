"""What CKGConv reads: pairs by expected numbers of walks, normed with the nodes."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import pairs_of
from gtx.nn.attention.entries import StructureName, read_entries, write_entries
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.ops.segment import segment_count
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class ExpectedKernelEncoder(nn.Module):
    """W norm(n p_ij): a pair column p, such as RRWP, with n the nodes of its graph.

    Ma et al. (2024), CKGConv, as their code has it: p is compared with a uniform distribution, for
    which n p is 1 whatever the graph's size. The scale of the norm starts at 0.1.

    Attributes:
      column: name of the pair column, floats.
      dim: width of the result.
      level: "pair".
      norm: factory of the norm, which must have a field `scale_init`.
    """

    column: str
    dim: int
    level: Level = "pair"
    norm: ModuleFactory = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        if self.level != "pair":
            raise ValueError("ExpectedKernelEncoder encodes pairs.")
        types = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        values, mask = read_column(batch, "pair", self.column)
        values = clean(values.astype(self.param_dtype), mask)
        receivers = as_edges(pairs_of(batch)).receivers
        size = segment_count(batch.node_graph, batch.graph_mask.shape[0], where=batch.node_mask)
        values = values * size[batch.node_graph[receivers]].astype(values.dtype)[:, None]
        tenth = jax.nn.initializers.constant(0.1)
        norm = make(self.norm, "norm", **types, scale_init=tenth, name="norm")
        values = norm(values, mask, train=train, axis_name=batch.axis_name)
        linear = Linear(
            self.dim, use_bias=False, **types, kernel_init=self.kernel_init, name="linear"
        )
        return clean(linear(values), mask)


class EmbedWithPairNorm(nn.Module):
    """Features of `embed`, with a norm of those of pairs, or of edges.

    Attributes:
      embed: factory of the embedding.
      norm: factory of the norm.
      structure: "complete" for pairs, "edges" for edges.
      edges: with structure "edges", the names of the edge sets, several as one.
    """

    embed: ModuleFactory
    norm: ModuleFactory = BatchNorm
    structure: StructureName = "complete"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        features = mask_features(features, batch)
        entries = read_entries(features, batch, self.structure, self.edges)
        types = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        norm = make(self.norm, "norm", **types, name="norm_pairs")
        pairs = norm(entries.features, entries.mask, train=train, axis_name=batch.axis_name)
        return write_entries(features, pairs, self.structure, self.edges)
