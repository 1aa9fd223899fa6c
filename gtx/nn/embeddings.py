"""From the columns of a batch to the features that layers read.

An encoder reads one column and is called as `encoder(batch, train=...) -> [rows, dim]`, with
0 in padding rows. `Embed` puts encoders together.
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, check_is_batch
from gtx.nn.initializers import fan_in_uniform, standard_normal
from gtx.nn.linear import Linear
from gtx.nn.norms import BatchNorm
from gtx.nn.parts import make
from gtx.ops.arguments import check_array, check_choice, check_length, describe
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class CategoricalEncoder(nn.Module):
    """The sum of one embedding for each categorical feature of a column.

    All features share one table, in which feature c starts at row `sum(sizes[:c])`.

    Attributes:
      column: name of the column, integers [rows] or [rows, len(sizes)].
      sizes: number of categories of each feature.
      dim: width of the result.
      level: whose column it is.
      dtype: of the result; None for that of the table.
      param_dtype: storage dtype.
      embedding_init: of each feature's part `[size, dim]` of the table; PyTorch's N(0, 1).
        GraphGPS draws OGB's atoms and bonds by `initializers.xavier_uniform`.
    """

    column: str
    sizes: tuple[int, ...]
    dim: int
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        del train
        values, mask = read_column(batch, self.level, self.column)
        values = values.reshape(values.shape[0], -1)
        if values.shape[1] != len(self.sizes):
            raise ValueError(
                f"Column {self.column!r} has {values.shape[1]} features, but sizes has "
                f"{len(self.sizes)}."
            )
        if not jnp.issubdtype(values.dtype, jnp.integer):
            raise TypeError(f"Column {self.column!r} is {values.dtype}; categories are integers.")

        def init(key, shape, dtype):
            keys = jax.random.split(key, len(self.sizes))
            parts = zip(keys, self.sizes, strict=True)
            return jnp.concatenate(
                [self.embedding_init(key, (size, self.dim), dtype) for key, size in parts]
            )

        table = self.param("embedding", init, (sum(self.sizes), self.dim), self.param_dtype)
        (table,) = nn.dtypes.promote_dtype(table, dtype=self.dtype)
        offsets = np.cumsum([0, *self.sizes[:-1]]).astype(np.int32)
        rows = jnp.where(mask[:, None], values + offsets, 0)
        embedded = table.at[rows].get(mode="clip").sum(1)
        return jnp.where(mask[:, None], embedded, 0)


class ConstantEncoder(nn.Module):
    """One learned vector for every row, where the data have no features (GraphGPS's DummyEdge).

    Attributes:
      column: a name only; no column is read.
      dim: width of the result.
      level: whose rows.
      dtype: of the result; None for that of the vector.
      param_dtype: storage dtype.
      embedding_init: of the vector.
    """

    dim: int
    column: str = ""
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        del train
        mask = level_mask(batch, self.level)
        vector = self.param("embedding", self.embedding_init, (1, self.dim), self.param_dtype)
        (vector,) = nn.dtypes.promote_dtype(vector, dtype=self.dtype)
        return jnp.where(mask[:, None], vector, 0)


class LinearEncoder(nn.Module):
    """A linear map of a column of floats, normalised beforehand if wished.

    Attributes:
      column: name of the column, floats [rows] or [rows, feat].
      dim: width of the result.
      level: whose column it is.
      norm: factory of the norm of the raw column, None for none.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of the kernel.
      bias_init: of the bias; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    norm: ModuleFactory | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        values, mask = read_column(batch, self.level, self.column)
        values = values.reshape(values.shape[0], -1).astype(self.param_dtype)
        values = jnp.where(mask[:, None], values, 0)
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        if self.norm is not None:
            norm = make(self.norm, "norm", **options, name="norm")
            values = norm(values, mask, train=train, axis_name=batch.axis_name)
        linear = Linear(
            self.dim,
            **options,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return jnp.where(mask[:, None], linear(values), 0)


class RandomWalkEncoder(LinearEncoder):
    """BatchNorm of the raw return probabilities, then a linear map: GraphGPS's RWSE.

    That is `model` "Linear" with `raw_norm_type` "BatchNorm", as in its recipe for ZINC.
    GraphGPS's default has no norm (`norm=None` here), and its model "mlp", with a ReLU after
    every map, is not offered; nor are `post_layers` there, which only LapPE reads.
    """

    norm: ModuleFactory | None = BatchNorm


class Embed(nn.Module):
    """Encode every column that the model reads.

    Each mapping is from a column's name to an encoder's factory, which is called with
    `column`, `level`, `dim`, `dtype`, `param_dtype` and `name`. Encoders of one level are
    summed, except the `encodings` of nodes: these have widths of their own (bind `dim`) and
    are concatenated after the sum of the others, which fills up `dim`.

    Attributes:
      dim: width of the features of every level, but see `pair_dim`.
      nodes: encoders of node columns.
      encodings: encoders of positional and structural encodings of nodes.
      edges: encoders of edge columns; none leaves the edges None. Likewise:
      pairs: encoders of pair columns.
      graphs: encoders of graph columns.
      pair_dim: width of the features of pairs, of which there are many; None is `dim`.
      dtype: computation dtype, handed to every encoder.
      param_dtype: storage dtype, handed to every encoder.
    """

    dim: int
    nodes: Mapping[str, ModuleFactory]
    encodings: Mapping[str, ModuleFactory] | None = None
    edges: Mapping[str, ModuleFactory] | None = None
    pairs: Mapping[str, ModuleFactory] | None = None
    graphs: Mapping[str, ModuleFactory] | None = None
    pair_dim: int | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        check_is_batch(batch)
        for field in ("nodes", "encodings", "edges", "pairs", "graphs"):
            columns = getattr(self, field)
            if columns is not None and not isinstance(columns, Mapping):
                raise TypeError(
                    f"{field} of Embed must be a dict from columns to encoders, such as "
                    f"{{'x': LinearEncoder}}, got {describe(columns)}."
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
                name=f"node_{column}",
            )
            encoded.append(encoder(batch, train=train))
        rest = self.dim - sum(x.shape[-1] for x in encoded)
        if rest < 0 or (rest == 0) == bool(self.nodes):
            raise ValueError(
                f"Encodings take {self.dim - rest} of the {self.dim} features of a node and "
                f"leave {rest} to the columns {sorted(self.nodes)}; change dim or theirs."
            )

        def total(level, dim):
            columns = getattr(self, f"{level}s")
            parts = [
                make(
                    factory,
                    f"{level}s[{column!r}]",
                    column=column,
                    level=level,
                    dim=dim,
                    **options,
                    name=f"{level}_{column}",
                )
                for column, factory in sorted((columns or {}).items())
            ]
            return sum(part(batch, train=train) for part in parts) if parts else None

        nodes = total("node", rest)
        nodes = jnp.concatenate([x for x in (nodes, *encoded) if x is not None], axis=-1)
        return Features(
            nodes=nodes,
            edges=total("edge", self.dim),
            pairs=total("pair", self.dim if self.pair_dim is None else self.pair_dim),
            graphs=total("graph", self.dim),
        )


def read_column(batch: Batch, level: Level, column: str) -> tuple[Any, Any]:
    """A column of a batch and the mask of its rows.

    Raises:
      TypeError: the batch is no Batch.
      ValueError: it has no such column, or not one row for each entry.
    """
    mask = level_mask(batch, level)
    columns = {
        "node": batch.graph.nodes,
        "edge": batch.graph.edges,
        "pair": batch.pairs,
        "graph": batch.graph.globals,
    }[level]
    if columns is None or column not in columns:
        raise ValueError(
            f"The batch has no {level} column {column!r}; it has {sorted(columns or ())}. "
            "Add the encoding that computes it, or take it out of the model."
        )
    check_array(columns[column], f"The {level} column {column!r}", "[rows, ...]")
    check_length(columns[column], mask.shape[0], f"The {level} column {column!r}", f"{level}s")
    return columns[column], mask


def level_mask(batch: Batch, level: Level) -> Any:
    """The mask of the rows of one level."""
    check_is_batch(batch)
    check_choice(level, ("node", "edge", "pair", "graph"), "level")
    return {
        "node": batch.node_mask,
        "edge": batch.edge_mask,
        "pair": batch.pair_mask,
        "graph": batch.graph_mask,
    }[level]
