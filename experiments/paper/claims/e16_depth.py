"""E16: whether residuals or norms carry depth, before training and after it."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit, wording
from experiments.paper.measurement import Measurement
from experiments.paper.modules import jit_once, pad_nodes
from experiments.paper.record import Recorded
from experiments.paper.training import SEEDS, trainer
from gtx.batch import Batch, Features


class Form(NamedTuple):
    """Where the norm of both halves of a block stands, and whether they have residuals."""

    norm: Literal["before", "after"] | None
    residual: bool


# None stands for the block of equations 9 and 19.
FORMS: dict[str, Form | None] = {
    "pre_ln": Form("before", True),
    "post_ln": Form("after", True),
    "residual_alone": Form(None, True),
    "norm_before_alone": Form("before", False),
    "norm_after_alone": Form("after", False),
    "neither": Form(None, False),
    "paper": None,
}
DEPTHS, TRAINED_DEPTHS = (64,), (2, 16)
DIM, HEADS, NODES, SETS, BITS = 32, 4, 8, 8, 4
DRAWN = {
    "pre_ln": ("residual, norm before", style.BLUE, "o-"),
    "post_ln": ("residual, norm after", style.SKY, "s-"),
    "residual_alone": ("residual, no norm", style.GREEN, "^-"),
    "paper": ("equation 9", style.BLACK, "D-"),
    "norm_before_alone": ("norm before, no residual", style.ORANGE, "o--"),
    "norm_after_alone": ("norm after, no residual", style.RED, "s--"),
    "neither": ("neither", style.PINK, "x:"),
}


class Block(nn.Module):
    """Attention, then the MLP, each as x + f(norm(x)) or norm(x + f(x)), or with less around."""

    form: Form
    attention: Callable[..., nn.Module]
    feed_forward: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        for name, factory in (("attention", self.attention), ("feed_forward", self.feed_forward)):

            def norm(nodes: Any, name: str = name) -> Any:
                layer = gtx.nn.LayerNorm(name=f"norm_{name}")
                return layer(nodes, batch.node_mask, train=train)

            nodes = features.nodes
            into = norm(nodes) if self.form.norm == "before" else nodes
            layer = factory(DIM, name=name)
            out = layer(features.replace(nodes=into), batch, train=train).nodes
            out = nodes + out if self.form.residual else out
            features = features.replace(nodes=norm(out) if self.form.norm == "after" else out)
        return features


def block(name: str) -> nn.Module:
    """A block with the widths and initial values that every block of gtx has (those of PyTorch)."""
    attention = functools.partial(gtx.nn.MultiHeadAttention, num_heads=HEADS)
    feed_forward = functools.partial(gtx.nn.FeedForward, hidden_dim=4 * DIM)
    form = FORMS[name]
    if form is None:
        return gtx.nn.TransformerBlock(DIM, attention, feed_forward, form="paper")
    return Block(form, attention, feed_forward)


def last_norm(name: str, x: Any) -> Any:
    """Normalise the result of the last block if blocks do not normalise what they give out."""
    form = FORMS[name]
    if form is None or form.norm != "before":
        return x
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-5)


def gradient_lengths(name: str, depth: int, seed: int, n: int = 16) -> list[float]:
    """log10 of the length of the gradient by the parameters of each layer, before training.

    The loss is the mean square distance of all nodes to random targets. What goes back from layer
    to layer is scaled to length 1, and its length is kept apart. Otherwise float32 would have 0
    for the first of many layers without residuals and norms.
    """
    init, forward, backward, loss_gradient = _programs(name, n)
    rng = np.random.default_rng(seed)
    x, target = (jnp.asarray(rng.normal(size=(n, DIM)), jnp.float32) for _ in range(2))
    layers = [init(jax.random.key(1000 * seed + number)) for number in range(depth)]
    inputs = [x]
    for variables in layers:
        inputs.append(forward(variables, inputs[-1]))
    cotangent, magnitude = loss_gradient(inputs.pop(), target), 0.0
    lengths = []
    for variables, x in zip(reversed(layers), reversed(inputs), strict=True):
        length = jnp.linalg.norm(cotangent)
        magnitude += float(jnp.log10(length))
        gradient, cotangent = backward(variables, x, cotangent / length)
        lengths.append(float(jnp.log10(gradient)) + magnitude)
    return lengths[::-1]


@functools.cache
def _programs(name: str, n: int) -> tuple[Any, ...]:
    batch, module = batches.batch_of([graphs.complete(n)]), block(name)

    def forward(variables: Any, x: Any) -> Any:
        features = Features(nodes=pad_nodes(x, batch))
        return module.apply(variables, features, batch, train=False).nodes[:n]

    def backward(variables: Any, x: Any, cotangent: Any) -> Any:
        gradient, cotangent = jax.vjp(forward, variables, x)[1](cotangent)
        squares = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradient))
        return jnp.sqrt(squares), cotangent

    def loss(x: Any, target: Any) -> Any:
        return jnp.mean((last_norm(name, x) - target) ** 2)

    empty = Features(nodes=jnp.zeros((batch.node_mask.shape[0], DIM)))
    init = jit_once(lambda key: module.init(key, empty, batch, train=False))
    return init, jit_once(forward), jit_once(backward), jit_once(jax.grad(loss))


def draw_examples(key: Any) -> tuple[Any, Any]:
    """Draw random signs for every node, [SETS * NODES, BITS], and the right answers.

    An answer is the sum of a node's own signs and of the signs of its set, scaled to equal variance
    and to variance 1 together. A residual can give the first half; the second needs attention.
    """
    signs = jax.random.rademacher(key, (SETS, NODES, BITS), jnp.float32)
    wanted = (signs + signs.sum(1, keepdims=True) / np.sqrt(NODES)) / np.sqrt(2)
    wanted = wanted / np.sqrt(1 + 1 / np.sqrt(NODES))  # the sum holds the own signs too
    return signs.reshape(SETS * NODES, BITS), wanted.reshape(SETS * NODES, BITS)


def losses(name: str, depth: int, *, steps: int, seeds: Sequence[int]) -> np.ndarray:
    """The mean square error [seeds, steps] of a stack of blocks while it is trained.

    Guessing has an error of 1. All layers are one compiled block, in a loop.
    """
    batch, module = batches.batch_of([graphs.complete(NODES)] * SETS), block(name)

    def init(key: Any) -> Any:
        keys = jax.random.split(key, depth + 2)
        empty = Features(nodes=jnp.zeros((len(batch.node_mask), DIM)))
        layers = jax.vmap(lambda k: module.init(k, empty, batch, train=False))(keys[2:])
        into = jax.random.normal(keys[0], (BITS, DIM)) / np.sqrt(BITS)
        return dict(layers=layers, into=into, out=jax.random.normal(keys[1], (DIM, BITS)) / DIM)

    def loss(params: Any, key: Any, data: None) -> Any:
        nodes, wanted = draw_examples(key)

        def layer(features: Features, variables: Any) -> tuple[Features, None]:
            return module.apply(variables, features, batch, train=False), None

        start = Features(nodes=pad_nodes(nodes @ params["into"], batch))
        found, _ = jax.lax.scan(layer, start, params["layers"])
        rows = last_norm(name, found.nodes[: len(wanted)])
        return jnp.mean((rows @ params["out"] - wanted) ** 2)

    return np.asarray(trainer(init, loss, steps=steps, learning_rate=2e-3)(seeds, None)[1])


def at_start(
    depths: Sequence[int] = DEPTHS, seeds: int = 5, forms: Sequence[str] = tuple(FORMS)
) -> Measurement:
    """Measure the gradient of the last layer relative to that of the first, before training."""
    per_seed, curves = {}, {}
    deepest = max(depths)
    for form in forms:
        lengths = {d: [gradient_lengths(form, d, seed) for seed in range(seeds)] for d in depths}
        curves[form] = {str(d): np.mean(rows, axis=0).tolist() for d, rows in lengths.items()}
        per_seed[f"log10_last_over_first_{form}"] = [row[-1] - row[0] for row in lengths[deepest]]
    return Measurement({}, per_seed, dict(log10_gradient_by_layer=curves, depths=list(depths)))


def depth(
    depths: Sequence[int] = DEPTHS,
    trained_depths: Sequence[int] = TRAINED_DEPTHS,
    steps: int = 150,
    forms: Sequence[str] = tuple(FORMS),
    seeds: Sequence[int] = SEEDS,
) -> Measurement:
    """Measure gradients before training and errors after it, for each form of block."""
    start = at_start(depths, len(seeds), forms)
    curves: dict[str, Any] = {form: {} for form in forms}
    per_seed = dict(start.per_seed)
    for form in forms:
        for layers in trained_depths:
            found = losses(form, layers, steps=steps, seeds=seeds)
            last = np.nan_to_num(found[:, -max(1, steps // 20) :].mean(1), nan=np.inf)
            curves[form][str(layers)] = last.tolist()
            if layers == max(trained_depths):
                per_seed[f"loss_{form}"] = last.tolist()
    recorded = {**start.curves, "loss_by_depth": curves, "steps": steps}
    return Measurement({}, per_seed, recorded)


def draw_figure(recorded: Recorded) -> Figure:
    """Draw the gradient of each layer before training, and errors after it by depth."""
    curves = recorded.curves
    figure, axes = style.new(1, 2, height=4.9)
    floor, top, layers = 1e-4, 1e7, max(curves["depths"])
    for form, (label, colour, line) in DRAWN.items():
        lengths = np.array(curves["log10_gradient_by_layer"][form][str(layers)])
        lengths = 10.0 ** (lengths - lengths[-1])
        axes[0, 0].semilogy(
            range(1, layers + 1), lengths, line[1:], color=colour, label=label, lw=1.8
        )
        found = curves["loss_by_depth"][form]
        depths = [int(number) for number in found]
        samples = np.minimum([list(values) for values in found.values()], 1.45)
        options = dict(color=colour, linestyle=line[1:], marker=line[0], lw=1.8)
        style.spread_line(axes[0, 1], depths, samples, **options)
    neither = curves["log10_gradient_by_layer"]["neither"][str(layers)]
    lowest = neither[0] - neither[-1]
    axes[0, 0].set_ylim(floor, top)
    axes[0, 0].text(
        0.97, 0.03, f"neither: down to\n$10^{{{lowest:.0f}}}$ at layer 1", ha="right",
        color=style.PINK, fontsize=12, transform=axes[0, 0].transAxes,
    )  # fmt: skip
    axes[0, 0].set_title(
        f"before training: gradient of\na layer / that of layer {layers}", fontsize=14
    )
    axes[0, 0].set_xlabel("layer (1: next to the input)")
    axis = axes[0, 1]
    for height, text, x, side in ((1, "guessing", 2.1, "left"), (0.32, "no mixing", 15, "right")):
        axis.axhline(height, color=style.GREY, linestyle=":", lw=1.5)
        axis.text(x, height + 0.02, text, color="#555555", fontsize=12, ha=side)
    axis.set_xscale("log")
    axis.set_xticks(depths, [str(number) for number in depths])
    axis.minorticks_off()
    axis.set_ylim(0, 1.5)
    axis.set_title(f"error after {curves['steps']} steps\nof training", fontsize=14)
    axis.set_xlabel("layers")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


CLAIM = Claim(
    number=16,
    place="1.3, equation 9, figure 3",
    says="The MLP, residual connections and LayerNorm enable stacking many layers.",
    test="Norms (before, after, none) times residuals (with, without), and equation 9. At the "
    "start: gradient of the last of 64 layers over that of the first, 5 seeds. After 150 steps of "
    "Adam, 2 and 16 layers, 5 seeds: mean square error where guessing has 1 and a stack that "
    "hands on each node, but does not mix, 0.32 at best.",
    measure=depth,
    gates=(
        Gate("log10_last_over_first_pre_ln", ">=", -1, "log10 of last over first gradient, pre-LN"),
        Gate("log10_last_over_first_pre_ln", "<=", 1, "log10 of last over first gradient, pre-LN"),
        Gate("loss_pre_ln", "<=", 0.2, "error with 16 layers, pre-LN"),
        wording("loss_paper", "<=", 0.2, "error with 16 layers, equation 9"),
        limit(
            "log10_last_over_first_neither",
            ">=",
            3,
            "log10 of last over first gradient, neither residual nor norm",
        ),
        limit(
            "log10_last_over_first_paper", ">=", 1, "log10 of last over first gradient, equation 9"
        ),
        limit("loss_neither", ">=", 0.9, "error with 16 layers, neither residual nor norm"),
        limit("loss_norm_before_alone", ">=", 0.5, "the same, norm before and no residual"),
        limit("loss_norm_after_alone", ">=", 0.5, "the same, norm after and no residual"),
    ),
    effect="error with 16 layers: pre-LN {loss_pre_ln:.2f}, post-LN {loss_post_ln:.2f}, residual "
    "without norm {loss_residual_alone:.2f}, norm without residual {loss_norm_before_alone:.2f} "
    "(before) and {loss_norm_after_alone:.2f} (after), neither {loss_neither:.2f}, equation 9 "
    "{loss_paper:.2f}",
    argument="Residuals must go around both halves of a layer: without them no norm trains 16 "
    "layers ({loss_norm_before_alone:.2f}, {loss_norm_after_alone:.2f}).",
    conditional=True,
    words="As equation 9 arranges them they do not: with no residual around the MLP, 16 layers are "
    "left with an error of {loss_paper:.2f} (4b). It is residuals that carry depth, with "
    "LayerNorm before ({loss_pre_ln:.2f}), after ({loss_post_ln:.2f}) or without "
    "({loss_residual_alone:.2f}); LayerNorm alone does not ({loss_norm_before_alone:.2f}). What "
    "it does is keep gradients even: over 64 layers they change by "
    "10^{log10_last_over_first_pre_ln:.1f} with it and "
    "10^{log10_last_over_first_residual_alone:.1f} without, which Adam and clipping make up for "
    "at this size.",
    draw=draw_figure,
    draws_record=True,
)
