"""An auxiliary loss: predict the columns as they were before noise."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.parts.columns import check_module_names, module_name
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Dtype


class Denoise(nn.Module):
    """Sows how badly linear maps of the last features tell what noise has changed.

    Godwin et al. (2022), and GPS++ (Masters et al., 2022). `gtx.batching.NoisyNodes` makes the
    noise. All nodes count, changed or not. The loss of a level is the mean over its real rows, on
    all shards, of the mean over its columns: for categories the cross entropy of each, as
    `split_softmax` in the code of GPS++, whose default is one softmax over the categories of all
    columns; for numbers the squared error of the noise in units of `scale`. The losses of nodes and
    edges are added.

    Nodes and edges that `gtx.structures` added do not count: their columns hold a fill.

    In evaluation it does nothing, and its parameters are not read.

    Attributes:
      nodes: by the name of each noisy column of nodes, the numbers of its categories, or how many
        numbers it has.
      edges: likewise for edges. The model must have features of them.
      weight: of the sum of both losses, beside that of the targets.
      scale: standard deviation of the noise on numbers.
      added_nodes: whether structures added nodes, which the column nodes["kind"] tells apart.
    """

    nodes: Mapping[str, tuple[int, ...] | int]
    edges: Mapping[str, tuple[int, ...] | int]
    weight: float = 1.0
    scale: float = 1.0
    added_nodes: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> None:
        if not train and not self.is_initializing():
            return
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        both = (("nodes", self.nodes), ("edges", self.edges))
        check_module_names((level, name) for level, columns in both for name in columns)
        total = jnp.zeros((), jnp.float32)
        own = batch.node_mask
        if self.added_nodes:
            own = jnp.asarray(own) & (jnp.asarray(batch.graph.nodes["kind"])[:, 0] == 0)
        for level, mask in (("nodes", own), ("edges", batch.edge_mask)):
            columns = getattr(self, level)
            if not columns:
                continue
            values = getattr(features, level)
            if values is None:
                raise ValueError(
                    f"Denoise: the model has no features of {level} after its last layer. Put "
                    f"noise on columns of {'nodes' if level == 'edges' else 'edges'} alone "
                    "(task.noise_columns)."
                )
            values = clean(values, mask)
            losses = []
            for name, sizes in sorted(columns.items()):
                width = sizes if isinstance(sizes, int) else sum(sizes)
                outputs = Linear(width, **options, name=module_name(level, name))(values)
                if self.is_initializing():
                    continue
                losses += self._losses(outputs.astype(jnp.float32), sizes, level, name, batch, mask)
            if losses:
                total = total + _mean_over_rows(sum(losses) / len(losses), mask, batch)
        if not self.is_initializing():
            self.sow("losses", "denoise", self.weight * total)

    def _losses(
        self,
        outputs: Any,
        sizes: tuple[int, ...] | int,
        level: str,
        name: str,
        batch: Batch,
        mask: Any,
    ) -> list[Any]:
        """One loss [rows] for each category, or one for all numbers."""
        if batch.clean is None:
            raise ValueError(
                "Denoise: the batch holds no columns as they were before noise. Train on the "
                "batches of gtx.batching.NoisyNodes."
            )
        wanted = clean(jnp.asarray(batch.clean[level][name]), mask)
        if isinstance(sizes, int):
            noisy = getattr(batch.graph, level)[name]
            noise = (wanted - noisy).astype(jnp.float32) / self.scale
            return [jnp.square(outputs - noise).mean(axis=1)]
        losses, start = [], 0
        for place, size in enumerate(sizes):
            logits = outputs[:, start : start + size]
            chosen = jnp.take_along_axis(logits, wanted[:, place : place + 1], axis=1)[:, 0]
            losses.append(jax.nn.logsumexp(logits, axis=1) - chosen)
            start += size
        return losses


def _mean_over_rows(losses: Any, mask: Any, batch: Batch) -> Any:
    """The mean over the real rows of all shards, as the loss of this shard.

    A training step multiplies a sown loss by the shard's share of the graphs before it adds up the
    shards; this undoes it.
    """
    mask = jnp.asarray(mask)
    count = mask.sum(dtype=jnp.float32)
    own = jnp.asarray(batch.graph_mask).sum(dtype=jnp.float32)
    graphs = own
    if batch.axis_name is not None:
        count, graphs = jax.lax.psum((count, graphs), batch.axis_name)
    total = jnp.where(mask, losses, 0.0).sum()
    return total / jnp.maximum(count, 1.0) * graphs / jnp.maximum(own, 1.0)
