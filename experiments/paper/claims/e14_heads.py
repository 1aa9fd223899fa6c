"""E14: heads are attentions side by side, in one product; several relations need several."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.batches import complete_structure
from experiments.paper.claim import X64, Claim, Gate
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.record import Recorded
from experiments.paper.training import SEEDS, trainer
from gtx.batch import Features
from gtx.ops import attention, attention_weights

DIM, NODES, BITS, SETS = 32, 8, 4, 32


def parallel(n: int = 20, heads: int = 4, head_dim: int = 8) -> Measurement:
    """Compare heads in one call with heads in a loop, and an O of blocks with a map per head."""
    rng = np.random.default_rng(0)
    structure = complete_structure(n)
    with jax.enable_x64(True):
        query, key, value = jnp.asarray(rng.normal(size=(3, n, heads, head_dim)))
        maps = jnp.asarray(rng.normal(size=(heads, head_dim, head_dim)))
        batched = attention(query, key, value, structure)
        one_by_one = [
            attention(query[:, [h]], key[:, [h]], value[:, [h]], structure)[:, 0]
            for h in range(heads)
        ]
        blocks = jax.scipy.linalg.block_diag(*maps)
        mapped = batched.reshape(n, -1) @ blocks
        apart = jnp.concatenate([out @ own for out, own in zip(one_by_one, maps, strict=True)], 1)
        return Measurement(
            dict(
                batched=largest_difference(batched, jnp.stack(one_by_one, axis=1)),
                block_diagonal=largest_difference(mapped, apart),
            )
        )


def two_relations(key: Any, batch: Any) -> tuple[Any, Any, Any]:
    """Draw sets in which every node points at two others and must say what each of them holds.

    A node holds signs and a code, and the codes of two other nodes, its first and its second
    relation. Codes are dealt anew to the nodes of each set.

    Returns:
      `(nodes, targets, partners)`: features, signs [nodes, 2, BITS] of the two partners, and
      who they are, [nodes, 2].
    """
    keys = jax.random.split(key, 4)
    signs = jax.random.rademacher(keys[0], (SETS, NODES, BITS), jnp.float32)
    codes = jax.vmap(lambda k: jax.random.permutation(k, NODES))(jax.random.split(keys[1], SETS))
    first = jax.random.randint(keys[2], (SETS, NODES), 0, NODES)
    second = (first + jax.random.randint(keys[3], (SETS, NODES), 1, NODES)) % NODES
    partners = jnp.stack([first, second], axis=-1)
    rows = jnp.arange(SETS)[:, None, None]
    one_hot = jax.nn.one_hot(codes, NODES)
    pointers = one_hot[rows, partners].reshape(SETS, NODES, -1)
    nodes = jnp.concatenate([signs, one_hot, pointers], axis=-1).reshape(SETS * NODES, -1)
    nodes = jnp.pad(nodes, ((0, len(batch.node_mask) - len(nodes)), (0, 0)))
    targets = signs[rows, partners].reshape(SETS * NODES, 2, BITS)
    return nodes, targets, partners.reshape(SETS * NODES, 2)


def relations(
    num_heads: int, *, steps: int, seeds: Sequence[int]
) -> tuple[list[float], np.ndarray]:
    """Train one attention sub-layer: equations 1 to 8 and nothing else.

    Returns:
      `(accuracy, mass)`: the share of nodes with every sign of both partners right, for each
      seed; and the weight that each head gives each partner, [seeds, heads, 2].
    """
    batch = batches.batch_of([graphs.complete(NODES)] * SETS)
    layer = gtx.nn.MultiHeadAttention(DIM, num_heads=num_heads, use_bias=False)
    count = SETS * NODES

    def answers(params: Any, nodes: Any) -> Any:
        out = layer.apply(params, Features(nodes=nodes), batch, train=False).nodes
        return out[:count, : 2 * BITS].reshape(count, 2, BITS)

    def init(key: Any) -> Any:
        nodes, _, _ = two_relations(key, batch)
        return layer.init(key, Features(nodes=nodes), batch, train=False)

    def loss(params: Any, key: Any, data: None) -> Any:
        nodes, targets, _ = two_relations(key, batch)
        return jnp.mean((answers(params, nodes) - targets) ** 2)

    params, _ = trainer(init, loss, steps=steps, learning_rate=1e-2)(seeds, None)

    @jax.jit
    def evaluate(params: Any, key: Any) -> Any:
        nodes, targets, partners = two_relations(key, batch)
        right = jnp.all(answers(params, nodes) * targets > 0, axis=(1, 2))
        kernel = params["params"]["query_key_value"]["kernel"]
        query, keys, _ = (
            part.reshape(-1, num_heads, DIM // num_heads)
            for part in jnp.split(nodes @ kernel, 3, axis=1)
        )
        structure = gtx.ops.Complete(batch.layout)
        weights = attention_weights(query, keys, structure).reshape(SETS, NODES, NODES, -1)
        sets, rows = np.ogrid[:SETS, :NODES]
        partners = partners.reshape(SETS, NODES, 2)
        mass = weights[sets[..., None], rows[..., None], partners]
        return right.mean(), mass.mean((0, 1)).T

    keys = jax.random.split(jax.random.key(10_000), 8)
    found = jax.vmap(lambda p: jax.vmap(lambda k: evaluate(p, k))(keys))(params)
    accuracy, mass = (np.asarray(values).mean(1) for values in found)
    return accuracy.tolist(), mass


def parallel_relations(steps: int = 2000, seeds: Sequence[int] = SEEDS) -> Measurement:
    """Compare heads at once with heads in turn, and one head with two that follow relations."""
    one, mass_of_one = relations(1, steps=steps, seeds=seeds)
    two, mass_of_two = relations(2, steps=steps, seeds=seeds)
    # Heads have no order. The one that looks more at the first relation is put first.
    ordered = [m[np.argsort(m[:, 1] - m[:, 0])] for m in mass_of_two]
    return Measurement(
        parallel().values,
        dict(
            accuracy_one_head=one,
            accuracy_two_heads=two,
            accuracy_gap=np.subtract(two, one).tolist(),
        ),
        dict(
            weight_of_relations_one_head=mass_of_one.tolist(),
            weight_of_relations_two_heads=np.asarray(ordered).tolist(),
        ),
    )


def draw_figure(recorded: Recorded) -> Figure:
    """Draw which relation each head looks at, and how many nodes get both right."""
    curves = recorded.curves
    names = ("accuracy_one_head", "accuracy_two_heads")
    samples = [recorded.metrics[name]["per_seed"] for name in names]
    figure, axes = style.new(1, 3, height=3.0, width_ratios=(1, 1, 1.3))
    for axis, number in zip(axes[0], ("one", "two"), strict=False):
        mean = np.mean(curves[f"weight_of_relations_{number}_head{'s' * (number == 'two')}"], 0)
        axis.imshow(mean, vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(mean):
            ink = "black" if value > 0.5 else "white"
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink)
        axis.set_xticks([0, 1], ["first", "second"])
        axis.set_yticks(range(len(mean)), [f"head {i + 1}" for i in range(len(mean))])
        axis.set_title(f"{number} head{'s' * (number == 'two')}")
        axis.set_xlabel("relation")
    axis = axes[0, 2]
    axis.bar([0, 1], [np.mean(s) for s in samples], color=(style.ORANGE, style.BLUE), alpha=0.6)
    style.strips(axis, samples, color=style.BLACK)
    axis.set_xticks([0, 1], ["one", "two"])
    axis.set_xlabel("heads")
    axis.set_ylim(0, 1.05)
    axis.set_title("both right")
    return figure


CLAIM = Claim(
    number=14,
    place="1.3, equations 5-8",
    says="One head can be limiting; several attend to several relations, as one batched product.",
    test="Heads at once against one by one; one attention sub-layer, 1 and 2 heads of one total "
    "width, that must follow two pointers, 5 seeds.",
    measure=parallel_relations,
    gates=(
        Gate("batched", "<=", X64, "difference of heads at once from heads in turn"),
        Gate("block_diagonal", "<=", X64, "difference of an O of blocks from a map per head"),
        Gate("accuracy_gap", ">=", 0.2, "accuracy of two heads less that of one"),
    ),
    effect="accuracy {accuracy_two_heads:.3f} with two heads, {accuracy_one_head:.3f} with one",
    argument="One head has one set of weights and halves them between two relations, two heads "
    "take one each. Shown on one task whose relations are known, read by a linear map as in "
    'equation 8: what an MLP behind one head could make up for, and "hedge its bets", is not '
    "tested.",
    draw=draw_figure,
    draws_record=True,
    notebook="01_attention_is_message_passing",
)
