"""Embeds the columns of a batch as the features that layers read."""

from collections.abc import Mapping

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import GIVEN, Batch, Features, check_is_batch, require_layout
from gtx.nn.parts.columns import check_module_names, module_name
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.ops import edge_pairs
from gtx.ops.arguments import describe
from gtx.ops.masks import clean
from gtx.ops.segment import gather
from gtx.typing import LEVELS, Activation, Dtype, ModuleFactory


class Embed(nn.Module):
    """Encode every column that the model reads.

    Each mapping maps the name of a column to the factory of its encoder. The factory is called
    with `column`, `level`, `dim`, `dtype`, `param_dtype` and `name`. The results of one level are
    summed, except the `encodings` of nodes. Their factories set their own widths. They are
    concatenated after the sum of the other node columns, which gets the remaining width of `dim`.

    Attributes:
      dim: width of the features of every level; of pairs only if `pair_dim` is None.
      nodes: encoders of node columns.
      encodings: encoders of positional and structural encodings of nodes.
      edges: encoders of edge columns; without any, the features of edges are None.
      pairs: encoders of pair columns, likewise.
      graphs: encoders of graph columns, likewise.
      edge_sets: encoders of the columns of further edge sets, by the name of the set. A set
        without columns can have a `ConstantEncoder`, which is one learned vector; so sets that a
        layer runs over as one are told apart.
      pair_dim: width of the features of pairs; None is `dim`. Pairs are many, so that a smaller
        width saves memory.
      pairs_over: names of edge sets, such as ("complete",). The features of pairs are then read
        at the edges of these sets and become theirs, in place of features of all pairs.
      norm: factory of a norm of the nodes in the end, None for none.
      activation: of the nodes after it, None for none.
      dropout_rate: of the nodes after both.
    """

    dim: int
    nodes: Mapping[str, ModuleFactory]
    encodings: Mapping[str, ModuleFactory] | None = None
    edges: Mapping[str, ModuleFactory] | None = None
    pairs: Mapping[str, ModuleFactory] | None = None
    graphs: Mapping[str, ModuleFactory] | None = None
    edge_sets: Mapping[str, Mapping[str, ModuleFactory]] | None = None
    pair_dim: int | None = None
    pairs_over: tuple[str, ...] = ()
    norm: ModuleFactory | None = None
    activation: Activation | None = None
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        check_is_batch(batch)
        fields = {n: getattr(self, n) for n in ("encodings", *LEVELS.values())}
        sets = self.edge_sets or {}
        fields |= {f"edge_sets[{name!r}]": columns for name, columns in sets.items()}
        for field, columns in fields.items():
            if columns is not None and not isinstance(columns, Mapping):
                raise TypeError(
                    f"{field} of Embed must be a dict from columns to encoders, such as "
                    f"{{'x': LinearEncoder}}, got {describe(columns)}."
                )
        check_module_names(
            [("node", column) for column in self.encodings or ()]
            + [(level, column) for level in LEVELS for column in fields[LEVELS[level]] or ()]
            + [(f"edge_set_{name}", column) for name in sets for column in sets[name]]
        )
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        encoded = []
        for column, factory in sorted((self.encodings or {}).items()):
            encoder = make(
                factory,
                f"encodings[{column!r}]",
                column=column,
                level="node",
                **options,
                name=module_name("node", column),
            )
            encoded.append(encoder(batch, train=train))
        rest = self.dim - sum(x.shape[-1] for x in encoded)
        if rest < 0 or (rest == 0) == bool(self.nodes):
            raise ValueError(
                f"Encodings take {self.dim - rest} of the {self.dim} features of a node and "
                f"leave {rest} to the columns {sorted(self.nodes)}; change dim or theirs."
            )

        def total(level, dim, field, prefix, batch):
            parts = [
                make(
                    factory,
                    f"{field}[{column!r}]",
                    column=column,
                    level=level,
                    dim=dim,
                    **options,
                    name=module_name(prefix, column),
                )
                for column, factory in sorted((fields[field] or {}).items())
            ]
            return sum(part(batch, train=train) for part in parts) if parts else None

        def of_level(level, dim):
            return total(level, dim, LEVELS[level], level, batch)

        def of_set(name):
            over = batch.edges_over((name,))
            # Encoders of edges read the given graph's: here those of the set stand in its place.
            graph = batch.graph._replace(
                senders=over.senders, receivers=over.receivers, edges=over.columns
            )
            inside = batch.replace(graph=graph, edge_mask=over.mask)
            return total("edge", self.dim, f"edge_sets[{name!r}]", f"edge_set_{name}", inside)

        encoded_sets = {name: of_set(name) for name in sorted(sets) if sets[name]}
        nodes = of_level("node", rest)
        nodes = jnp.concatenate([x for x in (nodes, *encoded) if x is not None], axis=-1)
        if self.norm is not None:
            norm = make(self.norm, "norm", **options, name="norm")
            nodes = norm(nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
        if self.activation is not None:
            nodes = self.activation(nodes)
        nodes = Dropout(self.dropout_rate, name="dropout")(nodes, batch.node_ids, train=train)
        features = Features(
            nodes=nodes,
            edges=of_level("edge", self.dim),
            pairs=of_level("pair", self.dim if self.pair_dim is None else self.pair_dim),
            graphs=of_level("graph", self.dim),
            edge_sets=encoded_sets,
        )
        return _at_edges(features, batch, self.pairs_over) if self.pairs_over else features


def _at_edges(features: Features, batch: Batch, names: tuple[str, ...]) -> Features:
    """The features of pairs at the edges of these sets."""
    if features.pairs is None:
        raise ValueError(f"pairs_over is {names}, and no column of pairs is encoded.")
    for name in names:
        over = batch.edges_over((name,))
        pairs = jnp.asarray(edge_pairs(over.senders, over.receivers, require_layout(batch)))
        values = clean(gather(features.pairs, pairs), over.mask)
        if name == GIVEN:
            features = features.replace(edges=values)
        else:
            features = features.replace(edge_sets={**features.edge_sets, name: values})
    return features.replace(pairs=None)
