"""Edge features along shortest paths: Graphormer's edge encoding in the attention."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.parts.columns import check_module_names, module_name, read_column
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.ops import Tier, edge_pairs, segment_mean
from gtx.ops.masks import clean
from gtx.ops.segment import gather
from gtx.ops.varying import vary_like
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class EdgePathEncoder(nn.Module):
    """c_ij = mean_t W_t x_(e_t) over the edges e_1, e_2, ... of a path from i to j.

    Ying et al. (2021), equation 7. Graphormer has one number for each head, which is
    `dim = num_heads` here. With a wider `dim`, each attention layer maps c_ij to its heads. If a
    path has more than `max_hops` edges, the first `max_hops` are averaged, as in Graphormer's code.
    If there is no path, and for i = j, c_ij is 0. Parallel edges are averaged; Graphormer's code
    keeps the last one.

    Attributes:
      column: of `gtx.encodings.ShortestPaths`.
      dim: width of the result.
      edges: encoders of edge columns, the sum of which is x_e. As in Graphormer, they share no
        parameters with the encoders that message passing reads.
      edge_dim: width of x_e.
      max_hops: edges of a path that are read; each place has its own W_t.
      table_hops: how many W_t there are, `max_hops` or more; None for as many. Graphormer's table
        has 40 (ZINC) or 128 of them, those beyond `max_hops` read by nobody.
      level: "pair".
      kernel_init: of each W_t `[edge_dim, dim]`.
    """

    column: str
    dim: int
    edges: Mapping[str, ModuleFactory]
    edge_dim: int = 16
    max_hops: int = 5
    level: Level = "pair"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    table_hops: int | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        if self.level != "pair":
            raise ValueError("EdgePathEncoder encodes pairs.")
        check_module_names(("edge", name) for name in self.edges)
        codes, mask = read_column(batch, "pair", self.column)
        codes = clean(codes[:, 0], mask)
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        x = sum(
            make(
                factory,
                f"edges[{name!r}]",
                column=name,
                level="edge",
                dim=self.edge_dim,
                **options,
                name=module_name("edge", name),
            )(batch, train=train)
            for name, factory in sorted(self.edges.items())
        )

        def init(key, shape, dtype):
            keys = jax.random.split(key, shape[0])
            return jnp.stack([self.kernel_init(key, shape[1:], dtype) for key in keys])

        hops = self.max_hops if self.table_hops is None else self.table_hops
        if hops < self.max_hops:
            raise ValueError(
                f"EdgePathEncoder reads max_hops {self.max_hops} edges of a path with table_hops "
                f"{hops} matrices. Give at least as many."
            )
        shape = (hops, self.edge_dim, self.dim)
        kernels = self.param("kernel", init, shape, self.param_dtype)[: self.max_hops]
        x, kernels = nn.dtypes.promote_dtype(x, kernels, dtype=self.dtype)
        layout = require_layout(batch)
        pairs = jnp.asarray(edge_pairs(batch.senders, batch.receivers, layout))
        x = segment_mean(x, pairs, layout.num_pairs, where=batch.edge_mask)

        # All pairs walk along their paths together, one edge per iteration. `code` is the next
        # node of the path, as `ShortestPaths` stores it: 0 at the end.
        first, size, here, end = _places(layout.tiers)

        def step(carry, kernel):
            total, code, hops, here = carry
            exists = code > 0
            onward = jnp.maximum(code - 1, 0)
            edge = jnp.where(exists, first + onward * size + here, 0)
            total += clean(gather(x, edge), exists) @ kernel
            hops += exists
            here = jnp.where(exists, onward, here)
            further = codes.at[first + here * size + end].get(mode="clip")
            return (total, jnp.where(exists, further, 0), hops, here), None

        total = jnp.zeros((layout.num_pairs, self.dim), x.dtype)
        start = vary_like((total, codes, jnp.zeros_like(codes), here), (x, kernels, codes))
        # A loop and not as many copies of its body, which take long to compile for 20 hops.
        (total, _, hops, _), _ = jax.lax.scan(step, start, kernels)
        return total / jnp.maximum(hops, 1)[:, None].astype(x.dtype)


def _places(tiers: tuple[Tier, ...]) -> tuple[Any, Any, Any, Any]:
    """Four numbers of each pair, each [pairs].

    They are the first pair of its graph, the number of slots of that graph, and the slots of
    receiver and sender within it.
    """
    parts: list[list[Any]] = [[], [], [], []]
    start = 0
    for tier in tiers:
        shape = (tier.num_graphs, tier.size, tier.size)
        graph, receiver, sender = (jax.lax.broadcasted_iota(jnp.int32, shape, i) for i in range(3))
        first = start + graph * tier.size**2
        size = jnp.full(shape, tier.size, jnp.int32)
        for part, values in zip(parts, (first, size, receiver, sender), strict=True):
            part.append(values.reshape(-1))
        start += tier.num_graphs * tier.size**2
    first, size, receiver, sender = (jnp.concatenate(part) for part in parts)
    return first, size, receiver, sender
