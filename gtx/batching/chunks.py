"""Where the compiled training step gets its batches from: resident on the device, or streamed.

The step is compiled for a chunk of many batches. It asks a source for

    constants        a pytree that it takes as an argument of every call (replicated)
    chunk(rows)      a pytree with leading axes [steps, shards], made on the host from plan rows
    batch(constants, element)
                     inside the compiled step: one Batch from an element of the chunk, without
                     those two axes

so that the same step serves both. A chunk of `Resident` is the indices themselves.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import jraph
import numpy as np

from gtx.batch import Batch
from gtx.batching.assemble import Columns, assemble
from gtx.batching.budget import Budget, most_targets
from gtx.batching.plan import plan
from gtx.data.dataset import Dataset
from gtx.ops.layout import Tier


@runtime_checkable
class Source(Protocol):
    """What the training step asks for batches; see the module docstring."""

    budget: Budget
    constants: Any

    def chunk(self, rows: np.ndarray) -> Any: ...

    def batch(self, constants: Any, element: Any) -> Batch: ...


@dataclasses.dataclass(frozen=True, eq=False)
class Resident:
    """All columns stay on the device; a chunk is plan rows, int32 [steps, shards, graphs].

    Attributes:
      constants: Columns, as device arrays.
      budget: the static shape of its batches.
    """

    constants: Columns
    budget: Budget

    @classmethod
    def from_dataset(cls, dataset: Dataset, budget: Budget, *, sharding: Any = None) -> "Resident":
        """Move `dataset` to a device, or as `sharding` says (replicated over a mesh)."""
        columns = jax.device_put(Columns.from_dataset(dataset, pairs=budget.dense), sharding)
        return cls(columns, budget)

    def chunk(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows, np.int32)

    def batch(self, constants: Columns, element: Any) -> Batch:
        return assemble(constants, element, self.budget, xp=jnp)


@dataclasses.dataclass(frozen=True, eq=False)
class Streamed:
    """Columns stay on the host; a chunk is its Batches, stacked to [steps, shards, ...].

    Attributes:
      dataset: may be larger than the device, and than int32 can index.
      budget: the static shape of its batches.
    """

    dataset: Dataset
    budget: Budget
    constants: None = None

    def chunk(self, rows: np.ndarray) -> Batch:
        # The graphs of this chunk alone become columns, so no index outgrows int32.
        used, local = np.unique(np.maximum(rows, 0), return_inverse=True)
        local = np.where(rows < 0, -1, local.reshape(rows.shape)).astype(np.int32)
        part = self.dataset.select(used)
        columns = Columns.from_dataset(part, pairs=self.budget.dense)
        batches = [assemble(columns, row, self.budget) for row in local.reshape(-1, rows.shape[-1])]
        return jax.tree.map(
            lambda *xs: np.stack(xs).reshape(*rows.shape[:2], *xs[0].shape), *batches
        )

    def batch(self, constants: None, element: Batch) -> Batch:
        return element


def make_batches(
    dataset: Dataset,
    budget: Budget,
    *,
    seed: int,
    epoch: int = 0,
    shuffle: bool = True,
    stratified: bool = True,
) -> Iterator[Batch]:
    """The batches of one epoch as numpy arrays, made one at a time.

    With `budget.num_shards > 1` every array of a batch has a leading axis of shards.
    """
    rows = plan(dataset, budget, seed=seed, epoch=epoch, shuffle=shuffle, stratified=stratified)
    source = Streamed(dataset, budget)
    strip = (0, 0) if budget.num_shards == 1 else (0,)
    for step in range(len(rows)):
        yield jax.tree.map(lambda array: array[strip], source.chunk(rows[step : step + 1]))


def batch_graphs(
    graphs: Dataset | jraph.GraphsTuple | Iterable[jraph.GraphsTuple],
    *,
    padded: bool | None = None,
    dense: bool = True,
) -> Batch:
    """All graphs in one Batch on the default device, in their order, with one padding node.

    Node pairs are padded to the largest graph. For a loop over many batches use a Budget.

    Args:
      graphs: with the same columns.
      padded: whether GraphsTuples end in jraph's padding, which is left out: see `gtx.graphs`.
      dense: whether the batch has a layout and pairs; see `Budget`.
    """
    if not isinstance(graphs, Dataset):
        dataset = Dataset.from_graphs(graphs, padded=padded)
    elif padded is None:
        dataset = graphs
    else:
        raise ValueError("padded says of GraphsTuples what they end in; a Dataset has no padding")
    if len(dataset) == 0:
        raise ValueError("there are no graphs to batch")
    targets = most_targets(dataset, len(dataset))
    budget = Budget(
        num_nodes=int(dataset.num_nodes.sum()) + 1,
        num_edges=max(1, int(dataset.num_edges.sum())),
        tiers=(Tier(len(dataset), max(1, int(dataset.num_nodes.max()))),),
        dense=dense,
        num_targets=None if targets is None else max(targets, 1),
    )
    row = np.arange(len(dataset), dtype=np.int32)
    columns = Columns.from_dataset(dataset, pairs=dense)
    return jax.device_put(assemble(columns, row, budget))
