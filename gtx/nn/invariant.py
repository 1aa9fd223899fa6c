"""Encoders that do not depend on the signs, or the bases, of eigenvectors: SignNet and SPE.

They read the columns of `gtx.encodings.LaplacianEigenvectors`, as `gtx.nn.spectral` has it.
Nothing is drawn while training, and norms see both signs at once, so that what is invariant
when predicting is so at every step of training.
"""

from collections.abc import Callable
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.initializers import fan_in_uniform
from gtx.nn.linear import Linear
from gtx.nn.norms import BatchNorm
from gtx.nn.parts import make
from gtx.nn.spectral import read_spectrum
from gtx.ops import edge_pairs, segment_sum, split_pairs, split_slots, to_nodes, to_slots
from gtx.ops.layout import first_graphs
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer, Level, ModuleFactory

Network = Literal["gin", "mlp"]


class SignNetEncoder(nn.Module):
    """p = rho([phi(v_f) + phi(-v_f)]_f): sign invariant (Lim et al., 2023).

    phi is a GIN over the edges of the batch, in which the entry of a vector at a node is that
    node's feature, or an MLP of that entry; rho is an MLP of two linear maps. A layer of phi is
    x <- W2 relu(norm(W1 (x + sum_j x_j))), without the sum in the MLP, with a ReLU between
    layers. It depends on the bases of repeated eigenvalues. (A GIN adds up to nothing what a
    complete graph has beyond its first vector, as the entries of those sum to 0.)

    Where it differs from the authors' code and from GraphGPS: one norm in each layer, before
    the ReLU (there one after it and one between layers), over phi(v) and phi(-v) together
    (there apart: while training, the result depends on the signs); frequencies that a graph
    does not have are left out of the norms and of "concat" (there they count as vectors of 0).

    Memory: a layer keeps 2 k hidden_dim numbers for each node, and for each edge with "gin".

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      phi: "gin" or "mlp".
      num_layers: of phi.
      hidden_dim: width inside phi and rho.
      phi_dim: width of the result of phi, for each frequency.
      combine: what rho reads: "concat", the results of all frequencies in their order, 0 for
        missing ones; or "sum", their sum, for which the number of frequencies may vary.
      read_values: phi reads [v_f, lambda_f] instead of v_f.
      level: "node".
      norm: factory of the norms, None for none.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    column: str
    dim: int
    phi: Network = "gin"
    num_layers: int = 2
    hidden_dim: int = 64
    phi_dim: int = 4
    combine: Literal["concat", "sum"] = "concat"
    read_values: bool = False
    level: Level = "node"
    norm: ModuleFactory | None = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        if self.combine not in ("concat", "sum"):
            raise ValueError(f"combine must be 'concat' or 'sum', got {self.combine!r}.")
        vectors, values, _, mask = _spectrum(self, batch)
        nodes, count = vectors.shape
        x = jnp.stack([vectors, -vectors], axis=1)[..., None]
        if self.read_values:
            values = jnp.broadcast_to(values[batch.node_graph][:, None, :, None], x.shape)
            x = jnp.concatenate([x, values], axis=-1)
        rows = jnp.broadcast_to(mask[:, None], (nodes, 2, count)).reshape(-1)

        def neighbours(x):
            x = gather(x.reshape(nodes, -1), batch.senders)
            options = dict(where=batch.edge_mask, indices_are_sorted=True)
            return segment_sum(x, batch.receivers, nodes, **options).reshape(len(rows), -1)

        x = _layers(self, self.phi_dim, "phi")(
            x.reshape(len(rows), -1),
            rows,
            _choose("phi", self.phi, neighbours),
            train=train,
            axis_name=batch.axis_name,
        )
        x = x.reshape(nodes, 2, count, self.phi_dim).sum(1)
        x = jnp.where(mask[..., None], x, 0)
        x = x.sum(1) if self.combine == "sum" else x.reshape(nodes, -1)
        x = _layers(self, self.dim, "rho", num_layers=1)(
            x, batch.node_mask, None, train=train, axis_name=batch.axis_name
        )
        return jnp.where(batch.node_mask[:, None], x, 0)


class SPEEncoder(nn.Module):
    """p = rho(V diag(phi_1(lambda)) V^T, ..., V diag(phi_m(lambda)) V^T): basis invariant.

    Huang et al. (2024): it is stable under small changes of the Laplacian too. phi is an MLP of
    one eigenvalue with one hidden layer and m results, [k] -> [k, m] for each graph. The m
    matrices are features of pairs of nodes, W_ij [m]; rho is a GIN over the edges of the batch
    that takes each column W_.j for features of the nodes, or an MLP of each pair, and the
    results of row i are summed over j. A layer of rho is that of phi in `SignNetEncoder`.

    Eigenvalues that are equal are taken for one by phi itself: nothing is compared. Only an
    eigenspace that the number of vectors cuts through is seen, as what is kept of it depends
    on the basis.

    Where it differs from the authors' code: one network for all phi_l, there one each; one norm
    in each layer, as in SignNet; padding does not reach the norms.

    Memory: a layer keeps hidden_dim numbers for each pair of slots of the batch's dense layout,
    so n^2 in the nodes of a graph: 4 MB for 32 graphs of 32 nodes at the default width. Time:
    n^3 hidden_dim for each graph and layer with "gin", as a product of matrices. For graphs of
    many hundred nodes take `SignNetEncoder`, or random bases in the others.

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
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
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

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        vectors, values, _, _ = _spectrum(self, batch)  # vectors that do not exist are 0
        layout, mask = batch.layout, batch.pair_mask
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

        x = _layers(self, self.dim, "rho")(
            jnp.concatenate(products),
            mask,
            _choose("rho", self.rho, neighbours),
            train=train,
            axis_name=batch.axis_name,
        )
        rows = [part.sum(2) for part in split_pairs(jnp.where(mask[:, None], x, 0), layout.tiers)]
        return to_nodes(jnp.concatenate([part.reshape(-1, self.dim) for part in rows]), layout)


class _Layers(nn.Module):
    """x <- W2 relu(norm(W1 (x + neighbours(x)))), and a ReLU between layers."""

    dim: int
    hidden_dim: int
    num_layers: int
    norm: ModuleFactory | None
    dtype: Dtype | None
    param_dtype: Dtype
    kernel_init: Initializer
    bias_init: Initializer | None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Any,
        neighbours: Callable[[Any], Any] | None,
        *,
        train: bool,
        axis_name: str | None,
    ) -> Float[Array, "rows dim"]:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        x = x.astype(self.dtype or x.dtype)
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            if neighbours is not None:
                x = x + neighbours(x)
            x = Linear(self.hidden_dim, **options, **inits, name=f"hidden_{layer}")(x)
            if self.norm is not None:
                norm = make(self.norm, "norm", **options, name=f"norm_{layer}")
                x = norm(x, mask, train=train, axis_name=axis_name)
            width = self.dim if last else self.hidden_dim
            x = Linear(width, **options, **inits, name=f"output_{layer}")(jax.nn.relu(x))
            x = x if last else jax.nn.relu(x)
        return x


def _layers(encoder: Any, dim: int, name: str, num_layers: int | None = None) -> _Layers:
    return _Layers(
        dim,
        encoder.hidden_dim,
        encoder.num_layers if num_layers is None else num_layers,
        encoder.norm,
        encoder.dtype,
        encoder.param_dtype,
        encoder.kernel_init,
        encoder.bias_init,
        name=name,
    )


def _choose(field: str, network: Network, neighbours: Callable[[Any], Any]) -> Any:
    if network not in ("gin", "mlp"):
        raise ValueError(f"{field} must be 'gin' or 'mlp', got {network!r}.")
    return neighbours if network == "gin" else None


def _spectrum(module: Any, batch: Batch) -> Any:
    if module.level != "node":
        raise ValueError(f"{type(module).__name__} encodes nodes.")
    return read_spectrum(batch, module.column, module.param_dtype)
