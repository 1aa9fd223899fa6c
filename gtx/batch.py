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

# The name by which layers select the edges of the given graph.
GIVEN = "graph"


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("senders", "receivers", "mask", "columns"),
    meta_fields=("are_sorted",),
)
@dataclasses.dataclass(frozen=True)
class EdgeSet:
    """Edges between the nodes of a batch: those of the given graph, or a further set.

    Attributes:
      senders, receivers: int32 [edges], numbers of nodes in the batch.
      mask: bool [edges], True for a real edge. Every layer treats a masked edge as deleted.
      columns: dict of columns, each [edges, ...].
      are_sorted: static. Whether the receivers do not decrease. Several sets joined into one are
        not sorted.
    """

    senders: Any
    receivers: Any
    mask: Any
    columns: Any = dataclasses.field(default_factory=dict)
    are_sorted: bool = True

    def replace(self, **changes: Any) -> "EdgeSet":
        return dataclasses.replace(self, **changes)


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("nodes", "edges", "pairs", "graphs", "edge_sets", "extra"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Features:
    """The features that layers read and write: one array per level, each of which may be None.

    Attributes:
      nodes: [nodes, feat].
      edges: [edges, feat], of the given graph.
      pairs: [pairs, feat], in the pair order of the batch's layout.
      graphs: [graphs, feat].
      edge_sets: [edges, feat] by name, of the batch's other edge sets; a set that has no
        features is not in it.
      extra: further streams of a model by name, such as the positions of LSPE: a dict of trees of
        arrays. A layer that does not know a name returns it unchanged. `mask_features` does not
        mask it: a layer that reads it must clear the padding itself.
    """

    nodes: Any = None
    edges: Any = None
    pairs: Any = None
    graphs: Any = None
    edge_sets: Any = dataclasses.field(default_factory=dict)
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    def replace(self, **changes: Any) -> "Features":
        return dataclasses.replace(self, **changes)

    def edges_over(self, names: tuple[str, ...]) -> Any:
        """Features of the edges of these sets, one set after the other; None if none has any.

        Raises:
          ValueError: some of the sets have features and others have none, or their widths
            differ.
        """
        found = {name: self.edges if name == GIVEN else self.edge_sets.get(name) for name in names}
        known = {name: values for name, values in found.items() if values is not None}
        if not known:
            return None
        if len(names) == 1:
            return found[names[0]]
        widths = {name: values.shape[-1] for name, values in known.items()}
        if len(known) < len(found) or len(set(widths.values())) > 1:
            raise ValueError(
                f"The edge sets {list(names)} cannot be one set: the widths of their features are "
                f"{widths}. Encode every set of them to one width; gtx.nn.ConstantEncoder gives "
                "features to a set without columns."
            )
        return jnp.concatenate([found[name] for name in names])

    def with_edges_over(self, names: tuple[str, ...], values: Any) -> "Features":
        """Other features for the edges of these sets, in the order of `edges_over`."""
        edges, edge_sets, start = self.edges, dict(self.edge_sets), 0
        for name in names:
            stop = start + self.edges_over((name,)).shape[0]
            if name == GIVEN:
                edges = values[start:stop] if len(names) > 1 else values
            else:
                edge_sets[name] = values[start:stop] if len(names) > 1 else values
            start = stop
        return self.replace(edges=edges, edge_sets=edge_sets)


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("index", "labels", "mask", "weights"),
    meta_fields=("level",),
)
@dataclasses.dataclass(frozen=True)
class Targets:
    """The targets of a batch and their labels.

    At the graph and node level, target i belongs to graph or node i of the batch, so that a model
    predicts for every place of that axis. At the edge and pair level, the targets have an axis of
    their own, ordered graph by graph, with padding at the end.

    Attributes:
      level: static. "graph", "node", "edge" or "pair".
      index: int32 [targets], places on the axis of the level; for pairs [targets, 2], the nodes
        (sender, receiver). In padding it is any valid place.
      labels: [targets, dim], or [targets] for classes; None if there are no labels. A missing
        label is NaN, or -1 for classes.
      mask: bool [targets], True for targets to predict. It is False for padding and for targets
        of another part (train, valid or test).
      weights: float32 [targets], how much each target counts in the loss, 0 in padding; None if
        all count the same.
    """

    level: Level
    index: Any
    labels: Any
    mask: Any
    weights: Any = None


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
        "edge_sets",
        "step",
        "clean",
    ),
    meta_fields=("axis_name",),
)
@dataclasses.dataclass(frozen=True)
class Batch:
    """Graphs padded to static sizes, with everything that layers need to ignore padding.

    The last graph of the batch is padding and contains the padding nodes (at least one) and
    padding edges, as in jraph. Places without a graph have no nodes. Edges are sorted by receiver,
    with padding edges at the end. True in a mask means real.

    To drop edges, as in DropEdge, mask more of them: every layer treats a masked edge as deleted,
    whatever its columns hold. Do not change the other masks: they state where the padding is, and
    so does the layout, which attention over all pairs reads. To drop nodes, build the batch without
    them. To drop pairs, call `MultiHeadAttention` or `gtx.ops.attention` with `where`.

    Attributes:
      graph: `jraph.GraphsTuple`; `nodes`, `edges` and `globals` are dicts of columns.
      pairs: dict of pair columns, each [pairs, ...].
      targets: the targets to predict; None in a batch without targets.
      graph_ids: int32 [graphs], the number of each graph in its dataset; -1 in padding.
      node_ids: uint32 [nodes], a hash of (graph id, position in the graph). Dropout draws its
        noise from this identity, so that the noise does not depend on the batch.
      node_graph: int32 [nodes], the graph of each node.
      node_mask, edge_mask, graph_mask: bool. `pair_mask` gives the mask of the pairs, which
        follows from the layout.
      layout: places of the nodes in the dense tiers; None if the budget asks for none
        (`Budget.dense`). There are then no pairs either.
      edge_sets: EdgeSet by name: the further edge sets that `gtx.structures` added. Each is padded
        and sorted like the edges of the given graph.
      step: int32 scalar in training, the number of updates before this one, for schedules inside
        a model. None in evaluation, prediction and initialisation, where a model uses the last
        value of its schedule.
      clean: by the field of their level, the columns of nodes and edges before noise was put on
        them, as `gtx.batching.NoisyNodes` does in training; None without noise.
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
    edge_sets: Any = dataclasses.field(default_factory=dict)
    step: Any = None
    clean: Any = None
    axis_name: str | None = None

    @property
    def senders(self) -> Any:
        return self.graph.senders

    @property
    def receivers(self) -> Any:
        return self.graph.receivers

    def edges_over(self, names: tuple[str, ...]) -> EdgeSet:
        """The edges of these sets joined into one set; "graph" means those of the given graph.

        Several sets together are not sorted by receiver, and an edge in two of them counts twice.
        Their columns are left out: `Features.edges_over` gives their encoded features.

        Raises:
          TypeError: `names` is not a tuple of texts.
          ValueError: there is no such set, or it is named twice.
        """
        if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
            raise TypeError(
                f"edges must be a tuple of names of edge sets, such as ('graph',), got {names!r}."
            )
        unknown = [name for name in names if name != GIVEN and name not in self.edge_sets]
        if unknown or not names or len(set(names)) < len(names):
            raise ValueError(
                f"edges is {names!r}, and the edge sets of the batch are "
                f"{[GIVEN, *sorted(self.edge_sets)]}. Name each set once, and add those that are "
                "missing to the data by gtx.structures."
            )
        # A single set keeps its sorted receivers, and with them the faster scatter.
        given = EdgeSet(self.senders, self.receivers, self.edge_mask, self.graph.edges)
        sets = [given if name == GIVEN else self.edge_sets[name] for name in names]
        if len(sets) == 1:
            return sets[0]
        return EdgeSet(
            senders=jnp.concatenate([edges.senders for edges in sets]),
            receivers=jnp.concatenate([edges.receivers for edges in sets]),
            mask=jnp.concatenate([edges.mask for edges in sets]),
            are_sorted=False,
        )

    @property
    def pair_mask(self) -> Any:
        """Whether both nodes of a pair are real, bool [pairs]. It is computed at each call.

        A batch does not store it, because its size is quadratic in the number of nodes, and most
        models never need it.

        Raises:
          ValueError: the batch has no layout and therefore no pairs.
        """
        return pair_mask(require_layout(self))

    def replace(self, **changes: Any) -> "Batch":
        return dataclasses.replace(self, **changes)


def mask_features(
    features: Features, batch: Batch, *, needs: tuple[str, ...] = ("nodes",)
) -> Features:
    """Set every feature that belongs to padding to 0, also NaN; `extra` does not change.

    Every layer calls it first. It therefore also checks the arguments of layers.

    Args:
      features: floats, with two axes each.
      batch: the batch of these features, which has the masks.
      needs: levels that must not be None.

    Raises:
      TypeError: the arguments are not Features of floats and a Batch.
      ValueError: features do not fit the batch, or a level is missing.
    """
    check_call(features, batch, needs)

    def cleaned(level, field):
        values = getattr(features, field)
        # The mask is read only if there are values: a batch without layout has no pair_mask.
        return None if values is None else clean(values, getattr(batch, f"{level}_mask"))

    edge_sets = {
        name: clean(values, batch.edge_sets[name].mask)
        for name, values in features.edge_sets.items()
    }
    levels = {field: cleaned(level, field) for level, field in LEVELS.items()}
    return features.replace(**levels, edge_sets=edge_sets)


def require_layout(batch: Batch) -> Layout:
    """The layout of a batch, for functions over all pairs of nodes.

    Raises:
      ValueError: the batch has no layout.
    """
    if batch.layout is None:
        raise ValueError(
            "The batch has no layout, which layers over all pairs of nodes need: its budget has "
            "dense=False. Make it with dense=True, or use layers that run over edges."
        )
    return batch.layout


def check_call(features: Any, batch: Any, needs: tuple[str, ...] = ("nodes",)) -> None:
    """Raise unless these are the two arguments of a layer, `Features` and their `Batch`.

    The check reads only types, shapes and dtypes; `needs` are levels that must not be None.
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
        if level == "pair":
            rows = require_layout(batch).num_pairs
        else:
            rows = getattr(batch, f"{level}_mask").shape[0]
        _check_rows(values, f"features.{field}", field, rows)
    for name, values in features.edge_sets.items():
        rows = batch.edges_over((name,)).mask.shape[0]
        _check_rows(values, f"features.edge_sets[{name!r}]", f"edges in {name!r}", rows)


def _check_rows(values: Any, name: str, what: str, rows: int) -> None:
    """Raise unless `values` are floats [rows, feat]."""
    check_array(values, name, f"[{what.split()[0]}, feat]")
    if not jnp.issubdtype(values.dtype, jnp.floating):
        raise TypeError(
            f"{name} must be floats and is {values.dtype}. Encode categories, by "
            "gtx.nn.CategoricalEncoder, and convert numbers: .astype(jnp.float32)."
        )
    if values.shape[0] != rows:
        raise ValueError(
            f"{name} has {values.shape[0]} rows, but the batch has {rows} {what}, padding included."
        )


def check_is_batch(batch: Any) -> None:
    """Raise unless `batch` is one `Batch` and not a stack of several."""
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
        # Ids of fewer bits overflow when numbers of nodes are added to them.
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
