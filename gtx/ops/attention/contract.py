"""The arguments of `attention`: structures, biases, and the call that implementations receive."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gtx.ops.arguments import as_ids, check_count, check_length, check_where
from gtx.ops.attention.ends import check_ends, check_traced_ends
from gtx.ops.layout import Layout
from gtx.ops.masks import clean
from gtx.ops.noise import identities
from gtx.ops.segment import gather


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("senders", "receivers", "where", "receiver_ids", "sender_ids"),
    meta_fields=("num_receivers", "indices_are_sorted"),
)
@dataclasses.dataclass(frozen=True)
class Edges:
    """Each receiver attends to the senders of its incoming edges.

    `attention` raises a ValueError if the id of a real edge is out of range, or if the receivers
    break the promise to be sorted. Under jit the ids cannot be read. A wrong id is then clipped to
    the nearest node, or counted from the end, or its edge is left out, depending on the
    implementation, and the result is meaningless. `Edges.checked` finds such ids under jit too.

    Attributes:
      senders: int [edges] of any type, in [0, number of senders).
      receivers: int [edges] of any type, in [0, num_receivers).
      where: bool [edges], True for real edges; None when all are. A duplicate counts twice. Masked
        edges may have any ids.
      num_receivers: static; None for the length of `query`.
      receiver_ids: int [receivers] of any type, the identities under which dropout draws its
        noise, modulo 2**32; None for the position in the array, which changes with the batch.
      sender_ids: int [senders], likewise.
      indices_are_sorted: static, the promise that `receivers` do not decrease.
    """

    senders: Any
    receivers: Any
    where: Any = None
    num_receivers: int | None = None
    receiver_ids: Any = None
    sender_ids: Any = None
    indices_are_sorted: bool = False

    @classmethod
    def checked(
        cls,
        senders: Any,
        receivers: Any,
        *,
        num_receivers: int,
        num_senders: int | None = None,
        where: Any = None,
        receiver_ids: Any = None,
        sender_ids: Any = None,
        indices_are_sorted: bool = False,
    ) -> "Edges":
        """Edges after a check that all ids are ids of nodes.

        Inside jit, where ids are traced, the check becomes a part of the program. The function
        must then be wrapped with `jax.experimental.checkify`:
        `error, out = checkify.checkify(f)(...)`, and afterwards `error.throw()`.

        Args:
          senders: as in the fields.
          receivers: as in the fields.
          num_receivers: static.
          num_senders: static; None for `num_receivers`.
          where: as in the fields.
          receiver_ids: as in the fields.
          sender_ids: as in the fields.
          indices_are_sorted: as in the fields; the promise is checked too.

        Raises:
          ValueError: a sender or receiver is not a node; the message names the first such edge.
        """
        edges = cls(
            as_ids(senders, "senders"),
            as_ids(receivers, "receivers"),
            where,
            num_receivers,
            receiver_ids,
            sender_ids,
            indices_are_sorted,
        )
        check_length(edges.receivers, edges.senders.shape[0], "receivers", "senders")
        check_where(where, edges.senders.shape[0])
        check_count(num_receivers, "num_receivers")
        num_senders = num_receivers if num_senders is None else num_senders
        check_count(num_senders, "num_senders")
        if not check_ends(edges, num_receivers, num_senders):
            check_traced_ends(edges, num_receivers, num_senders)
        return edges


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("layout", "where", "node_ids", "sender_layout", "sender_ids"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Complete:
    """Each node attends to all nodes of its own graph, itself included.

    With `sender_layout`, each receiver of a graph attends to all senders of that graph. This is a
    complete bipartite graph, as between nodes and the inducing points of a Set Transformer.

    Attributes:
      layout: the slots of the receivers in the dense tiers.
      where: bool [pairs], the pairs to keep, receiver axis first; None for all. Pairs with an
        empty slot never count, even where it is True.
      node_ids: int [receivers] of any type, the identities under which dropout draws its noise,
        modulo 2**32; None for the position in the array, which changes with the batch.
      sender_layout: the slots of the senders; None when they are the receivers. Its tiers have
        as many graphs as those of `layout`, in the same order, but may have other sizes.
      sender_ids: int [senders], like `node_ids`, for a `sender_layout`.
    """

    layout: Layout
    where: Any = None
    node_ids: Any = None
    sender_layout: Layout | None = None
    sender_ids: Any = None

    @property
    def senders(self) -> Layout:
        return self.layout if self.sender_layout is None else self.sender_layout

    @property
    def num_pairs(self) -> int:
        sizes = zip(self.layout.tiers, self.senders.tiers, strict=True)
        return sum(rows.num_graphs * rows.size * columns.size for rows, columns in sizes)


Structure = Edges | Complete


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("params", "receivers", "senders"),
    meta_fields=("function",),
)
@dataclasses.dataclass(frozen=True)
class BiasFunction:
    """A bias that is computed from node features where it is needed, and never stored as a whole.

    bias_ij = function(params, receivers_i, senders_j). It is evaluated edge by edge for an edge
    list, and block by block by `chunked`. A bias from distances therefore takes no memory quadratic
    in the number of nodes.

    Attributes:
      function: static, `function(params, x, y) -> [..., heads]`. Its features x and y broadcast
        against each other in all axes but their own last ones, as in `[rows, 1, feat]` and
        `[1, columns, feat]`. The result may broadcast too: `[..., 1]` is one bias for all heads.
        The function must be differentiable where x and y are 0, because padding holds 0. Traced
        arrays must be passed as `params`, not by closure.
      params: any tree; gradients flow to its float arrays.
      receivers: a tree of arrays [receivers, ...], float or integer.
      senders: a tree of arrays [senders, ...]; None for that of the receivers.
    """

    function: Callable[[Any, Any, Any], Any]
    params: Any
    receivers: Any
    senders: Any = None

    @property
    def sides(self) -> tuple[Any, Any]:
        return self.receivers, self.receivers if self.senders is None else self.senders


class Call(NamedTuple):
    """The arguments of one attention, checked and with their defaults filled in.

    `structure` is an `Edges` or a `Complete` with its identities set. `score` is one of
    `gtx.ops.attention.scores` or the user's own. `bias` is an array, a `BiasFunction` or None.
    `dropout_bits` is None when nothing is dropped. `needs_lse` and `needs_message` say whether the
    log-sum-exp and the score's message will be used. If not, an implementation may return None in
    their place.
    """

    query: Any
    key: Any
    value: Any
    structure: Any
    score: Any
    entry: Any  # a tree of arrays [entries, ...]
    bias: Any
    gate: Any
    edge_key: Any
    edge_value: Any
    scale: Any  # float, or an array
    dropout_rate: float
    dropout_bits: Any
    needs_lse: bool
    needs_message: bool


def with_ids(structure: Structure, num_receivers: int, num_senders: int) -> Structure:
    """Fill in missing identities and sizes; identities become uint32."""

    def identify(ids: Any, length: int) -> Any:
        return jnp.arange(length, dtype=jnp.uint32) if ids is None else jnp.asarray(identities(ids))

    if isinstance(structure, Complete):
        node_ids = identify(structure.node_ids, num_receivers)
        sender_ids = structure.sender_ids
        if sender_ids is None and structure.sender_layout is None:
            sender_ids = node_ids
        return dataclasses.replace(
            structure, node_ids=node_ids, sender_ids=identify(sender_ids, num_senders)
        )
    return dataclasses.replace(
        structure,
        num_receivers=num_receivers,
        receiver_ids=identify(structure.receiver_ids, num_receivers),
        sender_ids=identify(structure.sender_ids, num_senders),
    )


def as_edges(structure: Structure) -> Edges:
    """The pairs of a complete structure as a list of edges, in the order of the pairs.

    A pair with an empty slot becomes a masked edge.
    """
    if isinstance(structure, Edges):
        return structure
    # Slot numbers depend on the static tiers only, so they are constants of a compiled program.
    rows, columns = structure.layout, structure.senders
    receivers, senders = [np.zeros(0, int)], [np.zeros(0, int)]
    row_start = column_start = 0
    for tier, sender_tier in zip(rows.tiers, columns.tiers, strict=True):
        num_graphs, height, width = *tier, sender_tier.size
        row = row_start + np.arange(num_graphs * height).reshape(num_graphs, height, 1)
        column = column_start + np.arange(num_graphs * width).reshape(num_graphs, 1, width)
        receivers.append(np.broadcast_to(row, (num_graphs, height, width)).reshape(-1))
        senders.append(np.broadcast_to(column, (num_graphs, height, width)).reshape(-1))
        row_start += num_graphs * height
        column_start += num_graphs * width
    # An empty slot holds num_nodes, which is how padding is recognised.
    receiver = jnp.asarray(rows.slots)[np.concatenate(receivers)]
    sender = jnp.asarray(columns.slots)[np.concatenate(senders)]
    real = (receiver < rows.num_nodes) & (sender < columns.num_nodes)
    # A masked edge gets id 0. Its own id is num_nodes, which would be out of range in a gather.
    return Edges(
        senders=jnp.where(real, sender, 0),
        receivers=jnp.where(real, receiver, 0),
        where=real if structure.where is None else real & structure.where,
        num_receivers=rows.num_nodes,
        receiver_ids=structure.node_ids,
        sender_ids=structure.sender_ids,
    )


def edge_bias(bias: Any, edges: Edges, dtype: Any) -> Any:
    """The bias of each edge, [edges, heads] and 0 where masked; None if there is none."""
    if isinstance(bias, BiasFunction):

        def read(side: Any, ids: Any) -> Any:
            return jax.tree.map(
                lambda values: clean(gather(values, ids), edges.where, values.dtype), side
            )

        x, y = (
            read(side, ids)
            for side, ids in zip(bias.sides, (edges.receivers, edges.senders), strict=True)
        )
        bias = bias.function(bias.params, x, y)
    return clean(bias, edges.where, dtype)


def compute_dtype(call: Call) -> Any:
    """The dtype of logits, softmax and sums: at least float32."""
    return functools.reduce(
        jnp.promote_types, (call.query.dtype, call.key.dtype, call.value.dtype, jnp.float32)
    )


def clean_tree(tree: Any, where: Any, dtype: Any = None) -> Any:
    """A tree of arrays with 0 where masked. Its floats are cast to `dtype`, if one is given."""

    def one(values: Any) -> Any:
        cast = dtype is not None and jnp.issubdtype(values.dtype, jnp.floating)
        return clean(values, where, dtype if cast else values.dtype)

    return jax.tree.map(one, tree)
