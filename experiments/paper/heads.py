"""E14: heads are attentions side by side, in one product; several relations need several."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.equality import complete_structure
from experiments.paper.results import Measurement, largest_difference
from experiments.paper.training import SEEDS, trainer
from gtx.batch import Features
from gtx.ops import attention, attention_weights

DIM, NODES, BITS, SETS = 32, 8, 4, 32


def parallel(n: int = 20, heads: int = 4, head_dim: int = 8) -> dict[str, float]:
    """Heads in one call against heads in a loop, and an O of blocks against a map per head."""
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
        return dict(
            batched=largest_difference(batched, jnp.stack(one_by_one, axis=1)),
            block_diagonal=largest_difference(mapped, apart),
        )


def two_relations(key: Any, batch: Any) -> tuple[Any, Any, Any]:
    """Sets in which every node points at two others and must say what each of them holds.

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
    """Train one attention sub-layer, equations 1 to 8 and nothing else.

    Returns:
      `(accuracy, mass)`: the share of nodes with every sign of both partners right, for each
      seed; and the weight that each head gives each partner, [seeds, heads, 2].
    """
    batch = graphs.batch_of([graphs.complete(NODES)] * SETS)
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
    """E14: K heads at once equal K heads in turn; one cannot follow two relations, two can."""
    one, mass_of_one = relations(1, steps=steps, seeds=seeds)
    two, mass_of_two = relations(2, steps=steps, seeds=seeds)
    # Heads have no order: the one that looks more at the first relation comes first.
    ordered = [m[np.argsort(m[:, 1] - m[:, 0])] for m in mass_of_two]
    return Measurement(
        parallel(),
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
