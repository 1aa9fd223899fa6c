"""Convolution with a continuous kernel on graphs (Ma et al., 2024)."""

import math
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.attention.entries import StructureName, read_entries
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, check_width, make
from gtx.nn.parts.initializers import normal, xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.masks import clean
from gtx.ops.pairs import pair_sum
from gtx.ops.segment import gather, segment_count, segment_sum
from gtx.typing import Dtype, Initializer, ModuleFactory


class CKGConvBlock(nn.Module):
    """A convolution over pairs of nodes, and a feed-forward layer.

    c_i = mean_j drop(k(p_ij)) * x_j,   c_i' = a * c_i + b * sqrt(d_i) c_i
    h = norm(x + drop(O c')),   x' = norm(h + drop(W2 gelu(W1 h)))

    Ma et al. (2024), CKGConv, equations 3 to 5, with the order of their code. The kernel k is an
    MLP of the pair's features, in which each block is p + drop(V2 g(V1 g(p))) with g = gelu(norm),
    and a last norm and map; it has a number for each feature, so that the convolution is depthwise.
    d_i counts the edges of the graph that node i receives. The mean is over the pairs of a node,
    with structure "complete" all nodes of its graph. Features of pairs do not change.

    Attributes:
      dim: width of nodes and pairs.
      kernel_blocks: blocks of the MLP.
      kernel_dropout_rate: inside the MLP.
      weight_dropout_rate: of the kernel's values.
      dropout_rate: of the convolution and the feed-forward layer.
      norm: factory of all norms.
      degree_scaler: whether there are a and b; without, c' = c.
      structure: "complete", or "edges" for the features of edges in place of those of pairs, with
        the same parameters.
      edges: with structure "edges", the names of the edge sets that it runs over.
      hidden_init: of the kernels of both MLPs; that of O is `kernel_init`.
    """

    dim: int
    kernel_blocks: int = 2
    kernel_dropout_rate: float = 0.1
    weight_dropout_rate: float = 0.5
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    degree_scaler: bool = True
    structure: StructureName = "complete"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal
    bias_init: Initializer | None = None
    hidden_init: Initializer = normal(0.02)
    edges: tuple[str, ...] = ("graph",)

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: a kernel over all pairs."""
        return settings.get("structure", "complete") == "complete"

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        check_width(self.kernel_blocks, "kernel_blocks")
        features = mask_features(features, batch)
        x = features.nodes
        entries = read_entries(features, batch, self.structure, self.edges)
        check_residual(self, self.dim, nodes=x, pairs=entries.features)

        def linear(values, width, name, init=self.hidden_init):
            inits = dict(kernel_init=init, bias_init=self.bias_init)
            return Linear(width, **types, **inits, name=name)(values)

        def normed(values, mask, name):
            norm = make(self.norm, "norm", **types, name=f"norm_{name}")
            return norm(values, mask, train=train, axis_name=batch.axis_name)

        def drop(values, rate, name, *ids):
            return Dropout(rate, name=f"dropout_{name}")(values, *ids, train=train)

        kernel = entries.features
        for number in range(self.kernel_blocks):
            hidden = kernel
            for step in ("in", "out"):
                name = f"kernel_{number}_{step}"
                hidden = linear(gelu_exact(normed(hidden, entries.mask, name)), self.dim, name)
            name = f"kernel_{number}"
            kernel = kernel + drop(hidden, self.kernel_dropout_rate, name, *entries.ids)
        kernel = linear(normed(kernel, entries.mask, "kernel"), self.dim, "kernel")
        kernel = drop(kernel, self.weight_dropout_rate, "kernel", *entries.ids)
        c = self._mean(kernel, x, entries, batch)
        if self.degree_scaler:
            c = self._scaled(c, batch)

        def at_nodes(values, name):
            return drop(values, self.dropout_rate, name, batch.node_ids)

        out = linear(c, self.dim, "output", self.kernel_init)
        h = normed(x + at_nodes(out, "output"), batch.node_mask, "output")
        hidden = gelu_exact(linear(h, 2 * self.dim, "feed_forward_in"))
        hidden = at_nodes(linear(hidden, self.dim, "feed_forward_out"), "feed_forward")
        return features.replace(nodes=normed(h + hidden, batch.node_mask, "feed_forward"))

    def _mean(self, kernel: Any, x: Any, entries: Any, batch: Batch) -> Any:
        x = x.astype(kernel.dtype)
        if self.structure == "complete":
            total = pair_sum(kernel, require_layout(batch), nodes=x, where=entries.mask)
            graphs = batch.graph_mask.shape[0]
            count = segment_count(batch.node_graph, graphs, where=batch.node_mask)
            count = count[batch.node_graph]
        else:
            over: dict[str, Any] = dict(
                where=entries.mask, indices_are_sorted=entries.structure.indices_are_sorted
            )
            receivers = entries.structure.receivers
            message = kernel * gather(x, entries.structure.senders)
            total = segment_sum(message, receivers, x.shape[0], **over)
            count = segment_count(receivers, x.shape[0], **over)
        return total / jnp.maximum(count, 1).astype(total.dtype)[:, None]

    def _scaled(self, c: Any, batch: Batch) -> Any:
        init = normal(1 / math.sqrt(1 + self.dim))
        shape = (2, self.dim)
        coefficients = self.param("degree_coefficients", init, shape, self.param_dtype)
        coefficients = coefficients.astype(c.dtype)
        degree = segment_count(batch.receivers, c.shape[0], where=batch.edge_mask)
        root = jnp.sqrt(clean(degree.astype(c.dtype), batch.node_mask))[:, None]
        return c * (coefficients[0] + root * coefficients[1])
