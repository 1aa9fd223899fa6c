"""E11 on molecules: how much a far atom is felt, and whether a mean over far atoms is learned."""

import functools
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs
from experiments.paper.measurement import Measurement
from experiments.paper.modules import jit_once, pad_nodes
from experiments.paper.training import SEEDS, keys_of, trainer
from gtx.batch import Batch, Features
from gtx.data.sources import Solubility

DIM, HEADS, GRAPHS = 32, 4, 8
FAR, LAYERS_OVER_PAIRS = 10, 2
RADII, SIZES = (1, 3, 5), (8, 16, 32, 64, 128)
# Blocks over bonds; blocks over all pairs; the same with the distance of each pair as a bias.
Reach = Literal["edges", "complete", "complete_and_distances"]
REACHES: tuple[Reach, ...] = ("edges", "complete", "complete_and_distances")


class Molecules(NamedTuple):
    """Some molecules as one graph, and the shortest paths between their atoms."""

    batch: Batch
    distance: np.ndarray  # [nodes, nodes], infinite between molecules
    pairs: np.ndarray  # [pairs of the layout, FAR + 2], one-hot


def large_molecules(start: int, count: int = GRAPHS) -> Molecules:
    """The largest molecules of the solubility set that have at most 32 atoms and are connected."""
    dataset = Solubility(features="types").load()
    sizes = np.where(dataset.num_nodes <= 32, dataset.num_nodes, 0)
    found: list[np.ndarray] = []
    for number in np.argsort(-sizes, kind="stable"):
        graph, n = dataset[int(number)], int(dataset.num_nodes[number])
        adjacency = np.zeros((n, n))
        adjacency[graph.receivers, graph.senders] = 1
        if np.isfinite(graphs.distances(adjacency)).all():
            found.append(adjacency)
        if len(found) == start + count:
            break
    chosen = found[start:]
    batch = batches.batch_of(chosen)
    hops = [np.minimum(graphs.distances(one), FAR + 1) for one in chosen]
    columns = [{("pair", "d"): np.eye(FAR + 2)[one.astype(int)]} for one in hops]
    pairs = np.asarray(batches.with_columns(batch, columns).pairs["d"], np.float32)
    return Molecules(batch, graphs.distances(graphs.union(*chosen)), pairs)


class Model(nn.Module):
    """Blocks over edges or over all pairs. They may read features of pairs."""

    reach: Reach
    layers: int

    @nn.compact
    def __call__(self, nodes: Any, batch: Batch, pairs: Any = None) -> Any:
        told = self.reach == "complete_and_distances"
        attention = functools.partial(
            gtx.nn.MultiHeadAttention,
            num_heads=HEADS,
            structure="edges" if self.reach == "edges" else "complete",
            pair_bias=told,
        )
        into = gtx.nn.Linear(DIM, name="embed")(nodes)
        features = Features(nodes=into, pairs=pairs if told else None)
        for number in range(self.layers):
            block = gtx.nn.TransformerBlock(DIM, attention, name=f"block_{number}")
            features = block(features, batch, train=False)
        return gtx.nn.LayerNorm(name="norm")(features.nodes, batch.node_mask, train=False)


def explained(
    reach: Reach, radius: int, *, steps: int, seeds: Sequence[int], train: Any, test: Any
) -> list[float]:
    """Train a model to give the mean of the numbers of all nodes `radius` hops away.

    Returns:
      For each seed, the share of the variance that the model explains on molecules that it has not
      seen, over the nodes that have others so far away.
    """
    model = Model(reach, radius + 1 if reach == "edges" else LAYERS_OVER_PAIRS)

    def problem(molecules: Molecules, key: Any) -> tuple[Any, Any, Any]:
        there = jnp.asarray(molecules.distance == radius, jnp.float32)
        numbers = jax.random.normal(key, (len(there),))
        counts = there.sum(1)
        return numbers[:, None], there @ numbers / jnp.maximum(counts, 1), counts > 0

    def answers(params: Any, molecules: Molecules, numbers: Any) -> Any:
        batch = molecules.batch
        hidden = model.apply(params["model"], pad_nodes(numbers, batch), batch, molecules.pairs)
        return hidden[: len(numbers)] @ params["head"]

    def error(params: Any, molecules: Molecules, key: Any) -> tuple[Any, Any]:
        numbers, wanted, some = problem(molecules, key)
        squares = jnp.where(some, (answers(params, molecules, numbers) - wanted) ** 2, 0)
        return squares.sum() / some.sum(), jnp.where(some, wanted**2, 0).sum() / some.sum()

    def init(key: Any) -> Any:
        numbers, _, _ = problem(train, key)
        first = model.init(key, pad_nodes(numbers, train.batch), train.batch, train.pairs)
        return {"model": first, "head": jax.random.normal(key, (DIM,)) / DIM}

    def loss(params: Any, key: Any, data: None) -> Any:
        return error(params, train, key)[0]

    params, _ = trainer(init, loss, steps=steps, learning_rate=3e-3)(seeds, None)

    @jax.jit
    def tested(params: Any) -> Any:
        keys = jax.random.split(jax.random.key(10_000), 8)
        wrong, variance = jax.vmap(lambda key: error(params, test, key))(keys)
        return 1 - wrong.mean() / variance.mean()

    return np.asarray(jax.vmap(tested)(params)).tolist()


def felt_by_distance(reach: Reach, seeds: Sequence[int], molecules: Molecules) -> np.ndarray:
    """The length of d h_i / d x_j before training, as a mean over the pairs at each distance.

    Message passing has FAR layers, so that it reaches that far.

    Returns:
      [seeds, FAR + 1].
    """
    model = Model(reach, FAR if reach == "edges" else LAYERS_OVER_PAIRS)
    batch, distance = molecules.batch, molecules.distance
    n = len(distance)

    @jit_once
    def lengths(key: Any) -> Any:
        nodes = jax.random.normal(key, (n, 8))
        params = model.init(key, pad_nodes(nodes, batch), batch, molecules.pairs)
        # One output in a random direction has the same mean square as all outputs, and is cheaper.
        way = jax.random.normal(jax.random.fold_in(key, 1), (n, DIM))

        def along(nodes: Any) -> Any:
            out = model.apply(params, pad_nodes(nodes, batch), batch, molecules.pairs)[:n]
            return (out * way).sum(1)

        return jnp.sqrt((jax.jacrev(along)(nodes) ** 2).sum(-1))

    found = [np.asarray(lengths(key)) for key in keys_of(seeds)]
    return np.array([[one[distance == hop].mean() for hop in range(FAR + 1)] for one in found])


def felt_by_size(seeds: Sequence[int], sizes: Sequence[int] = SIZES) -> np.ndarray:
    """The same for blocks over all pairs, by the number of nodes of a set, [seeds, sizes]."""
    found = []
    for size in sizes:
        distance = graphs.complete(size)
        molecules = Molecules(batches.batch_of([distance]), np.minimum(distance, 1), np.zeros(0))
        found.append(_felt_by_others(seeds, molecules))
    return np.stack(found, axis=1)


def _felt_by_others(seeds: Sequence[int], molecules: Molecules) -> np.ndarray:
    model, batch = Model("complete", LAYERS_OVER_PAIRS), molecules.batch
    n = len(molecules.distance)

    @jit_once
    def length(key: Any) -> Any:
        nodes = jax.random.normal(key, (n, 8))
        params = model.init(key, pad_nodes(nodes, batch), batch)
        jacobian = jax.jacrev(lambda x: model.apply(params, pad_nodes(x, batch), batch)[0])(nodes)
        return jnp.sqrt((jacobian**2).sum((0, 2)))[1:].mean()

    return np.array([float(length(key)) for key in keys_of(seeds)])


def far_nodes_of_molecules(
    steps: int = 300,
    seeds: Sequence[int] = SEEDS,
    radii: Sequence[int] = RADII,
    reaches: Sequence[Reach] = REACHES,
) -> Measurement:
    """Measure how Jacobians fall with distance and with size, and train on means of far nodes."""
    train, test = large_molecules(0), large_molecules(GRAPHS)
    per_seed: dict[str, list[float]] = {}
    curves: dict[str, Any] = dict(explained={}, jacobian_on_molecules={})
    hops = np.arange(1, FAR + 1)
    for reach in REACHES[:2]:
        lengths = felt_by_distance(reach, seeds, test)
        curves["jacobian_on_molecules"][reach] = lengths.tolist()
        slope = np.polyfit(hops, np.log10(lengths[:, 1:]).T, 1)[0]
        per_seed[f"slope_molecules_{reach}"] = slope.tolist()
    by_size = felt_by_size(seeds)
    curves["jacobian_by_size"] = dict(zip(map(str, SIZES), by_size.T.tolist(), strict=True))
    slope = np.polyfit(np.log10(SIZES), np.log10(by_size).T, 1)[0]
    per_seed["power_of_size_complete"] = slope.tolist()
    for reach in reaches:
        found = {
            radius: explained(reach, radius, steps=steps, seeds=seeds, train=train, test=test)
            for radius in radii
        }
        curves["explained"][reach] = {str(radius): values for radius, values in found.items()}
        for radius in radii:
            per_seed[f"explained_{reach}_{radius}"] = found[radius]
        ends = found[min(radii)], found[max(radii)]
        per_seed[f"fall_molecules_{reach}"] = np.subtract(*ends).tolist()
    return Measurement({}, per_seed, curves)
