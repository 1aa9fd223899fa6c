"""E11: what must pass through few edges is squeezed; what may go anywhere is not.

NeighborsMatch of Alon and Yahav (2021): items are (key, value) pairs on nodes, one node holds a
key and must answer with the value of the item that has it. All items are within r hops of it, on
a binary tree as its leaves, on a ring as all other nodes.
"""

import functools
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import gtx.nn
from experiments.paper import graphs
from experiments.paper.modules import jit_once, pad_nodes
from experiments.paper.results import Measurement
from experiments.paper.training import SEEDS, keys_of, trainer
from gtx.batch import Batch, Features

DIM, VALUES, COPIES = 32, 4, 32
GLOBAL_LAYERS = 2
Shape = Literal["tree", "ring"]
Reach = Literal["edges", "complete"]
REACHES: tuple[Reach, Reach] = ("edges", "complete")


class Task(NamedTuple):
    """One graph; node 0 asks, and the nodes `items` hold a key and a value each."""

    adjacency: np.ndarray
    items: np.ndarray

    @property
    def width(self) -> int:
        """Of the features of a node: role, key, value."""
        return 1 + len(self.items) + VALUES


def neighbors_match(shape: Shape, radius: int) -> Task:
    if shape == "tree":
        adjacency = graphs.binary_tree(radius)
        return Task(adjacency, np.arange(len(adjacency) - 2**radius, len(adjacency)))
    adjacency = graphs.ring(2 * radius)
    return Task(adjacency, np.arange(1, 2 * radius))


def draw(task: Task, key: Any) -> tuple[Any, Any]:
    """Features [COPIES * nodes, width] and the answers [COPIES]."""
    n, count = len(task.adjacency), len(task.items)
    keys = jax.random.split(key, 3)
    labels = jax.vmap(lambda k: jax.random.permutation(k, count))(jax.random.split(keys[0], COPIES))
    values = jax.random.randint(keys[1], (COPIES, count), 0, VALUES)
    asked = jax.random.randint(keys[2], (COPIES,), 0, count)
    nodes = jnp.zeros((COPIES, n, task.width))
    item = jnp.concatenate(
        [
            jnp.zeros((COPIES, count, 1)),
            jax.nn.one_hot(labels, count),
            jax.nn.one_hot(values, VALUES),
        ],
        axis=-1,
    )
    nodes = nodes.at[:, task.items].set(item)
    nodes = nodes.at[:, 0, 0].set(1).at[:, 0, 1 : 1 + count].set(jax.nn.one_hot(asked, count))
    found = jnp.argmax(labels == asked[:, None], axis=1)
    return nodes.reshape(COPIES * n, -1), values[jnp.arange(COPIES), found]


class Model(nn.Module):
    """The same blocks over the edges of the graph, or over all pairs of nodes."""

    reach: Reach
    layers: int

    @nn.compact
    def __call__(self, nodes: Any, batch: Batch) -> Any:
        attention = functools.partial(gtx.nn.MultiHeadAttention, num_heads=2, structure=self.reach)
        features = Features(nodes=gtx.nn.Linear(DIM, name="embed")(nodes))
        for number in range(self.layers):
            block = gtx.nn.TransformerBlock(DIM, attention, name=f"block_{number}")
            features = block(features, batch, train=False)
        return gtx.nn.LayerNorm(name="norm")(features.nodes, batch.node_mask, train=False)


def model_of(reach: Reach, radius: int) -> Model:
    """One layer more than hops, as Alon and Yahav have it; two layers for all pairs."""
    return Model(reach, radius + 1 if reach == "edges" else GLOBAL_LAYERS)


def accuracy(
    shape: Shape, radius: int, reach: Reach, *, steps: int, seeds: Sequence[int]
) -> list[float]:
    """Share of right answers on fresh examples after training, for each seed."""
    task, model = neighbors_match(shape, radius), model_of(reach, radius)
    n = len(task.adjacency)
    batch = graphs.batch_of([task.adjacency] * COPIES)
    asking = np.arange(COPIES) * n

    def logits(params: Any, nodes: Any) -> Any:
        hidden = model.apply(params["model"], pad_nodes(nodes, batch), batch)
        return hidden[asking] @ params["head"]

    def init(key: Any) -> Any:
        nodes, _ = draw(task, key)
        head = jax.random.normal(key, (DIM, VALUES)) / np.sqrt(DIM)
        return {"model": model.init(key, pad_nodes(nodes, batch), batch), "head": head}

    def loss(params: Any, key: Any, data: None) -> Any:
        nodes, answers = draw(task, key)
        found = logits(params, nodes)
        return optax.softmax_cross_entropy_with_integer_labels(found, answers).mean()

    params, _ = trainer(init, loss, steps=steps, learning_rate=2e-3)(seeds, None)

    @jax.jit
    def right(params: Any, key: Any) -> Any:
        nodes, answers = draw(task, key)
        return (logits(params, nodes).argmax(1) == answers).mean()

    fresh = jax.random.split(jax.random.key(10_000), 32)
    found = jax.lax.map(lambda key: jax.vmap(right, in_axes=(0, None))(params, key), fresh)
    return np.asarray(found).mean(0).tolist()


def jacobian_by_distance(
    shape: Shape, radius: int, reach: Reach, seeds: Sequence[int]
) -> np.ndarray:
    """Length of d h_0 / d x_j at the start of training, mean over j at each distance.

    Returns:
      [seeds, radius + 1], for random features on all nodes of one graph.
    """
    task, model = neighbors_match(shape, radius), model_of(reach, radius)
    n, distance = len(task.adjacency), graphs.distances(task.adjacency)[0]
    batch = graphs.batch_of([task.adjacency])

    @jit_once
    def lengths(key: Any) -> Any:
        nodes = jax.random.normal(key, (n, task.width))
        params = model.init(key, pad_nodes(nodes, batch), batch)
        jacobian = jax.jacrev(lambda nodes: model.apply(params, pad_nodes(nodes, batch), batch)[0])(
            nodes
        )
        return jnp.sqrt((jacobian**2).sum((0, 2)))

    found = np.stack([np.asarray(lengths(key)) for key in keys_of(seeds)])
    hops = [found[:, distance == hop].mean(1) for hop in range(radius + 1)]
    return np.stack(hops, axis=1)


def slopes(lengths: np.ndarray) -> list[float]:
    """Slope of log10 over the distance, from 1 on, for each row of `jacobian_by_distance`."""
    hops = np.arange(1, lengths.shape[1])
    return np.polyfit(hops, np.log10(lengths[:, 1:]).T, 1)[0].tolist()


def over_squashing(
    *,
    steps: int = 2000,
    seeds: Sequence[int] = SEEDS,
    tree_radii: Sequence[int] = (2, 3, 4, 5),
    ring_radii: Sequence[int] = (2, 3, 4, 5, 6, 7),
    far: int = 6,
) -> Measurement:
    """E11: accuracy of message passing and of attention over all pairs, as the radius grows."""
    per_seed: dict[str, list[float]] = {}
    curves: dict[str, Any] = {"accuracy": {}, "jacobian": {}, "chance": 1 / VALUES}
    shapes: tuple[tuple[Shape, Sequence[int]], ...] = (("tree", tree_radii), ("ring", ring_radii))
    for shape, radii in shapes:
        for reach in REACHES:
            lengths = jacobian_by_distance(shape, far, reach, seeds)
            per_seed[f"slope_{shape}_{reach}"] = slopes(lengths)
            curves["jacobian"][f"{shape} {reach}"] = lengths.tolist()
            found = {
                radius: accuracy(shape, radius, reach, steps=steps, seeds=seeds) for radius in radii
            }
            curves["accuracy"][f"{shape} {reach}"] = {str(r): a for r, a in found.items()}
            if found and reach == "edges":
                near, distant = found[min(radii)], found[max(radii)]
                per_seed[f"fall_{shape}"] = np.subtract(near, distant).tolist()
            elif found:
                per_seed[f"worst_global_{shape}"] = np.min(list(found.values()), axis=0).tolist()
    return Measurement({}, per_seed, curves)


def first_signs(radius: int = 3, seeds: Sequence[int] = range(8)) -> Measurement:
    """What of E11 needs no training: the decay of Jacobians on rings."""
    return Measurement(
        {},
        {
            f"slope_ring_{reach}": slopes(jacobian_by_distance("ring", radius, reach, seeds))
            for reach in REACHES
        },
    )
