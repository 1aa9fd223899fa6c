"""SPE: an encoder that does not depend on signs and bases of eigenvectors."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.encoders.invariant import Network, choose_network, invariant_layers, spectrum_of
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops import edge_pairs, segment_sum, split_pairs, split_slots, to_nodes, to_slots
from gtx.ops.layout import first_graphs
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class SPEEncoder(nn.Module):
    """p = rho(V diag(phi_1(lambda)) V^T, ..., V diag(phi_m(lambda)) V^T): basis invariant.

    Huang et al. (2024): it is stable under small changes of the Laplacian too. phi is an MLP of
    one eigenvalue with one hidden layer and m results, [k] -> [k, m] for each graph. The m
    matrices are features of pairs of nodes, W_ij [m]; rho is a GIN over the edges of the batch
    that takes each column W_.j for features of the nodes, or an MLP of each pair, and the
    results of row i are summed over j. A layer of rho is that of phi in `SignNetEncoder`.

    phi gives equal values to equal eigenvalues, so that no eigenvalues need to be compared. The
    basis has an effect in one case only: if only a part of the last eigenspace is among the
    vectors, this part depends on the basis.

    It differs from the authors' code in three ways. One network computes all phi_l, while they have
    one for each. Each layer has one norm, as in `SignNetEncoder`. Padding does not affect the
    norms.

    Memory: a layer keeps hidden_dim numbers for each pair of slots of the batch's dense layout.
    This grows with n^2 in the nodes of a graph: 4 MB for 32 graphs of 32 nodes at the default
    width. Time: with "gin", n^3 hidden_dim for each graph and layer, as a product of matrices. For
    graphs of many hundred nodes use `SignNetEncoder`, or another encoder with random bases.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      rho: "gin" or "mlp".
      num_layers: of rho.
      hidden_dim: width inside rho and phi.
      num_functions: m.
      level: "node".
      norm: factory of the norms of rho, None for none.
      dtype: computation dtype; the m matrices are computed in `param_dtype`.
    """

    column: str
    dim: int
    rho: Network = "gin"
    num_layers: int = 2
    hidden_dim: int = 32
    num_functions: int = 16
    level: Level = "node"
    norm: ModuleFactory | None = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: products of all pairs of nodes are read, so they do."""
        return True

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        vectors, values, _, _ = spectrum_of(self, batch)  # vectors that do not exist are 0
        layout, mask = require_layout(batch), batch.pair_mask
        options: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        options |= dict(dtype=self.param_dtype, param_dtype=self.param_dtype)
        x = jax.nn.relu(Linear(self.hidden_dim, **options, name="phi_hidden")(values[..., None]))
        functions = Linear(self.num_functions, **options, name="phi_output")(x)

        parts = split_slots(to_slots(vectors, layout), layout.tiers)
        products = [
            # To full precision: results that bases must not change differ by its rounding.
            jnp.einsum(
                "gifm,gjf->gijm",
                part[..., None] * functions[first : first + tier.num_graphs, None],
                part,
                precision=jax.lax.Precision.HIGHEST,
            ).reshape(-1, self.num_functions)
            for part, tier, first in zip(
                parts, layout.tiers, first_graphs(layout.tiers), strict=True
            )
        ]

        pairs = jnp.asarray(edge_pairs(batch.senders, batch.receivers, layout))
        count = batch.edge_mask.astype(self.dtype or self.param_dtype)
        edges = segment_sum(count, pairs, layout.num_pairs, where=batch.edge_mask)

        def neighbours(x):
            sums = [
                jnp.einsum("gis,gsjf->gijf", number.astype(part.dtype), part)
                for number, part in zip(
                    split_pairs(edges, layout.tiers), split_pairs(x, layout.tiers), strict=True
                )
            ]
            return jnp.concatenate([part.reshape(-1, x.shape[-1]) for part in sums])

        x = invariant_layers(self, self.dim, "rho")(
            jnp.concatenate(products),
            mask,
            choose_network("rho", self.rho, neighbours),
            train=train,
            axis_name=batch.axis_name,
        )
        rows = [part.sum(2) for part in split_pairs(clean(x, mask), layout.tiers)]
        return to_nodes(jnp.concatenate([part.reshape(-1, self.dim) for part in rows]), layout)
