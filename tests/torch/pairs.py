"""The same graphs for both frameworks, and what each computes from them."""

import dataclasses

import jax
import numpy as np
import torch

from experiments.benchmarks import weights
from gtx import graphs
from gtx.batch import Batch, Features
from gtx.batching import Budget, Columns, assemble
from gtx.data import Categorical, Continuous, Dataset, GraphSpec, Label
from gtx.ops import Tier

TOLERANCE = 1e-10
WALK = 20
SIZES = (1, 4, 5, 9)
# Places in two tiers, one of them empty; padding nodes and edges.
BUDGET = Budget(num_nodes=23, num_edges=50, tiers=(Tier(3, 5), Tier(2, 10)))
ROW = np.array([0, 1, 2, 3, -1], np.int32)


def make_dataset(seed: int = 0) -> Dataset:
    """A single node, isolated nodes, self-loops and duplicate edges; columns as in ZINC."""
    rng = np.random.default_rng(seed)
    made = []
    for size in SIZES:
        ends = rng.integers(0, max(size - 1, 1), (2, 0 if size == 1 else 2 * size))
        ends[:, :1] = ends[:, 1:2]
        made.append(
            graphs.from_arrays(
                *ends,
                n_node=size,
                nodes=dict(
                    type=rng.integers(0, 28, (size, 1)).astype(np.int32),
                    rwse=rng.uniform(size=(size, WALK)).astype(np.float32),
                ),
                edges=dict(type=rng.integers(0, 4, (ends.shape[1], 1)).astype(np.int32)),
            )
        )
    spec = GraphSpec(
        nodes=dict(type=Categorical((28,)), rwse=Continuous(WALK)),
        edges=dict(type=Categorical((4,))),
        label=Label("graph", "regression", 1),
    )
    labels = rng.normal(size=(len(SIZES), 1)).astype(np.float32)
    return Dataset.from_graphs(made, labels, spec=spec)


def make_batch(dataset: Dataset) -> Batch:
    return assemble(Columns.from_dataset(dataset), ROW, BUDGET)


@dataclasses.dataclass
class Inputs:
    """Random features of one batch, with NaN in gtx's padding, and PyG's view of the batch."""

    batch: Batch
    features: Features
    nodes: torch.Tensor
    edges: torch.Tensor
    edge_index: torch.Tensor
    graph: torch.Tensor

    @property
    def num_nodes(self) -> int:
        return len(self.nodes)


def make_inputs(dim: int, edge_dim: int | None = None, seed: int = 0) -> Inputs:
    rng = np.random.default_rng(seed)
    batch = make_batch(make_dataset())
    arrays = {}
    for name, mask, width in (
        ("nodes", batch.node_mask, dim),
        ("edges", batch.edge_mask, edge_dim or dim),
    ):
        arrays[name] = np.where(mask[:, None], rng.normal(size=(len(mask), width)), np.nan)
    real_edges = batch.edge_mask
    ends = np.stack([batch.senders[real_edges], batch.receivers[real_edges]]).astype(np.int64)
    return Inputs(
        batch=batch,
        features=Features(**arrays),
        nodes=tensor(arrays["nodes"][batch.node_mask]),
        edges=tensor(arrays["edges"][real_edges]),
        edge_index=torch.from_numpy(ends),
        graph=torch.from_numpy(batch.node_graph[batch.node_mask].astype(np.int64)),
    )


def tensor(values: np.ndarray) -> torch.Tensor:
    """A leaf whose gradient is wanted."""
    return torch.from_numpy(np.array(values)).requires_grad_()


def shake(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Float64, and no parameter left at 0 or 1, where an error could hide."""
    torch.manual_seed(seed)
    module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


PREFIX = "it"


def state(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers of a module named `PREFIX`."""
    return weights.arrays(torch.nn.ModuleDict({PREFIX: module}).state_dict())


def gradients(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """The gradient of every parameter of a module named `PREFIX`."""
    named = torch.nn.ModuleDict({PREFIX: module}).named_parameters()
    return weights.arrays((name, parameter.grad) for name, parameter in named)


def assert_close(ours, theirs, tolerance: float = TOLERANCE) -> None:
    """Two trees have the same structure and equal values, to `tolerance` of the largest."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    found = jax.tree_util.tree_leaves_with_path(ours)
    for (path, value), wanted in zip(found, jax.tree.leaves(theirs), strict=True):
        name = jax.tree_util.keystr(path)
        assert value.shape == wanted.shape, name
        assert value.dtype == wanted.dtype == np.float64, name
        error = np.abs(np.asarray(value) - wanted).max(initial=0)
        assert error <= tolerance * max(1.0, np.abs(wanted).max(initial=0)), (name, error)
