"""From features of pairs to rows of nodes or of pairs that are targets."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.nn.parts.readouts import check_targets
from gtx.ops import edge_pairs, gather, reverse_pairs, split_pairs, to_nodes
from gtx.ops.masks import clean
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class PairSums(nn.Module):
    """x_i = f(sum_j u_ij + sum_j w_ji), where [u; w] = g(e), as features of nodes.

    With `perceptrons`, f and g are norm, linear map, activation, linear map: the decomposer of the
    Edge Transformer in the code of Müller et al. (2024). Without, u = w = e and f is the
    identity: what FloydNet's code reads at nodes.

    Attributes:
      dim: width of the nodes with `perceptrons`; else it is that of the pairs.
      perceptrons: whether there are f and g.
      both: whether there is the second sum. Without perceptrons, the sum over the nodes of the
        first is the sum over all pairs.
      activation: of f and g.
      norm: factory of the norm in f and g.
    """

    dim: int
    perceptrons: bool = False
    both: bool = True
    activation: Activation = jax.nn.relu
    norm: ModuleFactory = BatchNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        e = mask_features(features, batch, needs=("pairs",)).pairs
        layout, mask = require_layout(batch), batch.pair_mask

        def perceptron(values: Any, where: Any, width: int, name: str) -> Any:
            dtypes: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
            options = dict(dtypes, kernel_init=self.kernel_init, bias_init=self.bias_init)
            norm = make(self.norm, "norm", **dtypes, name=f"{name}_norm")
            x = norm(values, where, train=train, axis_name=batch.axis_name)
            x = self.activation(Linear(width, **options, name=f"{name}_hidden")(x))
            return Linear(width, **options, name=f"{name}_output")(x)

        first = second = e
        if self.perceptrons:
            width = self.dim * (2 if self.both else 1)
            x = jnp.where(mask[:, None], perceptron(e, mask, width, "pairs"), 0)
            first, second = jnp.split(x, 2, axis=-1) if self.both else (x, x)
        total = first + reverse_pairs(second, layout) if self.both else first
        parts, width = split_pairs(total, layout.tiers), total.shape[-1]
        rows = jnp.concatenate([part.sum(2).reshape(-1, width) for part in parts])
        nodes = to_nodes(rows, layout)
        if self.perceptrons:
            nodes = perceptron(nodes, batch.node_mask, self.dim, "nodes")
        return features.replace(nodes=nodes)


class FromPairs(nn.Module):
    """A readout of nodes, for a model whose features are those of pairs.

    Attributes:
      nodes: factory of a layer that makes features of nodes, such as `PairSums`.
      readout: factory of the readout, such as `Pool`.
    """

    nodes: ModuleFactory
    readout: ModuleFactory

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "targets feat"]:
        layer = make(self.nodes, "nodes", name="nodes")
        features = layer(features, batch, train=train)
        return make(self.readout, "readout", name="readout")(features, batch, train=train)


class OwnPairReadout(nn.Module):
    """One row per pair of nodes that is a target: the features of this pair, and no others.

    A target (sender, receiver) reads the pair whose receiver and sender these are, so that a link
    has a direction. It is what FloydNet's code reads at pairs.

    Attributes:
      dropout_rate: of the row.
    """

    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "targets feat"]:
        features = mask_features(features, batch, needs=("pairs",))
        targets = check_targets(batch, "pair")
        senders, receivers = targets.index[:, 0], targets.index[:, 1]
        pairs = jnp.asarray(edge_pairs(senders, receivers, require_layout(batch)))
        # A target in padding may point at a real pair, so its row must be cleared.
        rows = clean(gather(features.pairs, pairs), targets.mask)
        ids = batch.node_ids[senders], batch.node_ids[receivers]
        return Dropout(self.dropout_rate, name="dropout")(rows, *ids, train=train)
