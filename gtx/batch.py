"""The Batch that enters a model and the Features that flow between its layers."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import jraph

from gtx.ops.arguments import check_array, describe
from gtx.ops.layout import Layout, pair_mask
from gtx.ops.masks import clean
from gtx.typing import LEVELS, Level


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("nodes", "edges", "pairs", "graphs"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Features:
    """What layers read and write: one array per level, any of them None.

    Attributes:
      nodes: [nodes, feat].
      edges: [edges, feat].
      pairs: [pairs, feat], in the pair order of the batch's layout.
      graphs: [graphs, feat].
    """

    nodes: Any = None
    edges: Any = None
    pairs: Any = None
    graphs: Any = None

    def replace(self, **changes: Any) -> "Features":
        return dataclasses.replace(self, **changes)


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("index", "labels", "mask"),
    meta_fields=("level",),
)
@dataclasses.dataclass(frozen=True)
class Targets:
    """What is to be predicted in a batch, and what is known of it.

    At the levels of graphs and nodes a target stands in the place of its graph or node, so that
    a model predicts for every place of that axis. At those of edges and pairs the targets are an
    axis of their own, graph by graph, padding last.

    Attributes:
      level: static. "graph", "node", "edge" or "pair".
      index: int32 [targets], places on the axis of the level; for pairs [targets, 2], the nodes
        (sender, receiver). In padding some place.
      labels: [targets, dim], or [targets] for classes; None where nothing is known. A missing
        label is NaN, or -1 for classes.
      mask: bool [targets], True for what is to be predicted: neither padding nor in another part.
    """

    level: Level
    index: Any
    labels: Any
    mask: Any


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=(
        "graph",
        "pairs",
        "targets",
        "graph_ids",
        "node_ids",
        "node_graph",
        "node_mask",
        "edge_mask",
        "graph_mask",
        "layout",
    ),
    meta_fields=("axis_name",),
)
@dataclasses.dataclass(frozen=True)
class Batch:
    """Graphs padded to static sizes, with everything that layers need to ignore padding.

    The last graph of the batch is padding and owns the padding nodes (at least one) and
    padding edges, as jraph has it; places without a graph have no nodes. Edges are sorted
    by receiver, padding edges last. True in a mask means real.

    Edges can be left out, as in DropEdge, by masking more of them: to every layer a masked edge
    is a deleted one, whatever its columns hold. The other masks and the layout state one fact,
    where padding is, and attention over all pairs reads it from the layout: to leave out nodes,
    build the batch without them; to leave out pairs, call `gtx.ops.attention` with `where`.

    Attributes:
      graph: `jraph.GraphsTuple`; `nodes`, `edges` and `globals` are dicts of columns.
      pairs: dict of pair columns, each [pairs, ...].
      targets: what is to be predicted; None in a batch of which nobody asks it.
      graph_ids: int32 [graphs], the number of each graph in its dataset; -1 in padding.
      node_ids: uint32 [nodes], a hash of (graph id, position in the graph): the identity
        under which dropout draws its noise, so that it does not depend on the batch.
      node_graph: int32 [nodes], the graph of each node.
      node_mask, edge_mask, graph_mask: bool. That of the pairs follows from the layout:
        `pair_mask`.
      layout: places of the nodes in the dense tiers; None where the budget asks for none
        (`Budget.dense`), which leaves the pairs out too.
      axis_name: static. The mesh axis over which this batch is one shard, or None.
    """

    graph: jraph.GraphsTuple
    pairs: Any
    targets: Targets | None
    graph_ids: Any
    node_ids: Any
    node_graph: Any
    node_mask: Any
    edge_mask: Any
    graph_mask: Any
    layout: Layout | None = None
    axis_name: str | None = None

    @property
    def senders(self) -> Any:
        return self.graph.senders

    @property
    def receivers(self) -> Any:
        return self.graph.receivers

    @property
    def pair_mask(self) -> Any:
        """Whether both nodes of a pair are real, bool [pairs]. It is computed anew at each call.

        A batch does not store it, because it is the square of the number of nodes, and most
        models never look at it.

        Raises:
          ValueError: the batch has no layout, and so no pairs.
        """
        return pair_mask(require_layout(self))

    def replace(self, **changes: Any) -> "Batch":
        return dataclasses.replace(self, **changes)


def mask_features(
    features: Features, batch: Batch, *, needs: tuple[str, ...] = ("nodes",)
) -> Features:
    """Zero every feature that belongs to padding, even where it holds NaN.

    Every layer begins with it, so that this is also where the arguments of layers are checked.

    Args:
      features: floats, two axes each.
      batch: whose masks are taken.
      needs: levels that may not be None.

    Raises:
      TypeError: the arguments are not Features of floats and a Batch.
      ValueError: features do not fit the batch, or a level is missing.
    """
    check_call(features, batch, needs)

    def cleaned(level, field):
        values = getattr(features, field)
        # The mask is asked for last: that of pairs exists only where the batch has a layout.
        return None if values is None else clean(values, getattr(batch, f"{level}_mask"))

    return Features(**{field: cleaned(level, field) for level, field in LEVELS.items()})


def require_layout(batch: Batch) -> Layout:
    """The layout of a batch, for what looks at all pairs of nodes.

    Raises:
      ValueError: the batch has none.
    """
    if batch.layout is None:
        raise ValueError(
            "The batch has no layout, which layers over all pairs of nodes need: its budget has "
            "dense=False. Make it with dense=True, or use layers that run over edges."
        )
    return batch.layout


def check_call(features: Any, batch: Any, needs: tuple[str, ...] = ("nodes",)) -> None:
    """Raise unless these are the two arguments of a layer, `Features` and their `Batch`.

    Looks at types, shapes and dtypes alone; `needs` are levels that may not be None.
    """
    if isinstance(features, Batch) and isinstance(batch, Features):
        raise TypeError("A layer is called as layer(features, batch), and got the batch first.")
    if not isinstance(features, Features):
        raise TypeError(
            f"The first argument of a layer must be gtx.batch.Features, got {describe(features)}. "
            "Pass Features(nodes=array), with an array [nodes, feat] of floats; gtx.nn.Embed "
            "makes them of a batch's columns."
        )
    check_is_batch(batch)
    for level, field in LEVELS.items():
        values = getattr(features, field)
        if values is None:
            if field in needs:
                raise ValueError(
                    f"The layer needs features of {field}, and features.{field} is None. Encode "
                    f"a column of the {field}, as gtx.nn.Embed does."
                )
            continue
        if isinstance(values, dict):
            raise TypeError(
                f"features.{field} must be one array [{field}, feat], got a dict of columns "
                f"{sorted(values)}. Encode them: gtx.nn.Embed makes one array of the columns."
            )
        name = f"features.{field}"
        check_array(values, name, f"[{field}, feat]")
        if not jnp.issubdtype(values.dtype, jnp.floating):
            raise TypeError(
                f"{name} must be floats and is {values.dtype}. Encode categories, by "
                "gtx.nn.CategoricalEncoder, and convert numbers: .astype(jnp.float32)."
            )
        if level == "pair":
            rows = require_layout(batch).num_pairs
        else:
            rows = getattr(batch, f"{level}_mask").shape[0]
        if values.shape[0] != rows:
            raise ValueError(
                f"{name} has {values.shape[0]} rows, but the batch has {rows} {field}, "
                "padding included."
            )


def check_is_batch(batch: Any) -> None:
    """Raise unless it is one `Batch`, not stacked."""
    if not isinstance(batch, Batch):
        raise TypeError(
            f"The batch must be a gtx.batch.Batch, got {describe(batch)}. Make one of graphs: "
            "gtx.batching.batch_graphs(graphs)."
        )
    for name in ("node_mask", "edge_mask", "graph_mask"):
        mask = getattr(batch, name)
        check_array(mask, f"batch.{name}", "[...]")
        if mask.dtype != bool:
            raise TypeError(f"batch.{name} must be bool, True for what is real: {mask.dtype}.")
        if mask.ndim != 1:
            raise ValueError(
                f"batch.{name} must have one axis, got {list(mask.shape)}: these are several "
                "batches, of shards or steps. Take one, jax.tree.map(lambda x: x[0], batch), or "
                "use jax.vmap."
            )
    for name in ("senders", "receivers"):
        ids = getattr(batch.graph, name)
        check_array(ids, f"batch.graph.{name}", "[edges]")
        if not jnp.issubdtype(ids.dtype, jnp.integer) or ids.dtype.itemsize < 4:
            raise TypeError(
                f"batch.graph.{name} must be int32, as gtx.batching makes it, and is {ids.dtype}."
            )
    lengths = dict(
        node_mask=batch.layout.num_nodes if isinstance(batch.layout, Layout) else None,
        edge_mask=batch.graph.senders.shape[0],
    )
    for name, length in lengths.items():
        if length is not None and getattr(batch, name).shape != (length,):
            raise ValueError(
                f"batch.{name} must have shape [{length}], got {list(getattr(batch, name).shape)}."
            )
