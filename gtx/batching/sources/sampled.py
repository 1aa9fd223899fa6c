"""The base class of sources whose batches are parts of one large graph."""

import abc
import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import jraph
import numpy as np

from gtx import limits
from gtx.batch import Batch, Targets
from gtx.batching.assemble import TargetColumns
from gtx.batching.budget import Budget, BudgetError, fit_budget
from gtx.batching.sources.source import Source
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.labels import check_trainable
from gtx.limits import Count, Whole
from gtx.ops.layout import Tier, make_layout
from gtx.ops.noise import node_ids

# Shapes are fitted to this many samples, with more room than the largest of them needs.
NUM_TRIALS = 16

Evaluation = Literal["whole", "sampled"]
Room = Annotated[int, Whole(2, 2**31)]


@dataclasses.dataclass(frozen=True)
class Part:
    """Some nodes and edges of a graph. Host, numpy.

    Attributes:
      nodes: [nodes], their numbers in the graph.
      edges: [edges], their numbers in the graph.
      senders, receivers: [edges], places in `nodes`; receivers do not decrease.
      targets: bool [nodes], the nodes to predict.
    """

    nodes: np.ndarray
    edges: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    targets: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Sampled(Source):
    """Each batch is one part of one large graph, in a shape that is the same for all.

    A subclass chooses the parts. The part is a graph of its own: attention to all nodes is
    attention to the nodes of the part. The identity of a node, from which dropout draws its noise,
    is that of the node in the large graph.

    Attributes:
      dataset: one graph, whose targets are nodes with labels. It has no columns of pairs and no
        further edge sets.
      size: number of units of a step (seed nodes, clusters), over all shards.
      num_nodes, num_edges: the room of a batch of one shard, padding included. If None they are
        fitted to random parts; see the subclass for what happens to a part that does not fit.
      num_shards: number of devices that share a step; must divide `size`.
      dense: whether batches have a layout, which attention to all nodes needs.
      resident: whether the columns of all nodes and edges stay on the device. If not, the host
        sends those of each part.
      evaluation: "whole" scores on the whole graph, in one batch. "sampled" scores on such parts,
        with fixed random numbers: where the whole graph does not fit, or a model attends to all
        nodes of a part.
    """

    dataset: Dataset
    _: dataclasses.KW_ONLY
    size: Count
    num_nodes: Room | None = None
    num_edges: Count | None = None
    num_shards: Count = 1
    dense: bool = False
    resident: bool = True
    evaluation: Evaluation = "whole"

    def __post_init__(self) -> None:
        limits.check(self)
        _check_one_graph(self.dataset)
        if self.size % self.num_shards:
            raise BudgetError(
                f"size {self.size} cannot be dealt evenly to {self.num_shards} shards. Give a "
                "multiple of that."
            )
        if self.num_nodes is None or self.num_edges is None:
            nodes, edges = self.fitted()
            object.__setattr__(self, "num_nodes", self.num_nodes or nodes)
            object.__setattr__(self, "num_edges", self.num_edges or edges)

    @abc.abstractmethod
    def fitted(self) -> tuple[int, int]:
        """Room for the nodes and edges of a part, padding included."""

    @abc.abstractmethod
    def part(self, row: np.ndarray) -> Part:
        """The part of one shard of a step, which must fit; the same row gives the same part."""

    @abc.abstractmethod
    def fixed_plan(self) -> np.ndarray:
        """A plan for evaluation: every target is in exactly one step."""

    @property
    def sampler(self) -> Any:
        return self

    @property
    def size_per_shard(self) -> int:
        return self.size // self.num_shards

    @property
    def room(self) -> tuple[int, int]:
        """The largest numbers of nodes and edges of a part."""
        assert self.num_nodes is not None and self.num_edges is not None
        return self.num_nodes - 1, self.num_edges

    @functools.cached_property
    def pointer(self) -> np.ndarray:
        """The first edge that points at each node, and the end, int64 [nodes + 1]."""
        counts = np.bincount(self.dataset.receivers, minlength=int(self.dataset.node_ptr[-1]))
        return offsets(counts)

    @functools.cached_property
    def budget(self) -> Budget | None:  # type: ignore[override]
        """The shape in which the whole graph is scored; None if it is scored in parts."""
        if self.evaluation == "sampled":
            return None
        shards = self.num_shards
        return fit_budget(self.dataset, shards, num_shards=shards, dense=self.dense)

    @property
    def constants(self) -> Any:
        return self._columns if self.resident else {}

    @functools.cached_property
    def _columns(self) -> dict[str, Any]:
        """Columns of all nodes and edges, and their labels (missing where there is no target)."""
        found = TargetColumns.from_dataset(self.dataset)
        return dict(
            nodes=dict(self.dataset.nodes), edges=dict(self.dataset.edges), labels=found.labels
        )

    def chunk(self, rows: np.ndarray) -> Any:
        parts = [self.part(row) for row in rows.reshape(-1, rows.shape[-1])]
        columns = None if self.resident else self._columns
        return _stacked([self._element(part, columns) for part in parts], rows.shape[:2])

    def _element(self, part: Part, columns: Mapping[str, Any] | None) -> dict[str, Any]:
        """A part, padded; with the columns of its nodes and edges unless these are None."""
        nodes, edges = self.room
        nodes += 1
        if len(part.nodes) >= nodes or len(part.edges) > edges:
            raise BudgetError(
                f"a part of {len(part.nodes)} nodes and {len(part.edges)} edges does not fit the "
                f"room for {nodes - 1} nodes and {edges} edges. Give num_nodes and num_edges."
            )
        element: dict[str, Any] = dict(
            nodes=_padded(part.nodes, nodes, 0),
            edges=_padded(part.edges, edges, 0) if self.dataset.edges else np.zeros(1, np.int32),
            # Padding edges are self-loops of the last node, so that receivers stay sorted.
            senders=_padded(part.senders, edges, nodes - 1),
            receivers=_padded(part.receivers, edges, nodes - 1),
            targets=_padded(part.targets, nodes, False),
            counts=np.array([len(part.nodes), len(part.edges)], np.int32),
        )
        if columns is not None:
            element["columns"] = _gathered(columns, element, np)
        return element

    def batch(self, constants: Any, element: Any, key: Any) -> Batch:
        del key  # the host has drawn
        return self._batch(constants, element, jnp)

    def _batch(self, constants: Any, element: Any, xp: Any) -> Batch:
        found = element.get("columns")
        if found is None:
            found = _gathered(constants, element, xp)
        num_nodes, num_edges = element["nodes"].shape[0], element["senders"].shape[0]
        node_mask, edge_mask = _masks(element, xp)
        n_node = xp.stack([element["counts"][0], num_nodes - element["counts"][0]])
        n_edge = xp.stack([element["counts"][1], num_edges - element["counts"][1]])
        there = element["counts"][0] > 0
        graph_mask = xp.stack([there, xp.zeros_like(there)])
        graph_ids = xp.where(graph_mask, np.int32(self.dataset.ids[0]), np.int32(-1))
        node_graph = xp.where(node_mask, np.int32(0), np.int32(1))
        position = xp.where(node_mask, element["nodes"], xp.arange(num_nodes, dtype=np.int32))
        layout = None
        if self.dense:
            tiers = (Tier(1, num_nodes - 1),)
            layout = make_layout(n_node[:1], num_nodes, tiers, xp=xp)
        return Batch(
            graph=jraph.GraphsTuple(
                nodes=found["nodes"],
                edges=found["edges"],
                globals={
                    name: xp.concatenate([xp.asarray(values), np.zeros_like(values)])
                    for name, values in self.dataset.graphs.items()
                },
                senders=element["senders"],
                receivers=element["receivers"],
                n_node=n_node.astype(np.int32),
                n_edge=n_edge.astype(np.int32),
            ),
            pairs={},
            targets=Targets(
                "node", xp.arange(num_nodes, dtype=np.int32), found["labels"], element["targets"]
            ),
            graph_ids=graph_ids,
            node_ids=node_ids(graph_ids[node_graph], position, xp=xp),
            node_graph=node_graph,
            node_mask=node_mask,
            edge_mask=edge_mask,
            graph_mask=graph_mask,
            layout=layout,
        )

    def evaluation_batches(
        self, dataset: Dataset, steps: int
    ) -> Iterator[tuple[np.ndarray, Batch, list[Part]]]:
        """Batches of parts in which each target of `dataset` is predicted once.

        Args:
          dataset: the same graph, with other targets, as another part of the data has.
          steps: number of batches at a time.

        Yields:
          Rows of `fixed_plan` [steps, shards, places], the last of them filled with -1; their
          batches with the leading axes [steps, shards], numpy; and their parts in this order.
        """
        source = dataclasses.replace(self, dataset=dataset, resident=False)
        plan = source.fixed_plan()
        for first in range(0, len(plan), steps):
            rows = plan[first : first + steps]
            filling = np.full((steps - len(rows), *plan.shape[1:]), -1, np.int32)
            rows = np.concatenate([rows, filling])
            parts = [source.part(row) for row in rows.reshape(-1, rows.shape[-1])]
            elements = (source._element(part, source._columns) for part in parts)
            batches = [source._batch({}, element, np) for element in elements]
            yield rows, _stacked(batches, rows.shape[:2]), parts

    def waste(self, rows: np.ndarray) -> dict[str, float]:
        """Padded / useful size of nodes and edges, over at most `NUM_TRIALS` of these steps."""
        parts = [self.part(row) for row in rows[:NUM_TRIALS].reshape(-1, rows.shape[-1])]
        useful = dict(
            nodes=sum(len(part.nodes) for part in parts),
            edges=sum(len(part.edges) for part in parts),
        )
        padded = dict(nodes=self.room[0] + 1, edges=self.room[1])
        return {name: len(parts) * padded[name] / max(count, 1) for name, count in useful.items()}

    def check(self) -> None:
        check_trainable(self.dataset)


def _check_one_graph(dataset: Dataset) -> None:
    if len(dataset) != 1:
        raise DatasetError(
            f"dataset: has {len(dataset)} graphs, and parts are sampled of one large graph. Give "
            "one graph, or batch whole graphs."
        )
    if dataset.targets.level != "node":
        raise DatasetError(
            f"dataset: the targets are of level {dataset.targets.level!r}, and parts are sampled "
            "for targets of level 'node'. Set them with Dataset.with_targets('node', ...), or "
            "train on the whole graph."
        )
    if dataset.targets.weights is not None:
        raise DatasetError(
            "dataset: its targets have weights, which parts of a graph do not keep. Leave them "
            "out, or train on the whole graph."
        )
    if dataset.pairs or dataset.edge_sets:
        raise DatasetError(
            f"dataset: has the columns of pairs {sorted(dataset.pairs)} and the edge sets "
            f"{sorted(dataset.edge_sets)}, which parts of a graph do not keep. Leave them out, or "
            "train on the whole graph."
        )


def with_slack(count: int) -> int:
    """5 % more than a count, and 64, so that small samples, which vary more, fit too."""
    return count + count // 20 + 64


def _stacked(trees: list[Any], axes: tuple[int, ...]) -> Any:
    """Trees of numpy arrays in one tree, with these leading axes."""
    return jax.tree.map(lambda *xs: np.stack(xs).reshape(*axes, *xs[0].shape), *trees)


def _padded(values: np.ndarray, length: int, filling: Any) -> np.ndarray:
    dtype = bool if values.dtype == bool else np.int32
    padded = np.full(length, filling, dtype)
    padded[: len(values)] = values
    return padded


def _masks(element: Any, xp: Any) -> tuple[Any, Any]:
    """Which places of the axes of nodes and of edges are real."""
    return tuple(
        xp.arange(element[name].shape[0], dtype=np.int32) < element["counts"][place]
        for place, name in enumerate(("nodes", "senders"))
    )


def _gathered(columns: Mapping[str, Any], element: Any, xp: Any) -> dict[str, Any]:
    """The columns of a part, with 0 in padding."""
    node_mask, edge_mask = _masks(element, xp)

    def rows(values: Any, source: Any, mask: Any) -> Any:
        values = xp.take(values, source, axis=0, mode="clip")
        mask = mask.reshape(mask.shape + (1,) * (values.ndim - 1))
        return xp.where(mask, values, np.zeros((), values.dtype))

    labels = columns["labels"]
    return dict(
        nodes={k: rows(v, element["nodes"], node_mask) for k, v in columns["nodes"].items()},
        edges={k: rows(v, element["edges"], edge_mask) for k, v in columns["edges"].items()},
        labels=None if labels is None else rows(labels, element["nodes"], node_mask),
    )
