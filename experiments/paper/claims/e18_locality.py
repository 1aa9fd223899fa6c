"""E18: whether a Transformer that may attend to any node learns to attend to those near by.

The labels are a property of a whole molecule, or the community of a node. They do not speak of
neighbours, as those of `e18_control` do. The model does not read the edges: only Laplacian vectors
tell it where a node stands.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.claims.e18_control import locality
from experiments.paper.measurement import Measurement
from experiments.paper.record import Recorded
from experiments.paper.training import SEEDS, keys_of, trainer
from gtx import batching, encodings
from gtx.batch import Batch, Features
from gtx.data import Dataset, scaling
from gtx.data.sources import SBMCluster, Solubility
from gtx.data.spec import Label

DIM, LAYERS, HEADS, VECTORS = 64, 3, 4, 8
BATCH, SHOWN = 32, 128
# The Laplacian vectors stand at their nodes, or are dealt out to the wrong nodes of each graph.
HINTS = ("vectors", "shuffled")
FAR = 7  # longer distances are counted as this one
DATA = {
    "communities": "communities of\nblock models",
    "molecules": "solubility of\nmolecules",
}


class Model(nn.Module):
    """Reads types and vectors; has blocks over all pairs; gives a row for each node or graph."""

    num_types: int
    out: int
    of_nodes: bool

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Any:
        types = gtx.nn.CategoricalEncoder("type", (self.num_types,), DIM, name="types")
        places = gtx.nn.LaplacianLinearEncoder("laplacian", DIM, name="places")
        features = Features(nodes=types(batch, train=train) + places(batch, train=train))
        attention = functools.partial(gtx.nn.MultiHeadAttention, num_heads=HEADS)
        for number in range(LAYERS):
            block = gtx.nn.TransformerBlock(DIM, attention, name=f"block_{number}")
            features = block(features, batch, train=train)
        nodes = gtx.nn.LayerNorm(name="norm")(features.nodes, batch.node_mask, train=train)
        if not self.of_nodes:
            nodes = gtx.nn.Pool("mean", name="pool")(Features(nodes=nodes), batch, train=train)
        return gtx.nn.Linear(self.out, name="head")(nodes)


def hinted(dataset: Dataset, hint: str) -> Dataset:
    """The dataset with Laplacian vectors of length sqrt(nodes), at their nodes or at others."""
    dataset = encodings.apply(dataset, [encodings.LaplacianEigenvectors(VECTORS, trivial=False)])
    name = "laplacian_vectors"
    vectors, rng = np.array(dataset.nodes[name]), np.random.default_rng(0)
    for start, stop in zip(dataset.node_ptr[:-1], dataset.node_ptr[1:], strict=True):
        rows = vectors[start:stop] * np.sqrt(stop - start)
        vectors[start:stop] = rng.permutation(rows) if hint == "shuffled" else rows
    return dataset.with_columns("node", {name: vectors}, {name: dataset.spec.nodes[name]})


def shares(weights: np.ndarray, distance: np.ndarray, receivers: int) -> np.ndarray:
    """The weight that a receiver gives to distances 0 to FAR, as a mean over receivers.

    Args:
      weights: the weights of pairs, [pairs, ...].
      distance: the distance of each pair; -1 for a pair that does not count.
      receivers: how many receivers there are.

    Returns:
      [..., FAR + 1].
    """
    found = [weights[distance == hop].sum(0) / receivers for hop in range(FAR + 1)]
    return np.stack(found, axis=-1)


def over_uniform(found: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The share of neighbours in what does not go to the node itself, over their uniform share.

    Args:
      found: the result of `shares` for the attention weights.
      uniform: the result of `shares` for equal weights.
    """
    return (found[..., 1] / (1 - found[..., 0])) / (uniform[1] / (1 - uniform[0]))


def loss_of(found: Any, batch: Batch, label: Label) -> Any:
    """The mean square error of the standardised label, or the cross-entropy, without padding."""
    if label.kind == "regression":
        wanted = (batch.targets.labels - label.mean[0]) / label.std[0]
        error, mask = ((found - wanted) ** 2)[:, 0], batch.graph_mask
    else:
        error = optax.softmax_cross_entropy_with_integer_labels(found, batch.targets.labels)
        mask = batch.node_mask
    return jnp.where(mask, error, 0).sum() / mask.sum()


def score(found: np.ndarray, dataset: Dataset) -> float:
    """The share of the variance that is explained, or the share of nodes that are right."""
    label, wanted = dataset.spec.label, np.asarray(dataset.targets.labels)
    found = found[: len(wanted)]
    if label.kind == "regression":
        guess = found * label.std[0] + label.mean[0]
        return float(1 - np.mean((guess - wanted) ** 2) / np.var(wanted))
    return float((found.argmax(1) == wanted).mean())


def trained(
    dataset: Dataset, *, steps: int, seeds: Sequence[int], hints: Sequence[str] = HINTS
) -> dict[str, dict[str, np.ndarray]]:
    """Train a model for each hint and seed, and look at test graphs before and after.

    Returns:
      hint -> "before" and "after": `shares`, [seeds, layers, heads, distances]. "uniform": the
      shares of equal weights, [distances]. "score": that of the test part, for each seed.
    """
    label, part = dataset.spec.label, dataset.part("train")
    budget = batching.fit_budget(part, BATCH, num_tiers=2)
    epochs = range(-(-steps * BATCH // len(part)))
    rows = np.concatenate([batching.plan(part, budget, seed=0, epoch=epoch) for epoch in epochs])
    model = Model(dataset.spec.nodes["type"].sizes[0], label.dim, label.level == "node")

    def batch_of(data: Any, place: Any) -> Batch:
        columns, rows = data
        return batching.assemble(columns, rows[place, 0], budget, xp=jnp)

    def init(key: Any) -> Any:
        return model.init(key, first, train=False)

    def loss(params: Any, key: Any, data: Any) -> Any:
        batch = batch_of(data, jax.random.randint(key, (), 0, len(rows)))
        found = model.apply(params, batch, train=True, rngs={"dropout": key})
        return loss_of(found, batch, label)

    train = trainer(init, loss, steps=steps, learning_rate=1e-3)
    start = jax.jit(jax.vmap(init))
    predict = jax.jit(lambda params, batch: model.apply(params, batch, train=False))
    weights = jax.jit(functools.partial(attention_weights, model))
    keys = jax.vmap(lambda key: jax.random.fold_in(key, 0))(keys_of(seeds))
    results = {}
    for hint in hints:
        told = hinted(dataset, hint)
        columns = jax.device_put(batching.Columns.from_dataset(told.part("train")))
        data = columns, jnp.asarray(rows)
        first = batch_of(data, 0)
        last, _ = train(seeds, data)
        params = {"before": start(keys), "after": last}
        test = told.part("test")
        shown = Shown(test)
        found: dict[str, Any] = {"before": [], "after": [], "score": []}
        for number, _ in enumerate(seeds):
            for name, all_seeds in params.items():
                own = jax.tree.map(lambda values, n=number: values[n], all_seeds)
                found[name].append(shown.shares(np.asarray(weights(own, shown.batch))))
            everyone = predict(own, batching.batch_graphs(test))
            found["score"].append(score(np.asarray(everyone), test))
        uniform = {"uniform": shown.uniform}
        results[hint] = uniform | {key: np.asarray(values) for key, values in found.items()}
    return results


def attention_weights(model: Model, params: Any, batch: Batch) -> Any:
    """The attention weights of a model, [pairs, layers, heads]."""
    _, changed = model.apply(params, batch, train=False, mutable=["intermediates"])
    blocks = [changed["intermediates"][f"block_{number}"] for number in range(LAYERS)]
    return jnp.stack([block["attention"]["weights"][0] for block in blocks], axis=1)


class Shown:
    """Some graphs of at least two nodes, as one batch, and the distances in them."""

    def __init__(self, dataset: Dataset):
        chosen = dataset.select(np.nonzero(dataset.num_nodes > 1)[0][:SHOWN])
        chosen = encodings.apply(chosen, [encodings.ShortestPathDistance(FAR - 1)])
        self.batch, self.receivers = batching.batch_graphs(chosen), int(chosen.num_nodes.sum())
        inside = np.asarray(self.batch.pair_mask)
        self.distance = np.where(inside, np.asarray(self.batch.pairs["spd"])[:, 0], -1)
        even = np.zeros(len(inside))
        even[inside] = np.concatenate([np.full(n * n, 1 / n) for n in chosen.num_nodes])
        self.uniform = self.shares(even)

    def shares(self, weights: np.ndarray) -> np.ndarray:
        """The `shares` of weights [pairs, layers, heads], as [layers, heads, distances]."""
        return shares(weights, self.distance, self.receivers)


def molecules() -> Dataset:
    """The solubility of 1,282 molecules, of which 1,025 train. Features are types of atoms."""
    return scaling.standardize(Solubility(features="types").load())


def communities(num_graphs: int = 1200) -> Dataset:
    """Communities of a block model; one node of each is known. It is CLUSTER, but sparse."""
    return SBMCluster(
        num_graphs, num_communities=4, min_size=5, max_size=10, inside=0.5, across=0.05
    ).load()


def hops_learned(
    steps: int = 400, seeds: Sequence[int] = SEEDS, hints: Sequence[str] = HINTS
) -> Measurement:
    """Measure attention to neighbours over uniform, on molecules and on block models."""
    per_seed: dict[str, list[float]] = {}
    curves: dict[str, Any] = {}
    for name, load in {"molecules": molecules, "communities": communities}.items():
        for hint, found in trained(load(), steps=steps, seeds=seeds, hints=hints).items():
            ratios = {w: over_uniform(found[w], found["uniform"]) for w in ("before", "after")}
            for when in ("before", "after"):
                near = over_uniform(found[when].mean((1, 2)), found["uniform"])
                per_seed[f"{when}_{name}_{hint}"] = near.tolist()
            most = ratios["after"].reshape(len(seeds), -1).max(1)
            per_seed[f"nearest_head_{name}_{hint}"] = most.tolist()
            per_seed[f"score_{name}_{hint}"] = found["score"].tolist()
            curves[f"{name}_{hint}"] = {
                **{when: found[when].mean((1, 2)).tolist() for when in ("before", "after")},
                "uniform": found["uniform"].tolist(),
                # Heads have no order. The one that looks at neighbours most is put first.
                "over_uniform_by_head": np.sort(ratios["after"])[..., ::-1].mean(0).tolist(),
            }
        if {"vectors", "shuffled"} <= set(hints):
            pair = (per_seed[f"nearest_head_{name}_{hint}"] for hint in ("vectors", "shuffled"))
            per_seed[f"gain_{name}"] = np.subtract(*pair).tolist()
    return Measurement({}, per_seed, curves)


def draw_figure(recorded: Recorded) -> Figure:
    """Draw attention by distance before and after training, and that of each head."""
    curves = recorded.curves
    names = [name for name in DATA if f"{name}_vectors" in curves]
    figure, axes = style.new(2, len(names) + 1, height=6.6, height_ratios=(1.15, 1))
    far = FAR
    hops = np.arange(1, far + 1)
    for column, name in enumerate(names):
        axis = axes[0, column]
        uniform = np.asarray(curves[f"{name}_vectors"]["uniform"])
        for hint, when, label, colour, line in (
            ("vectors", "before", "before training", style.GREY, "x--"),
            ("shuffled", "after", "after, wrong vectors", style.ORANGE, "s-"),
            ("vectors", "after", "after, Laplacian vectors", style.BLUE, "o-"),
        ):
            found = _relative(np.asarray(curves[f"{name}_{hint}"][when]), uniform)[:, 1:]
            axis.plot(hops, found.mean(0), line, color=colour, label=label, markersize=5, lw=1.8)
            axis.vlines(hops, found.min(0), found.max(0), color=colour, lw=1.5)
        axis.set_title(DATA[name], fontsize=13)
        axis.set_xticks(hops, [*map(str, hops[:-1]), f"{far}+"], fontsize=12)
        axis = axes[1, column]
        heads = np.asarray(curves[f"{name}_vectors"]["over_uniform_by_head"])
        image = axis.imshow(heads, cmap="PuOr_r", vmin=0, vmax=2)
        for (i, j), value in np.ndenumerate(heads):
            ink = "white" if abs(value - 1) > 0.8 else "black"
            axis.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=12, color=ink)
        axis.set_title("neighbours, by head", fontsize=13)
        axis.set_xticks(range(heads.shape[1]), range(1, heads.shape[1] + 1), fontsize=11)
        axis.set_yticks(range(heads.shape[0]), range(1, heads.shape[0] + 1), fontsize=11)
        axis.set_xlabel("heads, sorted", fontsize=12)
    axes[0, 0].set_ylabel("attention weight\n(1: all alike)")
    axes[1, 0].set_ylabel("layer", fontsize=12)
    bar = figure.colorbar(
        image, ax=list(axes[1, : len(names)]), location="bottom", shrink=0.7, pad=0.03, extend="max"
    )
    bar.set_label("weight of neighbours (1: all alike)", fontsize=12)
    _control(figure, axes[:, -1], curves)
    for axis in axes[0]:
        axis.axhline(1, color=style.GREY, linestyle=":", lw=1.5)
        axis.set_ylim(0, 3.2)
        axis.set_xlabel("distance", fontsize=12)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=12,
        handlelength=1.6, columnspacing=1,
    )  # fmt: skip
    return figure


def _relative(found: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """What does not go to the node itself, by distance, relative to equal weights."""
    return found / (1 - found[..., :1]) / (uniform / (1 - uniform[0]))


def _control(figure: Figure, axes: Any, curves: Mapping[str, Any]) -> None:
    """Draw the control, in which the label is the mean over the neighbours."""
    found = curves["grid_LapPE"]
    uniform = np.asarray(found["uniform"])
    after, before = (_relative(np.asarray(found[w]), uniform)[:, 1:] for w in ("after", "before"))
    hops = np.arange(1, after.shape[1] + 1)
    axes[0].plot(hops, before.mean(0), "x--", color=style.GREY, markersize=5, lw=1.8)
    axes[0].plot(hops, after.mean(0), "o-", color=style.BLUE, markersize=5, lw=1.8)
    axes[0].set_title("control: asked for\nneighbours, grid", fontsize=13)
    axes[0].set_xticks(hops)
    image = style.matrix(axes[1], found["weights"], bar=False)
    rows, columns = np.nonzero(np.asarray(found["adjacency"]))
    axes[1].plot(columns, rows, "s", markersize=5, mfc="none", mec=style.RED, mew=1)
    axes[1].set_title("weights (red: edges)", fontsize=13)
    axes[1].set_xlabel("sender", fontsize=12)
    axes[1].set_ylabel("receiver", fontsize=12)
    bar = figure.colorbar(image, ax=axes[1], location="bottom", shrink=0.9, pad=0.03)
    bar.set_label("attention weight", fontsize=12)


CLAIM = Claim(
    number=18,
    place="4",
    says="Transformers can learn locality at scale, which positional encodings as hints help.",
    test="Three blocks of four heads without mask or edges, told the types of the nodes and "
    "Laplacian vectors; as a control vectors dealt out to the wrong nodes. Labels that do not "
    "speak of neighbours: the solubility of molecules, the communities of block models; 5 seeds, "
    "attention on test graphs. Measured is the weight of neighbours (distance 1) in what does not "
    "go to the node itself, over their share if all others counted alike. Where the label is the "
    "mean over the neighbours, which is circular, one attention alone is measured to see that the "
    "measure can see locality (rings, grids, block models of 16 nodes; weight within one hop over "
    "uniform).",
    measure=hops_learned,
    gates=(
        Gate("score_molecules_vectors", ">=", 0.6, "R2 of the test molecules"),
        Gate("score_communities_vectors", ">=", 0.6, "accuracy on test block models"),
        Gate(
            "nearest_head_communities_vectors",
            ">=",
            2,
            "neighbours over uniform in the head that looks at them most, block models",
        ),
        Gate("gain_communities", ">", 0, "the same less that of wrong vectors"),
        limit("nearest_head_communities_shuffled", "<=", 1.5, "the same of wrong vectors"),
        limit("nearest_head_molecules_vectors", "<=", 1.5, "the same, molecules"),
        limit("after_ring_LapPE", ">=", 2, "where the label is the mean of neighbours, rings"),
        limit("after_grid_LapPE", ">=", 2, "the same, grids"),
        limit("after_blocks_LapPE", ">=", 2, "the same, block models"),
        limit("after_ring_none", "<=", 1.2, "the same without positions, rings"),
        limit("after_grid_none", "<=", 1.2, "the same without positions, grids"),
        limit("after_blocks_none", "<=", 1.2, "the same without positions, block models"),
    ),
    effect="block models: the head that looks at neighbours most gives them "
    "{nearest_head_communities_vectors:.1f} times their equal share "
    "({nearest_head_communities_shuffled:.1f} with wrong vectors), all heads together "
    "{after_communities_vectors:.1f}, accuracy {score_communities_vectors:.2f}; molecules: "
    "{nearest_head_molecules_vectors:.1f} and {after_molecules_vectors:.1f}, R2 "
    "{score_molecules_vectors:.2f}",
    argument="The label must reward it and the positions must be told. Where communities are "
    "asked, which are mostly near, some heads learn to look at neighbours "
    "({nearest_head_communities_vectors:.1f} times their share, with wrong vectors "
    "{nearest_head_communities_shuffled:.1f}), all heads together hardly "
    "({after_communities_vectors:.1f}); where solubility is asked none does "
    "({nearest_head_molecules_vectors:.1f}), and it is predicted all the same. The models are "
    'small: "at scale" is not tested.',
    conditional=True,
    also=(locality,),
    draw=draw_figure,
    draws_record=True,
    notebook="02_positions_and_structure",
)
