"""E18 where the label is the mean over the neighbours: here attention must become local.

This shows that the measure of E18 can see locality.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs
from experiments.paper.encoded_block import (
    flipped,
    rotated,
)
from experiments.paper.measurement import Measurement
from experiments.paper.training import SEEDS, keys_of, trainer
from gtx import encodings
from gtx.batch import Batch, Features

NODES, WIDTH, DIM = 16, 8, 32
POOL, HELD_OUT, SETS = 64, 16, 16
# What is trained: kind of graph, encoding, number of heads.
TRAINED = (
    *((kind, encoding, 1) for kind in ("ring", "grid", "blocks") for encoding in ("LapPE", "none")),
    ("blocks", "RWSE", 1),
    *((kind, "LapPE", 2) for kind in ("ring", "grid", "blocks")),
)


def draw_graphs(kind: str, count: int, seed: int) -> np.ndarray:
    """Draw graphs of 16 nodes, [count, 16, 16], each with its nodes in random order."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        adjacency = {
            "ring": lambda: graphs.ring(NODES),
            "grid": lambda: graphs.grid(4, 4),
            "blocks": lambda: graphs.block_model(rng, (4, 4, 4, 4), 0.8, 0.05),
        }[kind]()
        order = rng.permutation(NODES)
        found.append(adjacency[order][:, order])
    return np.stack(found)


def encode(name: str, adjacency: np.ndarray, seed: int) -> np.ndarray:
    """The encoding [graphs, nodes, WIDTH]; zeros for "none".

    Eigenvectors get random signs and bases.
    """
    if name == "LapPE":
        rng = np.random.default_rng(seed)
        # All eigenvectors are rotated, so that eigenspaces are whole. Then the smoothest are taken.
        columns = batches.encoded(encodings.LaplacianEigenvectors(NODES), adjacency)
        columns = [rotated(flipped(own, rng), rng) for own in columns]
        vectors = np.stack([own["node", "laplacian_vectors"] for own in columns])
        return np.sqrt(NODES) * vectors[..., 1 : WIDTH + 1]
    if name == "RWSE":
        return encodings.RandomWalk(WIDTH)(adjacency)["node", "rwse"]
    return np.zeros((*adjacency.shape[:2], WIDTH))


class Model(nn.Module):
    """One attention over all pairs of nodes, which has to find the neighbours by itself."""

    heads: int

    @nn.compact
    def __call__(self, signal: Any, encoded: Any, batch: Batch) -> Any:
        count = signal.size
        nodes = jnp.concatenate([signal.reshape(count, 1), encoded.reshape(count, WIDTH)], axis=1)
        nodes = jnp.pad(nodes, ((0, len(batch.node_mask) - count), (0, 0)))
        features = Features(nodes=gtx.nn.Linear(DIM, name="embed")(nodes))
        attention = gtx.nn.MultiHeadAttention(DIM, num_heads=self.heads, name="attention")
        features = attention(features, batch, train=False)
        return gtx.nn.Linear(1, name="head")(features.nodes)[:count].reshape(signal.shape)


@functools.cache
def _programs(steps: int, heads: int) -> tuple[Callable[..., Any], ...]:
    batch = batches.batch_of([graphs.complete(NODES)] * SETS)
    model = Model(heads)

    def init(key: Any) -> Any:
        return model.init(key, jnp.zeros((SETS, NODES)), jnp.zeros((SETS, NODES, WIDTH)), batch)

    def loss(params: Any, key: Any, data: Any) -> Any:
        """The error of the mean of random numbers at the neighbours."""
        which, noise = jax.random.split(key)
        rows = jax.random.randint(which, (SETS,), 0, POOL)
        signal = jax.random.normal(noise, (SETS, NODES))
        neighbours = data["neighbours"][rows]
        target = jnp.einsum("gij,gj->gi", neighbours, signal)
        return jnp.mean((model.apply(params, signal, data["encoded"][rows], batch) - target) ** 2)

    @jax.jit
    def weights(params: Any, encoded: Any, key: Any) -> Any:
        """The attention weights [graphs, receiver, sender], as a mean over heads."""
        signal = jax.random.normal(key, (SETS, NODES))
        _, changed = model.apply(params, signal, encoded, batch, mutable=["intermediates"])
        (found,) = changed["intermediates"]["attention"]["weights"]
        return found.reshape(SETS, NODES, NODES, heads).mean(-1)

    return trainer(init, loss, steps=steps, learning_rate=5e-3), jax.jit(jax.vmap(init)), weights


def mass_by_hop(weights: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The share of the attention that goes to nodes at distance 0, 1, 2, ...; the sum is 1."""
    hops = np.arange(int(distance.max()) + 1)
    return np.array([(weights * (distance == hop)).sum(-1).mean() for hop in hops])


def learned(
    kind: str, encoding: str, heads: int, *, steps: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """Train on one kind of graph, and look at held-out graphs before and after.

    Returns:
      "before" and "after": shares of attention, [seeds, hops]. "uniform": the shares if all nodes
      counted alike, [hops]. "explained": the share of the variance that is explained after
      training, for each seed. "weights": the weights [nodes, nodes] of the first held-out graph
      with the first seed. "adjacency": the matrix of that graph.
    """
    train, start, weights = _programs(steps, heads)
    adjacency = draw_graphs(kind, POOL + HELD_OUT, seed=0)
    encoded = encode(encoding, adjacency, seed=1)
    neighbours = adjacency / adjacency.sum(2, keepdims=True)
    data = {
        "encoded": jnp.asarray(encoded[:POOL], jnp.float32),
        "neighbours": jnp.asarray(neighbours[:POOL], jnp.float32),
    }
    held_out = jnp.asarray(encoded[POOL:], jnp.float32)
    first = start(jax.vmap(lambda key: jax.random.fold_in(key, 0))(keys_of(seeds)))
    last, losses = train(seeds, data)
    distance = np.stack([graphs.distances(graph) for graph in adjacency[POOL:]])
    found: dict[str, Any] = {"before": [], "after": []}
    for number, _ in enumerate(seeds):
        for name, params in (("before", first), ("after", last)):
            own = jax.tree.map(lambda values, n=number: values[n], params)
            matrix = np.asarray(weights(own, held_out, jax.random.key(77)))
            found[name].append(mass_by_hop(matrix, distance))
            if number == 0:
                found["weights"] = matrix[0]
    found["uniform"] = mass_by_hop(np.full_like(distance, 1 / NODES), distance)
    variance = (neighbours[:POOL] ** 2).sum(2).mean()
    found["explained"] = 1 - np.asarray(losses)[:, -max(1, steps // 20) :].mean(1) / variance
    found["adjacency"] = adjacency[POOL]
    return found


def locality(
    steps: int = 1500,
    seeds: Sequence[int] = SEEDS,
    trained: Sequence[tuple[str, str, int]] = TRAINED,
) -> Measurement:
    """Measure attention within one hop, as a multiple of its share if all nodes counted alike."""
    per_seed: dict[str, list[float]] = {}
    curves: dict[str, Any] = {}
    for kind, encoding, heads in trained:
        found = learned(kind, encoding, heads, steps=steps, seeds=seeds)
        name = f"{kind}_{encoding}" + ("" if heads == 1 else f"_{heads}_heads")
        near = found["uniform"][:2].sum()
        for when in ("before", "after"):
            per_seed[f"{when}_{name}"] = [float(m[:2].sum() / near) for m in found[when]]
        per_seed[f"explained_{name}"] = found["explained"].tolist()
        curves[name] = {key: np.asarray(value).tolist() for key, value in found.items()}
    return Measurement({}, per_seed, curves)
