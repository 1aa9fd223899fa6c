"""Links with new negatives in every step."""

import dataclasses
import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch, Targets
from gtx.batching.assemble import Columns, assemble
from gtx.batching.budget import Budget, most_targets
from gtx.batching.sources.graphs import Graphs
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.links import KnownLinks, check_links

# Draws for each negative. If all of them are links, the place stays empty.
_ATTEMPTS = 8


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("columns", "ptr", "receivers"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class LinkColumns:
    """What stays on the device: the columns of the graphs, and the known links.

    Attributes:
      columns: of the graphs.
      ptr: int32 [nodes + 1], the first link of each node of the dataset.
      receivers: int32 [links], places in their graph, rising for each sender.
    """

    columns: Columns
    ptr: Any
    receivers: Any


@dataclasses.dataclass(frozen=True, eq=False)
class SampledNegatives(Graphs):
    """The positive pairs of a dataset, each with pairs that are no link, drawn anew in each step.

    What is drawn for a link depends on the seed, the step, and the places of its nodes; not on the
    batch or the number of shards. So a run that is resumed draws the same. A drawn pair is neither
    a positive of this dataset nor an edge of its graph, if edges are links, nor a node with itself;
    links of other parts are not known here. Where every draw for a place is a link, which happens
    to nodes that are linked to nearly all others, the place is left out. A negative has the weight
    of its link.

    The negatives of the dataset itself are not read. In a batch the negatives follow all positives.

    Attributes:
      dataset: the training part; its targets are pairs with one yes-or-no label.
      budget: the static shape of a batch, without the negatives that are drawn.
      num_negatives: for each link.
      corrupt: "receiver" replaces the receiver of a link; "both" draws both nodes of its graph.
      edges: whether the edges of the graphs are links too.
    """

    dataset: Dataset
    budget: Budget
    num_negatives: int = 1
    corrupt: Literal["receiver", "both"] = "receiver"
    edges: bool = True

    def __post_init__(self) -> None:
        check_links(self.dataset)
        if self.num_negatives < 1 or self.corrupt not in ("receiver", "both"):
            raise DatasetError(
                f"SampledNegatives: num_negatives is {self.num_negatives} and corrupt is "
                f"{self.corrupt!r}. Give a number of at least 1, and 'receiver' or 'both'."
            )
        table = self.dataset.targets
        assert table.labels is not None
        links = table.take(np.flatnonzero(table.labels[:, 0] == 1))
        object.__setattr__(self, "dataset", dataclasses.replace(self.dataset, targets=links))

    @functools.cached_property
    def _own_budget(self) -> Budget:
        """The budget with as many targets as there are links, not those of other parts."""
        links = most_targets(self.dataset, self.budget.graphs_per_shard)
        return dataclasses.replace(self.budget, num_targets=max(links or 0, 1))

    @property
    def constants(self) -> LinkColumns:
        known, dataset = KnownLinks.of(self.dataset, edges=self.edges), self.dataset
        senders = np.repeat(np.arange(len(known.ptr) - 1), np.diff(known.ptr))
        graph = np.searchsorted(dataset.node_ptr, senders, side="right") - 1
        receivers = known.receivers - dataset.node_ptr[graph]
        return LinkColumns(
            columns=Columns.from_dataset(dataset, pairs=self.budget.dense),
            ptr=known.ptr.astype(np.int32),
            receivers=np.append(receivers, 0).astype(np.int32),  # never empty
        )

    def batch(self, constants: LinkColumns, element: Any, key: Any) -> Batch:
        batch = assemble(constants.columns, element, self._own_budget, xp=jnp)
        targets = batch.targets
        assert targets is not None
        sender, receiver = targets.index.T
        slot = batch.node_graph[sender]
        n_node = batch.graph.n_node
        # The places of padding are in the last graph, whose row is none of the dataset.
        first = jnp.cumsum(n_node) - n_node
        start, size = first[slot], n_node[slot]
        row = jnp.append(jnp.maximum(jnp.asarray(element, jnp.int32), 0), 0)[slot]
        offset = constants.columns.node_ptr[row]
        count, attempts = self.num_negatives, (self.num_negatives, _ATTEMPTS)

        def draw(graph: Any, sender: Any, receiver: Any, size: Any) -> tuple[Any, Any]:
            own = jax.random.fold_in(key, graph)
            own = jax.random.fold_in(jax.random.fold_in(own, sender), receiver)
            both = jax.random.randint(own, (2, *attempts), 0, size)
            kept = jnp.broadcast_to(sender, attempts)
            return (kept if self.corrupt == "receiver" else both[0]), both[1]

        ids = batch.graph_ids[slot]
        drawn = jax.vmap(draw)(ids, sender - start, receiver - start, size)
        drawn_sender, drawn_receiver = drawn  # [links, negatives, attempts], places in the graph
        linked = _among(constants, offset[:, None, None] + drawn_sender, drawn_receiver)
        free = ~linked & (drawn_sender != drawn_receiver)
        choice = jnp.argmax(free, axis=-1)[..., None]
        pairs = jnp.stack(
            [jnp.take_along_axis(ends, choice, axis=-1)[..., 0] for ends in drawn], axis=-1
        )
        pairs = pairs + start[:, None, None]
        mask = targets.mask[:, None] & free.any(axis=-1)
        pairs = jnp.where(mask[..., None], pairs, targets.index[:, None])

        def joined(own: Any, more: Any) -> Any:
            return jnp.concatenate([own, more.reshape(-1, *own.shape[1:])])

        weights = targets.weights
        if weights is not None:
            weights = joined(weights, jnp.repeat(weights, count))
        return batch.replace(
            targets=Targets(
                "pair",
                joined(targets.index, pairs).astype(jnp.int32),
                joined(targets.labels, jnp.zeros((mask.size, 1), targets.labels.dtype)),
                joined(targets.mask, mask),
                weights,
            )
        )

    def identity(self) -> dict[str, Any]:
        settings: dict[str, Any] = dict(num_negatives=self.num_negatives, corrupt=self.corrupt)
        if not self.edges:  # runs before there was this field have none
            settings["edges"] = False
        return {**super().identity(), "class": "SampledNegatives", **settings}


def _among(known: LinkColumns, sender: Any, receiver: Any) -> Any:
    """Whether pairs are known links, by a binary search among the links of the sender.

    Args:
      known: the links.
      sender: numbers of nodes of the dataset.
      receiver: places in its graph, of the same shape.
    """
    low, end = known.ptr[sender], known.ptr[sender + 1]
    high = end
    for _ in range(int(known.receivers.shape[0]).bit_length()):
        middle = (low + high) // 2
        smaller = (low < high) & (known.receivers[middle] < receiver)
        low, high = jnp.where(smaller, middle + 1, low), jnp.where(smaller, high, middle)
        high = jnp.maximum(high, low)
    return (low < end) & (
        known.receivers[jnp.minimum(low, known.receivers.shape[0] - 1)] == receiver
    )
