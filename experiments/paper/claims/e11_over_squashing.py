"""E11: what must pass through few edges is squeezed; what may go anywhere is not.

The task is NeighborsMatch of Alon and Yahav (2021). Items are pairs of a key and a value, one on a
node. One node holds a key and must answer with the value of the item that has this key. All items
are within r hops of it: they are the leaves of a binary tree, or all other nodes of a ring. The
second measurement, on molecules, is in `e11_molecules`.
"""

import functools
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.claims.e11_molecules import far_nodes_of_molecules
from experiments.paper.measurement import Measurement
from experiments.paper.modules import jit_once, pad_nodes
from experiments.paper.record import Recorded
from experiments.paper.training import SEEDS, keys_of, trainer
from gtx.batch import Batch, Features

DIM, VALUES, COPIES = 32, 4, 32
GLOBAL_LAYERS = 2
Shape = Literal["tree", "ring"]
Reach = Literal["edges", "complete"]
REACHES: tuple[Reach, Reach] = ("edges", "complete")
NAMES = {
    "edges": ("message passing", style.ORANGE),
    "complete": ("all pairs", style.BLUE),
    "complete_and_distances": ("all pairs, told distances", style.GREEN),
}
MARKS = {"tree": ("o", "-"), "ring": ("s", "--")}


class Task(NamedTuple):
    """A graph in which node 0 asks, and each node of `items` holds a key and a value."""

    adjacency: np.ndarray
    items: np.ndarray

    @property
    def width(self) -> int:
        """The number of features of a node: its role, its key, its value."""
        return 1 + len(self.items) + VALUES


def neighbors_match(shape: Shape, radius: int) -> Task:
    """The task on a tree or on a ring of this radius."""
    if shape == "tree":
        adjacency = graphs.binary_tree(radius)
        return Task(adjacency, np.arange(len(adjacency) - 2**radius, len(adjacency)))
    adjacency = graphs.ring(2 * radius)
    return Task(adjacency, np.arange(1, 2 * radius))


def draw_examples(task: Task, key: Any) -> tuple[Any, Any]:
    """Draw features [COPIES * nodes, width] and the right answers [COPIES]."""
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
    """Over edges a model has a layer more than hops, as in Alon and Yahav; over all pairs, two."""
    return Model(reach, radius + 1 if reach == "edges" else GLOBAL_LAYERS)


def accuracy(
    shape: Shape, radius: int, reach: Reach, *, steps: int, seeds: Sequence[int]
) -> list[float]:
    """The share of right answers on new examples after training, for each seed."""
    task, model = neighbors_match(shape, radius), model_of(reach, radius)
    n = len(task.adjacency)
    batch = batches.batch_of([task.adjacency] * COPIES)
    asking = np.arange(COPIES) * n

    def logits(params: Any, nodes: Any) -> Any:
        hidden = model.apply(params["model"], pad_nodes(nodes, batch), batch)
        return hidden[asking] @ params["head"]

    def init(key: Any) -> Any:
        nodes, _ = draw_examples(task, key)
        head = jax.random.normal(key, (DIM, VALUES)) / np.sqrt(DIM)
        return {"model": model.init(key, pad_nodes(nodes, batch), batch), "head": head}

    def loss(params: Any, key: Any, data: None) -> Any:
        nodes, answers = draw_examples(task, key)
        found = logits(params, nodes)
        return optax.softmax_cross_entropy_with_integer_labels(found, answers).mean()

    params, _ = trainer(init, loss, steps=steps, learning_rate=2e-3)(seeds, None)

    @jax.jit
    def right(params: Any, key: Any) -> Any:
        nodes, answers = draw_examples(task, key)
        return (logits(params, nodes).argmax(1) == answers).mean()

    fresh = jax.random.split(jax.random.key(10_000), 32)
    found = jax.lax.map(lambda key: jax.vmap(right, in_axes=(0, None))(params, key), fresh)
    return np.asarray(found).mean(0).tolist()


def jacobian_by_distance(
    shape: Shape, radius: int, reach: Reach, seeds: Sequence[int]
) -> np.ndarray:
    """The length of d h_0 / d x_j before training, as a mean over the nodes j at each distance.

    Returns:
      [seeds, radius + 1], for random features on all nodes of one graph.
    """
    task, model = neighbors_match(shape, radius), model_of(reach, radius)
    n, distance = len(task.adjacency), graphs.distances(task.adjacency)[0]
    batch = batches.batch_of([task.adjacency])

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
    """The slope of log10 over the distance, from 1 on, for each row of `jacobian_by_distance`."""
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
    """Measure accuracy and Jacobians over edges and over all pairs as the radius grows."""
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


def first_signs(
    radius: int = 3, seeds: Sequence[int] = range(8), reaches: Sequence[Reach] = REACHES
) -> Measurement:
    """Measure what needs no training: how Jacobians fall with distance on rings."""
    return Measurement(
        {},
        {
            f"slope_ring_{reach}": slopes(jacobian_by_distance("ring", radius, reach, seeds))
            for reach in reaches
        },
    )


def draw_figure(recorded: Recorded) -> Figure:
    """Draw look-ups and means of far nodes, and how far inputs are felt before training."""
    curves = recorded.curves
    figure, axes = style.new(2, 2, height=7.4)
    _look_ups(axes[0, 0], curves)
    _felt(axes[0, 1], curves)
    _sums(axes[1, 0], curves)
    _felt_on_molecules(axes[1, 1], curves)
    handles: dict[str, Any] = {}
    for axis in axes.flat:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


def _look_ups(axis: Axes, curves: Any) -> None:
    for reach, (name, colour) in list(NAMES.items())[:2]:
        for shape, (marker, line) in MARKS.items():
            found = curves["accuracy"][f"{shape} {reach}"]
            radii = [int(radius) for radius in found]
            options = dict(marker=marker, linestyle=line, color=colour, label=f"{name}, {shape}")
            style.spread_line(axis, radii, list(found.values()), **options)
    axis.axhline(curves["chance"], color=style.GREY, linestyle=":")
    axis.text(2, curves["chance"] - 0.08, "chance", color=style.GREY)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(0, 1.05)
    axis.set_title("look-up: right answers", fontsize=14)
    axis.set_xlabel("radius of the problem")


def _felt(axis: Axes, curves: Any) -> None:
    for reach, (_, colour) in list(NAMES.items())[:2]:
        for shape, (marker, line) in MARKS.items():
            lengths = np.mean(np.log10(curves["jacobian"][f"{shape} {reach}"]), axis=0)[1:]
            x = np.arange(1, len(lengths) + 1)
            axis.semilogy(x, 10.0**lengths, marker=marker, linestyle=line, color=colour)
    axis.set_title("|∂ answer / ∂ input|, untrained", fontsize=14)
    axis.set_xlabel("distance on the tree or ring")


def _sums(axis: Axes, curves: Any) -> None:
    for reach, (name, colour) in NAMES.items():
        found = curves["explained"][reach]
        radii = [int(radius) for radius in found]
        options = dict(marker="^", color=colour, label=f"{name}, molecules")
        style.spread_line(axis, radii, list(found.values()), **options)
    axis.axhline(0, color=style.GREY, linestyle=":")
    axis.set_ylim(-0.12, 1.05)
    axis.set_xticks([int(radius) for radius in curves["explained"]["edges"]])
    axis.set_title("mean of far atoms: R²", fontsize=14)
    axis.set_xlabel("bonds to these atoms")


def _felt_on_molecules(axis: Axes, curves: Any) -> None:
    for reach, lengths in curves["jacobian_on_molecules"].items():
        mean = 10.0 ** np.mean(np.log10(lengths), axis=0)[1:]
        axis.semilogy(np.arange(1, len(mean) + 1), mean, "^-", color=NAMES[reach][1])
    axis.set_title("|∂ answer / ∂ input|, untrained", fontsize=14)
    axis.set_xlabel("bonds between two atoms")


CLAIM = Claim(
    number=11,
    place="3",
    says="Attention over all pairs captures global context, free of the over-squashing of a fixed "
    "sparse graph.",
    test="A look-up: NeighborsMatch (Alon and Yahav, 2021) with the same blocks over edges and "
    "over all pairs, trees of depth 2-5, rings of radius 2-7, 2,000 steps, 5 seeds; decay of the "
    "Jacobian. No look-up: on molecules of 20 to 32 atoms, the mean of random numbers of all "
    "atoms 1, 3 or 5 bonds away, asked on molecules that were not trained on; decay of the "
    "Jacobian there, and its fall with the size of a set.",
    measure=over_squashing,
    gates=(
        Gate(
            "worst_global_tree",
            ">=",
            0.99,
            "accuracy of global attention at its worst depth, trees",
        ),
        Gate(
            "worst_global_ring",
            ">=",
            0.99,
            "accuracy of global attention at its worst radius, rings",
        ),
        Gate("fall_tree", ">=", 0.2, "fall of message passing's accuracy with depth, trees"),
        Gate("fall_ring", ">=", 0.2, "fall of message passing's accuracy with radius, rings"),
        Gate("slope_tree_edges", "<=", -0.1, "log10 slope of the Jacobian per hop, edges of trees"),
        Gate("slope_ring_edges", "<=", -0.1, "log10 slope of the Jacobian per hop, edges of rings"),
        Gate(
            "slope_tree_complete",
            ">=",
            -0.1,
            "the same over all pairs of trees, a control that cannot miss",
        ),
        Gate(
            "slope_ring_complete",
            ">=",
            -0.1,
            "the same over all pairs of rings, a control that cannot miss",
        ),
        Gate(
            "slope_molecules_edges",
            "<=",
            -0.1,
            "log10 slope of the Jacobian per bond, edges of molecules",
        ),
        Gate("slope_molecules_complete", ">=", -0.1, "the same over all pairs of molecules"),
        Gate(
            "fall_molecules_edges",
            ">=",
            0.2,
            "fall of R2 from means 1 bond away to means 5 bonds away, edges of molecules",
        ),
        Gate(
            "fall_molecules_complete_and_distances",
            "<=",
            0.1,
            "the same over all pairs that are told distances",
        ),
        limit(
            "explained_complete_5",
            "<=",
            0.1,
            "R2 of means 5 bonds away, all pairs that are told no distances",
        ),
        limit(
            "power_of_size_complete",
            "<=",
            -0.5,
            "power of the number of nodes with which the Jacobian of another node changes",
        ),
    ),
    effect="look-ups fall by {fall_tree:.2f} (trees), {fall_ring:.2f} (rings) over edges, over all "
    "pairs at least {worst_global_tree:.3f}; R2 of means 5 bonds away (and 1): edges "
    "{explained_edges_5:.2f} ({explained_edges_1:.2f}), all pairs {explained_complete_5:.2f} "
    "({explained_complete_1:.2f}), told distances {explained_complete_and_distances_5:.2f} "
    "({explained_complete_and_distances_1:.2f}); Jacobian 10^({slope_molecules_edges:.2f}) per "
    "bond over edges, n^({power_of_size_complete:.2f}) over all pairs",
    argument="What is far must be told apart by what the nodes hold, as the keys of a look-up, or "
    "by an encoding: without distances all pairs explain {explained_complete_5:.2f} of a mean 5 "
    "bonds away. And what does not fade with distance fades with size: the mean over n nodes lets "
    "another node be felt as n^({power_of_size_complete:.2f}).",
    conditional=True,
    also=(far_nodes_of_molecules,),
    draw=draw_figure,
    draws_record=True,
)
