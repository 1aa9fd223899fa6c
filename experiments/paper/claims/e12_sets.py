"""E12: a Transformer without positions computes functions of sets: which, and of what size."""

import functools
from collections.abc import Sequence
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.batches import complete_structure
from experiments.paper.claim import X64, Claim, Gate, limit
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import apply, pad_nodes, parameters
from experiments.paper.record import Recorded
from experiments.paper.training import SEEDS, trainer
from gtx.batch import Batch, Features
from gtx.ops import attention, pool

DIM, SIZES = 8, (1, 4, 7)
# Models train on sets of 1 to 8 elements of 4 kinds. Afterwards they are asked about larger ones.
WIDTH, KINDS, COPIES, LEARNED, ASKED = 32, 4, 6, 8, (2, 4, 8, 16, 32, 64)
SETS_ASKED = 48
Task = Literal["max", "count"]
LAYERS = {
    "SAB": functools.partial(gtx.nn.SetAttentionBlock, DIM, num_heads=2),
    "ISAB": functools.partial(gtx.nn.ISAB, DIM, num_points=3, num_heads=2),
    "Transformer": functools.partial(
        gtx.nn.TransformerBlock, DIM, functools.partial(gtx.nn.MultiHeadAttention, num_heads=2)
    ),
}


def deep_sets(x: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The equivariant linear layer of Zaheer et al. (2017): a map of each row, one of the mean."""
    return x @ own + np.broadcast_to(x.mean(0) @ others, (len(x), others.shape[1]))


def attention_layer(x: Any, w_q: Any, w_k: Any, w_v: Any, skip: Any) -> Any:
    """A head of equations 2 to 4 over all pairs, added to a linear map of the node itself."""
    query, key, value = ((x @ w)[:, None] for w in (w_q, w_k, w_v))
    return x @ skip + attention(query, key, value, complete_structure(len(x)), scale=1.0)[:, 0]


def identities(n: int = 12) -> Measurement:
    """Measure what holds for any parameters, without training.

    Attention with W_Q = 0 is the layer of Deep Sets. SAB and ISAB follow a permutation of the set,
    and PMA ignores it. If every element comes twice, nothing changes: there are twice as many
    weights, each half as large.
    """
    rng = np.random.default_rng(0)
    values: dict[str, float] = {}
    with jax.enable_x64(True):
        x = rng.normal(size=(n, DIM))
        w_q, w_k, w_v, skip = rng.normal(size=(4, DIM, DIM))
        arrays = [jnp.asarray(value) for value in (x, w_q, w_k, w_v, skip)]
        expected = deep_sets(x, skip, w_v)
        uniform = attention_layer(arrays[0], jnp.zeros((DIM, DIM)), *arrays[2:])
        values["deep_sets"] = largest_difference(uniform, expected)
        values["deep_sets_with_queries"] = largest_difference(attention_layer(*arrays), expected)

        batch = batches.batch_of([graphs.complete(size) for size in SIZES])
        starts = np.cumsum([0, *SIZES])
        order = np.concatenate(
            [start + rng.permutation(size) for start, size in zip(starts, SIZES, strict=False)]
        )
        rows = rng.normal(size=(starts[-1], DIM))
        before, after = (Features(nodes=pad_nodes(r, batch)) for r in (rows, rows[order]))
        equivariance, change = [], []
        for factory in LAYERS.values():
            module = factory(param_dtype=jnp.float64)
            variables = parameters(module, before, batch, seed=1)
            one, two = (
                np.asarray(apply(module, variables, given, batch).nodes)[: starts[-1]]
                for given in (before, after)
            )
            equivariance.append(largest_difference(two, one[order]))
            change.append(largest_difference(two, one))
        values["equivariance"], values["not_renumbered"] = max(equivariance), min(change)
        pool = gtx.nn.PMA(num_seeds=2, num_heads=2, param_dtype=jnp.float64)
        variables = parameters(pool, before, batch, seed=1)
        pooled = [np.asarray(apply(pool, variables, g, batch))[:3] for g in (before, after)]
        values["invariance"] = largest_difference(*pooled)
        values["pma_tells_sets_apart"] = largest_difference(pooled[0][1], pooled[0][2])
        values["elements_twice"] = _elements_twice(rng.normal(size=(5, DIM)))
    return Measurement(values)


def _elements_twice(rows: np.ndarray) -> float:
    """The largest change of a block and of the pool when every element of a set comes twice."""
    n, changes = len(rows), []
    single, double = (batches.batch_of([graphs.complete(k * n)]) for k in (1, 2))
    once = Features(nodes=pad_nodes(rows, single))
    twice = Features(nodes=pad_nodes(np.concatenate([rows, rows]), double))
    for name in ("SAB", "Transformer"):
        module = LAYERS[name](param_dtype=jnp.float64)
        variables = parameters(module, once, single, seed=1)
        one = apply(module, variables, once, single).nodes[:n]
        two = apply(module, variables, twice, double).nodes[:n]
        changes.append(largest_difference(one, two))
    module = gtx.nn.PMA(num_seeds=2, num_heads=2, param_dtype=jnp.float64)
    variables = parameters(module, once, single, seed=1)
    pooled = (apply(module, variables, once, single), apply(module, variables, twice, double))
    return max(*changes, largest_difference(*(rows[0] for rows in pooled)))


class SetModel(nn.Module):
    """Two blocks over all pairs. Then attention pools the elements, or they are added up."""

    summed: bool

    @nn.compact
    def __call__(self, nodes: Any, batch: Batch) -> Any:
        attention = functools.partial(gtx.nn.MultiHeadAttention, num_heads=2)
        features = Features(nodes=gtx.nn.Linear(WIDTH, name="embed")(nodes))
        for number in range(2):
            block = gtx.nn.TransformerBlock(WIDTH, attention, name=f"block_{number}")
            features = block(features, batch, train=False)
        if self.summed:
            rows = gtx.nn.Linear(1, name="score")(features.nodes)
            args = batch.node_graph, len(batch.graph_mask)
            return pool(rows, *args, method="sum", where=batch.node_mask)[:, 0]
        rows = gtx.nn.PMA(num_seeds=1, num_heads=2, name="pma")(features, batch, train=False)
        return gtx.nn.Linear(1, name="head")(rows.reshape(len(batch.graph_mask), -1))[:, 0]


def draw_sets(task: Task, key: Any, batch: Batch) -> tuple[Any, Any]:
    """Draw elements with a kind and a number, [nodes, KINDS + 1], and the answer for each set.

    "max": the largest of the numbers. "count": how many elements are of the first kind.
    """
    kinds, numbers = jax.random.split(key)
    kind = jax.random.randint(kinds, (len(batch.node_mask),), 0, KINDS)
    number = jax.random.normal(numbers, (len(batch.node_mask),))
    sets = batch.node_graph, len(batch.graph_mask)
    nodes = jnp.concatenate([jax.nn.one_hot(kind, KINDS), number[:, None]], axis=1)
    asked = number[:, None] if task == "max" else 1.0 * (kind == 0)[:, None]
    method = "max" if task == "max" else "sum"
    return nodes, pool(asked, *sets, method=method, where=batch.node_mask)[:, 0]


def learned(
    task: Task, summed: bool, *, steps: int, seeds: Sequence[int]
) -> dict[int, list[tuple[float, float]]]:
    """Train on sets of 1 to 8 elements, then ask about sets of each size.

    Returns:
      size -> for each seed, the share of the variance of the answers that is explained, and the
      mean answer divided by the mean of the right answers.
    """
    batch = batches.batch_of([graphs.complete(n) for n in range(1, LEARNED + 1)] * COPIES)
    model = SetModel(summed)

    def init(key: Any) -> Any:
        return model.init(key, draw_sets(task, key, batch)[0], batch)

    def loss(params: Any, key: Any, data: None) -> Any:
        nodes, wanted = draw_sets(task, key, batch)
        error = jnp.where(batch.graph_mask, model.apply(params, nodes, batch) - wanted, 0)
        return (error**2).sum() / batch.graph_mask.sum()

    params, _ = trainer(init, loss, steps=steps, learning_rate=2e-3)(seeds, None)
    found = {}
    for size in ASKED:
        asked = batches.batch_of([graphs.complete(size)] * SETS_ASKED)
        nodes, wanted = draw_sets(task, jax.random.key(10_000), asked)
        answer = jax.jit(
            jax.vmap(lambda p, nodes=nodes, asked=asked: model.apply(p, nodes, asked))
        )(params)[:, :SETS_ASKED]
        wanted = wanted[:SETS_ASKED]
        explained = 1 - ((answer - wanted) ** 2).mean(1) / wanted.var()
        ratio = answer.mean(1) / wanted.mean()
        found[size] = list(zip(explained.tolist(), ratio.tolist(), strict=True))
    return found


def set_functions(steps: int = 1000, seeds: Sequence[int] = SEEDS) -> Measurement:
    """Measure what holds for any parameters, and what is learned of two functions of sets."""
    exact, per_seed, curves = identities(), {}, {}
    tasks: tuple[Task, Task] = ("max", "count")
    for task in tasks:
        for summed in (False, True):
            name = f"{task}_{'summed' if summed else 'attention'}"
            found = learned(task, summed, steps=steps, seeds=seeds)
            for size in (LEARNED, ASKED[-1]):
                per_seed[f"{name}_{size}"] = [explained for explained, _ in found[size]]
            curves[name] = {str(size): pairs for size, pairs in found.items()}
            per_seed[f"{name}_ratio_{ASKED[-1]}"] = [ratio for _, ratio in found[ASKED[-1]]]
    return Measurement(exact.values, per_seed, curves)


def draw_figure(recorded: Recorded, n: int = 12) -> Figure:
    """Draw how attention becomes a mean as queries shrink to 0, and what is learned."""
    dim = DIM
    factors = np.array([0, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1])
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.normal(size=(n, dim)))
        w_q, w_k, w_v, skip = jnp.asarray(rng.normal(size=(4, dim, dim)) / np.sqrt(dim))
        expected = deep_sets(*(np.asarray(value) for value in (x, skip, w_v)))
        apart = [
            np.abs(attention_layer(x, t * w_q, w_k, w_v, skip) - expected).max() for t in factors
        ]
    figure, axes = style.new(1, 2, height=4.3, width_ratios=(1, 1.5))
    places = np.maximum(factors, 1e-15)
    axes[0, 0].loglog(places, np.maximum(apart, 1e-17), "o-", color=style.BLACK)
    axes[0, 0].set_xticks([1e-15, 1e-9, 1e-3, 1], ["0", "$10^{-9}$", "$10^{-3}$", "1"])
    axes[0, 0].minorticks_off()
    axes[0, 0].set_xlabel("factor of $W_Q$")
    axes[0, 0].set_title("distance of attention\nfrom Deep Sets", fontsize=14)
    draw_sizes_of_sets(axes[0, 1], recorded.curves)
    figure.legend(
        *axes[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


def draw_sizes_of_sets(axis: Axes, curves: Any) -> None:
    """Draw how much of two functions of a set is explained, by the size of the set."""
    names = {
        "max_attention": ("largest number, attention pools", style.BLUE, "o-"),
        "max_summed": ("largest number, a sum pools", style.SKY, "s--"),
        "count_attention": ("count, attention pools", style.ORANGE, "o-"),
        "count_summed": ("count, a sum pools", style.RED, "s--"),
    }
    for name, (label, colour, line) in names.items():
        found = curves[name]
        samples = [[max(r2, -1.0) for r2, _ in pairs] for pairs in found.values()]
        options = dict(color=colour, marker=line[0], linestyle=line[1:], label=label)
        style.spread_line(axis, [int(size) for size in found], samples, **options)
    axis.axvspan(1, 8, color="#dddddd", zorder=0, lw=0)
    axis.text(2.9, -0.93, "trained on", ha="center", fontsize=12)
    axis.set_xscale("log")
    ticks = [int(size) for size in curves["max_attention"]]
    axis.set_xticks(ticks, [str(size) for size in ticks])
    axis.minorticks_off()
    axis.set_xlim(1.7, 75)
    axis.set_ylim(-1.05, 1.08)
    axis.axhline(0, color=style.GREY, linestyle=":", lw=1.5)
    axis.set_title("variance explained, R²\n(−1: −1 or less)", fontsize=14)
    axis.set_xlabel("elements of the set")


CLAIM = Claim(
    number=12,
    place="3",
    says="Transformers are highly expressive set processing networks.",
    test="W_Q = 0 against the layer of Deep Sets; SAB, ISAB and PMA of the Set Transformer on "
    "permuted sets, and on sets with every element twice, float64. Then two blocks that learn on "
    "sets of 1 to 8 elements, 5 seeds: the largest number of a set, and how many elements are of "
    "one kind; asked on sets of up to 64. Attention pools, or a sum does.",
    measure=set_functions,
    gates=(
        Gate("deep_sets", "<=", X64, "difference of W_Q = 0 from Deep Sets (with means)"),
        Gate("equivariance", "<=", X64, "largest error of equivariance of a block"),
        Gate("invariance", "<=", X64, "error of invariance of the pool"),
        Gate("max_attention_8", ">=", 0.9, "R2 of the largest of 8 numbers"),
        limit("deep_sets_with_queries", ">=", 1e-3, "difference from Deep Sets with queries"),
        limit("not_renumbered", ">=", 1e-3, "smallest change of rows that are not permuted back"),
        limit("pma_tells_sets_apart", ">=", 1e-3, "difference of the pool between two sets"),
        limit("elements_twice", "<=", X64, "change when every element comes twice"),
        limit("count_attention_8", "<=", 0.95, "R2 of a count among 8 elements"),
        limit("count_summed_8", ">=", 0.95, "R2 of a count among 8 when a sum pools"),
    ),
    effect="Deep Sets {deep_sets:.1e}, blocks {equivariance:.1e}, pool {invariance:.1e}; R2 at 8 "
    "and 64 elements: largest {max_attention_8:.2f} and {max_attention_64:.2f}, count "
    "{count_attention_8:.2f} and {count_attention_64:.1f}, with a sum {count_summed_8:.2f} and "
    "{count_summed_64:.2f}",
    argument="What is asked must depend on the shares of the elements and not on their number: "
    "attention averages, so every element twice is the same set to it (to {elements_twice:.0e}). "
    "The largest number it carries from 8 elements to 64 (R2 {max_attention_64:.2f}); counts it "
    "guesses among 8 ({count_attention_8:.2f}) and gives {count_attention_ratio_64:.2f} of them "
    "among 64, where a sum in the place of the last attention counts ({count_summed_64:.2f}) and "
    "loses the largest.",
    conditional=True,
    draw=draw_figure,
    draws_record=True,
)
