"""Batches made on the host: one batch of all graphs, those of an epoch, or a stack of steps."""

from collections.abc import Iterable, Iterator

import jax
import jraph
import numpy as np

from gtx.batch import Batch
from gtx.batching.assemble import Columns, assemble
from gtx.batching.budget import Budget, most_targets
from gtx.batching.plan import plan
from gtx.data.dataset import Dataset
from gtx.data.sharded import in_memory
from gtx.ops.layout import Tier


def make_batches(
    dataset: Dataset,
    budget: Budget,
    *,
    seed: int,
    epoch: int = 0,
    shuffle: bool = True,
) -> Iterator[Batch]:
    """The batches of one epoch as numpy arrays, made one at a time.

    With `budget.num_shards > 1` every array of a batch has a leading axis of shards.
    """
    rows = plan(dataset, budget, seed=seed, epoch=epoch, shuffle=shuffle)
    strip = (0, 0) if budget.num_shards == 1 else (0,)
    for step in range(len(rows)):
        stacked = stack_batches(dataset, budget, rows[step : step + 1])
        yield jax.tree.map(lambda array: array[strip], stacked)


def stack_batches(dataset: Dataset, budget: Budget, rows: np.ndarray) -> Batch:
    """The batches of some rows of a plan as numpy arrays, in one Batch.

    Args:
      dataset: may be larger than int32 can index.
      budget: the static shape of each batch.
      rows: int32 [steps, shards, graphs_per_shard], -1 for a place without a graph.

    Returns:
      A Batch whose arrays have the leading axes [steps, shards].
    """
    # Only the graphs of these rows become columns, so that no index exceeds int32.
    used, local = np.unique(np.maximum(rows, 0), return_inverse=True)
    local = np.where(rows < 0, -1, local.reshape(rows.shape)).astype(np.int32)
    part = in_memory(dataset if len(used) == len(dataset) else dataset.select(used))
    columns = Columns.from_dataset(part, pairs=budget.dense)
    batches = [assemble(columns, row, budget) for row in local.reshape(-1, rows.shape[-1])]
    return jax.tree.map(lambda *xs: np.stack(xs).reshape(*rows.shape[:2], *xs[0].shape), *batches)


def batch_graphs(
    graphs: Dataset | jraph.GraphsTuple | Iterable[jraph.GraphsTuple],
    *,
    padded: bool | None = None,
    dense: bool = True,
) -> Batch:
    """All graphs in one Batch on the default device, in their order, with one padding node.

    Node pairs are padded to the largest graph. For a loop over many batches use a Budget.

    Args:
      graphs: graphs with the same columns.
      padded: whether GraphsTuples end in jraph's padding, which is then left out: see `gtx.graphs`.
      dense: whether the batch has a layout and pairs; see `Budget`.
    """
    if not isinstance(graphs, Dataset):
        dataset = Dataset.from_graphs(graphs, padded=padded)
    elif padded is None:
        dataset = graphs
    else:
        raise ValueError("padded says of GraphsTuples what they end in; a Dataset has no padding.")
    if len(dataset) == 0:
        raise ValueError("there are no graphs to batch.")
    targets = most_targets(dataset, len(dataset))
    budget = Budget(
        num_nodes=int(dataset.num_nodes.sum()) + 1,
        num_edges=max(1, int(dataset.num_edges.sum())),
        tiers=(Tier(len(dataset), max(1, int(dataset.num_nodes.max()))),),
        dense=dense,
        num_targets=None if targets is None else max(targets, 1),
        edge_sets=tuple(
            (name, max(1, len(edges.senders))) for name, edges in dataset.edge_sets.items()
        ),
    )
    row = np.arange(len(dataset), dtype=np.int32)
    columns = Columns.from_dataset(dataset, pairs=dense)
    return jax.device_put(assemble(columns, row, budget))
